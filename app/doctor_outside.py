"""What `deskcast doctor` asks about the way out: can the networks of accounts and the feeds be reached from here."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Thread
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.doctor_findings import Finding, fine, mend
from content_library.models.feed import Feed, Subscription
from content_library.settings import Settings
from content_library.web_addresses import FetchPolicy
from service_channel import accounts
from service_channel.token_vault import TokenVault

TRIES_S = 4.0
WAITS_S = 6.0
"""For all of them together: looking up a name has no deadline of its own."""
_MOST_FEEDS = 3
_USUAL_PORTS = (80, 443)

Place = tuple[str, int]
Connect = Callable[[str, int], None]


def outside(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Nothing is sent: a connection is made and closed again."""
    yield from reached(places(settings, session))


def places(settings: Settings, session: Session) -> list[Place]:
    """Where this installation has to get, each place once: the networks of its accounts, and some of its feeds."""
    policy, vault = FetchPolicy(allow=settings.fetch_allow), TokenVault(settings.vault_keys)
    followed = select(Subscription.id).where(Subscription.feed_id == Feed.id, Subscription.is_active)
    feeds = session.scalars(select(Feed.url).where(followed.exists()).order_by(Feed.id).limit(_MOST_FEEDS))
    wanted = [_place(url) for url in (*accounts.addresses(session, policy, vault=vault), *feeds)]
    return [place for place in dict.fromkeys(wanted) if place[0]]


def _place(url: str) -> Place:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=TRIES_S).close()


def reached(places: Sequence[Place], connect: Connect = _connect) -> Iterator[Finding]:
    """Whether they can be reached from here; all of them away means that the way out is closed."""
    problems = _tried(places, connect, waits_s=WAITS_S)
    said = "; ".join(f"{_name(place)}: {why}" for place, why in problems.items())
    if not places:
        yield fine("No account and no feed needs the network outside.")
    elif len(problems) == len(places):
        yield mend(
            f"Nothing outside can be reached ({said}). Check the firewall and the name server of this machine."
        )
    elif problems:
        yield mend(
            f"Some of what is needed outside cannot be reached ({said}). It may be down; others answer."
        )
    else:
        yield fine(f"Outside can be reached ({', '.join(map(_name, places))}).")


def _tried(places: Sequence[Place], connect: Connect, *, waits_s: float) -> dict[Place, str]:
    """All at the same time: what is wrong with each that cannot be reached."""
    answers: dict[Place, str] = {}

    def ask(place: Place) -> None:
        answers[place] = _problem(place, connect)

    ends = time.monotonic() + waits_s
    asking = [Thread(target=ask, args=(place,), daemon=True) for place in places]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(max(0.0, ends - time.monotonic()))
    told = {place: answers.get(place, "no answer") for place in places}
    return {place: problem for place, problem in told.items() if problem}


def _problem(place: Place, connect: Connect) -> str:
    """Nothing when it could be reached."""
    try:
        connect(*place)
    except socket.gaierror:
        return "its name is not found"
    except OSError as problem:
        return problem.strerror or str(problem)
    except UnicodeError:
        return "its name is not one"
    return ""


def _name(place: Place) -> str:
    host, port = place
    return host if port in _USUAL_PORTS else f"{host}:{port}"
