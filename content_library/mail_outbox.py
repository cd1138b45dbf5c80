"""How a mail leaves the house: over SMTP, or into a folder when no server is set. An adapter: no tables.

Every header goes through EmailMessage, which refuses line ends, so nothing a person typed can become a header.
"""

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_S = 20.0
LONGEST_SUBJECT = 200


class MailNotSent(Exception):
    """The mail did not leave. `for_good`: another try would end the same way."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class ServerUnreachable(MailNotSent):
    """No server answered: nothing else can be sent now either."""


@dataclass(frozen=True)
class Letter:
    """A mail before it has headers. `key` is the same for every try, and so is its Message-ID."""

    key: str
    to: str
    subject: str
    text: str
    html: str
    written_at: datetime


@dataclass(frozen=True)
class Sender:
    """Who writes, and where replies from machines must not go. `list_id` groups our mails in a mail program."""

    address: str  # `Name <name@host>`
    list_id: str


def compose(letter: Letter, sender: Sender) -> EmailMessage:
    """The whole message. Raises MailNotSent for good when the address cannot be one."""
    message = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender.address)
    host = address.rpartition("@")[2] or "localhost"
    try:
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=letter.to)
    except Exception as wrong:  # the parser of addresses raises whatever it stumbles over
        raise MailNotSent(f"“{letter.to}” is not a mail address.", for_good=True) from wrong
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<{letter.key}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"<{sender.list_id}>"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _one_line(subject: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def deliver(message: EmailMessage, *, smtp_url: str, folder: Path) -> None:
    """Hand a message over. Returns when the server has taken it, or the file is there; raises MailNotSent."""
    if smtp_url:
        _over_smtp(message, smtp_url)
    else:
        _into_folder(message, folder)


def greet(smtp_url: str) -> None:
    """Connect and sign in as for a mail, and send none. Raises ServerUnreachable."""
    with _connection(smtp_url):
        pass


def check_address(smtp_url: str) -> str:
    """What is wrong with a server's address, in a sentence; empty when it can be used."""
    parts = urlsplit(smtp_url)
    try:
        usable = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return "Write smtp://user:password@host:587?starttls=1, or smtps://user:password@host."
    return ""


def _over_smtp(message: EmailMessage, smtp_url: str) -> None:
    with _connection(smtp_url) as server:
        try:
            server.send_message(message)
        except smtplib.SMTPServerDisconnected as lost:
            raise ServerUnreachable(f"The mail server hung up: {lost}") from lost
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            raise _answered(code, words) from refused
        except smtplib.SMTPResponseException as refused:
            raise _answered(refused.smtp_code, refused.smtp_error) from refused
        except (smtplib.SMTPException, OSError) as wrong:
            raise ServerUnreachable(f"The mail server did not take it: {wrong}") from wrong


@contextmanager
def _connection(smtp_url: str) -> Iterator[smtplib.SMTP]:
    parts = urlsplit(smtp_url)
    host = parts.hostname or ""
    try:
        server = _open(parts.scheme, host, parts.port)
        try:
            if parse_qs(parts.query).get("starttls") == ["1"]:
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
    except (smtplib.SMTPException, OSError, ValueError) as wrong:
        raise ServerUnreachable(f"The mail server {host} cannot be used: {wrong}") from wrong
    try:
        yield server
    finally:
        _say_goodbye(server)


def _open(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)


def _say_goodbye(server: smtplib.SMTP) -> None:
    """The message is taken or refused by now: what goes wrong here changes neither."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _answered(code: int, words: bytes | str) -> MailNotSent:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return MailNotSent(f"The mail server said: {code} {said}", for_good=500 <= code < 600)


def _into_folder(message: EmailMessage, folder: Path) -> None:
    """Whole or not at all, and a second try writes the same file."""
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(folder / f"{name}.eml")
    except OSError as wrong:
        raise ServerUnreachable(f"The mail folder cannot be written: {wrong}") from wrong
