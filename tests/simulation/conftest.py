"""A simulated network moved by hand, and a tiny tower that only writes down what it is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from standardwebhooks import Webhook

from controltower.simulation.credentials import environment_name
from controltower.simulation.landscape import SPECS
from controltower.simulation.network import Network
from controltower.simulation.servers import SystemServer
from controltower.simulation.world import Pace

MORNING = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def environment() -> dict[str, str]:
    """Every credential a network needs, made for tests."""
    named = {"APS_HQ_USER": "planner", "APS_HQ_PASSWORD": "plan-it", "SIM_CONTROL_TOKEN": "panel"}
    for spec in SPECS:
        named[environment_name(spec.id, "TOKEN")] = f"token-of-{spec.id}"
        secret = base64.b64encode(f"hook secret of {spec.id:>20}".encode()).decode()
        named[environment_name(spec.id, "HOOK_SECRET")] = f"whsec_{secret}"
        secret = base64.b64encode(f"inbox secret of {spec.id:>20}".encode()).decode()
        named[environment_name(spec.id, "INBOX_SECRET")] = f"whsec_{secret}"
    return named


@dataclass(frozen=True)
class Received:
    """One webhook as it came."""

    system: str
    headers: dict[str, str]
    body: bytes

    def events(self) -> list[dict[str, Any]]:
        """The CloudEvents or native bodies in it; binary mode is put together again."""
        content = json.loads(self.body)
        if "ce-id" in self.headers:
            named = {name[3:]: value for name, value in self.headers.items() if name.startswith("ce-")}
            return [{**named, "data": content}]
        return content if isinstance(content, list) else [content]


@dataclass
class RecordingTower:
    """Answers every hook with `status` after checking its signature, and keeps what it was sent."""

    secrets: dict[str, str]
    url: str = ""
    status: int = 202
    kept: list[Received] = field(default_factory=list)

    def app(self) -> Flask:
        """The receiving app."""
        app = Flask("recording-tower")

        @app.post("/hooks/<system>")
        def hook(system: str) -> Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            Webhook(self.secrets[system]).verify(request.get_data(), headers, json_parse=False)
            if self.status < 300 or self.status == 400:
                self.kept.append(Received(system, headers, request.get_data()))
            return Response(status=self.status)

        return app

    def events(self, system: str = "") -> list[dict[str, Any]]:
        """All contents in the order they came."""
        chosen = [kept for kept in self.kept if system in ("", kept.system)]
        return [event for kept in chosen for event in kept.events()]

    def cloud_events(self, *systems: str) -> list[dict[str, Any]]:
        """Only CloudEvents about a subject, of these systems or of all."""
        return [
            event
            for event in self.events()
            if "specversion" in event and "subject" in event and (not systems or event["source"] in systems)
        ]

    def rows(self, event: str = "") -> list[dict[str, Any]]:
        """The ERP's native order rows, of one event or of all."""
        found = [body for body in self.events("erp-hq") if body["event"].startswith("order.")]
        return [body["row"] for body in found if event in ("", body["event"])]


def recording_tower() -> tuple[RecordingTower, SystemServer]:
    """A recording tower and the server it answers on."""
    named = environment()
    secrets = {spec.id: named[environment_name(spec.id, "HOOK_SECRET")] for spec in SPECS}
    recording = RecordingTower(secrets)
    server = SystemServer(recording.app(), 0)
    recording.url = server.address
    server.start()
    return recording, server


@pytest.fixture
def tower() -> Iterator[RecordingTower]:
    """A tower that records."""
    recording, server = recording_tower()
    yield recording
    server.stop()


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a network stopped in the middle of its first morning, to be copied and never started."""
    recording, server = recording_tower()
    folder = tmp_path_factory.mktemp("morning") / "demo"
    network = Network(
        folder,
        environ=environment(),
        begin_at=MORNING,
        tower_url=recording.url,
        pace=Pace(cancellations=0.0),
    )
    network.start()
    network.advance(50 * MINUTE)
    network.stop()
    server.stop()
    return folder


@pytest.fixture
def make_network(tmp_path: Path, tower: RecordingTower) -> Iterator[Callable[..., Network]]:
    """Make a started network on free ports; stopped at the end of the test."""
    made: list[Network] = []

    def make(folder: str = "demo", **wishes: Any) -> Network:
        settings = {"environ": environment(), "begin_at": MORNING, "tower_url": tower.url, **wishes}
        settings.setdefault("pace", Pace(cancellations=0.0))
        network = Network(tmp_path / folder, **settings)
        network.start()
        made.append(network)
        return network

    yield make
    for network in made:
        if not network.stopped:
            network.stop()


def ask(network: Network, system: str, path: str, method: str = "GET", **more: Any) -> requests.Response:
    """Call a system's API with its credential."""
    headers = network.world.credentials.api[system]
    url = network.world.addresses[system] + path
    return requests.request(method, url, headers=headers, timeout=5, **more)
