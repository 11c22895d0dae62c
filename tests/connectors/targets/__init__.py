"""How each product that the tower writes to is played by a real local HTTP server: one module per connector.

To bring a connector into the suite of test_send_contract.py, add `<connector>.py` here with `PLAYED = Played(...)`; a
connector whose manifest says `sends=True` fails the suite without one. Every field of Played is told below.
"""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from controltower.connectors import connect, manifest, names
from controltower.connectors.contract import Outgoing, Sender
from controltower.domain.landscape import System
from controltower.domain.retry import Sending
from tests.connectors.served import Asked, Reply

ROLE_OF_A_TEST = "mes"


def _writes(asked: Asked) -> bool:
    return asked.method != "GET"


def _refuses(words: str) -> Reply:
    return Reply({"detail": words}, 422)


@dataclass(frozen=True)
class Played:
    """What the suite must know of a product to play it.

    `settings`: the connector's settings, for a server at this URL. `outgoing`: a message that it can write.
    `secrets`: texts of the settings that must never be shown. `took`: its good answer to a write. `there`, `absent`:
    its answer, when asked again, where the message arrived, and where it did not. `beside`: its answers to other
    requests, such as a log-in or the look-up of an id, None for one that is not such. `writes`: whether a request is
    the write itself (of several, the one that counts). `refuses`: how it refuses, with these words. `key`: the
    idempotency key in a write, None where the product takes none: then the same write must be sent at each try.
    `said`: what a write says, without what may differ from try to try.
    """

    settings: Callable[[str], dict[str, Any]]
    outgoing: Outgoing
    there: Callable[[Asked], Reply]
    absent: Callable[[Asked], Reply]
    secrets: tuple[str, ...]
    key: Callable[[Asked], str] | None = None
    role: str = ROLE_OF_A_TEST
    plants: tuple[str, ...] = ("LYON",)
    took: Callable[[Asked], Reply] = lambda _: Reply({}, 200)
    beside: Callable[[Asked], Reply | None] = lambda _: None
    writes: Callable[[Asked], bool] = _writes
    refuses: Callable[[str], Reply] = _refuses
    said: Callable[[Asked], object] = lambda asked: (asked.method, asked.path, asked.body)
    sending: Sending = field(default_factory=lambda: Sending(timeout=20.0, in_flight=4))

    def sender(self, connector: str, url: str, seconds: float | None = None) -> Sender:
        """The connector to a server at this URL, waiting this long for its answers."""
        sending = self.sending if seconds is None else replace(self.sending, timeout=seconds)
        zone = ZoneInfo("Europe/Paris")
        system = System(
            "played",
            "Played",
            self.role,
            self.plants,
            connector,
            zone,
            sending=sending,
            settings=self.settings(url),
        )
        made = connect(system)
        assert isinstance(made, Sender)
        return made

    def answering(self, write: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
        """A server that answers writes so, and any other question as the product does: `absent` until it has taken a
        write, `there` from then on."""
        taken = threading.Event()

        def answer(asked: Asked) -> Reply:
            if not self.writes(asked):
                return self.beside(asked) or (self.there if taken.is_set() else self.absent)(asked)
            reply = write(asked)
            if reply.value == self.took(asked).value and reply.status < 300:
                taken.set()
            return reply

        return answer

    def silent(self, shown: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
        """A server that never answers a write, and shows this when it is asked afterwards."""
        written = threading.Event()

        def answer(asked: Asked) -> Reply:
            if self.writes(asked):
                written.set()
                return Reply(silent=True)
            return self.beside(asked) or (shown if written.is_set() else self.absent)(asked)

        return answer

    def showing(self, shown: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
        """A server that shows this when it is asked whether something arrived."""
        return lambda asked: self.beside(asked) or shown(asked)


def sending_connectors() -> list[str]:
    """Every connector whose manifest says that it sends."""
    return [name for name in names() if manifest(name).sends]


def played(connector: str) -> Played:
    """How a product is played. Raises ModuleNotFoundError where nobody wrote it down."""
    found: Played = importlib.import_module(f"tests.connectors.targets.{connector}").PLAYED
    return found
