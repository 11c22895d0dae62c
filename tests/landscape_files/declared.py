"""A small sound configuration, and ways to spoil it."""

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path

from controltower.landscape_files import Problem, check

ROOT = Path(__file__).parents[2]
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
"""
FLOWS = """
[[flow]]
name = "life"
title = "An order's life"
begins = [{ role = "erp", type = "order.released" }]
steps = [{ name = "made", title = "Made", shown = [{ role = "mes", type = "order.completed" }] }]
"""
INTERFACES = '[[interface]]\nfrom = "erp"\nto = "mes"\ncarries = ["order"]\n'
SEND = """
[erp.settings]
url = "http://127.0.0.1:9/events"
token = "env:ERP_SECRET"

[erp.send]
rate = 20
timeout = "10 s"
maintenance = ["Sat 22:00-02:00"]
"""
ROUTES = """
[progress]
title = "Progress to the ERP"
from = "mes"
to = "erp"
when = [{ attribute = "status", becomes = ["running", "completed"] }, { type = "order.reported" }]
take = ["status", "quantity_good"]
needs = ["status"]
locked = ["quantity_good"]
fixed = { priority = "5" }
tier = "gold"
team = "it"
deliver_within = "10 min"
apply_within = "15 min"
applied = { attribute = "status", becomes = ["completed"] }
"""
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
    "flows.toml": FLOWS,
    "interfaces.toml": INTERFACES,
    "rules.toml": RULES,
    "service.toml": SERVICE,
}
# The same with a route of the tower's own.
CARRYING = {
    **WHOLE,
    "systems.toml": SYSTEMS + SEND,
    "routes.toml": ROUTES,
    "service.toml": SERVICE + 'retry = ["5 s", "2 min"]\n',
}
ENVIRONMENT = {"MES_SECRET": HIDDEN, "ERP_SECRET": HIDDEN}


def written(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def told(
    directory: Path,
    file: str,
    change: Callable[[str], str],
    environment: Mapping[str, str] | None = None,
    whole: Mapping[str, str] = WHOLE,
) -> list[Problem]:
    """What is told of the whole configuration after one of its files was changed."""
    text = change(whole.get(file, ""))
    assert text != whole.get(file), "the change must change something"
    written(directory, {**whole, file: text})
    return check(directory, ENVIRONMENT if environment is None else environment)


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def add(more: str) -> Callable[[str], str]:
    return lambda text: text + more
