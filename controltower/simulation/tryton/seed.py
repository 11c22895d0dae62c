"""Seeds an empty Tryton: the company, some purchases, orders in every state, and the tower's own user."""

import datetime as dt
import random

from controltower.simulation.tryton import catalogue
from controltower.simulation.tryton.company import Company, Row, create_company, is_seeded, read_company
from controltower.simulation.tryton.install import Say
from controltower.simulation.tryton.orders import (
    move_on,
    order_row,
    place_purchases,
    purchase_row,
    receive_purchase,
)
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal

__all__ = [
    "BRIDGE_LOGIN",
    "CONNECTOR_LOGIN",
    "TrytonClient",
    "TrytonRefusal",
    "ensure_bridge_user",
    "ensure_connector_user",
    "ensure_seeded",
]

CONNECTOR_LOGIN, BRIDGE_LOGIN = "connector", "bridge"
USER_GROUPS = ("Production", "Stock", "Purchase", "Quality")
# The MES has the material at hand, whatever Tryton's stock says.
BRIDGE_GROUPS = (*USER_GROUPS, "Stock Force Assignment")
ORDERS = 20
PURCHASES = 6


def ensure_seeded(
    client: TrytonClient, seed: int, today: dt.date, say: Say = print, past: bool = False
) -> Company:
    """Seed the database unless it is seeded; `seed` makes the same orders each time. `past`: some orders are done
    already, of which no plant has ever heard. Takes some seconds."""
    if is_seeded(client):
        return read_company(client)
    say("tryton: seeding company, plants, items and routings")
    company = create_company(client)
    chance = random.Random(seed)
    say(f"tryton: seeding {PURCHASES} purchases and {ORDERS} orders")
    _seed_purchases(client, company, chance, today)
    _seed_orders(client, company, chance, today, past)
    return company


def _seed_purchases(client: TrytonClient, company: Company, chance: random.Random, today: dt.date) -> None:
    rows = [random_purchase(company, chance, today, place) for place in range(PURCHASES)]
    purchases = client.create("purchase.purchase", rows)
    place_purchases(client, purchases[:-1])
    receive_purchase(client, purchases[0])


def _seed_orders(
    client: TrytonClient, company: Company, chance: random.Random, today: dt.date, past: bool
) -> None:
    rows = [random_order(company, chance, today, place) for place in range(1, ORDERS)]
    finish = today + dt.timedelta(days=2)
    rows.append(order_row(company, "LYON", catalogue.INSPECTED, 20.0, today, finish, "JOB-0020"))
    orders = client.create("production", rows)
    numbered, reserved, running, done = orders[3:], orders[8:], orders[12:], orders[18:]
    for button, ids in (("wait", numbered), ("assign_force", reserved), ("run", running)):
        client.press("production", button, ids)
    for order in done if past else ():
        _finish(client, order)
    for order in running[:3]:
        move_on(client, order)


def _finish(client: TrytonClient, order: int) -> None:
    for _ in range(12):
        if move_on(client, order) == "done":
            return


def random_purchase(company: Company, chance: random.Random, today: dt.date, place: int) -> Row:
    """One draft purchase of a plant's components from its usual supplier, due within three weeks."""
    plant = catalogue.PLANTS[place % len(catalogue.PLANTS)]
    supplier = catalogue.SUPPLIERS[place % len(catalogue.SUPPLIERS)]
    lines = [(code, float(chance.randint(20, 200))) for code in plant.components]
    return purchase_row(
        company, plant.code, supplier, lines, today + dt.timedelta(days=chance.randint(2, 20))
    )


def random_order(company: Company, chance: random.Random, today: dt.date, place: int) -> Row:
    """One draft order at some plant for some item, starting within two weeks of `today`."""
    plant = chance.choice(catalogue.PLANTS)
    item = chance.choice(plant.items)
    start = today + dt.timedelta(days=chance.randint(0, 14))
    finish = start + dt.timedelta(days=chance.randint(1, 5))
    quantity = float(5 * chance.randint(1, 12))
    return order_row(company, plant.code, item, quantity, start, finish, f"JOB-{place:04d}")


def ensure_connector_user(client: TrytonClient, company: Company, password: str) -> None:
    """The user as whom the tower reads: member of the reading groups, with the given password."""
    _ensure_user(client, company, CONNECTOR_LOGIN, "Control Tower", password, BRIDGE_GROUPS)


def ensure_bridge_user(client: TrytonClient, company: Company, password: str) -> None:
    """The user as whom the bridge to the simulated systems reads and books."""
    _ensure_user(client, company, BRIDGE_LOGIN, "Bridge to the plants", password, BRIDGE_GROUPS)


def _ensure_user(
    client: TrytonClient, company: Company, login: str, name: str, password: str, member_of: tuple[str, ...]
) -> None:
    groups = client.search_read("res.group", [["name", "in", list(member_of)]], ["name"])
    found = client.search_read("res.user", [["login", "=", login]], ["login"])
    membership = [["add", [group["id"] for group in groups]]]
    if found:
        client.write("res.user", [found[0]["id"]], {"password": password, "groups": membership})
        return
    row: Row = {
        "name": name,
        "login": login,
        "password": password,
        "companies": [["add", [company.id]]],
        "company": company.id,
        "groups": membership,
    }
    client.create("res.user", [row])
