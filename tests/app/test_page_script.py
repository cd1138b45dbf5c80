"""The small script of every page, in a real browser: keys, questions before an act, one send a click, tabs, theme."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, flash, render_template_string, request
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import assert_accessible, assert_fits_width
from tests.support.served import served
from tools.gallery import PAGES, create_gallery

DESK_PAGE = """
{% extends "layouts/desk.html" %}
{% from "macros/ui.html" import button, button_form, menu %}
{% from "macros/post.html" import previews as tabs %}
{% block title %}Try{% endblock %}
{% block content %}
  <form method="post" action="/sent">
    <input type="hidden" name="csrf_token" value="{{ csrf_token() }}" />
    <input name="words" aria-label="Words" />
    {{ button("Send to Legal", name="act", value="send", key="s") }}
  </form>
  {{ button_form("/sent", "Take down", confirm="The post is deleted on Bluesky.", fields={"act": "down"}) }}
  {{ menu("More", items=[{"label": "Copy", "url": "/"}]) }}
  {{ tabs("preview", previews) }}
{% endblock %}
"""


class Desk:
    """A page with everything on it, and what was sent from it."""

    def __init__(self, address: str, sent: list[dict[str, Any]]) -> None:
        self.address, self.sent = address, sent


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    app, sent = create_gallery(), []
    teach(app, sent)
    with served(app) as address:
        yield Desk(address, sent)


def teach(app: Flask, sent: list[dict[str, Any]]) -> None:
    from tools.gallery_samples import samples

    def show() -> str:
        if request.args.get("undo"):
            flash({"text": "Approved.", "undo_url": "/sent", "seconds": 1, "fields": {"act": "undo"}}, "undo")
        return render_template_string(DESK_PAGE, **samples())

    def receive() -> str:
        sent.append(request.form.to_dict())
        time.sleep(0.3)  # long enough for an impatient second click
        return "Received"

    app.add_url_rule("/try", "try", show)
    app.add_url_rule("/sent", "sent", receive, methods=["POST"])


@pytest.fixture
def tried(desk: Desk, page: Page) -> Page:
    desk.sent.clear()
    opened(page, f"{desk.address}/try")
    return page


def opened(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer and answer.ok


def my_menu(page: Page) -> Locator:
    return page.locator("summary", has_text="Me: Maya Okafor")


def test_two_fast_clicks_send_once_and_say_which_button(desk: Desk, tried: Page) -> None:
    tried.get_by_label("Words").fill("Hello")
    tried.get_by_role("button", name="Send to Legal").dblclick(no_wait_after=True)
    expect(tried.get_by_text("Received")).to_be_visible()
    assert [(form["words"], form["act"]) for form in desk.sent] == [("Hello", "send")]


def test_a_page_that_comes_back_can_be_sent_again(desk: Desk, tried: Page) -> None:
    tried.get_by_role("button", name="Send to Legal").click()
    expect(tried.get_by_text("Received")).to_be_visible()
    tried.go_back()
    tried.get_by_role("button", name="Send to Legal").click()
    expect(tried.get_by_text("Received")).to_be_visible()
    assert len(desk.sent) == 2


def test_a_destructive_act_says_what_will_happen_and_waits(desk: Desk, tried: Page) -> None:
    tried.get_by_role("button", name="Take down").click()
    question = tried.get_by_role("dialog")
    expect(question).to_contain_text("The post is deleted on Bluesky.")
    question.get_by_role("button", name="Keep as it is").click()
    expect(question).to_be_hidden()
    expect(tried.get_by_role("button", name="Take down")).to_be_focused()
    assert desk.sent == []


def test_a_confirmed_act_is_sent_once(desk: Desk, tried: Page) -> None:
    tried.get_by_role("button", name="Take down").click()
    tried.get_by_role("dialog").get_by_role("button", name="Take down").click()
    expect(tried.get_by_text("Received")).to_be_visible()
    assert [form["act"] for form in desk.sent] == ["down"]


def test_escape_is_a_no(desk: Desk, tried: Page) -> None:
    tried.get_by_role("button", name="Take down").click()
    tried.keyboard.press("Escape")
    expect(tried.get_by_role("dialog")).to_be_hidden()
    assert desk.sent == []


def test_a_key_does_what_its_button_does(desk: Desk, tried: Page) -> None:
    tried.keyboard.press("s")
    expect(tried.get_by_text("Received")).to_be_visible()
    assert len(desk.sent) == 1


def test_the_slash_goes_to_the_search(tried: Page) -> None:
    tried.keyboard.press("/")
    expect(tried.get_by_role("searchbox")).to_be_focused()


def test_a_key_typed_into_a_field_is_a_letter(desk: Desk, tried: Page) -> None:
    tried.get_by_label("Words").focus()
    tried.keyboard.type("sn?")
    expect(tried.get_by_label("Words")).to_have_value("sn?")
    assert desk.sent == []


def test_the_question_mark_lists_the_keys_of_this_page(tried: Page) -> None:
    tried.keyboard.press("?")
    keys = tried.get_by_role("dialog")
    expect(keys).to_contain_text("Send to Legal")
    expect(keys).to_contain_text("New post")
    assert_accessible(tried)


def test_single_keys_can_be_switched_off(desk: Desk, tried: Page) -> None:
    tried.keyboard.press("?")
    tried.get_by_label("Use single keys in this browser").uncheck()
    tried.get_by_role("dialog").get_by_role("button", name="Close").click()
    tried.reload()
    tried.keyboard.press("s")
    tried.keyboard.press("/")
    expect(tried.get_by_role("searchbox")).not_to_be_focused()
    assert desk.sent == []


def test_the_chosen_theme_stays_for_the_next_page(tried: Page, desk: Desk) -> None:
    def ground() -> str:
        return str(tried.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = ground()
    my_menu(tried).click()
    tried.get_by_role("button", name="Light or dark").click()
    dark = ground()
    opened(tried, f"{desk.address}/empty")
    assert ground() == dark != light


def test_arrows_walk_through_the_previews(tried: Page) -> None:
    expect(tried.get_by_role("tabpanel", name="Bluesky")).to_be_visible()
    tried.get_by_role("tab", name="Bluesky").focus()
    tried.keyboard.press("ArrowRight")
    expect(tried.get_by_role("tab", name="Mastodon")).to_be_focused()
    expect(tried.get_by_role("tabpanel", name="Mastodon")).to_be_visible()
    expect(tried.get_by_role("tabpanel", name="Bluesky")).to_be_hidden()


def test_a_menu_closes_with_escape_and_gives_the_focus_back(tried: Page) -> None:
    my_menu(tried).click()
    expect(tried.get_by_role("link", name="My account")).to_be_visible()
    tried.keyboard.press("Escape")
    expect(tried.get_by_role("link", name="My account")).to_be_hidden()
    expect(my_menu(tried)).to_be_focused()


def test_the_way_back_is_offered_for_its_seconds_only(tried: Page, desk: Desk) -> None:
    tried.goto(f"{desk.address}/try?undo=1")
    expect(tried.get_by_role("button", name="Undo")).to_be_visible()
    expect(tried.get_by_role("button", name="Undo")).to_have_count(0, timeout=5_000)


def test_undo_sends_what_takes_it_back(tried: Page, desk: Desk) -> None:
    tried.goto(f"{desk.address}/try?undo=1")
    tried.get_by_role("button", name="Undo").click()
    expect(tried.get_by_text("Received")).to_be_visible()
    assert [form["act"] for form in desk.sent] == ["undo"]


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_the_parts_can_be_used_by_everybody_at_a_desk(desk: Desk, page: Page, path: str) -> None:
    opened(page, desk.address + path)
    assert_accessible(page)
    assert_fits_width(page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_the_parts_can_be_used_by_everybody_on_a_narrow_phone_in_the_dark(
    desk: Desk, page: Page, path: str
) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    opened(page, desk.address + path)
    assert_accessible(page)
    assert_fits_width(page)


def test_without_script_every_preview_stands_on_the_page(desk: Desk, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto(f"{desk.address}/try")
    for name in ("Bluesky", "Mastodon", "Public page"):
        expect(still.get_by_role("heading", name=name)).to_be_visible()
    expect(still.get_by_role("button", name="Light or dark")).to_be_hidden()
    context.close()
