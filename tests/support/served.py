"""The application on a port of loopback, for a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@contextmanager
def served(app: Flask, *, port: int = 0) -> Iterator[str]:
    """Its address, until the end of the block. `port` 0: any."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sign_in(context: BrowserContext, client: FlaskClient, app: Flask, url: str) -> None:
    """Give a browser the session of a test client."""
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
