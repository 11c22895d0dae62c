"""Simulated workforce: three shifts a day in each plant, by the plant's own clock."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from controltower.simulation.database import Body
from controltower.simulation.landscape import PLANTS
from controltower.simulation.systems.heart import Beating

LETTERS = {6: "A", 14: "B", 22: "C"}


class Workforce(Beating):
    """Owns shifts and their headcount."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.start_heart()
        self.jobs |= {"change-shift": self._change_shift}

    def first_day(self) -> None:
        """Each plant's running shift is told at once."""
        for plant in self.spec.plants:
            current = _shift_start(self.now, PLANTS[plant].zone)
            self._start(plant, current)

    def _change_shift(self, body: Body) -> None:
        plant = body["plant"]
        zone = ZoneInfo(PLANTS[plant].zone)
        ending, starting = (datetime.fromisoformat(body[name]) for name in ("ending", "starting"))
        self._say(plant, _key(ending), "ended", {"state": "ended"})
        self._start(plant, starting.replace(tzinfo=zone))

    def change_now(self, plant: str) -> None:
        """The next shift of a plant begins early: its change is due at once, and the one planned is off."""
        planned = self.db.run("SELECT id, body FROM agenda WHERE kind = 'change-shift'")
        for job, text in planned:
            body = json.loads(text)
            if body["plant"] == plant:
                self.db.run("DELETE FROM agenda WHERE id = ?", (job,))
                self.db.plan_job(self.now, "change-shift", body)

    def _start(self, plant: str, start: datetime) -> None:
        following = _after(start)
        heads = {"headcount": self.chance("heads", plant).randint(9, 14)}
        self._say(plant, _key(start), "started", {"state": "running", **heads})
        self._say(plant, _key(following), "planned", {"state": "planned", "headcount": 12})
        body = {"plant": plant, "ending": start.isoformat(), "starting": following.isoformat()}
        self.db.plan_job(following.timestamp(), "change-shift", body)

    def _say(self, plant: str, key: str, what: str, attributes: Body) -> None:
        self.announce(f"{plant}/shift/{key}", f"shift.{what}", attributes, {"native_id": key})


def _shift_start(moment: float, zone: str) -> datetime:
    local = datetime.fromtimestamp(moment, ZoneInfo(zone))
    day = local if local.hour >= 6 else local - timedelta(days=1)
    hour = max((hour for hour in LETTERS if hour <= day.hour), default=22) if day is local else 22
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def _after(start: datetime) -> datetime:
    """The next shift's start by the wall clock, so that a night with a clock change is 7 or 9 hours long."""
    hours = {6: 14, 14: 22, 22: 6}
    day = start + timedelta(days=1) if start.hour == 22 else start
    return day.replace(hour=hours[start.hour])


def _key(start: datetime) -> str:
    return f"{start:%Y-%m-%d}-{LETTERS[start.hour]}"
