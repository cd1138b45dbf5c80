"""Amounts of money and reductions: every price is a promise."""

import regex

_CURRENCY = r"(?:[€$£¥₹]|\b(?:EUR|USD|GBP|CHF|JPY|INR|SEK|NOK|DKK|PLN|CZK)\b)"
_AMOUNT = r"\d{1,3}(?:[.,\u00a0\u202f' ]\d{3})*(?:[.,]\d{1,2}|[.,]-)?|\d+(?:[.,]\d{1,2})?"
_PRICE = regex.compile(
    rf"{_CURRENCY}\s?(?:{_AMOUNT})|(?<![\p{{L}}\p{{N}}])(?:{_AMOUNT})\s?{_CURRENCY}"
    rf"|(?<![\p{{L}}\p{{N}}])\d{{1,3}}\s?(?:%|percent|per cent|Prozent)\s+(?:off|less|cheaper|discount|Rabatt)\b"
    rf"|[-−]\s?\d{{1,3}}\s?%",
    regex.IGNORECASE,
)


def find_prices(text: str) -> list[tuple[int, int]]:
    """Where an amount with its currency, or a reduction in percent, stands."""
    return [match.span() for match in _PRICE.finditer(text)]
