"""Sound configurations, the ones that come along among them."""

import datetime
import re
from pathlib import Path

import pytest

from controltower import connectors
from controltower.domain.landscape import Landscape
from controltower.landscape_files import WARNING, check, load
from tests.landscape_files.declared import ENVIRONMENT, HIDDEN, MINUTE, ROOT, WHOLE, written


def test_a_whole_configuration_has_no_problem(tmp_path: Path) -> None:
    assert check(written(tmp_path, WHOLE), ENVIRONMENT) == []


def test_the_landscape_holds_what_the_files_say(tmp_path: Path) -> None:
    landscape = load(written(tmp_path, WHOLE), ENVIRONMENT)
    mes = landscape.systems["mes"]
    assert (mes.plants, str(mes.zone), mes.team) == (("LYON",), "Europe/Paris", "it")
    assert mes.hooks is not None
    assert (mes.hooks.secrets, mes.hooks.rate, mes.hooks.largest) == ((HIDDEN,), 600, 2 * 2**20)
    follower = landscape.ownerships[0].followers[0]
    assert (follower.role, follower.within, follower.tolerance) == ("mes", 30 * MINUTE, "120")
    rule = landscape.expectations[0]
    assert (rule.then.becomes, rule.unless[0].type, rule.severity) == ({"released"}, "order.cancelled", "B")
    assert landscape.flows[0].steps[0].shown[0].role == "mes"
    assert landscape.carried("erp", "mes", "order")
    assert landscape.limits.clock_ahead == 1.5 * MINUTE
    assert landscape.tiers["gold"].resolve_within == datetime.timedelta(days=1)


def test_nothing_declared_is_an_empty_landscape_and_is_said(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, {})
    assert (problem.severity, "no system" in problem.what) == (WARNING, True)
    assert load(tmp_path, {}) == Landscape()


def demo_environment() -> dict[str, str]:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "config").glob("*/*.toml"))
    names = set(re.findall(r"env:(\w+)", text))
    return {name: _made_up(name) for name in names}


def _made_up(name: str) -> str:
    if name.endswith("_URL"):
        return "http://127.0.0.1:9"
    return "whsec_bmV2ZXIgdG8gYmUgc2VlbiBieSBhbnlib2R5" if name.endswith("_INBOX_SECRET") else HIDDEN


@pytest.mark.parametrize("name", ["demo", "carried", "files", "tryton"])
def test_the_configurations_that_come_along_are_free_of_problems(name: str) -> None:
    assert check(ROOT / "config" / name, demo_environment()) == []


@pytest.mark.parametrize("name", ["demo", "carried", "files", "tryton"])
def test_each_of_their_systems_can_be_connected(name: str) -> None:
    landscape = load(ROOT / "config" / name, demo_environment())
    connected = {system.id: connectors.connect(system).system.id for system in landscape.systems.values()}
    assert len(connected) == (14 if name == "files" else 13)
    assert all(name == known for name, known in connected.items())
