"""The schema that the migrations make is the one that the code knows, and each migration can be taken back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from controltower.store.engine import MIGRATIONS, connect, upgrade
from controltower.store.schema import metadata


def test_migrations_make_what_the_code_knows(database_url: str) -> None:
    engine = connect(database_url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert found == []


def test_down_and_up_again(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = empty_database_url
    command.downgrade(config, "base")
    upgrade(empty_database_url)
    engine = connect(empty_database_url)
    with engine.connect() as connection:
        tables = connection.dialect.get_table_names(connection)
    engine.dispose()
    assert {"message", "payload", "event", "belief", "drift", "expectation", "exception"} <= set(tables)
