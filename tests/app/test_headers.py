"""What every answer tells the browser, and where changing requests may come from."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from content_library.database import Database
from content_library.settings import load

HTTPS = "https://desk.example.org"
HTTP = "http://desk.example.org"
OURS = {"Origin": HTTPS, "Sec-Fetch-Site": "same-origin"}

Visit = Callable[[str], FlaskClient]


@pytest.fixture
def visit(database: Database, tmp_path: Path) -> Visit:
    """A browser of an installation with that public address."""

    def client(public_url: str) -> FlaskClient:
        settings = load(
            {
                "DESKCAST_DATA": str(tmp_path),
                "DESKCAST_DATABASE_URL": database.url,
                "DESKCAST_PUBLIC_URL": public_url,
            }
        )
        client = create_app(settings, database).test_client()
        client.environ_base["HTTP_HOST"] = "desk.example.org"
        return client

    return client


def token_of(client: FlaskClient) -> str:
    page = client.get("/sign-in", base_url=HTTPS).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", ["/healthz", "/p/nobody", "/no/such/page"])
def test_every_answer_allows_only_what_is_ours(visit: Visit, path: str):
    headers = visit(HTTPS).get(path).headers
    policy = headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
    ):
        assert f"{rule};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_what_is_not_public_is_kept_nowhere(visit: Visit):
    assert visit(HTTPS).get("/no/such/page").headers["Cache-Control"] == "no-store"


def test_a_browser_is_told_to_stay_with_https_only_where_there_is_https(visit: Visit):
    assert "Strict-Transport-Security" in visit(HTTPS).get("/healthz").headers
    assert "Strict-Transport-Security" not in visit(HTTP).get("/healthz").headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "https://desk.example.org.elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_changing_request_from_elsewhere_is_refused(visit: Visit, headers: dict[str, str]):
    client = visit(HTTPS)
    sent = {"csrf_token": token_of(client)}
    assert client.post("/sign-out", base_url=HTTPS, data=sent, headers=headers).status_code == 403
    assert client.post("/sign-out", base_url=HTTPS, data=sent, headers=OURS).status_code == 303


def test_a_changing_request_without_the_token_of_a_form_is_refused(visit: Visit):
    answer = visit(HTTPS).post("/sign-out", headers=OURS)
    assert answer.status_code == 400
    assert b"fresh page" in answer.data


def test_a_host_name_that_is_not_ours_is_refused(visit: Visit):
    assert visit(HTTPS).get("/sign-in", headers={"Host": "elsewhere.example"}).status_code == 400
    assert visit(HTTPS).get("/sign-in").status_code == 200


def test_cookies_are_bound_to_the_host_where_there_is_https(visit: Visit):
    client = visit(HTTPS)
    cookie = client.get("/sign-in", base_url=HTTPS).headers["Set-Cookie"]
    assert cookie.startswith("__Host-deskcast_visit=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert client.application.config["SIGN_IN_COOKIE"].startswith("__Host-")


def test_cookies_work_without_https_on_a_network_of_ones_own(visit: Visit):
    cookie = visit(HTTP).get("/sign-in", base_url=HTTP).headers["Set-Cookie"]
    assert cookie.startswith("deskcast_visit=")
    assert "Secure" not in cookie
