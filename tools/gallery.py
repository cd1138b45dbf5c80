"""Every part of the visual language on a few pages, to look at: `python -m tools.gallery`.

Runs without a database, with the headers of the real pages. `--shots FOLDER` takes pictures with Chromium
instead, in both themes, wide and narrow, and says what an accessibility check finds.
"""

import argparse
import sys
import threading
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from flask import Flask, Response, flash, render_template, send_from_directory
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, Length

from app.headers import POLICY
from app.network_icons import NETWORK_ICONS
from scheduler.publication_flow import shown
from tools.gallery_samples import frame, samples

HERE = Path(__file__).resolve().parent
APP = HERE.parent / "app"
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
CHROMIUM = "/usr/bin/chromium"
PAGES = {
    "parts": "/",
    "forms": "/forms",
    "posts": "/posts",
    "calendar": "/calendar",
    "week": "/calendar?view=timeGridWeek",
    "empty": "/empty",
    "plain": "/plain",
    "public": "/public",
}


def options(**names: str) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in names.items()]


class PostForm(FlaskForm):  # type: ignore[misc]
    title = StringField("Title", [DataRequired("Give the post a title, so that people find it again.")])
    text = TextAreaField(
        "Text", [DataRequired(), Length(max=20, message="20 characters at most; this has more.")]
    )
    language = SelectField(
        "Language", choices=options(en="English", de="Deutsch", ar="العربية"), default="en"
    )
    audience = RadioField(
        "Audience",
        [DataRequired()],
        choices=options(public="Public", customers="Existing customers"),
        default="public",
    )
    topics = SelectMultipleField(
        "Topics",
        choices=options(care="Care", delivery="Delivery", ship="Donaudampfschifffahrtsgesellschaftskapitän"),
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
        [FileSystemLoader(f) for f in (APP / "templates", HERE / "gallery_pages")]
    )
    gallery.jinja_env.undefined = StrictUndefined
    gallery.jinja_env.globals["_"] = lambda words: words
    gallery.jinja_env.globals["NETWORK_ICONS"] = NETWORK_ICONS
    gallery.jinja_env.filters["shown"] = shown
    gallery.context_processor(frame)
    gallery.after_request(with_policy)
    gallery.add_url_rule(
        "/calendar.js", "calendar_js", lambda: send_from_directory(HERE / "gallery_pages", "calendar.js")
    )
    for name, address in ((n, a) for n, a in PAGES.items() if "?" not in a):
        gallery.add_url_rule(address, name, lambda name=name: show(name), methods=["GET", "POST"])
    return gallery


def show(name: str) -> str:
    if name == "parts":
        flash("Saved at 14:02.", "good")
        undo: Any = {"text": "Approved. Maya is told.", "undo_url": "/", "seconds": 10}
        flash(undo, "undo")
    form = PostForm(title="", text="A text that is longer than twenty characters", meta={"csrf": True})
    if name == "forms":
        form.validate()
    return render_template(f"{name}.html", form=form, **samples())


def with_policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


def take_pictures(folder: Path, address: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    bad = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for theme, width in product(THEMES, (1280, 360)):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
            page.on("console", lambda message: print("console:", message.text))
            page.on("pageerror", lambda error: print("error:", error))
            for name, path in PAGES.items():
                page.goto(address + path, wait_until="networkidle")
                page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
                bad += complaints(page, f"{name} {theme} {width}")
            page.close()
        browser.close()
    return bad


def complaints(page: Page, where: str) -> int:
    """How many grave things are wrong with the page: what spills out of the window, what axe finds."""
    spill = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if spill > 0:
        print(f"{where}: {spill} px wider than the window")
    found = Axe().run(page).response["violations"]
    for violation in found:
        example = violation["nodes"][0]["html"][:140]
        print(f"{where}: {violation['impact']} {violation['id']} ({len(violation['nodes'])}): {example}")
    return int(spill > 0) + sum(violation["impact"] in ("serious", "critical") for violation in found)


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
