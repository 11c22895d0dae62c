"""What the CloudEvents connector declares of itself."""

from controltower.connectors.contract import Field, Manifest
from controltower.connectors.selfreport import FIELDS
from controltower.domain.vocabulary import ROLES

# What the recorded messages show; any other happening of the vocabulary is taken as well.
EMITS = """
order.created order.acknowledged order.changed order.released order.ready order.started order.reported
order.completed order.closed order.cancelled order.snapshot operation.acknowledged operation.started
operation.reported operation.paused operation.resumed operation.completed stock.posted purchase.confirmed
inspection.created inspection.passed inspection.failed shipment.shipped resource.down resource.up
resource.reported shift.planned shift.started shift.ended schedule.published
"""

MANIFEST = Manifest(
    name="cloudevents",
    title="CloudEvents 1.0 (any sender of canonical events)",
    roles=ROLES,
    channels=("hook",),
    fields=(
        Field("url", "Address of its hook, in full (needed to send)"),
        Field("secrets", "Secrets that sign what is sent to it (whsec_...), one or a list", secret=True),
        Field("token", "Bearer token shown to it", secret=True),
        Field("status_url", "Page that tells whether it had an id, such as https://mes.example/inbox/{key}"),
        Field("interface", "Address below which it tells of itself, and what it holds"),
        Field("interface_token", "Bearer token shown to it there", secret=True),
        Field("holdings", "Path of the list of all that it holds, such as /holdings"),
        *FIELDS,
    ),
    emits=frozenset(EMITS.split()),
    content_types=(
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    ),
    sends=True,
    read_back=True,
)
