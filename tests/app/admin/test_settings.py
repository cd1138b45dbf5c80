"""Desks, teams, formats, topics and the overview in the settings."""

from sqlalchemy import select

from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk, EngineBeat, Team
from content_library.models.format import Format
from content_library.models.notice import Mail
from content_library.models.topic import Topic
from tests.app.house import send, text_of
from tests.factories import make_post


def test_the_overview_says_that_no_engine_runs_and_where_mails_go(house):
    page = text_of(house.client("sam").get("/settings"))
    assert "No engine has ever run" in page
    assert "Mails are written to files" in page
    assert "SQLite" in page
    assert "the release 202" in page


def test_the_overview_notices_a_silent_engine_and_stuck_mails(house, clock):
    with house.database.write() as session:
        session.add(EngineBeat(job="look_ahead", at=clock(), engine="engine-1"))
        session.add(Mail(to="x@y.example", subject="s", text="t", created_at=clock(), due_at=clock()))
    assert "The engine works" in text_of(house.client("sam").get("/settings"))
    clock.advance(minutes=20)
    page = text_of(house.client("sam").get("/settings"))
    assert "The engine has been silent since 20 min ago" in page
    assert "1 mail has waited" in page


def test_the_overview_asks_little_of_the_database(house, count_queries):
    client = house.client("sam")
    with count_queries(house.database) as asked:
        client.get("/settings")
    assert len(asked) <= 20


def test_a_desk_is_added_with_a_public_page(house):
    client = house.client("sam")
    with house.database.read() as session:
        teams = session.scalars(select(Team.id)).all()
    answer = send(
        client, "/settings/desks/new", "/settings/desks", name="Garden & Co", handle="", zone="Europe/Berlin",
        teams=teams,
    )  # fmt: skip
    assert answer.headers["Location"] == "/settings/desks/garden-co"
    assert house.client().get("/p/garden-co").status_code == 200


def test_an_address_that_is_taken_is_refused(house):
    answer = send(
        house.client("sam"),
        "/settings/desks/new",
        "/settings/desks",
        name="B",
        handle="Brindlemoor",
        zone="UTC",
    )
    assert answer.status_code == 422
    assert "There is a desk with the address" in text_of(answer)


DESK = {
    "name": "Brindlemoor", "zone": "Europe/London", "opens": "08:30", "closes": "19:00", "about": "Pans.",
    "website": "https://brindlemoor.example",
}  # fmt: skip


def test_a_desk_is_changed(house):
    page = "/settings/desks/brindlemoor"
    assert send(house.client("sam"), page, page + "/details", **DESK).status_code == 303
    with house.database.read() as session:
        desk = session.scalars(select(Desk)).one()
        assert {key: getattr(desk, key) for key in DESK} == DESK


def test_hours_that_end_before_they_begin_are_refused_at_their_field(house):
    page = "/settings/desks/brindlemoor"
    answer = send(house.client("sam"), page, page + "/details", **{**DESK, "closes": "07:00"})
    assert answer.status_code == 422
    assert "has to close after it opens" in text_of(answer)
    assert 'value="08:30"' in text_of(answer)


def test_what_the_links_of_new_posts_tell_is_switched_on_and_noted(house):
    client, page = house.client("sam"), "/settings/desks/brindlemoor"
    assert send(client, page, page + "/links", tags="y", medium="social-media").status_code == 303
    with house.database.read() as session:
        desk = session.scalars(select(Desk)).one()
        assert (desk.tags_links, desk.utm_medium) == (True, "social-media")
        noted = session.scalars(select(AuditEntry).filter_by(verb="desk.link_tags_changed")).one()
        assert "tell where readers came from" in noted.summary
    assert send(client, page, page + "/links", medium="social").status_code == 303
    with house.database.read() as session:
        assert not session.scalars(select(Desk)).one().tags_links


def test_a_medium_of_several_words_is_refused_at_its_field_and_stays_in_it(house):
    page = "/settings/desks/brindlemoor"
    answer = send(house.client("sam"), page, page + "/links", tags="y", medium="social media")
    assert answer.status_code == 422
    assert "one word without spaces" in text_of(answer)
    assert 'value="social media"' in text_of(answer)


def test_solo_mode_is_switched_with_a_warning(house):
    client, page = house.client("sam"), "/settings/desks/brindlemoor"
    assert "nobody but its author has read" in text_of(client.get(page))
    assert send(client, page, page + "/solo", solo="on").status_code == 303
    assert "Solo mode is on" in text_of(client.get(page))
    send(client, page, page + "/solo", solo="off")
    assert "Solo mode is on" not in text_of(client.get(page))


def test_a_team_is_added_renamed_and_given_desks(house):
    client = house.client("sam")
    send(client, "/settings/teams", name="Data protection", desks=[house.desk.id])
    with house.database.read() as session:
        team_id = session.scalars(select(Team.id).filter_by(name="Data protection")).one()
    assert "Nobody is in it" in text_of(client.get("/settings/teams"))
    send(client, f"/settings/teams/{team_id}", name="Privacy", desks=[])
    page = text_of(client.get("/settings/teams"))
    assert "Privacy" in page
    assert "Clears for no desk yet" in page


