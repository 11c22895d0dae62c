"""How the tower logs: one JSON object a line, or readable text on a terminal, and never a secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

HIDDEN = "***"
# Names whose values are secrets wherever they appear.
_SECRET_NAME = re.compile(
    r"passw|secret|token|authori[sz]ation|signature|cookie|credential|api_?key|^key$", re.IGNORECASE
)
# Secrets that came in as part of a text: hook secrets, our own keys, Authorization headers, passwords in addresses.
_SECRET_TEXT = re.compile(
    r"whsec_[\w+/=-]+|\bct_[\w-]{20,}|(?<=Bearer )[\w.~+/=-]+|(?<=Basic )[\w+/=-]{8,}|(?<=Token )[\w.~+/=-]{12,}|(?<=://)[^/\s@]+(?=@)"
)
# Libraries that tell more than an operator can use.
_QUIETER = {
    "alembic": logging.WARNING,
    "apscheduler": logging.ERROR,  # "missed" and "still running" are how a busy second looks, not a fault
    "granian.access": logging.WARNING,
    "_granian": logging.WARNING,
    "urllib3": logging.WARNING,
    "werkzeug": logging.WARNING,
}


def configure(stream: TextIO | None = None) -> None:
    """Send our logs and those of the libraries to a stream (stderr), in one form.

    CONTROLTOWER_LOG is "json" or "text" (default: text on a terminal); CONTROLTOWER_LOG_LEVEL a level's name."""
    target = stream or sys.stderr
    shared = _shared()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(target)],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("CONTROLTOWER_LOG_LEVEL", "INFO").upper())
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def without_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every value whose name says that it is a secret, and every secret inside a text."""
    for name, value in entry.items():
        entry[name] = HIDDEN if _SECRET_NAME.search(name) and value else _cleaned(value)
    return entry


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, value)
    if isinstance(value, dict):
        return dict(without_secrets(None, "", {str(name): held for name, held in value.items()}))
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    return value


def _shared() -> list[Any]:
    """What happens to every entry: the message, system and trace that are bound to this context come first."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _rendering(target: TextIO) -> list[Any]:
    wanted = os.environ.get("CONTROLTOWER_LOG") or ("text" if target.isatty() else "json")
    if wanted == "text":
        console = structlog.dev.ConsoleRenderer(
            colors=target.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
        return [without_secrets, console]
    return [structlog.processors.format_exc_info, without_secrets, structlog.processors.JSONRenderer()]
