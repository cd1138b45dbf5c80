"""Reading, searching and verifying the record in the browser."""

import json
import re

import pytest
from sqlalchemy import delete, select, update

from content_library import audit
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.desk import Desk
from content_library.sealing import seal
from tests.app.house import send, settings_for, text_of, token
from tests.factories import make_user

RECORD = "/d/brindlemoor/record"


@pytest.fixture
def written(house, clock, tmp_path):
    """Sixty changes of the desk, one of another desk, one of no desk, all sealed."""
    with house.database.write() as session:
        other = Desk(name="Other", handle="other", created_at=clock())
        session.add(other)
        session.flush()
        for number in range(60):
            actor = session.merge(house.people["maya" if number % 2 else "priya"])
            audit.record(
                session, "desk.changed", house.desk, actor=actor, now=clock.advance(minutes=1), desk_id=house.desk.id,
                summary=f"Change {number:02} of 100%", details={"number": number, "who": "Zoë"},
            )  # fmt: skip
        audit.record(
            session, "desk.changed", other, actor=None, now=clock(), desk_id=other.id, summary="Elsewhere"
        )
        audit.record(
            session,
            "user.invited",
            make_user(session, "Nia Vega"),
            actor=None,
            now=clock(),
            summary="Invited Nia",
        )
    seal_all(house, clock, tmp_path)
    return house


def seal_all(house, clock, folder):
    with house.database.write() as session:
        seal(session, key=settings_for(folder).record_key, now=clock.advance(seconds=5))


def shown(answer):
    return re.findall(r"Change \d\d", text_of(answer))


def seq_of(house, summary):
    with house.database.read() as session:
        return session.scalars(select(AuditEntry.seq).where(AuditEntry.summary.startswith(summary))).one()


def id_of(house, summary):
    with house.database.read() as session:
        return session.scalars(select(AuditEntry.id).where(AuditEntry.summary.startswith(summary))).one()


def test_the_newest_stand_first_and_pages_follow_one_another_without_a_gap(written):
    client, page, seen = written.client("ruth"), RECORD, []
    while page:
        answer = client.get(page)
        seen += shown(answer)
        older = re.search(r'rel="next"\s+href="([^"]+)"', text_of(answer))
        page = older and older[1].replace("&amp;", "&")
    assert seen == [f"Change {number:02}" for number in reversed(range(60))]
    newer = re.search(r'rel="prev"\s+href="([^"]+)"', text_of(answer))[1].replace("&amp;", "&")
    assert shown(client.get(newer))[0] == "Change 59"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=change+07", ["Change 07"]),
        ("q=CHANGE+07", ["Change 07"]),
        ("q=0%25", None),
        ("q=_", []),
        ("person=priya&q=change+07", []),
        ("person=okafor&q=change+07", ["Change 07"]),
        ("verb=desk.created", []),
        ("subject=desk+1&q=08", ["Change 08"]),
        ("subject=post+1", []),
        ("from=2026-11-04", []),
        ("from=2026-11-03&to=2026-11-03&q=09", ["Change 09"]),
        ("to=2026-11-02", []),
        ("from=nonsense&q=change+11", ["Change 11"]),
    ],
)
def test_the_record_is_searched_by_words_person_act_subject_and_days(written, query, found):
    answer = written.client("ruth").get(f"{RECORD}?{query}")
    assert answer.status_code == 200
    if found is None:
        assert len(shown(answer)) == 50
    else:
        assert set(shown(answer)) == set(found)


@pytest.mark.parametrize(
    "query", ["before=x", "subject=post+99999999999999999999", "from=9999-12-31&to=9999-12-31"]
)
def test_senseless_questions_are_answered(written, query):
    assert written.client("ruth").get(f"{RECORD}?{query}").status_code == 200


def test_other_desks_and_the_installation_are_not_in_a_desks_record(written):
    page = text_of(written.client("ruth").get(f"{RECORD}?scope=everything"))
    assert "Elsewhere" not in page
    assert "Invited Nia" not in page
    assert "whole installation" not in page


def test_administrators_see_the_whole_installation(written):
    page = text_of(written.client("sam").get(f"{RECORD}?scope=everything"))
    assert "Elsewhere" in page
    assert "Invited Nia" in page


@pytest.mark.parametrize("who", ["maya", "tom"])
def test_who_only_writes_or_clears_does_not_read_the_record(written, who):
    client = written.client(who)
    for path in (RECORD, f"{RECORD}/1", f"{RECORD}/head.json", f"{RECORD}/verification"):
        assert client.get(path).status_code == 403
    assert (
        client.post(f"{RECORD}/verification", data={"csrf_token": token(client.get("/me"))}).status_code
        == 403
    )


