"""What the mapped connector declares of itself."""

from controltower.connectors.contract import Field, Manifest
from controltower.connectors.selfreport import FIELDS
from controltower.domain.vocabulary import ROLES

# What the recorded messages show; a mapping may give any type of the vocabulary.
EMITS = """
order.snapshot order.created order.changed order.released order.posted order.completed order.closed
order.cancelled order.staged stock.snapshot stock.changed stock.moved stock.received stock.counted
shipment.snapshot shipment.shipped purchase.snapshot
"""

MANIFEST = Manifest(
    name="generic_rest",
    title="REST lists and JSON webhooks, mapped in configuration",
    roles=ROLES,
    channels=("hook", "poll"),
    fields=(
        Field("mapping", "Mapping file", required=True),
        Field("url", "Base URL of its interface (needed to poll and to send)"),
        Field("folder", "Folder into which it drops files, polled in place of an interface"),
        Field("auth", "Credentials: none, bearer, basic or header", default="none"),
        Field("token", "Token or key", secret=True),
        Field("scheme", "Word before the token", default="Bearer"),
        Field("header", "Header that carries the key (auth = header)"),
        Field("user", "User (auth = basic)"),
        Field("password", "Password (auth = basic)", secret=True),
        *FIELDS,
    ),
    emits=frozenset(EMITS.split()),
    sends=True,
    read_back=True,
)
