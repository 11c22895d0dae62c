"""The tower as a web app whose clock stands still, and a caller with a key of the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from controltower import create_app
from controltower.domain.expectation import Sign
from controltower.domain.flow import Flow, Step
from controltower.domain.landscape import Landscape, Plant, Tier
from controltower.pipeline.detect import detect
from controltower.settings import Settings
from controltower.store import user
from controltower.store.engine import writing
from tests.factories import MINUTE, PARIS, Plantlet, due, landscape

BASE = "/api/v1"
# What a tower tells that carries: its answers are held against the document by a test of their own.
OUTGOING = (
    "/failures", "/failures/{group}", "/routes", "/runs", "/runs/{run}", "/runs/{run}/items",
)  # fmt: skip
FLOW = Flow(
    "order-to-schedule",
    "Order to schedule",
    (
        Step("created", "Created in ERP", (Sign("erp", type="order.created"),)),
        Step("planned", "Planned", (Sign("aps", type="order.scheduled"),), after=("created",)),
        Step("started", "Started", (Sign("mes", type="order.started"),), after=("planned",)),
    ),
    begins=(Sign("erp", type="order.created"),),
)


def api_landscape() -> Landscape:
    """The factories' landscape with a flow, a second plant and a service level."""
    plants = {"LYON": Plant("LYON", "Lyon", PARIS), "GRAZ": Plant("GRAZ", "Graz", PARIS)}
    held = landscape(plants=plants, flows=(FLOW,), tiers={"gold": Tier("gold", 15 * MINUTE, 240 * MINUTE)})
    systems = {id: replace(each, tier="gold") for id, each in held.systems.items()}
    return replace(held, systems=systems)


@contextmanager
def opened_app(engine: Engine, state: Path, land: Landscape) -> Iterator[tuple[Flask, Plantlet]]:
    """The app on a database, sharing the hand-moved clock of a plantlet on the same one."""
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, config_dir=state, state_dir=state, secret_key="only for this test")
    plantlet = Plantlet(engine, land)
    app = create_app(settings, land)
    own = app.extensions["tower"].engine
    app.extensions["tower"] = plantlet.tower
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app, plantlet
    app.extensions["intake"].stop()
    plantlet.intake.stop()
    own.dispose()


def make_key(plantlet: Plantlet, *roles: str, **terms: Any) -> str:
    """A key with some roles."""
    name = f"{'-'.join(roles)}-{len(_made)}"
    _made.append(name)
    with writing(plantlet.tower.engine) as connection:
        return user.add_key(connection, name=name, roles=set(roles), now=plantlet.clock.now(), **terms)[1]


_made: list[str] = []


@dataclass
class Caller:
    """Someone who calls the API with one key."""

    client: FlaskClient
    key: str

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(BASE + path, query_string=query, headers=self.headers)

    def post(self, path: str, body: Any) -> TestResponse:
        return self.client.post(BASE + path, json=body, headers=self.headers)

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            answer = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            assert answer.status_code == 200, answer.text
            found += answer.json["items"]  # type: ignore[index]
            cursor = answer.json["next"]  # type: ignore[index]
            if not cursor:
                return found

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def must_keep_to(document: dict[str, Any], path: str, answer: Any) -> None:
    """Raise unless an answer of a GET is as the OpenAPI document says."""
    (content,) = document["paths"][BASE + path]["get"]["responses"]["200"]["content"].values()
    schema = content["schema"] | {"components": document["components"]}
    jsonschema_rs.validator_for(schema).validate(answer)


def tell_story(plantlet: Plantlet) -> None:
    """MO-1 is planned, then its due date moves in the ERP and nobody hears of it; the MES completes it."""
    say, clock = plantlet.say, plantlet.clock
    say("erp", 1, {"due_date": due(9), "status": "firm", "item": "PUMP-7"}, type="order.created")
    clock.move(MINUTE)
    say("aps", 1, {"due_date": due(9), "planned_start": due(4, 6)}, type="order.scheduled")
    say("mes", 1, {"due_date": due(9), "status": "released"}, type="order.acknowledged")
    operation = {"subject": "LYON/operation/MO-1/10", "type": "operation.started"}
    say("mes", 1, {"status": "running", "resource": "CUT-1"}, **operation)
    clock.move(9 * MINUTE)
    say("erp", 2, {"due_date": due(12)})
    say(
        "mes",
        2,
        {"status": "completed", "quantity_good": {"value": "120", "unit": "EA"}},
        type="order.completed",
    )
    plantlet.record()
    clock.move(60 * MINUTE)
    detect(plantlet.tower)
