"""Webhooks come in: believed by their signature, durable before they are answered, each told apart from its repeats."""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from controltower.connectors.contract import Envelope, Fault, Identity, InvalidMessage
from controltower.connectors.manifests import content_types
from controltower.connectors.signature import BadSignature, verify
from controltower.domain.event import content_id
from controltower.domain.landscape import ANY_PLANT, System
from controltower.domain.trace import carried
from controltower.pipeline import measure
from controltower.pipeline.arrival import Arrival, Receipt, store_arrivals
from controltower.pipeline.tower import Tower
from controltower.store import channel
from controltower.store.engine import is_outage, writing
from controltower.store.message import MessageIds

log = structlog.get_logger(__name__)

# As many as one transaction takes: more would make the first of them wait too long for the last.
_BATCH = 256
_PATIENCE_SECONDS = 20.0
_RETRY_AFTER_SECONDS = 5.0
_QUEUE = 4096


class Refusal(Exception):
    """A webhook that is not taken; `status` is the HTTP answer, `errors` the places of the faults."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[Fault] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.retry_after = tuple(errors), retry_after


class _Turned(NamedTuple):
    """Something turned away at the door, to be counted with the next batch."""

    system: str
    kind: str
    reason: str
    status: int


class _Ticket:
    """What one request waits on: a bare lock, since a Future costs as much as all the rest of the request."""

    __slots__ = ("_done", "_receipt", "arrival")

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self._receipt: Receipt | SQLAlchemyError | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def settle(self, receipt: Receipt | SQLAlchemyError) -> None:
        """Let the request go on; called once."""
        self._receipt = receipt
        self._done.release()

    def wait(self, seconds: float) -> Receipt:
        """The receipt. Raises SQLAlchemyError when it could not be stored, TimeoutError when it is not yet."""
        if not self._done.acquire(timeout=seconds):
            raise TimeoutError
        if isinstance(self._receipt, Receipt):
            return self._receipt
        raise self._receipt or SQLAlchemyError("no receipt")


class Intake:
    """The door for webhooks of one process: many threads ask, one writer commits for all of them at once."""

    def __init__(self, tower: Tower, node: int = 0) -> None:
        self._tower = tower
        self._ids = MessageIds(node)
        self._waiting: queue.Queue[_Ticket | _Turned | None] = queue.Queue(_QUEUE)
        self._writer: threading.Thread | None = None
        self._guard = threading.Lock()
        self._rates = SlidingWindowCounterRateLimiter(MemoryStorage())

    def receive(self, system_id: str, headers: Mapping[str, str], body: bytes) -> Receipt:
        """Take one webhook in; it is durable when this returns. Header names in lower case. Raises Refusal."""
        system = self._system(system_id)
        delivery = self._believed(system, headers, body)
        self._within_rate(system)
        _of_known_type(system, headers)
        envelope = Envelope("hook", "", headers, body, self._tower.now())
        try:
            identities = self._tower.connectors[system.id].identify(envelope)
        except InvalidMessage as invalid:
            receipt = self._stored(_arrival(system, envelope, delivery, None, invalid.faults))
            raise Refusal(
                400, "Message breaks the contract", f"kept as message {receipt.message}", invalid.faults
            ) from None
        return self._stored(_arrival(system, envelope, delivery, identities, ()))

    def stop(self) -> None:
        """Commit what is waiting, then end the writer."""
        writer = self._writer
        if writer is not None and writer.is_alive():
            self._waiting.put(None)
            writer.join(_PATIENCE_SECONDS)

    def _system(self, system_id: str) -> System:
        system = self._tower.landscape.systems.get(system_id)
        if system is None or system.hooks is None:
            raise Refusal(404, "No such hook", "no system of this name takes webhooks here")
        return system

    def _believed(self, system: System, headers: Mapping[str, str], body: bytes) -> str:
        assert system.hooks is not None  # _system lets no other one through
        if len(body) > system.hooks.largest:
            self._note(_Turned(system.id, "size", f"{len(body)} bytes, at most {system.hooks.largest}", 413))
            raise Refusal(413, "Message too large", f"at most {system.hooks.largest} bytes are taken")
        try:
            return verify(headers, body, system.hooks, time.time())
        except BadSignature as bad:
            unreadable = bad.reason == "unreadable"
            self._note(_Turned(system.id, "signature", str(bad), 400 if unreadable else 401))
            if unreadable:
                raise Refusal(400, "Message breaks the contract", str(bad)) from None
            raise Refusal(401, "Signature not accepted", str(bad)) from None

    def _within_rate(self, system: System) -> None:
        """Each server process counts for itself; only what bears a good signature counts."""
        rate = system.hooks.rate if system.hooks else 0
        item = RateLimitItemPerMinute(rate) if rate else None
        if item is not None and not self._rates.hit(item, system.id):
            wait = max(1.0, self._rates.get_window_stats(item, system.id).reset_time - time.time())
            self._note(_Turned(system.id, "rate", f"more than {rate} messages a minute", 429))
            raise Refusal(429, "Too many messages", f"{rate} a minute are taken", retry_after=wait)

    def _stored(self, arrival: Arrival) -> Receipt:
        self._wake()
        ticket = _Ticket(arrival)
        try:
            self._waiting.put_nowait(ticket)
            return ticket.wait(_PATIENCE_SECONDS)
        except (queue.Full, TimeoutError, SQLAlchemyError) as error:
            log.error("message not stored", system=arrival.system, error=repr(error)[:300])
            raise Refusal(
                503, "Cannot store now", "nothing was kept; send it again", retry_after=_RETRY_AFTER_SECONDS
            ) from None

    def _note(self, turned: _Turned) -> None:
        self._wake()
        try:
            self._waiting.put_nowait(turned)
        except queue.Full:
            log.warning("refusal not counted", system=turned.system, reason=turned.reason)

    def _wake(self) -> None:
        # Made at the first message, so that a server which forks after loading the app still gets its own thread.
        if self._writer is None or not self._writer.is_alive():
            with self._guard:
                if self._writer is None or not self._writer.is_alive():
                    self._writer = threading.Thread(target=self._write, name="inbox-writer", daemon=True)
                    self._writer.start()

    def _write(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < _BATCH:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._commit([each for each in batch if each is not None])
            if None in batch:
                return

    def _commit(self, batch: list[_Ticket | _Turned]) -> None:
        tickets = [each for each in batch if not isinstance(each, _Turned)]
        turned = [each for each in batch if isinstance(each, _Turned)]
        try:
            with writing(self._tower.engine) as connection:
                receipts = store_arrivals(connection, self._ids, [each.arrival for each in tickets])
                self._turn_away(connection, turned)
                self._count_broken(connection, tickets, receipts)
            self._tower.witness.received([*zip((each.arrival for each in tickets), receipts, strict=True)])
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            if len(batch) > 1 and not is_outage(error):
                for one in batch:  # one of them is to blame, and only its sender must hear that
                    self._commit([one])
                return
            for ticket in tickets:
                ticket.settle(_as_database_error(error))
            return
        for ticket, receipt in zip(tickets, receipts, strict=True):
            ticket.settle(receipt)

    def _turn_away(self, connection: Connection, turned: Sequence[_Turned]) -> None:
        for each in turned:
            channel.refused(connection, each.system, self._tower.now(), each.kind, each.reason, 1)
            self._count(connection, each)

    def _count_broken(
        self, connection: Connection, tickets: Sequence[_Ticket], receipts: Sequence[Receipt]
    ) -> None:
        for ticket, receipt in zip(tickets, receipts, strict=True):
            if ticket.arrival.faults:
                self._count(connection, _broken(ticket.arrival), receipt.message)

    def _count(self, connection: Connection, each: _Turned, message: int | None = None) -> None:
        measure.turned_away(
            connection, self._tower, each.system, each.status, each.kind, each.reason, message
        )


def _broken(arrival: Arrival) -> _Turned:
    fault = arrival.faults[0]
    return _Turned(
        arrival.system, "contract", f"{fault.pointer or 'the whole message'}: {fault.message}", 400
    )


def _as_database_error(error: Exception) -> SQLAlchemyError:
    return error if isinstance(error, SQLAlchemyError) else SQLAlchemyError(repr(error))


def _of_known_type(system: System, headers: Mapping[str, str]) -> None:
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = content_types(system.connector)
    # In binary mode of CloudEvents the content type is the data's own.
    if given not in taken and "ce-specversion" not in headers:
        raise Refusal(415, "Content type not taken", f"{given or 'none'} is none of {', '.join(taken)}")


def _arrival(
    system: System,
    envelope: Envelope,
    delivery: str,
    identities: Sequence[Identity] | None,
    faults: Sequence[Fault],
) -> Arrival:
    plant = system.plants[0] if len(system.plants) == 1 else ANY_PLANT
    return Arrival(
        system.id,
        plant,
        envelope,
        delivery,
        content_id(envelope.body),
        identities,
        tuple(faults),
        _trace(envelope, identities),
    )


def _trace(envelope: Envelope, identities: Sequence[Identity] | None) -> str:
    """The trace that the request brings along, or that all of its events do; "" where it is to begin here."""
    trace, _ = carried(envelope.headers.get("traceparent", ""))
    told = {each.trace for each in identities or ()}
    return trace or (told.pop() if len(told) == 1 else "")
