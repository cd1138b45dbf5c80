"""The one fetcher against real servers on loopback, friendly and hostile."""

import contextlib
import gzip
import hashlib
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_library.web_fetch import (
    Fetcher,
    FetchError,
    FetchErrorKind,
    FetchPolicy,
    httpx_transport,
    requests_adapter,
)

pytestmark = pytest.mark.network

Script = Callable[[socket.socket], None]


class Page(BaseHTTPRequestHandler):
    """A small polite site; `seen` keeps the requests that arrived."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        name = self.path.strip("/").split("/")[0].split("?")[0].replace("-", "_")
        getattr(self, f"page_{name}", self.page_missing)()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def page_feed(self) -> None:
        if self.headers.get("If-None-Match") == 'W/"a\\b"':
            return self.answer(304, ETag='W/"a\\b"')
        return self.answer(
            200, b"<rss/>", ETag='W/"a\\b"', Last_Modified="yesterday, really", Content_Type="text/xml"
        )

    def page_missing(self) -> None:
        self.answer(404, b"no such page")

    def page_moved(self) -> None:
        self.answer(301, Location="/moved-again")

    def page_moved_again(self) -> None:
        self.answer(308, Location="elsewhere")

    def page_elsewhere(self) -> None:
        self.answer(302, Location="/feed")

    def page_loop(self) -> None:
        count = int(self.path.rpartition("/")[2])
        if count == 0:
            return self.answer(200, b"arrived")
        return self.answer(302, Location=f"/loop/{count - 1}")

    def page_to(self) -> None:
        self.answer(302, Location=requests.utils.unquote(self.path.partition("?")[2]))

    def page_packed(self) -> None:
        self.answer(200, gzip.compress(b"plain words"), Content_Encoding="gzip")

    def page_bomb(self) -> None:
        self.answer(200, BOMB, Content_Encoding="gzip")

    def page_double_bomb(self) -> None:
        self.answer(200, gzip.compress(BOMB), Content_Encoding="gzip, gzip")

    def page_broken_gzip(self) -> None:
        self.answer(200, b"this is not gzip", Content_Encoding="gzip")

    def page_busy(self) -> None:
        self.answer(429, Retry_After="120")

    def page_busy_until(self) -> None:
        self.answer(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")

    def page_no_head(self) -> None:
        self.answer(405 if self.command == "HEAD" else 200, b"here")

    def page_guarded(self) -> None:
        self.answer(403)

    def page_huge_link(self) -> None:
        self.answer(501 if self.command == "HEAD" else 200, b"x" * 6_000_000)

    def page_echo(self) -> None:
        self.answer(201, self.seen[-1][3], Content_Type="application/json")

    def log_message(self, *_: object) -> None:
        """Quiet."""


BOMB = gzip.compress(bytes(40_000_000))


class Site:
    def __init__(
        self, server: ThreadingHTTPServer, seen: list[tuple[str, str, dict[str, str], bytes]]
    ) -> None:
        self.port = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = seen


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A fetcher that hangs up in the middle is what many of these tests are about."""


@pytest.fixture
def site() -> Iterator[Site]:
    handler = type("SeenPage", (Page,), {"seen": []})
    server = QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Site(server, handler.seen)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def fetcher(site: Site) -> Iterator[Fetcher]:
    with Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as ready:
        yield ready


