"""The public page in a real browser: accessible, at every width, in the dark, and without leaving anything behind."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from tests.app.public.conftest import Page
from tests.support import served
from tests.support.browser import assert_accessible, assert_fits_width, window

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def url(application: Flask, page: Page) -> Iterator[str]:
    application.config["TRUSTED_HOSTS"] = ["127.0.0.1"]
    page.draw_pictures()
    page.put("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.", pictures=3)
    page.put("نصائح للعناية بالغلاية", title="وصفة اليوم", language="ar")
    page.put(
        "See https://news.example/" + "a" * 200, source={"url": "https://news.example/a", "title": "Tea"}
    )
    with served.served(application) as address:
        yield address


@pytest.mark.parametrize("path", ["/p/brindlemoor", "/p/brindlemoor/1", "/p/nobody"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "light"), (1280, "dark")])
def test_every_public_page_is_accessible_and_fits(
    chromium: Browser, url: str, path: str, width: int, scheme: str
):
    if path.endswith("/1"):
        path = first_post(chromium, url)
    with window(chromium, size={"width": width, "height": 800}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(url + path)
        assert_accessible(page)
        assert_fits_width(page)
        assert context.cookies() == []


def test_pictures_load_and_links_lead_to_the_post(desktop: BrowserContext, url: str):
    page = desktop.new_page()
    page.goto(url + "/p/brindlemoor")
    page.locator("article img").last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    page.get_by_role("link", name="Descaling").last.click()
    assert page.locator("h1").inner_text() == "Descaling"


def first_post(chromium: Browser, url: str) -> str:
    with window(chromium, size={"width": 800, "height": 600}) as context:
        page = context.new_page()
        page.goto(url + "/p/brindlemoor")
        return str(page.locator("article .entry-meta a").first.get_attribute("href"))
