"""The ladder's rules with known answers: which format needs what, what is reached, what is missing."""

from datetime import UTC, datetime, timedelta

import pytest

from content_library.formats import BUILTIN_FORMATS
from content_library.ladder_rules import (
    BUILTIN_STAGES,
    DEFAULTS,
    OUTSIDE,
    Criteria,
    Figures,
    Measure,
    Progress,
    criteria_as_data,
    criteria_from,
    missing,
    problems_of,
    progress,
    reaches,
    stage_needed,
)

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
ASKED = Criteria(published=20, first_pass=80, clean_days=30, stay_days=30)


def reached(figures: Figures, *, days: float = 40) -> dict[str, int]:
    every = progress(NOW - timedelta(days=days), figures, ASKED, now=NOW)
    return {p.measure.value: p.reached for p in every}


def test_every_format_that_comes_with_deskcast_has_its_stage_or_stands_outside() -> None:
    assert {f.key for f in BUILTIN_FORMATS} == {*BUILTIN_STAGES, *OUTSIDE}
    assert not set(BUILTIN_STAGES) & set(OUTSIDE)


@pytest.mark.parametrize(
    ("stage", "keys"),
    [
        (1, ("how_to", "faq_link", "product_news", "webinar")),
        (2, ("industry_news", "community_link", "improve", "playful", "this_or_that")),
        (3, ("flash_sale", "referral", "celebrity_news", "fun_promotion")),
        (None, ("outage_notice", "product_warning")),
    ],
)
def test_basic_education_comes_first_promotions_and_fun_last(
    stage: int | None, keys: tuple[str, ...]
) -> None:
    assert {stage_needed(f.key, f.kind, f.tone) for f in BUILTIN_FORMATS if f.key in keys} == {stage}


@pytest.mark.parametrize(
    ("kind", "tone", "stage"),
    [
        ("edu_taining", "neutral", 2),
        ("question", "neutral", 2),
        ("promotion", "neutral", 3),
        ("edu_taining", "light", 3),
        ("question", "light", 3),
        ("edu_taining", "promotional", 3),
        ("promotion", "service", None),
    ],
)
def test_a_format_of_ones_own_is_judged_by_its_kind_and_tone(kind: str, tone: str, stage: int | None) -> None:
    assert stage_needed("our_own", kind, tone) == stage


def test_a_built_in_format_keeps_its_stage_whatever_tone_it_is_given() -> None:
    assert stage_needed("how_to", "edu_taining", "light") == 1
    assert stage_needed("flash_sale", "promotion", "service") == 3


def test_an_account_without_a_ladder_and_a_format_outside_it_meet_no_stage() -> None:
    assert reaches(None, 3)
    assert reaches(1, None)
    assert reaches(2, 2)
    assert not reaches(1, 2)


def test_the_share_is_rounded_down_and_nothing_without_a_decision() -> None:
    assert reached(Figures(decided=3, first_pass=2))["first_pass"] == 66
    assert reached(Figures(decided=0, first_pass=0))["first_pass"] == 0


def test_days_are_whole_ones_and_count_from_the_last_breach() -> None:
    old, late = NOW - timedelta(days=50), NOW - timedelta(days=4, hours=23)
    assert reached(Figures(), days=29.99)["stay_days"] == 29
    assert reached(Figures(breaches=[old]))["clean_days"] == 40
    assert reached(Figures(breaches=[late, old]))["clean_days"] == 4
    assert reached(Figures(breaches=[NOW + timedelta(minutes=1)]))["clean_days"] == 0


def test_what_is_missing_is_said_with_its_numbers_and_nothing_when_all_is_there() -> None:
    since = NOW - timedelta(days=30)
    early = progress(since, Figures(12, 4, 3), ASKED, now=NOW)
    assert missing(early) == ["12 of 20 posts published", "75 of 80 % approved at first pass"]
    earned = progress(since, Figures(20, 5, 4), ASKED, now=NOW)
    assert missing(earned) == []
    just_before = progress(since + timedelta(seconds=1), Figures(20, 5, 4), ASKED, now=NOW)
    assert missing(just_before) == ["29 of 30 days without a breach", "29 of 30 days at this stage"]


def test_what_is_not_asked_for_is_met() -> None:
    assert Progress(Measure.PUBLISHED, 0, 0).is_met


def test_a_desks_numbers_stand_over_the_defaults_and_come_back_as_they_were_kept() -> None:
    assert criteria_from({}) == DEFAULTS
    assert criteria_from(criteria_as_data({2: ASKED})) == {2: ASKED, 3: DEFAULTS[3]}


@pytest.mark.parametrize(
    ("criteria", "wrong"),
    [
        (Criteria(0, 0, 0, 1), set()),
        (Criteria(1_001, 101, 366, 366), set(Measure)),
        (Criteria(-1, 50, 5, 0), {Measure.PUBLISHED, Measure.STAY_DAYS}),
    ],
)
def test_numbers_have_their_limits_and_a_stay_is_at_least_a_day(
    criteria: Criteria, wrong: set[Measure]
) -> None:
    assert set(problems_of(criteria)) == wrong
