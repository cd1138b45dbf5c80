"""The publication protocol for networks of class Q, small enough to walk through every order of events.

One publication, two workers, a network that answers late, hides a post for a while or loses it, crashes at any moment,
and time that only moves where it can. Workers may sleep between any two of their steps: a step that can be taken may
also be taken much later, or never.

The assumptions about the world are in `_time_passes` (what was sent before the deadline has arrived or is lost when the
settle time is over) and `_look` (a post that was hidden from one look shows at the next, a minute later).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    IDLE = "idle"
    CLAIMED = "claimed"
    MARKED = "marked"
    WAITING = "waiting"  # sent, and no answer yet


class Moment(StrEnum):
    """How far the last try is. `DEAD`: its sender's deadline is over; `LAPSED`: its lease; `QUIET`: the settle time."""

    FRESH = "fresh"
    DEAD = "dead"
    LAPSED = "lapsed"
    QUIET = "quiet"


NEXT = {Moment.FRESH: Moment.DEAD, Moment.DEAD: Moment.LAPSED, Moment.LAPSED: Moment.QUIET}


@dataclass(frozen=True)
class Safeguards:
    """What keeps posts from being doubled. With one of them False the search has to find a double."""

    sender_ends_at_its_deadline: bool = True
    mark_is_conditional: bool = True
    looks_wait_for_quiet: bool = True
    it_takes_two_looks: bool = True
    second_unclear_try_asks: bool = True
    unclear_is_never_simply_sent_again: bool = True


@dataclass(frozen=True)
class Worker:
    phase: Phase = Phase.IDLE
    fence: int = 0


@dataclass(frozen=True)
class State:
    """Everything there is. `posts` stand on the network, `travelling` are on their way to it."""

    publication: str = "planned"
    fence: int = 0
    moment: Moment = Moment.FRESH
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    posts: int = 0
    travelling: int = 0
    hidden: bool = False
    absences: int = 0
    tries: int = 0


MOST_CLAIMS = 3


def following(state: State, safe: Safeguards) -> Iterator[tuple[str, State]]:
    """Every event that can happen next, with what it leads to."""
    yield from _time_passes(state, safe)
    yield from _network(state)
    yield from _recover(state, safe)
    yield from _look(state, safe)
    for index, worker in enumerate(state.workers):
        yield from _worker(state, index, worker, safe)


def doubles(safe: Safeguards) -> list[str] | None:
    """The shortest story that ends in two posts; None if there is none."""
    return _shortest(safe, lambda state: state.posts > 1)


def reachable(safe: Safeguards) -> set[State]:
    """Every state there is."""
    seen, border = {State()}, [State()]
    while border:
        for _event, state in following(border.pop(), safe):
            if state not in seen:
                seen.add(state)
                border.append(state)
    return seen


def _shortest(safe: Safeguards, is_it: object) -> list[str] | None:
    assert callable(is_it)
    came_from: dict[State, tuple[State, str] | None] = {State(): None}
    border = [State()]
    while border:
        beyond: list[State] = []
        for state in border:
            if is_it(state):
                return _story(came_from, state)
            for event, later in following(state, safe):
                if later not in came_from:
                    came_from[later] = (state, event)
                    beyond.append(later)
        border = beyond
    return None


