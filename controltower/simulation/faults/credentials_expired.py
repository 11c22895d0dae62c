"""A system no longer knows the tower."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class CredentialsExpired(Fault):
    """Answers 401 to the tower, whatever it asks; its own webhooks go on."""

    name = "credentials-expired"
    title = "Credentials expired"
    what = "a system answers 401 to all that the tower sends and asks"
    number = "50"
    system = "wms-south"
    causes = ("credentials-expired",)
    verb = "resume"
    cure = "owner then action"
    reaches = ("mes-porto",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """At once."""
        self.stand("no longer admits the tower", "renew the credentials, then resume the interface")

    def trouble(self, call: Call) -> Trouble | None:
        """401, to reads as well."""
        return Trouble(401, "The token has expired") if self.troubles(call, "") else None
