"""`otel recv` shows every name and value of random official messages, and fixed ones as agreed."""
import http.client
import itertools
import os
import pty
import re
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from receiver import (
    FEW, PROTOBUF, TRACE, S, otel, pump, pump_logs, pump_metrics, pump_traces, recv)  # noqa: F401

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

texts = st.text(max_size=12) | st.sampled_from(
    ["", "a b", "\x1b[2J", "\xe4\u20ac\U0001f600", 'x"\\', "\u202e"])
uint64 = st.integers(0, 2**64 - 1)
int64 = st.integers(-2**63, 2**63 - 1)
times = st.integers(S, S + 10**10) | uint64
doubles = st.floats()
ids = st.binary(min_size=8, max_size=8)
trace_ids = st.sampled_from([b"\1" * 16, b"\2" * 16]) | st.binary(min_size=16, max_size=16)


def any_of(strategy, field):
    return strategy.map(lambda v: AnyValue(**{field: v}))


leaves = (any_of(texts, "string_value") | any_of(int64, "int_value")
          | any_of(doubles, "double_value") | any_of(st.booleans(), "bool_value")
          | any_of(st.binary(max_size=5), "bytes_value") | st.just(AnyValue()))
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
    kind = data.draw(st.sampled_from(
        ["gauge", "sum", "histogram", "exponential_histogram", "summary"]))
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

GOLDEN = r'''
resource {service.name="pump"}
scope pump/control 1.2.0
trace TRACE  3 spans  12.345 ms
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

  22:13:20.123 WARN   pressure low  {psi=12}  trace=TRACE  span=0101010101010101
  22:13:20.000 ERROR2/err event=pump.stalled  (2 attributes dropped)
'''.replace("TRACE", TRACE.hex())


def test_a_fixed_request_is_shown_as_agreed(recv):
    shown = recv.send(pump_traces()) + recv.send(pump_metrics()) + recv.send(pump_logs())
    assert shown == GOLDEN


def test_colours_are_for_terminals_only_and_not_with_no_color(otel, tmp_path, monkeypatch):
    def on_a_terminal():
        ours, theirs = pty.openpty()
        command = [otel, "recv", "--port", "0", "--count", "2"]
        with subprocess.Popen(command, stdout=theirs) as process:
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


@pytest.mark.parametrize("temporality, kind, interval", [
    (1, "{} delta", " in 10.000 s"), (2, "{}", ""), (0, "{} (no temporality)", "")])
def test_a_delta_point_tells_which_time_it_covers(recv, temporality, kind, interval):
    request = ExportMetricsServiceRequest()
    scope = pump(request, "resource_metrics", "scope_metrics")
    times = {"start_time_unix_nano": S, "time_unix_nano": S + 10**10}
    counter = scope.metrics.add(name="strokes").sum
    counter.is_monotonic, counter.aggregation_temporality = True, temporality
    counter.data_points.add(as_int=5, **times)
    for name in ("histogram", "exponential_histogram"):
        data = getattr(scope.metrics.add(name=name), name)
        data.aggregation_temporality = temporality
        data.data_points.add(count=2, sum=3, **times)
    scope.metrics.add(name="level").gauge.data_points.add(as_int=7, **times)
    shown = recv.send(request)
    has_line(shown, "  strokes ", f" {kind.format('counter')} ", f" 5{interval}\n")
    has_line(shown, "  histogram ", f" {kind.format('histogram')} ", f" sum=3.0{interval}\n")
    has_line(shown, f" {kind.format('exphistogram')} ", f" zero=0 scale=0{interval}\n")
    has_line(shown, "  level ", " gauge ", " 7\n")


def test_fine_exponential_buckets_are_told_apart(recv):
    request = ExportMetricsServiceRequest()
    histogram = pump(request, "resource_metrics", "scope_metrics").metrics.add(
        name="e").exponential_histogram
    point = histogram.data_points.add(count=4, scale=20, zero_count=1)
    point.positive.offset, point.negative.offset = (1 << 20) - 1, -1
    point.positive.bucket_counts.extend([2, 0])
    point.negative.bucket_counts.append(1)
    shown = recv.send(request)
    assert "count=4 zero=1 scale=20\n" in shown
    assert "|@|  [-1, -0.999999339): 1\n" in shown
    assert "|@ |  (1.99999868, 2]: 2\n" in shown


def test_a_histogram_whose_bounds_do_not_fit_says_so(recv):
    request = ExportMetricsServiceRequest()
    histogram = pump(request, "resource_metrics", "scope_metrics").metrics.add(name="h").histogram
    histogram.data_points.add(bucket_counts=[1, 2, 3])
    histogram.data_points.add(bucket_counts=[1], explicit_bounds=range(40))
    shown = recv.send(request)
    assert "  (-Infinity, Infinity): 3  (3 counts for 0 bounds)\n" in shown
    assert "(-Infinity, 0]: 1  (1 counts for 40 bounds)\n" in shown


def test_the_demo_shows_what_the_quickstart_sends(otel, cc, root):
    quickstart = cc("examples/quickstart.c", "recv/quickstart", ["-std=c99", "-O1", "-pthread"])
    clean = {name: v for name, v in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(["sh", root / "tools/demo.sh", otel, quickstart], capture_output=True,
                          text=True, timeout=60, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything was delivered" in done.stdout
    assert done.stdout.endswith("\n\n2 spans, 4 metrics, 1 logs, 0 bad requests\n")
    for line in [("  pump.strokes ", "counter ", '{valve="inlet"} ', "5\n"),
                 ("  pump.strokes ", "counter ", '{valve="outlet"} ', "4\n"),
                 ("  pump.jobs.active ", "updown ", "{job} ", " 2\n"),
                 ("  pump.pressure ", "gauge ", "bar ", " 2.5\n"),
                 ("  pump.fill.duration ", "histogram ", "count=4 sum=32.25 min=0.25 max=30.0\n"),
                 ("  fill tank ", '{tank="north", level=0.8}\n'),
                 ("    * +", "half full", "{level=0.5}\n"),
                 ("    open valve ", "client", '{valve="inlet"}\n'),
                 ("  ", "WARN   pressure low  {psi=12}", "trace=", "span=")]:
        has_line(done.stdout, *line)


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
        ("  ", "s0"), ("    ", "s1"), ("      ", "s3"), ("    ", "s2"), ("      ", "s5"),
        ("  ", "s4")]


def test_spans_without_ids_are_shown_alone(recv):
    request = ExportTraceServiceRequest()
    scope = pump(request, "resource_spans", "scope_spans")
    scope.spans.add(name="bare", start_time_unix_nano=5, end_time_unix_nano=3)
    shown = recv.send(request)
    assert "span without valid ids\n  bare" in shown and "(ends before its start)" in shown
