"""What `deskcast doctor` asks about the engine: does it run, on time, by a steady clock."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import condition
from app.doctor_findings import Finding, fine, mend
from app.doctor_outside import outside
from content_library import clock, sealing
from content_library.models.account import NETWORK_NAMES
from content_library.models.audit import AuditEntry
from content_library.models.desk import EngineBeat
from content_library.settings import Settings
from content_library.web_addresses import FetchPolicy
from scheduler import watch
from scheduler.senders import Senders
from scheduler.watch import Whose
from scheduler.world import leaves_through_sender
from service_channel.accounts import networks

BEAT_LATE = timedelta(minutes=2)
LONG_UNKNOWN = timedelta(minutes=30)
DRIFT = timedelta(seconds=5)


def senders(settings: Settings) -> Finding:
    """Start one, as the engine does for networks where it cannot choose a post's identity, and end it."""
    policy = FetchPolicy(allow=settings.fetch_allow)
    made = Senders(partial(networks, policy), most=1)
    try:
        made.start()
    except (OSError, EOFError, ValueError) as problem:
        return mend(
            f"Sender processes cannot start ({problem}). This system limits processes or forbids them (ulimit -u, "
            "systemd TasksMax, a seccomp profile): lift that. Until then nothing goes out on networks other than "
            f"{_without_senders(policy)}."
        )
    finally:
        made.stop()
    return fine("Sender processes start.")


def _without_senders(policy: FetchPolicy) -> str:
    known = networks(policy).items()
    *names, last = (NETWORK_NAMES[key] for key, network in known if not leaves_through_sender(network))
    return f"{', '.join(names)} and {last}"


def _engine(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    last = session.scalar(select(func.max(EngineBeat.at)))
    if last is None:
        yield mend("No engine has run yet, so nothing goes out. Start `deskcast run` or `deskcast engine`.")
        return
    if now - last > BEAT_LATE:
        yield mend(f"The engine was last seen at {last:%Y-%m-%d %H:%M} UTC. Start `deskcast engine`.")
        return
    yield fine("The engine is running.")
    for beat in condition.beats(session, settings, now=now):
        if beat.is_late:
            since = f"since {beat.at:%Y-%m-%d %H:%M} UTC" if beat.at else "since the engine started"
            yield mend(f"The engine’s job {beat.job} has not finished {since}. Its log says why; restart it.")


def _workers(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Nothing where nobody has started one."""
    found = condition.workers(session, settings, now=now)
    alive = [worker for worker in found if not worker.is_silent]
    if alive:
        yield fine(f"Workers are running: {len(alive)}.")
    for worker in found:
        if worker.is_silent:
            yield mend(
                f"The worker {worker.name} was last heard at {worker.at:%Y-%m-%d %H:%M} UTC. Start it again "
                "(deskcast worker); until then others send what it would have sent."
            )


def _clock(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Against the database's clock, where that is another machine's, and against what was written last."""
    theirs = clock.now(session)
    newest = session.scalar(select(func.max(EngineBeat.at)))
    apart = abs(theirs - now)
    if apart > DRIFT:
        yield mend(
            f"This machine’s clock and the database’s are {apart.total_seconds():.0f} seconds apart. Switch on time "
            "synchronisation on both (timedatectl set-ntp true)."
        )
    elif newest is not None and newest - theirs > DRIFT:
        yield mend(
            f"The clock is {(newest - theirs).total_seconds():.0f} seconds behind what the engine noted last: it was "
            "set back. Publishing waits until it is steady; check time synchronisation."
        )
    else:
        yield fine("The clocks agree.")


def _overdue(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    found = watch.overdue(session, now=now, timing=settings.timing)
    for one in found:
        since = f"the first since {one.since:%Y-%m-%d %H:%M} UTC"
        if one.whose is Whose.ENGINE:
            yield mend(
                f"{one.count} publications are overdue: {_words(one.state)} for too long, {since}. Is the engine "
                "running? Its log names each by its number."
            )
        else:
            yield mend(
                f"{one.count} publications wait long for a person: {_words(one.state)}, {since}. Ask the desk’s leads."
            )
    if not found:
        yield fine("Nothing is overdue.")
    unknown = watch.oldest_unknown(session)
    if unknown is not None and now - unknown > LONG_UNKNOWN:
        minutes = int((now - unknown).total_seconds() // 60)
        yield mend(
            f"A publication has been unknown for {minutes} minutes: the network cannot be read. Look at its page for "
            "what the network answers, and whether the account is connected."
        )


def _adds_up(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    total = condition.publications(session, settings, now=now).total
    if total.adds_up:
        yield fine(f"Every publication that was planned is there ({total.standing}).")
    else:
        yield mend(
            f"{total.created} publications were planned and {total.standing} are there. Somebody changed the database "
            "by hand: run `deskcast verify-audit` and compare with a backup."
        )


def record_key(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Whether the newest seal was made with the key we have; nothing where there is none yet."""
    newest = session.scalars(
        select(AuditEntry).where(AuditEntry.seq.is_not(None)).order_by(AuditEntry.seq.desc()).limit(1)
    ).first()
    if newest is None:
        return
    said = sealing.seal_of(newest, key=settings.record_key.encode())
    if said == sealing.FITS:
        yield fine("The record’s key is the right one.")
        return
    yield mend(
        "The newest seal of the record does not fit the key we have: put the right record_key into keys/ or "
        "DESKCAST_RECORD_KEY. If it is the right one, run `deskcast verify-audit`."
    )


def _words(state: str) -> str:
    return state.replace("_", " ")


CHECKS = (_engine, _workers, _clock, _overdue, _adds_up, outside)
