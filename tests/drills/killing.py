"""Engines that die: one at a named point, or many at random while there is much to do."""

import random
import time
from dataclasses import dataclass

from service_channel.networks.base import NetworkClass
from tests.drills import judge
from tests.drills.classes import NETWORKS, I
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, WORKERS_THROUGH_SENDERS
from tests.drills.stage import Stage
from tests.fakes import Mode

MOODS = (
    Mode.OK,
    Mode.FAIL_BEFORE,
    Mode.FAIL_AFTER,
    Mode.RESET_BEFORE,
    Mode.RESET_AFTER,
    Mode.GARBAGE,
    Mode.RATE_LIMITED,
)


def crashes(point: str, kind: str) -> list[str]:
    """Where one engine after the other dies. A thread dies at its second part; looking follows only an unclear end."""
    if point == "looked":
        return ["sent", "looked"]
    return [f"{point}:2"] if kind == "thread" and point != "claimed" else [point]


def die_at_a_point(stage: Stage, point: str, kind: str, *, of: NetworkClass = I) -> None:
    """One engine dies there while it sends one publication, and the next one does what is left."""
    first, *following = crashes(point, kind)
    victim = stage.engines.start(crash_at=first)
    victim.wait_ready()  # it gets up while there is nothing to do yet
    stage.plan(kind, of=of)
    stage.hurry_until_dead(victim)
    for crash_at in following:
        stage.hurry_until_dead(stage.engines.start(crash_at=crash_at))
    stage.engines.start()
    stage.hurry_until_over()


@dataclass(frozen=True)
class Storm:
    """`posts` on `accounts` accounts of each class, while `kills` of its parts die, one every `each_s`."""

    engines: int
    kills: int
    posts: int
    workers: int = 0
    accounts: int = 1
    each_s: float = 0.5

    @property
    def parts(self) -> list[str]:
        return ["engine"] * self.engines + ["worker"] * self.workers

    @property
    def lasts_s(self) -> float:
        return self.kills * self.each_s


def rage(stage: Stage, storm: Storm, chance: random.Random) -> None:
    """Kill at random, let the network misbehave at random, and judge what stands there in the end."""
    stage.engines.timing = WORKERS_THROUGH_SENDERS if storm.workers else THROUGH_SENDERS
    places = counting_places(stage, list(NETWORKS.values()), accounts=storm.accounts)
    parts = [stage.engines.start(part=part) for part in storm.parts]
    plan_crowd(stage, places, posts=storm.posts, chance=chance, within_s=storm.lasts_s, threads=True)
    for _ in range(storm.kills):
        stage.server.order(chance.choice(MOODS), times=1, seconds=0.2)
        doomed = chance.randrange(len(parts))
        parts[doomed].wait_ready()
        time.sleep(chance.uniform(0, 2 * storm.each_s))
        parts[doomed].kill()
        parts[doomed] = stage.engines.start(part=storm.parts[doomed])
    stage.server.order(Mode.OK)
    stage.hurry_until_over()
    judge.assert_kept(stage)
