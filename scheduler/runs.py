"""What became of a run: of the accounts it was planned on, on how many it is out, and how the rest of it stands.

Nothing is asked for it: it is a view over publications that are loaded already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import GIVEN_UP, WORDS, shown, word

OUT = WORDS[PublicationState.PUBLISHED]
NEEDS = WORDS[PublicationState.NEEDS_PERSON]
_OVER = (PublicationState.CANCELLED, PublicationState.EXPIRED, PublicationState.MISSED)
_RANKS = (
    "failed", "needs_person", "missed", "held", "blocked", "planned", "claimed", "sending", "unknown",
    "gone", "taken_down", GIVEN_UP, "expired", "cancelled", "published",
)  # fmt: skip
"""What a badge can show, in the order in which it matters; what people read the same word of stands together."""


@dataclass(frozen=True)
class Count:
    """How many publications people read one word of. `first` is the one that matters most, `shown` what its badge
    shows."""

    word: str
    shown: str
    count: int
    first: Publication


@dataclass(frozen=True)
class RunView:
    """One run: its publications as they were given, on how many accounts it was planned and is out, and the rest."""

    publications: Sequence[Publication]
    accounts: int
    out: int
    others: Sequence[Count]

    @property
    def run_id(self) -> int:
        return self.publications[0].run_id

    @property
    def is_on_several(self) -> bool:
        return self.accounts > 1


def by_run(publications: Sequence[Publication], *, most: int) -> list[RunView]:
    """The publications of one post, run by run in the order given: whole runs, until there are `most`."""
    runs: dict[int, list[Publication]] = {}
    for publication in publications:
        runs.setdefault(publication.run_id, []).append(publication)
    views: list[RunView] = []
    for run in runs.values():
        if sum(len(view.publications) for view in views) >= most:
            break
        views.append(view_of(run))
    return views


def view_of(run: Sequence[Publication]) -> RunView:
    """Of all publications of one run."""
    counted = sorted((p for p in run if _counts(p, run)), key=lambda p: (_rank(p), p.due_at, p.id))
    grouped = [(said, list(alike)) for said, alike in groupby(counted, key=_word)]
    others = [Count(said, shown(of[0]), len(of), of[0]) for said, of in grouped if said != OUT]
    return RunView(
        run, len({p.account_id for p in run}), sum(len(of) for said, of in grouped if said == OUT), others
    )


def _counts(publication: Publication, run: Sequence[Publication]) -> bool:
    """What is over and was planned anew on its account counts no longer, unless it still needs somebody."""
    if publication.state not in _OVER or _word(publication) == NEEDS:
        return True
    there = [p for p in run if p.account_id == publication.account_id]
    return publication is max(there, key=lambda p: (p.state not in _OVER, p.id))


def _rank(publication: Publication) -> int:
    return _RANKS.index(shown(publication))


def _word(publication: Publication) -> str:
    """The word people read: one of the five, or what its badge says of how it ended."""
    said = shown(publication)
    known = said in ("taken_down", "gone", GIVEN_UP)
    return said if known else word(publication.state, publication.reason)
