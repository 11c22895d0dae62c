"""The demo's panel: break the simulated network on purpose, see the truth of it, and whether the tower found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from flask import Blueprint, Response, flash, request, url_for

from controltower.domain.exception import Case
from controltower.domain.subject import Subject, order_of, parse_subject
from controltower.store import audit
from controltower.store import case as cases
from controltower.web import hx
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.security import roles
from controltower.web.tower import now, reading, settings, writing

bp = Blueprint("demo", __name__)
NAV = NavEntry(
    "Integration", "Demo panel", "demo.panel", "demo", roles=("integration", "planner"), demo_only=True
)
PATIENCE = (1.0, 8.0)  # seconds to connect, to answer
TRUTHS_SHOWN = 40


class NoNetwork(Exception):
    """The simulated network does not answer; the text says how it failed."""


@dataclass(frozen=True)
class Hit:
    """One thing that was broken on purpose, and what the tower says about the same subjects or system."""

    id: str
    fault: str
    at: datetime
    system: str
    what: str
    mended_at: datetime | None
    subjects: tuple[Subject, ...]
    found: tuple[Case, ...]

    @property
    def orders(self) -> list[tuple[str, str]]:
        """(plant, order) of the subjects, each once."""
        return sorted({(each.plant, order) for each in self.subjects if (order := order_of(each))})


def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the network's control server. Raises NoNetwork when it does not answer as it should."""
    held = settings()
    if not held.sim_control_url:
        raise NoNetwork("no simulated network belongs to this tower")
    url = f"{held.sim_control_url.rstrip('/')}/control/{path}"
    headers = {"Authorization": f"Bearer {held.sim_control_token}"}
    try:
        told = requests.request(method, url, json=body, headers=headers, timeout=PATIENCE)
        answer = told.json()
    except (requests.RequestException, ValueError) as trouble:
        raise NoNetwork(f"it does not answer ({type(trouble).__name__})") from trouble
    if not told.ok or not isinstance(answer, dict):
        raise NoNetwork(
            str(answer.get("error", told.status_code)) if isinstance(answer, dict) else str(told.status_code)
        )
    return answer


@bp.get("/demo")
@roles("planner", "integration")
def panel() -> Response:
    """All faults with their switches, and what they have broken so far."""
    try:
        overview, faults, truth = (
            call("GET", ""),
            call("GET", "faults")["items"],
            call("GET", "truth")["items"],
        )
    except NoNetwork as trouble:
        return hx.page("demo.html", trouble=str(trouble), overview={}, faults=[], hits=[])
    return hx.page("demo.html", trouble="", overview=overview, faults=faults, hits=hits_of(truth))


def hits_of(truth: list[dict[str, Any]]) -> list[Hit]:
    """The truth's lines folded to one entry per hit, newest first, each with the tower's findings."""
    mended = {line["id"]: moment(line["at"]) for line in truth if line["state"] == "mended"}
    begun = [line for line in truth if line["state"] == "injected"]
    found = [*cases.listing(reading(), limit=300), *cases.listing(reading(), state="resolved", limit=300)]
    return [hit_of(line, mended.get(line["id"]), found) for line in reversed(begun[-TRUTHS_SHOWN:])]


def hit_of(line: dict[str, Any], mended_at: datetime | None, found: list[Case]) -> Hit:
    subjects = tuple(parse_subject(each) for each in line["subjects"])
    at = moment(line["at"])
    return Hit(
        line["id"],
        line["fault"],
        at,
        line["system"],
        line["what"],
        mended_at,
        subjects,
        findings(subjects, line["system"], at, found),
    )


def findings(subjects: tuple[Subject, ...], system: str, at: datetime, found: list[Case]) -> tuple[Case, ...]:
    """Exceptions about the hit's subjects, else about its system as a whole, seen after it happened."""
    after = [each for each in found if (each.last_at or each.resolved_at or now()) >= at]
    about = [each for each in after if each.subject in subjects]
    return tuple(about or [each for each in after if each.system == system and each.subject is None])[:4]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@bp.post("/demo/faults/<name>")
@roles("planner", "integration")
def switch(name: str) -> Response:
    """Switch a fault on or off."""
    on = request.form.get("on") == "1"
    return told(
        f"fault.{'on' if on else 'off'}",
        name,
        "faults",
        {"name": name, "on": on},
        f"{name} is {'on' if on else 'off'}.",
    )


@bp.post("/demo/due-date")
@roles("planner", "integration")
def due_date() -> Response:
    """Have a planner of the simulated plant move an order's due date: a legitimate change to follow."""
    return told("due-date", "", "due-date", {"hours": 24}, "Moved the due date of {order} by a day.")


def told(action: str, target: str, path: str, body: dict[str, Any], words: str) -> Response:
    """Tell the network, write it to the audit log, and say on the page what came of it."""
    try:
        answer = call("POST", path, body)
    except NoNetwork as trouble:
        flash(f"The simulated network refused: {trouble}.", "bad")
    else:
        with writing() as connection:
            audit.write_down(connection, audit.Entry(now(), who(), f"demo.{action}", target))
        flash(words.format(order=answer.get("order", "")), "ok")
    return hx.go_to(url_for("demo.panel"))
