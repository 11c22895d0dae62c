"""The recorded messages of all connectors, and what they gave, in a form that people can review."""

import base64
import datetime
import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from controltower.connectors import connect, names
from controltower.connectors.contract import Connector, Envelope, Translation
from controltower.domain.landscape import System
from controltower.domain.value import write_time

ROOT = Path(__file__).parents[2]
CONNECTORS = ROOT / "controltower" / "connectors"


class Recorded(NamedTuple):
    """One recorded message of one connector."""

    connector: str
    path: Path
    connected: Connector
    envelope: Envelope

    @property
    def golden(self) -> Path:
        """The file that holds the expected events."""
        return self.path.with_name(self.path.stem + ".golden.json")

    def __repr__(self) -> str:
        return f"{self.connector}-{self.path.stem}"


def fixture_files(connector: str) -> list[Path]:
    """The recorded messages of a connector, in the order of their names."""
    files = sorted((CONNECTORS / connector / "fixtures").glob("*.json"))
    return [file for file in files if not file.name.endswith(".golden.json")]


def load(connector: str, path: Path) -> Recorded:
    """Read one recorded message and connect its system."""
    held = json.loads(path.read_text(encoding="utf-8"))
    return Recorded(connector, path, connect(_system(connector, held["system"])), _envelope(held))


def all_recorded() -> list[Recorded]:
    """Every recorded message of every connector."""
    return [load(connector, path) for connector in names() for path in fixture_files(connector)]


def shown(translation: Translation) -> dict[str, Any]:
    """A translation as JSON, for the golden files."""
    events = [
        {
            **{name: held for name, held in event._asdict().items() if name != "trace" or held},
            "subject": str(event.subject),
            "occurred_at": write_time(event.occurred_at),
            "attributes": {name: list(value) for name, value in event.attributes.items()},
            "refs": dict(event.refs),
        }
        for event in translation.events
    ]
    faults = [_brief(fault._asdict()) for fault in translation.faults]
    notices = [notice._asdict() for notice in translation.notices]
    return {"events": events, "faults": faults, "notices": notices}


def _system(connector: str, held: dict[str, Any]) -> System:
    settings = dict(held.get("settings", {}))
    if isinstance(settings.get("mapping"), str):
        settings["mapping"] = tomllib.loads((ROOT / settings["mapping"]).read_text(encoding="utf-8"))
    zone = ZoneInfo(held.get("zone", "UTC"))
    plants = tuple(held["plants"])
    return System(held["id"], held["id"], held["role"], plants, connector, zone, settings=settings)


def _envelope(held: dict[str, Any]) -> Envelope:
    return Envelope(
        held["channel"],
        held.get("resource", ""),
        held.get("headers", {}),
        _body(held),
        datetime.datetime.fromisoformat(held.get("received_at", "2026-03-02T09:00:00+00:00")),
        held.get("change", ""),
    )


def _body(held: dict[str, Any]) -> bytes:
    if "json" in held:
        return json.dumps(held["json"], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.b64decode(held["base64"]) if "base64" in held else str(held["text"]).encode()


def _brief(fault: dict[str, Any]) -> dict[str, Any]:
    """A fault without what is not said of it."""
    return {name: held for name, held in fault.items() if held or name not in ("code", "about")}
