"""What is looked at on the triage page, as it stands in the address."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from content_library.models.feed import ProposalState
from content_library.proposals import ProposalFilter

VIEWS: dict[str, ProposalState | None] = {
    "": None,
    "snoozed": ProposalState.SNOOZED,
    "dismissed": ProposalState.DISMISSED,
    "accepted": ProposalState.ACCEPTED,
}


@dataclass(frozen=True)
class Asked:
    view: str = ""
    query: str = ""
    feed: int | None = None
    page: int = 1

    @property
    def wanted(self) -> ProposalFilter:
        return ProposalFilter(VIEWS[self.view], self.query, self.feed)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.feed)

    @property
    def arguments(self) -> dict[str, Any]:
        """For an address; what is not asked is left out."""
        page = self.page if self.page > 1 else None
        every = {"view": self.view, "q": self.query, "feed": self.feed, "page": page}
        return {name: value for name, value in every.items() if value}

    def url(self, **changed: Any) -> str:
        """The triage page with these arguments, some changed; None or an empty value takes one away."""
        values = {name: value for name, value in {**self.arguments, **changed}.items() if value}
        return url_for("curation.index", **values)


def asked() -> Asked:
    """From the address. What is unknown there counts as not asked."""
    view = request.args.get("view", "")
    return Asked(
        view if view in VIEWS else "",
        request.args.get("q", "").strip()[:200],
        request.args.get("feed", type=int),
        max(1, request.args.get("page", 1, type=int)),
    )
