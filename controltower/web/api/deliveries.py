"""Outgoing messages as JSON, and what may be done about one: resubmit, resync, discard."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import msgspec

from controltower.domain.delivery import Delivery
from controltower.domain.rehearsal import Verdict
from controltower.domain.value import Value
from controltower.pipeline.resubmit import InvalidContent, NotPossible, Stale, discard, resubmit
from controltower.pipeline.resync import resync
from controltower.store import attempt, delivery, outbox
from controltower.web import masking, outgoing, targets
from controltower.web.api import access, asked, shapes
from controltower.web.api.call import call
from controltower.web.deliveries import verdict_on
from controltower.web.problems import ApiError, Fact, Place
from controltower.web.tower import close_reading, reading, tower

MAY_ACT = ("integration",)
LARGEST_ID = 2**63


class OutgoingMessage(msgspec.Struct, tag_field="direction", tag="out", kw_only=True):
    """One delivery. `delivered` is the target's answer; `applied` only when its own belief shows what was sent.

    `key` is the idempotency key, the same at every attempt. `original`: the delivery that this one resubmits;
    `forced`: sent although the target knew something newer."""

    id: str
    system: str
    plant: str
    subject: str
    route: str
    team: str
    type: str
    state: str
    attributes: dict[str, shapes.HeldValue]
    created_at: datetime.datetime
    occurred_at: datetime.datetime
    deadline: datetime.datetime | None
    attempts: int
    next_at: datetime.datetime | None
    error: str
    words: str
    group: str
    first_failed_at: datetime.datetime | None
    last_failed_at: datetime.datetime | None
    delivered_at: datetime.datetime | None
    applied_by: datetime.datetime | None
    applied_at: datetime.datetime | None
    source: str
    event: str
    message: str
    key: str
    trace: str
    original: str | None
    replaced_by: str | None
    author: str
    reason: str
    edited: bool
    forced: bool
    run: str | None


class AttemptShape(msgspec.Struct):
    """One attempt: sent, or the target read back. `request` and `response` as they went over the wire, masked."""

    n: int
    what: str
    worker: str
    began_at: datetime.datetime
    ended_at: datetime.datetime | None
    milliseconds: float | None
    outcome: str
    error: str
    status: int
    words: str
    request: str
    response: str


class VerdictShape(msgspec.Struct):
    """What sending it again would mean: safe, superseded, blocked or delivered, and what that rests on."""

    kind: str
    why: str
    facts: list[Fact]


class OutgoingDetail(msgspec.Struct, tag_field="direction", tag="out", kw_only=True):
    """One delivery with its attempts, what else was sent of the same, and what sending it again would mean."""

    message: OutgoingMessage
    attempts: list[AttemptShape]
    copies: list[str]
    verdict: VerdictShape | None


class Given(msgspec.Struct, forbid_unknown_fields=True):
    """A value with its unit or currency."""

    value: asked.Words
    unit: asked.Word = ""


class Edited(msgspec.Struct, forbid_unknown_fields=True):
    """What to change of the content; what is not named stays. Locked attributes are refused."""

    attributes: dict[asked.Word, asked.Words | Given]


class Resubmit(msgspec.Struct, forbid_unknown_fields=True):
    """Why; what to change, if anything; and that old news is meant, where it is."""

    reason: asked.Words
    body: Edited | None = None
    confirm_stale: bool = False


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in a few words, for the audit log."""

    reason: asked.Words


