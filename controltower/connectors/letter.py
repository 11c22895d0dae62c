"""What is told people: one letter, as a mail with its two bodies and as the content of a webhook."""

import datetime
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, NamedTuple


class Letter(NamedTuple):
    """`id` is the same at every attempt, so that a receiver knows a repetition. `kind`: `exception.opened` and the
    like, `digest` or `test`; `content` is what a machine reads of it, `brief` what a chat
    shows."""

    id: str
    recipient: str
    subject: str
    text: str
    html: str
    kind: str
    content: Mapping[str, Any]
    at: datetime.datetime
    brief: str = ""


class NotSent(Exception):
    """A channel did not take a letter; the text says why, without a secret.

    `permanent`: the same again can only fail the same. `retry_after`: seconds that the receiver asked for."""

    def __init__(self, words: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.permanent = permanent
        self.retry_after = retry_after


def mail_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a mail in plain text and HTML. Raises NotSent where nobody can get it."""
    _, address = parseaddr(letter.recipient)
    if "@" not in address or not letter.recipient.isprintable():
        whom = letter.recipient or "The team"
        raise NotSent(f"{whom} has no mail address: give the team a contact in service.toml", permanent=True)
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, letter.recipient
    # One line, whatever a title holds: a line break would begin a header of its own.
    mail["Subject"] = " ".join(
        "".join(each if each.isprintable() else " " for each in letter.subject).split()
    )
    mail["Date"] = format_datetime(letter.at)
    _, own = parseaddr(sender)
    mail["Message-ID"] = f"<{letter.id}@{own.partition('@')[2] or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail
