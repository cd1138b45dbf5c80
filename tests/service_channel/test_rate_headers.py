"""What is left of a network's limit is read from whichever headers it says it with."""

from datetime import UTC, datetime, timedelta

import pytest

from service_channel.rate_headers import Left, left_of

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
STAMP = str(int(SOON.timestamp()))


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (
            {"RateLimit-Limit": "3000", "RateLimit-Remaining": "2998", "RateLimit-Reset": STAMP},
            Left(2998, SOON, 3000),
        ),
        (
            {"ratelimit-limit": "100, 100;w=300", "ratelimit-remaining": "7", "ratelimit-reset": "300"},
            Left(7, SOON, 100),
        ),
        ({"RateLimit": "limit=100, remaining=50, reset=300"}, Left(50, SOON, 100)),
        ({"RateLimit": '"default";r=50;t=300'}, Left(50, SOON)),
        ({"RateLimit": '"burst";r=50;t=9, "day";r=3;t=300'}, Left(3, SOON)),
        (
            {
                "X-RateLimit-Limit": "300",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "2026-11-03T09:05:00.000000Z",
            },
            Left(0, SOON, 300),
        ),
        ({"x-rate-limit-remaining": "99", "x-rate-limit-reset": STAMP}, Left(99, SOON)),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": STAMP, "X-RateLimit-Reset-After": "1.5"},
            Left(0, NOW + timedelta(seconds=1.5)),
        ),
        (
            {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "Tue, 03 Nov 2026 09:05:00 GMT"},
            Left(4, SOON),
        ),
        (
            {"X-App-Usage": '{"call_count": 28, "total_time": 40, "total_cputime": 25}'},
            Left(60, NOW + timedelta(hours=1), 100),
        ),
        (
            {
                "X-Business-Use-Case-Usage": (
                    '{"17": [{"call_count": 100, "estimated_time_to_regain_access": 5}]}'
                )
            },
            Left(0, SOON, 100),
        ),
    ],
)
def test_each_way_of_saying_it_is_understood(headers: dict[str, str], found: Left) -> None:
    assert left_of(headers, now=NOW) == found


def test_the_tightest_of_several_limits_counts() -> None:
    day = str(int((NOW + timedelta(hours=9)).timestamp()))
    headers = {
        "x-rate-limit-remaining": "99", "x-rate-limit-reset": STAMP, "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": day, "x-user-limit-24hour-limit": "100",
    }  # fmt: skip
    assert left_of(headers, now=NOW) == Left(0, NOW + timedelta(hours=9), 100)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "7"},
        {"x-ratelimit-remaining": "5"},
        {"x-ratelimit-remaining": "-3", "x-ratelimit-reset": "60"},
        {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "soon"},
        {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "99999999999999999999"},
        {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "nan"},
        {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "inf"},
        {"x-ratelimit-remaining": "²", "x-ratelimit-reset": "60"},
        {"ratelimit": "r=9"},
        {"ratelimit": '"d";r=9;t=99999999999999999999999'},
        {"x-app-usage": "[1, 2]"},
        {"x-app-usage": '{"call_count": "many"}'},
        {"x-app-usage": "{"},
        {"x-app-usage": '{"call_count": Infinity}'},
    ],
)
def test_what_makes_no_sense_says_nothing(headers: dict[str, str]) -> None:
    assert left_of(headers, now=NOW) is None