def test_an_entry_shows_its_details_and_its_place_in_the_chain(written):
    page = text_of(written.client("ruth").get(f"{RECORD}/{id_of(written, 'Change 07')}"))
    assert "Zoë" in page
    with written.database.read() as session:
        query = select(AuditEntry.mac, AuditEntry.previous).where(AuditEntry.summary.startswith("Change 07"))
        mac, previous = session.execute(query).one()
    assert mac in page
    assert previous in page


def test_an_entry_of_another_desk_or_of_none_is_not_found(written):
    for summary in ("Elsewhere", "Invited Nia"):
        path = f"{RECORD}/{id_of(written, summary)}"
        for person in ("ruth", "sam"):
            assert written.client(person).get(path).status_code == 404


def test_administrators_open_every_entry_from_the_record_of_the_whole_installation(written):
    everything = text_of(written.client("sam").get(f"{RECORD}?scope=everything"))
    for summary in ("Elsewhere", "Invited Nia"):
        path = f"{RECORD}/{id_of(written, summary)}?scope=everything"
        assert path in everything
        assert written.client("sam").get(path).status_code == 200
        assert written.client("ruth").get(path).status_code == 404


def test_erased_details_are_said(written):
    number = id_of(written, "Change 07")
    with written.database.write() as session:
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id == number))
    assert "The details were erased" in text_of(written.client("ruth").get(f"{RECORD}/{number}"))


def test_verifying_says_that_nothing_was_changed_and_by_whom(written):
    client = written.client("ruth")
    assert "Not verified yet" in text_of(client.get(RECORD))
    assert send(client, RECORD, f"{RECORD}/verification").status_code == 303
    page = text_of(written.client("priya").get(RECORD))
    assert "Nothing was changed" in page
    assert "by Ruth Adler" in page
    assert "Verified the record up to entry" in page


def test_a_tampered_entry_is_named(written):
    seq = seq_of(written, "Change 07")
    with written.database.write() as session:
        session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(summary="Change 07 never was"))
    client = written.client("ruth")
    send(client, RECORD, f"{RECORD}/verification")
    page = text_of(client.get(RECORD))
    assert "The record was changed" in page
    assert f"Entry {seq} is not what was sealed" in page


def test_an_exported_head_shows_that_the_end_was_cut_off(written):
    client = written.client("ruth")
    head = client.get(f"{RECORD}/head.json")
    assert "attachment" in head.headers["Content-Disposition"]
    last = json.loads(head.data)["seq"]
    with written.database.write() as session:
        cut = session.scalars(select(AuditEntry.id).where(AuditEntry.seq > last - 3)).all()
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id.in_(cut)))
        session.execute(delete(AuditEntry).where(AuditEntry.id.in_(cut)))
    send(client, RECORD, f"{RECORD}/verification")
    assert "Nothing was changed" in text_of(client.get(RECORD))
    send(client, RECORD, f"{RECORD}/verification", head=head.data.decode())
    assert f"an exported head says it reached entry {last}" in text_of(client.get(RECORD))


@pytest.mark.parametrize("pasted", ["nonsense", "{}", "[1]", '{"seq": 1, "mac": "x"}', "null", "1"])
def test_a_pasted_text_that_is_no_head_is_said(written, pasted):
    client = written.client("ruth")
    send(client, RECORD, f"{RECORD}/verification", head=pasted)
    page = text_of(client.get(RECORD))
    assert "This is not an exported head" in page
    assert "Not verified yet" in page


def test_a_long_record_is_verified_part_by_part(written):
    written.app.config["RECORD_PART"] = 25
    client = written.client("ruth")
    parts = 0
    answer = send(client, RECORD, f"{RECORD}/verification")
    while "verification" in answer.headers["Location"]:
        page = client.get(answer.headers["Location"])
        assert f"{25 * (parts + 1)} of " in text_of(page)
        answer = send(client, answer.headers["Location"], f"{RECORD}/verification", act="go on")
        parts += 1
    assert parts == 2
    assert "Nothing was changed" in text_of(client.get(RECORD))
    assert client.get(f"{RECORD}/verification").status_code == 303


def test_the_list_asks_little_of_the_database(written, count_queries):
    client = written.client("ruth")
    with count_queries(written.database) as asked:
        client.get(RECORD)
    assert len(asked) <= 15
