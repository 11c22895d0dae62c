"""Who may call a simulated system, and what each signs its webhooks with: read from the environment only."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controltower.simulation.landscape import SPECS, SystemSpec


def environment_name(system_id: str, ending: str) -> str:
    """`erp-hq`, `TOKEN` -> `ERP_HQ_TOKEN`."""
    return f"{system_id.upper().replace('-', '_')}_{ending}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """One header per system that its API asks for, and one signing secret per system with webhooks; `inbox_secrets`
    sign what the tower sends to a system's webhook end."""

    api: dict[str, dict[str, str]] = field(repr=False)
    hook_secrets: dict[str, str] = field(repr=False)
    inbox_secrets: dict[str, str] = field(repr=False, default_factory=dict)

    def admits(self, system_id: str, header: Callable[[str], str | None]) -> bool:
        """Whether a request carries the system's credential; `header` gives its headers by name."""
        return all(
            hmac.compare_digest((header(name) or "").encode(), value.encode())
            for name, value in self.api[system_id].items()
        )


def from_environment(environ: Mapping[str, str], without: tuple[str, ...] = ()) -> Credentials:
    """Read every credential. Raises ValueError naming all that are missing."""
    missing: list[str] = []
    api: dict[str, dict[str, str]] = {}
    hooks: dict[str, str] = {}
    inboxes: dict[str, str] = {}
    for spec in SPECS:
        if spec.id in without:
            continue
        api[spec.id] = _api_header(spec, environ, missing)
        # Where it is not set nobody knows it: then the tower sends nothing there.
        inboxes[spec.id] = environ.get(environment_name(spec.id, "INBOX_SECRET")) or made_secret()
        if spec.hooks:
            hooks[spec.id] = _required(environ, environment_name(spec.id, "HOOK_SECRET"), missing)
    if missing:
        raise ValueError(f"set these environment names first: {', '.join(missing)}")
    return Credentials(api, hooks, inboxes)


def made_secret() -> str:
    """A new signing secret of Standard Webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _required(environ: Mapping[str, str], name: str, missing: list[str]) -> str:
    if not environ.get(name):
        missing.append(name)
    return environ.get(name, "")


def _api_header(spec: SystemSpec, environ: Mapping[str, str], missing: list[str]) -> dict[str, str]:
    name = environment_name(spec.id, "TOKEN")
    if spec.mode == "frepple":
        return {"Authorization": _basic(spec, environ, missing)}
    if spec.mode == "inventree":
        return {"Authorization": f"Token {_required(environ, name, missing)}"}
    if spec.mode == "cursor":
        return {"X-Api-Key": _required(environ, name, missing)}
    if spec.id == "erp-hq":
        return {"Authorization": f"Bearer {_required(environ, name, missing)}"}
    return {"Authorization": f"Bearer {environ.get(name) or secrets.token_urlsafe(24)}"}


def _basic(spec: SystemSpec, environ: Mapping[str, str], missing: list[str]) -> str:
    user = _required(environ, environment_name(spec.id, "USER"), missing)
    password = _required(environ, environment_name(spec.id, "PASSWORD"), missing)
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
