"""The parent of web and engine: replaces a child that dies, and starts none once it shall stop."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.processes import Family
from tests.journeys.house import until

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHORT_LIFE = "import sys; open(sys.argv[1], 'a').write('born\\n')"


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def births(tmp_path: Path) -> Path:
    return tmp_path / "births"


@pytest.fixture
def family(births: Path) -> Iterator[Family]:
    """One child, which is over at once."""
    family = Family({"short": [sys.executable, "-S", "-c", SHORT_LIFE, str(births)]})
    yield family
    family.stop()


def was_born(births: Path, times: int) -> bool:
    return births.exists() and births.read_text().count("born") >= times


def test_a_child_that_dies_is_started_again_and_said(
    family: Family, births: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    family.start()

    def stop_after_the_second() -> None:
        until("a second child", lambda: was_born(births, 2))
        os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=stop_after_the_second)
    ender.start()
    assert family.watch() == 0
    ender.join()
    assert births.read_text().count("born") >= 2
    assert "The short process ended (0); starting it again." in capfd.readouterr().err


def test_a_family_asked_to_stop_before_it_replaces_a_child_replaces_none(
    family: Family, births: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    family.start()
    until("a child", lambda: was_born(births, 1))

    def stop_while_it_waits() -> None:
        until("a promise", lambda: "starting it again" in capfd.readouterr().err)
        os.kill(os.getpid(), signal.SIGTERM)

    ender = threading.Thread(target=stop_while_it_waits)
    ender.start()
    assert family.watch() == 0
    ender.join()
    assert births.read_text().count("born") == 1


def test_a_family_started_to_outlive_its_terminal_does(family: Family) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
    family.start()
    os.kill(os.getpid(), signal.SIGHUP)
    assert family.pause(0.2)


@pytest.mark.parametrize("number", STOPS)
def test_every_way_to_ask_it_to_stop_is_heard(family: Family, number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    family.start()
    os.kill(os.getpid(), number)
    assert family.watch() == 0
