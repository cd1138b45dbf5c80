"""What an agreement clears beforehand, what keeps a text outside it, and which texts are looked at afterwards. Pure.

The same question is asked while typing, at submission and at sending: does a clause in force cover this?
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from content_library.boundaries.checking import Finding
from content_library.boundaries.lexicon import find_words
from content_library.boundaries.rules import Severity

BREACHES_THAT_SUSPEND = 2


@dataclass(frozen=True)
class Clause:
    """§ `number`. Empty `accounts` or `topics`: every one of the desk."""

    id: int
    number: int
    formats: frozenset[str]
    accounts: frozenset[int] = frozenset()
    topics: frozenset[int] = frozenset()
    sample_percent: int = 0
    is_suspended: bool = False


@dataclass(frozen=True)
class Terms:
    """A version in force between a desk and a team. `turnaround_h` None: the team's own."""

    version_id: int
    number: int
    team_key: str
    team_name: str
    clauses: tuple[Clause, ...]
    excluded_words: tuple[str, ...] = ()
    turnaround_h: int | None = None
    seed: str = ""


@dataclass(frozen=True)
class Subject:
    """What is to be cleared. `texts`: field → text of what goes out; `findings`: the boundaries it touches."""

    format: str
    accounts: frozenset[int]
    topics: frozenset[int]
    texts: Mapping[str, str]
    findings: Sequence[Finding] = ()


class Outside(StrEnum):
    """Why a clause does not cover something."""

    FORMAT = "format"
    SUSPENDED = "suspended"
    ACCOUNTS = "accounts"
    TOPICS = "topics"
    WORDS = "words"
    FINDING = "finding"


@dataclass(frozen=True)
class Obstacle:
    """`what` names it: ids of accounts or topics, the words, or the boundary."""

    why: Outside
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cover:
    """A clause that clears something."""

    terms: Terms
    clause: Clause

    @property
    def label(self) -> str:
        """`PR v3 §2`, as the record says it."""
        return f"{self.terms.team_name} v{self.terms.number} §{self.clause.number}"


@dataclass(frozen=True)
class Coverage:
    """Whether an agreement clears something; if not, what keeps it out of the clause that comes nearest."""

    cover: Cover | None
    nearest: int = 0
    obstacles: tuple[Obstacle, ...] = ()


def coverage(terms: Terms, subject: Subject) -> Coverage:
    """The first clause that covers `subject`, else the obstacles of the one that lacks least."""
    judged = [(clause, _obstacles(terms, clause, subject)) for clause in terms.clauses]
    for clause, obstacles in judged:
        if not obstacles:
            return Coverage(Cover(terms, clause))
    if not judged:
        return Coverage(None)
    clause, obstacles = min(judged, key=lambda pair: (_is_other_format(pair[1]), len(pair[1])))
    return Coverage(None, clause.number, tuple(obstacles))


def _is_other_format(obstacles: Iterable[Obstacle]) -> bool:
    return any(obstacle.why is Outside.FORMAT for obstacle in obstacles)


def _obstacles(terms: Terms, clause: Clause, subject: Subject) -> list[Obstacle]:
    every = [
        *_of_scope(clause, subject),
        Obstacle(Outside.WORDS, words) if (words := _excluded(terms, subject)) else None,
        *(
            Obstacle(Outside.FINDING, (f.rule.name, *f.words[:3]))
            for f in subject.findings
            if _dirty(f, terms)
        ),
    ]
    return [obstacle for obstacle in every if obstacle is not None]


def _of_scope(clause: Clause, subject: Subject) -> list[Obstacle | None]:
    accounts, topics = subject.accounts - clause.accounts, subject.topics - clause.topics
    off_topic = clause.topics and (topics or not subject.topics)
    return [
        Obstacle(Outside.SUSPENDED) if clause.is_suspended else None,
        None if subject.format in clause.formats else Obstacle(Outside.FORMAT, (subject.format,)),
        Obstacle(Outside.ACCOUNTS, _named(accounts)) if clause.accounts and accounts else None,
        Obstacle(Outside.TOPICS, _named(topics)) if off_topic else None,
    ]


def _named(ids: Iterable[int]) -> tuple[str, ...]:
    return tuple(str(i) for i in sorted(ids))


def _excluded(terms: Terms, subject: Subject) -> tuple[str, ...]:
    found = (
        text[start:end]
        for text in subject.texts.values()
        for start, end in find_words(text, terms.excluded_words)
    )
    return tuple({words.casefold(): words for words in found}.values())


def _dirty(finding: Finding, terms: Terms) -> bool:
    """Clean is what nobody was warned of and what asks for nobody of this team."""
    return finding.rule.severity is not Severity.INFORM or finding.rule.team_key == terms.team_key


def is_sampled(content_hash: str, *, seed: str, number: int, clause: int, percent: int) -> bool:
    """Whether the team looks at it afterwards: always the same answer for the same text under the same § `clause` of
    version `number`."""
    said = f"deskcast:sample:v1\n{content_hash}\n{seed}\n{number}\n{clause}"
    drawn = int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big")
    return drawn % 100 < percent
