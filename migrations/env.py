"""Runs the migrations, one process at a time."""

import importlib
import pkgutil

from alembic import context
from sqlalchemy import Connection, text

from controltower import store
from controltower.store.engine import connect, writing
from controltower.store.schema import metadata

# Every room of the store is opened, so that each table is known to the metadata when a migration is drafted.
for module in pkgutil.iter_modules(store.__path__):
    importlib.import_module(f"{store.__name__}.{module.name}")
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
