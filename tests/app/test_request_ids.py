"""Each request has an id of its own: said in the answer and on error pages, and believed only from our own proxies."""

import re

import pytest

from app import create_app
from content_library.settings import load
from tests.app.house import database, house, settings_for, text_of

__all__ = ["database", "house"]
MADE = re.compile(r"[0-9a-f]{16}")


def test_every_answer_carries_one_of_its_own(house):
    client = house.client()
    first, second = (client.get("/healthz").headers["X-Request-ID"] for _ in range(2))
    assert MADE.fullmatch(first) and MADE.fullmatch(second) and first != second
    with client.get("/static/src/tokens.css") as asset:
        assert MADE.fullmatch(asset.headers["X-Request-ID"])


def test_one_that_anybody_sends_is_not_taken_over(house):
    answer = house.client().get("/healthz", headers={"X-Request-ID": "chosen-by-a-stranger"})
    assert MADE.fullmatch(answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "said", "believed"),
    [
        ("1", "203.0.113.9", "edge-0123456789", True),
        ("2", "203.0.113.9, 10.0.0.2", "edge-0123456789", True),
        ("2", "203.0.113.9", "edge-0123456789", False),
        ("1", "", "edge-0123456789", False),
        ("1", "203.0.113.9", "short", False),
        ("1", "203.0.113.9", "a b c d e f g h<script>", False),
    ],
)
def test_one_of_a_trusted_proxy_is_taken_over_when_it_is_one(
    database, tmp_path, proxies, forwarded, said, believed
):
    app = create_app(settings_for(tmp_path, DESKCAST_PROXIES=proxies), database)
    headers = {"X-Request-ID": said, **({"X-Forwarded-For": forwarded} if forwarded else {})}
    answer = app.test_client().get("/healthz", headers=headers)
    assert (answer.headers["X-Request-ID"] == said) is believed


def test_error_pages_say_it(house):
    answer = house.client("sam").get("/nowhere")
    assert answer.status_code == 404
    assert f"request {answer.headers['X-Request-ID']}" in text_of(answer)
    as_json = house.client("sam").get("/nowhere", headers={"Accept": "application/json"})
    assert as_json.json["request_id"] == as_json.headers["X-Request-ID"]


def test_a_crash_says_it_too(tmp_path):
    """Also where the database is away before any view is reached."""
    app = create_app(
        load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": f"sqlite:///{tmp_path}/no/d.db"})
    )
    answer = app.test_client().get("/p/brindlemoor")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in text_of(answer)
