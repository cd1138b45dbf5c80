"""A mail server on loopback that keeps what it is given."""

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Mailbox:
    """What arrived. `refusing` makes the server answer with that line instead of taking the next mails."""

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refusing: str | None = None

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if address in str(message["To"])]

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.refusing:
            return self.refusing
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 OK"


class _Listener(Controller):
    """Listens on a socket that already has its port: aiosmtpd itself cannot take a free one."""

    def __init__(self, mailbox: Mailbox, listening: socket.socket) -> None:
        super().__init__(mailbox, hostname=mailbox.host, port=mailbox.port)
        self._listening = listening

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    listening = socket.create_server(("127.0.0.1", 0))
    mailbox = Mailbox(port=listening.getsockname()[1])
    controller = _Listener(mailbox, listening)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
