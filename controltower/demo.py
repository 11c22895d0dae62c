"""The demo's own environment: generated secrets, addresses of the simulated systems, people with known passwords."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Engine

from controltower import ROOT
from controltower.simulation.landscape import SPECS, ports, secured_port
from controltower.store import user
from controltower.store.engine import reading, writing
from controltower.web.login import hash_password, hasher

SIMULATED, TRYTON = "simulated", "tryton"
# What the tower carries between the systems (simulation/links.py).
HYBRID, EVERYTHING = "hybrid", "all"
# Where the real ERP listens and where the network's control does, counted from the tower's port.
CONTROL_OFFSET, TRYTON_OFFSET = 100, 150
PEOPLE = {
    "executive": "Elena Executive",
    "planner": "Pavel Planner",
    "integration": "Ines Integration",
    "admin": "Adam Admin",
}


@dataclass(frozen=True)
class Demo:
    """How a demo runs; kept in its state so that `--demo` verbs find the running one."""

    port: int = 8000
    host: str = "127.0.0.1"
    erp: str = SIMULATED
    carried: str = HYBRID

    @property
    def configuration(self) -> str:
        """The directory below config/ that declares it."""
        if self.erp == TRYTON:
            return "tryton"
        return "carried" if self.carried == EVERYTHING else "demo"

    @property
    def control_port(self) -> int:
        return self.port + CONTROL_OFFSET

    @property
    def tryton_port(self) -> int:
        return self.port + TRYTON_OFFSET

    @property
    def ports(self) -> list[int]:
        """Every port that the demo listens on."""
        real = [self.tryton_port] if self.erp == TRYTON else []
        return [
            self.port,
            self.control_port,
            *ports(self.control_port).values(),
            secured_port(self.control_port),
            *real,
        ]


def top_state(given: Mapping[str, str] = os.environ) -> Path:
    """The folder under which all demos keep what they know."""
    return Path(given.get("CONTROLTOWER_DEMO_STATE") or given.get("CONTROLTOWER_STATE") or "var").absolute()


def state_of(top: Path, demo: Demo) -> Path:
    """The tower's state in a demo: never an operator's own, whose people must not get the demo's known passwords.

    A real ERP lives in real time, so its ledger is kept apart from the fast one's too; and so is that of a network in
    which the tower carries everything, for it remembers what was told whom."""
    if demo.erp == TRYTON:
        return top / "with-tryton"
    return top / ("carried" if demo.carried == EVERYTHING else "simulated")


def network_state(top: Path, demo: Demo) -> Path:
    """Where the simulated network keeps its databases, its clock and its secrets."""
    return state_of(top, demo) / "demo"


def keep(top: Path, demo: Demo) -> None:
    """Write down how the demo runs."""
    top.mkdir(parents=True, exist_ok=True)
    (top / "demo.json").write_text(json.dumps(asdict(demo)), encoding="utf-8")


def kept(top: Path) -> Demo:
    """How the demo was last started; the usual one when it never was."""
    file = top / "demo.json"
    return Demo(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else Demo()


def environment(top: Path, demo: Demo, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the demo's processes find in their environment; what is set already wins over what was generated."""
    own = network_state(top, demo)
    numbers = ports(demo.control_port)
    # A real ERP too is reached through the network: its door there can be in trouble, it itself cannot.
    addresses = {f"{upper(system)}_URL": f"http://127.0.0.1:{numbers[system]}" for system in numbers}
    addresses["QUALITY_TLS_URL"] = f"https://127.0.0.1:{secured_port(demo.control_port)}"
    return {
        **generated(own / "secrets.env"),
        **given,
        **addresses,
        "CONTROLTOWER_PUBLIC_URL": given.get("CONTROLTOWER_PUBLIC_URL") or f"http://{demo.host}:{demo.port}",
        "CONTROLTOWER_DEMO": "1",
        "CONTROLTOWER_DEMO_STATE": str(top),
        "CONTROLTOWER_STATE": str(state_of(top, demo)),
        "CONTROLTOWER_CONFIG": given.get("CONTROLTOWER_CONFIG") or str(ROOT / "config" / demo.configuration),
        "CONTROLTOWER_CLOCK": "" if demo.erp == TRYTON else str(own / "clock.json"),
        "CONTROLTOWER_SIM_CONTROL_URL": f"http://127.0.0.1:{demo.control_port}",
    }


def generated(file: Path) -> dict[str, str]:
    """The demo's secrets, made on first use (mode 600); names that a newer version needs are added."""
    known = _read(file)
    missing = {name: made for name, made in _secrets().items() if name not in known}
    if missing:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as out:
            out.writelines(f"{name}={value}\n" for name, value in missing.items())
    return {**known, **missing}


def _read(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _secrets() -> dict[str, str]:
    made = {
        "CONTROLTOWER_SECRET_KEY": secrets.token_hex(32),
        "SIM_CONTROL_TOKEN": secrets.token_urlsafe(24),
        "APS_HQ_USER": "tower",
        "APS_HQ_PASSWORD": secrets.token_urlsafe(18),
        "ERP_HQ_USER": "tower",
        "ERP_HQ_PASSWORD": secrets.token_urlsafe(18),
        "ERP_BRIDGE_PASSWORD": secrets.token_urlsafe(18),
        "DEMO_PASSWORD": secrets.token_urlsafe(9),
    }
    for spec in SPECS:
        made[f"{upper(spec.id)}_TOKEN"] = secrets.token_urlsafe(24)
        made[f"{upper(spec.id)}_INBOX_SECRET"] = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        if spec.hooks:
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            made[f"{upper(spec.id)}_HOOK_SECRET"] = f"whsec_{key}"
    return made


def upper(system: str) -> str:
    """`erp-hq` as environment names spell it: `ERP_HQ`."""
    return system.upper().replace("-", "_")


def only_here(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def passwords(demo: Demo, held: Mapping[str, str]) -> dict[str, str]:
    """Log-in name to password: easy ones while only this machine can ask, generated ones on a network."""
    if only_here(demo.host):
        return {name: f"{name}-demo" for name in PEOPLE}
    return {name: f"{name}-{held['DEMO_PASSWORD']}" for name in PEOPLE}


def seat_people(engine: Engine, wanted: Mapping[str, str], now: datetime) -> None:
    """Make the demo's people, or give them these passwords; one that fits already is left, its sessions too."""
    with reading(engine) as connection:
        known = {name: user.user_by_name(connection, name) for name in wanted}
    for name, password in wanted.items():
        found = known[name]
        if found is not None and _fits(found.password_hash, password):
            continue
        hashed = hash_password(password)
        with writing(engine) as connection:
            if found is not None:
                user.set_password(connection, found.id, hashed)
                continue
            user.add_user(
                connection,
                name=name,
                full_name=PEOPLE[name],
                password_hash=hashed,
                roles={name},
                home=name,
                now=now,
            )


def _fits(hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except VerifyMismatchError:
        return False
