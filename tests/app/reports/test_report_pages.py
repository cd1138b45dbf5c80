"""A desk's report as people read it, and its tables as files."""

import csv
import io
import json
from datetime import timedelta

import pytest
from lxml import html

from app.reports.sections import SECTIONS
from content_library import agreements
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.models.review import ReviewState, Verdict
from tests import factories as make
from tests.app.house import text_of
from tests.factories import NOW

HERE = "/d/brindlemoor/reports"
FILE = f"{HERE}/table"


@pytest.fixture
def worked(house):
    """Six posts of Maya's that marketing has answered: five approved, one sent back."""
    with house.database.write() as session:
        people = {key: session.merge(person) for key, person in house.people.items()}
        for number in range(6):
            post = make.make_post(session, session.merge(house.desk), people["maya"], title=f"Post {number}")
            submission = make.submit(session, post, people["maya"], now=NOW - timedelta(hours=1))
            verdict = Verdict.APPROVE if number else Verdict.REQUEST_CHANGES
            review = next(r for r in submission.reviews if r.state is ReviewState.OPEN)
            make.decide(session, review, people["elena"], verdict, now=NOW)
    return house


def clear_one_beforehand(house):
    """Marketing agrees to how-tos, and one is cleared by that."""
    with house.database.write() as session:
        maya, priya, elena = (session.merge(house.people[key]) for key in ("maya", "priya", "elena"))
        desk, today = session.merge(house.desk), NOW.date()
        team = next(t for t in desk.teams if t.key == "marketing")
        terms = VersionTerms([ClauseTerms(["how_to"])], today, today, today)
        version = agreements.propose(session, desk, team, terms, seen=0, actor=priya, now=NOW)
        agreements.sign(session, version, actor=elena, now=NOW)
        make.submit(session, make.make_post(session, desk, maya, title="Cleared"), maya, now=NOW)


def page_of(answer) -> html.HtmlElement:
    assert answer.status_code == 200, answer.status
    return html.fromstring(text_of(answer))


def words(node) -> str:
    return " ".join(node.text_content().split())


def rows_of(page, section: str) -> dict[str, list[str]]:
    table = page.get_element_by_id(section).xpath(".//tbody/tr")
    return {words(row.find("th")): [words(cell) for cell in row.findall("td")] for row in table}


def file_of(answer) -> list[list[str]]:
    assert answer.status_code == 200, answer.status
    text = answer.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_everybody_of_the_desk_finds_it_on_the_rail(house):
    for person in ("maya", "priya", "ruth", "tom", "sam"):
        page = page_of(house.client(person).get("/d/brindlemoor/"))
        assert page.xpath(f"//nav[@aria-label='Main']//a[@href='{HERE}']"), person


def test_a_desk_without_a_past_says_so_and_shows_no_empty_pictures(house):
    page = page_of(house.client("priya").get(HERE))
    assert "not enough data" in words(page)
    assert "No submission ended in this period or the one before." in words(page)
    assert not page.xpath("//figure")
    assert not page.xpath("//*[@id='own' or @id='samples' or @id='agreements']")


def test_it_says_of_which_days_and_what_it_is_compared_to(house):
    page = words(page_of(house.client("priya").get(f"{HERE}?period=7")))
    assert "28 October to 3 November 2026 (Berlin)" in page
    assert "Compared with the period before: 21 to 27 October 2026." in page


def test_every_figure_stands_in_the_table_with_its_unit(worked):
    page = page_of(worked.client("priya").get(HERE))
    assert rows_of(page, "outcomes")["Approved"] == ["5 before: 0", "83 % before: –"]
    assert rows_of(page, "first-pass")["All formats"] == ["6 before: 0", "5 before: 0", "83 % before: –"]
    assert rows_of(page, "first-pass-teams")["Marketing"][2] == "83 % before: –"
    marketing = rows_of(page, "turnaround")["Marketing"]
    assert marketing[0] == "6 before: 0"
    assert marketing[4] == "1 h before: –"
    assert rows_of(page, "turnaround")["Legal"][1] == "not enough data before: –"


def test_every_figure_has_its_definition_beside_it(worked):
    page = page_of(worked.client("priya").get(HERE))
    for section in page.xpath("//section[.//table]"):
        heads = [words(th) for th in section.xpath(".//thead/tr/th")][1:]
        assert [words(dt) for dt in section.xpath(".//dl/div/dt")] == heads
        assert all(words(dd) for dd in section.xpath(".//dl/div/dd"))


