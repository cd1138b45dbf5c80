"""Text as an eye reads it: look-alike letters, accents, widths and cases brought together.

With the way back to the characters that were typed.
"""

import unicodedata
from dataclasses import dataclass

_LOOK_ALIKE = str.maketrans(
    {
        **dict(zip("авезіјкмнорѕстухһԁԍԛԝӏ", "abe3ijkmhopsctyxhdgqwl", strict=True)),
        **dict(zip("αβεηικνορτυχϲıℓøđłħŧ", "abenikvoptuxcilodlht", strict=True)),
    }
)
"""Letters that look like a Latin one: Cyrillic, Greek, and Latin ones that Unicode does not take apart."""


@dataclass(frozen=True)
class Folded:
    """`text` for looking things up; `origin[n]` is where its character n stands in what was typed."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A stretch of `text` as a stretch of what was typed."""
        return self.origin[start], self.origin[end - 1] + 1


def fold(typed: str) -> Folded:
    """Compatibility forms, case, accents and look-alikes away. Invisible characters are left out."""
    if typed.isascii():
        return Folded(typed.lower(), tuple(range(len(typed))))
    text: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(typed):
        plain = _plain(character)
        text.append(plain)
        origin.extend([place] * len(plain))
    return Folded("".join(text), tuple(origin))


def _plain(character: str) -> str:
    if character.isascii():
        return character.lower()
    if unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return ""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
    bare = "".join(c for c in apart if unicodedata.category(c) != "Mn")
    return bare.translate(_LOOK_ALIKE)
