"""What every test may ask for: first of all a fresh, migrated database on each of the two engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine

from tests.databases import PostgresCluster, copy_sqlite

if TYPE_CHECKING:
    from tests.real_tryton import Erp

ENGINES = ("sqlite", "postgresql")
BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BROWSER_TESTS in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(optionalhook=True)  # known only where pytest-xdist is
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.parallel import KeepTogether

    return KeepTogether(config, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """The PostgreSQL server of this run, started when the first test asks for it."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresCluster) -> str:
    """The name of a migrated database, to be copied and never written."""
    from controltower.store.engine import upgrade

    name = postgres.create()
    upgrade(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated database, to be copied and never written."""
    from controltower.store.engine import upgrade

    file = tmp_path_factory.mktemp("migrated") / "tower.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database, for a test whose subject is not the database."""
    file = tmp_path / "tower.db"
    copy_sqlite(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres: PostgresCluster, migrated_postgres: str) -> Iterator[str]:
    """A fresh migrated PostgreSQL database, for a test of what only PostgreSQL does."""
    name = postgres.create(template=migrated_postgres)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database before its first migration, on each of the two engines."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: PostgresCluster = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A connected engine on a fresh migrated database, closed when the test ends."""
    from controltower.store.engine import connect

    connected = connect(database_url)
    yield connected
    connected.dispose()


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Erp"]:
    """The real Tryton of this run; each test makes and changes its own orders in it."""
    from tests.real_tryton import running_tryton

    with running_tryton(tmp_path_factory.mktemp("tryton")) as running:
        yield running