@call(
    "POST", "/messages/<id>/resubmit", answer=OutgoingMessage, body=Resubmit, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def resubmit_message(given: Resubmit, id: str) -> OutgoingMessage:
    """Send an outgoing message again, as it is or edited

    Answers the new delivery, which takes the old one's place. 409 with the newer `facts` when it would tell old news
    and `confirm_stale` is not set; 409 without facts when it cannot be sent again as it stands.
    """
    number = known(id).id
    close_reading()
    try:
        new = resubmit(
            tower(), number, access.caller(), given.reason, wanted(given.body), given.confirm_stale
        )
    except Stale as stale:
        raise old_news(stale.verdict) from None
    except InvalidContent as invalid:
        places = [Place(words, pointer=f"/body{pointer}") for pointer, words in invalid.places]
        raise ApiError(400, "Not valid content", str(invalid), places) from None
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return shape(new)


def wanted(body: Edited | None) -> Mapping[str, Value] | None:
    if body is None:
        return None
    return {
        name: Value(held.value, held.unit) if isinstance(held, Given) else Value(held)
        for name, held in body.attributes.items()
    }


def old_news(verdict: Verdict) -> ApiError:
    """The stale guard's refusal, with what is newer."""
    detail = f"{verdict.why} Look at the facts; send confirm_stale to send it all the same."
    return ApiError(409, "Old news", detail, facts=facts_of(verdict))


@call(
    "POST", "/messages/<id>/resync", answer=list[OutgoingMessage], body=Why, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def resync_message(given: Why, id: str) -> list[OutgoingMessage]:
    """Send the target what the owners say now about the same subject"""
    each = known(id)
    close_reading()
    try:
        new = resync(tower(), each.subject, each.target, access.caller(), given.reason)
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return [shape(one) for one in new]


@call(
    "POST", "/messages/<id>/discard", answer=OutgoingMessage, body=Why, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def discard_message(given: Why, id: str) -> OutgoingMessage:
    """Give an outgoing message up: it is kept and never sent

    409 when it is on its way or has come to an end.
    """
    number = known(id).id
    close_reading()
    if not discard(tower(), [number], access.caller(), given.reason):
        raise ApiError(409, "Not possible", "it is on its way, or has come to an end already")
    return shape(known(id))


def known(id: str) -> Delivery:
    """The delivery of this id; raises 404."""
    found = find(id)
    if found is None:
        raise ApiError(404, "Not found", "there is no outgoing message of this id")
    return found


def find(id: str) -> Delivery | None:
    """The delivery of this id, if there is one."""
    number = int(id) if id.isascii() and id.isdigit() and len(id) <= 19 else LARGEST_ID
    return delivery.get(reading(), number) if number < LARGEST_ID else None


def detail(each: Delivery) -> OutgoingDetail:
    """All that is known of one delivery."""
    verdict = verdict_on(each)
    return OutgoingDetail(
        message=shape(each),
        attempts=[attempt_shape(one) for one in attempt.of_delivery(reading(), each.id)],
        copies=[str(one.id) for one in outbox.copies_of(reading(), each) if one.id != each.id],
        verdict=VerdictShape(verdict.kind, verdict.why, facts_of(verdict)) if verdict else None,
    )


def facts_of(verdict: Verdict) -> list[Fact]:
    return [
        Fact(
            str(fact.get("what", "")), *(str(fact.get(name, "")) for name in ("delivery", "message", "event"))
        )
        for fact in verdict.facts
    ]


def attempt_shape(each: attempt.Attempt) -> AttemptShape:
    return AttemptShape(
        each.n, each.what, each.worker, each.began_at, each.ended_at, each.milliseconds, each.outcome, each.error,
        each.status, masking.SECRET_TEXT.sub(masking.MASK, each.words), wire_text(each.request),
        wire_text(each.response),
    )  # fmt: skip


def wire_text(held: bytes) -> str:
    """One half of an exchange as text, secrets masked."""
    half = outgoing.wire(held)
    if half is None:
        return ""
    return "\n\n".join(part for part in (half.head, "\n".join(line.text for line in half.lines)) if part)


def shape(each: Delivery) -> OutgoingMessage:
    """A delivery as the API tells it."""
    return OutgoingMessage(
        id=str(each.id), system=each.target, plant=each.subject.plant, subject=str(each.subject), route=each.route,
        team=targets.team_of(each.route, each.target), type=each.type, state=each.state,
        attributes={name: shapes.held_value(value) for name, value in each.attributes.items()},
        created_at=each.created_at, occurred_at=each.occurred_at, deadline=each.deadline, attempts=each.attempts,
        next_at=each.next_at, error=each.error, words=each.words, group=each.group,
        first_failed_at=each.first_failed_at, last_failed_at=each.last_failed_at, delivered_at=each.delivered_at,
        applied_by=each.applied_by, applied_at=each.applied_at, source=each.source, event=each.event,
        message=str(each.position.message), key=each.key, trace=each.trace, original=text_of(each.original),
        replaced_by=text_of(each.replaced_by), author=each.author, reason=each.reason, edited=each.edited,
        forced=each.forced, run=text_of(each.run),
    )  # fmt: skip


def text_of(number: int | None) -> str | None:
    """An id as text: larger than a number of JavaScript holds."""
    return None if number is None else str(number)
