"""Personal data in a text: addresses of mail, telephone numbers, cards, accounts, and shapes a customer has defined.

What is found is named by kind and place and never copied.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from stdnum import iban, luhn
from stdnum.exceptions import ValidationError

_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[a-z]{2,24}(?![\w-])", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_CARD_BEGINS = ("2", "3", "4", "5", "6")


class Kind(StrEnum):
    MAIL = "mail"
    PHONE = "phone"
    CARD = "card"
    BANK_ACCOUNT = "bank_account"
    PATTERN = "pattern"


@dataclass(frozen=True)
class Personal:
    kind: Kind
    start: int
    end: int
    name: str = ""


def personal_data(
    text: str,
    *,
    regions: Sequence[str] = (),
    patterns: Sequence[tuple[str, str]] = (),
    allowed: Sequence[str] = (),
) -> list[Personal]:
    """What stands in `text`, in order, one finding a place.

    `regions`: where numbers without a country code are read as telephone numbers (`DE`, `GB`). `patterns`: name and
    shape, `#` for a digit and `@` for a letter. `allowed`: addresses and numbers of the house itself.
    """
    ours = {_bare(each) for each in allowed}
    every = [*_cards(text), *_ibans(text), *_patterns(text, patterns), *_mails(text), *_phones(text, regions)]
    free: list[Personal] = []
    for each in every:  # what is surer comes first and keeps its place
        taken = any(each.start < other.end and other.start < each.end for other in free)
        if not taken and _bare(text[each.start : each.end]) not in ours:
            free.append(each)
    return sorted(free, key=lambda each: each.start)


def masked(text: str, *, regions: Sequence[str] = ()) -> str:
    """The text with dots where personal data stands."""
    for found in reversed(personal_data(text, regions=regions)):
        text = f"{text[: found.start]}•••{text[found.end :]}"
    return text


def shape(pattern: str) -> re.Pattern[str]:
    """`BH-######` as a pattern. Every other character stands for itself, so that none can run away."""
    return _shape(pattern)


@lru_cache(maxsize=256)
def _shape(pattern: str) -> re.Pattern[str]:
    meant = {"#": r"\d", "@": r"[^\W\d_]"}
    body = "".join(meant.get(c) or re.escape(c) for c in pattern)
    return re.compile(rf"(?<!\w){body}(?!\w)", re.IGNORECASE)


def _bare(text: str) -> str:
    return re.sub(r"[\s()./-]", "", text).casefold()


def _mails(text: str) -> Iterator[Personal]:
    for match in _MAIL.finditer(text):
        yield Personal(Kind.MAIL, *match.span())


def _phones(text: str, regions: Sequence[str]) -> Iterator[Personal]:
    """With a country code anywhere; without one as the regions of the desk write them."""
    for region in (None, *regions):
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            yield Personal(Kind.PHONE, match.start, match.end)


def _cards(text: str) -> Iterator[Personal]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        if digits.startswith(_CARD_BEGINS) and luhn.is_valid(digits) and len(set(digits)) > 1:
            yield Personal(Kind.CARD, *match.span())


def _ibans(text: str) -> Iterator[Personal]:
    for match in _IBAN.finditer(text):
        found = _valid_beginning(match[0])
        if found:
            yield Personal(Kind.BANK_ACCOUNT, match.start(), match.start() + len(found))


def _valid_beginning(text: str) -> str:
    """The part of `text` that is an account: capital letters behind it belong to the next word."""
    parts = text.split(" ")
    for count in range(len(parts), 0, -1):
        candidate = " ".join(parts[:count])
        try:
            iban.validate(candidate)
        except ValidationError:
            continue
        return candidate
    return ""


def _patterns(text: str, patterns: Sequence[tuple[str, str]]) -> Iterator[Personal]:
    for name, pattern in patterns:
        for match in shape(pattern).finditer(text):
            yield Personal(Kind.PATTERN, *match.span(), name)
