"""The secret of webhooks is changed on one side only."""

from __future__ import annotations

import base64
import hashlib
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class SecretRotated(Fault):
    """The sender signs with a new secret that the receiver was never told."""

    name = "secret-rotated"
    title = "Secret rotated on one side"
    what = "a MES signs its webhooks with a new secret: each of them is refused"
    number = "52"
    system = "mes-porto"
    at_the_door = True
    causes = ("secret-mismatch",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """At once."""
        self.stand("signs with a secret that nobody else knows", "let both secrets count for a while")

    def secret(self, system_id: str) -> str:
        """The new one."""
        if system_id != self.params.system or not self.holds:
            return ""
        key = hashlib.sha256(f"{self.params.seed}:{self.state['since']}".encode()).digest()
        return f"whsec_{base64.b64encode(key).decode()}"
