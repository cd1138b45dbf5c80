"""What the pages of facts show: gathered here, so that a view is load, form, verb and answer."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select

from app.extensions import db, desk, me
from app.facts.forms import ActForm, ChangeForm, NamingForm
from app.formatting import gettext as _
from app.forms import choices
from content_library.fact_shelf import Effects, effects, find_facts, is_used, posts_using
from content_library.models.desk import Team
from content_library.models.fact import Fact
from content_library.models.post import Post
from content_library.permissions import (
    can_add_fact,
    can_change_fact,
    can_draft,
    can_manage_desk,
    team_ids_for,
)
from scheduler.fact_outings import Outing, out_with, out_with_older, planned_with


@dataclass(frozen=True)
class Foreseen:
    """What changing a fact would do."""

    effects: Effects
    planned: int
    out: int

    @property
    def nothing(self) -> bool:
        return not (self.effects.approvals or self.effects.submissions or self.planned or self.out)


def index_page() -> str:
    """The list; with what was asked for, only what fits."""
    query, archived = request.args.get("q", "").strip(), bool(request.args.get("archived"))
    found = find_facts(db(), desk().id, query, archived=archived, page=request.args.get("page", 1, type=int))
    return render_template(
        "facts/index.html",
        found=found,
        query=query,
        archived=archived,
        may_add=can_add_fact(me(), desk().id),
        url=lambda **changed: url_for(
            "facts.index",
            **{k: v for k, v in {"q": query, "archived": archived or "", **changed}.items() if v},
        ),
    )


def fact_page(
    found: Fact,
    *,
    change: ChangeForm | None = None,
    naming: NamingForm | None = None,
    is_preview: bool = False,
) -> str:
    """One fact, with the form that was refused still filled in."""
    latest = found.versions[-1]
    may_change = can_change_fact(me(), found)
    using = posts_using(db(), found)
    outings = out_with_older(db(), found)
    return render_template(
        "facts/show.html",
        found=found,
        latest=latest,
        using=using,
        behind=[post for post, number in using if number < found.latest_number],
        outings=outings,
        corrections=_made_since(found, outings),
        change=change or ChangeForm(formdata=None, seen=str(found.latest_number), value=latest.value),
        naming=naming or _naming_form(found),
        foreseen=_foreseen(found) if is_preview else None,
        may_change=may_change,
        may_describe=may_change or can_manage_desk(me(), desk().id),
        may_draft=can_draft(me(), desk().id),
        is_used=is_used(db(), found),
        act=ActForm(formdata=None),
    )


def _foreseen(found: Fact) -> Foreseen:
    return Foreseen(effects(db(), found), planned_with(db(), found), out_with(db(), found))


def _naming_form(found: Fact) -> NamingForm:
    known = {"name": found.name, "about": found.about, "owner_team_id": found.owner_team_id or 0}
    return with_teams(NamingForm(formdata=None, data=known), found)


def with_teams(form: Any, found: Fact | None = None) -> Any:
    """The teams this person may give a fact to; the one that has it stays among them."""
    offered = _teams(found.owner_team if found else None)
    nobody = (
        [(0, _("The desk’s leads"))]
        if can_manage_desk(me(), desk().id) or (found and not found.owner_team)
        else []
    )
    form.owner_team_id.choices = choices([*nobody, *((team.id, team.name) for team in offered)])
    return form


def _teams(owner: Team | None) -> list[Team]:
    mine = team_ids_for(me(), desk().id)
    every = can_manage_desk(me(), desk().id)
    offered = [team for team in desk().teams if every or team.id in mine]
    return offered if owner is None or owner in offered else [owner, *offered]


def _made_since(found: Fact, outings: list[Outing]) -> dict[int, list[Post]]:
    """What was made from these posts since the fact changed: most likely their corrections."""
    since = found.versions[-1].created_at
    wanted = select(Post).where(Post.parent_id.in_({o.post_id for o in outings}), Post.created_at >= since)
    made: dict[int, list[Post]] = {}
    for post in db().scalars(wanted.order_by(Post.id)):
        made.setdefault(post.parent_id or 0, []).append(post)
    return made
