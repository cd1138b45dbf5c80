"""Whatever people do and whatever goes wrong, in any order: what goes out goes once, cleared, at its time, and nothing
is lost or left open.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from content_library.database import Database
from tests.factories import NOW
from tests.fakes import FakeServer
from tests.scheduler.machine.faults import FAULTS
from tests.scheduler.machine.stock import lay_in
from tests.scheduler.machine.walks import STEPS, PublicationMachine
from tests.support.clock import FrozenClock
from tests.support.databases import Databases, Kind, open_database

pytestmark = [pytest.mark.network, pytest.mark.slow]
SAME: dict[str, Any] = {
    "max_examples": 25, "stateful_step_count": 6, "phases": [Phase.generate], "derandomize": True, "database": None
}  # fmt: skip
Stocked = Callable[[Kind], type[PublicationMachine]]


@pytest.fixture(scope="module")
def stocked(
    databases: Databases, fake_server: FakeServer, tmp_path_factory: pytest.TempPathFactory
) -> Stocked:
    """Gives the machine for a kind of database; each run of it begins with a copy of the same desk."""
    made: dict[Kind, type[PublicationMachine]] = {}

    def machine(kind: Kind) -> type[PublicationMachine]:
        if kind not in made:
            made[kind] = _machine(databases, kind, fake_server, tmp_path_factory.mktemp("media"))
        return made[kind]

    return machine


def _machine(databases: Databases, kind: Kind, server: FakeServer, folder: Path) -> type[PublicationMachine]:
    """What is compiled for one run is used by the next: all have one engine, whose database begins again."""
    template, url = databases.new_url(kind), databases.new_url(kind)
    stocking = open_database(template, clock=FrozenClock(NOW))
    with stocking.write() as session:
        stock = lay_in(session, server)
    stocking.dispose()
    database = open_database(url)

    def open_copy(clock: FrozenClock) -> Database:
        database.dispose()
        databases.begin_again(url, like=template)
        database.clock = clock
        return database

    known = {"open_database": staticmethod(open_copy), "stock": stock, "server": server, "folder": folder}
    return type("Machine", (PublicationMachine,), known)


def run(machine: type[PublicationMachine], **how: Any) -> None:
    how = {"deadline": None, "suppress_health_check": list(HealthCheck), "report_multiple_bugs": False, **how}
    run_state_machine_as_test(machine, settings=settings(**how))


def test_what_goes_out_goes_once_cleared_and_at_its_time_and_nothing_is_lost(
    stocked: Stocked, database_kind: Kind
) -> None:
    examples = max(10, settings().max_examples // 3)
    run(
        stocked(database_kind), max_examples=examples, stateful_step_count=10, print_blob=True,
        phases=[Phase.generate],
    )  # fmt: skip


def only_walks(machine: type[PublicationMachine]) -> type[PublicationMachine]:
    return type("OnlyWalks", (machine,), dict.fromkeys(STEPS))


def test_without_a_fault_the_same_runs_find_nothing(stocked: Stocked) -> None:
    run(only_walks(stocked("sqlite")), **SAME)


@pytest.mark.proof
@pytest.mark.parametrize("name", FAULTS)
def test_the_machine_notices(stocked: Stocked, name: str) -> None:
    sown, seen_as = FAULTS[name]
    with sown(), pytest.raises(AssertionError, match=seen_as):
        run(only_walks(stocked("sqlite")), **SAME)
