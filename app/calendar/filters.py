"""What the calendar is asked for in its address: account, kind, state, words."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from app.formatting import gettext as _
from app.navigation import KINDS
from content_library.models.account import NETWORK_NAMES, Account
from content_library.models.format import Kind
from scheduler.agenda import AgendaFilter

WORDS = {
    "going": _("Going"),
    "waiting": _("Waiting"),
    "out": _("Out"),
    "held": _("Held"),
    "needs you": _("Needs you"),
    "failed": _("Given up"),
    "expired": _("Expired"),
    "cancelled": _("Cancelled"),
}


@dataclass(frozen=True)
class CalendarFilter:
    """What is asked for, and the same as arguments of an address."""

    wanted: AgendaFilter
    arguments: dict[str, Any]

    def chips(self, accounts: list[Account], endpoint: str, **place: Any) -> list[dict[str, str]]:
        """One chip for each filter in use, each with the address without it."""
        labels = {
            "account": next((account_label(a) for a in accounts if a.id == self.wanted.account_id), ""),
            "kind": KINDS[self.wanted.kind] if self.wanted.kind else "",
            "state": WORDS.get(self.wanted.word, ""),
            "q": f"“{self.wanted.query}”" if self.wanted.query else "",
        }
        return [
            {"label": label, "remove_url": url_for(endpoint, **place, **self._without(name))}
            for name, label in labels.items()
            if label
        ]

    def _without(self, name: str) -> dict[str, Any]:
        return {k: v for k, v in self.arguments.items() if k != name}


def read_filter() -> CalendarFilter:
    """From the address. What makes no sense there counts as not asked."""
    account_id = request.args.get("account", type=int)
    kind, state = request.args.get("kind", ""), request.args.get("state", "")
    query = request.args.get("q", "").strip()[:200]
    wanted = AgendaFilter(
        account_id=account_id,
        kind=Kind(kind) if kind in set(Kind) else None,
        word=state if state in WORDS else "",
        query=query,
    )
    arguments = {
        "account": account_id,
        "kind": wanted.kind.value if wanted.kind else None,
        "state": wanted.word or None,
        "q": query or None,
    }
    return CalendarFilter(wanted, {name: value for name, value in arguments.items() if value})


def account_label(account: Account) -> str:
    name = NETWORK_NAMES.get(account.network, account.network)
    return name if account.network == "page" else f"{name} · {account.handle}"
