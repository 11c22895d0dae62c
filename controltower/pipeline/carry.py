"""What has just been taken over has effects on the way out: deliveries are written, and others are seen applied."""

from collections.abc import Sequence

from sqlalchemy import Connection

from controltower.pipeline import applied
from controltower.pipeline.publish import Told, publish
from controltower.pipeline.tower import Tower
from controltower.pipeline.undelivered import filled, lacking


def carry_on(connection: Connection, tower: Tower, told: Sequence[Told]) -> None:
    """Publish what routes ask for, and see what the targets show by now. The beliefs are stored already."""
    if tower.landscape.routes:
        applied.notice(connection, tower, told)
        published = publish(connection, tower, told)
        lacking(connection, tower, published.lacks)
        routes = tower.landscape.routes
        filled(connection, tower, [(routes[each.route], each.subject) for each in published.deliveries])
