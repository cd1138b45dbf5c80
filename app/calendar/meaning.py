"""What a time means, in words: when it will be there, what happens when the clocks change, how late it may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.calendar.forms import CROWDED, SILENT
from app.extensions import db, desk, now
from app.formatting import ago, city, exact, said, span
from app.formatting import gettext as _
from content_library.approvals import approval_in_force
from content_library.errors import InvalidInput
from content_library.models.account import NETWORK_NAMES, Account, AccountState
from content_library.models.format import Format, Tone
from content_library.models.post import Post, PostState, Revision
from content_library.wall_time import Resolved, WallKind, wall_of, zone
from scheduler import agenda, budgets, calm
from scheduler.agenda import Card
from scheduler.planning import WallTime


@dataclass(frozen=True)
class Meaning:
    """`problem` says what cannot be used; then the rest is empty. `choices` are the two times of an hour that
    happens twice: (fold, words)."""

    problem: str = ""
    sentence: str = ""
    elsewhere: str = ""
    clocks: str = ""
    choices: Sequence[tuple[str, str]] = ()
    fold: str = "0"
    understood: str = ""
    silences: Sequence[str] = ()  # what keeps quiet then, in sentences
    instead: Sequence[tuple[str, str]] = ()  # the nearest moment after that: wall time, words
    crowded: Sequence[str] = ()  # more is planned that day than an account sends, in sentences
    near: Sequence[Card] = ()
    notes: Sequence[tuple[str, str]] = ()  # icon, sentence


def meaning(
    when: WallTime, accounts: Sequence[Account], *, post: Post, grace_s: int, but: int = 0
) -> Meaning:
    """Of a time that is being chosen for a post on some accounts. `but` is the publication that is moved."""
    if not when.wall.strip():
        return Meaning()
    try:
        time = when.resolved()
    except InvalidInput as refusal:
        return Meaning(problem=refusal.message)
    if time.due_at <= now():
        return Meaning(problem=_("That time is past. Choose a later one."))
    silences, instead = _silences(accounts, time.due_at, when.zone, post)
    crowded = _crowded(accounts, time.due_at, but)
    return Meaning(
        silences=silences,
        instead=instead,
        sentence=_("Goes out {said}, {city}: {ago}.").format(
            said=moment(time.due_at, when.zone), city=city(when.zone), ago=ago(time.due_at, now())
        ),
        elsewhere=_elsewhere(time, when.zone),
        clocks=time.sentence,
        choices=_choices(when) if time.kind is WallKind.OVERLAP else (),
        fold=str(time.fold),
        understood=_marker(when, time, silent=bool(silences), crowded=bool(crowded)),
        crowded=crowded,
        near=agenda.near(db(), desk().id, accounts, time.due_at, but=but),
        notes=[*_cleared(post, time.due_at), ("clock-pause", lateness(grace_s)), *_not_connected(accounts)],
    )


def moment(instant: datetime, zone_name: str) -> str:
    """As people say it; further away than a week with its day and year, so that no slip goes unseen."""
    if abs(instant - now()) < timedelta(days=7):
        return said(instant, now(), zone_name)
    local = instant.astimezone(zone(zone_name))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def understood(when: WallTime) -> str:
    """Marks that the change of clocks was said for exactly this time."""
    return f"{when.wall} {when.zone}"


def is_understood(meant: Meaning, told: str | None) -> bool:
    """Whether what has to be said before saving was said: for exactly this time, and no less."""
    return set(meant.understood.split()) <= set((told or "").split())


def _marker(when: WallTime, time: Resolved, *, silent: bool, crowded: bool) -> str:
    """Empty where nothing has to be said."""
    told = (CROWDED if crowded else "") + (SILENT if silent else "")
    return understood(when) + told if told or time.kind is not WallKind.NORMAL else ""


def _silences(
    accounts: Sequence[Account], due_at: datetime, zone_name: str, post: Post
) -> tuple[list[str], list[tuple[str, str]]]:
    """Windows and quiet hours at that time, and the nearest moment after all of them. Service notices have none."""
    if db().get_one(Format, post.format_key).tone is Tone.SERVICE:
        return [], []
    silences = calm.read(db(), desk(), now=due_at)
    said_of = [s for a in accounts for s in [_silence(silences, a, due_at, zone_name)] if s]
    free = due_at
    while said_of and (later := max(silences.free_from(a.id, free) for a in accounts)) != free:
        free = later
    wall = wall_of(free, zone_name).isoformat(timespec="minutes")
    return said_of, [(wall, moment(free, zone_name))] if said_of else []


def _silence(silences: calm.Calm, account: Account, due_at: datetime, zone_name: str) -> str:
    window = silences.window(account.id, due_at)
    if window is not None:
        return _("Nothing goes out on {account} then: {name}, until {end}. It would be held.").format(
            account=account.handle, name=window.name, end=moment(window.ends_at, zone_name)
        )
    until = silences.quiet_until(account.id, due_at)
    if until is None:
        return ""
    return _("{account} is quiet then, until {end}. Planned all the same, it goes out then.").format(
        account=account.handle, end=moment(until, zone_name)
    )


def _crowded(accounts: Sequence[Account], due_at: datetime, but: int) -> list[str]:
    """Said before it is saved, and no refusal: what is too much for the day waits, and is told when it gets late."""
    return [
        _("{account} sends at most {most} a day, and {planned} are planned for that day already.").format(
            account=one.account.handle, most=f"{one.most:,}", planned=f"{one.planned:,}"
        )
        for one in budgets.crowded(db(), desk(), accounts, due_at, but=but)
    ]


def lateness(grace_s: int) -> str:
    """The rule of a format, in words."""
    if grace_s == 0:
        return _(
            "If it cannot go out in time, it still goes while the offer lasts; after that a person decides."
        )
    length = span(timedelta(seconds=grace_s))
    return _(
        "If it cannot go out in time, it may be up to {length} late; after that a person decides."
    ).format(length=length)


def _elsewhere(time: Resolved, zone_name: str) -> str:
    """The same moment at the desk, when its clocks show another time."""
    if time.local.utcoffset() == time.due_at.astimezone(zone(desk().zone)).utcoffset():
        return ""
    return _("That is {exact} at the desk.").format(exact=exact(time.due_at, desk().zone))


def _choices(when: WallTime) -> list[tuple[str, str]]:
    named = []
    for fold, label in (("0", _("The first one")), ("1", _("The second one"))):
        time = WallTime(when.wall, when.zone, int(fold)).resolved()
        named.append((fold, f"{label}: {time.local:%H:%M %Z}"))
    return named


def _cleared(post: Post, due_at: datetime) -> list[tuple[str, str]]:
    approval = approval_in_force(db(), post, now=due_at)
    if approval is None:
        waits = _("It is not cleared yet. It waits for its clearance, visibly, and goes only with it.")
        return [("clock-exclamation", waits)]
    revision = db().get_one(Revision, approval.revision_id)
    cleared = _("Cleared: revision {number} goes out.").format(number=revision.number)
    newer = post.latest_revision_id != revision.id
    if newer and post.state is PostState.IN_REVIEW:
        cleared += " " + _("A newer one is in review and takes its place when it is approved.")
    return [("circle-check", cleared)]


def _not_connected(accounts: Sequence[Account]) -> list[tuple[str, str]]:
    return [
        ("school", not_connected(account)) for account in accounts if account.state is not AccountState.ACTIVE
    ]


def not_connected(account: Account) -> str:
    network = NETWORK_NAMES.get(account.network, account.network)
    if account.state is AccountState.PRACTICE:
        return _("{handle} on {network} is for practice: it cannot send until it is connected.").format(
            handle=account.handle, network=network
        )
    return _("{handle} on {network} has to be connected again before it can send.").format(
        handle=account.handle, network=network
    )


def in_zone(when: WallTime, zone_name: str) -> WallTime:
    """The same moment as the clocks of another zone show it."""
    local = when.resolved().due_at.astimezone(zone(zone_name))
    return WallTime(local.replace(tzinfo=None).isoformat(timespec="seconds"), zone_name, local.fold)


def next_full_hour(zone_name: str) -> WallTime:
    """A believable first suggestion: the next full hour that is at least half an hour away."""
    local = wall_of(now() + timedelta(minutes=90), zone_name).replace(minute=0, second=0)
    return WallTime(local.isoformat(timespec="seconds"), zone_name)
