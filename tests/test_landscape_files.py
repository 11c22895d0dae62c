"""The configuration: every mistake is told with file, line, place and cure, and never with a secret."""

import datetime
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from controltower import connectors
from controltower.connectors.frepple import manifest as frepple_manifest
from controltower.connectors.frepple.translate import OPERATIONS, ORDERS
from controltower.connectors.tryton import manifest as tryton_manifest
from controltower.connectors.tryton.lists import LISTS
from controltower.connectors.tryton.stock import STOCK
from controltower.domain.landscape import Landscape
from controltower.landscape_files import ERROR, WARNING, ConfigurationError, Problem, check, load
from controltower.landscape_files.key import TABLES, Key

ROOT = Path(__file__).parent.parent
HIDDEN = "whsec_never-to-be-seen"
MINUTE = datetime.timedelta(minutes=1)

PLANTS = '[LYON]\nname = "Lyon"\ntime_zone = "Europe/Paris"\n'
SYSTEMS = """
[erp]
title = "ERP"
role = "erp"
plants = ["LYON"]
connector = "cloudevents"
hooks = { secrets = ["env:ERP_SECRET"] }

[mes]
title = "MES"
role = "mes"
plants = ["*"]
connector = "cloudevents"
team = "it"
tier = "gold"
hooks = { secrets = ["env:MES_SECRET"], rate = 600, largest = "2 MiB" }
"""
OWNERSHIP = '[order.due_date]\nowner = "erp"\nfollow = { mes = { within = "30 min", tolerance = "2 min" } }\n'
EXPECTATIONS = """
[[expectation]]
name = "known"
title = "The MES knows a released order"
when = { role = "erp", type = "order.released" }
then = { role = "mes", attribute = "status", becomes = ["released"] }
unless = [{ role = "erp", type = "order.cancelled" }]
within = "1 h"
team = "it"

[[flow]]
name = "life"
title = "An order's life"
milestones = [{ name = "made", title = "Made", role = "mes", type = "order.completed" }]
"""
INTERFACES = '[[interface]]\nfrom = "erp"\nto = "mes"\ncarries = ["order"]\n'
RULES = '[limits]\nclock_ahead = "90 s"\noff = ["duplicate-delivery"]\n'
SERVICE = """
[teams.it]
name = "IT"

[tiers.gold]
acknowledge_within = "15 min"
resolve_within = "1 day"
escalate_to = "it"
"""
WHOLE = {
    "plants.toml": PLANTS,
    "systems.toml": SYSTEMS,
    "ownership.toml": OWNERSHIP,
    "expectations.toml": EXPECTATIONS,
    "interfaces.toml": INTERFACES,
    "rules.toml": RULES,
    "service.toml": SERVICE,
}
ENVIRONMENT = {"MES_SECRET": HIDDEN, "ERP_SECRET": HIDDEN}


