"""Routes, sending and retries: read whole, replaced and switched off, each mistake with its place and cure."""

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from controltower.connectors.cloudevents import manifest
from controltower.domain.expectation import Sign
from controltower.domain.retry import DELAYS, Sending, Window
from controltower.domain.route import Route
from controltower.landscape_files import ERROR, WARNING, Problem, check, load
from tests.landscape_files.declared import (
    CARRYING,
    ENVIRONMENT,
    INTERFACES,
    MINUTE,
    SERVICE,
    add,
    swap,
    told,
    written,
)

PLAIN = """
[{name}]
title = "T"
from = "mes"
to = "erp"
when = [{{ attribute = "status" }}]
take = ["status"]
"""


def test_a_route_is_read_whole(tmp_path: Path) -> None:
    landscape = load(written(tmp_path, CARRYING), ENVIRONMENT)
    assert landscape.routes["progress"] == Route(
        name="progress",
        title="Progress to the ERP",
        source="mes",
        target="erp",
        kind="order",
        when=(
            Sign("mes", attribute="status", becomes=frozenset({"running", "completed"})),
            Sign("mes", "order.reported"),
        ),
        take=("status", "quantity_good"),
        needs=("status",),
        fixed={"priority": "5"},
        tier="gold",
        team="it",
        locked=("quantity_good",),
        deliver_within=10 * MINUTE,
        apply_within=15 * MINUTE,
        applied=Sign("erp", attribute="status", becomes=frozenset({"completed"})),
    )
    assert landscape.carried("mes", "erp", "order")


def test_sending_and_retries_are_read_whole(tmp_path: Path) -> None:
    landscape = load(written(tmp_path, CARRYING), ENVIRONMENT)
    window = Window(5, datetime.time(22), datetime.timedelta(hours=4))
    assert landscape.systems["erp"].sending == Sending(rate=20.0, timeout=10.0, windows=(window,))
    assert landscape.systems["mes"].sending is None
    assert landscape.tiers["gold"].retry.delays == (5.0, 120.0)


def test_without_a_schedule_the_usual_one_holds_and_an_empty_one_is_none(tmp_path: Path) -> None:
    service = SERVICE + SERVICE.split("[tiers.gold]")[1].join(["[tiers.once]", "retry = []\n"])
    tiers = load(written(tmp_path, {**CARRYING, "service.toml": service}), ENVIRONMENT).tiers
    assert (tiers["gold"].retry.delays, tiers["once"].retry.delays) == (DELAYS, ())


def test_what_is_not_said_of_a_route_is_as_documented(tmp_path: Path) -> None:
    files = {**CARRYING, "routes.toml": PLAIN.format(name="plain")}
    route = load(written(tmp_path, files), ENVIRONMENT).routes["plain"]
    assert (route.keep, route.waits_behind_dead, route.deliver_within) == ("latest", False, 60 * MINUTE)
    assert (route.apply_within, route.applied) == (None, None)


def test_an_extending_configuration_replaces_and_switches_off(tmp_path: Path) -> None:
    there = CARRYING["routes.toml"] + PLAIN.format(name="second")
    written(tmp_path / "there", {**CARRYING, "routes.toml": there})
    here = {
        "service.toml": 'extends = "../there"\n',
        "routes.toml": "[progress]\noff = true\n" + PLAIN.format(name="second").replace('"T"', '"New"'),
        "interfaces.toml": '[[interface]]\nfrom = "erp"\nto = "mes"\noff = true\n',
    }
    landscape = load(written(tmp_path / "here", here), ENVIRONMENT)
    assert {name: route.title for name, route in landscape.routes.items()} == {"second": "New"}
    assert landscape.interfaces == ()


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("Sun 02:00-04:00", Window(6, datetime.time(2), datetime.timedelta(hours=2))),
        ("Mon 23:30-00:15", Window(0, datetime.time(23, 30), datetime.timedelta(minutes=45))),
        ("Fri 00:00-24:00", Window(4, datetime.time(0), datetime.timedelta(hours=24))),
    ],
)
def test_a_window_is_a_day_and_two_times(text: str, window: Window, tmp_path: Path) -> None:
    files = {**CARRYING, "systems.toml": CARRYING["systems.toml"].replace("Sat 22:00-02:00", text)}
    sending = load(written(tmp_path, files), ENVIRONMENT).systems["erp"].sending
    assert sending is not None
    assert sending.windows == (window,)


def route(old: str, new: str) -> tuple[str, Callable[[str], str]]:
    return "routes.toml", swap(old, new)


def send(old: str, new: str) -> tuple[str, Callable[[str], str]]:
    return "systems.toml", swap(old, new)


