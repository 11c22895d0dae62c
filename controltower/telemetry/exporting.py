"""Sends spans to a collector (OTLP over HTTP); the only file that knows OpenTelemetry's library."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from controltower.domain.clock import Clock
from controltower.domain.delivery import Delivery
from controltower.pipeline.arrival import Arrival, Receipt
from controltower.pipeline.translation import Translated
from controltower.pipeline.witness import Witness
from controltower.store.attempt import Attempt
from controltower.store.message import Message
from controltower.telemetry import span as spans
from controltower.telemetry.span import Place, Span

log = structlog.get_logger(__name__)
P = ParamSpec("P")

SERVICE = "control-tower"
# As many spans wait for a collector that is slow or away; the oldest go first.
MOST_WAITING, AT_ONCE, EVERY_MILLISECONDS = 8192, 512, 2000
_LONGEST_POST_SECONDS = 5.0
_WORDS = 200
_PATH = "/v1/traces"
# Its exporter tells each failed post at length; we say once that the collector is away, and once that it is back.
_TALKATIVE = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")


def traces_url(endpoint: str) -> str:
    """Where spans are posted: the endpoint names the collector, as the standard's own variable does."""
    bare = endpoint.rstrip("/")
    return bare if bare.endswith(_PATH) else bare + _PATH


def harmless(
    hear: Callable[Concatenate[Exporting, P], None],
) -> Callable[Concatenate[Exporting, P], None]:
    """What goes wrong while spans are made is logged, and never disturbs what they tell of."""

    @wraps(hear)
    def heard(this: Exporting, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            hear(this, *args, **kwargs)
        except Exception:  # the pipeline goes on whatever it was
            log.exception("spans not made", step=hear.__name__)

    return heard


class Exporting(Witness):
    """Makes a span of each step and leaves it to a thread of its own to send them: the caller never waits.

    Ids are those of the ledger, so spans that several processes make of one trace fit together, and a step that is
    told twice is one span."""

    def __init__(self, endpoint: str, clock: Clock) -> None:
        self._url, self._clock = traces_url(endpoint), clock
        self._guard = threading.Lock()
        self._ids = _LedgersIds()
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    @harmless
    def received(self, taken: Sequence[tuple[Arrival, Receipt]]) -> None:
        for arrival, receipt in taken:
            self._tell(spans.of_webhook(arrival, receipt))

    @harmless
    def polled(self, kept: Sequence[Message]) -> None:
        for each in kept:
            self._tell(spans.of_poll(each))

    @harmless
    def recorded(self, translated: Sequence[Translated], seconds: float) -> None:
        for each in translated:
            for span in spans.of_record(each, seconds):
                self._tell(span)

    @harmless
    def tried(self, attempts: Sequence[tuple[Delivery, Attempt]]) -> None:
        for delivery, attempt in attempts:
            if attempt.n == 1:
                self._tell(spans.of_creation(delivery))
            self._tell(spans.of_attempt(delivery, attempt))

    @harmless
    def applied(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            span = spans.of_application(each, self._clock.speed or 1.0)
            if span is not None:
                self._tell(span)

    def close(self, patience: float = 2.0) -> None:
        """Send what is left. A collector that does not answer is waited for no longer than `patience` seconds."""
        with self._guard:
            provider, self._provider, self._tracer = self._provider, None, None
        if provider is not None:
            ending = threading.Thread(target=provider.shutdown, name="spans-ending", daemon=True)
            ending.start()
            ending.join(patience)

    def _tell(self, told: Span) -> None:
        start, end = self._times(told)
        self._ids.give(told.at)
        span = self._opened().start_span(
            f"{told.operation} {told.destination}",
            set_span_in_context(NonRecordingSpan(_seen(told.parent)), Context()) if told.parent else Context(),
            SpanKind[told.kind], told.attributes, [Link(_seen(each)) for each in told.links], start,
        )  # fmt: skip
        if told.error:
            span.set_attribute("error.type", told.error)
            span.set_status(Status(StatusCode.ERROR, told.words[:_WORDS] or None))
        span.end(end)

    def _times(self, told: Span) -> tuple[int, int]:
        """When it began and ended, in nanoseconds of real time."""
        length = None if told.seconds is None else int(told.seconds * 1e9)
        if told.since is None:
            now = time.time_ns()
            return now - (length or 0), now
        start = self._nanoseconds(told.since)
        return start, max(start, time.time_ns()) if length is None else start + length

    def _nanoseconds(self, moment: datetime) -> int:
        """A moment of the tower's clock as real unix time: a demo's clock runs faster, a collector's does not."""
        real, virtual, speed = self._clock.anchor
        return int((real + (moment.timestamp() - virtual) / (speed or 1.0)) * 1e9)

    def _opened(self) -> Tracer:
        """Opened at the first span, so that a server which forks after loading gets threads of its own."""
        found = self._tracer
        if found is not None:
            return found
        with self._guard:
            if self._tracer is None:
                self._provider = _provider(self._url, self._ids)
                self._tracer = self._provider.get_tracer(spans.SYSTEM)
            return self._tracer


class _LedgersIds(IdGenerator):
    """Gives the library the ids that the ledger has for a span, thread by thread."""

    def __init__(self) -> None:
        self._next = threading.local()

    def give(self, at: Place) -> None:
        self._next.at = at

    def generate_trace_id(self) -> int:
        return int(self._next.at.trace, 16)

    def generate_span_id(self) -> int:
        return int(self._next.at.span, 16)


class _Watched(SpanExporter):
    """Posts spans, and says in our log when the collector stops to take them and when it does again."""

    def __init__(self, url: str) -> None:
        self._inner = OTLPSpanExporter(url, timeout=_LONGEST_POST_SECONDS)
        self._url, self._away, self._lost = url, False, 0

    def export(self, batch: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(batch)
        away = result is not SpanExportResult.SUCCESS
        self._lost += len(batch) if away else 0
        if away != self._away:
            self._away = away
            if away:
                log.warning("collector does not take spans", url=self._url)
            else:
                log.info("collector takes spans again", url=self._url, lost=self._lost)
                self._lost = 0
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]


def _provider(url: str, ids: IdGenerator) -> TracerProvider:
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    instance = f"{socket.gethostname()}/{os.getpid()}"
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES add to these, and win.
    own = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or SERVICE, "service.instance.id": instance}
    provider = TracerProvider(resource=Resource.create(own), id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_Watched(url), MOST_WAITING, EVERY_MILLISECONDS, AT_ONCE))
    return provider


def _seen(place: Place) -> SpanContext:
    return SpanContext(int(place.trace, 16), int(place.span, 16), is_remote=True, trace_flags=TraceFlags(1))
