"""Structured logs: readable lines on a terminal, JSON for machines. Secrets and texts are never logged.

Every line of a request carries its `request_id`; every line about a publication carries `publication`, `account` and
`network` (`scheduler.observing`). What libraries say passes through the same formatter and the same scrubbing.
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO
from urllib.parse import unquote, urlsplit

import structlog
from structlog.types import EventDict, Processor

from content_library.settings import Settings

HIDDEN = "…"
_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_IN_AN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_OPENS = re.compile(r"(/(?:decisions|invitation|new-password|set-up)/)[\w~.-]{8,}")
QUIET = ("alembic", "apscheduler", "httpx")  # libraries that say every step
_LEAST = 8  # shorter values are words, which lines are full of


def set_up_logs(*, as_json: bool, settings: Settings | None = None, stream: TextIO | None = None) -> None:
    """Send every log line, ours and the libraries', through one formatter to `stream`, by default standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                Scrubbing(secrets_of(settings) if settings else ()),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("gunicorn.error", "gunicorn.access"):  # these come with handlers of their own
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [], True


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret of the configuration, whole, and the passwords inside its addresses."""
    provider = settings.open_id
    kept = [
        settings.secret_key, *settings.secret_key_fallbacks, *settings.vault_keys, settings.record_key,
        settings.metrics_token, provider.client_secret if provider else "",
    ]  # fmt: skip
    for address in (settings.smtp_url, settings.database_url):
        password = urlsplit(address).password or ""
        kept += [password, unquote(password)]
    return tuple(sorted({one for one in kept if len(one) >= _LEAST}, key=len, reverse=True))


class Scrubbing:
    """Takes secrets, mail addresses and links that open something out of every value of a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        return {name: self._clean(value) for name, value in line.items() if value is not None}

    def _clean(self, value: object) -> object:
        if isinstance(value, bool | int | float):
            return value
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _without_details(text)
        text = _IN_AN_ADDRESS.sub(HIDDEN, text)
        return _OPENS.sub(rf"\1{HIDDEN}", _MAIL.sub(HIDDEN, text))


def _without_details(text: str) -> str:
    """Databases repeat the values of a row in what they call details and parameters."""
    kept = [line for line in text.split("\n") if not line.lstrip().startswith(("DETAIL:", "[parameters:"))]
    return "\n".join(kept)