def written(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def told(
    directory: Path, file: str, change: Callable[[str], str], environment: Mapping[str, str] | None = None
) -> list[Problem]:
    """What is told of the whole configuration after one of its files was changed."""
    text = change(WHOLE.get(file, ""))
    assert text != WHOLE.get(file), "the change must change something"
    written(directory, {**WHOLE, file: text})
    return check(directory, ENVIRONMENT if environment is None else environment)


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def add(more: str) -> Callable[[str], str]:
    return lambda text: text + more


# -- a good one


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
    assert landscape.flows[0].milestones[0].sign.role == "mes"
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
    return {name: "http://127.0.0.1:9" if name.endswith("_URL") else HIDDEN for name in names}


@pytest.mark.parametrize("name", ["demo", "tryton"])
def test_the_configurations_that_come_along_are_free_of_problems(name: str) -> None:
    assert check(ROOT / "config" / name, demo_environment()) == []


@pytest.mark.parametrize("name", ["demo", "tryton"])
def test_each_of_their_systems_can_be_connected(name: str) -> None:
    landscape = load(ROOT / "config" / name, demo_environment())
    connected = {system.id: connectors.connect(system).system.id for system in landscape.systems.values()}
    assert len(connected) == 13
    assert all(name == known for name, known in connected.items())


# -- mistakes: the file, the change, the place that is told, words of what and cure

_NEW_EXPECTATION = """
[[expectation]]
name = "second"
title = "Second"
when = {when}
then = {then}
within = "1 h"
"""
_ERP = '{ role = "erp", type = "order.released" }'
_MES = '{ role = "mes", type = "order.acknowledged" }'


def second(when: str = _ERP, then: str = _MES) -> Callable[[str], str]:
    return add(_NEW_EXPECTATION.format(when=when, then=then))


MISTAKES = {
    "unknown key": (
        "plants.toml",
        swap("time_zone", "time_zome"),
        "LYON.time_zome",
        "no known key",
        "'time_zone'",
    ),
    "missing key": ("plants.toml", swap('name = "Lyon"\n', ""), "LYON.name", "missing", "Add name"),
    "wrong type": ("plants.toml", swap('"Lyon"', "7"), "LYON.name", "must be a text, not a number", "quotes"),
    "unknown zone": (
        "plants.toml",
        swap("Europe/Paris", "Europe/Pari"),
        "LYON.time_zone",
        "unknown time zone",
        "IANA",
    ),
    "unknown role": ("systems.toml", swap('"mes"', '"mess"'), "mes.role", "unknown role 'mess'", "'mes'"),
    "unknown plant": (
        "systems.toml",
        swap('"LYON"', '"LION"'),
        "erp.plants",
        "unknown plant 'LION'",
        "'LYON'",
    ),
    "no plant": ("systems.toml", swap('["LYON"]', "[]"), "erp.plants", "no plant", "Name the plants"),
    "unknown connector": (
        "systems.toml",
        swap('"cloudevents"', '"cloudevent"'),
        "erp.connector",
        "unknown connector",
        "'cloudevents'",
    ),
    "unknown team": (
        "systems.toml",
        swap('team = "it"', 'team = "ti"'),
        "mes.team",
        "unknown team 'ti'",
        "Known: it",
    ),
    "unknown tier": (
        "systems.toml",
        swap('"gold"', '"golden"'),
        "mes.tier",
        "unknown tier 'golden'",
        "'gold'",
    ),
    "unknown scheme": (
        "systems.toml",
        swap("rate = 600", 'scheme = "git-hub"'),
        "mes.hooks.scheme",
        "signature scheme",
        "'github'",
    ),
    "channel of another connector": (
        "systems.toml",
        add('\n[mes.poll]\nevery = "1 s"\n'),
        "mes.poll",
        "not for the connector",
        "heard by: hook",
    ),
    "unknown setting": (
        "systems.toml",
        add('\n[mes.settings]\nurl = "x"\n'),
        "mes.settings.url",
        "no field of the connector",
        "no settings",
    ),
    "secret in a file": (
        "systems.toml",
        swap("env:MES_SECRET", "whsec_abc"),
        "mes.hooks.secrets[1]",
        "secret written into a file",
        "env:NAME",
    ),
    "bad duration": (
        "ownership.toml",
        swap('"30 min"', '"30 mins"'),
        "order.due_date.follow.mes.within",
        "length of time",
        '"15 min"',
    ),
    "no duration": (
        "rules.toml",
        swap('"90 s"', '"0 s"'),
        "limits.clock_ahead",
        "longer than nothing",
        "unit",
    ),
    "bad tolerance": (
        "ownership.toml",
        swap('"2 min"', '"some"'),
        "order.due_date.follow.mes.tolerance",
        "must be a tolerance",
        '"60 s"',
    ),
    "bad number": ("systems.toml", swap("600", "-1"), "mes.hooks.rate", "whole number", "600"),
    "bad size": ("systems.toml", swap("2 MiB", "2 MegaByte"), "mes.hooks.largest", "must be a size", "MiB"),
    "unknown kind": (
        "ownership.toml",
        swap("order.", "oder."),
        "oder",
        "unknown subject kind 'oder'",
        "'order'",
    ),
    "unknown attribute": (
        "ownership.toml",
        swap("due_date", "due_dat"),
        "order.due_dat",
        "unknown attribute of order",
        "'due_date'",
    ),
    "owner follows": (
        "ownership.toml",
        swap("mes =", "erp ="),
        "order.due_date.follow.erp",
        "follow itself",
        "Take it out",
    ),
    "nobody owns": (
        "ownership.toml",
        swap('"erp"', '"aps"'),
        "order.due_date.owner",
        "role aps at LYON",
        "systems.toml",
    ),
    "unknown follower": (
        "ownership.toml",
        swap("mes =", "mess ="),
        "order.due_date.follow.mess",
        "unknown role 'mess'",
        "'mes'",
    ),
    "unknown event type": (
        "expectations.toml",
        swap("order.released", "order.realesed"),
        "expectation[1].when.type",
        "event type",
        "'order.released'",
    ),
    "type of another kind": (
        "expectations.toml",
        swap("order.released", "purchase.confirmed"),
        "expectation[1].when.type",
        "is about purchase",
        "begins with order",
    ),
    "unknown status": (
        "expectations.toml",
        swap('["released"]', '["relaesed"]'),
        "expectation[1].then.becomes",
        "status of order",
        "'released'",
    ),
    "attribute of a sign": (
        "expectations.toml",
        swap('"status"', '"statsu"'),
        "expectation[1].then.attribute",
        "attribute of order",
        "'status'",
    ),
    "empty sign": (
        "expectations.toml",
        second(then='{ role = "mes" }'),
        "expectation[2].then",
        "shows nothing",
        "attribute",
    ),
    "becomes of nothing": (
        "expectations.toml",
        second(then='{ role = "mes", type = "order.closed", becomes = ["closed"] }'),
        "expectation[2].then.becomes",
        "needs an attribute",
        "Add attribute",
    ),
    "sign without role": (
        "expectations.toml",
        second(when='{ type = "order.released" }'),
        "expectation[2].when.role",
        "missing",
        "Add role",
    ),
    "missing sign": (
        "expectations.toml",
        swap('when = { role = "erp", type = "order.released" }\n', ""),
        "expectation[1].when",
        "missing",
        "Add when",
    ),
    "same name": (
        "expectations.toml",
        lambda text: text + text,
        "expectation[2]",
        "twice: 'known'",
        "name it anew",
    ),
    "unknown severity": (
        "expectations.toml",
        swap('within = "1 h"', 'within = "1 h"\nseverity = "D"'),
        "expectation[1].severity",
        "unknown severity 'D'",
        "A, B, C",
    ),
    "milestone twice": (
        "expectations.toml",
        swap(
            "milestones = [",
            'milestones = [{ name = "made", title = "M", role = "mes", type = "order.closed" }, ',
        ),
        "flow[1].milestones[2].name",
        "twice in the flow",
        "anew",
    ),
    "one bracket": (
        "interfaces.toml",
        swap("[[interface]]", "[interface]"),
        "interface",
        "list of tables",
        "[[interface]]",
    ),
    "unknown system": (
        "interfaces.toml",
        swap('to = "mes"', 'to = "mse"'),
        "interface[1].to",
        "unknown system 'mse'",
        "'mes'",
    ),
    "to itself": (
        "interfaces.toml",
        swap('to = "mes"', 'to = "erp"'),
        "interface[1].to",
        "to itself",
        "is told",
    ),
    "kind carried": (
        "interfaces.toml",
        swap('["order"]', '["orders"]'),
        "interface[1].carries",
        "subject kind",
        "'order'",
    ),
    "unknown table": ("service.toml", add("\n[teems.x]\n"), "teems", "unknown table", "'teams'"),
    "escalated to nobody": (
        "service.toml",
        swap('escalate_to = "it"', 'escalate_to = "ot"'),
        "tiers.gold.escalate_to",
        "unknown team",
        "Known: it",
    ),
    "resolved too soon": ("service.toml", swap('"1 day"', '"1 min"'), "tiers.gold", "sooner", "shorter"),
    "unknown rule": (
        "rules.toml",
        swap('"duplicate-delivery"', '"duplicates-delivery"'),
        "limits.off",
        "unknown rule",
        "'duplicate-delivery'",
    ),
    "extends nothing": (
        "service.toml",
        lambda text: 'extends = "../none"\n' + text,
        "extends",
        "name a directory",
        "relative",
    ),
    "extends itself": (
        "service.toml",
        lambda text: 'extends = "."\n' + text,
        "extends",
        "leads back",
        "alone",
    ),
    "unknown file": ("sytems.toml", add("x = 1\n"), "", "no file of the configuration", "'systems.toml'"),
    "no TOML": ("plants.toml", add("[broken\n"), "", "no TOML", "Mend that line"),
    "table is no table": (
        "plants.toml",
        add('\n[GRAZ]\nname = "Graz"\ntime_zone = "UTC"\n[LYON.x]\n'),
        "LYON.x",
        "no known key",
        "Known",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_place_and_cure(kind: str, tmp_path: Path) -> None:
    file, change, place, what, cure = MISTAKES[kind]
    problems = told(tmp_path, file, change)
    found = [problem for problem in problems if problem.place == place and what in problem.what]
    assert len(found) == 1, "\n".join(map(str, problems))
    assert Path(found[0].file).name == file
    assert cure in found[0].cure
    assert found[0].severity == ERROR
    with pytest.raises(ConfigurationError):
        load(tmp_path, ENVIRONMENT)


WARNINGS = {
    "never heard": (
        "systems.toml",
        swap('hooks = { secrets = ["env:ERP_SECRET"] }\n', ""),
        "erp",
        "never heard",
        "[erp.hooks]",
    ),
    "nobody follows": (
        "ownership.toml",
        swap("mes =", "quality ="),
        "order.due_date.follow.quality",
        "followed by nobody",
        "Declare",
    ),
    "never expected": (
        "expectations.toml",
        second(then='{ role = "wms", type = "order.staged" }'),
        "expectation[2].then",
        "never expected at LYON",
        "Declare",
    ),
    "two owners": (
        "systems.toml",
        add("\n" + SYSTEMS.split("\n\n")[0].replace("[erp]", "[erp-2]")),
        "order.due_date.owner",
        "2 systems of role erp at LYON",
        "put the one that counts first",
    ),
}


@pytest.mark.parametrize("kind", WARNINGS)
def test_a_doubtful_thing_is_a_warning(kind: str, tmp_path: Path) -> None:
    file, change, place, what, cure = WARNINGS[kind]
    (problem,) = told(tmp_path, file, change)
    assert (problem.place, problem.severity) == (place, WARNING)
    assert what in problem.what
    assert cure in problem.cure
    assert load(tmp_path, ENVIRONMENT).plants


# -- a polled system and its mapping

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


# -- lines, and more than one mistake


def test_a_problem_names_its_line(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "ownership.toml", swap('"erp"', '"epr"'))
    assert str(problem).startswith(f"error: {tmp_path}/ownership.toml:2: order.due_date.owner names")


def test_broken_toml_names_its_line(tmp_path: Path) -> None:
    problems = told(tmp_path, "plants.toml", add("[broken\n"))
    assert any("line 4" in problem.what for problem in problems)


def test_every_mistake_is_found_at_once(tmp_path: Path) -> None:
    def change(text: str) -> str:
        return text.replace('"mes"', '"mess"').replace('"cloudevents"', '"cloud"').replace("rate", "rat")

    places = {problem.place for problem in told(tmp_path, "systems.toml", change)}
    assert places >= {"mes.role", "mes.connector", "erp.connector", "mes.hooks.rat"}


# -- the environment


def test_a_missing_variable_is_told_by_name_and_once(tmp_path: Path) -> None:
    written(tmp_path, WHOLE)
    (problem,) = check(tmp_path, {"ERP_SECRET": HIDDEN})
    assert (problem.place, problem.severity) == ("mes.hooks.secrets[1]", ERROR)
    assert "MES_SECRET, which is not set" in problem.what


def test_a_value_may_be_in_a_file(tmp_path: Path) -> None:
    written(tmp_path / "c", WHOLE)
    (tmp_path / "secret").write_text(f"{HIDDEN}\n", encoding="utf-8")
    held = {"ERP_SECRET": HIDDEN, "MES_SECRET_FILE": str(tmp_path / "secret")}
    hooks = load(tmp_path / "c", held).systems["mes"].hooks
    assert hooks is not None
    assert hooks.secrets == (HIDDEN,)
    (problem,) = check(tmp_path / "c", {**held, "MES_SECRET_FILE": str(tmp_path / "gone")})
    assert "MES_SECRET_FILE" in problem.what


SPOTS = [
    ("systems.toml", swap('role = "mes"', 'role = "env:MES_SECRET"')),
    ("systems.toml", swap('["*"]', '["env:MES_SECRET"]')),
    ("systems.toml", swap('team = "it"', 'team = "env:MES_SECRET"')),
    ("systems.toml", swap("600", '"env:MES_SECRET"')),
    ("systems.toml", swap('"2 MiB"', '"env:MES_SECRET"')),
    ("plants.toml", swap('"Europe/Paris"', '"env:MES_SECRET"')),
    ("expectations.toml", swap('"order.released"', '"env:MES_SECRET"')),
    ("expectations.toml", swap('["released"]', '["env:MES_SECRET"]')),
    ("expectations.toml", lambda text: (text + text).replace('"known"', '"env:MES_SECRET"')),
    ("interfaces.toml", swap('"erp"', '"env:MES_SECRET"')),
    ("rules.toml", swap('"90 s"', '"env:MES_SECRET"')),
    ("rules.toml", swap('"duplicate-delivery"', '"env:MES_SECRET"')),
    ("service.toml", lambda text: 'extends = "env:MES_SECRET"\n' + text),
]


@pytest.mark.parametrize("spot", range(len(SPOTS)))
def test_a_secret_is_never_printed(spot: int, tmp_path: Path) -> None:
    """Not even where it stands by mistake in the place of something else."""
    problems = told(tmp_path, *SPOTS[spot])
    assert problems
    assert HIDDEN not in "\n".join(map(str, problems))
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, ENVIRONMENT)
    assert HIDDEN not in str(raised.value)
    assert HIDDEN not in repr(raised.value.problems)


def test_a_secret_setting_and_an_address_are_never_printed(tmp_path: Path) -> None:
    wms = WMS.replace("http://wms.example", "env:MES_SECRET").replace("wms.toml", "wsm.toml")
    problems = with_wms(tmp_path, wms + f'token = "{HIDDEN}"\n')
    assert {problem.place for problem in problems} >= {"wms.settings.url", "wms.settings.token"}
    assert HIDDEN not in "\n".join(map(str, problems))


def test_the_landscape_shows_no_secret(tmp_path: Path) -> None:
    assert HIDDEN not in repr(load(written(tmp_path, WHOLE), ENVIRONMENT))


# -- a configuration that extends another


def test_a_table_said_here_replaces_the_one_there(tmp_path: Path) -> None:
    written(tmp_path / "there", WHOLE)
    here = {
        "service.toml": 'extends = "../there"\n',
        "plants.toml": '[LYON]\nname = "Lyon-Sud"\ntime_zone = "Europe/Paris"\n',
        "expectations.toml": EXPECTATIONS.split("[[flow]]")[0].replace('"1 h"', '"2 h"'),
    }
    landscape = load(written(tmp_path / "here", here), ENVIRONMENT)
    assert landscape.plants["LYON"].name == "Lyon-Sud"
    assert [rule.within for rule in landscape.expectations] == [120 * MINUTE]
    assert (list(landscape.systems), len(landscape.flows), list(landscape.teams)) == (
        ["erp", "mes"],
        1,
        ["it"],
    )


def test_an_expectation_that_is_off_is_not_expected(tmp_path: Path) -> None:
    written(tmp_path, {**WHOLE, "rules.toml": '[limits]\noff = ["known"]\n'})
    assert load(tmp_path, ENVIRONMENT).expectations == ()


# -- the documentation


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