def _story(came_from: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    events: list[str] = []
    while (before := came_from[state]) is not None:
        state, event = before
        events.append(event)
    return events[::-1]


def _time_passes(state: State, safe: Safeguards) -> Iterator[tuple[str, State]]:
    if state.publication in ("planned", "published", "person") or state.moment not in NEXT:
        return
    later = NEXT[state.moment]
    if later is Moment.QUIET and safe.sender_ends_at_its_deadline and state.travelling:
        return  # what was sent in time has arrived or is lost by then
    yield f"time: {later}", replace(state, moment=later)


def _network(state: State) -> Iterator[tuple[str, State]]:
    if not state.travelling:
        return
    arrived = replace(state, travelling=state.travelling - 1, posts=state.posts + 1)
    yield "arrives", arrived
    yield "arrives, hidden", replace(arrived, hidden=True)
    yield "is lost", replace(state, travelling=state.travelling - 1)


def _recover(state: State, safe: Safeguards) -> Iterator[tuple[str, State]]:
    if state.moment not in (Moment.LAPSED, Moment.QUIET):
        return
    if state.publication == "claimed":
        yield "claim given back", replace(state, publication="planned")
    if state.publication == "sending":
        after = "unknown" if safe.unclear_is_never_simply_sent_again else "planned"
        yield "sender lost", replace(state, publication=after, absences=0)


def _look(state: State, safe: Safeguards) -> Iterator[tuple[str, State]]:
    if state.publication != "unknown":
        return
    if state.posts and not state.hidden:
        yield "looks: there", replace(state, publication="published")
        return
    shown = replace(state, hidden=False)
    if safe.looks_wait_for_quiet and state.moment is not Moment.QUIET:
        yield "looks: too early", state
        return
    absences = state.absences + 1
    if absences < (2 if safe.it_takes_two_looks else 1):
        yield "looks: absent", replace(shown, absences=absences)
    elif state.tries >= 2 and safe.second_unclear_try_asks:
        yield "looks: asks a person", replace(shown, publication="person")
    else:
        yield "looks: absent, send again", replace(shown, publication="planned", absences=0)


def _worker(state: State, index: int, worker: Worker, safe: Safeguards) -> Iterator[tuple[str, State]]:
    name = "AB"[index]
    if worker.phase is not Phase.IDLE:
        yield f"{name} dies", _with(state, index, Worker())
    if worker.phase is Phase.IDLE and state.publication == "planned" and state.fence < MOST_CLAIMS:
        claimed = replace(state, publication="claimed", fence=state.fence + 1, moment=Moment.FRESH)
        yield f"{name} claims", _with(claimed, index, Worker(Phase.CLAIMED, claimed.fence))
    if worker.phase is Phase.CLAIMED:
        yield from _mark(state, index, worker, safe)
    if worker.phase is Phase.MARKED:
        yield from _send(state, index, worker, safe)
    if worker.phase is Phase.WAITING:
        yield from _answer(state, index, worker)


def _mark(state: State, index: int, worker: Worker, safe: Safeguards) -> Iterator[tuple[str, State]]:
    ours = state.publication == "claimed" and state.fence == worker.fence and state.moment is Moment.FRESH
    if ours or not safe.mark_is_conditional:
        # with no condition it takes over what others hold, and its deadline begins here
        marked = replace(
            state,
            publication="sending",
            tries=state.tries + 1,
            absences=0,
            fence=worker.fence,
            moment=Moment.FRESH,
        )
        yield f"{'AB'[index]} marks", _with(marked, index, Worker(Phase.MARKED, worker.fence))
    else:
        yield f"{'AB'[index]} has lost its claim", _with(state, index, Worker())


def _send(state: State, index: int, worker: Worker, safe: Safeguards) -> Iterator[tuple[str, State]]:
    in_time = state.moment is Moment.FRESH and state.fence == worker.fence
    if in_time or not safe.sender_ends_at_its_deadline:
        sent = replace(state, travelling=state.travelling + 1)
        yield f"{'AB'[index]} sends", _with(sent, index, Worker(Phase.WAITING, worker.fence))
    else:
        yield f"{'AB'[index]} was ended", _with(state, index, Worker())


def _answer(state: State, index: int, worker: Worker) -> Iterator[tuple[str, State]]:
    name = "AB"[index]
    if state.posts and state.publication in ("sending", "unknown", "claimed", "planned"):
        yield f"{name} hears yes", _with(replace(state, publication="published"), index, Worker())
    if state.publication == "sending" and state.fence == worker.fence:
        yield f"{name} hears nothing", _with(replace(state, publication="unknown"), index, Worker())


def _with(state: State, index: int, worker: Worker) -> State:
    workers = (worker, state.workers[1]) if index == 0 else (state.workers[0], worker)
    return replace(state, workers=workers)
