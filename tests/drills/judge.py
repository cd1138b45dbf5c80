"""What must hold for every class once a drill is over, read from the network that counts and from the database.

K and I: out, once. Q: out once, or a question; sent again only after it was proved absent. B: out once, or a question.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from content_library.models.account import Account
from content_library.settings import Timing
from scheduler import conservation, watch
from scheduler.models import Attempt, AttemptOutcome, Publication
from scheduler.models import PublicationState as S
from scheduler.proofs import LOOKS_THAT_PROVE
from service_channel.networks.base import NetworkClass
from tests.drills.classes import CLASSES, B, I, K, Q
from tests.drills.stage import Stage

MAY_END: dict[NetworkClass, set[S]] = {
    K: {S.PUBLISHED},
    I: {S.PUBLISHED},
    Q: {S.PUBLISHED, S.NEEDS_PERSON},
    B: {S.PUBLISHED, S.NEEDS_PERSON},
}
UNCLEAR = (AttemptOutcome.OPEN, AttemptOutcome.UNKNOWN)


def assert_kept(stage: Stage) -> None:
    """The promise of each class, for what ended on the counting network, and on the page."""
    stage.assert_promise(published=False)
    assert_ended_as_promised(stage)
    assert_whole(stage)
    assert_conserved(stage)
    assert_sent_again_only_when_absent(stage)


def assert_ended_as_promised(stage: Stage, *, within: dict[NetworkClass, set[S]] | None = None) -> None:
    allowed = within or MAY_END
    with stage.database.read() as session:
        rows = session.execute(
            select(Publication.id, Publication.state, Account.network).join(
                Account, Account.id == Publication.account_id
            )
        ).all()
    wrong = [row for row in rows if row.state not in allowed[CLASSES.get(row.network, I)]]
    assert not wrong, (wrong, stage.explanations())


def assert_whole(stage: Stage) -> None:
    """What counts as out stands there with all its parts; what is a question has at most its parts there."""
    posts = stage.posts()
    with stage.database.read() as session:
        out = set(session.scalars(select(Publication.id).where(Publication.state == S.PUBLISHED)))
    missing = [(p, n) for p in out for n in range(stage.planned[p]) if posts[p, n] != 1]
    assert not missing, (missing, stage.explanations())
    assert {p for p, _ in posts} <= set(stage.planned)


def assert_conserved(stage: Stage) -> None:
    """The record and the table agree, and the product's own watchdog finds nothing of the engine's late."""
    with stage.database.read() as session:
        standing = session.scalar(select(func.count()).select_from(Publication)) or 0
        found = conservation.balance(session, standing)
        late = watch.of_engine(watch.overdue(session, now=datetime.now(UTC), timing=Timing()))
    assert (found.created, standing, late) == (len(stage.planned), len(stage.planned), 0)


KEYLESS = [name for name, kind in CLASSES.items() if kind in (Q, B)]


def assert_sent_again_only_when_absent(stage: Stage, *, networks: Sequence[str] = KEYLESS) -> None:
    """Without a key, after a try that may have arrived comes no other one before two looks found nothing."""
    with stage.database.read() as session:
        rows = session.execute(
            select(Attempt.publication_id, Attempt.position, Attempt.act, Attempt.outcome)
            .join(Publication, Publication.id == Attempt.publication_id)
            .join(Account, Account.id == Publication.account_id)
            .where(Account.network.in_(networks))
            .order_by(Attempt.id)
        ).all()
    lives: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        lives.setdefault((row.publication_id, row.position), []).append(row)
    hasty = {part: life for part, life in lives.items() if _is_hasty(life)}
    assert not hasty, hasty


def _is_hasty(life: Sequence[Any]) -> bool:
    owed = 0
    for row in life:
        if row.act == "send" and owed > 0:
            return True
        if row.act == "send" and row.outcome in UNCLEAR:
            owed = LOOKS_THAT_PROVE
        elif row.act == "look" and row.outcome is AttemptOutcome.ABSENT:
            owed -= 1
    return False


def assert_once(standing: Iterable[str], wanted: dict[str, int], states: dict[int, S]) -> None:
    """On a real network: each text at most once, nothing else, and all of those that count as out."""
    there = Counter(standing)
    assert not [text for text, count in there.items() if count > 1], there
    assert set(there) <= set(wanted)
    out = {text for text, publication in wanted.items() if states[publication] is S.PUBLISHED}
    assert out <= set(there), out - set(there)


def states_of(stage: Stage) -> dict[int, S]:
    with stage.database.read() as session:
        return {row.id: row.state for row in session.execute(select(Publication.id, Publication.state))}
