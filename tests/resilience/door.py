"""The tower's hook door as a sender reaches it, and a sender who keeps what was not acknowledged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.factories import Plantlet, cloud_event, due, landscape, signed
from tests.web.asking import opened_app


class Sender:
    """Sends one event after the other about orders of its own, each under a delivery id that stays the same."""

    def __init__(self, client: FlaskClient, plantlet: Plantlet) -> None:
        self.client, self.plantlet = client, plantlet
        self.acknowledged: list[str] = []

    def send(self, number: int, padding: int = 0) -> TestResponse:
        """Send delivery `number`, again or for the first time; with some bytes of padding in its event."""
        attributes: dict[str, Any] = {"due_date": due(9), "item": "x" * padding or "PUMP-7"}
        event = cloud_event(
            "erp", 1, attributes, self.plantlet.clock.now(), subject=f"LYON/order/MO-{number}"
        )
        body, delivery = json.dumps(event), f"delivery-{number}"
        answer = self.client.post(
            "/hooks/erp",
            data=body,
            headers=signed(body, delivery),
            content_type="application/cloudevents+json",
        )
        if answer.status_code == 202:
            self.acknowledged.append(delivery)
        return answer


@contextmanager
def opened_door(engine: Engine, state: Path) -> Iterator[Sender]:
    """The app's door on a database, and the one who sends to it."""
    with opened_app(engine, state, landscape()) as (app, plantlet):
        yield Sender(app.test_client(), plantlet)
