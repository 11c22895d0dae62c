"""Every key, setting and name of the environment is documented."""

import datetime
import re

import pytest

from controltower import connectors
from controltower.landscape_files.key import Key
from controltower.landscape_files.tables import TABLES
from tests.landscape_files.declared import ROOT


def default_of(key: Key) -> str:
    """A key's default as the documentation writes it."""
    if key.required:
        return "required"
    if isinstance(key.fallback, datetime.timedelta):
        seconds = int(key.fallback.total_seconds())
        units = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))
        size, unit = next(
            (size, unit) for size, unit in units if size == 1 or (seconds and seconds % size == 0)
        )
        return f"`{seconds // size} {unit}`"
    if key.type == "size":
        return f"`{key.fallback // 2**20} MiB`"
    if isinstance(key.fallback, bool):
        return f"`{str(key.fallback).lower()}`"
    if isinstance(key.fallback, float):
        return f"`{key.fallback:g}`"
    return "" if key.fallback in (None, "", (), {}) else f"`{key.fallback}`"


def rows(keys: tuple[Key, ...]) -> list[str]:
    return [f"| `{key.name}` | {key.type} | {default_of(key)} | {key.meaning} |" for key in keys]


def settings_rows(connector: str) -> list[str]:
    """A connector's fields as the documentation tells them."""
    return [
        f"| `{field.name}` | {'yes' if field.required else ''} | {f'`{field.default}`' if field.default else ''} |"
        f" {field.label}{' (a secret)' if field.secret else ''} |"
        for field in connectors.manifest(connector).fields
    ]


def documentation() -> str:
    return (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    _, _, rest = documentation().partition(f"{heading}\n")
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_documented(title: str) -> None:
    there = section(f"### {title}")
    assert [row for row in rows(TABLES[title]) if row not in there] == []


@pytest.mark.parametrize("name", [name for name in connectors.names() if connectors.manifest(name).fields])
def test_every_setting_of_a_connector_is_documented(name: str) -> None:
    there = section(f"#### Settings of `{name}`")
    assert [row for row in settings_rows(name) if row not in there] == []


def test_every_name_of_the_environment_is_documented() -> None:
    files = [*(ROOT / "controltower").glob("*.py"), *(ROOT / "controltower" / "web").glob("*.py")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    names = set(re.findall(r'"(CONTROLTOWER_[A-Z_]+|DATABASE_URL)"', text))
    assert len(names) > 5
    assert {name for name in names if f"| `{name}` |" not in documentation()} == set()