def test_a_picture_says_what_its_table_says(worked):
    page = page_of(worked.client("priya").get(HERE))
    figure = page.get_element_by_id("outcomes").xpath(".//figure")[0]
    drawn = json.loads(figure.get("data-chart"))
    assert drawn["labels"][0] == "Approved"
    assert [series["values"][0] for series in drawn["series"]] == [5, 0]
    assert "The table below says the same." in figure.get("aria-label")


def test_a_person_s_own_figures_are_shown_to_nobody_else(worked):
    assert rows_of(page_of(worked.client("maya").get(HERE)), "own") == {
        "You": ["6 before: 0", "5 before: 0", "83 % before: –"]
    }
    for person in ("priya", "ruth", "elena", "sam"):
        page = page_of(worked.client(person).get(HERE))
        assert not page.xpath("//*[@id='own']")
        assert "Maya" not in words(page.xpath("//main")[0])
    assert worked.client("priya").get(f"{FILE}?section=own").status_code == 404


def test_it_can_be_narrowed_and_a_filter_taken_away_again(worked):
    page = page_of(worked.client("priya").get(f"{HERE}?period=90&team=legal&kind=question&format=faq_link"))
    assert list(rows_of(page, "turnaround")) == ["Legal"]
    chips = {words(a): a.get("href") for a in page.xpath("//ul[@class='chips']//a[@class='chip']")}
    assert chips["Legal"] == f"{HERE}?period=90&kind=question&format=faq_link"
    assert "No submission ended" in words(page)


def test_what_makes_no_sense_in_the_address_counts_as_not_asked(worked):
    page = page_of(worked.client("priya").get(f"{HERE}?period=forever&team=nobody&kind=x&format=y"))
    assert rows_of(page, "outcomes")["Approved"][0] == "5 before: 0"
    assert not page.xpath("//ul[@class='chips']")


def test_days_that_do_not_work_are_said_and_stay_in_the_fields(house):
    answer = house.client("maya").get(f"{HERE}?period=days&from=2026-02-30&to=<b>")
    assert answer.status_code == 422
    page = html.fromstring(text_of(answer))
    assert "“2026-02-30” is not a day. Write it like 2026-10-31. The last 30 days are shown." in words(page)
    assert page.xpath("//input[@name='from']/@value") == ["2026-02-30"]
    assert page.xpath("//input[@name='to']/@value") == ["<b>"]
    assert house.client("maya").get(f"{FILE}?period=days").status_code == 422


@pytest.mark.parametrize("section", [key for key in SECTIONS if key != "own"])
def test_every_section_is_a_file_with_the_rows_of_its_table(worked, section):
    if section == "agreements":
        clear_one_beforehand(worked)
    found = rows_of(page_of(worked.client("priya").get(HERE)), section) if section != "overrides" else {}
    rows = file_of(worked.client("priya").get(f"{FILE}?section={section}"))
    assert [row[0] for row in rows[1:]] == list(found)
    assert {len(row) for row in rows} == {len(rows[0])}


def test_a_file_says_figure_unit_and_days_and_leaves_out_what_is_not_enough(worked):
    answer = worked.client("priya").get(f"{FILE}?section=turnaround&period=7&team=marketing")
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=brindlemoor-turnaround-marketing-2026-10-28-2026-11-03.csv"
    )
    head, row = file_of(answer)
    assert head[:5] == [
        "Team",
        "Answers, count, 28 October to 3 November 2026",
        "Answers, count, 21 to 27 October 2026",
        "Median, minutes, 28 October to 3 November 2026",
        "Median, minutes, 21 to 27 October 2026",
    ]
    assert row[:5] == ["Marketing", "6", "0", row[3], ""]
    assert row[9:11] == ["60", ""]  # by the clock


def test_a_name_that_looks_like_a_formula_is_a_text_in_the_file(house):
    with house.database.write() as session:
        session.merge(house.desk).teams[0].name = "=1+1"
    rows = file_of(house.client("priya").get(FILE))
    assert "'=1+1" in [row[0] for row in rows]


def test_a_section_there_is_not_is_not_found(house):
    assert house.client("priya").get(f"{FILE}?section=secrets").status_code == 404


def test_it_asks_the_database_a_fixed_number_of_times(worked, count_queries):
    client = worked.client("priya")
    with count_queries(worked.database) as first:
        client.get(HERE)
    with count_queries(worked.database) as second:
        client.get(HERE)
    assert len(first) < 30
    assert len(second) < 15  # what was counted is kept
