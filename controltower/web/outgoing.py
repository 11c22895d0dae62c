"""What goes out, in words: the states of a delivery, what each kind of failure means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from controltower.domain import delivery as deliveries
from controltower.domain import failure
from controltower.domain.delivery import Delivery
from controltower.store.attempt import BEGAN
from controltower.web import masking, targets
from controltower.web.format import count
from controltower.web.masking import Line

# state -> (words, tone): what a state means to the one who must act
STATES: dict[str, tuple[str, str]] = {
    deliveries.WAITING: ("waits its turn", "wait"),
    deliveries.PENDING: ("to be sent", "wait"),
    deliveries.SENDING: ("being sent", "info"),
    deliveries.RETRYING: ("retrying", "warn"),
    deliveries.UNKNOWN: ("outcome unknown", "warn"),
    deliveries.DELIVERED: ("sent, not applied yet", "info"),
    deliveries.APPLIED: ("applied", "ok"),
    deliveries.DEAD: ("dead letter", "bad"),
    deliveries.SUPERSEDED: ("superseded", "idle"),
    deliveries.CANCELLED: ("discarded", "idle"),
    deliveries.RESUBMITTED: ("resubmitted", "idle"),
}
# outcome of an attempt, or of reading back -> (words, tone)
OUTCOMES: dict[str, tuple[str, str]] = {
    BEGAN: ("on the wire", "info"),
    "delivered": ("taken", "ok"),
    "failed": ("failed", "bad"),
    "unknown": ("no answer", "warn"),
    "there": ("it is there", "ok"),
    "absent": ("it is not there", "warn"),
    "unclear": ("cannot be told", "warn"),
    "lost": ("worker lost", "warn"),
}
# error -> what to do, for those who see the failure for the first time
ADVICE: dict[str, str] = {
    failure.UNREACHABLE: "Nothing arrived there. Once the target answers again, resubmit.",
    failure.TIMEOUT: "It may have arrived. Look in the target first; its key guards against a double.",
    failure.BUSY: "The target asked for patience for too long. Resubmit when it has room; the tower keeps to its pace.",
    failure.TROUBLE: "The target failed by itself. Call its team; resubmit when it is well again.",
    failure.REFUSED: "The target says what it does not like. Mend the content here or the data there, then resubmit.",
    failure.CREDENTIALS: "Renew the credentials, then let the interface run again.",
    failure.FORBIDDEN: "The target lets us in, but not do this. Have the role mended there, then resubmit the group.",
    failure.CONFLICT: "The target holds something else. Compare both, then resubmit, edit or discard.",
    failure.GONE: "The target does not know what this is about. Create it there first, then resubmit.",
    failure.REMOVED: "The target has taken this interface away. Move to its successor in the mapping, then resubmit.",
    failure.LOCKED: "Somebody has it open there. It goes by itself once he lets go; else ask him.",
    failure.PERIOD_CLOSED: "The period of its date is closed. Have finance open it or move the date, then resubmit.",
    failure.PARTIAL: "The status was good, the content says no. Look what was done there, mend it, then resubmit.",
    failure.UNSENDABLE: "The connector cannot write this content. Mend the mapping or edit the content, then resubmit.",
    failure.UNCLEAR: "Nobody could find out whether it was done. Look in the target, then resubmit or discard.",
}


def state_of(each: Delivery) -> tuple[str, str]:
    """(words, tone) of a delivery's state; what is never verified is simply delivered."""
    if each.state == deliveries.DELIVERED and each.applied_by is None:
        return "delivered", "ok"
    return STATES.get(each.state, (each.state, "idle"))


def title_of(error: str) -> str:
    """What failed, in words."""
    return failure.TITLES.get(error, "Failed")


def name_of(each: Delivery) -> str:
    """What it is about, as people name it: `MO-1001`, `MO-1001 operation 10`, `stock PUMP-7/WH1`."""
    kind, key = each.subject.kind, each.subject.key
    if kind == "operation" and "/" in key:
        order, _, number = key.rpartition("/")
        return f"{order} operation {number}"
    return key if kind == "order" else f"{kind} {key}"


def standing(each: Delivery, before: int) -> str:
    """One sentence on where a delivery stands; `before`: how many of its lane go first."""
    told = {
        deliveries.WAITING: f"{count(before, 'earlier one', 'earlier ones')} about it must be settled first.",
        deliveries.PENDING: f"It goes {held_words(each) or 'as soon as a worker takes it up'}.",
        deliveries.SENDING: "It is on the wire right now.",
        deliveries.RETRYING: f"It is tried again {held_words(each) or 'by itself'}.",
        deliveries.UNKNOWN: "It was sent and no answer came: it may have been done. It is never sent blindly again.",
        deliveries.DEAD: "It is not tried again by itself: a person decides.",
        deliveries.SUPERSEDED: "A newer delivery of the same made it needless.",
        deliveries.CANCELLED: "A person discarded it.",
        deliveries.RESUBMITTED: "Another delivery took its place.",
        deliveries.APPLIED: "The target shows what was sent.",
        deliveries.DELIVERED: "The target took it. It counts as applied only when the target itself shows it.",
    }
    if each.state == deliveries.DELIVERED and each.applied_by is None:
        return "The target took it. This route is not verified further."
    return told.get(each.state, "")


def held_words(each: Delivery) -> str:
    """Why nothing passes to its target now; empty when the way is free."""
    target = targets.gate_of(each.target)
    if target is None or target in (targets.RUNNING, targets.DRAINING):
        return ""
    return f"once its target is free again ({targets.STATES[target][0]})"


@dataclass(frozen=True)
class Wire:
    """One half of an exchange as people may read it: its head, then its body line by line."""

    head: str
    lines: list[Line]
    cut: bool


def wire(held: bytes) -> Wire | None:
    """Bytes as they went over the wire, secrets masked; None where there were none."""
    if not held:
        return None
    head, _, body = held.partition(b"\r\n\r\n")
    if not body and b"\r\n" not in head and held[:1] in b"{[<":
        head, body = b"", held
    lines, cut = masking.lines(body) if body else ([], False)
    return Wire(masked_head(head.decode("utf-8", "replace")), lines, cut)


def masked_head(text: str) -> str:
    """Request line and headers, one a line; what names a secret shows none."""
    first, *rest = text.split("\r\n")
    pairs = [line.partition(": ") for line in rest if line]
    shown = [f"{name}: {masking.masked_headers({name: held})[0][1]}" for name, _, held in pairs]
    return "\n".join([masking.SECRET_TEXT.sub(masking.MASK, first), *shown]).strip()
