"""A tower that carries orders behind the pages of the integration desk."""

from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controltower.domain.clock import Clock
from controltower.domain.delivery import Delivery
from controltower.store import audit, delivery
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet
from tests.web.dead_letters import aimed, kill, send, tell_orders
from tests.web.test_pages import words


class Stage:
    """The app, its tower and its scheduler; `show` lets the pages' clock catch up with the tower's."""

    def __init__(self, app: Flask, plantlet: Plantlet) -> None:
        self.app, self.plantlet = app, plantlet
        self.aps, self.erp = aimed(plantlet)
        self.show()

    def show(self) -> None:
        still = Clock(0.0, self.plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        parts = replace(self.plantlet.tower, clock=still)
        self.app.extensions["tower"] = self.app.extensions["pipeline"] = parts

    def kill(self, count: int, **changed: object) -> list[Delivery]:
        dead = kill(self.plantlet, self.aps, count, **changed)  # type: ignore[arg-type]
        self.show()
        return dead

    def say_newer(self, *numbers: int) -> None:
        """The ERP moves the due date of some orders; the scheduler takes it."""
        self.plantlet.clock.move(MINUTE)
        tell_orders(self.plantlet, numbers, sequence=2, day=12)
        send(self.plantlet)
        self.show()

    def state_of(self, id: int) -> str:
        with reading(self.plantlet.tower.engine) as connection:
            found = delivery.get(connection, id)
        assert found is not None
        return found.state

    def acts(self) -> list[tuple[str, str]]:
        """(who, action) of the audit log, newest first."""
        with reading(self.plantlet.tower.engine) as connection:
            return [(each.who, each.action) for each in audit.latest(connection)]


def settled(desk: FlaskClient, answer: TestResponse) -> str:
    """The words of the page to which an act leads."""
    assert answer.status_code == 303, answer.text
    return words(desk, answer.location)
