"""The rooms' doors: who may import whom, and which library lives in which room; late imports count too."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = "controltower"

# Room -> the other rooms that it may import. What is not listed is forbidden.
DOORS: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "connectors": frozenset({"domain"}),
    "rules": frozenset({"domain"}),
    "store": frozenset({"domain"}),
    "kpis": frozenset({"domain", "store"}),
    "pipeline": frozenset({"domain", "connectors", "rules", "store"}),
    # settings.py is plain values, frozen at start: a page may read them, the rooms below may not.
    "web": frozenset({"domain", "store", "kpis", "pipeline", "settings"}),
    "simulation": frozenset({"domain"}),
}
# The wiring between the rooms, which may import any of them.
WIRING = frozenset(
    {
        "__init__",
        "__main__",
        "assembly",
        "cli",
        "demo",
        "landscape_files",
        "leases",
        "logs",
        "settings",
        "stepped",
        "supervisor",
        "telemetry",
        "web_server",
        "workers",
    }
)

FLASK = frozenset(
    {
        "flask",
        "flask_bootstrap",
        "flask_limiter",
        "flask_login",
        "flask_wtf",
        "htmx_flask",
        "werkzeug",
        "wtforms",
    }
)
# web is the tower's only Flask room; the simulated systems are web servers of their own.
FLASK_ROOMS = frozenset({"web", "simulation", "__init__"})
# Rooms that hand a connection on to store may name its type and catch its error, nothing more.
DATABASE_TYPES = frozenset({"Session", "Connection", "Engine", "SQLAlchemyError"})
HANDS_A_CONNECTION_ON = frozenset({"pipeline", "kpis", "web"}) | WIRING


@dataclass(frozen=True)
class Import:
    """One import in one file: the module's dotted name and what is taken out of it."""

    file: PurePosixPath  # relative to controltower/
    line: int
    module: str
    names: tuple[str, ...]

    @property
    def library(self) -> str:
        return self.module.split(".")[0]

    @property
    def room(self) -> str:
        """The room that the file stands in, or the name of the file where it stands in none."""
        return self.file.parts[0] if len(self.file.parts) > 1 else self.file.stem

    def __str__(self) -> str:
        return f"{HOUSE}/{self.file}:{self.line} imports {self.module}"


