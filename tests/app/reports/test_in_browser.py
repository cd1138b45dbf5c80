"""The report where script runs: pictures are drawn, in the light and in the dark, and fit a phone."""

import pytest

from tests.browser.demo_desk import open_desk

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]
HERE = "/d/brindlemoor/reports"


@pytest.fixture(scope="module")
def demo(databases, tmp_path_factory):
    url = databases.new_url("sqlite")
    with open_desk(url, tmp_path_factory.mktemp("demo")) as desk:
        yield desk
    databases.discard(url)


def inked(page) -> list[int]:
    """How many points of each picture are not empty."""
    return page.eval_on_selector_all(
        "figure canvas",
        """every => every.map(c => {
             const points = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
             return points.filter((value, place) => place % 4 === 3 && value > 0).length;
           })""",
    )


def test_every_figure_becomes_a_picture_with_words_for_who_does_not_see_it(demo, page):
    problems = []
    page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    demo.enter(page.context, "priya")
    page.emulate_media(reduced_motion="reduce")
    page.goto(demo.url + HERE)
    page.wait_for_selector("figure canvas")
    figures = page.locator("figure[data-chart]").count()
    assert figures >= 2
    assert len([points for points in inked(page) if points > 500]) == figures
    names = page.eval_on_selector_all(
        "figure canvas", "every => every.map(c => c.getAttribute('aria-label'))"
    )
    assert all("The table below says the same." in name for name in names)
    assert problems == []


def test_a_picture_is_drawn_anew_when_it_gets_dark(demo, page):
    demo.enter(page.context, "priya")
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    page.goto(demo.url + HERE)
    page.wait_for_selector("figure canvas")
    colour = "() => Chart.getChart(document.querySelector('figure canvas')).data.datasets[0].backgroundColor"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"before => ({colour})() !== before", arg=light)


def test_on_a_phone_nothing_is_wider_than_the_page(demo, phone_page):
    demo.enter(phone_page.context, "priya")
    phone_page.goto(demo.url + HERE)
    phone_page.wait_for_selector("figure canvas")
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_paper_the_pictures_are_there_and_what_can_be_pressed_is_not(demo, page):
    demo.enter(page.context, "priya")
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    page.goto(demo.url + HERE)
    page.wait_for_selector("figure canvas")
    page.emulate_media(media="print")
    words = "() => Chart.getChart(document.querySelector('figure canvas')).options.scales.x.ticks.color"
    page.wait_for_function(f"() => ({words})() === getComputedStyle(document.body).color")
    assert not page.locator(".filter-bar, .report-file, .rail").filter(visible=True).count()
    assert all(points > 500 for points in inked(page))
