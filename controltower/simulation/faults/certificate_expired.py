"""A certificate runs out."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import SECURED

DAY = 86400.0


class CertificateExpired(Fault):
    """The interface over TLS shows a certificate whose time is over, or will be in so many days."""

    name = "certificate-expired"
    title = "Certificate expired"
    what = (
        "the TLS certificate of the quality system has run out: nobody can be sure any more whom he speaks to"
    )
    number = "51"
    system = SECURED
    at_the_door = True
    causes = ("certificate-expired", "certificate-expiring")
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "days": -1.0}

    def begin(self) -> None:
        """At once."""
        if self.params.system != SECURED:
            raise ValueError(f"only {SECURED} answers over TLS")
        self.state["ends"] = self.scene.now() + DAY * self.asked("days")
        self.hit(self.params.system, [], f"the certificate of {SECURED} has run out", "renew it")

    def certificate_ends(self, system_id: str) -> float | None:
        """When it ends."""
        return self.state.get("ends") if system_id == self.params.system and self.holds else None
