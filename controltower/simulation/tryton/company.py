"""Makes the company in an empty Tryton: plants, items, bills, routings, work centres, suppliers, stock."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from controltower.simulation import landscape
from controltower.simulation.tryton import catalogue
from controltower.simulation.tryton.rpc import TrytonClient

Row = dict[str, Any]
OPENING_STOCK = 400.0


@dataclass(frozen=True)
class Company:
    """The ids under which Tryton knows the company; every mapping is by code or name."""

    id: int
    currency: int
    warehouses: dict[str, Row]
    products: dict[str, Row]
    boms: dict[str, int]
    routings: dict[str, int]
    centers: dict[str, int]
    suppliers: dict[str, Row]


def is_seeded(client: TrytonClient) -> bool:
    """Whether the company is there already."""
    return bool(client.search_read("company.company", [], ["id"]))


def create_company(client: TrytonClient) -> Company:
    """Create everything the orders need, in about thirty calls, and give back its ids."""
    currency = _create_currency(client)
    company = _create_legal_entity(client, currency)
    _number_with_prefixes(client)
    _create_plants(client)
    products = _create_items(client)
    _create_bills(client, products)
    _create_work_centers(client, company)
    _create_suppliers(client)
    seeded = read_company(client)
    _create_quality_control(client, seeded)
    _take_opening_stock(client, seeded)
    return seeded


def read_company(client: TrytonClient) -> Company:
    """The ids of a company made by create_company, read back by code and name."""
    company = client.search_read("company.company", [], ["currency"])[0]
    warehouse_fields = ["code", "storage_location", "production_location", "input_location"]
    plants = [plant.code for plant in catalogue.PLANTS]
    return Company(
        id=company["id"],
        currency=company["currency"],
        warehouses=_keyed(client, "stock.location", [["code", "in", plants]], "code", warehouse_fields),
        products=_keyed(client, "product.product", [], "code", ["code", "default_uom", "cost_price", "name"]),
        boms=_ids_by_name(client, "production.bom"),
        routings=_ids_by_name(client, "production.routing"),
        centers=_ids_by_name(client, "production.work.center"),
        suppliers=_keyed(
            client, "party.party", [["name", "in", list(catalogue.SUPPLIERS)]], "name", ["name", "addresses"]
        ),
    )


def _keyed(
    client: TrytonClient, model: str, domain: list[Any], key: str, fields: list[str]
) -> dict[str, Row]:
    return {row[key]: row for row in client.search_read(model, domain, fields)}


def _ids_by_name(client: TrytonClient, model: str) -> dict[str, int]:
    return {row["name"]: row["id"] for row in client.search_read(model, [], ["name"])}


def _create_currency(client: TrytonClient) -> int:
    name, symbol, code = catalogue.CURRENCY
    rates = [["create", [{"rate": catalogue.ONE, "date": dt.date(2020, 1, 1)}]]]
    row = {"name": name, "symbol": symbol, "code": code, "rounding": catalogue.CENT, "rates": rates}
    return client.create("currency.currency", [row])[0]


def _create_legal_entity(client: TrytonClient, currency: int) -> int:
    party = client.create("party.party", [{"name": catalogue.COMPANY}])[0]
    company = client.create("company.company", [{"party": party, "currency": currency}])[0]
    values = {"companies": [["add", [company]]], "company": company}
    client.write("res.user", [client.user_id], values)
    client.reload_context()
    return company


def _number_with_prefixes(client: TrytonClient) -> None:
    for name, prefix in (("Production", "MO-"), ("Purchase", "PO-"), ("Quality Inspection", "QL-")):
        found = client.search_read("ir.sequence", [["name", "=", name]], ["id"])
        values: Row = {"prefix": prefix, "number_next": catalogue.FIRST_ORDER}
        client.write("ir.sequence", [row["id"] for row in found], values)


def _create_plants(client: TrytonClient) -> None:
    zones = (("input", "IN"), ("output", "OUT"), ("storage", "STO"), ("production", "PROD"))
    rows = [
        {
            "name": f"{plant.code} {zone}",
            "code": landscape.STORE if zone == "storage" else f"{plant.code}-{suffix}",
            "type": "production" if zone == "production" else "storage",
        }
        for plant in catalogue.PLANTS
        for zone, suffix in zones
    ]
    ids = iter(client.create("stock.location", rows))
    lost = client.search_read("stock.location", [["type", "=", "lost_found"]], ["id"])[0]["id"]
    place: Row = {"type": "warehouse", "lost_found_location": lost}
    warehouses: list[Row] = [
        place
        | {"name": plant.code.title(), "code": plant.code}
        | {f"{zone}_location": next(ids) for zone, _ in zones}
        for plant in catalogue.PLANTS
    ]
    client.create("stock.location", warehouses)


def _create_items(client: TrytonClient) -> dict[str, Row]:
    units = {row["symbol"]: row["id"] for row in client.search_read("product.uom", [], ["symbol"])}
    category = client.create("product.category", [{"name": "Goods", "accounting": True}])[0]
    rows = [_template_row(item, units["u"], category) for item in catalogue.ITEMS]
    client.create("product.template", rows)
    return _keyed(client, "product.product", [], "code", ["code", "default_uom", "cost_price", "name"])


def _template_row(item: catalogue.Item, unit: int, category: int) -> Row:
    row: Row = {
        "name": item.code,
        "type": "goods",
        "default_uom": unit,
        "cost_price_method": "fixed",
        "account_category": category,
        "producible": not item.bought,
        "purchasable": item.bought,
        "products": [["create", [{"suffix_code": item.code, "cost_price": item.cost}]]],
    }
    return row | ({"purchase_uom": unit} if item.bought else {})


def _create_bills(client: TrytonClient, products: dict[str, Row]) -> None:
    operations = _create_operations(client)
    for bom in catalogue.BOMS.values():
        output = products[bom.output]
        inputs = [_part_row(products[code], quantity) for code, quantity in bom.inputs]
        row = {
            "name": bom.output,
            "inputs": [["create", inputs]],
            "outputs": [["create", [_part_row(output, 1.0)]]],
        }
        bom_id = client.create("production.bom", [row])[0]
        client.create("product.product-production.bom", [{"product": output["id"], "bom": bom_id}])
        steps = [{"operation": operations[name], "sequence": number} for number, name in bom.operations]
        routing = {"name": bom.output, "boms": [["add", [bom_id]]], "steps": [["create", steps]]}
        client.create("production.routing", [routing])


def _part_row(product: Row, quantity: float) -> Row:
    return {"product": product["id"], "quantity": quantity, "unit": product["default_uom"]}


def _create_operations(client: TrytonClient) -> dict[str, int]:
    names = list(catalogue.OPERATIONS)
    categories = client.create("production.work.center.category", [{"name": name} for name in names])
    rows: list[Row] = [
        {"name": name, "work_center_category": category}
        for name, category in zip(names, categories, strict=True)
    ]
    return dict(zip(names, client.create("production.routing.operation", rows), strict=True))


def _create_work_centers(client: TrytonClient, company: int) -> None:
    categories = _ids_by_name(client, "production.work.center.category")
    warehouses = client.search_read("stock.location", [["type", "=", "warehouse"]], ["code"])
    by_code = {row["code"]: row["id"] for row in warehouses}
    for plant in catalogue.PLANTS:
        place: Row = {"company": company, "warehouse": by_code[plant.code]}
        parent = client.create("production.work.center", [place | {"name": plant.code}])[0]
        rows = [
            place
            | {
                "name": machine,
                "parent": parent,
                "category": categories[catalogue.operation_name(machine)],
            }
            for machine in plant.resources
        ]
        client.create("production.work.center", rows)


def _create_suppliers(client: TrytonClient) -> None:
    address = [["create", [{"city": "Lyon"}]]]
    rows: list[Row] = [{"name": name, "addresses": address} for name in catalogue.SUPPLIERS]
    client.create("party.party", rows)


def _create_quality_control(client: TrytonClient, company: Company) -> None:
    point = {"name": "accepted", "string": "Accepted by quality", "type_": "boolean"}
    row = {
        "name": f"Usage decision {catalogue.INSPECTED}",
        "company": company.id,
        "operations": ["production:do"],
        "product": company.products[catalogue.INSPECTED]["id"],
        "frequency": 1.0,
        "points": [["create", [point]]],
    }
    client.create("quality.control", [row])


def _take_opening_stock(client: TrytonClient, company: Company) -> None:
    rows = [
        {
            "location": company.warehouses[plant.code]["storage_location"],
            "date": dt.datetime.now(dt.UTC).date(),
            "company": company.id,
            "lines": [["create", [_counted(company, code) for code in plant.components]]],
        }
        for plant in catalogue.PLANTS
    ]
    client.press("stock.inventory", "confirm", client.create("stock.inventory", rows))


def _counted(company: Company, code: str) -> Row:
    return {"product": company.products[code]["id"], "quantity": OPENING_STOCK}
