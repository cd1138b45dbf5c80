"""From the mail to the decision: real mails, opened by scanners, by their people, and by people they are not for."""

import io
from collections.abc import Callable
from html import unescape
from threading import Barrier, Thread
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from content_library import discussion, mail_decisions, media, media_store, reminders, users
from content_library.database import Base
from content_library.memberships import Place
from content_library.models.media import Media
from content_library.models.notice import Mail
from content_library.models.post import Post, PostState
from content_library.models.review import Comment, Decision, Review, ReviewState
from content_library.models.user import DeskRole, User
from tests import factories as make
from tests.app.decisions.conftest import Mailing
from tests.app.house import send, token

pytestmark = pytest.mark.network
TEXT = "Vinegar and water, twenty minutes, rinse twice."


def shown(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def everything(mailing: Mailing) -> dict[str, list[Any]]:
    with mailing.database.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def by(mailing: Mailing, key: str, act: Callable[[Any, User], Any]) -> None:
    with mailing.database.write() as session:
        act(session, session.get_one(User, mailing.house.people[key].id))


def state_of(mailing: Mailing, post_id: int) -> PostState:
    with mailing.database.read() as session:
        return session.get_one(Post, post_id).state


def decisions(mailing: Mailing) -> list[tuple[str, str, str]]:
    with mailing.database.read() as session:
        return [(d.user.name, d.verdict.value, d.identified_by) for d in session.query(Decision)]


@pytest.fixture
def path(mailing: Mailing) -> str:
    """The link in the mail to Elena, about a post that Marketing clears."""
    mailing.submit()
    mailing.deliver()
    return mailing.path("elena")


# ---- looking ---------------------------------------------------------------------


def test_the_link_shows_the_exact_text_and_for_whom_it_is(mailing: Mailing, path: str):
    page = mailing.browser().get(path)
    assert page.status_code == 200
    for words in (TEXT, "Elena Costa", "Marketing", "Not you? Do not use this link.", "Brindlemoor Home"):
        assert words in shown(page)


def test_a_scanner_that_opens_every_link_again_and_again_changes_nothing(mailing: Mailing, path: str):
    before = everything(mailing)
    for _ in range(3):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert mailing.browser().open(path, method=method).status_code == 200
    for address in (f"{path}/decision", f"{path}/question", f"{path}/fresh-link"):
        assert mailing.browser().get(address).status_code == 405
    assert everything(mailing) == before


def test_the_address_is_told_to_nobody_kept_nowhere_and_listed_nowhere(mailing: Mailing, path: str):
    headers = mailing.browser().get(path).headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_what_opens_the_link_stands_in_no_table_once_the_mail_has_left(mailing: Mailing, path: str):
    secret = path.rpartition("/")[2]
    assert secret not in str(everything(mailing))
    with mailing.database.read() as session:
        stored = session.scalars(select(Mail).where(Mail.to == "elena.costa@brindlemoor.example")).one()
        assert stored.sent_at is not None
        assert f"/decisions/{mailing.link().seed}" in stored.text
    assert mailing.browser().get(f"/decisions/{mailing.link().seed}").status_code == 404


def test_wrong_secrets_all_look_the_same(mailing: Mailing, path: str):
    wrong = ["x", "x" * 43, path.rpartition("/")[2][:-1], path.rpartition("/")[2] + "A", mailing.link().seed]
    for ending in ("", "/pictures/abc"):
        pages = [mailing.browser().get(f"/decisions/{w}{ending}") for w in wrong]
        answers = {shown(page).replace(page.headers["X-Request-ID"], "") for page in pages}
        assert len(answers) == 1
        assert TEXT not in answers.pop()
    client = mailing.browser()
    sent = {"csrf_token": token(client.get("/sign-in")), "verdict": "approve"}
    assert {client.post(f"/decisions/{w}/decision", data=sent).status_code for w in wrong} == {404}
    assert decisions(mailing) == []


def test_what_changed_and_what_was_said_stand_on_the_page_and_in_the_mail(mailing: Mailing, path: str):
    client = mailing.browser()
    send(client, path, f"{path}/decision", verdict="request_changes", reason="Say how much vinegar.")
    with mailing.database.read() as session:
        post_id = session.query(Post.id).scalar()
    mailing.change(post_id, text="A cup of vinegar and water, twenty minutes, rinse twice.")
    mailing.deliver()
    page = shown(mailing.browser().get(mailing.path("elena")))
    assert "Changed since Marketing decided on revision 1" in page
    assert "A cup of vinegar" in page
    text = mailing.text("elena")
    assert f"Text\n- {TEXT}\n+ A cup of vinegar and water, twenty minutes, rinse twice.\n" in text


# ---- deciding --------------------------------------------------------------------


def test_approving_thanks_says_what_happens_next_and_spends_the_link(mailing: Mailing, path: str):
    client = mailing.browser()
    answer = send(client, path, f"{path}/decision", verdict="approve")
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    page = shown(client.get(path))
    assert "Approved. Thank you." in page
    assert "Every team has cleared it." in page
    assert TEXT not in page
    assert decisions(mailing) == [("Elena Costa", "approve", "e-mail link")]
    assert mailing.link().used_at == mailing.clock()


def test_while_another_team_is_asked_the_thanks_say_for_whom_it_still_waits(mailing: Mailing):
    mailing.submit(format_key="celebrity_news", fields={"relevance": "A chef uses our bowl."})
    mailing.deliver()
    path, client = mailing.path("tom"), mailing.browser()
    send(client, path, f"{path}/decision", verdict="approve")
    assert "It still waits for PR." in shown(client.get(path))
    beside = shown(mailing.browser().get(mailing.path("aisha")))
    assert "by Tom Hargreave" in " ".join(beside.replace('<span dir="auto">', "").split())
    assert "by e-mail" in beside


def test_others_read_that_it_was_decided_by_mail(mailing: Mailing, path: str):
    client = mailing.browser()
    send(client, path, f"{path}/decision", verdict="approve")
    with mailing.database.read() as session:
        review, post_id = session.query(Review).one().id, session.query(Post.id).scalar()
    for key, address in (("elena", f"/reviews/{review}"), ("maya", f"/d/brindlemoor/posts/{post_id}")):
        assert "by e-mail" in shown(mailing.house.client(key).get(address))


@pytest.mark.parametrize(
    ("verdict", "said"), [("request_changes", "Sent back for changes"), ("refuse", "Refused")]
)
def test_a_no_with_a_reason_goes_back_to_the_author(mailing: Mailing, path: str, verdict: str, said: str):
    client = mailing.browser()
    send(client, path, f"{path}/decision", verdict=verdict, reason="Say how much.", quote="twenty minutes")
    page = shown(client.get(path))
    assert f"{said}. Thank you." in page
    assert "Say how much." in page
    with mailing.database.read() as session:
        (made,) = session.query(Decision)
        assert (made.verdict, made.reason, made.place["quote"]) == (
            verdict,
            "Say how much.",
            "twenty minutes",
        )


@pytest.mark.parametrize(
    "wrong",
    [{"reason": "  "}, {"reason": "x" * 4_001}, {"reason": "Because.", "quote": "words that are not there"}],
)
def test_a_form_that_is_wrong_keeps_what_was_typed_and_the_link(
    mailing: Mailing, path: str, wrong: dict[str, str]
):
    client = mailing.browser()
    typed = {"quote": "twenty minutes", **wrong}
    answer = send(client, path, f"{path}/decision", verdict="refuse", **typed)
    assert answer.status_code == 422
    for words in typed.values():
        assert words in shown(answer)
    assert (decisions(mailing), mailing.link().used_at) == ([], None)


@pytest.mark.parametrize("verdict", ["", "maybe"])
def test_a_decision_that_is_none_is_not_taken(mailing: Mailing, path: str, verdict: str):
    assert send(mailing.browser(), path, f"{path}/decision", verdict=verdict).status_code == 422
    assert decisions(mailing) == []


def test_without_the_token_of_the_page_nothing_is_decided(mailing: Mailing, path: str):
    client = mailing.browser()
    client.get(path)
    assert client.post(f"{path}/decision", data={"verdict": "approve"}).status_code == 400
    foreign = {"csrf_token": token(client.get(path)), "verdict": "approve"}
    headers = {"Origin": "https://evil.example"}
    assert client.post(f"{path}/decision", data=foreign, headers=headers).status_code == 403
    assert decisions(mailing) == []


def test_of_two_browsers_at_the_same_time_one_decides_and_the_other_reads_that_it_is_done(
    mailing: Mailing, path: str
):
    browsers = [mailing.browser(), mailing.browser()]
    forms = [{"csrf_token": token(b.get(path)), "verdict": "approve"} for b in browsers]
    together, answers = Barrier(2), []

    def press(client: Any, form: dict[str, str]) -> None:
        together.wait()
        answers.append(client.post(f"{path}/decision", data=form))

    threads = [Thread(target=press, args=pair) for pair in zip(browsers, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in answers) == [303, 409]
    late = next(a for a in answers if a.status_code == 409)
    assert "Approved. Thank you." in shown(late)
    assert decisions(mailing) == [("Elena Costa", "approve", "e-mail link")]


def test_a_signed_in_person_decides_by_the_link_as_whom_it_is_for(mailing: Mailing, path: str):
    """Who forwards the mail is said in the record, not who had a session in that browser."""
    send(mailing.house.client("priya"), path, f"{path}/decision", verdict="approve")
    assert decisions(mailing) == [("Elena Costa", "approve", "e-mail link")]


# ---- when the link is worth nothing ------------------------------------------------


def pressed(mailing: Mailing, path: str, meanwhile: Callable[[], object]) -> TestResponse:
    """The page is open, something happens, then Approve is pressed."""
    client = mailing.browser()
    form = {"csrf_token": token(client.get(path)), "verdict": "approve"}
    meanwhile()
    answer = client.post(f"{path}/decision", data=form)
    again = client.get(path)
    assert again.status_code == 200
    assert shown(again).split("<h1")[1] == shown(answer).split("<h1")[1], "opening says the same"
    return answer


def test_a_text_that_changed_meanwhile_is_refused_with_words_and_comes_in_a_new_mail(
    mailing: Mailing, path: str
):
    with mailing.database.read() as session:
        post_id = session.query(Post.id).scalar()
    answer = pressed(mailing, path, lambda: mailing.change(post_id, text="Another text altogether."))
    assert answer.status_code == 409
    assert "The text has changed" in shown(answer)
    assert "a new mail with it is on its way, or here already" in shown(answer)
    assert "Another text altogether." not in shown(answer)
    assert decisions(mailing) == []
    mailing.deliver()
    fresh = mailing.path("elena")
    assert fresh != path
    assert "Another text altogether." in mailing.text("elena")
    send(mailing.browser(), fresh, f"{fresh}/decision", verdict="approve")
    assert state_of(mailing, post_id) is PostState.APPROVED


def leave(mailing: Mailing) -> None:
    by(mailing, "sam", lambda session, sam: users.set_place(
        session, session.get_one(User, mailing.house.people["elena"].id), Place(), actor=sam, now=mailing.clock()
    ))  # fmt: skip


def let_go(mailing: Mailing) -> None:
    by(mailing, "sam", lambda session, sam: users.deactivate(
        session, session.get_one(User, mailing.house.people["elena"].id), actor=sam, now=mailing.clock()
    ))  # fmt: skip


@pytest.mark.parametrize("gone", [leave, let_go])
def test_who_left_the_team_or_the_house_reads_that_and_no_text(mailing: Mailing, path: str, gone: Callable):
    answer = pressed(mailing, path, lambda: gone(mailing))
    assert answer.status_code == 409
    assert "You are not asked to decide for Marketing any more." in shown(answer)
    for hidden in (TEXT, "Descale your kettle", "Sign in"):
        assert hidden not in shown(answer)
    assert decisions(mailing) == []


def test_who_became_an_author_reads_why_the_link_is_worth_nothing(mailing: Mailing, path: str):
    with mailing.database.read() as session:
        post_id = session.query(Post.id).scalar()

    def wrote(session: Any, elena: User) -> None:
        desk = session.merge(mailing.house.desk)
        users.set_place(
            session, elena,
            Place(desks={desk.id: DeskRole.AGENT}, teams=[m.team_id for m in elena.team_memberships]),
            actor=session.get_one(User, mailing.house.people["sam"].id), now=mailing.clock(),
        )  # fmt: skip
        found = session.get_one(Post, post_id)
        make.save(session, found, elena, now=mailing.clock(), text="Elena’s own words.")
        make.submit(session, found, elena, now=mailing.clock())

    answer = pressed(mailing, path, lambda: by(mailing, "elena", wrote))
    assert answer.status_code == 409
    assert decisions(mailing) == []
    count = len(mailing.mails("elena"))
    mailing.deliver()
    assert len(mailing.mails("elena")) == count, "she is not asked about her own words"


def test_switched_off_every_link_says_so_and_the_next_mail_leads_to_signing_in(mailing: Mailing, path: str):
    off = lambda session, sam: mail_decisions.switch(session, on=False, actor=sam, now=mailing.clock())  # noqa: E731
    answer = pressed(mailing, path, lambda: by(mailing, "sam", off))
    assert answer.status_code == 409
    assert "Deciding by mail is switched off" in shown(answer)
    assert "Sign in and look" in shown(answer)
    mailing.submit(title="Another")
    mailing.deliver()
    assert "/decisions/" not in mailing.text("elena")
    assert ":\nhttp://localhost/reviews/2\n" in mailing.text("elena")


def test_an_old_link_brings_a_new_one_by_mail(mailing: Mailing, path: str):
    client = mailing.browser()
    mailing.clock.advance(days=8)
    page = client.get(path)
    assert "This link is too old" in shown(page)
    client.post(f"{path}/fresh-link", data={"csrf_token": token(page)})
    mailing.deliver()
    fresh = mailing.path("elena")
    assert fresh != path
    send(client, fresh, f"{fresh}/decision", verdict="approve")
    assert len(decisions(mailing)) == 1
    assert "You have decided already" not in shown(client.get(fresh))


def test_the_second_link_of_a_reminder_says_that_one_has_decided_already(mailing: Mailing, path: str):
    with mailing.database.write() as session:
        assert reminders.remind(session, now=mailing.clock.advance(hours=5)) == 1
    mailing.deliver()
    second = mailing.path("elena")
    send(mailing.browser(), path, f"{path}/decision", verdict="approve")
    assert second != path
    assert "Every team has approved this revision already." in shown(mailing.browser().get(second))


# ---- questions ---------------------------------------------------------------------


def test_a_question_by_mail_its_answer_by_mail_and_then_the_decision(mailing: Mailing):
    mailing.outsider()
    post_id = mailing.submit()
    mailing.deliver()
    path, client = mailing.path("nadia"), mailing.browser()
    answer = send(client, path, f"{path}/question", body="How long exactly?")
    assert answer.status_code == 303
    page = shown(client.get(path))
    assert "How long exactly?" in page
    assert "You get a mail when somebody of the desk answers" in page
    with mailing.database.read() as session:
        assert session.query(Review).one().state is ReviewState.ASKED
        assert session.query(Comment).one().user.name == "Nadia Fenn"
    by(mailing, "maya", lambda session, maya: discussion.comment(
        session, session.get_one(Post, post_id), "Twenty minutes.", actor=maya, now=mailing.clock()
    ))  # fmt: skip
    mailing.deliver()
    assert "Twenty minutes." in mailing.text("nadia")
    fresh = mailing.path("nadia")
    assert "Twenty minutes." in shown(client.get(fresh))
    send(client, fresh, f"{fresh}/decision", verdict="approve")
    assert state_of(mailing, post_id) is PostState.APPROVED


def test_an_empty_question_comes_back_and_a_second_one_says_what_is_open(mailing: Mailing, path: str):
    client = mailing.browser()
    assert send(client, path, f"{path}/question", body=" ").status_code == 422
    form = {"csrf_token": token(client.get(path)), "body": "How long?"}
    assert client.post(f"{path}/question", data=form).status_code == 303
    late = client.post(f"{path}/question", data=form)
    assert late.status_code == 409
    assert "Nothing was changed." in shown(late)
    assert "A question to the author is open." in shown(late)


# ---- pictures ----------------------------------------------------------------------


def picture(mailing: Mailing, colour: str, *, desk_id: int | None = None) -> tuple[int, str]:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    stored = media_store.store_image(out.getvalue(), folder=mailing.settings.media_folder)
    with mailing.database.write() as session:
        maya = session.get_one(User, mailing.house.people["maya"].id)
        desk = session.merge(mailing.house.desk)
        found = media.add_picture(
            session, desk, stored, actor=maya, now=mailing.clock(), alt=f"A {colour} square"
        )
        found.desk_id = desk_id or found.desk_id
        return found.id, found.sha256


def test_the_pictures_of_the_text_are_shown_and_no_other(mailing: Mailing):
    shown_id, shown_sha = picture(mailing, "teal")
    _other_id, other_sha = picture(mailing, "red")
    with mailing.database.write() as session:
        away = make.make_desk(session, name="Elsewhere", handle="elsewhere")
        away_id = away.id
    _away_id, away_sha = picture(mailing, "blue", desk_id=away_id)
    mailing.submit(media=[{"id": shown_id, "sha256": shown_sha, "alt": "A teal square"}])
    mailing.deliver()
    path, client = mailing.path("elena"), mailing.browser()
    page = shown(client.get(path))
    assert f'src="{path}/pictures/{shown_sha}"' in page
    assert "/media/" not in page
    assert "[Picture 1, alt text: A teal square]" in mailing.text("elena")
    sent = client.get(f"{path}/pictures/{shown_sha}", buffered=True)
    assert (sent.status_code, sent.mimetype, sent.headers["Cache-Control"]) == (200, "image/png", "no-store")
    for sha in (other_sha, away_sha, "x" * 64, ".."):
        assert client.get(f"{path}/pictures/{sha}").status_code == 404
    assert client.get(f"/decisions/{'x' * 43}/pictures/{shown_sha}").status_code == 404
    send(client, path, f"{path}/decision", verdict="approve")
    assert client.get(f"{path}/pictures/{shown_sha}").status_code == 404
    with mailing.database.read() as session:
        assert session.query(Media).count() == 3


# ---- what is written down ------------------------------------------------------------


def test_a_fault_of_ours_writes_no_secret_into_the_log(mailing: Mailing, caplog: pytest.LogCaptureFixture):
    mailing.house.app.add_url_rule("/boom/<secret>", view_func=lambda secret: secret / 0)
    assert mailing.browser().get("/boom/hush").status_code == 500
    assert "unhandled error on /boom/<secret>" in caplog.text
    assert "hush" not in caplog.text
