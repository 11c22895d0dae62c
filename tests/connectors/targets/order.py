"""An order as routes carry it, with every kind of value in it."""

import datetime as dt

from controltower.connectors.contract import Outgoing
from controltower.domain.subject import Subject
from controltower.domain.value import Value

ORDER = Outgoing(
    "d-4711-MO1001",
    "order.released",
    Subject("LYON", "order/MO-1001"),
    {
        "status": Value("released", "", "REL"),
        "item": Value("PUMP-7"),
        "quantity": Value("120.5", "EA"),
        "due_date": Value("2026-03-09T17:00:00Z"),
        "priority": Value("5"),
        "material_available": Value("true"),
        "value": Value("990.25", "EUR"),
    },
    {"order": "MO-1001", "native_id": "4711", "item": "PUMP-7"},
    "erp-hq",
    dt.datetime(2026, 3, 2, 7, 15, tzinfo=dt.UTC),
    17,
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
