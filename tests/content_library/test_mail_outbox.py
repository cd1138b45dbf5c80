"""A mail leaves whole, once and with our headers only; what cannot leave says why."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from content_library.mail_outbox import (
    Letter,
    MailNotSent,
    Sender,
    ServerUnreachable,
    check_address,
    compose,
    deliver,
)
from tests.support.smtp import Mailbox

SENDER = Sender("Deskcast <desk@example.org>", "notices.example.org")
NOWHERE = Path("/nonexistent")


def letter(**changed: str) -> Letter:
    known = {
        "key": "deskcast-20261103090000-7",
        "to": "legal@example.org",
        "subject": "“Spare lids” waits for Legal",
        "text": "Read it.\n",
        "html": "<p>Read it.</p>",
    }
    return Letter(**{**known, **changed}, written_at=datetime(2026, 11, 3, 9, tzinfo=UTC))


def read(message: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.default)


def test_a_mail_says_what_it_is_to_machines_that_read_it():
    message = read(compose(letter(), SENDER))
    assert message["From"] == "Deskcast <desk@example.org>"
    assert message["Message-ID"] == "<deskcast-20261103090000-7@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "<notices.example.org>"
    assert message["Date"] == "Tue, 03 Nov 2026 09:00:00 +0000"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_every_try_has_the_same_message_id():
    assert compose(letter(), SENDER)["Message-ID"] == compose(letter(), SENDER)["Message-ID"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_title_with_line_ends_cannot_add_a_header(end: str):
    message = read(compose(letter(subject=f"Sale{end}Bcc: all@example.org"), SENDER))
    assert message["Subject"] == "Sale Bcc: all@example.org"
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    "to", ["a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "nobody", ""]
)
def test_what_is_no_address_is_given_up_at_once(to: str):
    with pytest.raises(MailNotSent, match="not a mail address") as refusal:
        compose(letter(to=to), SENDER)
    assert refusal.value.for_good


def test_a_very_long_subject_is_cut():
    assert len(str(compose(letter(subject="x" * 500), SENDER)["Subject"])) == 200


def test_without_a_server_mails_become_files_one_for_each_mail_however_often(tmp_path: Path):
    for _ in range(2):
        deliver(compose(letter(), SENDER), smtp_url="", folder=tmp_path / "mail")
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == "deskcast-20261103090000-7.eml"
    assert email.message_from_bytes(file.read_bytes())["To"] == "legal@example.org"


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path):
    (tmp_path / "mail").write_text("a file in the way")
    with pytest.raises(ServerUnreachable, match="cannot be written"):
        deliver(compose(letter(), SENDER), smtp_url="", folder=tmp_path / "mail")


def test_the_server_gets_the_mail(smtp_sink: Mailbox):
    deliver(compose(letter(), SENDER), smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}", folder=NOWHERE)
    (message,) = smtp_sink.to("legal@example.org")
    assert message["Subject"] == "“Spare lids” waits for Legal"


@pytest.mark.parametrize(("answer", "for_good"), [("451 Later", False), ("554 Never", True)])
def test_a_refusal_is_for_now_or_for_good_as_the_server_says(smtp_sink: Mailbox, answer: str, for_good: bool):
    smtp_sink.refusing = answer
    with pytest.raises(MailNotSent, match=answer) as refusal:
        deliver(compose(letter(), SENDER), smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}", folder=NOWHERE)
    assert refusal.value.for_good is for_good
    assert not isinstance(refusal.value, ServerUnreachable)


def test_a_server_that_does_not_offer_tls_is_not_spoken_to_in_the_clear(smtp_sink: Mailbox):
    with pytest.raises(ServerUnreachable, match="cannot be used"):
        deliver(
            compose(letter(), SENDER),
            smtp_url=f"smtp://me:secret@127.0.0.1:{smtp_sink.port}?starttls=1",
            folder=NOWHERE,
        )
    assert smtp_sink.messages == []


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("smtp://mail.example.org", True),
        ("smtps://me:p%40ss@mail.example.org:465", True),
        ("smtp://mail.example.org:587?starttls=1", True),
        ("http://mail.example.org", False),
        ("smtp://", False),
        ("smtp://mail.example.org:port", False),
    ],
)
def test_an_address_is_judged_before_it_is_used(address: str, usable: bool):
    assert (check_address(address) == "") is usable
