"""A clearance lasts as long as the people and teams it rests on: the same on every path."""

import pytest
from sqlalchemy import select

from content_library import desks, events, format_editing, users
from content_library.errors import Conflict, InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.formats import FieldType
from content_library.memberships import Place
from content_library.models.audit import AuditEntry
from content_library.models.desk import Team
from content_library.models.format import Format, Kind, Tone
from content_library.models.notice import Notice
from content_library.models.post import PostState
from content_library.models.review import Approval, SubmissionState, Verdict
from content_library.models.user import DeskRole
from content_library.users import approvals_at_stake
from tests.factories import clear, decide, make_desk, make_post, make_reviewers, make_user, save, submit

TWO_TEAMS = "sale"  # marketing, then legal
OFFER = {
    "valid_from": "2026-11-05T09:00", "valid_until": "2026-11-09T09:00",
    "fields": {"terms": "While stocks last.", "region": "Germany"},
}  # fmt: skip


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def maya(session, desk):
    return make_user(session, "Maya Okafor", desk=desk)


@pytest.fixture
def sam(session):
    return make_user(session, "Sam Ito", is_administrator=True)


@pytest.fixture
def reviewers(session, desk):
    return make_reviewers(session)


@pytest.fixture
def approved(session, desk, maya, reviewers):
    """A how-to that Elena of Marketing approved."""
    post = make_post(session, desk, maya)
    clear(session, post, maya, reviewers)
    return post


def in_force(session, post):
    query = select(Approval).where(Approval.post_id == post.id, Approval.withdrawn_at.is_(None))
    return session.scalars(query).all()


def team(session, key):
    return session.scalars(select(Team).filter_by(key=key)).one()


def about(format_: Format, **changed):
    names = ("name", "purpose", "kind", "tone", "ingredient", "shelf_life_days", "grace_s")
    return format_editing.About(**{**{n: getattr(format_, n) for n in names}, **changed})


def tighten(session, sam, clock):
    how_to = session.get_one(Format, "how_to")
    parts = [*format_editing.parts_of(how_to), format_editing.TeamPart("legal", 2)]
    format_editing.change_format(
        session, how_to, about(how_to), parts, None, seen_version=how_to.version, actor=sam, now=clock()
    )


