"""The composer: keeping, previewing, saving and sending, with nothing lost on the way."""

import io

import pytest
from flask import Flask
from lxml import html
from PIL import Image
from sqlalchemy import select

from content_library.formats import BUILTIN_FORMATS, FieldType
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.review import Review, Submission, Verdict
from content_library.models.user import User
from tests import factories as make
from tests.app.posts.conftest import HERE, Browser, World, fields_of, words


def test_every_format_asks_for_exactly_its_own_fields_and_says_why(maya: Browser, world: World):
    every = {
        f"field_{spec.key}" for b in BUILTIN_FORMATS for spec in b.fields if spec.type != FieldType.BUILTIN
    }
    for builtin in BUILTIN_FORMATS:
        answer = maya.send(f"{HERE}/new", {"format": builtin.key})
        page = maya.open(answer.location)
        own = {f"field_{s.key}" for s in builtin.fields if s.type != FieldType.BUILTIN}
        shown = {name for name in every if page.xpath(f"//*[@name='{name}']")}
        assert shown == own, builtin.key
        for spec in builtin.fields:
            assert spec.why in words(page), (builtin.key, spec.key)


def test_a_page_that_is_only_looked_at_changes_nothing(maya: Browser, world: World):
    post_id = world.post()
    maya.open(f"{HERE}/{post_id}/compose")
    assert world.copy(post_id, world.maya) is None


def test_typing_is_kept_and_says_when(maya: Browser, world: World):
    post_id = world.post()
    fields = {**maya.composer(post_id), "text": "Half vinegar, half water."}
    answer = maya.send(f"{HERE}/{post_id}/working-copy", fields, json=True)
    assert answer.status_code == 200
    assert answer.json == {"version": 2, "saved": "today 10:00", "others": []}
    assert world.copy(post_id, world.maya).content["text"] == "Half vinegar, half water."
    assert maya.composer(post_id)["text"].strip() == "Half vinegar, half water."


def test_what_the_form_shows_is_what_it_keeps(maya: Browser, world: World):
    post_id = world.post(
        text="Text", variants={"bluesky": {"text": "Short"}}, evergreen=True, valid_from="2026-12-01T09:00",
        source={"url": "https://a.example/x", "title": "T", "author": "A", "via": "V", "licence": "L"},
        onward={"kind": "faq", "url": "https://a.example/faq"}, accounts=[world.page.id, world.bluesky.id],
    )  # fmt: skip
    before = world.latest(post_id).content
    assert maya.send(f"{HERE}/{post_id}/working-copy", maya.composer(post_id)).status_code == 303
    assert world.copy(post_id, world.maya).content == before


def test_every_formats_every_field_survives_the_way_through_the_form(maya: Browser, world: World):
    kinds = {
        FieldType.MOMENT: "2026-12-01T09:00",
        FieldType.DATE: "2026-12-01",
        FieldType.URL: "https://a.example",
        FieldType.CHECK: "y",
    }
    for builtin in BUILTIN_FORMATS:
        own = {s.key: kinds.get(s.type, "Said") for s in builtin.fields if s.type != FieldType.BUILTIN}
        address = maya.send(f"{HERE}/new", {"format": builtin.key}).location
        post_id = int(address.split("/")[-2])
        fields = {**maya.composer(post_id), **{f"field_{key}": value for key, value in own.items()}}
        assert maya.send(f"{HERE}/{post_id}/working-copy", fields).status_code == 303
        kept = world.copy(post_id, world.maya).content["fields"]
        assert kept == {key: True if value == "y" else value for key, value in own.items()}, builtin.key


def test_a_second_window_of_the_same_person_gets_a_conflict_and_its_words_stay_in_the_page(
    maya: Browser, world: World
):
    post_id = world.post()
    first, second = maya.composer(post_id), maya.composer(post_id)
    maya.send(f"{HERE}/{post_id}/working-copy", {**first, "text": "From the first window."}, json=True)
    late = {**second, "text": "From the second window."}
    told = maya.send(f"{HERE}/{post_id}/working-copy", late, json=True)
    assert (told.status_code, told.json["version"]) == (409, 2)
    answer = maya.send(f"{HERE}/{post_id}/working-copy", late)
    page = html.fromstring(answer.text)
    assert answer.status_code == 409
    assert fields_of(page)["text"].strip() == "From the second window."
    assert "saved from another window" in words(page)
    assert world.copy(post_id, world.maya).content["text"] == "From the first window."
    assert maya.send(f"{HERE}/{post_id}/working-copy", fields_of(page)).status_code == 303
    assert world.copy(post_id, world.maya).content["text"] == "From the second window."


