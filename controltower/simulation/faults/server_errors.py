"""A system answers, and nothing but errors."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class ServerErrors(Fault):
    """503 to reads and writes alike, as in an unannounced maintenance."""

    name = "server-errors"
    title = "Server errors"
    what = "a system answers 503 to all that the tower reads and writes: maintenance that nobody announced"
    number = "54"
    system = "wms-north"
    at_the_door = True
    causes = ("server-errors",)
    # Material that is not staged and not told of shows at the lines.
    reaches = ("mes-lyon", "mes-graz")
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """At once."""
        self.stand("answers 503 to everything", "bring it up again; what waits goes by itself then")

    def trouble(self, call: Call) -> Trouble | None:
        """503, whatever is asked."""
        return Trouble(503, "Down for maintenance") if self.troubles(call, "") else None
