"""A tower that carries orders, served to a browser out of the test itself, so that the test is its worker too."""

import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from werkzeug.serving import make_server

from controltower.domain.clock import Clock
from controltower.pipeline.deliver import deliver
from controltower.pipeline.runs import advance_runs
from controltower.store.engine import connect
from controltower.web.login import limiter
from tests.factories import MINUTE
from tests.web.asking import opened_app
from tests.web.conftest import add_people
from tests.web.dead_letters import aimed, kill, outgoing_landscape, send, tell_orders


class CarryingTower:
    """Dead letters of one group, some of them old news, and messages that could not be read."""

    def __init__(self, database_url: str, state: Path) -> None:
        self._engine = connect(database_url)
        self._opened = opened_app(self._engine, state, outgoing_landscape())
        self.app, self.plantlet = self._opened.__enter__()
        self.aps, self.erp = aimed(self.plantlet)
        add_people(self.plantlet)
        limiter.reset()
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._opened.__exit__(None, None, None)
        self._engine.dispose()

    def fill(self, dead: int, stale: int, unreadable: int) -> None:
        """Make dead letters, of which the newest `stale` are old news, and messages that could not be read."""
        first = 1000 + len(self.aps.attempts)
        kill(self.plantlet, self.aps, dead)
        self.plantlet.clock.move(40 * MINUTE)
        tell_orders(self.plantlet, range(first + dead - stale, first + dead), sequence=2, day=12)
        send(self.plantlet)
        for number in range(unreadable):
            broken = {"quantity": {"value": "twelve", "unit": "EA"}}
            self.plantlet.say("mes", 1, broken, subject=f"LYON/order/P-{number}")
        self.plantlet.record()
        self.show()

    def show(self) -> None:
        """Let the pages' clock stand where the tower's does."""
        still = Clock(0.0, self.plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        parts = replace(self.plantlet.tower, clock=still)
        self.app.extensions["tower"] = self.app.extensions["pipeline"] = parts

    def work(self, turns: int = 8) -> None:
        """Do what the worker does: hand over what was asked for, and send it."""
        for _ in range(turns):
            advance_runs(self.plantlet.tower)
            deliver(self.plantlet.tower, "worker-1", 5.0)
