"""`otel recv`, built with sanitizers: it shows every name and value of random official messages, keeps
to HTTP's rules, and survives what is neither. The table of src/wire/otlp.h is compared with the
official descriptors."""
import http.client
import itertools
import os
import pty
import re
import signal
import socket
import subprocess
import time
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest, ExportLogsServiceResponse)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest, ExportMetricsServiceResponse)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

PATHS = {ExportTraceServiceRequest: "/v1/traces", ExportMetricsServiceRequest: "/v1/metrics",
         ExportLogsServiceRequest: "/v1/logs"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
S = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
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
        assert (status, body) == (200, b"") and reply.headers["Content-Type"] == PROTOBUF["Content-Type"]
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
    return cc(sources, "recv/otel", """-std=c99 -g -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow
              -Wundef -Werror -fsanitize=address,undefined -fno-sanitize-recover=all""".split())


@pytest.fixture
def recv(otel, tmp_path):
    with Receiver(otel, tmp_path) as receiver:
        yield receiver


# ---- how values are shown ----

UNSAFE = [(0, 0x1f), (0x7f, 0x9f), (0xad, 0xad), (0x61c, 0x61c), (0x180e, 0x180e),
          (0x200b, 0x200f), (0x2028, 0x202e), (0x2060, 0x206f), (0xfeff, 0xfeff),
          (0xfff9, 0xfffb), (0xe0000, 0xe007f)]


def escaped(text, quote=""):
    def one(c):
        if c in "\n\r\t":
            return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}[c]
        if any(low <= ord(c) <= high for low, high in UNSAFE):
            return rf"\x{ord(c):02x}" if ord(c) < 0x80 else rf"\u{{{ord(c):x}}}"
        return "\\" + c if c == "\\" or c == quote else c
    return "".join(map(one, text))


def quoted(text):
    return f'"{escaped(text, chr(34))}"'


def real(v):
    if v != v or v in (float("inf"), -float("inf")):
        return "NaN" if v != v else "Infinity" if v > 0 else "-Infinity"
    shown = next(s for s in (f"{v:.{digits}g}" for digits in (15, 16, 17)) if float(s) == v)
    return shown if re.search("[.e]", shown) else shown + ".0"


def value(any_value):
    kind = any_value.WhichOneof("value")
    v = getattr(any_value, kind) if kind else None
    if kind == "array_value":
        return f"[{', '.join(map(value, v.values))}]"
    if kind == "kvlist_value":
        return f"{{{pairs(v.values)}}}"
    return {"string_value": quoted, "bytes_value": lambda b: "0x" + b.hex(), "double_value": real,
            "bool_value": lambda b: str(b).lower(), "int_value": str,
            None: lambda _: "empty"}[kind](v)


def pairs(attributes):
    return ", ".join(f"{escaped(a.key)}={value(a.value)}" for a in attributes)


def braces(attributes):
    return f"{{{pairs(attributes)}}}" if attributes else ""


# ---- random messages ----

texts = st.text(max_size=12) | st.sampled_from(["", "a b", "\x1b[2J", "ä€\U0001f600", 'x"\\', "\u202e"])
uint64 = st.integers(0, 2**64 - 1)
int64 = st.integers(-2**63, 2**63 - 1)
times = st.integers(S, S + 10**10) | uint64
doubles = st.floats()
ids = st.binary(min_size=8, max_size=8)
trace_ids = st.sampled_from([b"\1" * 16, b"\2" * 16]) | st.binary(min_size=16, max_size=16)


def any_of(strategy, field):
    return strategy.map(lambda v: AnyValue(**{field: v}))


leaves = (any_of(texts, "string_value") | any_of(int64, "int_value") | any_of(doubles, "double_value")
          | any_of(st.booleans(), "bool_value") | any_of(st.binary(max_size=5), "bytes_value")
          | st.just(AnyValue()))
