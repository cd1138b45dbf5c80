"""Counting what the web answers, and setting up where this process's figures go."""

import time

from flask import Flask, Response, current_app, g, request

from app.metrics import Figures, shared
from content_library import meters
from content_library.settings import Settings


def count_for_all(settings: Settings) -> Figures:
    """The figures of a process of an installation: shared with its other processes, and fed by all packages."""
    figures = shared(settings.metrics_folder)
    meters.to(figures)
    return figures


def count_requests(app: Flask, made: Figures) -> None:
    """Count every answer by its endpoint; addresses that do not exist are one."""
    app.extensions["deskcast.figures"] = made
    app.after_request(_count)


def figures() -> Figures:
    """Where this process counts."""
    found: Figures = current_app.extensions["deskcast.figures"]
    return found


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    figures().add("http", (endpoint, str(response.status_code)), 1)
    figures().observe("http_took", (endpoint,), time.monotonic() - g.began)
    return response