PATHS = {
    "leaving the team": lambda s, sam, elena, desk, clock: users.set_place(s, elena, Place(), actor=sam, now=clock()),
    "deactivation": lambda s, sam, elena, desk, clock: users.deactivate(s, elena, actor=sam, now=clock()),
    "a desk that gives up a team": lambda s, sam, elena, desk, clock: desks.set_teams(
        s, desk, [t.id for t in desk.teams if t.key != "marketing"], actor=sam, now=clock()
    ),
    "a team that gives up a desk": lambda s, sam, elena, desk, clock: desks.change_team(
        s, team(s, "marketing"), name="Marketing", desk_ids=[], actor=sam, now=clock()
    ),
    "a stricter format": lambda s, sam, elena, desk, clock: tighten(s, sam, clock),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_an_approval_ends_with_what_it_rested_on(session, desk, sam, reviewers, approved, clock, path):
    PATHS[path](session, sam, reviewers["marketing"], desk, clock)
    assert in_force(session, approved) == []
    assert approved.state is PostState.DRAFT


@pytest.mark.parametrize("path", PATHS)
def test_the_layers_above_hear_of_a_lost_approval(session, desk, sam, reviewers, approved, clock, path):
    heard = []

    def listener(_session, lost):
        heard.append(lost.post.id)

    events.listen(events.ApprovalLost, listener)
    try:
        PATHS[path](session, sam, reviewers["marketing"], desk, clock)
    finally:
        events._listeners[events.ApprovalLost].remove(listener)
    assert heard == [approved.id]


@pytest.mark.parametrize("path", PATHS)
def test_the_author_is_told_why(session, desk, sam, maya, reviewers, approved, clock, path):
    PATHS[path](session, sam, reviewers["marketing"], desk, clock)
    told = session.scalars(select(Notice).filter_by(kind="approval.lost", user_id=maya.id)).one()
    assert told.text.startswith("“Descale your kettle” has lost its approval: ")


@pytest.mark.parametrize("path", PATHS)
def test_a_submission_under_way_is_taken_back(session, desk, sam, maya, reviewers, clock, path):
    post = make_post(session, desk, maya, format_key=TWO_TEAMS if path != "a stricter format" else "how_to", **(
        OFFER if path != "a stricter format" else {}
    ))  # fmt: skip
    submission = submit(session, post, maya)
    if path != "a stricter format":
        decide(session, submission.reviews[0], reviewers["marketing"])
    PATHS[path](session, sam, reviewers["marketing"], desk, clock)
    assert submission.state is SubmissionState.WITHDRAWN
    assert post.state is PostState.DRAFT


def test_an_approval_of_another_reviewer_stays(session, desk, sam, reviewers, approved, clock):
    for key in ("legal", "pr", "product"):
        users.deactivate(session, reviewers[key], actor=sam, now=clock())
    assert in_force(session, approved)


def test_who_changes_desks_but_not_teams_keeps_their_approvals_in_force(
    session, desk, sam, reviewers, approved, clock
):
    place = Place(desks={desk.id: DeskRole.AUDITOR}, teams={team(session, "marketing").id})
    users.set_place(session, reviewers["marketing"], place, actor=sam, now=clock())
    assert in_force(session, approved)


def test_a_quorum_that_is_still_met_keeps_the_approval(session, desk, maya, sam, reviewers, clock):
    how_to = session.get_one(Format, "how_to")
    parts = [format_editing.TeamPart("marketing", 1, quorum=2)]
    format_editing.change_format(
        session, how_to, about(how_to), parts, None, seen_version=how_to.version, actor=sam, now=clock()
    )
    others = [make_user(session, name, teams=["marketing"]) for name in ("Noor", "Olek")]
    post = make_post(session, desk, maya)
    submission = submit(session, post, maya)
    for person in (reviewers["marketing"], others[0]):
        decide(session, submission.reviews[0], person)
    assert approvals_at_stake(session, others[0]) == 1
    assert approvals_at_stake(session, others[1]) == 0
    users.deactivate(session, others[1], actor=sam, now=clock())
    assert in_force(session, post)
    users.deactivate(session, others[0], actor=sam, now=clock())
    assert in_force(session, post) == []


def test_half_a_quorum_of_somebody_who_left_does_not_count(session, desk, maya, sam, reviewers, clock):
    how_to = session.get_one(Format, "how_to")
    parts = [format_editing.TeamPart("marketing", 1, quorum=2)]
    format_editing.change_format(
        session, how_to, about(how_to), parts, None, seen_version=how_to.version, actor=sam, now=clock()
    )
    others = [make_user(session, name, teams=["marketing"]) for name in ("Noor", "Olek")]
    post = make_post(session, desk, maya)
    submission = submit(session, post, maya)
    decide(session, submission.reviews[0], reviewers["marketing"])
    users.deactivate(session, reviewers["marketing"], actor=sam, now=clock())
    decide(session, submission.reviews[0], others[0])
    assert in_force(session, post) == []
    decide(session, submission.reviews[0], others[1])
    assert in_force(session, post)


def test_coming_back_does_not_bring_an_approval_back(session, desk, sam, reviewers, approved, clock):
    elena = reviewers["marketing"]
    users.deactivate(session, elena, actor=sam, now=clock())
    users.reactivate(session, elena, actor=sam, now=clock())
    assert in_force(session, approved) == []


def test_what_is_at_stake_is_said_beforehand(session, desk, reviewers, approved):
    assert approvals_at_stake(session, reviewers["marketing"]) == 1
    assert approvals_at_stake(session, reviewers["legal"]) == 0


def test_an_older_revision_keeps_going_while_only_the_newer_submission_falls(
    session, desk, maya, sam, reviewers, approved, clock
):
    other = make_user(session, "Noor Haddad", teams=["marketing"])
    save(session, approved, maya, text="Vinegar, water, half an hour.")
    newer = submit(session, approved, maya)
    assert newer.state is SubmissionState.OPEN
    users.deactivate(session, other, actor=sam, now=clock())
    assert newer.state is SubmissionState.OPEN
    assert in_force(session, approved)


def test_turning_solo_mode_off_ends_what_people_cleared_for_themselves(session, desk, sam, clock):
    desks.set_solo(session, desk, solo=True, actor=sam, now=clock())
    ada = make_user(session, "Ada Kern", desk=desk, role=DeskRole.LEAD, teams=["marketing", "legal"])
    noor = make_user(session, "Noor Haddad", teams=["marketing"])
    own, seen = make_post(session, desk, ada), make_post(session, desk, ada, title="Sharpen a knife")
    clear(session, own, ada, {"marketing": ada})
    clear(session, seen, ada, {"marketing": noor})
    assert desks.set_solo(session, desk, solo=False, actor=sam, now=clock()) == 1
    assert in_force(session, own) == []
    assert in_force(session, seen)


def test_leaving_a_team_that_was_cleared_in_solo_mode_ends_the_approval(session, desk, sam, clock):
    desks.set_solo(session, desk, solo=True, actor=sam, now=clock())
    ada = make_user(session, "Ada Kern", desk=desk, role=DeskRole.LEAD, teams=["marketing", "legal"])
    post = make_post(session, desk, ada, format_key=TWO_TEAMS, **OFFER)
    clear(session, post, ada, {"marketing": ada, "legal": ada})
    assert in_force(session, post)
    place = Place(desks={desk.id: DeskRole.LEAD}, teams={team(session, "marketing").id})
    users.set_place(session, ada, place, actor=sam, now=clock())
    assert in_force(session, post) == []


def test_a_looser_format_leaves_what_is_approved(session, desk, maya, sam, reviewers, clock):
    post = make_post(session, desk, maya, format_key=TWO_TEAMS, **OFFER)
    clear(session, post, maya, reviewers)
    sale = session.get_one(Format, TWO_TEAMS)
    dropped = format_editing.change_format(
        session, sale, about(sale), [format_editing.TeamPart("legal", 1)], None,
        seen_version=sale.version, actor=sam, now=clock(),
    )  # fmt: skip
    assert dropped == 0
    assert in_force(session, post)
    assert sale.steps == [[{"team": "legal", "why": "", "quorum": 1}]]


def test_a_refusal_of_somebody_who_left_still_stands(session, desk, maya, sam, reviewers, clock):
    post = make_post(session, desk, maya)
    submission = submit(session, post, maya)
    decide(session, submission.reviews[0], reviewers["marketing"], Verdict.REFUSE)
    users.deactivate(session, reviewers["marketing"], actor=sam, now=clock())
    assert post.state is PostState.REFUSED


def test_somebody_elses_change_of_a_format_is_not_overwritten(session, desk, sam, clock):
    how_to = session.get_one(Format, "how_to")
    with pytest.raises(Conflict):
        format_editing.change_format(
            session, how_to, about(how_to), format_editing.parts_of(how_to), None,
            seen_version=how_to.version - 1, actor=sam, now=clock(),
        )  # fmt: skip


def test_a_format_without_any_team_is_refused(session, desk, sam, clock):
    how_to = session.get_one(Format, "how_to")
    with pytest.raises(InvalidInput, match="at least one team"):
        format_editing.change_format(
            session, how_to, about(how_to), [], None, seen_version=how_to.version, actor=sam, now=clock()
        )


def test_a_built_in_format_keeps_its_kind_and_what_it_asks_for(session, desk, sam, clock):
    how_to = session.get_one(Format, "how_to")
    fields = list(how_to.fields)
    format_editing.change_format(
        session, how_to, about(how_to, kind=Kind.PROMOTION, name="Step by step"),
        format_editing.parts_of(how_to), [], seen_version=how_to.version, actor=sam, now=clock(),
    )  # fmt: skip
    assert (how_to.kind, how_to.fields, how_to.name) == (Kind.EDU_TAINING, fields, "Step by step")


RECIPE = format_editing.About("Recipe", "One dish.", Kind.EDU_TAINING, Tone.LIGHT, "education", None, 900)


def add_recipe(session, sam, clock, about=RECIPE, fields=None):
    fields = fields if fields is not None else [
        format_editing.own_field("Serves", "So that people can plan.", FieldType.TEXT, required=True),
        format_editing.builtin_field("topics"),
    ]  # fmt: skip
    parts = [format_editing.TeamPart("product", 2, 1, "It is their pan."), format_editing.TeamPart("pr", 4)]
    return format_editing.add_format(session, about, parts, fields, actor=sam, now=clock())


def test_a_format_of_ones_own_asks_for_its_fields_and_teams(session, desk, sam, clock):
    recipe = add_recipe(session, sam, clock)
    assert recipe.key == "recipe"
    assert [(f["key"], f["type"]) for f in recipe.fields] == [("own_serves", "text"), ("topics", "builtin")]
    assert [[p["team"] for p in step] for step in recipe.steps] == [["product"], ["pr"]]
    assert not recipe.is_builtin


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"), ({"name": "how-to"}, "name"), ({"purpose": " "}, "purpose"),
        ({"ingredient": "magic"}, "ingredient"), ({"shelf_life_days": 0}, "shelf_life_days"),
        ({"grace_s": 90_000}, "grace_s"),
    ],
)  # fmt: skip
def test_a_format_that_cannot_be_is_refused_at_its_field(session, desk, sam, clock, changed, field):
    with pytest.raises(InvalidInput) as refusal:
        add_recipe(session, sam, clock, about=format_editing.About(**{**vars(RECIPE), **changed}))
    assert set(refusal.value.fields) == {field}