any_values = st.recursive(leaves, lambda inner: (
    st.lists(inner, max_size=3).map(lambda v: AnyValue(array_value=ArrayValue(values=v)))
    | st.lists(st.builds(KeyValue, key=texts, value=inner), max_size=3).map(
        lambda v: AnyValue(kvlist_value=KeyValueList(values=v)))), max_leaves=6)
attribute_lists = st.lists(st.builds(KeyValue, key=texts, value=any_values), max_size=3)
serial = itertools.count()


def fill(data, request, resources, scopes):
    """One resource, told from all others, and one scope; returns the scope message."""
    resource = getattr(request, resources).add()
    resource.resource.attributes.append(
        KeyValue(key="serial", value=AnyValue(int_value=next(serial))))
    resource.resource.attributes.extend(data.draw(attribute_lists))
    scope = getattr(resource, scopes).add()
    scope.scope.name, scope.scope.version = data.draw(texts), data.draw(texts)
    scope.scope.attributes.extend(data.draw(attribute_lists))
    return resource.resource, scope


def has_headings(shown, resource, scope):
    name = escaped(scope.scope.name) or "(without a name)"
    version = " " + escaped(scope.scope.version) if scope.scope.version else ""
    assert f"resource {{{pairs(resource.attributes)}}}" in shown
    assert f"scope {name}{version}" in shown and braces(scope.scope.attributes) in shown


def has_line(shown, *parts):
    """Some line holds all the parts, in their order; it ends in \\n."""
    def holds(line):
        at = 0
        for part in parts:
            at = line.find(part, at) + len(part)
            if at < len(part):
                return False
        return True
    assert any(map(holds, shown.splitlines(keepends=True))), (parts, shown)


@FEW
@given(st.data())
def test_traces_are_shown_whole(recv, data):
    request = ExportTraceServiceRequest()
    resource, scope = fill(data, request, "resource_spans", "scope_spans")
    for _ in range(data.draw(st.integers(1, 6))):
        known = [s.span_id for s in scope.spans]
        span = scope.spans.add(
            name=data.draw(texts), trace_id=data.draw(trace_ids), span_id=data.draw(ids),
            parent_span_id=data.draw(st.sampled_from([b"", *known]) | ids),
            trace_state=data.draw(texts), kind=data.draw(st.integers(0, 5)),
            start_time_unix_nano=data.draw(times), end_time_unix_nano=data.draw(times))
        span.attributes.extend(data.draw(attribute_lists))
        span.status.code, span.status.message = data.draw(st.integers(0, 2)), data.draw(texts)
        for _ in range(data.draw(st.integers(0, 2))):
            event = span.events.add(name=data.draw(texts), time_unix_nano=data.draw(times))
            event.attributes.extend(data.draw(attribute_lists))
            span.links.add(trace_id=data.draw(trace_ids), span_id=data.draw(ids),
                           attributes=data.draw(attribute_lists))
    shown = recv.send(request)
    has_headings(shown, resource, scope)
    assert len(re.findall("^trace ", shown, re.M)) == len({s.trace_id for s in scope.spans})
    assert len(re.findall(r"\|[ =]{20}\|", shown)) >= len(scope.spans)
    for span in scope.spans:
        assert f"trace {span.trace_id.hex()}" in shown
        parts = [escaped(span.name), "|", {1: "OK", 2: "ERROR"}.get(span.status.code, "")]
        parts += [quoted(span.status.message)] if span.status.message else []
        has_line(shown, *parts, braces(span.attributes), escaped(span.trace_state))
        for event in span.events:
            has_line(shown, "* ", escaped(event.name), braces(event.attributes))
        for link in span.links:
            has_line(shown, "> link", link.trace_id.hex(), link.span_id.hex(),
                     braces(link.attributes))


