"""Legal holds in the browser: auditors place and lift them, the desk only sees them."""

import pytest
from sqlalchemy import select

from content_library.models.legal_hold import LegalHold
from content_library.models.user import User
from tests import factories as make
from tests.app.house import send, text_of

HOLDS = "/d/brindlemoor/record/holds"


@pytest.fixture
def post_id(house):
    with house.database.write() as session:
        maya = session.get_one(User, house.people["maya"].id)
        return make.make_post(session, session.merge(house.desk), maya, title="Spare lids", topics=[]).id


def holds(house):
    with house.database.read() as session:
        return session.execute(select(LegalHold.id, LegalHold.post_id).order_by(LegalHold.id)).all()


def test_an_auditor_places_a_hold_on_a_post_and_lifts_it_with_a_reason(house, post_id):
    client = house.client("ruth")
    assert "No legal hold" in text_of(client.get(HOLDS))
    assert send(client, HOLDS, post=str(post_id), reason="The lid case.").status_code == 303
    page = text_of(client.get(HOLDS))
    assert "Spare lids" in page
    assert "The lid case." in page
    assert "Legal hold on this post" in text_of(client.get(f"/d/brindlemoor/record/posts/{post_id}"))
    assert send(client, HOLDS, f"{HOLDS}/{holds(house)[0].id}/end", why="Settled.").status_code == 303
    page = text_of(client.get(HOLDS))
    assert "Lifted by Ruth Adler" in page
    assert "Settled." in page


def test_without_a_number_the_whole_desk_is_held(house):
    send(house.client("sam"), HOLDS, post="", reason="Everything.")
    assert [hold.post_id for hold in holds(house)] == [None]
    assert "Everything of Brindlemoor Home" in text_of(house.client("ruth").get(HOLDS))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("lids", "Write the post’s number"),
        ("0", "Write the post’s number"),
        ("99999", "no post with this number"),
    ],
)
def test_a_number_that_is_none_is_said_at_its_field_with_the_text_still_there(house, typed, sentence):
    answer = send(house.client("ruth"), HOLDS, post=typed, reason="The lid case.")
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "The lid case." in text_of(answer)
    assert holds(house) == []


def test_a_hold_without_a_reason_is_neither_placed_nor_lifted(house):
    client = house.client("ruth")
    assert send(client, HOLDS, post="", reason=" ").status_code == 422
    send(client, HOLDS, post="", reason="A case.")
    answer = send(client, HOLDS, f"{HOLDS}/{holds(house)[0].id}/end", why="")
    assert answer.status_code == 422
    assert "Say why it need not be kept any longer." in text_of(answer)


def test_the_desk_sees_holds_and_has_no_buttons(house):
    send(house.client("ruth"), HOLDS, post="", reason="A case.")
    page = text_of(house.client("priya").get(HOLDS))
    assert "A case." in page
    assert "Place the hold" not in page
    assert "Lift this hold" not in page
    assert send(house.client("priya"), "/me", HOLDS, reason="x").status_code == 403


def test_a_post_leads_to_its_hold_with_its_number_filled_in(house, post_id):
    page = text_of(house.client("ruth").get(f"{HOLDS}?post={post_id}"))
    assert f'value="{post_id}"' in page
