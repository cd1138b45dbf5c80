"""What leaves the record: entries as CSV that no spreadsheet runs, and the head as a sheet to print."""

import csv
import io
import json

import pytest

from content_library import audit
from content_library.models.desk import Desk
from content_library.sealing import export_head, seal
from tests.app.house import settings_for, text_of

RECORD = "/d/brindlemoor/record"
FORMULAS = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", 'plain, “quoted” "twice"', "ünï 😀", "two\nlines")


@pytest.fixture
def written(house, clock, tmp_path):
    with house.database.write() as session:
        for text in FORMULAS:
            audit.record(
                session,
                "desk.changed",
                house.desk,
                actor=None,
                now=clock(),
                desk_id=house.desk.id,
                summary=text,
            )
        other = Desk(name="Other", handle="other", created_at=clock())
        session.add(other)
        session.flush()
        audit.record(
            session, "desk.changed", other, actor=None, now=clock(), desk_id=other.id, summary="Elsewhere"
        )
        seal(session, key=settings_for(tmp_path).record_key, now=clock.advance(seconds=5))
    return house


def rows(answer):
    text = answer.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def found(house, query="", person="ruth"):
    answer = house.client(person).get(f"{RECORD}/entries.csv{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return [row["what"] for row in rows(answer)]


def test_every_cell_is_quoted_and_none_begins_a_formula(written):
    answer = written.client("ruth").get(f"{RECORD}/entries.csv?verb=desk.changed")
    said = [row["what"] for row in rows(answer)][::-1]
    assert said == [*(f"'{text}" for text in FORMULAS[:7]), *FORMULAS[7:]]
    for line in answer.data.decode("utf-8-sig").split("\r\n"):
        assert not line or (line.startswith('"') and line.endswith('"'))


def test_it_holds_what_the_filters_find_and_nothing_of_another_desk(written):
    assert found(written, "?q=plain") == [FORMULAS[7]]
    assert "Elsewhere" not in found(written, "?scope=everything")
    assert found(written, "?scope=everything&of=other&verb=desk.changed", "sam") == ["Elsewhere"]
    assert "Elsewhere" not in found(written, "?scope=everything&of=brindlemoor", "sam")


def test_it_goes_on_over_many_pages(written, clock):
    with written.database.write() as session:
        for number in range(2_100):
            audit.record(
                session, "desk.renamed", written.desk, actor=None, now=clock(), desk_id=written.desk.id,
                summary=f"Name {number}",
            )  # fmt: skip
    assert found(written, "?verb=desk.renamed") == [f"Name {number}" for number in reversed(range(2_100))]


def test_the_number_and_the_link_of_each_entry_stand_in_it(written):
    with written.database.read() as session:
        head = export_head(session)
    every = {
        row["number"]: row
        for row in rows(written.client("sam").get(f"{RECORD}/entries.csv?scope=everything"))
    }
    assert every[str(head["seq"])]["link"] == head["mac"]


@pytest.mark.parametrize("who", ["maya", "tom"])
def test_who_may_not_read_the_record_gets_no_file_and_no_sheet(written, who):
    for path in ("entries.csv", "head", "holds", "posts/1"):
        assert written.client(who).get(f"{RECORD}/{path}").status_code == 403


def test_the_sheet_shows_the_head_in_groups_and_as_text_to_save(written):
    page = text_of(written.client("ruth").get(f"{RECORD}/head"))
    with written.database.read() as session:
        head = export_head(session)
    assert " ".join(head["mac"][n : n + 8] for n in range(0, 64, 8)) in page
    text = page.split("<pre", 1)[1].split(">", 1)[1].split("</pre>", 1)[0].replace("&#34;", '"')
    assert json.loads(text) == head


def test_the_sheet_of_an_empty_record_says_so(house):
    assert "Nothing is sealed yet" in text_of(house.client("ruth").get(f"{RECORD}/head"))


def test_the_list_offers_the_file_of_what_it_shows(written):
    page = text_of(written.client("ruth").get(f"{RECORD}?q=plain&person=deskcast"))
    assert f"{RECORD}/entries.csv?q=plain&amp;person=deskcast" in page


def test_asking_for_a_post_leads_to_its_evidence(written):
    assert "Its evidence" not in text_of(written.client("ruth").get(f"{RECORD}?subject=post+999"))
