"""The ladder's rules: which format needs which stage, what earns the next one, and what is missing yet. Pure.

An account starts with basic education and earns the rest. Notices of trouble stand outside: they always may go.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Stage:
    """`allows`: what comes in with it, for people."""

    number: int
    name: str
    allows: str


STAGES: Mapping[int, Stage] = {
    1: Stage(1, "basic education", "How-to, FAQ link, product news, webinar or video."),
    2: Stage(2, "edu-taining and questions", "The rest of edu-taining, and questions."),
    3: Stage(3, "everything", "Promotions, celebrity news and fun."),
}
FIRST, HIGHEST = min(STAGES), max(STAGES)

OUTSIDE = ("outage_notice", "product_warning")
BUILTIN_STAGES: Mapping[str, int] = {
    **dict.fromkeys(("how_to", "faq_link", "product_news", "webinar"), 1),
    **dict.fromkeys(("industry_news", "thought_leadership", "community_link"), 2),
    **dict.fromkeys(("future_products", "improve", "this_or_that", "holiday", "playful"), 2),
    **dict.fromkeys(("celebrity_news", "fun_promotion"), 3),
    **dict.fromkeys(("sale", "customer_offer", "referral", "add_on", "service_perk", "flash_sale"), 3),
}


def stage_needed(key: str, kind: str, tone: str) -> int | None:
    """The stage a format needs; None when it stands outside the ladder.

    A format that does not come with Deskcast is judged by its kind and tone.
    """
    if key in BUILTIN_STAGES:
        return BUILTIN_STAGES[key]
    if key in OUTSIDE or tone == "service":
        return None
    return 3 if kind == "promotion" or tone in ("light", "promotional") else 2


def reaches(stage: int | None, needed: int | None) -> bool:
    """Whether an account at `stage` (None: its ladder is off) may carry what needs `needed`."""
    return stage is None or needed is None or stage >= needed


class Measure(StrEnum):
    PUBLISHED = "published"
    FIRST_PASS = "first_pass"  # noqa: S105 - no password: approved at first pass
    CLEAN_DAYS = "clean_days"
    STAY_DAYS = "stay_days"


@dataclass(frozen=True)
class Criteria:
    """What the next stage asks for: posts published at this one, per cent of them approved at first pass, whole days
    without a breach, whole days of stay."""

    published: int
    first_pass: int
    clean_days: int
    stay_days: int


DEFAULTS: Mapping[int, Criteria] = {2: Criteria(10, 80, 14, 14), 3: Criteria(20, 80, 30, 30)}
LIMITS: Mapping[Measure, tuple[int, int]] = {
    Measure.PUBLISHED: (0, 1_000),
    Measure.FIRST_PASS: (0, 100),
    Measure.CLEAN_DAYS: (0, 365),
    Measure.STAY_DAYS: (1, 365),
}


@dataclass(frozen=True)
class Figures:
    """How an account did since it came to its stage. `breaches` may be of any time; the last one counts."""

    published: int = 0
    decided: int = 0
    first_pass: int = 0
    breaches: Sequence[datetime] = ()


@dataclass(frozen=True)
class Progress:
    """One criterion: what is reached of what is needed."""

    measure: Measure
    reached: int
    needed: int

    @property
    def is_met(self) -> bool:
        return self.reached >= self.needed


def progress(since: datetime, figures: Figures, criteria: Criteria, *, now: datetime) -> list[Progress]:
    """Each criterion of the next stage, for an account that is at its stage `since` then."""
    share = 100 * figures.first_pass // figures.decided if figures.decided else 0
    unbroken_since = max([since, *figures.breaches])
    return [
        Progress(Measure.PUBLISHED, figures.published, criteria.published),
        Progress(Measure.FIRST_PASS, share, criteria.first_pass),
        Progress(Measure.CLEAN_DAYS, _days(unbroken_since, now), criteria.clean_days),
        Progress(Measure.STAY_DAYS, _days(since, now), criteria.stay_days),
    ]


def _days(since: datetime, now: datetime) -> int:
    """Whole days of 24 hours."""
    return max((now - since).days, 0)


_MISSING: Mapping[Measure, str] = {
    Measure.PUBLISHED: "{reached} of {needed} posts published",
    Measure.FIRST_PASS: "{reached} of {needed} % approved at first pass",
    Measure.CLEAN_DAYS: "{reached} of {needed} days without a breach",
    Measure.STAY_DAYS: "{reached} of {needed} days at this stage",
}


def missing(every: Iterable[Progress]) -> list[str]:
    """What is not met yet, in words; empty when the next stage is earned."""
    return [_MISSING[p.measure].format(reached=p.reached, needed=p.needed) for p in every if not p.is_met]


def as_data(every: Iterable[Progress]) -> dict[str, Any]:
    """The figures as they were, to be kept with a step."""
    return {p.measure.value: {"reached": p.reached, "needed": p.needed} for p in every}


def criteria_as_data(wanted: Mapping[int, Criteria]) -> dict[str, Any]:
    return {str(stage): asdict(criteria) for stage, criteria in sorted(wanted.items())}


def criteria_from(data: Mapping[str, Any]) -> dict[int, Criteria]:
    """What a desk has set, over the defaults."""
    return {stage: Criteria(**data[str(stage)]) if str(stage) in data else d for stage, d in DEFAULTS.items()}


def problems_of(criteria: Criteria) -> dict[Measure, str]:
    """Measure → what is wrong with its number."""
    found: dict[Measure, str] = {}
    for measure, (least, most) in LIMITS.items():
        if not least <= getattr(criteria, measure.value) <= most:
            found[measure] = f"Write a whole number from {least} to {most}."
    return found
