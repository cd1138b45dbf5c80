"""Every part of the visual language on a few pages, to look at: `python tools/gallery.py`.

Runs alone, without a database. `--shots FOLDER` takes pictures with Chromium instead, in both themes,
wide and narrow, and says what an accessibility check finds.
"""

import argparse
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask, Response, flash, render_template, send_from_directory
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.serving import make_server
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, Length

HERE = Path(__file__).resolve().parent
APP = HERE.parent / "app"
PAGES = {"parts": "/", "forms": "/forms", "posts": "/posts", "calendar": "/calendar", "empty": "/empty",
         "plain": "/plain", "public": "/public"}  # fmt: skip
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"


class PostForm(FlaskForm):  # type: ignore[misc]
    title = StringField("Title", [DataRequired("Give the post a title, so that people find it again.")])
    text = TextAreaField(
        "Text", [DataRequired(), Length(max=20, message="20 characters at most; this has more.")]
    )
    language = SelectField("Language", choices=[("en", "English"), ("de", "Deutsch"), ("ar", "العربية")], default="en")
    audience = RadioField(
        "Audience",
        [DataRequired()],
        choices=[("public", "Public"), ("customers", "Existing customers")],
        default="public",
    )
    topics = SelectMultipleField(
        "Topics",
        choices=[
            ("care", "Care"),
            ("delivery", "Delivery"),
            ("de", "Donaudampfschifffahrtsgesellschaftskapitän"),
        ],
        default=["care"],
    )
    evergreen = BooleanField("Evergreen", description="May run again after its cool-down.")
    day = DateField("Day", default=date(2026, 5, 4))
    hour = TimeField("Time")
    picture = FileField("Picture")


