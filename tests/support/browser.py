"""Real Chromium: where it is, how it is started, and what every page of ours must stand up to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

DEBIAN_CHROMIUM = Path("/usr/bin/chromium")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
STAYS_AT_HOME = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
]
UNACCEPTABLE = {"serious", "critical"}


class BrowserMissing(RuntimeError):
    """No Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = find_chromium(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=executable, args=STAYS_AT_HOME)
        try:
            yield browser
        finally:
            browser.close()


def find_chromium(playwrights_own: str) -> Path:
    for candidate in (DEBIAN_CHROMIUM, Path(playwrights_own)):
        if candidate.exists():
            return candidate
    raise BrowserMissing(
        "There is no Chromium here. `make test` installs it; by hand: apt-get install chromium, "
        "or .venv/bin/playwright install chromium"
    )


@contextmanager
def window(browser: Browser, *, size: dict[str, int], **options: Any) -> Iterator[BrowserContext]:
    """A fresh profile. At its end, no page in it may have broken: an error in a script, or one the CSP stopped."""
    context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(f"script error: {error.error}"))
    context.on("console", lambda message: complaints.extend(_policy_violations(message)))
    try:
        yield context
    finally:
        context.close()
    assert not complaints, "\n".join(complaints)


def assert_accessible(page: Page, *, context: str | None = None) -> None:
    """axe finds nothing serious or critical on the page (or inside the CSS selector `context`)."""
    found = Axe().run(page, context=context).response["violations"]
    grave = [violation for violation in found if violation["impact"] in UNACCEPTABLE]
    assert not grave, f"axe on {page.url}:\n" + "\n".join(_described(violation) for violation in grave)


def assert_fits_width(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is {overflow} pixels too wide"


def _policy_violations(message: ConsoleMessage) -> list[str]:
    return [message.text] if "Content Security Policy" in message.text else []


def _described(violation: dict[str, Any]) -> str:
    places = "\n".join(f"    {node['target']}: {node['html'][:200]}" for node in violation["nodes"])
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}\n{places}"
