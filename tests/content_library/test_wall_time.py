"""Wall times against known answers that several independent implementations agree on."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from content_library.errors import InvalidInput
from content_library.wall_time import WallKind, parse_wall, resolve, tzdata_version, wall_of, zone, zone_names

ANSWERS = json.loads((Path(__file__).parent.parent / "data" / "wall_times.json").read_text("utf-8"))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def by_id(case: dict[str, Any]) -> str:
    return str(case["id"])


@pytest.mark.parametrize("case", ANSWERS["single"], ids=by_id)
def test_a_wall_time_is_the_instant_everybody_agrees_on(case: dict[str, Any]) -> None:
    found = resolve(parse_wall(case["wall"]), case["zone"])
    assert found.due_at == instant(case["expected_utc"])
    assert found.local.isoformat() == case["expected_local_after_resolution"]
    assert found.kind == case["kind"]
    assert bool(found.sentence) is (case["kind"] != "normal")


@pytest.mark.parametrize(
    "case", [c for c in ANSWERS["single"] if "expected_utc_if_user_chose_second" in c], ids=by_id
)
def test_the_second_of_a_time_that_happens_twice_can_be_chosen(case: dict[str, Any]) -> None:
    found = resolve(parse_wall(case["wall"]), case["zone"], fold=1)
    assert found.due_at == instant(case["expected_utc_if_user_chose_second"])
    assert found.fold == 1


@pytest.mark.parametrize("case", ANSWERS["recurring"], ids=by_id)
def test_recurring_walls_shift_over_a_gap_and_fire_once_in_an_overlap(case: dict[str, Any]) -> None:
    walls = list(rrulestr(case["rrule"], dtstart=parse_wall(case["dtstart"])))
    assert [w.isoformat() for w in walls] == case["expected_walls"]
    assert [resolve(w, case["zone"]).due_at for w in walls] == [instant(t) for t in case["expected_utc"]]


@pytest.mark.parametrize("case", ANSWERS["reject"], ids=by_id)
def test_what_is_no_time_or_zone_is_refused_with_a_sentence(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve(parse_wall(case["wall"]), case["zone"])
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "name", ["EST", "right/Europe/Berlin", "posix/Europe/Berlin", "localtime", "Factory", "../etc/passwd", ""]
)
def test_zones_that_are_no_places_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        zone(name)


def test_the_time_zones_come_from_the_package_and_not_from_the_machine() -> None:
    assert tzdata_version() >= "2026f"
    assert resolve(parse_wall("2026-12-01T09:00"), "America/Edmonton").due_at == datetime(
        2026, 12, 1, 15, tzinfo=UTC
    )


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from(zone_names()),
    st.sampled_from((0, 1)),
)
def test_a_resolved_time_shows_the_wall_it_was_asked_for_unless_that_does_not_exist(
    wall: datetime, name: str, fold: int
) -> None:
    found = resolve(wall, name, fold=fold)
    if found.kind is WallKind.GAP:
        assert found.local.replace(tzinfo=None) > wall
    else:
        assert found.local.replace(tzinfo=None) == wall
        assert wall_of(found.due_at, name) == wall.replace(microsecond=0)
