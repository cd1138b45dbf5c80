"""What becomes of a poll on each network: a poll where it has them, else its options as lines of the text. Pure.

A poll of a post is `{"options": […], "minutes": …}`. What a network gets may also have a `question`: the words above
the options, where the network wants some beside the text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import regex

from content_library.network_limits import LIMITS, PollLimits, find_links, utf16_length

FEWEST, MOST = 2, 4
USUAL_MINUTES = 1_440
DURATIONS: Mapping[int, str] = {
    60: "1 hour", 360: "6 hours", 720: "12 hours", 1_440: "1 day", 4_320: "3 days", 10_080: "7 days",
    20_160: "14 days",
}  # fmt: skip
_BETWEEN = regex.compile(r"(?<=[.!?？؟])\s+|\n+")
_ENDS = ("?", "？", "؟")
_LETTERS = "ABCDEFGHIJ"

Poll = Mapping[str, Any]


def poll_on(network: str, poll: Poll, text: str, *, has_pictures: bool) -> dict[str, Any] | None:
    """The poll as this network gets it beside `text`; None where the options go out as lines of the text."""
    limits = LIMITS[network].polls
    if limits is None or why_as_lines(network, text, has_pictures=has_pictures):
        return None
    made = {"options": list(poll["options"]), "minutes": poll["minutes"]}
    return made if limits.question is None else {**made, "question": question_in(text, limits.question)}


def why_as_lines(network: str, text: str, *, has_pictures: bool) -> str:
    """Why the options go out as lines on this network, in the middle of a sentence; "" where they are a poll."""
    limits = LIMITS[network].polls
    if limits is None:
        return "no polls there"
    if has_pictures and not limits.with_pictures:
        return "pictures or a poll, not both"
    if limits.text is not None and utf16_length(text) > limits.text:
        return f"a poll only with a text of up to {limits.text:,} characters"
    if limits.question is not None and not question_in(text, limits.question):
        return f"a poll only with a question of up to {limits.question} characters in the text"
    return ""


def with_lines(text: str, options: Sequence[str]) -> str:
    """The text with the options below it, each with a letter that readers can answer with."""
    lines = "\n".join(f"{letter}) {option}" for letter, option in zip(_LETTERS, options, strict=False))
    return f"{text}\n\n{lines}" if text else lines


def question_in(text: str, longest: int) -> str:
    """The last question of a text, else the whole text where it is one short line; "" where neither fits.

    A link above options would lead nowhere, so nothing with one counts.
    """
    asked = [said.strip() for said in _BETWEEN.split(text) if said.endswith(_ENDS)]
    whole = [text] if "\n" not in text else []
    return next((said for said in [*reversed(asked), *whole] if _fits(said, longest)), "")


def _fits(said: str, longest: int) -> bool:
    return bool(said) and utf16_length(said) <= longest and not find_links(said)


def problems(poll: Poll, polls: Mapping[str, PollLimits]) -> dict[str, str]:
    """Field → what to do about it: `poll_1` and so on for the options, `poll_minutes`. `polls` by network's name.

    Of several networks the strictest speaks, so that one change satisfies all.
    """
    options = poll["options"]
    found = _same(options)
    if len(options) < FEWEST:
        found[f"poll_{len(options) + 1}"] = (
            "A poll needs at least two options. Write another one, or empty this one."
        )
    for name, limits in sorted(polls.items(), key=lambda known: known[1].option_length):
        found = {**_too_long(name, limits, options), **_duration(name, limits, poll["minutes"]), **found}
    return found


def _same(options: Sequence[str]) -> dict[str, str]:
    folded = [option.casefold() for option in options]
    twice = [n for n, option in enumerate(folded, start=1) if option in folded[: n - 1]]
    return {f"poll_{n}": "This option is there already. Write another one." for n in twice}


def _too_long(name: str, limits: PollLimits, options: Sequence[str]) -> dict[str, str]:
    return {
        f"poll_{n}": f"{name} takes {limits.option_length} characters in an option and this has {used}. Shorten it."
        for n, option in enumerate(options, start=1)
        if (used := utf16_length(option)) > limits.option_length
    }


def _duration(name: str, limits: PollLimits, minutes: int) -> dict[str, str]:
    if limits.most_minutes is None or limits.least_minutes <= minutes <= limits.most_minutes:
        return {}
    return {
        "poll_minutes": f"{name} keeps a poll open for {duration(limits.most_minutes)} at most. Choose less."
    }


def duration(minutes: int) -> str:
    """As a person says it."""
    if minutes in DURATIONS:
        return DURATIONS[minutes]
    return f"{minutes // 1_440} days" if minutes >= 2_880 else f"{minutes} minutes"
