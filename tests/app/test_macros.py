"""What the shared parts of templates promise: states have badges, icons exist, fields are tied to their words."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import DataRequired

from content_library.models.account import AccountState
from content_library.models.feed import ProposalState
from content_library.models.post import PostState
from content_library.models.review import ReviewState, SubmissionState, Verdict
from scheduler.models import PublicationState
from tools.gallery import create_gallery

APP = Path(__file__).parents[2] / "app"
ICON_NAMED = re.compile(r'(?:\bicon\(|\bicon_name=|"icon": )"([a-z0-9-]+)"')
BADGES: list[tuple[str, StrEnum]] = [
    (macro, state)
    for macro, states in {
        "post_state": PostState,
        "submission_state": SubmissionState,
        "review_state": ReviewState,
        "verdict": Verdict,
        "publication_state": PublicationState,
        "account_state": AccountState,
        "proposal_state": ProposalState,
    }.items()
    for state in states
]


@pytest.fixture(scope="module")
def gallery() -> Flask:
    return create_gallery()


def rendered(gallery: Flask, template: str, **values: Any) -> str:
    with gallery.test_request_context():
        return render_template_string(template, **values)


def icons() -> set[str]:
    sprite = (APP / "static" / "vendor" / "tabler-icons" / "sprite.svg").read_text()
    return set(re.findall(r'<symbol id="([^"]+)"', sprite))


@pytest.mark.parametrize(("macro", "state"), BADGES, ids=lambda value: str(value))
def test_every_state_has_an_icon_and_a_word(gallery: Flask, macro: str, state: StrEnum) -> None:
    page = rendered(
        gallery, f'{{% from "macros/states.html" import {macro} %}}{{{{ {macro}(state) }}}}', state=state
    )
    drawn = re.search(r"sprite\.svg#([a-z0-9-]+)", page)
    assert drawn and drawn.group(1) in icons()
    assert re.search(r"<span>\w+", page)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = {
        (path.relative_to(APP).as_posix(), name)
        for path in (APP / "templates").rglob("*.html")
        for name in ICON_NAMED.findall(path.read_text())
    }
    assert len(named) > 20
    assert {(path, name) for path, name in named if name not in icons()} == set()


def test_no_template_has_a_style_a_script_or_a_handler_inside() -> None:
    inside = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    pages = [path for path in (APP / "templates").rglob("*.html") if "emails" not in path.parts]
    assert [path.name for path in pages if inside.search(path.read_text())] == []


class Form(FlaskForm):  # type: ignore[misc]
    title = StringField(
        "Title", [DataRequired("Give the post a title.")], description="Seen by the desk only."
    )
    audience = RadioField(
        "Audience", choices=[SelectChoice("public", "<b>Public</b>"), SelectChoice("customers")]
    )


FIELDS = """
{% from "macros/fields.html" import field, form_errors %}
{{ form_errors(form) }}{{ field(form.title) }}{{ field(form.audience) }}
"""


def test_a_wrong_field_is_tied_to_its_help_and_its_error(gallery: Flask) -> None:
    with gallery.test_request_context(method="POST", data={}):
        form = Form(meta={"csrf": False})
        form.validate()
        page = render_template_string(FIELDS, form=form)
    control = re.search(r'<input[^>]*id="title"[^>]*>', page)
    assert control and 'aria-describedby="title-why title-wrong"' in control.group()
    assert 'aria-invalid="true"' in control.group()
    assert 'id="title-why"' in page and 'id="title-wrong"' in page
    assert '<a href="#title">Title</a>: Give the post a title.' in page


def test_a_right_field_claims_no_error(gallery: Flask) -> None:
    with gallery.test_request_context(method="POST", data={"title": "Kettle", "audience": "public"}):
        form = Form(meta={"csrf": False})
        assert form.validate()
        page = render_template_string(FIELDS, form=form)
    assert "aria-invalid" not in page
    assert "-wrong" not in page
    assert "&lt;b&gt;Public" in page


def test_words_of_others_stay_words(gallery: Flask) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    post = {"account_name": hostile, "handle": hostile, "text_html": Markup("safe"), "title": hostile}
    page = rendered(
        gallery,
        '{% from "macros/post.html" import preview %}{% from "macros/diff.html" import words, marked %}'
        "{{ preview('bluesky', post) }}{{ preview('page', post) }}"
        "{{ words([('insert', hostile)]) }}{{ marked([(hostile, 'warn', hostile)]) }}",
        post=post,
        hostile=hostile,
    )
    assert "<img" not in page


def test_a_text_over_the_limit_says_by_how_much(gallery: Flask) -> None:
    page = rendered(gallery, '{% from "macros/post.html" import count %}{{ count(519, 500) }}')
    assert "19 over the limit of 500" in page


def test_a_button_that_asks_first_still_is_a_form_with_its_token(gallery: Flask) -> None:
    page = rendered(
        gallery,
        '{% from "macros/ui.html" import button_form %}{{ button_form("/down", "Take down", confirm="Gone.") }}',
    )
    assert 'method="post"' in page and 'name="csrf_token"' in page and 'data-confirm="Gone."' in page
