"""An OpenTelemetry collector for tests: a real HTTP server that decodes what is posted to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan


class Got(NamedTuple):
    """One span as the collector reads it; ids in hex, times in seconds."""

    name: str
    kind: str
    trace: str
    span: str
    parent: str
    links: tuple[tuple[str, str], ...]
    start: float
    end: float
    attributes: dict[str, Any]
    failed: bool
    words: str
    resource: dict[str, Any]


class Collector:
    """Keeps what it gets. `delay`: seconds before each answer; `status`: of its answers."""

    def __init__(self) -> None:
        self.spans: list[Got] = []
        self.posts = 0
        self.delay, self.status = 0.0, 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.posts += 1
                assert self.path == "/v1/traces"
                time.sleep(collector.delay)
                if collector.status == 200:
                    collector.spans += _read(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, name: str) -> list[Got]:
        return [each for each in self.spans if each.name == name]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


def _read(body: bytes) -> Iterator[Got]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for resource in request.resource_spans:
        about = _values(resource.resource.attributes)
        for scope in resource.scope_spans:
            for each in scope.spans:
                yield _got(each, about)


def _got(each: WireSpan, resource: dict[str, Any]) -> Got:
    kind = WireSpan.SpanKind.Name(each.kind).removeprefix("SPAN_KIND_")
    links = tuple((link.trace_id.hex(), link.span_id.hex()) for link in each.links)
    return Got(
        each.name, kind, each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex(), links,
        each.start_time_unix_nano / 1e9, each.end_time_unix_nano / 1e9, _values(each.attributes),
        each.status.code == 2, each.status.message, resource,
    )  # fmt: skip


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
