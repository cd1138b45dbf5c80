"""The states of a publication and what may follow what: a table and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from content_library.errors import TransitionNotAllowed
from scheduler.models import PublicationState as S


class Act(StrEnum):
    CLAIM = "claim"
    GIVE_BACK = "give_back"
    MARK = "mark"
    PART_DONE = "part_done"
    SUCCEED = "succeed"
    RETRY = "retry"
    FAIL = "fail"
    LOSE = "lose"
    ASK = "ask"
    HOLD = "hold"
    BLOCK = "block"
    MISS = "miss"
    EXPIRE = "expire"
    CANCEL = "cancel"
    RELEASE = "release"


TRANSITIONS: Mapping[tuple[S, Act], S] = {
    (S.PLANNED, Act.CLAIM): S.CLAIMED,
    (S.PLANNED, Act.HOLD): S.HELD,
    (S.PLANNED, Act.BLOCK): S.BLOCKED,
    (S.PLANNED, Act.MISS): S.MISSED,
    (S.PLANNED, Act.EXPIRE): S.EXPIRED,
    (S.PLANNED, Act.CANCEL): S.CANCELLED,
    (S.CLAIMED, Act.GIVE_BACK): S.PLANNED,
    (S.CLAIMED, Act.MARK): S.SENDING,
    (S.CLAIMED, Act.HOLD): S.HELD,
    (S.CLAIMED, Act.BLOCK): S.BLOCKED,
    (S.CLAIMED, Act.MISS): S.MISSED,
    (S.CLAIMED, Act.EXPIRE): S.EXPIRED,
    (S.CLAIMED, Act.CANCEL): S.CANCELLED,
    (S.SENDING, Act.PART_DONE): S.CLAIMED,
    (S.SENDING, Act.SUCCEED): S.PUBLISHED,
    (S.SENDING, Act.RETRY): S.PLANNED,
    (S.SENDING, Act.FAIL): S.FAILED,
    (S.SENDING, Act.LOSE): S.UNKNOWN,
    (S.UNKNOWN, Act.SUCCEED): S.PUBLISHED,
    (S.UNKNOWN, Act.RETRY): S.PLANNED,
    (S.UNKNOWN, Act.FAIL): S.FAILED,
    (S.UNKNOWN, Act.ASK): S.NEEDS_PERSON,
    (S.NEEDS_PERSON, Act.SUCCEED): S.PUBLISHED,
    (S.NEEDS_PERSON, Act.RETRY): S.PLANNED,
    (S.NEEDS_PERSON, Act.FAIL): S.FAILED,
    (S.HELD, Act.RELEASE): S.PLANNED,
    (S.HELD, Act.BLOCK): S.BLOCKED,
    (S.HELD, Act.EXPIRE): S.EXPIRED,
    (S.HELD, Act.CANCEL): S.CANCELLED,
    (S.BLOCKED, Act.RELEASE): S.PLANNED,
    (S.BLOCKED, Act.EXPIRE): S.EXPIRED,
    (S.BLOCKED, Act.CANCEL): S.CANCELLED,
    (S.MISSED, Act.RELEASE): S.PLANNED,
    (S.MISSED, Act.EXPIRE): S.EXPIRED,
    (S.MISSED, Act.CANCEL): S.CANCELLED,
}

UNSENT = (S.PLANNED, S.CLAIMED, S.HELD, S.BLOCKED, S.MISSED)
FINAL = (S.PUBLISHED, S.FAILED, S.EXPIRED, S.CANCELLED)

WORDS: Mapping[S, str] = {
    S.PLANNED: "going",
    S.CLAIMED: "going",
    S.SENDING: "going",
    S.PUBLISHED: "out",
    S.UNKNOWN: "going",
    S.NEEDS_PERSON: "needs you",
    S.FAILED: "needs you",
    S.HELD: "held",
    S.BLOCKED: "waiting",
    S.MISSED: "needs you",
    S.EXPIRED: "expired",
    S.CANCELLED: "cancelled",
}

SEEN = "seen"  # the reason of what a person saw there
GIVEN_UP = "given_up"  # the reason of a failure that a person has looked at
SENT_BACK = (
    "sent_back"  # the reasons of what was missed once a person has decided, while they can still undo it
)
LET_BE = "let_be"
SET_ASIDE: Mapping[str, S] = {SENT_BACK: S.CANCELLED, LET_BE: S.EXPIRED}


class Shown(Protocol):
    """What a badge is about: a publication, or a card of one."""

    @property
    def state(self) -> S: ...
    @property
    def reason(self) -> str: ...
    @property
    def taken_down_at(self) -> datetime | None: ...
    @property
    def gone_at(self) -> datetime | None: ...


def word(state: S, reason: str = "") -> str:
    """What people read: one of five words, or how it ended for good."""
    if state is S.MISSED and reason in SET_ASIDE:
        return WORDS[SET_ASIDE[reason]]
    return "failed" if state is S.FAILED and reason == GIVEN_UP else WORDS[state]


def shown(it: Shown) -> str:
    """Its state as badges name it: what was taken down, is gone, was given up or left as it is, is not what it was."""
    if it.taken_down_at is not None:
        return "taken_down"
    if it.gone_at is not None:
        return "gone"
    if it.state is S.MISSED and it.reason in SET_ASIDE:
        return SET_ASIDE[it.reason].value
    return GIVEN_UP if word(it.state, it.reason) == "failed" else it.state.value


_SAID: Mapping[S, str] = {
    S.PLANNED: "is planned",
    S.CLAIMED: "is about to go",
    S.SENDING: "is already on its way",
    S.PUBLISHED: "is out already; it can be taken down instead",
    S.UNKNOWN: "may be out already; Deskcast is looking",
    S.NEEDS_PERSON: "needs somebody to look first",
    S.FAILED: "has failed for good; plan it anew",
    S.HELD: "is held",
    S.BLOCKED: "is waiting",
    S.MISSED: "was missed",
    S.EXPIRED: "has expired; plan it anew",
    S.CANCELLED: "was cancelled; plan it anew",
}


def next_state(state: S, act: Act) -> S:
    """Raises TransitionNotAllowed when the publication has moved on."""
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed(f"This publication {_SAID[state]}, so that can no longer be done.")
    return following


def sources(act: Act) -> tuple[S, ...]:
    """The states an act may start from."""
    return tuple(state for state, known in TRANSITIONS if known is act)
