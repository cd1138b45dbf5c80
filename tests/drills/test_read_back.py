"""Real servers are posted to while engines die, and then read: every post stands there exactly once, or is asked about.

A Bluesky server keeps what we name (class I). mastodon_mock honours our keys (K). snac ignores them (Q).
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from scheduler.models import PublicationState as S
from tests.drills import judge
from tests.drills.crowd import Crowd, Place, plan_crowd
from tests.drills.engines import ON_REAL_NETWORKS
from tests.drills.stage import Stage
from tests.networks import bluesky_accounts, mastodon_accounts
from tests.support.mock_mastodon import MockMastodon
from tests.support.pds import RealPds
from tests.support.snac import Snac

pytestmark = [pytest.mark.network, pytest.mark.slow]

Reading = Callable[[], list[str]]
"""What stands on an account, post by post."""


@dataclass(frozen=True)
class Size:
    posts: int
    accounts: int
    kills: int

    @property
    def total(self) -> int:
        return self.posts * self.accounts


SMALL = Size(posts=5, accounts=2, kills=2)
FIVE_HUNDRED = pytest.param(Size(posts=50, accounts=10, kills=25), marks=pytest.mark.drill, id="500")
FIFTY = pytest.param(Size(posts=10, accounts=5, kills=15), marks=pytest.mark.drill, id="50")


@pytest.fixture(scope="module")
def mock_mastodon() -> Iterator[MockMastodon]:
    with MockMastodon() as server:
        yield server


@pytest.fixture
def snac() -> Iterator[Snac]:
    with Snac() as server:
        yield server


def post_while_engines_die(stage: Stage, places: Sequence[Place], size: Size, chance: random.Random) -> Crowd:
    """Two engines, of which one dies again and again."""
    stage.engines.timing = ON_REAL_NETWORKS
    engines = [stage.engines.start(), stage.engines.start()]
    crowd = plan_crowd(stage, places, posts=size.posts, chance=chance, within_s=2.0 * size.kills)
    for _ in range(size.kills):
        doomed = chance.randrange(2)
        engines[doomed].wait_ready()
        time.sleep(chance.uniform(0.1, 2.5))
        engines[doomed].kill()
        engines[doomed] = stage.engines.start()
    stage.hurry_until_over(within=600)
    return crowd


def assert_read_back(stage: Stage, crowd: Crowd, readings: Sequence[Reading]) -> None:
    states = judge.states_of(stage)
    for place, read in enumerate(readings):
        judge.assert_once(read(), crowd.texts_of(place), states)
    judge.assert_conserved(stage)
    stage._assert_nothing_silent()
    stage._assert_recorded()


def assert_all_out(stage: Stage, size: Size) -> None:
    assert stage.states() == {S.PUBLISHED: size.total}, stage.explanations()


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="10"), FIVE_HUNDRED])
@pytest.mark.on("postgresql")
def test_on_a_bluesky_server_each_post_stands_exactly_once(
    stage: Stage, pds: RealPds, chance: random.Random, size: Size
) -> None:
    signed = [bluesky_accounts.signed_up(pds) for _ in range(size.accounts)]
    places = [Place("bluesky", one.handle, dict(one.access(pds.url).secret)) for one in signed]
    crowd = post_while_engines_die(stage, places, size, chance)
    assert_all_out(stage, size)
    readings = [lambda did=one.did: [r["value"]["text"] for r in pds.list_records(did)] for one in signed]  # type: ignore[misc]
    assert_read_back(stage, crowd, readings)


def on_mastodon(
    stage: Stage, server: MockMastodon | Snac, size: Size, chance: random.Random
) -> tuple[Crowd, list[Reading]]:
    accounts = [mastodon_accounts.connected(server) for _ in range(size.accounts)]
    places = [Place("mastodon", one.connection.handle, one.secret) for one in accounts]
    return post_while_engines_die(stage, places, size, chance), [one.texts for one in accounts]


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="10"), FIVE_HUNDRED])
@pytest.mark.on("postgresql")
def test_where_the_server_honours_our_key_each_post_stands_exactly_once(
    stage: Stage, mock_mastodon: MockMastodon, chance: random.Random, size: Size
) -> None:
    crowd, readings = on_mastodon(stage, mock_mastodon, size, chance)
    assert_all_out(stage, size)
    assert_read_back(stage, crowd, readings)


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="10"), FIFTY])
def test_where_the_server_ignores_our_key_each_post_stands_once_or_is_asked_about(
    stage: Stage, snac: Snac, chance: random.Random, size: Size
) -> None:
    crowd, readings = on_mastodon(stage, snac, size, chance)
    assert set(stage.states()) <= {S.PUBLISHED, S.NEEDS_PERSON}, stage.explanations()
    assert_read_back(stage, crowd, readings)
    judge.assert_sent_again_only_when_absent(stage, networks=["mastodon"])