def test_two_fields_of_one_label_are_refused(session, desk, sam, clock):
    twice = [format_editing.own_field("Serves", "", FieldType.TEXT, required=True)] * 2
    with pytest.raises(InvalidInput, match="not added"):
        add_recipe(session, sam, clock, fields=twice)


def test_two_formats_whose_names_make_one_key_get_two(session, desk, sam, clock):
    add_recipe(session, sam, clock)
    other = add_recipe(session, sam, clock, about=format_editing.About(**{**vars(RECIPE), "name": "Récipe"}))
    assert other.key == "recipe_2"


def test_a_retired_format_can_come_back_but_the_last_one_stays(session, desk, sam, clock):
    every = session.scalars(select(Format)).all()
    for format_ in every[1:]:
        format_editing.retire(session, format_, actor=sam, now=clock())
    with pytest.raises(TransitionNotAllowed, match="last format"):
        format_editing.retire(session, every[0], actor=sam, now=clock())
    format_editing.bring_back(session, every[1], actor=sam, now=clock())
    assert every[1].is_active
    said = list(session.scalars(select(AuditEntry.verb).order_by(AuditEntry.id.desc()).limit(1)))
    assert said == ["format.brought_back"]


DESK_FACTS = {
    "name": "Brindlemoor Home", "zone": "Europe/Berlin", "about": "", "website": "https://www.example.com",
    "opens": "08:00", "closes": "18:00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "www.example.com"}, "website"), ({"opens": "8"}, "opens"), ({"opens": "29:00"}, "opens"),
        ({"closes": "07:00"}, "closes"), ({"about": "x" * 501}, "about"),
    ],
)  # fmt: skip
def test_what_a_desk_cannot_be_is_refused_at_its_field(session, desk, sam, clock, changed, field):
    with pytest.raises(InvalidInput) as refusal:
        desks.change_desk(session, desk, **{**DESK_FACTS, **changed}, actor=sam, now=clock())
    assert set(refusal.value.fields) == {field}
    assert desk.website == ""


def test_a_lead_changes_the_own_desk_but_not_who_clears_for_it(session, desk, clock):
    priya = make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
    desks.change_desk(session, desk, **DESK_FACTS, actor=priya, now=clock())
    assert desk.opens == "08:00"
    for verb in (
        lambda: desks.set_teams(session, desk, [], actor=priya, now=clock()),
        lambda: desks.set_solo(session, desk, solo=True, actor=priya, now=clock()),
        lambda: desks.add_team(session, "Finance", [desk.id], actor=priya, now=clock()),
        lambda: desks.change_team(
            session, team(session, "pr"), name="X", desk_ids=[], actor=priya, now=clock()
        ),
        lambda: tighten(session, priya, clock),
    ):
        with pytest.raises(PermissionDenied):
            verb()


def test_a_new_team_serves_its_desks_and_its_name_is_free(session, desk, sam, clock):
    finance = desks.add_team(session, "Finance", [desk.id], actor=sam, now=clock())
    session.refresh(desk)
    assert finance in desk.teams
    assert finance.key == "finance"
    with pytest.raises(InvalidInput):
        desks.add_team(session, "FINANCE", [], actor=sam, now=clock())
