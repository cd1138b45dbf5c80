"""Polls, first comments and what links tell: typed without script, shown as they go out, and never lost."""

from typing import Any

import pytest
from lxml import html

from content_library.models.desk import Desk
from content_library.models.post import PostState
from tests import factories as make
from tests.app.posts.conftest import HERE, Browser, World, fields_of, words

ASKED = {
    "title": "Dial or buttons?", "text": "Dial or buttons?", "field_interest": "They ask.",
    "field_use": "We build it.", "field_host": "Maya", "field_reply_until": "2026-12-01T09:00",
    "field_option_a": "Dial", "field_option_b": "Buttons",
}  # fmt: skip
POLL = {"poll_1": "Dial", "poll_2": "Buttons", "poll_minutes": "4320"}


def begun(maya: Browser, format_key: str = "this_or_that") -> int:
    return int(maya.send(f"{HERE}/new", {"format": format_key}).location.split("/")[-2])


def previewed(maya: Browser, post_id: int, **fields: Any) -> Any:
    sent = {**maya.composer(post_id), **fields}
    answer = maya.client.post(f"{HERE}/{post_id}/preview", data=sent, headers={"HX-Request": "true"})
    return html.fromstring(f"<div>{answer.text}</div>")


def test_only_a_question_is_offered_a_poll(maya: Browser, world: World):
    assert "poll_1" in maya.composer(begun(maya))
    assert "poll_1" not in maya.composer(begun(maya, "how_to"))


def test_what_is_typed_is_kept_and_comes_back_into_the_form(maya: Browser, world: World):
    post_id = begun(maya)
    more = {
        **POLL,
        "poll_4": "Neither",
        "first_comment": "Ask us here.",
        "utm": "y",
        "utm_campaign": "autumn",
    }
    assert maya.send(f"{HERE}/{post_id}/working-copy", {**maya.composer(post_id), **more}).status_code == 303
    kept = world.copy(post_id, world.maya).content
    assert kept["poll"] == {"options": ["Dial", "Buttons", "Neither"], "minutes": 4_320}
    assert kept["first_comment"] == "Ask us here."
    assert kept["utm"] == {"medium": "social", "campaign": "autumn"}
    shown = maya.composer(post_id)
    assert [shown[f"poll_{n}"] for n in (1, 2, 3, 4)] == ["Dial", "Buttons", "Neither", ""]
    assert (shown["poll_minutes"], shown["utm"], shown["utm_campaign"]) == ("4320", "y", "autumn")
    assert shown["first_comment"].strip() == "Ask us here."


def test_left_empty_they_are_not_part_of_the_post(maya: Browser, world: World):
    post_id = begun(maya)
    maya.send(f"{HERE}/{post_id}/working-copy", {**maya.composer(post_id), "text": "Words."})
    assert not {"poll", "first_comment", "utm"} & world.copy(post_id, world.maya).content.keys()


def test_another_format_takes_the_poll_out(maya: Browser, world: World):
    post_id = begun(maya)
    fields = {**maya.composer(post_id), **ASKED, **POLL, "format": "how_to"}
    assert maya.send(f"{HERE}/{post_id}/revisions", fields).status_code == 303
    assert "poll" not in world.latest(post_id).content


def test_a_poll_of_one_option_is_refused_at_its_field_and_everything_typed_is_still_there(
    maya: Browser, world: World
):
    post_id = begun(maya)
    fields = {**maya.composer(post_id), **ASKED, **POLL, "poll_2": "", "first_comment": "Ask us."}
    answer = maya.send(f"{HERE}/{post_id}/compose/submission", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 422
    assert "A poll needs at least two options." in words(page.get_element_by_id("poll_2-wrong"))
    shown = fields_of(page)
    assert (shown["poll_1"], shown["poll_2"], shown["first_comment"].strip()) == ("Dial", "", "Ask us.")
    assert world.state(post_id) is PostState.DRAFT


def test_a_comment_that_is_too_long_for_a_network_is_refused_at_its_field(maya: Browser, world: World):
    post_id = world.post(accounts=[world.bluesky.id])
    fields = {**maya.composer(post_id), "first_comment": "x" * 301}
    answer = maya.send(f"{HERE}/{post_id}/compose/submission", fields)
    page = html.fromstring(answer.text)
    assert answer.status_code == 422
    wrong = words(page.get_element_by_id("first_comment-wrong"))
    assert "Bluesky takes 300 in a comment and this is 301. Shorten it." in wrong
    assert page.get_element_by_id("first_comment").xpath("ancestor::details/@open")


def test_the_preview_shows_poll_comment_and_links_as_they_go_out(maya: Browser, world: World):
    with world.database.write() as session:
        desk = session.get_one(Desk, world.desk.id)
        mastodon = make.make_account(session, desk, network="mastodon", handle="m@social.example").id
    post_id = begun(maya)
    more = {"first_comment": "More: https://a.example/m", "utm": "y", "utm_campaign": "lids"}
    accounts = [str(world.page.id), str(mastodon)]
    part = previewed(maya, post_id, **{**ASKED, **POLL, **more, "accounts": accounts})
    said = words(part)
    assert part.xpath("count(.//*[contains(@class, 'preview-mastodon')]//ul[@class='poll']/li)") == 2
    assert "open for 3 days" in said
    assert "A) Dial" in said
    assert "First comment, written below it right after" in said
    assert "utm_source=mastodon&utm_medium=social&utm_campaign=lids" in said
    assert "Public page: no polls there, so the options stand below the text." in said
    assert "The first comment does not go out here, because none can be written: Public page." in said


@pytest.mark.parametrize("typed", ["<b>x</b>", '"><img src=x onerror=y>'])
def test_markup_in_options_and_comments_is_shown_and_never_done(maya: Browser, world: World, typed: str):
    with world.database.write() as session:
        desk = session.get_one(Desk, world.desk.id)
        mastodon = make.make_account(session, desk, network="mastodon", handle="m@social.example").id
    post_id = begun(maya)
    more = {**ASKED, "poll_1": typed, "poll_2": "b", "first_comment": typed, "accounts": [str(mastodon)]}
    part = previewed(maya, post_id, **more)
    assert part.xpath(".//img | .//*[@onerror] | .//b") == []
    assert words(part).count(typed) >= 2


def test_a_desk_that_tags_links_does_so_on_new_posts_and_a_post_can_do_otherwise(maya: Browser, world: World):
    with world.database.write() as session:
        desk = session.get_one(Desk, world.desk.id)
        desk.tags_links, desk.utm_medium = True, "posts"
    post_id = begun(maya, "how_to")
    shown = maya.composer(post_id)
    assert shown["utm"] == "y"
    assert world.copy(post_id, world.maya).content["utm"] == {"medium": "posts", "campaign": ""}
    maya.send(f"{HERE}/{post_id}/working-copy", {k: v for k, v in shown.items() if k != "utm"})
    assert "utm" not in world.copy(post_id, world.maya).content


def test_reviewers_see_comment_and_poll_and_what_changed_in_them(maya: Browser, world: World):
    post_id = begun(maya)
    fields = {**maya.composer(post_id), **ASKED, **POLL, "first_comment": "Ask us here."}
    assert maya.send(f"{HERE}/{post_id}/revisions", fields).status_code == 303
    again = {**maya.composer(post_id), "poll_2": "Keys", "first_comment": "Ask us below."}
    assert maya.send(f"{HERE}/{post_id}/revisions", again).status_code == 303
    said = words(maya.open(f"{HERE}/{post_id}/revisions"))
    assert "Options of the poll" in said
    assert "First comment" in said
    assert "Keys" in said
