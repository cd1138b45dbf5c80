"""What can be read: every pair of colours that meets on a page, in both themes (WCAG 2.2, AA)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "app" / "static" / "src" / "tokens.css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")

STATES = ("draft", "review", "approved", "held", "failed")
GROUNDS = ("paper", "surface", "raised", "hover")

TEXT = [
    *((ink, ground) for ink in ("ink", "ink-strong", "ink-muted", "accent") for ground in GROUNDS),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    *((ink, "accent-soft") for ink in ("ink", "ink-strong", "accent", "ink-muted")),
    *((f"state-{state}", f"state-{state}-soft") for state in STATES),
    *((f"state-{state}", ground) for state in STATES for ground in GROUNDS),
    *(("ink", f"state-{state}-soft") for state in STATES),
    *(("ink-muted", f"state-{state}-soft") for state in STATES),
    ("preview-link", "raised"),
    ("ink-strong", "added"),
    ("ink-strong", "removed"),
]
EDGES = [
    *((edge, ground) for edge in ("line-strong", "focus") for ground in GROUNDS),
    ("preview-link", "ink-strong"),  # a link without an underline must differ from the words around it
]


def colours() -> dict[str, tuple[str, str]]:
    return {name: (light, dark) for name, light, dark in PAIR.findall(TOKENS.read_text())}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids=lambda name: str(name))
def test_words_can_be_read_on_their_ground(ink: str, ground: str, theme: int) -> None:
    named = colours()
    assert contrast(named[ink][theme], named[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES, ids=lambda name: str(name))
def test_edges_of_controls_and_focus_can_be_seen(edge: str, ground: str, theme: int) -> None:
    named = colours()
    assert contrast(named[edge][theme], named[ground][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_text_that_goes_out_has_the_strongest_contrast(theme: int) -> None:
    named = {name: pair[theme] for name, pair in colours().items()}
    outgoing = contrast(named["ink-strong"], named["raised"])
    assert all(outgoing > contrast(named["ink"], named[ground]) for ground in GROUNDS)


def test_in_the_light_theme_nothing_is_brighter_than_where_the_post_stands() -> None:
    named = {name: pair[0] for name, pair in colours().items()}
    assert all(luminance(named["raised"]) > luminance(named[g]) for g in GROUNDS if g != "raised")
