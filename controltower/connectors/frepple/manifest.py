"""What the frePPLe connector declares of itself."""

from controltower.connectors.contract import Field, Manifest
from controltower.connectors.selfreport import FIELDS

_OPERATIONPLAN = {
    "approved": "firm",
    "confirmed": "released",
    "completed": "completed",
    "closed": "closed",
}

# The lists that can be polled.
RESOURCES = ("manufacturingorder", "workorder")
# How an order's operation is named where the setting says nothing else.
OPERATION = "Make {item}"

MANIFEST = Manifest(
    name="frepple",
    title="frePPLe 9 (REST)",
    roles=frozenset(["aps"]),
    channels=("poll",),
    fields=(
        Field("url", "Base URL, with the scenario where it is not the default one", required=True),
        Field("user", "User", required=True),
        Field("password", "Password", required=True, secret=True),
        Field("unit", "Unit of its quantities, which carry none", default="EA"),
        Field("plants", "Location to plant, such as factory 1=LYON, factory 2=GRAZ"),
        Field("operation", "How an order's operation is named, by {item} and {location}", default=OPERATION),
        *(each for each in FIELDS if each.name in ("health", "certificate_of")),
    ),
    emits=frozenset(["order.snapshot", "operation.snapshot"]),
    statuses={"order": _OPERATIONPLAN, "operation": _OPERATIONPLAN},
    # References of proposed orders are reused for other orders at each plan run: they are no identities.
    unmapped=frozenset(["proposed"]),
    sends=True,
    read_back=True,
)