def test_a_field_that_cannot_be_taken_says_so_at_the_field_and_keeps_the_text(maya: Browser, world: World):
    post_id = world.post()
    fields = {**maya.composer(post_id), "title": "x" * 201, "text": "Words to keep."}
    told = maya.send(f"{HERE}/{post_id}/working-copy", fields, json=True)
    assert (told.status_code, list(told.json["fields"])) == (422, ["title"])
    answer = maya.send(f"{HERE}/{post_id}/revisions", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 422
    assert fields_of(page)["text"].strip() == "Words to keep."
    assert "under 200 characters" in words(page)


@pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 40, "²"])
def test_a_version_that_is_no_number_is_a_conflict_or_a_beginning_and_never_a_crash(
    maya: Browser, world: World, version: str
):
    post_id = world.post()
    fields = {**maya.composer(post_id), "version": version, "base": version, "text": "Words."}
    assert maya.send(f"{HERE}/{post_id}/working-copy", fields, json=True).status_code in (200, 409)


def test_saving_a_revision_keeps_its_note_and_counts_on(maya: Browser, world: World):
    post_id = world.post()
    fields = {**maya.composer(post_id), "text": "Lemon juice.", "revision_note": "Lemon instead."}
    answer = maya.send(f"{HERE}/{post_id}/revisions", fields)
    assert answer.status_code == 303
    latest = world.latest(post_id)
    assert (latest.number, latest.content["text"], latest.note) == (2, "Lemon juice.", "Lemon instead.")
    assert world.copy(post_id, world.maya) is None
    assert "Revision 2 saved." in words(maya.open(answer.location))


def test_saving_what_has_not_changed_says_so_and_makes_no_revision(maya: Browser, world: World):
    post_id = world.post()
    answer = maya.send(f"{HERE}/{post_id}/revisions", maya.composer(post_id))
    assert "Nothing has changed since revision 1." in words(maya.open(answer.location))
    assert world.latest(post_id).number == 1


def test_sending_saves_what_was_typed_first_and_names_the_teams(maya: Browser, world: World):
    post_id = world.post()
    page = maya.open(f"{HERE}/{post_id}/compose")
    assert "Send to Marketing" in words(page)
    fields = {
        **fields_of(page),
        "text": "Lemon juice.",
        "submission_note": "Please soon.",
        "wanted_at": "2026-11-05T12:00",
    }
    answer = maya.send(f"{HERE}/{post_id}/compose/submission", fields)
    assert (answer.status_code, answer.location) == (303, f"{HERE}/{post_id}")
    assert world.state(post_id) is PostState.IN_REVIEW
    with world.database.read() as session:
        sent = session.scalars(select(Submission)).one()
        assert sent.revision.content["text"] == "Lemon juice."
        assert sent.note == "Please soon."
        assert sent.wanted_at.isoformat() == "2026-11-05T11:00:00+00:00"  # Berlin


