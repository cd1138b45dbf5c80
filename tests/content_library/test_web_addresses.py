"""Which links and addresses are refused before anything leaves."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.web_addresses import FetchError, FetchErrorKind, FetchPolicy, is_public, parse_target

INSIDE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.8",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%1",
    "2600::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_that_leads_inside_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_an_address_on_the_open_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "link",
    [
        "",
        "example.org/feed",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http:///etc/passwd",
        "http:example.org",
        "javascript:alert(1)",
        "http://127.0.0.1\\@x/",
        "http://user@example.org/",
        "http://user:word@example.org/",
        "http://@example.org/",
        "http://example.org\r\nX-Injected: 1/",
        "http://exam\tple.org/",
        "http://example.org/\x00",
        "http://example.org/\u2028",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://example.org:99999/",
        "http://a..b:port/",
        "https://example.org/" + "a" * 5000,
    ],
)
def test_a_link_that_two_readers_could_read_differently_is_refused(link: str) -> None:
    with pytest.raises(FetchError) as refused:
        parse_target(link)
    assert refused.value.kind is FetchErrorKind.BAD_ADDRESS
    assert not refused.value.maybe_sent


def test_a_link_is_taken_apart_into_what_is_sent() -> None:
    target = parse_target(" https://Bücher.example:8443/straße?q=ä b#part ")
    assert (target.scheme, target.host, target.port) == ("https", "xn--bcher-kva.example", 8443)
    assert target.path == "/stra%C3%9Fe?q=%C3%A4%20b"
    assert "#" not in target.url


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "http://[", "//", "http://a@"]))
def test_whatever_is_typed_is_a_target_or_a_plain_refusal(text: str, start: str) -> None:
    try:
        target = parse_target(start + text)
    except FetchError as error:
        assert error.kind is FetchErrorKind.BAD_ADDRESS
    else:
        assert target.scheme in {"http", "https"}
        assert target.path.startswith(("/", "?"))


@pytest.mark.parametrize(
    ("allow", "host", "address", "port", "answer"),
    [
        ("", "a.example", "8.8.8.8", 443, True),
        ("", "a.example", "8.8.8.8", 22, False),
        ("", "a.example", "10.0.0.1", 80, False),
        ("a.example", "A.example.", "10.0.0.1", 80, True),
        ("a.example", "a.example", "10.0.0.1", 9000, False),
        ("a.example", "b.a.example", "10.0.0.1", 80, False),
        ("a.example:9000", "a.example", "10.0.0.1", 9000, True),
        ("a.example:9000", "a.example", "10.0.0.1", 80, False),
        ("a.example:*", "a.example", "10.0.0.1", 1, True),
        ("10.0.0.0/8", "a.example", "10.9.9.9", 80, True),
        ("10.0.0.0/8", "a.example", "11.9.9.9", 25, False),
        ("10.0.0.0/8:9000", "a.example", "10.9.9.9", 9000, True),
        ("127.0.0.1:9000", "localhost", "127.0.0.1", 9000, True),
        ("127.0.0.1:9000", "localhost", "::ffff:127.0.0.1", 9000, False),
        ("::1", "localhost", "::1", 80, True),
        ("[fd00::/8]:9000", "a.example", "fd00::1", 9000, True),
        ("[fd00::/8]:9000", "a.example", "fd00::1", 80, False),
    ],
)
def test_the_allow_list_opens_exactly_what_it_names(
    allow: str, host: str, address: str, port: int, answer: bool
) -> None:
    policy = FetchPolicy(allow=(allow,) if allow else ())
    assert policy.permits(host, ipaddress.ip_address(address), port) is answer


@pytest.mark.parametrize(
    "entry", ["", "a b:c:d", "10.0.0.0/33", "[fd00::/8", "a.example:0", "a.example:70000"]
)
def test_an_allow_list_entry_that_means_nothing_is_refused_at_start(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is not|neither|port"):
        FetchPolicy(allow=(entry,))
