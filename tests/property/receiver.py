"""A running `otel recv` for the tests, and three fixed requests."""
import http.client
import re
import signal
import socket
import subprocess
import time
import unicodedata

import pytest
from conftest import WARNINGS_C
from hypothesis import HealthCheck, settings
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

PATHS = {ExportTraceServiceRequest: "/v1/traces", ExportMetricsServiceRequest: "/v1/metrics",
         ExportLogsServiceRequest: "/v1/logs"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
S = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FEW = settings(max_examples=60, deadline=None,
               suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Receiver:
    """A running `otel recv`; use it in a with statement, which demands that it ends well."""

    def __init__(self, otel, folder, *options, code=0, stdout=None):
        self.expected, self.out, self.err = code, folder / "out", folder / "err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen([otel, "recv", "--port", "0", *options],
                                            stdout=stdout or out, stderr=err)
        self.port = self.seen = 0

    def __enter__(self):
        end = time.monotonic() + 20
        while self.port == 0 and time.monotonic() < end and self.process.poll() is None:
            match = re.match(rb"listening on 127\.0\.0\.1:(\d+)\r?\n", self.out.read_bytes())
            self.port = int(match[1]) if match else time.sleep(0.01) or 0
        assert self.port, self.err.read_text()
        self.seen = len(self.out.read_bytes())
        self.client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        return self

    def __exit__(self, kind, *_):
        self.client.close()
        if self.process.poll() is None and kind is None and self.expected is not None:
            self.process.send_signal(signal.SIGTERM)
        elif kind is not None:
            self.process.kill()
        code = self.process.wait(20)
        if kind is None and self.expected is not None:
            assert code == self.expected, self.err.read_text(errors="replace")

    def request(self, path, body, headers=PROTOBUF, method="POST", **options):
        self.client.request(method, path, body, headers, **options)
        reply = self.client.getresponse()
        return reply.status, reply.read(), reply

    def send(self, message):
        """Post a message, which must succeed; returns what was shown of it."""
        status, body, reply = self.request(PATHS[type(message)], message.SerializeToString())
        assert (status, body) == (200, b"")
        assert reply.headers["Content-Type"] == PROTOBUF["Content-Type"]
        return self.fresh()

    def fresh(self):
        """What was shown since the last call; it is flushed before the request is answered."""
        text = self.out.read_bytes()[self.seen:]
        self.seen += len(text)
        return safe(text)

    def raw(self, *pieces, shut=False):
        """Send bytes on a connection of their own; returns all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                if shut:
                    connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b""))
            except ConnectionError:
                return b""


def safe(shown):
    """Text that holds nothing a terminal would act on."""
    text = shown.decode("utf-8")
    for c in text:
        assert c == "\n" or unicodedata.category(c) not in ("Cc", "Zl", "Zp"), repr(c)
        assert unicodedata.bidirectional(c) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI",
                                                    "FSI", "PDI"), repr(c)
    return text


@pytest.fixture(scope="session")
def otel(cc, root):
    sources = ["tools/otel.c", *sorted((root / "tools/otel").glob("*.c"))]
    return cc(sources, "recv/otel", ["-std=c99", "-g", "-O1", *WARNINGS_C, *SANITIZED])


@pytest.fixture
def recv(otel, tmp_path):
    with Receiver(otel, tmp_path) as receiver:
        yield receiver


# ---- fixed requests ----

def attributes(**values):
    kinds = {str: "string_value", int: "int_value", float: "double_value"}
    return [KeyValue(key=k, value=AnyValue(**{kinds[type(v)]: v})) for k, v in values.items()]


def pump(request, resources, scopes):
    resource = getattr(request, resources).add()
    resource.resource.attributes.extend(attributes(**{"service.name": "pump"}))
    scope = getattr(resource, scopes).add()
    scope.scope.name, scope.scope.version = "pump/control", "1.2.0"
    return scope


TRACE, FILL, VALVE = bytes.fromhex("5b8efff798038103d269b633813fc60c"), b"\1" * 8, b"\2" * 8


def pump_traces():
    request = ExportTraceServiceRequest()
    scope = pump(request, "resource_spans", "scope_spans")
    scope.spans.add(name="open valve", trace_id=TRACE, span_id=VALVE, parent_span_id=FILL, kind=3,
                    start_time_unix_nano=S + 3_000_000, end_time_unix_nano=S + 5_500_000,
                    attributes=attributes(valve="inlet"), status={"code": 2, "message": "stuck"})
    fill_span = scope.spans.add(
        name="fill tank", trace_id=TRACE, span_id=FILL, kind=1, start_time_unix_nano=S,
        end_time_unix_nano=S + 12_345_678, attributes=attributes(level=0.8, tank="north"))
    fill_span.events.add(name="half full", time_unix_nano=S + 6_000_000,
                         attributes=attributes(level=0.5))
    scope.spans.add(name="lost", trace_id=TRACE, span_id=b"\3" * 8, parent_span_id=b"\x99" * 8,
                    kind=1, start_time_unix_nano=S, end_time_unix_nano=S + 500)
    return request


def pump_metrics():
    request = ExportMetricsServiceRequest()
    scope = pump(request, "resource_metrics", "scope_metrics")
    strokes = scope.metrics.add(name="pump.strokes", unit="{stroke}")
    strokes.sum.aggregation_temporality, strokes.sum.is_monotonic = 2, True
    strokes.sum.data_points.add(as_int=5, attributes=attributes(valve="inlet"))
    strokes.sum.data_points.add(as_int=4, attributes=attributes(valve="outlet"))
    jobs = scope.metrics.add(name="pump.jobs.active", unit="{job}")
    jobs.sum.aggregation_temporality = 1
    jobs.sum.data_points.add(as_int=2)
    scope.metrics.add(name="pump.pressure", unit="bar").gauge.data_points.add(as_double=2.5)
    fill_time = scope.metrics.add(name="pump.fill.duration", unit="s").histogram
    fill_time.aggregation_temporality = 2
    fill_time.data_points.add(count=4, sum=32.25, min=0.25, max=30,
                              explicit_bounds=[0, 5, 10, 25, 50], bucket_counts=[0, 3, 0, 0, 1, 0])
    size = scope.metrics.add(name="pump.fill.size").exponential_histogram
    size.aggregation_temporality = 2
    size.data_points.add(count=6, sum=3.5, scale=1, zero_count=1,
                         positive={"offset": -3, "bucket_counts": [1, 0, 4]})
    return request


def pump_logs():
    request = ExportLogsServiceRequest()
    scope = pump(request, "resource_logs", "scope_logs")
    scope.log_records.add(time_unix_nano=S + 123_000_000, severity_number=13,
                          body=AnyValue(string_value="pressure low"), attributes=attributes(psi=12),
                          trace_id=TRACE, span_id=FILL)
    scope.log_records.add(observed_time_unix_nano=S, severity_number=18, severity_text="err",
                          event_name="pump.stalled", dropped_attributes_count=2)
    return request