def test_sending_what_is_not_complete_says_what_is_missing_and_loses_nothing(maya: Browser, world: World):
    address = maya.send(f"{HERE}/new", {"format": "faq_link"}).location
    post_id = int(address.split("/")[-2])
    fields = {**maya.composer(post_id), "title": "Tracking", "text": "Where is it?"}
    answer = maya.send(f"{HERE}/{post_id}/compose/submission", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 422
    assert "FAQ page: this format needs it." in words(page)
    assert fields_of(page)["text"].strip() == "Where is it?"
    with world.database.read() as session:
        assert session.scalars(select(Revision)).all() == []  # nothing is half done
        assert session.scalars(select(WorkingCopy)).one().content["text"] == "Where is it?"


def test_a_time_that_cannot_be_read_is_refused_at_its_field(maya: Browser, world: World):
    post_id = world.post()
    fields = {**maya.composer(post_id), "wanted_at": "2026-02-30T12:00"}
    answer = maya.send(f"{HERE}/{post_id}/compose/submission", fields)
    assert answer.status_code == 422
    assert "not a day in the calendar" in words(html.fromstring(answer.text))


def test_the_preview_shows_each_network_its_count_and_what_would_be_cut(maya: Browser, world: World):
    post_id = world.post(accounts=[world.page.id, world.bluesky.id])
    fields = {**maya.composer(post_id), "text": "x" * 300 + " tail", "title": "Heading"}
    answer = maya.client.post(f"{HERE}/{post_id}/preview", data=fields, headers={"HX-Request": "true"})
    part = html.fromstring(f"<div>{answer.text}</div>")
    assert part.xpath("count(.//article)") == 2
    assert "5 over the limit of 300" in words(part)
    assert [mark.text for mark in part.xpath(".//*[@class='cut']//mark")] == [" tail"]
    assert "Bluesky takes 300 and this is 305." in words(part)
    assert world.copy(post_id, world.maya) is None  # looking keeps nothing


def test_a_thread_is_shown_part_by_part(maya: Browser, world: World):
    post_id = world.post(accounts=[world.bluesky.id])
    fields = {**maya.composer(post_id), "text": "One sentence. " * 40, "thread": "y"}
    answer = maya.client.post(f"{HERE}/{post_id}/preview", data=fields, headers={"HX-Request": "true"})
    part = html.fromstring(f"<div>{answer.text}</div>")
    assert part.xpath("count(.//article)") == 2
    assert "goes out as 2 posts" in words(part)


def test_markup_in_a_text_is_shown_and_never_done(maya: Browser, world: World):
    post_id = world.post(accounts=[world.page.id, world.bluesky.id])
    evil = '<script>alert(1)</script> @you#me <img src=x onerror=y> https://a.example/"onmouseover="x javascript:z'
    fields = {**maya.composer(post_id), "text": evil, "title": evil, "source_url": "javascript:alert(1)"}
    answer = maya.client.post(f"{HERE}/{post_id}/preview", data=fields, headers={"HX-Request": "true"})
    part = html.fromstring(f"<div>{answer.text}</div>")
    assert (
        part.xpath(".//script | .//*[@onerror] | .//*[@onmouseover] | .//*[starts-with(@href, 'javascript')]")
        == []
    )


def test_the_preview_button_without_script_shows_the_whole_page_with_the_text_in_it(
    maya: Browser, world: World
):
    post_id = world.post(accounts=[world.page.id])
    answer = maya.send(f"{HERE}/{post_id}/preview", {**maya.composer(post_id), "text": "Only a look."})
    assert answer.status_code == 200
    assert fields_of(html.fromstring(answer.text))["text"].strip() == "Only a look."


def test_another_format_asks_for_its_fields_after_saving(maya: Browser, world: World):
    post_id = world.post()
    maya.send(f"{HERE}/{post_id}/working-copy", {**maya.composer(post_id), "format": "faq_link"})
    assert "field_link" in maya.composer(post_id)


def test_a_topic_can_be_added_where_it_is_asked_for(maya: Browser, world: World):
    address = maya.send(f"{HERE}/new", {"format": "how_to"}).location
    post_id = int(address.split("/")[-2])
    maya.send(f"{HERE}/{post_id}/working-copy", {**maya.composer(post_id), "new_topic": "Limescale"})
    page = maya.open(address)
    assert (
        page.xpath("//input[@name='topics'][@checked]/following-sibling::span")[0].text_content()
        == "Limescale"
    )


def png(size=(60, 40)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, "#0b5a60").save(out, "PNG")
    out.seek(0)
    return out


def test_a_picture_sent_with_the_form_is_in_the_post_with_its_description(maya: Browser, world: World):
    post_id = world.post()
    fields = {**maya.composer(post_id), "upload": (png(), "kettle.png")}
    assert maya.send(f"{HERE}/{post_id}/working-copy", fields).status_code == 303
    again = maya.composer(post_id)
    described = {**again, f"alt_{again['media']}": "A teal square"}
    maya.send(f"{HERE}/{post_id}/revisions", described)
    assert [m["alt"] for m in world.latest(post_id).content["media"]] == ["A teal square"]


def test_a_file_that_is_no_picture_is_refused_at_its_field_and_the_text_stays(maya: Browser, world: World):
    post_id = world.post()
    fields = {
        **maya.composer(post_id),
        "text": "Words to keep.",
        "upload": (io.BytesIO(b"%PDF-1.7"), "x.png"),
    }
    answer = maya.send(f"{HERE}/{post_id}/working-copy", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 422
    assert fields_of(page)["text"].strip() == "Words to keep."
    assert page.xpath(
        "//*[@id='upload-wrong' and not(@hidden)] | //*[@id='upload']/ancestor::*[contains(@class, 'field-wrong')]"
    )


def test_two_people_get_both_texts_side_by_side_and_three_ways_on(maya: Browser, world: World):
    post_id = world.post(text="The first text.")
    fields = {**maya.composer(post_id), "text": "The text of Maya."}
    world.save(post_id, world.jonas, text="The text of Jonas.")
    answer = maya.send(f"{HERE}/{post_id}/revisions", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 409
    assert "The text of Maya." in words(page)
    assert "The text of Jonas." in words(page)
    assert {b.get("value") for b in page.xpath("//button[@name='choice']")} == {"mine", "theirs", "edit"}
    assert world.copy(post_id, world.maya).content["text"] == "The text of Maya."
    assert world.latest(post_id).content["text"] == "The text of Jonas."


def in_conflict(maya: Browser, world: World) -> tuple[int, str]:
    post_id = world.post(text="The first text.")
    fields = {**maya.composer(post_id), "text": "The text of Maya."}
    world.save(post_id, world.jonas, text="The text of Jonas.")
    page = html.fromstring(maya.send(f"{HERE}/{post_id}/compose/submission", fields).text)
    return post_id, page.xpath("//input[@name='onto']/@value")[0]


def test_mine_on_top_is_a_new_revision_after_theirs(maya: Browser, world: World):
    post_id, onto = in_conflict(maya, world)
    assert maya.send(f"{HERE}/{post_id}/conflict", {"choice": "mine", "onto": onto}).status_code == 303
    assert (world.latest(post_id).number, world.latest(post_id).content["text"]) == (3, "The text of Maya.")


def test_taking_theirs_discards_mine(maya: Browser, world: World):
    post_id, onto = in_conflict(maya, world)
    maya.send(f"{HERE}/{post_id}/conflict", {"choice": "theirs", "onto": onto})
    assert world.copy(post_id, world.maya) is None
    assert world.latest(post_id).content["text"] == "The text of Jonas."


def test_editing_mine_further_leads_to_a_save_without_another_conflict(maya: Browser, world: World):
    post_id, onto = in_conflict(maya, world)
    maya.send(f"{HERE}/{post_id}/conflict", {"choice": "edit", "onto": onto})
    fields = maya.composer(post_id)
    assert fields["text"].strip() == "The text of Maya."
    assert maya.send(f"{HERE}/{post_id}/revisions", {**fields, "text": "Of both."}).status_code == 303
    assert world.latest(post_id).content["text"] == "Of both."


def test_a_third_text_while_choosing_is_shown_and_nothing_is_lost(maya: Browser, world: World):
    post_id, onto = in_conflict(maya, world)
    world.save(post_id, world.priya, text="The text of Priya.")
    answer = maya.send(f"{HERE}/{post_id}/conflict", {"choice": "mine", "onto": onto})
    assert answer.status_code == 409
    assert "The text of Priya." in words(html.fromstring(answer.text))
    assert world.copy(post_id, world.maya).content["text"] == "The text of Maya."


def test_who_else_is_writing_is_said(maya: Browser, jonas: Browser, world: World):
    post_id = world.post()
    jonas.send(
        f"{HERE}/{post_id}/working-copy", {**jonas.composer(post_id), "text": "Jonas types."}, json=True
    )
    assert "Jonas Weil is writing on this too" in words(maya.open(f"{HERE}/{post_id}/compose"))
    fields = {**maya.composer(post_id), "text": "Maya types."}
    assert maya.send(f"{HERE}/{post_id}/working-copy", fields, json=True).json["others"] == ["Jonas Weil"]


def test_discarding_goes_back_to_the_revision(maya: Browser, world: World):
    post_id = world.post(text="The first text.")
    maya.send(f"{HERE}/{post_id}/working-copy", {**maya.composer(post_id), "text": "No."})
    maya.send(f"{HERE}/{post_id}/working-copy/removal")
    assert maya.composer(post_id)["text"].strip() == "The first text."


def test_what_the_teams_asked_for_stands_beside_the_text(maya: Browser, world: World, application: Flask):
    post_id = world.post()
    world.submit(post_id)
    with world.database.write() as session:
        review = session.scalars(select(Review)).one()
        elena = session.get_one(User, world.reviewers["marketing"].id)
        make.decide(session, review, elena, Verdict.REQUEST_CHANGES, reason="Say how much vinegar.")
    said = words(maya.open(f"{HERE}/{post_id}/compose"))
    assert "Elena Costa of Marketing asked for changes." in said
    assert "Say how much vinegar." in said


@pytest.mark.parametrize(
    "name", ["state", "owner_id", "desk_id", "kind", "latest_revision_id", "is_administrator", "id"]
)
def test_no_column_gets_in_that_is_not_a_field_of_the_form(maya: Browser, world: World, name: str):
    post_id = world.post()
    with world.database.read() as session:
        before = vars(session.get_one(Post, post_id)).copy()
    maya.send(f"{HERE}/{post_id}/revisions", {**maya.composer(post_id), "text": "Words.", name: "1"})
    with world.database.read() as session:
        after = session.get_one(Post, post_id)
        for column in ("state", "owner_id", "desk_id", "kind", "id"):
            assert getattr(after, column) == before[column]
        assert name not in world.latest(post_id).content


def test_only_the_desks_own_accounts_topics_and_products_can_be_chosen(maya: Browser, world: World):
    post_id = world.post()
    for name in ("accounts", "topics", "products"):
        fields = {**maya.composer(post_id), name: "999"}
        assert maya.send(f"{HERE}/{post_id}/working-copy", fields, json=True).status_code == 422


@pytest.mark.parametrize("path", ["compose", "conflict"])
def test_an_auditor_cannot_write(ruth: Browser, world: World, path: str):
    post_id = world.post()
    if path == "compose":
        ruth.open(f"{HERE}/{post_id}/compose", status=403)
    for part in ("working-copy", "preview", "revisions", "compose/submission"):
        assert ruth.send(f"{HERE}/{post_id}/{part}", {"text": "x"}).status_code == 403
