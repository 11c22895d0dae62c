"""The faults of real plants, by their numbers in the catalogue, and how each is tried here, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping

from controltower.simulation.faults.contract import Fault
from controltower.simulation.faults.left_out import LEFT_OUT
from controltower.simulation.faults.registry import REGISTRY

_WORDS = """\
Lost webhook
Subscription vanished
Hooks switched off during imports
Duplicate delivery
Same fact under a new id
Out-of-order arrival
Late arrival
Clock skew of a sender
Time zone misread
Hour that daylight saving doubles or skips
Date-only watermark
Watermark gap: a row committed late with an older stamp
Watermark moved past a failed page
Pagination drift
Default page limit, or a filter that the server ignores
Deleted in the source
Id reuse or number-range rollover
Copied order carries an external reference
Order split counted twice
Record re-created on a status change
Status regression
Cancelled in the ERP, running in the MES
Closed while operations are open
Released without material
Schedule published, routing not confirmed
Two plan versions in force
Change inside the frozen zone
Stale bill of material or routing
Item, work centre or plant not mapped
Wrong plant
Unit of measure mismatch
Decimal or locale error
Rounding or precision loss
Encoding damage
Leading zeros, case or padding of keys
Confirmation never posted
Double posting
Time-out after the write succeeded
Partial success: 200 with an error inside
Partial batch
Over-confirmation
Unreported scrap
Negative stock
ERP and WMS stock differ
Backflush from the wrong location or lot
Rejected: accounting period closed
Rejected: object locked
Optimistic-lock conflict
Missing authorisation
Expired credential
Certificate expired or changed
Webhook secret rotated on one side
Throttling
Burst of 5xx, or a maintenance window
Slow endpoint
Replica or cache lag
Poison message
Head-of-line blocking per key
Renamed field
New status value
API removed or deprecated
Vendor upgrade changes behaviour
Truncation
Test system sends to production
Restore to older data
Split brain after failover
Replay storm
Feedback loop
Retry amplification across layers
Dead letters unread, queue or disk full
Scheduled job dead
File drop: half-written, doubled, out of order
Order never acknowledged by the supplier
Supplier changes date or quantity unnoticed
Shipment notice differs from the receipt
Sparkplug: data before birth, gaps
Sensor stuck, counter reset
MTConnect agent restart or buffer overrun
Missing clock-out
Quality hold ignored
Inspection result after the shipment
Calendars differ
Configuration changed by hand
Alarm flood hides the real one"""
TITLES: Mapping[str, str] = {str(number): words for number, words in enumerate(_WORDS.split("\n"), start=1)}


def tried() -> dict[str, list[type[Fault]]]:
    """Number -> the faults that try it."""
    found: dict[str, list[type[Fault]]] = {number: [] for number in TITLES}
    for fault in REGISTRY.values():
        found[fault.number].append(fault)
    return found


def page() -> str:
    """The whole catalogue as a table in Markdown."""
    lines = [
        "| # | Fault | How it is injected | The tower names | Its action |",
        "| --- | --- | --- | --- | --- |",
    ]
    for number, faults in tried().items():
        for fault in faults:
            causes = ", ".join(f"`{cause}`" for cause in fault.causes)
            row = number, TITLES[number], f"`{fault.name}`: {fault.what}", causes, fault.verb
            lines.append(f"| {' | '.join(row)} |")
        if not faults:
            lines.append(f"| {number} | {TITLES[number]} | not: {LEFT_OUT.get(number, '?')} | | |")
    return "\n".join(lines)
