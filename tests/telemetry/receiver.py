"""An OTLP receiver on loopback: an HTTP server that decodes the protobuf of traces and metrics."""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Labels = frozenset[tuple[str, str]]


class ReceivedSpan(NamedTuple):
    """One span, with its ids in hexadecimal and its attributes without their prefix."""

    name: str
    trace: str
    id: str
    parent: str
    failed: bool
    attributes: dict[str, Any]
    seconds: float
    links: int


class OtlpReceiver:
    """Records spans and metrics; responds with `status`. `raw` holds the bodies as they arrived."""

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self.counts: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self.metrics: list[Any] = []
        self.raw: list[bytes] = []
        self.services: set[str] = set()
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver._record(self.path, body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, name: str, **labels: str) -> float:
        """The sum of a counter's deltas over the series that have these labels."""
        wanted = set(labels.items())
        return sum(value for series, value in self.counts[name].items() if wanted <= series)

    def _record(self, path: str, body: bytes) -> None:
        self.raw.append(body)
        if path == "/v1/traces":
            traces = ExportTraceServiceRequest.FromString(body)
            self.spans.extend(_spans(traces))
            resources = [part.resource for part in traces.resource_spans]
        else:
            assert path == "/v1/metrics", path
            measured = ExportMetricsServiceRequest.FromString(body)
            for part in measured.resource_metrics:
                for metric in (one for scope in part.scope_metrics for one in scope.metrics):
                    self._add(metric)
            resources = [part.resource for part in measured.resource_metrics]
        self.services |= {_values(resource.attributes)["service.name"] for resource in resources}

    def _add(self, metric: Any) -> None:
        self.metrics.append(metric)
        kind = metric.WhichOneof("data")
        for point in getattr(metric, kind).data_points:
            labels = frozenset(_values(point.attributes).items())
            if kind == "gauge":
                self.counts[metric.name][labels] = point.as_double
            else:
                value = point.count if kind == "histogram" else point.as_int or point.as_double
                self.counts[metric.name][labels] += value


def _spans(traces: Any) -> Iterator[ReceivedSpan]:
    for span in (one for part in traces.resource_spans for scope in part.scope_spans for one in scope.spans):
        attributes = {name.removeprefix("tradewind."): value for name, value in _values(span.attributes).items()}
        seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
        yield ReceivedSpan(
            span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.status.code == 2,
            attributes, seconds, len(span.links),
        )  # fmt: skip


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