MISTAKES = {
    "unknown key": (*route("tier =", "teir ="), "progress.teir", "no known key", "'tier'"),
    "unknown role": (*route('"mes"', '"mess"'), "progress.from", "unknown role 'mess'", "'mes'"),
    "unknown kind": (
        *route('to = "erp"', 'to = "erp"\nkind = "orders"'), "progress.kind", "unknown subject kind", "'order'"
    ),
    "a sign's role": (
        *route("{ type", '{ role = "mes", type'), "progress.when[2].role", "no known key", "Known: attribute"
    ),
    "unknown type": (
        *route("order.reported", "order.reprted"), "progress.when[2].type", "unknown event type", "'order.reported'"
    ),
    "unknown attribute of a sign": (
        *route('attribute = "status"', 'attribute = "statu"'), "progress.when[1].attribute", "attribute of order",
        "'status'",
    ),
    "unknown status": (
        *route('"running"', '"runing"'), "progress.when[1].becomes", "unknown status of order", "'running'"
    ),
    "empty sign": (*route('{ type = "order.reported" }', "{}"), "progress.when[2]", "shows nothing", "attribute"),
    "no sign": (
        "routes.toml", lambda text: text + PLAIN.format(name="x").replace('[{ attribute = "status" }]', "[]"), "x.when",
        "names no sign", "what begins it",
    ),
    "unknown status of applied": (
        *route('applied = { attribute = "status", becomes = ["completed"]',
               'applied = { attribute = "status", becomes = ["complete"]'),
        "progress.applied.becomes", "status of order", "'completed'",
    ),
    "unknown attribute": (
        *route('take = ["status", "quantity_good"', 'take = ["status", "quantity_goood", "quantity_good"'),
        "progress.take[2]", "unknown attribute of order", "'quantity_good'",
    ),
    "taken twice": (*route('take = ["status"', 'take = ["status", "status"'), "progress.take[2]", "twice", "Keep one"),
    "nothing taken": (
        "routes.toml", add(PLAIN.format(name="x").replace('["status"]', "[]")), "x.take", "carries nothing", "Name"
    ),
    "needed, not taken": (
        *route('needs = ["status"]', 'needs = ["status", "item"]'), "progress.needs[2]", "'item', which is not carried",
        "Add it to take",
    ),
    "locked, not taken": (
        *route('locked = ["quantity_good"]', 'locked = ["item"]'), "progress.locked[1]", "not carried", "Add it to take"
    ),
    "fixed and taken": (
        *route('fixed = { priority = "5" }', 'fixed = { status = "released" }'), "progress.fixed.status",
        "carried as well", "in take or in fixed",
    ),
    "fixed unknown": (
        *route('fixed = { priority', 'fixed = { priorty'), "progress.fixed.priorty", "attribute of order", "'priority'"
    ),
    "fixed no text": (*route('"5"', "5"), "progress.fixed.priority", "must be a text", "quotes"),
    "fixed no number": (*route('"5"', '"five"'), "progress.fixed.priority", "is no integer", "other systems"),
    "unknown way to keep": (
        *route('tier = "gold"', 'tier = "gold"\nkeep = "last"'), "progress.keep", "unknown way to keep", "'latest'"
    ),
    "no yes or no": (
        *route('tier = "gold"', 'tier = "gold"\nwaits_behind_dead = "yes"'), "progress.waits_behind_dead",
        "true or false", "without quotes",
    ),
    "unknown tier": (*route('"gold"', '"golden"'), "progress.tier", "unknown tier 'golden'", "'gold'"),
    "unknown team": (*route('"it"', '"ti"'), "progress.team", "unknown team 'ti'", "Known: it"),
    "to itself": (*route('to = "erp"', 'to = "mes"'), "progress.to", "to itself", "is told"),
    "nobody told": (*route('to = "erp"', 'to = "wms"'), "progress.to", "no system has the role wms", "Declare one"),
    "nobody speaks": (
        *route('from = "mes"', 'from = "wms"'), "progress.from", "no system has the role wms", "Declare one"
    ),
    "not sent to": (
        *send("[erp.send]\nrate = 20\ntimeout = \"10 s\"\nmaintenance = [\"Sat 22:00-02:00\"]\n", ""), "progress.to",
        "has no [erp.send]", "Add [erp.send]",
    ),
    "no address": (*send('url = "http://127.0.0.1:9/events"', ""), "erp.settings.url", "missing", "Add url"),
    "bad rate": (*send("rate = 20", "rate = -1"), "erp.send.rate", "number, 0 or more", "without quotes"),
    "nothing in flight": (*send("rate = 20", "in_flight = 0"), "erp.send.in_flight", "1 or more", "4"),
    "never drains": (*send("rate = 20", "drain = 0"), "erp.send.drain", "more than 0", "2"),
    "unknown day": (*send("Sat 22", "Son 22"), "erp.send.maintenance", "unknown day 'Son'", "'Sun'"),
    "no window": (*send("Sat 22:00-02:00", "22:00"), "erp.send.maintenance", "maintenance window", "Sun 02:00-04:00"),
    "no such time": (*send("22:00", "22:60"), "erp.send.maintenance", "unknown time 22:60", "Sun 02:00-04:00"),
    "no time between": (*send("02:00", "22:00"), "erp.send.maintenance", "no length of time", "Sun 02:00-04:00"),
    "bad retry": (
        "service.toml", swap('"5 s"', '"5"'), "tiers.gold.retry", "length of time", '"15 min"'
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_place_and_cure(kind: str, tmp_path: Path) -> None:
    file, change, place, what, cure = MISTAKES[kind]
    found = one(told(tmp_path, file, change, whole=CARRYING), place, what)
    assert Path(found.file).name in (file, "routes.toml")
    assert (cure in found.cure, found.severity) == (True, ERROR), found


WARNINGS = {
    "told twice": (
        "interfaces.toml", add(INTERFACES.replace('"erp"', "1").replace('"mes"', '"erp"').replace("1", '"mes"')),
        "interface[2]", "erp is told twice about each order", "off = true",
    ),
    "never looked at": (*route('apply_within = "15 min"\n', ""), "progress.applied", "never looked at", "apply_within"),
    "off, but not there": ("routes.toml", add("\n[other]\noff = true\n"), "other", "none like it", "extends"),
    "not everywhere": (
        "plants.toml", add('\n[GRAZ]\nname = "Graz"\ntime_zone = "Europe/Vienna"\n'), "progress.to",
        "nowhere at GRAZ", "Declare such a system",
    ),
    "sooner than it is asked": (
        "systems.toml",
        lambda text: text.replace('hooks = { secrets = ["env:ERP_SECRET"] }\n', ""),
        "progress.apply_within", "can never be kept: erp", "be heard",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WARNINGS)
def test_a_doubtful_thing_is_a_warning(kind: str, tmp_path: Path) -> None:
    file, change, place, what, cure = WARNINGS[kind]
    found = one(told(tmp_path, file, change, whole=CARRYING), place, what)
    assert (cure in found.cure, found.severity) == (True, WARNING), found


def one(problems: list[Problem], place: str, what: str) -> Problem:
    """The only problem at a place that says something."""
    found = [problem for problem in problems if problem.place == place and what in problem.what]
    assert len(found) == 1, "\n".join(map(str, problems))
    return found[0]


def test_a_sound_configuration_that_carries_has_no_problem(tmp_path: Path) -> None:
    assert check(written(tmp_path, CARRYING), ENVIRONMENT) == []


MAPPED = {
    **CARRYING,
    "systems.toml": CARRYING["systems.toml"].replace('"cloudevents"', '"generic_rest"', 1).replace(
        "[erp.settings]", '[erp.settings]\nmapping = "mappings/erp.toml"'
    ),
    "mappings/erp.toml": '[hook]\n',
}  # fmt: skip


def test_a_mapping_that_cannot_write_the_kind_is_told(tmp_path: Path) -> None:
    problems = check(written(tmp_path, MAPPED), ENVIRONMENT)
    found = one(problems, "progress.to", "its mapping has no [send.order]")
    assert "[send.order]" in found.cure


def test_a_product_that_takes_other_kinds_alone_is_told(tmp_path: Path) -> None:
    scheduler = """
[aps]
title = "Scheduler"
role = "aps"
plants = ["*"]
connector = "frepple"
time_zone = "UTC"
poll = { every = "1 min" }
send = {}
settings = { url = "http://127.0.0.1:9", user = "tower", password = "env:ERP_SECRET" }
"""
    route = (
        PLAIN.format(name="stock")
        .replace('to = "erp"', 'to = "aps"\nkind = "stock"')
        .replace("status", "on_hand")
    )
    files = {
        **CARRYING,
        "systems.toml": CARRYING["systems.toml"] + scheduler,
        "routes.toml": CARRYING["routes.toml"] + route,
    }
    problems = check(written(tmp_path, files), ENVIRONMENT)
    found = one(problems, "stock.kind", "cannot be written for aps: the connector frepple takes no stock")
    assert found.severity == ERROR


def test_a_product_without_a_sending_half_cannot_be_sent_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = dataclasses.replace(manifest.MANIFEST, sends=False)
    monkeypatch.setattr(manifest, "MANIFEST", able)
    problems = check(written(tmp_path, CARRYING), ENVIRONMENT)
    found = one(problems, "erp.send", "connector cloudevents, which cannot send")
    assert "what can send: frepple" in found.cure
