"""Letters reach a real mail server, a real receiver of webhooks, and a folder; what is refused is told in words."""

import datetime
import email
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from standardwebhooks import Webhook

from controltower.connectors.channel import KINDS, Letter, NotSent, way
from controltower.domain.notification import Channel

AT = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LETTER = Letter(
    "abc123", "IT <it@plant.example>", "[A] Stock below zero\r\nBcc: evil@x.example", "plain words",
    "<p>html words</p>",
    "exception.opened", {"exception": {"id": "x-1", "opened_at": AT}}, AT,
    "[A] Stock below zero\nhttps://tower/x-1",
)  # fmt: skip


class Inbox:
    """What a mail server took; says no to recipients that are told to be unknown."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("later@"):
            return "451 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        return "250 taken"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def mail_server(**terms: Any) -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **terms)
    controller.start()
    try:
        yield inbox, controller.port
    finally:
        controller.stop()


def smtp(port: int, **other: Any) -> Channel:
    settings = {
        "host": "127.0.0.1", "port": port, "from": "Tower <tower@plant.example>", "tls": "none", "user": "",
        "password": "", **other,
    }  # fmt: skip
    return Channel("mail", "smtp", settings)


def test_a_mail_arrives_in_plain_text_and_html(tmp_path: Path) -> None:
    with mail_server() as (inbox, port):
        words = way(smtp(port), tmp_path)(LETTER)
    (mail,) = inbox.mails
    assert words == f"taken by 127.0.0.1:{port}"
    assert (inbox.recipients, mail["From"]) == (["it@plant.example"], "Tower <tower@plant.example>")
    assert mail["Message-ID"] == "<abc123@plant.example>"
    # A line break in a title begins no header of its own.
    assert mail["Subject"] == "[A] Stock below zero Bcc: evil@x.example"
    assert mail["Bcc"] is None
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "plain words"
    assert "html words" in html.get_content()


@pytest.mark.parametrize(
    ("recipient", "permanent", "words"),
    [
        ("nobody@plant.example", True, "no such mailbox"),
        ("later@plant.example", False, "greylisted"),
        ("", True, "no mail address"),
        ("+49 30 1234", True, "no mail address"),
    ],
)
def test_a_recipient_that_is_refused(tmp_path: Path, recipient: str, permanent: bool, words: str) -> None:
    with mail_server() as (_, port), pytest.raises(NotSent, match=words) as refused:
        way(smtp(port), tmp_path)(LETTER._replace(recipient=recipient))
    assert refused.value.permanent is permanent


def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    def never(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with mail_server(authenticator=never, auth_require_tls=False) as (_, port), pytest.raises(NotSent) as no:
        way(smtp(port, user="tower", password="hush-hush"), tmp_path)(LETTER)
    assert no.value.permanent
    assert "hush" not in str(no.value)


def test_what_cannot_be_encrypted_is_not_sent(tmp_path: Path) -> None:
    with mail_server() as (inbox, port), pytest.raises(NotSent):
        way(smtp(port, tls="starttls"), tmp_path)(LETTER)
    assert inbox.mails == []


def test_a_server_that_is_away_is_tried_again(tmp_path: Path) -> None:
    with mail_server() as (_, port):
        pass
    with pytest.raises(NotSent, match="cannot be reached") as away:
        way(smtp(port), tmp_path)(LETTER)
    assert not away.value.permanent


class Receiver(BaseHTTPRequestHandler):
    """Takes what is signed right, or answers as it is told."""

    taken: list[dict[str, Any]]
    answer: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        checked = Webhook(SECRET).verify(body, {name.lower(): held for name, held in self.headers.items()})
        type(self).taken.append(checked)
        self.send_response(type(self).answer)
        self.send_header("Retry-After", "30")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def receiver(answer: int = 204) -> Iterator[tuple[list[dict[str, Any]], Channel]]:
    kind = type("Own", (Receiver,), {"taken": [], "answer": answer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/chat/secret-path"
    try:
        yield kind.taken, Channel("chat", "webhook", {"url": url, "secret": SECRET, "proxy": ""})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_is_signed_and_says_its_text(tmp_path: Path) -> None:
    with receiver() as (taken, channel):
        words = way(channel, tmp_path)(LETTER)
    assert words == "taken by 127.0.0.1: 204"
    (held,) = taken
    assert (held["type"], held["text"]) == ("exception.opened", LETTER.brief)
    assert held["data"]["exception"]["id"] == "x-1"


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (302, True), (429, False), (503, False)]
)
def test_a_webhook_that_is_refused(tmp_path: Path, status: int, permanent: bool) -> None:
    with receiver(status) as (_, channel), pytest.raises(NotSent, match=str(status)) as refused:
        way(channel, tmp_path)(LETTER)
    assert (refused.value.permanent, refused.value.retry_after) == (permanent, 30.0)
    assert "secret" not in str(refused.value)


def test_a_file_is_a_mail(tmp_path: Path) -> None:
    channel = Channel("mail", "file", {"folder": "mail", "from": "Tower <tower@plant.example>"})
    way(channel, tmp_path)(LETTER)
    way(channel, tmp_path)(LETTER)  # the same again is the same file
    (file,) = (tmp_path / "mail").iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert mail["To"] == "IT <it@plant.example>"


def test_no_place_shows_a_secret() -> None:
    with receiver() as (_, channel):
        assert KINDS["webhook"].place(channel.settings) == "127.0.0.1"
    held = json.dumps(KINDS["smtp"].place(smtp(25, user="tower", password="hush").settings))
    assert "hush" not in held
    assert "hush" not in repr(smtp(25, password="hush"))