def imports_in(source: str, file: PurePosixPath) -> Iterator[Import]:
    """Yield each import of a file, at its head or inside a function, by statement or by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, ())
        elif isinstance(node, ast.ImportFrom):
            yield from _from_import(node, file)
        elif isinstance(node, ast.Call) and _is_import_call(node):
            yield Import(file, node.lineno, str(node.args[0].value), ())  # type: ignore[attr-defined]


def _from_import(node: ast.ImportFrom, file: PurePosixPath) -> Iterator[Import]:
    names = tuple(alias.name for alias in node.names)
    here = (HOUSE, *file.parts[:-1])
    parent = here[: len(here) - node.level + 1] if node.level else ()
    module = ".".join((*parent, *([node.module] if node.module else [])))
    if module == HOUSE:  # `from controltower import store` imports the room by its name
        for name in names:
            yield Import(file, node.lineno, f"{HOUSE}.{name}", ())
        return
    yield Import(file, node.lineno, module, names)


def _is_import_call(node: ast.Call) -> bool:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    literal = (
        bool(node.args) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    )
    return name in {"import_module", "__import__"} and literal


def breach(one: Import) -> str | None:
    """Return what is wrong with an import, or None."""
    wrong = _wrong_door(one) if one.library == HOUSE else _wrong_home(one)
    return f"{one}: {wrong}" if wrong else None


def _wrong_door(one: Import) -> str | None:
    target = one.module.split(".")[1:]
    if not target or one.room in WIRING:
        return None
    if target[0] == one.room:
        return _neighbour_connector(one, target)
    if target[0] in DOORS.get(one.room, frozenset()):
        return None
    return f"{one.room} may import only {', '.join(sorted(DOORS.get(one.room, ()))) or 'nothing of ours'}"


def _neighbour_connector(one: Import, target: list[str]) -> str | None:
    inside_product = one.room == "connectors" and len(one.file.parts) > 2
    if not inside_product or len(target) < 2 or target[1] == one.file.parts[1]:
        return None
    shared = (ROOT / HOUSE / "connectors" / f"{target[1]}.py").exists()
    return None if shared else "connectors never import each other"


def _wrong_home(one: Import) -> str | None:
    for says_no in (_domain_is_pure, _flask_home, _database_home, _wire_home, _single_file_home):
        if wrong := says_no(one):
            return wrong
    return None


def _domain_is_pure(one: Import) -> str | None:
    if one.room != "domain" or one.library in sys.stdlib_module_names:
        return None
    return "domain imports only the standard library"


def _flask_home(one: Import) -> str | None:
    names_the_app = one.room in WIRING and one.names == ("Flask",)
    at_home = one.room in FLASK_ROOMS or one.library not in FLASK
    return None if at_home or names_the_app else "Flask lives in web"


def _database_home(one: Import) -> str | None:
    if one.library not in {"sqlalchemy", "alembic", "psycopg"} or one.room == "store":
        return None
    names_a_type = one.library == "sqlalchemy" and bool(one.names) and DATABASE_TYPES.issuperset(one.names)
    if names_a_type and one.room in HANDS_A_CONNECTION_ON:
        return None
    return "SQL lives in store; who hands a connection on may name its type (Session, Connection, Engine)"


def _wire_home(one: Import) -> str | None:
    # The demo panel asks the simulated network's control, as a browser would; it speaks to no system.
    at_home = one.room in {"connectors", "simulation"} or str(one.file) == "web/demo.py"
    at_home = at_home or one.library != "requests"
    at_home = at_home or str(one.file) == "web/demo.py"  # the demo's panel turns the simulation's switches
    return None if at_home else "calls over the network live in connectors"


def _single_file_home(one: Import) -> str | None:
    homes = {
        "apscheduler": "workers.py",
        "opentelemetry": "telemetry/exporting.py",
        "plotly": "web/charts.py",
    }
    home = homes.get(one.library)
    return f"{one.library} lives in {home} alone" if home and str(one.file) != home else None


def source_files() -> list[PurePosixPath]:
    house = ROOT / HOUSE
    return sorted(PurePosixPath(path.relative_to(house).as_posix()) for path in house.rglob("*.py"))


@pytest.mark.parametrize("file", source_files(), ids=str)
def test_a_file_uses_only_its_own_doors(file: PurePosixPath) -> None:
    source = (ROOT / HOUSE / file).read_text(encoding="utf-8")
    assert [wrong for one in imports_in(source, file) if (wrong := breach(one))] == []


def test_every_file_stands_in_a_room_or_is_wiring() -> None:
    homeless = [str(f) for f in source_files() if len(f.parts) == 1 and f.stem not in WIRING]
    strange = [str(f) for f in source_files() if len(f.parts) > 1 and f.parts[0] not in DOORS.keys() | WIRING]
    assert homeless + strange == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("domain/event.py", "from controltower.store import inbox"),
        ("domain/event.py", "def late():\n    import controltower.store.inbox"),
        ("domain/event.py", "from ..store import inbox"),
        ("domain/event.py", "import msgspec"),
        ("rules/late_order.py", "from controltower import kpis"),
        ("store/belief.py", "from controltower.settings import Settings"),
        ("kpis/latency.py", "import importlib\nimportlib.import_module('controltower.web')"),
        ("connectors/tryton/connector.py", "from controltower.connectors.frepple.translate import order"),
        ("simulation/erp.py", "from controltower.pipeline import receive"),
        ("pipeline/receive.py", "from flask import request"),
        ("pipeline/receive.py", "from sqlalchemy import select"),
        ("pipeline/receive.py", "import sqlalchemy"),
        ("web/orders.py", "from sqlalchemy.orm import Session, joinedload"),
        ("rules/late_order.py", "from sqlalchemy import Connection"),
        ("web/orders.py", "import requests"),
        ("web/orders.py", "import plotly.graph_objects"),
        ("cli.py", "import apscheduler"),
    ],
)
def test_a_forbidden_import_is_seen(file: str, source: str) -> None:
    assert any(breach(one) for one in imports_in(source, PurePosixPath(file)))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("domain/event.py", "from controltower.domain.subject import Subject\nfrom decimal import Decimal"),
        ("connectors/tryton/connector.py", "from .translate import order"),
        ("pipeline/receive.py", "from sqlalchemy import Connection\nfrom sqlalchemy.orm import Session"),
        ("web/charts.py", "import plotly.graph_objects"),
        ("workers.py", "from apscheduler.schedulers.blocking import BlockingScheduler"),
        ("__init__.py", "from flask import Flask\nfrom controltower.web import pages"),
    ],
)
def test_an_open_door_is_left_open(file: str, source: str) -> None:
    assert [wrong for one in imports_in(source, PurePosixPath(file)) if (wrong := breach(one))] == []