@contextlib.contextmanager
def scripted(*scripts: Script) -> Iterator[int]:
    """A server that plays one script for each connection, in order; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in scripts:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                script(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(timeout=5)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(4096)
        if not part:
            return data
        data += part
    return data


def drip(text: bytes) -> Script:
    def play(connection: socket.socket) -> None:
        read_request(connection)
        for position in range(len(text)):
            connection.sendall(text[position : position + 1])
            time.sleep(0.05)

    return play


def say(text: bytes) -> Script:
    def play(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(text)

    return play


def kind_of(fetcher: Fetcher, url: str, **options: float) -> FetchErrorKind:
    with pytest.raises(FetchError) as refused:
        fetcher.get(url, **options)  # type: ignore[arg-type]
    assert refused.value.message.endswith(".")
    return refused.value.kind


# --- what a friendly site gets ------------------------------------------------------------------------


def test_a_page_comes_back_with_its_body_hash_and_validators(site: Site, fetcher: Fetcher) -> None:
    page = fetcher.get(f"{site.url}/feed")
    assert (page.status, page.body, page.content_type) == (200, b"<rss/>", "text/xml")
    assert page.body_sha256 == hashlib.sha256(b"<rss/>").hexdigest()
    assert page.headers["last-modified"] == "yesterday, really"
    assert not page.not_modified and page.permanent_redirect is None and page.retry_after_s is None


def test_validators_go_back_exactly_as_they_came(site: Site, fetcher: Fetcher) -> None:
    first = fetcher.get(f"{site.url}/feed")
    second = fetcher.get(f"{site.url}/feed", etag=first.etag, last_modified=first.last_modified)
    assert second.not_modified and second.body == b""
    sent = site.seen[-1][2]
    assert sent["if-none-match"] == 'W/"a\\b"'
    assert sent["if-modified-since"] == "yesterday, really"


def test_a_validator_with_a_line_break_is_not_sent(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{site.url}/feed", etag='"a"\r\nX-Injected: 1').status == 200
    assert "if-none-match" not in site.seen[-1][2]


def test_a_packed_answer_is_unpacked(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{site.url}/packed").body == b"plain words"


def test_the_permanent_redirect_is_the_last_of_the_permanent_ones_at_the_start(
    site: Site, fetcher: Fetcher
) -> None:
    page = fetcher.get(f"{site.url}/moved")
    assert page.final_url == f"{site.url}/feed"
    assert page.permanent_redirect == f"{site.url}/elsewhere"


def test_five_redirects_are_followed_and_a_sixth_is_not(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{site.url}/loop/5").body == b"arrived"
    assert kind_of(fetcher, f"{site.url}/loop/6") is FetchErrorKind.TOO_MANY_REDIRECTS


def test_a_wait_asked_for_in_seconds_or_as_a_date_is_read(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{site.url}/busy").retry_after_s == 120
    until = fetcher.get(f"{site.url}/busy-until").retry_after_s
    assert until is not None and until > timedelta(days=365).total_seconds()


def test_an_error_page_is_an_answer_and_not_an_exception(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{site.url}/nowhere").status == 404


def test_no_proxy_is_taken_from_the_environment(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetcher.get(f"{site.url}/feed").status == 200


def test_many_threads_share_one_fetcher_and_a_request_costs_few_milliseconds_of_work(
    site: Site, fetcher: Fetcher
) -> None:
    work_before = time.process_time()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: fetcher.get(f"{site.url}/feed").status, range(300)))
    assert pages == [200] * 300
    assert (time.process_time() - work_before) / 300 < 0.005  # the server's work included


def test_a_kept_connection_that_died_is_replaced_without_a_word(site: Site) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def then_hang_up_on_the_next_request(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(page)
        read_request(connection)

    with (
        scripted(then_hang_up_on_the_next_request, say(page)) as port,
        Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher,
    ):
        assert fetcher.get(f"http://127.0.0.1:{port}/").body == b"ok"
        assert fetcher.get(f"http://127.0.0.1:{port}/").body == b"ok"


# --- where it does not go -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fec0::1]",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.1.1",
    ],
)
def test_no_spelling_of_an_inside_address_is_fetched(host: str) -> None:
    with Fetcher(FetchPolicy()) as fetcher, pytest.raises(FetchError) as refused:
        fetcher.get(f"http://{host}/")
    assert refused.value.kind is FetchErrorKind.REFUSED_ADDRESS
    assert not refused.value.maybe_sent


def test_a_port_that_is_not_the_webs_is_refused() -> None:
    with Fetcher(FetchPolicy()) as fetcher:
        assert kind_of(fetcher, "http://8.8.8.8:25/") is FetchErrorKind.REFUSED_ADDRESS


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://169.254.169.254/latest/meta-data/", FetchErrorKind.REFUSED_ADDRESS),
        ("http://[::1]/", FetchErrorKind.REFUSED_ADDRESS),
        ("//10.0.0.1/", FetchErrorKind.REFUSED_ADDRESS),
        ("http://8.8.8.8:22/", FetchErrorKind.REFUSED_ADDRESS),
        ("file:///etc/passwd", FetchErrorKind.BAD_ADDRESS),
        ("http://127.0.0.1\\@x/", FetchErrorKind.BAD_ADDRESS),
        ("http://user@example.org/", FetchErrorKind.BAD_ADDRESS),
        ("http://[broken/", FetchErrorKind.BAD_ADDRESS),
    ],
)
def test_every_redirect_is_checked_again(site: Site, location: str, kind: FetchErrorKind) -> None:
    with Fetcher(FetchPolicy(allow=(f"127.0.0.1:{site.port}",))) as fetcher:
        assert kind_of(fetcher, f"{site.url}/to?{location}") is kind


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_checked_address(site: Site) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    policy = FetchPolicy(allow=(f"127.0.0.1:{site.port}",))
    with Fetcher(policy, resolve=rebinding) as fetcher:
        assert fetcher.get(f"http://news.example:{site.port}/feed").status == 200
    assert asked == ["news.example"]
    assert site.seen[-1][2]["host"] == f"news.example:{site.port}"


def test_one_inside_address_among_many_refuses_the_host() -> None:
    with Fetcher(FetchPolicy(), resolve=lambda *_: ["8.8.8.8", "10.0.0.1"]) as fetcher:
        assert kind_of(fetcher, "http://news.example/") is FetchErrorKind.REFUSED_ADDRESS


def test_a_name_that_is_not_known_says_so() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with Fetcher(FetchPolicy(), resolve=unknown) as fetcher:
        assert kind_of(fetcher, "http://nowhere.example/") is FetchErrorKind.DNS


def test_a_resolver_that_hangs_ends_with_the_deadline() -> None:
    released = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        released.wait(10)
        return ["8.8.8.8"]

    started = time.monotonic()
    with Fetcher(FetchPolicy(), resolve=hanging) as fetcher:
        assert kind_of(fetcher, "http://slow.example/", deadline_s=0.3) is FetchErrorKind.TIMEOUT
    released.set()
    assert time.monotonic() - started < 2


def test_a_closed_port_cannot_be_reached_and_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher, pytest.raises(FetchError) as refused:
        fetcher.get(f"http://127.0.0.1:{port}/")
    assert refused.value.kind is FetchErrorKind.CONNECT
    assert not refused.value.maybe_sent


# --- hostile answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["bomb", "double-bomb"])
def test_a_packed_bomb_is_stopped_while_it_unpacks(site: Site, fetcher: Fetcher, page: str) -> None:
    started = time.monotonic()
    assert kind_of(fetcher, f"{site.url}/{page}") is FetchErrorKind.TOO_LARGE
    assert time.monotonic() - started < 2


def test_a_broken_packing_is_a_protocol_error(site: Site, fetcher: Fetcher) -> None:
    assert kind_of(fetcher, f"{site.url}/broken-gzip") is FetchErrorKind.PROTOCOL


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 4000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b"a" * 4000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 700,
    ],
    ids=["headers", "body", "chunks"],
)
def test_a_slow_drip_ends_with_the_total_deadline(text: bytes) -> None:
    started = time.monotonic()
    with scripted(drip(text)) as port, Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher:
        kind = kind_of(fetcher, f"http://127.0.0.1:{port}/", deadline_s=0.8)
    assert kind is FetchErrorKind.TIMEOUT
    assert 0.7 < time.monotonic() - started < 3


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_proper_http_says_so_and_may_have_been_sent(text: bytes) -> None:
    with (
        scripted(say(text)) as port,
        Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher,
        pytest.raises(FetchError) as refused,
    ):
        fetcher.get(f"http://127.0.0.1:{port}/", deadline_s=5)
    assert refused.value.kind is FetchErrorKind.PROTOCOL
    assert refused.value.maybe_sent


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: "]),
    rest=st.binary(max_size=80),
    encoding=st.sampled_from([b"", b"Content-Encoding: gzip\r\n\r\n", b"Content-Encoding: zstd\r\n\r\n"]),
)
def test_whatever_a_server_says_is_an_answer_or_a_fetch_error(
    head: bytes, rest: bytes, encoding: bytes
) -> None:
    with (
        scripted(say(head + encoding + rest)) as port,
        Fetcher(FetchPolicy(allow=(f"127.0.0.1:{port}",))) as fetcher,
        contextlib.suppress(FetchError),
    ):
        fetcher.get(f"http://127.0.0.1:{port}/", deadline_s=1)


# --- TLS ----------------------------------------------------------------------------------------------


def make_certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def over_tls(path: Path, names: list[str | None], script: Script) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def play(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            script(secure)

    return play


def test_over_tls_the_name_is_still_the_sites_although_the_connection_goes_to_the_address(
    tmp_path: Path,
) -> None:
    path, names = make_certificate(tmp_path, "news.example"), []
    script = over_tls(path, names, say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    with scripted(script) as port:
        policy = FetchPolicy(allow=(f"news.example:{port}",), ca_file=path)
        with Fetcher(policy, resolve=lambda *_: ["127.0.0.1"]) as fetcher:
            assert fetcher.get(f"https://news.example:{port}/").body == b"ok"
    assert names == ["news.example"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_for_another_name_or_from_nobody_is_refused(tmp_path: Path, trusted: bool) -> None:
    path = make_certificate(tmp_path, "other.example" if trusted else "news.example")
    with scripted(over_tls(path, [], say(b""))) as port:
        policy = FetchPolicy(allow=(f"news.example:{port}",), ca_file=path if trusted else None)
        with (
            Fetcher(policy, resolve=lambda *_: ["127.0.0.1"]) as fetcher,
            pytest.raises(FetchError) as refused,
        ):
            fetcher.get(f"https://news.example:{port}/")
    assert refused.value.kind is FetchErrorKind.TLS
    assert not refused.value.maybe_sent


def test_a_slow_drip_over_tls_ends_with_the_deadline_too(tmp_path: Path) -> None:
    path = make_certificate(tmp_path, "news.example")
    started = time.monotonic()
    with scripted(over_tls(path, [], drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 4000))) as port:
        policy = FetchPolicy(allow=(f"news.example:{port}",), ca_file=path)
        with Fetcher(policy, resolve=lambda *_: ["127.0.0.1"]) as fetcher:
            assert kind_of(fetcher, f"https://news.example:{port}/", deadline_s=0.8) is FetchErrorKind.TIMEOUT
    assert time.monotonic() - started < 3


def test_a_host_that_never_finishes_the_handshake_ends_with_the_deadline() -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(10)
        time.sleep(1.5)

    with scripted(silent) as port, Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher:
        assert kind_of(fetcher, f"https://127.0.0.1:{port}/", deadline_s=0.5) is FetchErrorKind.TIMEOUT


# --- link checks --------------------------------------------------------------------------------------


def test_a_link_check_asks_with_head_and_follows(site: Site, fetcher: Fetcher) -> None:
    result = fetcher.check_link(f"{site.url}/moved")
    assert (result.ok, result.status, result.final_url) == (True, 200, f"{site.url}/feed")
    assert {request[0] for request in site.seen} == {"HEAD"}


def test_a_site_that_does_not_know_head_is_asked_with_get(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.check_link(f"{site.url}/no-head").ok
    assert fetcher.check_link(f"{site.url}/huge-link").ok


def test_a_dead_link_says_what_to_do(site: Site, fetcher: Fetcher) -> None:
    result = fetcher.check_link(f"{site.url}/nowhere")
    assert (result.ok, result.status) == (False, 404)
    assert result.error == "The page is gone (the site answers 404). Put in another link."
    assert not fetcher.check_link("http://user@example.org/").ok


def test_a_site_that_turns_programs_away_is_not_called_dead(site: Site, fetcher: Fetcher) -> None:
    result = fetcher.check_link(f"{site.url}/guarded")
    assert result.ok and result.error is not None and "403" in result.error


# --- the same checks for other clients ----------------------------------------------------------------


def test_httpx_goes_over_the_checked_wire(site: Site) -> None:
    policy = FetchPolicy(allow=(f"127.0.0.1:{site.port}",))
    with httpx.Client(transport=httpx_transport(policy), follow_redirects=True) as client:
        assert client.get(f"{site.url}/packed").text == "plain words"
        assert client.get(f"{site.url}/moved").text == "<rss/>"
        posted = client.post(f"{site.url}/echo", json={"text": "hé"}, headers={"X-Key": "1"})
        assert (posted.status_code, posted.json()) == (201, {"text": "hé"})
        assert site.seen[-1][2]["x-key"] == "1"
        with pytest.raises(httpx.ConnectError, match="private network"):
            client.get(f"{site.url}/to?http://169.254.169.254/")


def test_requests_goes_over_the_checked_wire(site: Site) -> None:
    policy = FetchPolicy(allow=(f"127.0.0.1:{site.port}",))
    with requests.Session() as session:
        session.mount("http://", requests_adapter(policy))
        session.mount("https://", requests_adapter(policy))
        assert session.get(f"{site.url}/packed").text == "plain words"
        assert session.get(f"{site.url}/moved").text == "<rss/>"
        posted = session.post(f"{site.url}/echo", data={"text": "hé"})
        assert (posted.status_code, posted.text) == (201, "text=h%C3%A9")
        with pytest.raises(requests.ConnectionError, match="private network"):
            session.get(f"{site.url}/to?http://169.254.169.254/")
        with pytest.raises(requests.exceptions.InvalidURL):
            session.get(f"{site.url}/to?http://a:b@example.org/")


def test_what_is_posted_is_never_sent_twice() -> None:
    received: list[bytes] = []

    def take_and_hang_up(connection: socket.socket) -> None:
        received.append(read_request(connection))

    def answer_once(connection: socket.socket) -> None:
        received.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with scripted(answer_once, take_and_hang_up, take_and_hang_up) as port:
        policy = FetchPolicy(allow=("127.0.0.1:*",))
        with httpx.Client(transport=httpx_transport(policy)) as client:
            client.post(f"http://127.0.0.1:{port}/")
            with pytest.raises(httpx.RemoteProtocolError):
                client.post(f"http://127.0.0.1:{port}/")
            assert len(received) == 2
            assert b"Connection: close" in received[1]


def test_every_post_gets_a_connection_of_its_own() -> None:
    def answer_and_stay(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.recv(1)  # until the client hangs up, or sends the next one here

    with scripted(answer_and_stay, answer_and_stay) as port:
        policy = FetchPolicy(allow=("127.0.0.1:*",))
        with httpx.Client(transport=httpx_transport(policy)) as client:
            assert client.post(f"http://127.0.0.1:{port}/").status_code == 200
            assert client.post(f"http://127.0.0.1:{port}/").status_code == 200


def test_a_client_can_tell_not_sent_from_perhaps_sent(site: Site) -> None:
    def take_and_wait(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(1)

    with scripted(take_and_wait) as port:
        transport = httpx_transport(FetchPolicy(allow=(f"127.0.0.1:{port}",)), deadline_s=0.3)
        with httpx.Client(transport=transport) as client, pytest.raises(httpx.ReadTimeout):
            client.post(f"http://127.0.0.1:{port}/")
    transport = httpx_transport(FetchPolicy(), deadline_s=0.3, resolve=lambda *_: time.sleep(1) or [])
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectTimeout):
        client.post("http://slow.example/")


def test_a_raw_deflate_answer_is_unpacked_as_well(site: Site, fetcher: Fetcher) -> None:
    packed = zlib.compress(b"deflated")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with scripted(say(head + packed)) as port:
        assert fetcher.get(f"http://127.0.0.1:{port}/").body == b"deflated"
