"""Whether the database's schema is the one that this version of the tower needs."""

from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from controltower.store.engine import MIGRATIONS


@cache
def newest() -> str:
    """The newest migration that this version of the tower brings."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""


def current(connection: Connection) -> str:
    """The migration that a database stands at; "" before the first."""
    return MigrationContext.configure(connection).get_current_revision() or ""
