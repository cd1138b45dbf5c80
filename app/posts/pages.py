"""What the pages of a post show: gathered here, so that a view is load, form, verb and answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import render_template

from app.changes import changes
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import instant
from app.posts.documents import field_of
from app.posts.forms import ActForm, ComposerForm, ConflictForm, Shelf
from app.previews import content_previews, revision_previews
from content_library import catalogue, posts, submissions, suggestions
from content_library.agreement_terms import Obstacle, Outside
from content_library.boundaries.checking import Finding
from content_library.boundaries.rules import Detector
from content_library.boundary_rules import find_in_content
from content_library.clearing_route import Route
from content_library.clearing_route import route as route_of
from content_library.completeness import missing
from content_library.content import every_text
from content_library.errors import InvalidInput
from content_library.fact_shelf import offered
from content_library.ladder_stages import problem as below_its_stage
from content_library.media import find_pictures, pictures_by_id
from content_library.models.account import Account, AccountState
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.review import Decision, Submission, Verdict
from content_library.network_fit import hints
from content_library.network_limits import LIMITS
from content_library.offer_window import window
from content_library.review_clocks import Forecast, forecast
from content_library.revisions import latest_revision
from content_library.turnaround import usual_turnaround


def compose_page(
    post: Post,
    form: ComposerForm,
    shelf: Shelf,
    content: Mapping[str, Any],
    *,
    copy: WorkingCopy | None = None,
    other_window: bool = False,
) -> str:
    """The composer with what stands in the form."""
    latest = latest_revision(db(), post)
    newer = latest if latest and copy and copy.base_revision_id != latest.id else None
    pictures = pictures_by_id(db(), desk().id, [m["id"] for m in content["media"]])
    return render_template(
        "posts/compose.html",
        post=post,
        shelf=shelf,
        copy=copy,
        latest=latest,
        newer=newer,
        asked=_asked_for(post),
        suggested=suggestions.open_ones(suggestions.of_post(db(), post)),
        others=posts.other_writers(db(), post, actor=me(), since=now() - posts.STILL_WRITING),
        elsewhere=changes(copy.content, content, desk_id=desk().id, format_=shelf.format)
        if copy and other_window
        else None,
        pictures=[pictures[m["id"]] for m in content["media"] if m["id"] in pictures],
        shelf_pictures=find_pictures(db(), desk().id, per_page=12).pictures,
        offered_facts=offered(db(), desk().id),
        has_comments=any(LIMITS[network].first_comment for network in shelf.networks),
        has_threads=any(LIMITS[network].threads for network in shelf.networks),
        account_hints={str(a.id): account_hint(a) for a in shelf.accounts},
        act=ActForm(formdata=None),
        **panel(form, shelf, content),
    )


def _asked_for(post: Post) -> list[Decision]:
    """What the teams that sent it back want, while it is back."""
    if post.state not in (PostState.CHANGES_REQUESTED, PostState.REFUSED):
        return []
    sent = submissions.submissions_of(db(), post)[:1]
    every = [decision for s in sent for review in s.reviews for decision in review.decisions]
    return [decision for decision in every if decision.verdict is not Verdict.APPROVE]


def account_hint(account: Account) -> str:
    """`@handle`, and what is special about it."""
    handle = account.name if account.network == "page" else f"@{account.handle}"
    notes = {
        AccountState.PRACTICE: _("practice: nothing leaves until it is connected"),
        AccountState.RECONNECT: _("has to be connected again"),
    }
    return f"{handle} · {notes[account.state]}" if account.state in notes else handle


def panel(form: ComposerForm, shelf: Shelf, content: Mapping[str, Any]) -> dict[str, Any]:
    """Previews, what is missing, boundaries touched, who clears it, when it may go out: what changes with the text."""
    chosen = [a for a in shelf.accounts if a.id in set(content["accounts"])]
    pictures = pictures_by_id(db(), desk().id, [m["id"] for m in content["media"]])
    problems = missing(
        content, fields=shelf.specs, accounts=chosen, zone=desk().zone, now=now(), pictures=pictures
    )
    problems |= below_its_stage(db(), chosen, shelf.format)
    findings = find_in_content(db(), desk(), content, chosen, now=now())
    route = route_of(db(), desk(), content, findings, now=now())
    return {
        "previews": content_previews(db(), desk().id, content, chosen),
        "hints": hints(content, list(dict.fromkeys(a.network for a in chosen))),
        "problems": [(field_of(key, shelf), sentence) for key, sentence in problems.items()],
        "form": form,
        "findings": [(finding, found_words(finding, content)) for finding in findings],
        "steps": clearing_steps(route),
        "teams": clearing_teams([part for part in route if not part.cover] or route),
        "outside": lambda part: outside_words(part, _shelf_names(shelf)),
        "needless": needless,
        "is_cleared": bool(route) and all(part.cover for part in route),
        "usual": usual_turnaround(db(), [part.team.id for part in route if part.team], now()),
        "forecast": _forecast(route, form),
        "window": window(content, shelf.specs, desk().zone),
    }


def _shelf_names(shelf: Shelf) -> dict[str, dict[str, str]]:
    return {
        "accounts": {str(account.id): account.name for account in shelf.accounts},
        "topics": {str(topic.id): topic.name for topic in shelf.topics},
    }


def _forecast(route: Sequence[Route], form: ComposerForm) -> Forecast | None:
    """When the teams have answered, and by when to send it for the time that is wanted; None where one is missing."""
    asked = [[(p.team, p.hours) for p in step if p.team and not p.cover] for step in clearing_steps(route)]
    if not any(asked) or any(part.team is None for part in route):
        return None
    try:
        wanted_at = instant(form.wanted_at.data, field="wanted_at")
    except InvalidInput:
        wanted_at = None
    return forecast([step for step in asked if step], now=now(), wanted_at=wanted_at)


def outside_words(part: Route, names: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What keeps a text outside the team’s agreement, each as what would change it."""
    found = part.coverage.obstacles if part.coverage else ()
    return [_outside(obstacle, names) for obstacle in found]


