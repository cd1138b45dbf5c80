"""Each refusal becomes one kind of answer, in words, here and nowhere else."""

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from app.forms import wants_json
from app.own_pages import page_before
from app.request_ids import request_id
from content_library.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Refusal,
    TransitionNotAllowed,
)

STATUS: dict[type[Refusal], tuple[int, str]] = {
    PermissionDenied: (403, "That is not yours to do"),
    NotFound: (404, "Not found"),
    TransitionNotAllowed: (409, "This has moved on"),
    Conflict: (409, "Somebody else was here"),
    InvalidInput: (422, "Something needs another look"),
}

SENTENCES = {
    400: "The request could not be read. Go back, reload the page and try again.",
    401: "Sign in first.",
    403: "This is not open to you.",
    404: "There is nothing at this address. It may have moved, or belong to another desk.",
    405: "This address does not do that. Go back and use the page’s own buttons.",
    413: "That is too large. Files may have up to 20 MB.",
    429: "Too many tries. Wait a minute and try again.",
}


def answer_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crash)


def _refusal(refusal: Refusal) -> tuple[str | Response, int]:
    status, title = next((v for t, v in STATUS.items() if isinstance(refusal, t)), (422, "Not done"))
    fields = getattr(refusal, "fields", {})
    return _page(status, title, refusal.message, fields=fields)


def _csrf(_error: CSRFError) -> tuple[str | Response, int]:
    return _page(
        400,
        "The page was open too long",
        "For safety this form has to be sent from a fresh page. Go back, reload it and send it again; "
        "what you typed is still there.",
        back=None,
    )


def _http(error: HTTPException) -> tuple[str | Response, int] | HTTPException:
    status = error.code or 500
    if status < 400 or isinstance(
        error, SecurityError
    ):  # under a foreign host name no page of ours has links
        return error
    return _page(status, error.name, SENTENCES.get(status, error.description or "That did not work."))


def _crash(error: Exception) -> tuple[str | Response, int]:
    has_secret = "secret" in (request.view_args or {})
    place = request.url_rule if has_secret else request.path
    current_app.logger.exception("unhandled error on %s", place, exc_info=error)
    sentence = "Something went wrong on our side. Nothing was saved by halves; try again in a moment."
    return _page(500, "That is our fault", sentence)


def _page(
    status: int, title: str, sentence: str, *, fields: dict[str, str] | None = None, back: str | None = ""
) -> tuple[str | Response, int]:
    session = g.get("db")
    if session is not None:
        session.rollback()
    if wants_json():
        said = {"error": title, "message": sentence, "fields": fields or {}, "request_id": request_id()}
        return jsonify(said), status
    return render_template(
        "error.html", status=status, title=title, sentence=sentence, fields=fields or {},
        request_id=request_id(), back=page_before() if back == "" and status < 500 else None,
    ), status  # fmt: skip
