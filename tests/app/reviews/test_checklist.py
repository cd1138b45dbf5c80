"""The checklist on the pages: written by an administrator, ticked by a reviewer, kept when something is missing."""

import re

from content_library import desks
from content_library.models.review import Decision, Review, ReviewState
from tests.app.house import send, text_of, token
from tests.app.reviews.conftest import Queue
from tests.app.reviews.test_deciding import decide, shown

LIST = ["The price is right.", "“Quotes” & <b>marks</b> stay."]


def set_list(queue: Queue, review_id: int) -> None:
    with queue.told() as told:
        team = told.session.get_one(Review, review_id).team
        desks.change_checklist(told.session, team, LIST, actor=told.people["sam"], now=told.now)


def test_an_administrator_writes_it_on_the_teams_page(queue: Queue):
    review_id = queue.send()
    team_id = queue.look(review_id, lambda r: r.team_id)
    page, sam = f"/settings/teams/{team_id}", queue.client("sam")
    assert send(sam, page, f"{page}/checklist", sentences="One.\nTwo.").status_code == 303
    assert queue.look(review_id, lambda r: r.team.checklist) == ["One.", "Two."]
    wrong = send(sam, page, f"{page}/checklist", sentences="\n".join(f"Line {n}" for n in range(13)))
    assert wrong.status_code == 422
    assert "Write at most 12 sentences." in shown(wrong)
    assert "Line 12" in text_of(wrong)


def test_what_is_missing_is_named_and_the_ticks_stay(queue: Queue):
    review_id = queue.send()
    set_list(queue, review_id)
    answer = decide(queue, "elena", review_id, "approve", checked=LIST[1:])
    assert answer.status_code == 422
    assert "Not ticked: “The price is right.”" in shown(answer)
    ticked = re.findall(r'name="checked" value="([^"]+)" form="approve" (checked)?', text_of(answer))
    assert [bool(mark) for _value, mark in ticked] == [False, True]
    assert queue.look(review_id, lambda r: r.state) is ReviewState.OPEN


def test_all_ticked_approves_and_the_page_says_what_was_ticked(queue: Queue):
    review_id = queue.send()
    set_list(queue, review_id)
    assert decide(queue, "elena", review_id, "approve", checked=LIST).status_code == 303
    page = shown(queue.client("maya").get(f"/reviews/{review_id}"))
    assert "Ticked 2 of the checklist The price is right. “Quotes” & <b>marks</b> stay." in page


def test_a_no_needs_no_tick(queue: Queue):
    review_id = queue.send()
    set_list(queue, review_id)
    assert decide(queue, "elena", review_id, "refuse", reason="No.").status_code == 303


def test_several_at_once_have_a_list_each(queue: Queue):
    ids = [queue.send(title=f"Post {n}") for n in range(2)]
    set_list(queue, ids[0])
    client = queue.client("elena")
    page = client.get("/reviews/chosen", query_string={"review": ids})
    stood = dict(re.findall(r'name="(seen-\d+)" value="([^"]+)"', text_of(page)))
    ticks = {f"checked-{ids[0]}": LIST, f"checked-{ids[1]}": LIST[:1]}
    data = {"csrf_token": token(page), "shown": ids, "review": ids, "verdict": "approve", **stood, **ticks}
    answer = client.post("/reviews/decisions", data=data)
    assert "1 did not count Post 1 : Approving needs the whole checklist." in shown(answer)
    ticked = re.findall(
        rf'name="checked-{ids[1]}" value="[^"]+" form="decide-several" (checked)?', text_of(answer)
    )
    assert ticked == ["checked", ""]
    with queue.house.database.read() as session:
        assert [d.review_id for d in session.query(Decision)] == [ids[0]]
