"""Each kind of mistake is told with its place and its cure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controltower.landscape_files import ERROR, WARNING, ConfigurationError, load
from tests.landscape_files.declared import ENVIRONMENT, SYSTEMS, add, swap, told

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
        add('\n[mes.settings]\nurls = "x"\n'),
        "mes.settings.urls",
        "no field of the connector",
        "Did you mean 'url'",
    ),
    "secret in a setting": (
        "systems.toml",
        add('\n[mes.settings]\nsecrets = ["env:MES_SECRET", "whsec_abc"]\n'),
        "mes.settings.secrets[2]",
        "secret written into a file",
        "env:NAME",
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
    "step twice": (
        "flows.toml",
        swap(
            "steps = [",
            'steps = [{ name = "made", title = "M", shown = [{ role = "mes", type = "order.closed" }] }, ',
        ),
        "flow[1].steps[2].name",
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
