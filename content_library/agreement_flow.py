"""The states of an agreement's version and of a sample, and what may follow what: tables and nothing else."""

from collections.abc import Mapping
from enum import StrEnum

from content_library.errors import TransitionNotAllowed
from content_library.models.agreement import AgreementState as A
from content_library.models.agreement import SampleState as X


class AgreementAct(StrEnum):
    SIGN = "sign"  # the other side
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    END = "end"


class SampleAct(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    BREACH = "breach"


AGREEMENT_TRANSITIONS: Mapping[tuple[A, AgreementAct], A] = {
    (A.PROPOSED, AgreementAct.SIGN): A.SIGNED,
    (A.PROPOSED, AgreementAct.DECLINE): A.DECLINED,
    (A.PROPOSED, AgreementAct.WITHDRAW): A.WITHDRAWN,
    (A.SIGNED, AgreementAct.END): A.ENDED,
}

SAMPLE_TRANSITIONS: Mapping[tuple[X, SampleAct], X] = {
    (X.OPEN, SampleAct.PASS): X.IN_ORDER,
    (X.OPEN, SampleAct.BREACH): X.BREACH,
}

_SAID = {
    A.PROPOSED: "proposed and not signed by both sides",
    A.SIGNED: "signed by both sides",
    A.DECLINED: "declined",
    A.WITHDRAWN: "withdrawn",
    A.ENDED: "over",
}


def next_agreement_state(state: A, act: AgreementAct) -> A:
    """Raises TransitionNotAllowed when the version has moved on."""
    following = AGREEMENT_TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed(f"This version is {_SAID[state]}. Reload the page and look again.")
    return following


def next_sample_state(state: X, act: SampleAct) -> X:
    """Raises TransitionNotAllowed when somebody has looked at it already."""
    following = SAMPLE_TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed("Somebody of your team has looked at this already.")
    return following
