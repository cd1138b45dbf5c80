"""The ladder on its pages: nobody meets it while it is off; what is missing, who may do what, forms that keep words."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library import ladder, ladder_progress
from content_library.ladder_rules import Criteria, Figures
from content_library.models.account import Account
from content_library.models.notice import Notice
from tests import factories as make
from tests.app.house import send, text_of

HERE = "/d/brindlemoor/ladder"
EASY = Criteria(0, 0, 0, 1)


@pytest.fixture
def account_id(house) -> int:
    with house.database.write() as session:
        desk = session.merge(house.desk)
        return make.make_account(session, desk, handle="x").id


@pytest.fixture
def on(house, account_id) -> str:
    """The account is at the first stage for forty days; returns its page."""
    with house.database.write() as session:
        account, priya = session.get_one(Account, account_id), session.merge(house.people["priya"])
        ladder.switch_on(
            session, account, 1, "A new account.", actor=priya, now=make.NOW - timedelta(days=40)
        )
    return f"{HERE}/{account_id}"


def earned(house) -> None:
    """The desk asks for so little that everything is there."""
    with house.database.write() as session:
        sam = session.merge(house.people["sam"])
        desk = session.merge(house.desk)
        ladder_progress.set_criteria(session, desk, {2: EASY, 3: EASY}, seen=0, actor=sam, now=make.NOW)


def ask(house, account_id: int, figures: Figures | None = None) -> None:
    with house.database.write() as session:
        account, priya = session.get_one(Account, account_id), session.merge(house.people["priya"])
        ladder.ask(session, account, figures or Figures(99, 1, 1), actor=priya, now=make.NOW, why="Please.")


def stage(house, account_id: int) -> int:
    with house.database.read() as session:
        found = ladder_progress.standing_of(session, session.get_one(Account, account_id))
        assert found is not None
        return found.stage


def test_while_it_is_off_nobody_meets_it_but_a_lead_under_accounts(house, account_id):
    for person in ("maya", "tom", "priya", "ruth"):
        assert 'class="rail-label">Ladder' not in text_of(house.client(person).get("/d/brindlemoor/"))
    page = text_of(house.client("priya").get("/d/brindlemoor/accounts"))
    assert "Ladder: off." in page
    assert f'href="{HERE}/{account_id}"' in page
    assert "The ladder is off" in text_of(house.client("priya").get(HERE))


def test_a_lead_switches_it_on_with_a_stage_and_a_reason_and_everybody_of_the_desk_reads_it(
    house, account_id
):
    page = f"{HERE}/{account_id}"
    lead = house.client("priya")
    refused = send(lead, page, f"{page}/switch", stage="2", why="")
    assert refused.status_code == 422
    assert 'value="2" checked' in " ".join(text_of(refused).split())
    assert send(lead, page, f"{page}/switch", stage="2", why="It is an old account.").status_code == 303
    for person in ("maya", "tom", "ruth"):
        answer = text_of(house.client(person).get(HERE))
        assert 'class="rail-label">Ladder' in answer
        assert "Bluesky @x" in answer
        assert "0 of 20" in answer
    assert "Ladder: stage 2" in text_of(lead.get("/d/brindlemoor/accounts"))
    assert "It is an old account." in text_of(house.client("maya").get(page))


def test_each_sees_the_acts_that_are_theirs_and_no_others(house, on, account_id):
    def acts(person: str) -> set[str]:
        page = text_of(house.client(person).get(on))
        return {
            name
            for name in ("switch", "request", "signature", "refusal", "descent")
            if f"{on}/{name}" in page
        }

    assert acts("maya") == acts("ruth") == acts("tom") == set()
    assert acts("priya") == {"switch", "request"}
    earned(house)
    ask(house, account_id)
    assert acts("maya") == acts("ruth") == set()
    assert acts("priya") == {"switch", "refusal"}
    assert acts("tom") == {"signature", "refusal"}
    assert acts("sam") == {"switch", "signature", "refusal"}
    assert send(house.client("tom"), on, f"{on}/signature", seen="2").status_code == 303
    assert acts("tom") == {"descent"}
    assert acts("priya") == {"switch", "request", "descent"}


def test_from_asking_to_the_signature(house, on, account_id):
    earned(house)
    assert "Everything is there." in text_of(house.client("maya").get(on))
    assert send(house.client("priya"), on, f"{on}/request").status_code == 303
    tom = house.client("tom")
    page = text_of(tom.get(on))
    assert "Priya Raman asked for it" in page
    notices = text_of(tom.get("/notices"))
    assert "asks for stage 2" in notices
    answer = send(tom, on, f"{on}/signature", seen="2", why="Well done.")
    assert answer.status_code == 303
    history = " ".join(text_of(tom.get(on)).split())
    assert "Asked by Priya Raman, signed by Tom Hargreave." in history
    assert "Well done." in history
    assert stage(house, account_id) == 2


def test_asking_early_says_that_an_administrator_has_to_sign_and_why_is_needed(house, on):
    lead = house.client("priya")
    assert "only an administrator may sign it now" in text_of(lead.get(on))
    answer = send(lead, on, f"{on}/request", why="")
    assert answer.status_code == 422
    assert "Say why" in text_of(answer)


def test_what_is_missing_is_said_to_who_would_sign_and_the_word_stays(house, on, account_id):
    ask(house, account_id)
    tom = house.client("tom")
    assert f"{on}/signature" not in text_of(tom.get(on))
    answer = send(tom, on, f"{on}/signature", seen="2", why="They are good.")
    assert answer.status_code == 422
    assert "0 of 10 posts published" in text_of(answer)
    assert 'value="They are good."' in text_of(answer)
    sam = house.client("sam")
    refused = send(sam, on, f"{on}/signature", seen="2", why="")
    assert refused.status_code == 422
    assert "Say why it is signed all the same" in text_of(refused)
    assert send(sam, on, f"{on}/signature", seen="2", why="I know them.").status_code == 303
    assert "Signed although something was missing." in text_of(sam.get(on))


def test_a_page_that_is_out_of_date_signs_nothing(house, on, account_id):
    earned(house)
    ask(house, account_id)
    assert send(house.client("tom"), on, f"{on}/signature", seen="3").status_code == 409
    assert stage(house, account_id) == 1


def test_not_yet_reaches_the_lead_with_its_reason(house, on, account_id):
    earned(house)
    ask(house, account_id)
    assert send(house.client("tom"), on, f"{on}/refusal", why="").status_code == 422
    assert send(house.client("tom"), on, f"{on}/refusal", why="After the summer.").status_code == 303
    with house.database.read() as session:
        details = session.scalars(select(Notice.details).filter_by(kind="ladder.not_yet")).one()
    assert details["quote"] == "After the summer."
    assert f'href="{on}"' in text_of(house.client("priya").get("/notices"))


def test_down_by_whoever_clears_for_the_desk_says_what_waits(house, account_id):
    page = f"{HERE}/{account_id}"
    with house.database.write() as session:
        account, priya = session.get_one(Account, account_id), session.merge(house.people["priya"])
        ladder.switch_on(session, account, 3, "x", actor=priya, now=make.NOW)
        maya, desk = session.merge(house.people["maya"]), session.merge(house.desk)
        post = make.make_post(
            session, desk, maya, format_key="industry_news", accounts=[account_id],
            source={"url": "https://news.example/a", "title": "", "author": "", "via": "", "licence": ""},
        )  # fmt: skip
        make.clear(session, post, maya, {"marketing": session.merge(house.people["elena"])})
        make.plan(session, post, account, maya, due_at=make.NOW + timedelta(days=1))
    tom = house.client("tom")
    assert send(tom, page, f"{page}/descent", stage="1", why="").status_code == 422
    assert send(tom, page, f"{page}/descent", stage="1", why="A claim went wrong.").status_code == 303
    shown = text_of(tom.get(page))
    assert "Stepped down." in shown
    assert shown.count("One planned post waits for a higher stage.") == 2
    assert stage(house, account_id) == 1


def test_the_numbers_of_a_desk_are_set_by_its_leads_and_wrong_ones_stay_in_the_form(house, on):
    form = {
        f"{measure}_{n}": "5"
        for n in (2, 3)
        for measure in ("published", "first_pass", "clean_days", "stay_days")
    }
    lead, page = house.client("priya"), f"{HERE}/criteria"
    wrong = send(lead, page, seen="0", **{**form, "first_pass_2": "101"})
    assert wrong.status_code == 422
    assert 'value="101"' in text_of(wrong)
    assert "from 0 to 100" in text_of(wrong)
    letters = send(lead, page, seen="0", **{**form, "stay_days_3": "many"})
    assert letters.status_code == 422
    assert send(lead, page, seen="0", **form).status_code == 303
    assert "0 of 5" in text_of(lead.get(HERE))
    assert send(lead, page, seen="0", **form).status_code == 409
    assert house.client("maya").get(page).status_code == 403


def test_the_composer_says_before_submission_that_an_account_has_not_earned_a_format(house, on, account_id):
    with house.database.write() as session:
        maya, desk = session.merge(house.people["maya"]), session.merge(house.desk)
        post = make.make_post(session, desk, maya, format_key="flash_sale", accounts=[account_id])
        fine = make.make_post(session, desk, maya, accounts=[account_id])
    said = "Bluesky @x is at stage 1, basic education. “Flash sale” needs stage 3."
    assert said in text_of(house.client("maya").get(f"/d/brindlemoor/posts/{post.id}/compose"))
    assert "is at stage" not in text_of(house.client("maya").get(f"/d/brindlemoor/posts/{fine.id}/compose"))


def test_the_highest_stage_asks_for_nothing_more(house, account_id):
    with house.database.write() as session:
        account, priya = session.get_one(Account, account_id), session.merge(house.people["priya"])
        ladder.switch_on(session, account, 3, "x", actor=priya, now=make.NOW)
    page = text_of(house.client("priya").get(f"{HERE}/{account_id}"))
    assert "every format may go out here" in page
    assert "/request" not in page


def test_many_accounts_ask_the_database_a_few_times_each(house, count_queries):
    with house.database.write() as session:
        desk, priya = session.merge(house.desk), session.merge(house.people["priya"])
        for n in range(6):
            account = make.make_account(session, desk, handle=f"a{n}.example")
            ladder.switch_on(session, account, 2, "x", actor=priya, now=make.NOW)
    client = house.client("maya")
    with count_queries(house.database) as asked:
        assert client.get(HERE).status_code == 200
    assert len(asked) <= 13 + 6 * 6, "\n".join(asked)
