"""A system that seldom has anything to say tells the tower at intervals that it is alive."""

from __future__ import annotations

from controltower.simulation.database import Body
from controltower.simulation.dialects.cloudevents import heartbeat, local_iso
from controltower.simulation.landscape import PLANTS
from controltower.simulation.letters import Letter
from controltower.simulation.plant_system import PlantSystem

BEAT_SECONDS = 600.0


class Beating(PlantSystem):
    """Adds the heartbeat; it begins in a network that was made before there was one, too."""

    def start_heart(self) -> None:
        """Plan the first beat, once in the life of the system."""
        self.jobs["beat"] = self._beat
        if self.db.get("system", "heart"):
            return
        with self.db.transaction():
            self.db.put("system", "heart", {"at": self.now}, self.now, live=False)
            self.db.plan_job(self.now + BEAT_SECONDS, "beat", {})

    def _beat(self, _: Body) -> None:
        self.db.plan_job(self.now + BEAT_SECONDS, "beat", {})
        time = local_iso(self.stamp, PLANTS[self.spec.plants[0]].zone)
        content = heartbeat(self.id, self.db.next_number("beat"), time)
        self.post_letter(Letter(self.id, "", "heartbeat", content))
