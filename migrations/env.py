"""Runs the migrations, one process at a time."""

from alembic import context
from sqlalchemy import Connection, text

from controltower.store import (
    attempt,
    audit,
    belief,
    case,
    channel,
    delivery,
    drift,
    event,
    expectation,
    flow,
    flow_figure,
    gate,
    habit,
    lease,
    message,
    notification,
    outage,
    resubmission,
    user,
)
from controltower.store.engine import connect, writing
from controltower.store.schema import metadata

# Named here so that every table is known to the metadata when a migration is drafted from the models.
TABLES = (
    attempt, audit, belief, case, channel, delivery, drift, event, expectation, flow, flow_figure,
    gate, habit, lease, message, notification, outage, resubmission,
    user,
)  # fmt: skip
# Processes that start together queue here; any number will do, as long as nothing else locks it.
MIGRATION_LOCK = 20_260_301


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    context.run_migrations()


url = context.config.attributes["url"]
engine = connect(url)
try:
    with writing(engine) as open_connection:
        _migrate(open_connection)
finally:
    engine.dispose()
