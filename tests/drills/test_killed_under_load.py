"""Engines and workers die at random moments under load while the network misbehaves: once, and nothing lost."""

import random

import pytest

from tests.drills.killing import Storm, rage
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]


def test_some_deaths_of_one_engine_under_load(stage: Stage, chance: random.Random) -> None:
    rage(stage, Storm(engines=1, kills=4, posts=3), chance)


@pytest.mark.drill
@pytest.mark.on("postgresql")
def test_two_hundred_deaths_of_four_engines_under_load(stage: Stage, chance: random.Random) -> None:
    rage(stage, Storm(engines=4, kills=200, posts=30, accounts=3), chance)


@pytest.mark.on("postgresql")
def test_some_deaths_of_workers_beside_an_engine_under_load(stage: Stage, chance: random.Random) -> None:
    rage(stage, Storm(engines=1, workers=2, kills=4, posts=3), chance)


@pytest.mark.drill
@pytest.mark.on("postgresql")
def test_two_hundred_deaths_of_workers_and_engines_under_load(stage: Stage, chance: random.Random) -> None:
    rage(stage, Storm(engines=2, workers=4, kills=200, posts=30, accounts=3), chance)


@pytest.mark.drill
@pytest.mark.on("sqlite")
def test_two_hundred_deaths_of_the_one_engine_under_load(stage: Stage, chance: random.Random) -> None:
    rage(stage, Storm(engines=1, kills=200, posts=30, accounts=2), chance)