def create_gallery() -> Flask:
    gallery = Flask("gallery", static_folder=str(APP / "static"), template_folder=str(APP / "templates"))
    gallery.config.update(SECRET_KEY="gallery", WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(gallery)
    gallery.jinja_loader = ChoiceLoader(
        [FileSystemLoader(APP / "templates"), FileSystemLoader(HERE / "gallery")]
    )  # type: ignore[assignment]
    gallery.jinja_env.undefined = StrictUndefined
    gallery.jinja_env.globals["_"] = lambda words: words
    gallery.context_processor(frame)
    gallery.after_request(with_policy)
    gallery.add_url_rule(
        "/calendar.js", "calendar_js", lambda: send_from_directory(HERE / "gallery", "calendar.js")
    )
    for name, address in PAGES.items():
        gallery.add_url_rule(address, name, lambda name=name: show(name), methods=["GET", "POST"])
    return gallery


def show(name: str) -> str:
    if name == "parts":
        flash("Saved at 14:02.", "good")
        flash({"text": "Approved. Lena is told.", "undo_url": "/", "seconds": 10}, "undo")
    form = PostForm(title="", text="A text that is longer than twenty characters", meta={"csrf": True})
    if name == "forms":
        form.validate()
    return render_template(f"{name}.html", form=form, **samples())


def with_policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


def frame() -> dict[str, Any]:
    names = [
        ("Today", "sun", 3, True), ("Library", "books", None, False), ("Curation", "rss", None, False),
        ("Reviews", "checkup-list", 12, True), ("Calendar", "calendar", None, True),
        ("Conversations", "messages", 4, False), ("Incidents", "alert-triangle", None, False),
        ("Reports", "chart-bar", None, False), ("Record", "book-2", None, False),
        ("Accounts", "plug", None, False), ("Settings", "settings", None, False),
    ]  # fmt: skip
    nav = [
        {
            "label": label,
            "icon": icon,
            "endpoint_url": "/",
            "active": label == "Today",
            "badge": badge,
            "phone": phone,
        }
        for label, icon, badge, phone in names
    ]
    desk = {
        "desk_name": "Brindlemoor Home",
        "desks": [
            {"name": "Brindlemoor Home", "url": "/", "active": True},
            {"name": "Kundendienst Küchenmaschinenersatzteilversand", "url": "/", "active": False},
        ],
        "search_url": "/",
        "query": "",
        "new_post_url": "/forms",
        "notifications_url": "/",
        "unread": 2,
        "me_name": "Maya Okafor",
        "me_detail": "Agent",
        "me_url": "/",
        "sign_out_url": "/",
    }
    return {"nav": nav, "frame": desk}


def samples() -> dict[str, Any]:
    when = {
        "text": "tomorrow 09:30, Berlin",
        "exact": "Tue 5 May 2026, 09:30 CEST",
        "iso": "2026-05-05T09:30:00+02:00",
    }
    words = Markup(
        "Chalky water? Descale your Tern kettle in ten minutes: half vinegar, half water, boil, wait, rinse twice. "
        'The whole guide: <a href="#">help.brindlemoor.example/tern</a> <a href="#">#KettleCare</a>'
    )
    picture = {"url": "/static/src/mark.svg", "alt": "A kettle on a worktop", "width": 1200, "height": 675}
    post = {
        "account_name": "Brindlemoor Home",
        "handle": "@brindlemoor.example",
        "text_html": words,
        "title": "Descale your Tern kettle in ten minutes",
        "time": when,
        "counts": {"used": 212, "limit": 300},
        "media": [],
    }
    arabic = dict(
        post,
        text_html=Markup("هل الماء عندك كلسي؟ نظّف غلاية <b>Tern</b> في عشر دقائق. #KettleCare"),
        counts=None,
    )
    long = dict(
        post,
        handle="@brindlemoor@social.example",
        media=[picture, dict(picture, alt="")],
        poll=[{"label": "Dial", "share": 72}, {"label": "Buttons", "share": 28}],
        warning="Contains steam",
        counts={"used": 519, "limit": 500},
        cut="rinse twice. The whole guide",
    )
    linked = dict(
        post,
        link={
            "url": "#",
            "title": "Descaling: a guide",
            "text": "Ten minutes, once a month.",
            "host": "help.brindlemoor.example",
        },
    )
    items = [
        {"title": "Out on Bluesky", "time": when, "icon": "circle-check", "tone": "approved", "text": "The network answered 200 in 0.4 s."},
        {"title": "Held: link check", "time": when, "icon": "hand-stop", "tone": "held", "who": "Deskcast"},
        {"title": "Approved for Legal", "time": when, "icon": "gavel", "tone": "review", "who": "Tom Hargreave"},
    ]  # fmt: skip
    ops = [
        ("equal", "Buttons for everyone: "),
        ("delete", "guaranteed lowest"),
        ("insert", "our lowest"),
        ("equal", " price until Sunday."),
    ]
    spans = [
        ("Our ", "", ""),
        ("guaranteed lowest", "block", "A guarantee goes to Legal"),
        (" price, ", "", ""),
        ("free", "warn", "Legal, about 4 h"),
        (" delivery for the ", "", ""),
        ("Tern", "inform", "A product name"),
        (" kettle.", "", ""),
    ]
    states = {
        "post_state": "draft in_review changes_requested approved refused expired archived".split(),
        "review_state": "waiting open asked decided cleared moot".split(),
        "publication_state": "planned blocked sending published held needs_person failed expired cancelled".split(),
        "account_state": "practice active reconnect closed".split(),
        "severity": "inform warn block".split(),
    }
    marks = [
        {"minute": 570, "label": "Kettle", "tone": "approved", "url": "#"},
        {"minute": 840, "label": "Perk", "tone": "draft", "url": "#"},
        {"minute": 1020, "label": "Sale", "tone": "held", "url": "#"},
    ]
    previews = [
        {"key": "bluesky", "label": "Bluesky", "network": "bluesky", "icon": "brand-bluesky", "post": linked},
        {
            "key": "mastodon",
            "label": "Mastodon",
            "network": "mastodon",
            "icon": "brand-mastodon",
            "post": long,
        },
        {
            "key": "page",
            "label": "Public page",
            "network": "page",
            "icon": "world-www",
            "post": dict(post, counts=None),
        },
    ]
    site = {"name": "Brindlemoor Home Help", "about": "Good to know about your kitchen.", "url": "/public",
            "atom_url": "/feed.atom", "json_url": "/feed.json"}  # fmt: skip
    return locals()


def take_pictures(folder: Path, address: str) -> int:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    bad = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for theme in ("light", "dark"):
            for width in (1280, 360):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                page.on("console", lambda message: print("console:", message.text))
                page.on("pageerror", lambda error: print("error:", error))
                for name, path in PAGES.items():
                    page.goto(address + path)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
                    spill = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if spill > 0:
                        print(f"{name} {theme} {width}: {spill} px wider than the window")
                        bad += 1
                    bad += report_axe(Axe().run(page), f"{name} {theme} {width}")
                page.close()
        browser.close()
    return bad


def report_axe(result: Any, where: str) -> int:
    serious = [v for v in result.response["violations"] if v["impact"] in ("serious", "critical")]
    for violation in result.response["violations"]:
        print(
            f"{where}: {violation['impact']} {violation['id']}: {violation['nodes'][0]['html'][:160]} ({len(violation['nodes'])})"
        )
    return len(serious)


def main() -> int:
    arguments = argparse.ArgumentParser(description="Show the parts that pages are made of.")
    arguments.add_argument("--shots", type=Path, help="take pictures into this folder and stop")
    shots = arguments.parse_args().shots
    server = make_server("127.0.0.1", 0, create_gallery(), threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    if shots is None:
        print(address, flush=True)
        server.serve_forever()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bad = take_pictures(shots, address)
    server.shutdown()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