def _outside(obstacle: Obstacle, names: Mapping[str, Mapping[str, str]]) -> str:
    quoted = ", ".join(f"“{what}”" for what in obstacle.what)
    accounts = ", ".join(names["accounts"].get(what, what) for what in obstacle.what)
    topics = ", ".join(names["topics"].get(what, what) for what in obstacle.what)
    return {
        Outside.FORMAT: _("its format is not in it"),
        Outside.SUSPENDED: _("it is suspended"),
        Outside.ACCOUNTS: _("{} is not in it").format(accounts),
        Outside.TOPICS: _("{} is not in it").format(topics)
        if topics
        else _("it says about what, this post does not"),
        Outside.WORDS: _("it excludes {}").format(quoted),
        Outside.FINDING: _("it touches {}").format(obstacle.what[0] if obstacle.what else ""),
    }[obstacle.why]


def needless(part: Route) -> bool:
    """Whether only words bring this team in: without them nobody would ask it."""
    return bool(part.review.touched) and not part.review.why and part.cover is None


def clearing_steps(route: Sequence[Route]) -> list[list[Route]]:
    """The route as steps; the teams of one step work side by side."""
    steps: dict[int, list[Route]] = {}
    for part in route:
        steps.setdefault(part.review.step, []).append(part)
    return [steps[number] for number in sorted(steps)]


def clearing_teams(route: Sequence[Route]) -> str:
    """`Legal and PR`: the teams of a route, as a person would say it."""
    return names_of([part.team.name if part.team else part.review.team_key for part in route])


def names_of(teams: Iterable[str]) -> str:
    """Several names as a person would say them, each once."""
    names = list(dict.fromkeys(teams))
    if len(names) < 2:
        return names[0] if names else _("nobody")
    return _("{} and {}").format(", ".join(names[:-1]), names[-1])


def sent_words(sent: Submission) -> str:
    """What became of a submission, in a sentence."""
    asked = [review.team.name for review in sent.reviews if not review.cleared_under]
    cleared = names_of([review.cleared_under for review in sent.reviews if review.cleared_under])
    if not asked:
        return _("Cleared under agreement {}. Plan when it goes out.").format(cleared)
    said = _("Sent to {}.").format(names_of(asked))
    return (
        f"{said} {_('Cleared under agreement {}.').format(cleared)}"
        if len(asked) < len(sent.reviews)
        else said
    )


def found_words(finding: Finding, content: Mapping[str, Any]) -> list[str]:
    """The words a boundary found, each once, read from the text on this page: some are never kept anywhere else."""
    if finding.rule.detector is Detector.READING:
        return []
    texts = every_text(content)
    places = (texts.get(place.field, "")[place.start : place.end] for place in finding.places)
    return list(dict.fromkeys(words for words in places if words))


def conflict_page(post: Post, copy: WorkingCopy) -> str:
    """Two people's texts side by side, and the three ways on."""
    theirs = latest_revision(db(), post)
    assert theirs is not None
    base = db().get(Revision, copy.base_revision_id) if copy.base_revision_id else None
    accounts = [a for a in catalogue.accounts(db(), desk().id) if a.id in set(copy.content["accounts"])]
    return render_template(
        "posts/conflict.html",
        post=post,
        copy=copy,
        theirs=theirs,
        base=base,
        between=changes(theirs.content, copy.content, desk_id=post.desk_id, format_=post.format),
        their_previews=revision_previews(db(), theirs, desk().id),
        my_previews=content_previews(db(), desk().id, copy.content, accounts),
        form=ConflictForm(formdata=None, onto=str(theirs.id)),
    )