def test_topics_are_added_renamed_and_removed_unless_a_post_has_them(house):
    client, page = house.client("sam"), "/settings/desks/brindlemoor/topics"
    with house.database.write() as session:
        make_post(session, session.merge(house.desk), session.merge(house.people["maya"]))
    send(client, page, name="Knives")
    with house.database.read() as session:
        ids = dict(session.execute(select(Topic.name, Topic.id)).all())
    assert send(client, page, f"{page}/{ids['Kettles']}/removal").status_code == 409
    assert send(client, page, f"{page}/{ids['Knives']}/name", name="Kettles").status_code == 422
    assert send(client, page, f"{page}/{ids['Knives']}/name", name="Blades").status_code == 303
    assert send(client, page, f"{page}/{ids['Knives']}/removal").status_code == 303
    shown = text_of(client.get(page))
    assert "Kettles" in shown
    assert "Blades" not in shown


def test_a_topic_of_another_desk_is_not_found(house):
    with house.database.write() as session:
        other = Desk(name="Other", handle="other", created_at=house.desk.created_at)
        session.add(other)
        session.flush()
        session.add(Topic(desk_id=other.id, name="Secret"))
    client, page = house.client("sam"), "/settings/desks/brindlemoor/topics"
    assert send(client, page, f"{page}/1/name", name="X").status_code == 404


def parts(*asked):
    keys = ("marketing", "legal", "pr", "product")
    known = dict(asked)
    return {
        f"parts-{number}-{name}": value
        for number, key in enumerate(keys)
        for name, value in {"team": key, "step": known.get(key, 0), "quorum": 1, "why": ""}.items()
    }


ABOUT = {
    "purpose": "One dish.",
    "kind": "edu_taining",
    "tone": "light",
    "ingredient": "education",
    "grace_min": "15",
}


def test_a_format_of_ones_own_is_added_and_offered(house):
    answer = send(
        house.client("sam"), "/settings/formats/new", "/settings/formats", name="Recipe", **ABOUT,
        **parts(("marketing", 1), ("product", 2)), builtin=["topics"],
        **{"fields-0-label": "Serves", "fields-0-type": "text", "fields-0-why": "To plan.", "fields-0-required": "y",
           "fields-1-label": "", "fields-1-type": "date"},
    )  # fmt: skip
    assert answer.status_code == 303, text_of(answer)
    with house.database.read() as session:
        recipe = session.get_one(Format, "recipe")
        assert [[part["team"] for part in step] for step in recipe.steps] == [["marketing"], ["product"]]
        assert [(f["key"], f["required"]) for f in recipe.fields] == [("topics", True), ("own_serves", True)]


def test_a_format_without_a_team_is_refused_with_everything_still_there(house):
    answer = send(
        house.client("sam"), "/settings/formats/new", "/settings/formats", name="Recipe", **ABOUT, **parts(),
        **{"fields-0-label": "Serves", "fields-0-type": "text"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "Choose at least one team" in text_of(answer)
    assert 'value="Serves"' in text_of(answer)


def version_of(house, key):
    with house.database.read() as session:
        return session.get_one(Format, key).version


def test_who_clears_a_built_in_format_can_be_changed_and_its_fields_cannot(house):
    page = "/settings/formats/how_to"
    answer = send(
        house.client("sam"), page, version=version_of(house, "how_to"), name="How-to", **{**ABOUT, "kind": "promotion"},
        **parts(("legal", 1)), builtin=["source"],
    )  # fmt: skip
    assert answer.status_code == 303, text_of(answer)
    with house.database.read() as session:
        how_to = session.get_one(Format, "how_to")
        assert (how_to.kind, [f["key"] for f in how_to.fields]) == ("edu_taining", ["topics"])
        assert [part["team"] for part in how_to.steps[0]] == ["legal"]


def test_a_format_somebody_else_changed_meanwhile_is_a_conflict(house):
    client, page = house.client("sam"), "/settings/formats/how_to"
    before = version_of(house, "how_to")
    for name, status in (("First", 303), ("Second", 409)):
        sent = send(client, page, version=before, name=name, **ABOUT, **parts(("legal", 1)))
        assert sent.status_code == status


def test_a_format_is_retired_and_offered_again(house):
    client = house.client("sam")
    send(client, "/settings/formats/sale", "/settings/formats/sale/retirement")
    assert "Retired formats (1)" in text_of(client.get("/settings/formats"))
    send(client, "/settings/formats", "/settings/formats/sale/return")
    assert "Retired formats" not in text_of(client.get("/settings/formats"))


def test_every_format_has_its_page(house):
    client = house.client("sam")
    with house.database.read() as session:
        keys = session.scalars(select(Format.key)).all()
    assert {key: client.get(f"/settings/formats/{key}").status_code for key in keys} == dict.fromkeys(
        keys, 200
    )
