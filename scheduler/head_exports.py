"""Every day the head of the record's chain goes somewhere else, so that a tail cut off later shows against it."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session

from content_library import audit, clock, sealing
from content_library.database import Database
from content_library.errors import InvalidInput
from content_library.models.desk import Setting
from content_library.models.notice import Mail
from content_library.models.user import User
from content_library.permissions import can_manage_people, require
from content_library.settings import Settings
from content_library.transitions import flush
from content_library.turns import take_turn
from content_library.web_addresses import FetchError, parse_target
from content_library.web_fetch import Fetcher

MAY_SET = "Only administrators can say where the head of the record is exported to."
AGAIN = timedelta(hours=1)
AT_MOST = timedelta(minutes=10)
"""An export is over by then; until then no other engine begins one."""
_PLACES, _LAST = "head_export", "head_export_last"


@dataclass(frozen=True)
class Places:
    """Where heads go. An empty mail or webhook is none."""

    folder: bool = True
    mail: str = ""
    webhook: str = ""

    @property
    def names(self) -> list[str]:
        return [name for name, value in asdict(self).items() if value]


@dataclass(frozen=True)
class Export:
    """The export of a day. `problems`: place → sentence, of those that did not work; they are tried again."""

    day: str
    seq: int
    tried_at: datetime
    done_at: datetime | None = None
    done: Sequence[str] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


class NotExported(Exception):
    """A place did not take the head; the message says why."""


def places(session: Session) -> Places:
    row = session.get(Setting, _PLACES)
    return Places(**row.value) if row else Places()


def set_places(session: Session, wanted: Places, *, actor: User, now: datetime) -> None:
    """Export there from now on. Raises InvalidInput for an address that cannot be one."""
    require(can_manage_people(actor), MAY_SET)
    _check(wanted)
    if wanted == places(session):
        return
    setting = session.merge(Setting(key=_PLACES, value=asdict(wanted)))
    audit.record(
        session, "record.export_changed", setting, actor=actor, now=now,
        summary=f"The record’s head is exported to: {', '.join(wanted.names) or 'nowhere'}", details=asdict(wanted),
    )  # fmt: skip
    flush(session)


def last_export(session: Session) -> Export | None:
    """None before the first."""
    row = session.get(Setting, _LAST)
    if row is None:
        return None
    kept = dict(row.value)
    for name in ("tried_at", "done_at"):
        kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
    return Export(**kept)


def export_daily(database: Database, settings: Settings, fetcher: Fetcher) -> Export | None:
    """Export to every place that has not had today's head; None when there is nothing to do."""
    with database.read() as session:
        now, wanted, last = clock.now(session), places(session), last_export(session)
        head = sealing.export_head(session)
    today = now.date().isoformat()
    had = last if last is not None and last.day == today else None
    left = [name for name in wanted.names if had is None or name not in had.done]
    if not left or not head["seq"] or (had is not None and had.problems and now < had.tried_at + AGAIN):
        return None
    with database.write() as session:
        if not take_turn(session, "export_head", now=now, until=now + AT_MOST):
            return None
    outcomes = {name: _try(_send, name, head, wanted, settings, fetcher, now) for name in left}
    with database.write() as session:
        return _keep(session, outcomes, had, head, wanted, now=now)


def head_text(head: Mapping[str, Any]) -> str:
    """A head as it is kept: the text that `deskcast verify-audit --head` reads."""
    return json.dumps(head, indent=2, sort_keys=True) + "\n"


def _check(wanted: Places) -> None:
    wrong = {}
    if wanted.mail:
        try:
            validate_email(wanted.mail, check_deliverability=False)
        except EmailNotValidError:
            wrong["mail"] = "This is not a mail address. Write one such as audit@example.com."
    if wanted.webhook:
        try:
            parse_target(wanted.webhook)
        except (FetchError, ValueError):
            wrong["webhook"] = (
                "This is not a web address. Write a whole one such as https://audit.example.com/heads."
            )
    if wrong:
        raise InvalidInput("The head cannot be sent there.", wrong)


def _try(send: Callable[..., None], *how: Any) -> str:
    """The problem in words, or nothing."""
    try:
        send(*how)
    except NotExported as problem:
        return str(problem)
    return ""


def _send(
    name: str, head: Mapping[str, Any], wanted: Places, settings: Settings, fetcher: Fetcher, now: datetime
) -> None:
    if name == "folder":
        _write(settings.heads_folder, f"head-{now:%Y-%m-%d}-{head['seq']}.json", head_text(head))
    if name == "webhook":
        _post(fetcher, wanted.webhook, head_text(head))


def _write(folder: Path, name: str, text: str) -> None:
    """All of a file or nothing; one that is there already is never written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / name)
    except OSError as problem:
        raise NotExported(f"{folder} cannot be written ({problem.strerror}).") from problem


def _post(fetcher: Fetcher, address: str, text: str) -> None:
    try:
        status = fetcher.post(address, text.encode(), content_type="application/json")
    except FetchError as problem:
        raise NotExported(problem.message) from problem
    if not 200 <= status < 300:
        raise NotExported(f"The webhook answers {status}.")


def _keep(
    session: Session, outcomes: Mapping[str, str], had: Export | None, head: Mapping[str, Any], wanted: Places, *,
    now: datetime,
) -> Export:  # fmt: skip
    """The day's mail, the state for the health page, and an entry in the record for what worked."""
    done = [name for name, problem in outcomes.items() if not problem]
    problems = {name: problem for name, problem in outcomes.items() if problem}
    if "mail" in done:
        session.add(_mail(wanted.mail, head, now=now))
    before = list(had.done) if had else []
    done_at = now if done else had.done_at if had else _last_done(session)
    export = Export(now.date().isoformat(), int(head["seq"]), now, done_at, [*before, *done], problems)
    kept = {
        **asdict(export),
        "tried_at": now.isoformat(),
        "done_at": done_at.isoformat() if done_at else None,
    }
    setting = session.merge(Setting(key=_LAST, value=kept))
    if done:
        audit.record(
            session, "record.head_exported", setting, actor=None, now=now,
            summary=f"Exported the head at entry {head['seq']} to: {', '.join(done)}",
            details={"seq": head["seq"], "mac": head["mac"], "to": {name: _where(name, wanted) for name in done}},
        )  # fmt: skip
    flush(session)
    return export


def _last_done(session: Session) -> datetime | None:
    last = last_export(session)
    return last.done_at if last else None


def _where(name: str, wanted: Places) -> str:
    return "the folder heads" if name == "folder" else str(getattr(wanted, name))


def _mail(address: str, head: Mapping[str, Any], *, now: datetime) -> Mail:
    text = (
        f"The record of Deskcast reaches entry {head['seq']}, sealed {head['at']}.\n\n"
        "Keep this mail. Should the end of the record ever be cut off, it shows against these lines:\n\n"
        f"{head_text(head)}\n"
        "To compare, save them as a file and run: deskcast verify-audit --head FILE\n"
    )
    return Mail(
        to=address, subject=f"Head of the record: entry {head['seq']}", text=text, created_at=now, due_at=now
    )
