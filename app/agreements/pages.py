"""What the pages of agreements show: gathered here, so that a view is load, form, verb and answer."""

from datetime import timedelta
from typing import Any

from flask import render_template, request

from app.agreements.forms import ActForm, AgreementForm, WhyForm, agreement_form, offer, values_of
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from content_library import after_reviews, agreements, catalogue
from content_library.agreement_rounds import offers
from content_library.agreements import side_of, standing
from content_library.errors import NotFound
from content_library.models.agreement import Agreement
from content_library.models.desk import Team

YEAR, HALF = timedelta(days=364), timedelta(days=182)


def index_page() -> str:
    """Each team that clears for the desk with its agreement, and what ten clean approvals suggest."""
    every = {s.agreement.team_id: s for s in agreements.agreements(db(), desk().id, now=now())}
    return render_template(
        "agreements/index.html",
        teams=[(team, every.get(team.id)) for team in desk().teams],
        offers=offers(db(), desk(), now=now()),
        names=_names(),
        may_propose=lambda team: side_of(me(), desk().id, team.id) is not None,
        may_sign=lambda version: agreements.may_sign(me(), version),
    )


def team_of(team_id: int) -> Team:
    """A team that clears for this desk. Raises NotFound."""
    found = next((team for team in desk().teams if team.id == team_id), None)
    if found is None:
        raise NotFound(_("No such team clears for this desk."))
    return found


def agreement_with(team: Team) -> Agreement | None:
    """The agreement of the desk with this team, if there ever was one."""
    every = agreements.agreements(db(), desk().id, now=now())
    return next((s.agreement for s in every if s.agreement.team_id == team.id), None)


def fresh_form(team: Team) -> AgreementForm:
    """What is sensible: the newest version again, or the format that was offered, for a year from today on."""
    there = agreement_with(team)
    known: dict[str, Any] = values_of(there.versions[-1]) if there and there.versions else _first()
    today = now().date()
    days = {"starts_on": today, "review_on": today + HALF, "ends_on": today + YEAR}
    seen = str(there.latest_number if there else 0)
    return _form(formdata=None, data={**known, **days, "seen": seen})


def _first() -> dict[str, Any]:
    asked = request.args.get("format", "")
    clause = {"formats": [asked] if asked else [], "accounts": [], "topics": [], "sample_percent": "10"}
    return {"clauses": [clause]}


def sent_form() -> AgreementForm:
    return _form()


def one_more(form: AgreementForm) -> None:
    """Another empty clause at the end."""
    if len(form.clauses) < form.clauses.max_entries:
        form.clauses.append_entry({"sample_percent": "10"})
        offer(form.clauses[-1].form, *_shelf())


def one_less(form: AgreementForm) -> None:
    if len(form.clauses) > 1:
        form.clauses.pop_entry()


def _form(**known: Any) -> AgreementForm:
    return agreement_form(*_shelf(), **known)


def _shelf() -> tuple[list[tuple[Any, str]], list[tuple[Any, str]], list[tuple[Any, str]]]:
    """Formats, accounts and topics of this desk."""
    return (
        [(f.key, f.name) for f in catalogue.formats(db())],
        [(a.id, f"{a.name} ({a.network})") for a in catalogue.accounts(db(), desk().id)],
        [(t.id, t.name) for t in catalogue.topics(db(), desk().id)],
    )


def _names() -> dict[str, dict[Any, str]]:
    """The names of what clauses refer to."""
    formats, accounts, topics = _shelf()
    return {"formats": dict(formats), "accounts": dict(accounts), "topics": dict(topics)}


def propose_page(team: Team, form: AgreementForm) -> str:
    """A version as it is being written."""
    there = agreement_with(team)
    return render_template(
        "agreements/propose.html",
        team=team,
        form=form,
        there=there,
        side=side_of(me(), desk().id, team.id),
        most=form.clauses.max_entries,
    )


def agreement_page(agreement: Agreement, *, refused: dict[str, WhyForm] | None = None) -> str:
    """One agreement: what holds, what waits, what it cleared, and what became of each version."""
    page = request.args.get("page", 1, type=int)
    return render_template(
        "agreements/show.html",
        agreement=agreement,
        standing=standing(agreement, now=now()),
        versions=list(reversed(agreement.versions)),
        cleared=after_reviews.cleared_under(db(), agreement, page=page),
        names=_names(),
        side=side_of(me(), desk().id, agreement.team_id),
        may_sign=lambda version: agreements.may_sign(me(), version),
        refused=refused or {},
        why=WhyForm(formdata=None),
        act=ActForm(formdata=None),
    )
