"""The pictures in docs/, taken of a fresh demo in real Chromium: `make screenshots`.

Starts Deskcast in a temporary folder, signs in as its people with one click, and visits one page for each picture. A
page that is not there is named at the end and leaves the picture as it was. Names as arguments take only those.
"""

import io
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

from tests.support.browser import PHONE, chromium, window
from tests.support.processes import end, free_port, running

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "docs" / "screenshots"
DESK = "/d/brindlemoor"
DESKTOP = {"width": 1280, "height": 800}
STARTS_WITHIN_S = 120.0
FIRST_POST_WITHIN_S = 90.0
LARGEST = 150_000
COLOURS = (256, 192, 128, 96, 64, 48, 32)


@dataclass(frozen=True)
class Shot:
    """One picture. `follow`: what is clicked from `path` on, to reach what has no address known beforehand."""

    name: str
    person: str
    path: str
    follow: tuple[str, ...] = ()
    on_phone: bool = False
    is_dark: bool = False
    is_whole: bool = False  # the whole page, however long


REVIEW = "main a[href^='/reviews/']"
POST = "main a[href*='/posts/']"
OUT = "main a[href*='/publications/']:has-text('Descale')"
PUBLICATION = "main a[href*='/publications/']"

SHOTS_TO_TAKE = (
    Shot("sign-in", "", "/sign-in"),
    Shot("public-page", "", "/p/brindlemoor"),
    Shot("public-page-phone", "", "/p/brindlemoor", on_phone=True),
    Shot("today", "Priya Raman", f"{DESK}/"),
    Shot("today-phone", "Priya Raman", f"{DESK}/", on_phone=True),
    Shot("today-dark", "Priya Raman", f"{DESK}/", is_dark=True),
    Shot("library", "Maya Okafor", f"{DESK}/library"),
    Shot("post", "Maya Okafor", f"{DESK}/library?state=approved", (POST,)),
    Shot("new-post", "Maya Okafor", f"{DESK}/posts/new"),
    Shot("composer", "Maya Okafor", f"{DESK}/library?state=draft", (POST, "a[href$='/compose']")),
    Shot(
        "composer-boundaries",
        "Maya Okafor",
        f"{DESK}/library?q=guaranteed",
        (POST, "a[href$='/compose']"),
        is_whole=True,
    ),
    Shot("boundaries", "Priya Raman", f"{DESK}/boundaries"),
    Shot("agreement", "Elena Costa", f"{DESK}/agreements/1"),
    Shot("reports", "Priya Raman", f"{DESK}/reports"),
    Shot("curation", "Jonas Weil", f"{DESK}/curation"),
    Shot("reviews", "Tom Hargreave", "/reviews"),
    Shot("review", "Tom Hargreave", "/reviews", (REVIEW,)),
    Shot("review-phone", "Tom Hargreave", "/reviews", (REVIEW,), on_phone=True),
    Shot("calendar", "Priya Raman", f"{DESK}/calendar", is_whole=True),
    Shot("calendar-dark", "Priya Raman", f"{DESK}/calendar/week", is_dark=True),
    Shot("plan", "Maya Okafor", f"{DESK}/library?state=approved", (POST, "main a[href*='/plan']")),
    Shot("publication", "Priya Raman", f"{DESK}/", (OUT,)),
    Shot("held", "Priya Raman", f"{DESK}/calendar/agenda", (PUBLICATION,)),
    Shot("ladder", "Priya Raman", f"{DESK}/ladder"),
    Shot("accounts", "Priya Raman", f"{DESK}/accounts"),
    Shot("account", "Priya Raman", f"{DESK}/accounts", ("a.account-link >> nth=1",)),
    Shot("connect", "Priya Raman", f"{DESK}/accounts", ("main a:has-text('Connect an account')",)),
    Shot("status", "Priya Raman", f"{DESK}/status"),
    Shot("status-phone", "Sam Ito", "/settings/status", on_phone=True),
    Shot("record", "Ruth Adler", f"{DESK}/record"),
    Shot("people", "Sam Ito", "/settings/people"),
)


def main() -> None:
    wanted = set(sys.argv[1:])
    shots = [shot for shot in SHOTS_TO_TAKE if not wanted or shot.name in wanted]
    SHOTS.mkdir(parents=True, exist_ok=True)
    with demo() as address, chromium() as browser:
        missing = [problem for shot in shots if (problem := take(browser, address, shot))]
    for problem in missing:
        print(problem)
    sys.exit(1 if missing else 0)


@contextmanager
def demo() -> Iterator[str]:
    """A fresh demo whose first post is out; its address."""
    with tempfile.TemporaryDirectory(prefix="deskcast-shots-") as folder:
        port = free_port()
        address = f"http://localhost:{port}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DESKCAST_")},
            "PORT": str(port),
            "DESKCAST_DATA": folder,
            "DESKCAST_PUBLIC_URL": address,
        }
        command = [sys.executable, "-m", "app.cli", "run"]
        log = Path(folder) / "deskcast.log"
        with running(command, port=port, log=log, environment=environment, within=STARTS_WITHIN_S) as process:
            wait_for(f"{address}/readyz", within=STARTS_WITHIN_S)
            wait_for_the_first_post(address)
            yield address
            end(process, within=80)


def wait_for(address: str, *, within: float) -> None:
    until = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.3)


def wait_for_the_first_post(address: str) -> None:
    """The demo's due post goes out by itself within a minute; the pictures show it out."""
    feed = f"{address}/p/brindlemoor/feed.json"
    before, until = read(feed), time.monotonic() + FIRST_POST_WITHIN_S
    while read(feed) == before and time.monotonic() < until:
        time.sleep(1)


def read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as answer:
        body: bytes = answer.read()
        return body


def take(browser: Browser, address: str, shot: Shot) -> str:
    """Take one picture; a sentence when its page is not there."""
    size = PHONE if shot.on_phone else DESKTOP
    options = {"has_touch": True, "is_mobile": True} if shot.on_phone else {}
    scheme = "dark" if shot.is_dark else "light"
    try:
        with window(browser, size=size, color_scheme=scheme, **options) as context:
            page = context.new_page()
            reach(page, address, shot)
            path = SHOTS / f"{shot.name}.png"
            path.write_bytes(smaller(page.screenshot(full_page=shot.is_whole)))
    except (BrowserError, AssertionError, LookupError) as problem:
        return f"{shot.name}: {str(problem).splitlines()[0]}"
    print(f"{shot.name}: {path.stat().st_size // 1000} kB")
    return ""


def reach(page: Page, address: str, shot: Shot) -> None:
    if shot.person:
        page.goto(f"{address}/sign-in")
        page.get_by_role("button", name=shot.person).click()
        page.wait_for_load_state()
    go(page, f"{address}{shot.path}")
    for selector in shot.follow:
        link = page.locator(selector).first
        if not link.count():
            raise LookupError(f"nothing like {selector} on {page.url}")
        go(page, address + str(link.get_attribute("href")))
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


def go(page: Page, address: str) -> None:
    answer = page.goto(address)
    if answer is None or not answer.ok:
        raise LookupError(f"{address} answers {answer.status if answer else 'nothing'}")


def smaller(picture: bytes) -> bytes:
    """The same picture with fewer colours, as many as fit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    best = b""
    for colours in COLOURS:
        best = encoded(image.quantize(colours, dither=Image.Dither.NONE))
        if len(best) < LARGEST:
            break
    return best


def encoded(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


if __name__ == "__main__":
    main()
