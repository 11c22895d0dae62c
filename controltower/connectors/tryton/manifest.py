"""What the Tryton connector declares of itself."""

from controltower.connectors.contract import Field, Manifest

# An order moves on as soon as its number is given at `wait`; `done` has received its output and takes no postings.
ORDER_STATUSES = {
    "request": "proposed",
    "draft": "draft",
    "waiting": "released",
    "assigned": "ready",
    "running": "running",
    "done": "closed",
    "cancelled": "cancelled",
}
# "request" and "draft" are those of an operation whose order waits for material, or has it and may begin.
OPERATION_STATUSES = {
    "request": "released",
    "draft": "ready",
    "waiting": "held",
    "running": "running",
    "finished": "completed",
    "done": "closed",
}
# `state` alone, or with the shipment's state: by itself "processing" lasts for ever where invoices are by hand.
PURCHASE_STATUSES = {
    "draft": "draft",
    "quotation": "sent",
    "confirmed": "confirmed",
    "processing/none": "confirmed",
    "processing/waiting": "confirmed",
    "processing/partially shipped": "partly_received",
    "processing/received": "received",
    "done": "closed",
    "cancelled": "cancelled",
}
INSPECTION_STATUSES = {"pending": "open", "passed": "passed", "failed": "failed"}

# The lists that can be polled.
RESOURCES = ("production", "production.work", "purchase.line", "quality.inspection", "stock")

# What becomes of orders that have no number yet.
TELL, SKIP = "tell", "skip"

MANIFEST = Manifest(
    name="tryton",
    title="Tryton 8 (JSON-RPC)",
    roles=frozenset({"erp", "procurement", "quality", "wms"}),
    channels=("poll",),
    fields=(
        Field("url", "Address of the server, such as https://erp.example.com", required=True),
        Field("database", "Name of the database", default="tryton"),
        Field("login", "User as whom the tower reads and books", default="connector"),
        Field("password", "Password of that user", required=True, secret=True),
        Field("warehouses", "Plant of each warehouse code; needed where a code is not the plant's name"),
        Field("zones", "Time zone of each plant; the system's own zone where none is given"),
        Field("units", "Unit of each Tryton unit symbol, beside the built-in ones"),
        Field("unnumbered", "Orders without a number yet: tell them by their id, or skip them", default=TELL),
        Field("assign", "How material is reserved: try, or force whether it is there or not", default="try"),
        Field("page_size", "Records asked for in one call", default="200"),
    ),
    # What is deleted there the tower tells itself: the poll says what there is.
    emits=frozenset(f"{kind}.snapshot" for kind in ("order", "operation", "stock", "purchase", "inspection")),
    statuses={
        "order": ORDER_STATUSES,
        "operation": OPERATION_STATUSES,
        "purchase": PURCHASE_STATUSES,
        "inspection": INSPECTION_STATUSES,
    },
    # A delivery was cancelled there and a person must decide: it is neither open nor received.
    unmapped=frozenset({"processing/exception"}),
    sends=True,
    read_back=True,
)
