"""Mail by SMTP, encrypted unless the operator says otherwise."""

import smtplib
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controltower.connectors.letter import Letter, NotSent, mail_of

SECONDS = 15.0
# Authentication, mailbox and content errors begin with 5; a server that is busy says 4.
_FOR_GOOD = 500


def place(settings: Mapping[str, Any]) -> str:
    """Where it leads."""
    return f"{settings['host']}:{settings['port']}"


def open_way(settings: Mapping[str, Any], _folder: Path) -> Callable[[Letter], str]:
    """How letters go to a mail server: one connection each, as they are few."""

    def send(letter: Letter) -> str:
        mail = mail_of(letter, settings["from"])
        try:
            with _session(settings) as session:
                session.send_message(mail)
        except smtplib.SMTPException as error:
            raise _refused(error) from error
        except (OSError, ValueError) as error:
            raise NotSent(f"{place(settings)} cannot be reached: {_words(error)}") from error
        return f"taken by {place(settings)}"

    return send


def _session(settings: Mapping[str, Any]) -> smtplib.SMTP:
    host, port, context = settings["host"], settings["port"], ssl.create_default_context()
    if settings["tls"] == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    else:
        session = smtplib.SMTP(host, port, timeout=SECONDS)
    try:
        if settings["tls"] == "starttls":
            session.starttls(context=context)
        if settings["user"]:
            session.login(settings["user"], settings["password"])
    except Exception:
        session.close()
        raise
    return session


def _refused(error: smtplib.SMTPException) -> NotSent:
    """What a mail server said no to; its own words hold no password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return NotSent(f"refused the recipient: {code} {_text(said)}", permanent=code >= _FOR_GOOD)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return NotSent(f"refused user or password: {error.smtp_code}", permanent=True)
    if isinstance(error, smtplib.SMTPResponseException):
        words = f"answered {error.smtp_code} {_text(error.smtp_error)}"
        return NotSent(words, permanent=error.smtp_code >= _FOR_GOOD)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return NotSent(f"does not support it: {_words(error)}", permanent=True)
    return NotSent(f"the mail server failed: {_words(error)}")


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
