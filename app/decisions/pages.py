"""What the page behind a mail's link shows: the text as it will go out and the bar, or why the link is closed."""

from typing import Any

from flask import render_template, url_for

from app.decisions.forms import MailedDecisionForm, MailedQuestionForm
from app.desks import stand_on
from app.extensions import db, now
from app.previews import revision_previews
from app.reading import changed_since, facts_of, found_words, links_of
from content_library import discussion, mail_decisions, reviews
from content_library.boundary_rules import findings_of
from content_library.decision_links import pictures_of
from content_library.models.decision_link import DecisionLink
from content_library.models.media import Media
from content_library.terms_pages import copies_of


def link_page(
    link: DecisionLink,
    secret: str,
    *,
    decision: MailedDecisionForm | None = None,
    question: MailedQuestionForm | None = None,
    problem: str = "",
) -> str:
    """What can be decided; or what became of it. `problem`: why what was just sent changed nothing."""
    stand_on(link.review.submission.post.desk)
    shut = mail_decisions.closed(db(), link, now=now())
    if shut is not None:
        return _closed_page(link, secret, shut)
    return _open_page(
        link,
        secret,
        decision or MailedDecisionForm(formdata=None),
        question or MailedQuestionForm(formdata=None),
        problem,
    )


def _closed_page(link: DecisionLink, secret: str, shut: mail_decisions.Closed) -> str:
    made = mail_decisions.decided(db(), link)
    return render_template(
        "decisions/closed.html",
        secret=secret,
        shut=shut,
        made=made if shut.why is not mail_decisions.Why.NOT_YOURS else None,
        person=link.user,
        review=link.review,
        submission=link.review.submission,
        post=link.review.submission.post,
    )


def _open_page(
    link: DecisionLink, secret: str, decision: MailedDecisionForm, question: MailedQuestionForm, problem: str
) -> str:
    review, revision, submission = link.review, link.revision, link.review.submission
    findings = findings_of(db(), submission)
    return render_template(
        "decisions/show.html",
        secret=secret,
        link=link,
        person=link.user,
        is_outside=True,
        review=review,
        submission=submission,
        post=submission.post,
        revision=revision,
        previews=revision_previews(
            db(),
            revision,
            review.desk_id,
            marked=found_words(findings),
            picture_url=lambda picture: _picture_url(secret, picture),
        ),
        shown_pictures={m.id: _picture_url(secret, m) for m in pictures_of(db(), revision)},
        links=links_of(revision),
        facts=facts_of(db(), submission.post, revision, now=now()),
        since=changed_since(db(), review),
        findings=findings,
        terms=copies_of(db(), submission),
        checklist=reviews.checklist(review, link.user),
        comments=discussion.comments(db(), submission.post),
        decision=decision,
        question=question,
        problem=problem,
    )


def _picture_url(secret: str, picture: Media) -> Any:
    return url_for("decisions.picture", secret=secret, sha=picture.sha256)
