"""The tables of states in docs/states.md, printed from the code: `python -m tools.print_flows > docs/states.md`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from content_library.agreement_flow import AGREEMENT_TRANSITIONS, SAMPLE_TRANSITIONS
from content_library.models.agreement import AgreementState as A
from content_library.models.agreement import SampleState as X
from content_library.models.post import PostState as P
from content_library.models.review import ReviewState as R
from content_library.models.review import SubmissionState as S
from content_library.models.suggestion import SuggestionState as G
from content_library.review_flow import (
    POST_TRANSITIONS,
    REVIEW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    SUGGESTION_TRANSITIONS,
)
from scheduler.models import PublicationState as U
from scheduler.publication_flow import TRANSITIONS as PUBLICATION_TRANSITIONS
from scheduler.publication_flow import WORDS

State = TypeVar("State", bound=StrEnum)
Act = TypeVar("Act", bound=StrEnum)

POSTS: Mapping[P, str] = {
    P.DRAFT: "It is being written.",
    P.IN_REVIEW: "A revision of it is with the teams.",
    P.CHANGES_REQUESTED: "A team sent it back with a reason.",
    P.APPROVED: "A revision is cleared. Only this one may go out.",
    P.REFUSED: "A team said no to it.",
    P.EXPIRED: "Its time was over before it was cleared, or it is no longer valid.",
    P.ARCHIVED: "It is out of use. What happened to it stays.",
}

SUBMISSIONS: Mapping[S, str] = {
    S.OPEN: "One revision is on its way through the teams of its format.",
    S.APPROVED: "Every team has approved it.",
    S.CHANGES_REQUESTED: "A team asked for changes.",
    S.REFUSED: "A team refused it.",
    S.WITHDRAWN: "Its author took it back.",
    S.SUPERSEDED: "A newer revision was submitted instead.",
    S.EXPIRED: "The time it was for has passed.",
}

REVIEWS: Mapping[R, str] = {
    R.WAITING: "A team of an earlier step has not decided yet.",
    R.OPEN: "The team can decide.",
    R.ASKED: "The team asked the author a question; its clock stands still.",
    R.DECIDED: "The team has decided.",
    R.CLEARED: "An agreement cleared it beforehand; or, in solo mode, who decided for one team did so for this one.",
    R.MOOT: "The submission ended before this team decided.",
}

AGREEMENTS: Mapping[A, str] = {
    A.PROPOSED: "One side has signed it. Nothing holds yet.",
    A.SIGNED: "Both sides have signed it. It holds from its first to its last day unless a newer one begins.",
    A.DECLINED: "The other side said no.",
    A.WITHDRAWN: "The side that proposed it took it back, or proposed another.",
    A.ENDED: "A side ended it, or its last day is over.",
}

SAMPLES: Mapping[X, str] = {
    X.OPEN: "It was drawn: somebody of the team looks at it.",
    X.IN_ORDER: "It was as it should be.",
    X.BREACH: "It should not have been cleared. The second of a clause suspends it.",
}

SUGGESTIONS: Mapping[G, str] = {
    G.OPEN: "Somebody proposes other words for some of the text. Nobody has answered.",
    G.APPLIED: "Somebody of the desk took the words into what they are writing; it says which revision has them.",
    G.DECLINED: "The desk said no, with a reason, or whoever proposed it took it back.",
    G.OUTDATED: "A later revision no longer has the words it was about.",
}

PUBLICATIONS: Mapping[U, str] = {
    U.PLANNED: "It is cleared and goes out at its time.",
    U.CLAIMED: "An engine has taken it and waits for its moment.",
    U.SENDING: "It passed the gate and is on its way to the network.",
    U.PUBLISHED: "It is out.",
    U.UNKNOWN: "No clear answer came back. Deskcast looks whether it is there.",
    U.NEEDS_PERSON: "Deskcast could not find out. Somebody has to look.",
    U.FAILED: "The network refused it, or a person gave it up.",
    U.HELD: "Something keeps it back: a person, a stopped desk, a link that does not work.",
    U.BLOCKED: "Something is missing: its clearance, its account, its offer.",
    U.MISSED: "Its time passed while it could not go out. A person decides.",
    U.EXPIRED: "Its last moment passed, or it was not cleared in time.",
    U.CANCELLED: "A person took it out of the plan.",
}

HEAD = """# States

Printed from the code with `python -m tools.print_flows > docs/states.md`; a test keeps the two the same.
What is not in a table cannot happen: it is refused with a sentence. States are written by
the `transitions` modules and by nothing else.
"""


def page() -> str:
    """The whole document."""
    sections = (
        _section("Posts", POSTS, POST_TRANSITIONS),
        _section("Submissions: one revision on its way through the teams", SUBMISSIONS, SUBMISSION_TRANSITIONS),
        _section("Reviews: one team’s part of a submission", REVIEWS, REVIEW_TRANSITIONS),
        _section("Agreements: one version between a desk and a team", AGREEMENTS, AGREEMENT_TRANSITIONS),
        _section("Samples: what an agreement cleared, looked at afterwards", SAMPLES, SAMPLE_TRANSITIONS),
        _section("Suggestions: other words for some of a text", SUGGESTIONS, SUGGESTION_TRANSITIONS),
        _section("Publications: one text to one account at one time", PUBLICATIONS, PUBLICATION_TRANSITIONS, WORDS),
    )  # fmt: skip
    return "\n".join((HEAD, *sections))


def _section(
    title: str,
    meanings: Mapping[State, str],
    transitions: Mapping[tuple[State, Act], State],
    words: Mapping[State, str] | None = None,
) -> str:
    heads = ["state", *(["people read"] if words else []), "what it means", "what can follow"]
    rows = [heads, ["---"] * len(heads)]
    for state in type(next(iter(meanings))):
        said = [words[state]] if words else []
        rows.append([f"**{_plain(state)}**", *said, meanings[state], _following(state, transitions)])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"## {title}\n\n{table}\n"


def _following(state: State, transitions: Mapping[tuple[State, Act], State]) -> str:
    following = [
        f"{_plain(act)} → {_plain(to)}" for (start, act), to in transitions.items() if start == state
    ]
    return "<br>".join(following) or "nothing: it is over"


def _plain(word: StrEnum) -> str:
    return word.value.replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")
