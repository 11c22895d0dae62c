"""Deliveries go out: claimed with a lease, sent outside any transaction, settled with what came of them."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import TAKEN, UNSURE, Outcome, Outgoing, ReadBack
from controltower.domain import failure, retry
from controltower.domain import gate as gates
from controltower.domain.delivery import DEAD, DELIVERED, Delivery
from controltower.domain.gate import Gate
from controltower.domain.retry import Sending
from controltower.domain.trace import delivery_span, traceparent
from controltower.pipeline import applied, lanes, measure, outcome
from controltower.pipeline.claim import MOST_AT_ONCE, Claim, claim, take_up_lapsed
from controltower.pipeline.gates import pause_for_credentials
from controltower.pipeline.tower import Tower
from controltower.pipeline.undelivered import on_settled
from controltower.store import attempt, delivery, gate
from controltower.store.attempt import READ_BACK, Attempt
from controltower.store.engine import again_when_deadlocked, reading, writing

log = structlog.get_logger(__name__)

# Answers that come within so many seconds are settled together.
_GATHER_SECONDS = 0.004
_LOOK_SECONDS = 0.1
_LAPSED_SECONDS = 5.0
_KEPT_BYTES = 16_384
# So many attempts of one message that end in an error of the target count against the target.
OWN_AFTER = 2


class Result(NamedTuple):
    """What came of one claim on the wire."""

    claim: Claim
    outcome: Outcome | ReadBack
    milliseconds: float


class Heard(NamedTuple):
    """An answer, and which attempt at its message it was."""

    outcome: Outcome
    tries: int


class Deliverer:
    """One worker's share of the sending. Any number of workers may share an outbox."""

    def __init__(self, tower: Tower, worker: str) -> None:
        self.tower, self.worker = tower, worker
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="deliver")
        self._chance = random.Random()
        self._wired: dict[Future[Result], Claim] = {}
        # Answers that no transaction has taken yet: kept when the database is away.
        self._answers: list[Result] = []
        self._looked = self._swept = 0.0

    def close(self, patience: float = 60.0) -> bool:
        """Wait for what is on the wire, and settle it. False when a target has not answered in so many seconds: its
        deliveries are taken up as unknown when their claims have lapsed."""
        until = time.monotonic() + patience
        while self._wired and time.monotonic() < until:
            self._gather()
        if self._answers:
            with writing(self.tower.engine) as connection:
                for target, answers in sorted(self._settle(connection).items()):
                    self._tell_gate(connection, target, answers)
        self._pool.shutdown(wait=not self._wired)
        return not self._wired

    def drain(self, seconds: float) -> int:
        """Send what is due, for about so many seconds; what is on the wire then is settled at the next call.

        Returns how many answers were settled. Raises what the database suffers from; nothing is lost by that."""
        until = time.monotonic() + seconds
        self._looked = 0.0
        done = 0
        while time.monotonic() < until:
            self._sweep()
            self._gather()
            done += len(self._answers)
            if not self._turn() and not self._wired:
                break
        return done

    @again_when_deadlocked
    def _turn(self) -> bool:
        """Settle what was answered and claim what may follow, in one transaction. Whether anything happened."""
        targets = self._ready({each.claim.delivery.target for each in self._answers})
        if not self._answers and not targets:
            return False
        claims: list[Claim] = []
        with writing(self.tower.engine) as connection:
            settled = self._settle(connection)
            # Gates last, one by one in one order: every worker needs them, and must not wait long for each other.
            queue = sorted(targets | settled.keys())
            for place, target in enumerate(queue):
                self._tell_gate(connection, target, settled.get(target, ()))
                free = MOST_AT_ONCE - len(self._wired) - len(claims)
                claims += claim(connection, self.tower, target, self.worker, share(free, len(queue) - place))
        self._answers.clear()
        for each in claims:
            self._wired[self._pool.submit(self._carry_out, each)] = each
        return bool(settled or claims)

    def _ready(self, answered: set[str]) -> set[str]:
        """The targets to claim for: those that have just answered, and every now and then those with work due."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            with reading(self.tower.engine) as connection:
                senders = list(self.tower.senders)
                due = set(delivery.targets_due(connection, senders, self.tower.now()))
            return due | answered
        # Whether anything is due there now, or not: what was answered lets the next of its lane go.
        return answered

    def _sweep(self) -> None:
        now = time.monotonic()
        if now - self._swept < _LAPSED_SECONDS:
            return
        self._swept = now
        with reading(self.tower.engine) as connection:
            any_lapsed = delivery.lapsed(connection, list(self.tower.senders), time.time(), limit=1)
        if any_lapsed:
            with writing(self.tower.engine) as connection:
                taken_up = take_up_lapsed(connection, self.tower)
            log.warning("took up deliveries of a worker that is gone", deliveries=taken_up)

    def _gather(self) -> None:
        """Wait a moment for answers; those that come nearly together are settled together."""
        if not self._wired:
            return
        done, _ = wait(self._wired, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        if done and len(done) < len(self._wired):
            done, _ = wait(self._wired, timeout=_GATHER_SECONDS)
        for each in done:
            del self._wired[each]
            self._answers.append(each.result())

    def _carry_out(self, each: Claim) -> Result:
        """Speak to the target, once. Runs in a thread of its own, outside any transaction."""
        sender = self.tower.senders[each.delivery.target]
        outgoing = outgoing_of(each.delivery)
        began = time.monotonic()
        answer: Outcome | ReadBack
        try:
            looks_back = each.attempt.what == READ_BACK
            answer = sender.read_back(outgoing) if looks_back else sender.send(outgoing)
        except Exception as error:  # a connector that breaks its contract must not leave the outcome open
            log.exception(
                "connector failed while sending", delivery=each.delivery.id, target=each.delivery.target
            )
            answer = Outcome(
                UNSURE, failure.TIMEOUT, f"the connector failed: {type(error).__name__}: {error}"[:500]
            )
        return Result(each, self._named(each, answer), (time.monotonic() - began) * 1000)

    def _named(self, each: Claim, answer: Outcome | ReadBack) -> Outcome | ReadBack:
        """An answer whose words say more than its status."""
        if not isinstance(answer, Outcome):
            return answer
        sending = self.tower.landscape.system(each.delivery.target).sending
        says = sending.says if sending else None
        return answer._replace(error=failure.named(answer.error, answer.words, says))

    def _settle(self, connection: Connection) -> dict[str, list[Heard]]:
        """Write down what the answers made of their deliveries. Returns them by target, for its gate to hear of."""
        mine = self._still_mine(connection)
        if not mine:
            return {}
        settled = [self._after(each) for each in mine]
        delivery.put(connection, settled)
        ended = [self._ended(each) for each in mine]
        attempt.end(connection, ended)
        tried = [*zip(settled, ended, strict=True)]
        measure.tried(connection, self.tower, tried)
        self.tower.witness.tried(tried)
        final = [each for each in settled if each.state in (DELIVERED, DEAD)]
        if final:
            lanes.settled(connection, self.tower, final)
            applied.settle(connection, self.tower, [each for each in final if each.state == DELIVERED])
            on_settled(connection, self.tower, final)
        told: dict[str, list[Heard]] = {}
        for each in mine:
            outcomes = told.setdefault(each.claim.delivery.target, [])
            if isinstance(each.outcome, Outcome):
                outcomes.append(Heard(each.outcome, each.claim.delivery.attempts))
        return told

    def _still_mine(self, connection: Connection) -> list[Result]:
        """The answers without those whose claim had lapsed, so that another worker took them up meanwhile."""
        held = delivery.claims_of(connection, [each.claim.delivery.id for each in self._answers])
        claims = [(each, each.claim.delivery) for each in self._answers]
        return [each for each, mine in claims if held.get(mine.id) == (mine.claimed_by, mine.claimed_until)]

    def _after(self, each: Result) -> Delivery:
        held, now = each.claim.delivery, self.tower.now()
        terms = outcome.terms_of(self.tower.landscape, held, self.tower.clock.speed)
        if isinstance(each.outcome, ReadBack):
            looks = each.claim.attempt.n - held.attempts
            return outcome.after_reading_back(held, each.outcome, looks, terms, now, self._chance)
        settled = outcome.after_sending(held, each.outcome, terms, now, self._chance)
        if settled.state == DEAD:
            log.warning("delivery is dead", delivery=held.id, target=held.target, error=settled.error)
        return settled

    def _ended(self, each: Result) -> Attempt:
        answer = each.outcome
        error, status = (answer.error, answer.status) if isinstance(answer, Outcome) else ("", 0)
        return each.claim.attempt._replace(
            ended_at=self.tower.now(), milliseconds=round(each.milliseconds, 3), outcome=answer.kind, error=error,
            status=status, words=answer.words[:2000], request=answer.request[:_KEPT_BYTES],
            response=answer.response[:_KEPT_BYTES],
        )  # fmt: skip

    def _tell_gate(self, connection: Connection, target: str, answers: Sequence[Heard]) -> None:
        """Let a target's gate hear of its answers."""
        if not answers:
            return
        before = gate.get(connection, target, lock=True)
        after = self._judged(connection, before, answers)
        if after != before:
            gate.put(connection, after)

    def _judged(self, connection: Connection, held: Gate, answers: Sequence[Heard]) -> Gate:
        now, system = self.tower.now(), self.tower.landscape.system(held.target)
        sending = system.sending or Sending()
        for answer, tries in answers:
            if answer.error == failure.CREDENTIALS:
                held = pause_for_credentials(connection, held, now, answer.words)
                continue
            if answer.retry_after:
                until = outcome.later(
                    now, min(answer.retry_after, retry.LONGEST_ASKED), self.tower.clock.speed
                )
                held = gates.asked_to_wait(held, until)
            failed = answer.kind != TAKEN and answer.error in outcome.TROUBLES
            if failed and held.opened_at is None and is_its_own(answer, tries):
                continue
            held = gates.answered(held, sending, now, failed, answer.words[:300])
        return held


def is_its_own(answer: Outcome, tries: int) -> bool:
    """Whether an error speaks against the message rather than the target: one that it fails with again and again must
    not keep all others from it."""
    return answer.error == failure.TROUBLE and tries > OWN_AFTER


def deliver(tower: Tower, worker: str, seconds: float = 5.0) -> int:
    """Send what is due once, in a worker of its own. Returns how many answers were settled."""
    deliverer = Deliverer(tower, worker)
    try:
        return deliverer.drain(seconds)
    finally:
        deliverer.close()


def share(free: int, targets: int) -> int:
    """How many of its free hands a worker keeps for the next of so many targets; at least one while any is free.

    What it cannot carry out at once is left to the other workers."""
    return max(min(free, 1), free // targets)


def outgoing_of(each: Delivery) -> Outgoing:
    """The delivery as its connector takes it."""
    return Outgoing(
        each.key, each.type, each.subject, each.attributes, each.refs, each.source, each.occurred_at, each.ordinal,
        traceparent(each.trace, delivery_span(each.id)) if each.trace else "",
    )  # fmt: skip
