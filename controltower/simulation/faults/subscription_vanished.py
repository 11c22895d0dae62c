"""A system forgets that anybody wants its webhooks."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class SubscriptionVanished(Fault):
    """Drops the subscription: nothing is sent any more, and there is no error anywhere."""

    name = "subscription-vanished"
    title = "Subscription vanished"
    what = "a system drops the subscription by which it sends its webhooks, and falls silent without an error"
    number = "2"
    system = "quality"
    causes = ("subscription-lost",)
    verb = "renew"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """At once."""
        system = self.scene.system(self.params.system)
        if not system.spec.hooks:
            raise ValueError(f"{self.params.system} sends no webhooks")
        with system.db.transaction():
            system.report.keep_subscriptions([])
        self.hit(
            self.params.system, [], f"{self.params.system} has dropped its subscription", "subscribe anew"
        )

    def is_good(self, hit: Body) -> bool | None:
        """Whether there is one again."""
        return bool(self.scene.system(hit["system"]).report.subscribed)

    def mend(self, hit: Body) -> None:
        """Its owner makes a new one, where nobody has."""
        system = self.scene.system(hit["system"])
        if not system.report.subscribed:
            with system.db.transaction():
                system.report.keep_subscriptions([{"id": "sub-owner", "url": "", "active": True}])
