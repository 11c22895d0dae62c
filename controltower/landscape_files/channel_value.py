"""How the settings of a channel are written: addresses, ports and signing secrets."""

import base64
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from controltower.domain.notification import TEAM
from controltower.landscape_files.environment import FromEnvironment
from controltower.landscape_files.value import Wrong, count, said, text, texts

LEAST_SECRET = 24  # bytes, as Standard Webhooks asks for
_MAIL = 'Write it as "name@plant.example" or "Name <name@plant.example>".'


def address(given: Any) -> str:
    """A mail address, with or without a name before it."""
    _, bare = parseaddr(text(given))
    try:
        usable = bool(Address(addr_spec=bare).domain) and str(given).isprintable()
    except (ValueError, IndexError, MessageError):
        usable = False
    if not usable:
        raise Wrong(f"must be a mail address, not {said(given)}", _MAIL)
    return str(given)


def addresses(given: Any) -> tuple[str, ...]:
    """Mail addresses, or the word for the contact of the team concerned."""
    return tuple(each if each == TEAM else address(each) for each in texts(given))


def port(given: Any) -> int:
    """A TCP port."""
    if count(given) > 65535:
        raise Wrong(f"must be a port, not {said(given)}", "Write a number from 1 to 65535: 587")
    return int(given)


def folder(given: Any) -> str:
    """A folder below the state directory."""
    parts = PurePosixPath(text(given)).parts
    if str(given).startswith("/") or ".." in parts or not str(given).isprintable():
        raise Wrong(f"must lie below the state directory, not {said(given)}", 'Write a name: "mail"')
    return str(given)


def web_address(given: Any) -> str:
    """An address that begins with http:// or https://."""
    try:
        parts = urlsplit(text(given))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Wrong(
            f"must be a web address, not {said(given)}", 'Write it as "https://chat.example/hooks/1".'
        )
    return str(given)


def secret(given: Any) -> str:
    """What nobody may read in a file: it comes from the environment."""
    if not isinstance(given, FromEnvironment):
        raise Wrong("is a secret written into a file", 'Write "env:NAME" and set NAME in the environment.')
    return text(given)


def signing_secret(given: Any) -> str:
    """A secret with which Standard Webhooks signs: base64, at least 24 bytes."""
    held = secret(given).removeprefix("whsec_")
    try:
        usable = len(base64.b64decode(held, validate=True)) >= LEAST_SECRET
    except ValueError:
        usable = False
    if not usable:
        raise Wrong(
            f"is no signing secret: {said(given)}",
            'Write "env:NAME", the variable holding whsec_ and at least 24 bytes in base64.',
        )
    return str(given)
