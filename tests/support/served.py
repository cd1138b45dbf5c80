"""The application on a port of loopback, for a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@contextmanager
def served(app: Flask, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Its address, until the end of the block. `port` 0: any."""
    server = make_server(host, port, _closing(app), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _closing(app: Flask) -> Any:
    """`app`, whose answers are closed also when the browser left in the middle: the server forgets to where reading
    what is left of the request fails, and a file that nobody closed fails whichever test runs then."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        parts = app(environ, start_response)
        try:
            yield from parts
        finally:
            if hasattr(parts, "close"):
                parts.close()

    return answer


def sign_in(context: BrowserContext, client: FlaskClient, app: Flask, url: str) -> None:
    """Give a browser the session of a test client."""
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