def draw_point(data, metric):
    """Add a point of a random kind to the metric; returns it and how its value begins."""
    kind = data.draw(st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary"]))
    point = getattr(metric, kind).data_points.add(time_unix_nano=data.draw(times))
    point.attributes.extend(data.draw(attribute_lists))
    if kind in ("gauge", "sum"):
        field = data.draw(st.sampled_from(["as_int", "as_double"]))
        setattr(point, field, data.draw(int64 if field == "as_int" else doubles))
        return point, str(point.as_int) if field == "as_int" else real(point.as_double)
    point.count = data.draw(uint64)
    point.sum = data.draw(doubles)
    shown = f"count={point.count} sum={real(point.sum)}"
    if kind == "summary":
        point.quantile_values.add(quantile=data.draw(doubles), value=data.draw(doubles))
        return point, shown
    point.min, point.max = data.draw(doubles), data.draw(doubles)
    if kind == "histogram":
        point.explicit_bounds.extend(data.draw(st.lists(doubles, max_size=80)))
        point.bucket_counts.extend(data.draw(st.lists(uint64, max_size=80)))
        return point, shown + f" min={real(point.min)} max={real(point.max)}"
    point.scale, point.zero_count = data.draw(st.integers(-2**31, 2**31 - 1)), data.draw(uint64)
    for side in (point.positive, point.negative):
        side.offset = data.draw(st.integers(-2**31, 2**31 - 1))
        side.bucket_counts.extend(data.draw(st.lists(uint64, max_size=5)))
    return point, (shown + f" min={real(point.min)} max={real(point.max)} zero={point.zero_count}"
                   f" scale={point.scale}")


@FEW
@given(st.data())
def test_metrics_are_shown_whole(recv, data):
    request, lines = ExportMetricsServiceRequest(), []
    resource, scope = fill(data, request, "resource_metrics", "scope_metrics")
    for _ in range(data.draw(st.integers(1, 4))):
        metric = scope.metrics.add(name=data.draw(texts), unit=data.draw(texts))
        point, shown = draw_point(data, metric)
        lines.append((escaped(metric.name), escaped(metric.unit), braces(point.attributes), shown))
    shown = recv.send(request)
    has_headings(shown, resource, scope)
    for name, unit, attributes, number in lines:
        has_line(shown, f"  {name} ", unit, attributes, f" {number}\n")


@FEW
@given(st.data())
def test_logs_are_shown_whole(recv, data):
    request = ExportLogsServiceRequest()
    resource, scope = fill(data, request, "resource_logs", "scope_logs")
    for _ in range(data.draw(st.integers(1, 4))):
        scope.log_records.add(
            time_unix_nano=data.draw(times), severity_number=data.draw(st.integers(0, 24)),
            severity_text=data.draw(texts), body=data.draw(any_values),
            event_name=data.draw(texts), attributes=data.draw(attribute_lists),
            trace_id=data.draw(trace_ids), span_id=data.draw(ids))
    shown = recv.send(request)
    has_headings(shown, resource, scope)
    names = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    for record in scope.log_records:
        ms = record.time_unix_nano // 10**6 % 86_400_000
        clock = time.strftime("%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}"
        number, body = record.severity_number, record.body
        severity = names[(number - 1) // 4] + str((number - 1) % 4 + 1).strip("1") if number else ""
        body = escaped(body.string_value) if body.HasField("string_value") else value(body)
        has_line(shown, f"  {clock if record.time_unix_nano else ''}", severity,
                 escaped(record.severity_text), escaped(record.event_name), body,
                 braces(record.attributes), f"trace={record.trace_id.hex()}",
                 f"span={record.span_id.hex()}")


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
    fill_time.data_points.add(count=4, sum=32.25, min=0.25, max=30, explicit_bounds=[0, 5, 10, 25, 50],
                              bucket_counts=[0, 3, 0, 0, 1, 0])
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


GOLDEN = r'''
resource {service.name="pump"}
scope pump/control 1.2.0
trace 5b8efff798038103d269b633813fc60c  3 spans  12.345 ms
  fill tank      12.345 ms  |====================|  {level=0.8, tank="north"}
    * +6.000 ms  half full  {level=0.5}
    open valve    2.500 ms  |    ====            |  client  ERROR "stuck"  {valve="inlet"}
  lost              500 ns  |=                   |  parent=9999999999999999 (not in this request)

  metric              kind          unit      attributes        value
  pump.strokes        counter       {stroke}  {valve="inlet"}   5
  pump.strokes        counter       {stroke}  {valve="outlet"}  4
  pump.jobs.active    updown delta  {job}                       2
  pump.pressure       gauge         bar                         2.5
  pump.fill.duration  histogram     s                           count=4 sum=32.25 min=0.25 max=30.0
      | @  - |  (0, 5]: 3  (25, 50]: 1
  pump.fill.size      exphistogram                              count=6 sum=3.5 zero=1 scale=1
      |- @|  (0.353553, 0.5]: 1  (0.707107, 1]: 4

  22:13:20.123 WARN   pressure low  {psi=12}  trace=5b8efff798038103d269b633813fc60c  span=0101010101010101
  22:13:20.000 ERROR2/err event=pump.stalled  (2 attributes dropped)
'''


def test_a_fixed_request_is_shown_as_agreed(recv):
    shown = recv.send(pump_traces()) + recv.send(pump_metrics()) + recv.send(pump_logs())
    assert shown == GOLDEN


def test_colours_are_for_terminals_only_and_not_with_no_color(otel, tmp_path, monkeypatch):
    def on_a_terminal():
        ours, theirs = pty.openpty()
        with subprocess.Popen([otel, "recv", "--port", "0", "--count", "2"], stdout=theirs) as process:
            os.close(theirs)
            shown = os.read(ours, 4096)
            port = int(re.search(rb":(\d+)", shown)[1])
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            client.request("POST", "/v1/logs", pump_logs().SerializeToString(), PROTOBUF)
            assert client.getresponse().status == 200
            assert process.wait(20) == 0
        while b"bad requests" not in shown:
            shown += os.read(ours, 4096)
        os.close(ours)
        return shown

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = on_a_terminal()
    assert b"\x1b[33mWARN\x1b[0m   pressure low" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in on_a_terminal()


# ---- trees ----

def chain(length, parent_of):
    request = ExportTraceServiceRequest()
    scope = pump(request, "resource_spans", "scope_spans")
    for i in range(length):
        parent = parent_of(i)
        scope.spans.add(name=f"s{i}", trace_id=TRACE, span_id=(i + 1).to_bytes(8, "big"),
                        parent_span_id=b"" if parent is None else (parent + 1).to_bytes(8, "big"),
                        start_time_unix_nano=S + i, end_time_unix_nano=S + length)
    return request


def test_a_deep_chain_in_reverse_order_is_one_tree(recv):
    request = chain(20_000, lambda i: i - 1 if i else None)
    spans = request.resource_spans[0].scope_spans[0].spans
    turned = list(spans)[::-1]
    del spans[:]
    spans.extend(turned)
    names = re.findall(r"^ +(s\d+) ", recv.send(request), re.M)
    assert names == [f"s{i}" for i in range(20_000)]


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_parents_in_a_circle_end(recv, length):
    shown = recv.send(chain(length, lambda i: (i - 1) % length))
    assert sorted(re.findall(r"^ +(s\d+) ", shown, re.M)) == sorted(f"s{i}" for i in range(length))
    assert ("circle" in shown) == (length > 1)


def test_children_stand_below_their_parent_by_start(recv):
    parents = {0: None, 1: 0, 2: 0, 3: 1, 4: None, 5: 2}
    shown = recv.send(chain(6, parents.get))
    assert re.findall(r"^( +)(s\d) ", shown, re.M) == [
        ("  ", "s0"), ("    ", "s1"), ("      ", "s3"), ("    ", "s2"), ("      ", "s5"), ("  ", "s4")]


def test_spans_without_ids_are_shown_alone(recv):
    request = ExportTraceServiceRequest()
    scope = pump(request, "resource_spans", "scope_spans")
    scope.spans.add(name="bare", start_time_unix_nano=5, end_time_unix_nano=3)
    shown = recv.send(request)
    assert "span without valid ids\n  bare" in shown and "(ends before its start)" in shown


# ---- HTTP ----

LOGS = pump_logs().SerializeToString()
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def post(body=LOGS, extra=b""):
    return HEAD + b"%sContent-Length: %d\r\n\r\n" % (extra, len(body)) + body


def chunked(body, *cuts):
    marks = [0, *sorted(cuts), len(body)]
    pieces = [body[a:b] for a, b in zip(marks, marks[1:]) if a < b]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


STATUSES = [
    ("/v1/logs", "POST", {"Content-Type": "application/x-protobuf"}, 200),
    ("/v1/logs?a=b", "POST", {"Content-Type": "Application/X-Protobuf; charset=x"}, 200),
    ("/v1/logs", "POST", {**PROTOBUF, "Content-Encoding": "identity"}, 200),
    ("/v1/logs", "POST", {**PROTOBUF, "Content-Encoding": "gzip"}, 415),
    ("/v1/logs", "POST", {"Content-Type": "application/json"}, 415),
    ("/v1/logs", "POST", {}, 415),
    ("/v1/logs", "GET", PROTOBUF, 405),
    ("/v1/logs/", "POST", PROTOBUF, 404),
    ("/", "GET", {}, 404),
    ("/v1/traces", "POST", PROTOBUF, 400),  # a log record is no span
]


def test_statuses_follow_path_method_and_type(recv):
    for path, method, headers, status in STATUSES:
        got, body, reply = recv.request(path, LOGS, headers, method)
        assert got == status, (path, method, headers)
        assert status == 200 or (reply.headers["Content-Type"] == "text/plain" and body)
        assert reply.headers["Allow"] == ("POST" if status == 405 else None)
    assert "err" in recv.fresh() and recv.err.read_text().count("bad request:") == 7


REFUSED = {
    400: [b"\r\n\r\n\x00\r\n", b"GET\r\n", b"POST  / HTTP/1.1\r\n", b"P\x80ST / HTTP/1.1\r\n",
          b"POST / HTTP/1.1 \r\n", b"POST /\r\n", b"POST v1 HTTP/1.1\r\n", b"POST / HTTP/1.1\n\n",
          b"POST / HTTP/1.1\r\nA\r\n", b"POST / HTTP/1.1\r\nA : b\r\n",
          b"POST / HTTP/1.1\r\nA: b\r\n c: d\r\n", b"POST / HTTP/1.1\r\nA: b\rc\r\n",
          b"POST / HTTP/1.1\r\nA: \x00\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n", b"POST / HTTP/1.1\r\nContent-Length:\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n",
          b"POST / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"],
    413: [b"POST / HTTP/1.1\r\nContent-Length: 4194305\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n400001\r\n",
          HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n"],
    414: [b"GET /" + b"a" * 300 + b" HTTP/1.1\r\n"],
    417: [b"POST / HTTP/1.1\r\nExpect: wonders\r\n"],
    431: [b"GET / HTTP/1.1\r\nA: " + b"a" * 9000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 6000,
          HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 300],
    501: [b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n",
          b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
          b"A" * 20 + b" / HTTP/1.1\r\n"],
    505: [b"GET / HTTP/2.0\r\n"],
}


def test_what_is_no_request_is_refused_and_the_connection_closed(recv):
    cases = [(status, bytes_) for status, rows in REFUSED.items() for bytes_ in rows]
    for status, bytes_ in cases:
        reply = recv.raw(bytes_)
        assert reply.startswith(b"HTTP/1.1 %d " % status), (bytes_[:80], reply)
        assert b"\r\nConnection: close\r\n" in reply
    recv.send(pump_logs())
    assert recv.err.read_text().count("bad request:") == len(cases)


def replies(data):
    """The statuses in what a connection gave back."""
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d+) ", data)]


def test_requests_come_in_pieces_one_after_the_other_and_at_once(recv):
    close = b"Connection: close\r\n"
    one = post(extra=close)
    assert replies(recv.raw(*(one[i:i + 1] for i in range(len(one))))) == [200]
    assert replies(recv.raw(post() * 20 + one)) == [200] * 21
    assert replies(recv.raw(b"\r\n" + post() + post(b"\xff") + one)) == [200, 400, 200]
    assert replies(recv.raw(one + post())) == [200]  # nothing counts after close
    assert replies(recv.raw(one.replace(b"HTTP/1.1", b"HTTP/1.0"))) == [200]
    assert replies(recv.raw(post()[:-1], shut=True)) == []


@FEW
@given(st.lists(st.integers(1, len(LOGS) - 1), max_size=6), st.integers(1, 200))
def test_chunked_bodies_are_put_together(recv, cuts, step):
    request = HEAD + b"Transfer-Encoding: Chunked\r\nConnection: close\r\n\r\n" + chunked(LOGS, *cuts)
    request = request.replace(b"\r\n0\r\n", b"\r\n0;last=1\r\nA-Trailer: x\r\n")
    recv.fresh()
    pieces = [request[i:i + step] for i in range(0, len(request), step)]
    assert replies(recv.raw(*pieces)) == [200]
    assert "pressure low" in recv.fresh()


def test_a_body_held_back_is_asked_for(recv):
    with socket.create_connection(("127.0.0.1", recv.port), 20) as connection:
        for _ in range(2):
            head, _, body = post(extra=b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert replies(connection.recv(1000)) == [200]


def test_many_idle_connections_do_not_keep_others_out(recv):
    idle = [socket.create_connection(("127.0.0.1", recv.port), 20) for _ in range(150)]
    for connection in idle[::2]:
        connection.sendall(HEAD)
    for _ in range(3):
        recv.client.close()
        recv.send(pump_logs())
    for connection in idle:
        connection.close()


def test_the_largest_body_is_taken_and_a_larger_one_refused(recv):
    # 2 bytes each: empty ResourceLogs, of which nothing is shown
    assert recv.request("/v1/logs", b"\x0a\x00" * (2 * 1024 * 1024))[0] == 200
    assert recv.raw(post(b"\x0a\x00" * (2 * 1024 * 1024) + b"\x0a\x00")[:1000]).startswith(
        b"HTTP/1.1 413 ")


# ---- hostile bodies ----

parsers = {path: kind for kind, path in PATHS.items()}
SAMPLES = {"/v1/traces": pump_traces(), "/v1/metrics": pump_metrics(), "/v1/logs": pump_logs()}


@st.composite
def damaged(draw):
    """A path and a body: random bytes, or a good body with a few bytes changed, cut or doubled."""
    path = draw(st.sampled_from(sorted(SAMPLES)))
    body = bytearray(SAMPLES[path].SerializeToString())
    if draw(st.integers(0, 9)) == 0:
        return path, draw(st.binary(max_size=60))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        action = draw(st.sampled_from(["set", "cut", "insert", "double"]))
        if action == "set" and at < len(body):
            body[at] = draw(st.integers(0, 255))
        elif action == "cut":
            del body[at:at + draw(st.integers(1, 4))]
        elif action == "insert":
            body[at:at] = draw(st.binary(min_size=1, max_size=4))
        else:
            body[at:at] = body[at:at + 20]
    return path, bytes(body)


def official_takes(path, body):
    try:
        parsers[path].FromString(body)
        return True
    except Exception:
        return False


@settings(FEW, max_examples=400)
@given(damaged())
def test_damaged_bodies_are_refused_unless_the_official_decoder_takes_them(recv, case):
    path, body = case
    status, _, _ = recv.request(path, body)
    assert status in (200, 400)
    assert status == 400 or official_takes(path, body)
    recv.fresh()


@settings(FEW, max_examples=100)
@given(st.lists(st.binary(max_size=50) | st.sampled_from(
    [HEAD, b"\r\n\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\n", LOGS,
     b"GET / HTTP/1.1\r\n", post()]), max_size=6))
def test_garbage_on_the_connection_is_survived(recv, pieces):
    recv.raw(*pieces, shut=True)
    assert recv.process.poll() is None


def nested(levels):
    """A log request with a text so many messages deep; the official encoder refuses to go there."""
    body = b"\x0a\x06bottom"
    for level in range(levels, 0, -1):  # 1 ResourceLogs, 2 ScopeLogs, 3 LogRecord, 4 AnyValue, ...
        field = {1: 1, 2: 2, 3: 2, 4: 5}.get(level, 5 if level % 2 else 1)
        length = len(body)
        size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
        body = bytes([field << 3 | 2]) + size + body
    return body


def test_nesting_is_taken_as_deep_as_by_the_official_decoder(recv):
    for levels in (4, 50, 96, 98, 100, 102, 104, 200):
        body = nested(levels)
        status, _, _ = recv.request("/v1/logs", body)
        assert (status == 200) == official_takes("/v1/logs", body), levels
        assert ("bottom" in recv.fresh()) == (status == 200)


# ---- options ----

def test_count_ends_it_with_a_summary(otel, tmp_path):
    with Receiver(otel, tmp_path, "--count", "10") as recv:
        recv.send(pump_traces())
        recv.send(pump_metrics())
        assert recv.process.poll() is None
        recv.request("/v1/logs", LOGS)
        assert recv.process.wait(20) == 0
    assert recv.out.read_text().endswith("\n\n3 spans, 5 metrics, 2 logs, 0 bad requests\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_a_summary(otel, tmp_path, number):
    with Receiver(otel, tmp_path, "--quiet") as recv:
        recv.send(pump_logs())
        recv.request("/v1/logs", b"\xff")
        recv.process.send_signal(number)
        assert recv.process.wait(20) == 0
    assert recv.out.read_text().splitlines()[1:] == ["0 spans, 0 metrics, 2 logs, 1 bad requests"]


@pytest.mark.parametrize("options, posts, code", [
    (["--timeout", "1"], 0, 1), (["--timeout", "1"], 1, 0),
    (["--timeout", "1", "--count", "3"], 1, 1), (["--timeout", "9", "--count", "2"], 1, 0)])
def test_the_timeout_fails_when_too_little_came(otel, tmp_path, options, posts, code):
    with Receiver(otel, tmp_path, *options, code=code) as recv:
        for _ in range(posts):
            recv.request("/v1/logs", LOGS)
        assert recv.process.wait(20) == code


@pytest.mark.parametrize("body, code", [(LOGS, 0), (b"\xff", 1)])
def test_check_shows_counts_only_and_fails_on_bad_requests(otel, tmp_path, body, code):
    with Receiver(otel, tmp_path, "--check", code=code) as recv:
        recv.request("/v1/logs", body)
    counts = f"0 spans, 0 metrics, {2 - 2 * code} logs, {code} bad requests"
    assert recv.out.read_text().splitlines()[1:] == [counts] and recv.err.read_text() == ""


def test_raw_keeps_the_bodies(otel, tmp_path):
    with Receiver(otel, tmp_path, "--raw", str(tmp_path / "raw")) as recv:
        recv.send(pump_logs())
        recv.request("/v1/logs", b"\xff")
        recv.send(pump_metrics())
    metrics = pump_metrics().SerializeToString()
    assert (tmp_path / "raw").read_bytes() == (b"/v1/logs %d\n%s\n/v1/metrics %d\n%s\n" % (
        len(LOGS), LOGS, len(metrics), metrics))


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port"], ["--count", "x"], ["--wat"],
                                       ["--timeout", "-1"], ["--raw", "/nowhere/file"]])
def test_bad_options_are_named(otel, arguments):
    done = subprocess.run([otel, "recv", *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("otel recv: ")


def test_a_port_in_use_is_told(otel, recv):
    done = subprocess.run([otel, "recv", "--port", str(recv.port)], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 2 and "cannot listen" in done.stderr


def test_help_and_version(otel):
    for arguments, code in ([["--help"], 0], [["recv", "--help"], 0], [["--version"], 0], [[], 2]):
        done = subprocess.run([otel, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == code and ("usage" in done.stdout + done.stderr) == (
            arguments != ["--version"])


def test_it_ends_when_nobody_reads_what_it_shows(otel, tmp_path):
    read_end, write_end = os.pipe()
    process = subprocess.Popen([otel, "recv", "--port", "0"], stdout=write_end)
    os.close(write_end)
    port = int(os.read(read_end, 100).split(b":")[1])
    os.close(read_end)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("POST", "/v1/logs", LOGS, PROTOBUF)
    assert process.wait(20) == 1


# ---- the table ----

ROW = re.compile(r"^ +([MFS])\(([A-Z_]+)(?:, (\d+), ([\w, ]+))?\)", re.M)
LIKE = {"HEX": "BYTES"}


def official_messages():
    """Every message that the six roots lead to, by descriptor."""
    found, todo = {}, [m.DESCRIPTOR for m in (
        ExportTraceServiceRequest, ExportTraceServiceResponse, ExportMetricsServiceRequest,
        ExportMetricsServiceResponse, ExportLogsServiceRequest, ExportLogsServiceResponse)]
    while todo:
        message = todo.pop()
        if message.full_name not in found:
            found[message.full_name] = message
            todo += [f.message_type for f in message.fields if f.message_type]
    return found


def presence(field):
    if field.is_repeated:
        return "MANY"
    oneof = field.containing_oneof
    if oneof is not None:
        return "CHOICE" if len(oneof.fields) > 1 else "MAYBE"  # optional: a oneof of one
    return "ONE"


def test_the_table_is_that_of_the_official_descriptors(root):
    table = {}
    for kind, message, number, rest in ROW.findall((root / "src/wire/otlp.h").read_text()):
        if kind == "M":
            table[message] = {}
        else:
            table[message][int(number)] = (kind, *rest.split(", "))
    assert table.pop("END") == {}

    def same(name, message, seen):
        if seen.setdefault(name, message.full_name) != message.full_name:
            pytest.fail(f"{name} stands for {seen[name]} and {message.full_name}")
        rows, fields = table[name], {f.number: f for f in message.fields}
        assert sorted(rows) == sorted(fields), name
        for number, field in fields.items():
            if field.message_type:
                assert rows[number][:3] == ("S", presence(field), field.json_name), (name, number)
                if rows[number][3] not in seen:
                    same(rows[number][3], field.message_type, seen)
            else:
                kind = type(field).TYPE_BYTES == field.type and rows[number][1]
                types = {getattr(type(field), t): t[5:] for t in dir(type(field)) if t.startswith("TYPE_")}
                expected = kind if kind in ("HEX", "BYTES") else types[field.type]
                assert rows[number] == ("F", expected, presence(field), field.json_name), (name, number)
                assert (expected == "HEX") == field.json_name.endswith(("traceId", "spanId", "SpanId"))

    seen = {}
    for name, root_message in [("TRACE_REQUEST", ExportTraceServiceRequest),
                               ("TRACE_RESPONSE", ExportTraceServiceResponse),
                               ("METRICS_REQUEST", ExportMetricsServiceRequest),
                               ("METRICS_RESPONSE", ExportMetricsServiceResponse),
                               ("LOGS_REQUEST", ExportLogsServiceRequest),
                               ("LOGS_RESPONSE", ExportLogsServiceResponse)]:
        same(name, root_message.DESCRIPTOR, seen)
    assert sorted(seen) == sorted(table) and sorted(seen.values()) == sorted(official_messages())
