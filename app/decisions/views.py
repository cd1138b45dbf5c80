"""The addresses behind a mail's link. Opening them changes nothing, however often; only a sent form decides."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, send_file, url_for

from app.decisions.forms import MailedDecisionForm, MailedQuestionForm
from app.decisions.pages import link_page
from app.extensions import db, now, settings
from app.formatting import gettext as _
from content_library import decision_links, mail_decisions
from content_library.errors import Conflict, NotFound, TransitionNotAllowed
from content_library.media_store import media_mime, media_path
from content_library.models.review import Verdict

blueprint = Blueprint("decisions", __name__)


@blueprint.get("/decisions/<secret>")
def show(secret: str) -> Any:
    return link_page(decision_links.find(db(), secret), secret)


@blueprint.post("/decisions/<secret>/decision")
def decide(secret: str) -> Any:
    link, form = decision_links.find(db(), secret), MailedDecisionForm()
    decided = form.accepts(
        lambda: mail_decisions.decide(
            db(),
            link,
            Verdict(form.verdict.data),
            now=now(),
            reason=form.reason.data or "",
            place=form.place,
            checked=form.checked.data or [],
        )
    )
    if not decided:
        return link_page(link, secret, decision=form), 422
    return _back(secret)


@blueprint.post("/decisions/<secret>/question")
def ask(secret: str) -> Any:
    link, form = decision_links.find(db(), secret), MailedQuestionForm()
    asked = form.accepts(
        lambda: mail_decisions.ask(db(), link, form.body.data or "", now=now(), place=form.place)
    )
    if not asked:
        return link_page(link, secret, question=form), 422
    flash(_("Asked. You get a mail when somebody of the desk answers; this link still decides."), "good")
    return _back(secret)


@blueprint.post("/decisions/<secret>/fresh-link")
def ask_for_another(secret: str) -> Any:
    mail_decisions.ask_for_another(db(), decision_links.find(db(), secret), now=now())
    flash(_("A mail with a new link is on its way."), "good")
    return _back(secret)


@blueprint.get("/decisions/<secret>/pictures/<sha>")
def picture(secret: str, sha: str) -> Response:
    """A picture of the link's revision, as long as the link shows it."""
    link = decision_links.find(db(), secret)
    found = next((p for p in decision_links.pictures_of(db(), link.revision) if p.sha256 == sha), None)
    if found is None or mail_decisions.closed(db(), link, now=now()) is not None:
        raise NotFound("There is no such picture behind this link.")
    answer = send_file(media_path(settings().media_folder, found.name), mimetype=media_mime(found.name))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@blueprint.errorhandler(TransitionNotAllowed)
@blueprint.errorhandler(Conflict)
def moved_on(refusal: Any) -> Any:
    """Nothing was decided; the page says what became of the link."""
    db().rollback()
    db().expire_all()
    secret = (request.view_args or {})["secret"]
    return link_page(decision_links.find(db(), secret), secret, problem=refusal.message), 409


@blueprint.after_request
def keep_apart(response: Response) -> Response:
    """The address is the key: it is given to nobody else, kept nowhere and listed nowhere.

    Not `no-referrer`: browsers would then send forms from nowhere, and those are refused.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _back(secret: str) -> Any:
    return redirect(url_for("decisions.show", secret=secret), 303)
