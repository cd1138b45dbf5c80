"""Addresses of pictures for networks: one picture, a few hours, and only where we are on the public web."""

from datetime import UTC, datetime, timedelta

import pytest

from content_library import media_links

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SHA = "a" * 64


def parts(address: str) -> tuple[str, int, str]:
    sha, until, signature = address.split("/")[-3:]
    return sha, int(until), signature


def test_an_address_we_gave_out_is_good_until_it_is_over() -> None:
    sha, until, signature = parts(media_links.address("https://desk.example", "key", SHA, now=NOW))
    assert sha == SHA
    assert media_links.is_good("key", sha, until, signature, now=NOW)
    just_before = NOW + media_links.LASTS - timedelta(seconds=1)
    assert media_links.is_good("key", sha, until, signature, now=just_before)
    assert not media_links.is_good("key", sha, until, signature, now=NOW + media_links.LASTS)


@pytest.mark.parametrize("change", ["sha", "until", "signature", "key"])
def test_whatever_is_changed_in_it_it_is_no_address_of_ours(change: str) -> None:
    sha, until, signature = parts(media_links.address("https://desk.example", "key", SHA, now=NOW))
    key = "key"
    if change == "sha":
        sha = "b" * 64
    if change == "until":
        until += 1
    if change == "signature":
        signature = "0" * 64
    if change == "key":
        key = "other"
    assert not media_links.is_good(key, sha, until, signature, now=NOW)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://desk.example", "https://localhost", "https://desk"]
)
def test_where_no_network_can_fetch_there_is_no_address(url: str) -> None:
    assert media_links.address(url, "key", SHA, now=NOW) == ""
