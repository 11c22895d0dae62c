"""Mails as files in a folder, for a site without a mail server; any mail program opens them."""

import os
from collections.abc import Callable, Mapping
from email.policy import SMTP
from pathlib import Path
from typing import Any

from controltower.connectors.letter import Letter, NotSent, mail_of


def place(settings: Mapping[str, Any]) -> str:
    """Where it leads."""
    return f"folder {settings['folder']}"


def open_way(settings: Mapping[str, Any], folder: Path) -> Callable[[Letter], str]:
    """How letters become files: each whole or not at all, the same name at every attempt."""

    def send(letter: Letter) -> str:
        mail = mail_of(letter, settings["from"])
        there = folder / settings["folder"]
        name = f"{letter.kind}-{letter.id}.eml"
        part = there / f".{name}.{os.getpid()}"
        try:
            there.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_bytes(mail.as_bytes(policy=SMTP))
            part.replace(there / name)
        except OSError as error:
            raise NotSent(f"the file cannot be written: {error.strerror}") from error
        return f"written to {settings['folder']}/{name}"

    return send
