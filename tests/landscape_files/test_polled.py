"""Polled systems and their mappings: what is wrong with them is told."""

from pathlib import Path

import pytest

from controltower.connectors.frepple import manifest as frepple_manifest
from controltower.connectors.frepple.translate import OPERATIONS, ORDERS
from controltower.connectors.tryton import manifest as tryton_manifest
from controltower.connectors.tryton.lists import LISTS
from controltower.connectors.tryton.stock import STOCK
from controltower.landscape_files import WARNING, Problem, check, load
from tests.landscape_files.declared import ENVIRONMENT, WHOLE, add, told, written

WMS = """
[wms]
title = "WMS"
role = "wms"
plants = ["LYON"]
connector = "generic_rest"

[wms.poll]
every = "20 min"
resources = ["stock"]

[wms.settings]
url = "http://wms.example"
mapping = "mappings/wms.toml"
"""
STOCK_MAPPING = """
[records.stock]
kind = "stock"
type = "stock.snapshot"
plant = "site"
key = "sku"
occurred_at = { from = "at" }
attributes = { on_hand = { from = "qty", unit = "EA" } }

[resources.stock]
path = "/stock"
record = "stock"
"""


def with_wms(directory: Path, wms: str = WMS, mapping: str = STOCK_MAPPING, **more: str) -> list[Problem]:
    files = {**WHOLE, "systems.toml": WHOLE["systems.toml"] + wms, "mappings/wms.toml": mapping}
    written(directory, {**files, **{f"{name}.toml": text for name, text in more.items()}})
    return check(directory, ENVIRONMENT)


def test_a_mapping_is_loaded_in_the_place_of_its_name(tmp_path: Path) -> None:
    assert with_wms(tmp_path) == []
    system = load(tmp_path, ENVIRONMENT).systems["wms"]
    assert system.settings["mapping"]["resources"]["stock"]["path"] == "/stock"
    assert (
        (system.polling.every, system.polling.resources) == (1200.0, ("stock",)) if system.polling else None
    )


POLLED = {
    "list": (
        WMS.replace('["stock"]', '["stocks"]'),
        STOCK_MAPPING,
        "wms.poll.resources",
        "unknown list 'stocks'",
        "'stock'",
    ),
    "address": (WMS.replace("http://", ""), STOCK_MAPPING, "wms.settings.url", "no address", "http://"),
    "no address": (
        WMS.replace('url = "http://wms.example"\n', ""),
        STOCK_MAPPING,
        "wms.settings.url",
        "missing",
        "Add url",
    ),
    "no mapping": (
        WMS.replace('mapping = "mappings/wms.toml"\n', ""),
        STOCK_MAPPING,
        "wms.settings.mapping",
        "missing",
        "Add",
    ),
    "file": (
        WMS.replace("wms.toml", "wsm.toml"),
        STOCK_MAPPING,
        "wms.settings.mapping",
        "not there",
        "'mappings/wms.toml'",
    ),
    "field": (WMS.replace("url =", "ulr ="), STOCK_MAPPING, "wms.settings.ulr", "no field", "'url'"),
    "expression": (
        WMS,
        STOCK_MAPPING.replace('"sku"', '"sku["'),
        "records.stock.key",
        "cannot be used",
        "Mend it",
    ),
    "not TOML": (WMS, STOCK_MAPPING + "[", "", "no TOML", "Mend that line"),
}


@pytest.mark.parametrize("kind", POLLED)
def test_a_mistake_of_a_polled_system_is_told(kind: str, tmp_path: Path) -> None:
    wms, mapping, place, what, cure = POLLED[kind]
    problems = with_wms(tmp_path, wms, mapping)
    found = [problem for problem in problems if problem.place == place and what in problem.what]
    assert len(found) == 1, "\n".join(map(str, problems))
    assert cure in found[0].cure


TRYTON = """
[tryton]
title = "Tryton"
role = "procurement"
plants = ["LYON"]
connector = "tryton"
poll = { every = "10 s" }

[tryton.settings]
url = "http://tryton.example"
password = "env:MES_SECRET"
warehouses = "WH1"
"""


def test_what_a_connector_cannot_work_with_is_told(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "systems.toml", add(TRYTON))
    assert problem.place == "tryton.settings"
    assert "warehouses of tryton must read NAME=VALUE" in problem.what


def test_a_list_that_a_product_does_not_have_is_told(tmp_path: Path) -> None:
    polled = TRYTON.replace('every = "10 s"', 'every = "10 s", resources = ["productions"]').replace(
        "WH1", "WH1=LYON"
    )
    (problem,) = told(tmp_path, "systems.toml", add(polled))
    assert (problem.place, problem.cure) == ("tryton.poll.resources", "Did you mean 'production'?")


def test_the_lists_that_the_manifests_name_are_those_that_the_connectors_read() -> None:
    assert {*tryton_manifest.RESOURCES} == {*(each.name for each in LISTS), STOCK}
    assert {*frepple_manifest.RESOURCES} == {ORDERS, OPERATIONS}


def test_its_words_show_no_secret(tmp_path: Path) -> None:
    wrong = TRYTON.replace('"WH1"', '"WH1=LYON"') + 'zones = "env:ZONES"\n'
    (problem,) = told(tmp_path, "systems.toml", add(wrong), {**ENVIRONMENT, "ZONES": "LYON=part-of-it"})
    assert problem.what == "cannot be used: the value in the environment is no time zone"


def test_an_allowance_shorter_than_two_polls_is_a_warning(tmp_path: Path) -> None:
    owned = '[order.material_available]\nowner = "mes"\nfollow = { wms = "30 min" }\n'
    (problem,) = with_wms(tmp_path, ownership=owned)
    assert (problem.place, problem.severity) == ("order.material_available.follow.wms", WARNING)
    assert "twice the time between two polls of wms" in problem.what


def test_a_system_of_several_plants_needs_its_own_zone(tmp_path: Path) -> None:
    problems = told(tmp_path, "plants.toml", add('\n[GRAZ]\nname = "Graz"\ntime_zone = "Europe/Vienna"\n'))
    assert [problem.place for problem in problems] == ["order.due_date.owner", "mes.time_zone"]
