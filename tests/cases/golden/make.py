#!/usr/bin/env python3
"""Write the golden vectors: what drive.c has to send for some instructions, encoded by the official
OpenTelemetry bindings and by nothing of this project.

    make.py          write every file of this directory anew
    make.py --check  exit 1 when one of them is not what would be written

A file holds one case: instructions for tests/property/drive.c; the type of the messages that they
give, each one's bytes in hexadecimal, fields in the order of their numbers, and its meaning in
words. A message is a record, or a whole request. Ids that the library makes up stand there as a0 a0
... for trace 0 and b0 b0 ... for span 0, a1 and b1 for the next, and so on. The attributes of a
resource are sorted; the library's version is 0.0.0 there, and service.instance.id is left out.
"""
import json
import math
import sys
from pathlib import Path

from google.protobuf import text_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "property"))

from words import Attr, attrs, attrs_of, double, text  # noqa: E402

BEGIN = 1_700_000_000_000_000_000
START = [f"time 5000000000 {BEGIN}", "entropy 1"]
OPEN = [*START, "open x7465737420776f726c64 0", "scope 0 x73636f7065 x312e30"]
END = ["flush 0"]
SAMPLED, RANDOM, KNOWN, REMOTE = 0x1, 0x2, 0x100, 0x200
PARENT_TRACE = bytes.fromhex("5b8efff798038103d269b633813fc60c")
PARENT_SPAN = bytes.fromhex("eee19b7ec3c1b174")
VALUES = {
    "text": "valve", "empty text": "", "more than ASCII": "h\u00e9llo \u2713 \U0001f600",
    "long": "x" * 200, "zero": 0, "minus one": -1, "one byte": 127, "two bytes": 128,
    "largest": 2**63 - 1, "least": -2**63, "true": True, "false": False, "zero double": 0.0,
    "minus zero": -0.0, "half": 0.5, "infinite": math.inf, "not a number": math.nan,
    "nothing": None, "k" * 130: 1,
}


def trace_id(n):
    return bytes([0xa0 + n]) * 16


def span_id(n):
    return bytes([0xb0 + n]) * 8


def set_value(any_value, value):
    if isinstance(value, bool):
        any_value.bool_value = value
    elif isinstance(value, int):
        any_value.int_value = value
    elif isinstance(value, float):
        any_value.double_value = value
    elif isinstance(value, str):
        any_value.string_value = value


def add_attributes(key_values, values):
    for key, value in values.items():
        one = key_values.add(key=key)
        one.value.SetInParent()  # an empty value is a value too
        set_value(one.value, value)


def span(number, name, begin, end, trace=0, **fields):
    """A root span of internal kind; fields say what differs."""
    fields = {"kind": Span.SPAN_KIND_INTERNAL, "flags": SAMPLED | RANDOM | KNOWN, **fields}
    return Span(trace_id=fields.pop("trace_id", trace_id(trace)), span_id=span_id(number),
                name=name, start_time_unix_nano=BEGIN + begin, end_time_unix_nano=BEGIN + end,
                **fields)


def start(number, name, kind=0, parent="current", values=None, scope=0):
    return [f"span {number} {scope} {text(name)} {kind} {parent} {attrs(attrs_of(values or {}))}",
            f"context {number}"]


# ---- spans ----

def span_root():
    yield [*start(0, "fill tank"), "advance 1500000", "end 0"]
    yield span(0, "fill tank", 0, 1_500_000)


def span_kinds():
    kinds = ["default"] + [Span.SpanKind.Name(k) for k in range(1, 6)]
    yield [line for i, kind in enumerate(kinds)
           for line in [*start(i, kind, kind=i, parent="root"), "end " + str(i)]]
    for i, kind in enumerate(kinds):
        yield span(i, kind, 0, 0, trace=i, kind=max(i, 1))


def span_child():
    yield [*start(0, "parent"), "advance 10", "attach 0", *start(1, "child of the current span"),
           "advance 10", "end 1", "detach", *start(2, "child by its parent", parent="s0"), "end 2",
           "end 0", *start(3, "child of an ended span", parent="s0"), "end 3"]
    yield span(1, "child of the current span", 10, 20, parent_span_id=span_id(0))
    yield span(2, "child by its parent", 20, 20, parent_span_id=span_id(0))
    yield span(0, "parent", 0, 20)
    yield span(3, "child of an ended span", 20, 20, parent_span_id=span_id(0))


def span_remote():
    contexts = [text(PARENT_TRACE + PARENT_SPAN + bytes([flags, remote]))
                for flags, remote in [(1, 0), (1, 1), (3, 1)]]
    yield [line for i, context in enumerate(contexts)
           for line in [*start(i, "child", kind=2, parent="c" + context), f"end {i}"]]
    for i, flags in enumerate([SAMPLED, SAMPLED | REMOTE, SAMPLED | RANDOM | REMOTE]):
        yield span(i, "child", 0, 0, trace_id=PARENT_TRACE, parent_span_id=PARENT_SPAN,
                   kind=Span.SPAN_KIND_SERVER, flags=flags | KNOWN)


def span_attributes():
    yield [*start(0, "all types", values=VALUES), "end 0", *start(1, "set later", parent="root"),
           f"set 1 {attrs(attrs_of(VALUES))}", "end 1"]
    for i, name in enumerate(["all types", "set later"]):
        want = span(i, name, 0, 0, trace=i)
        add_attributes(want.attributes, VALUES)
        yield want


def span_names():
    names = ["", "caf\u00e9", "n" * 127, "n" * 128, "n" * 1000]
    yield [line for i, name in enumerate(names)
           for line in [*start(i, name, parent="root"), f"end {i}"]]
    for i, name in enumerate(names):
        yield span(i, name, 0, 0, trace=i)


def span_events():
    values = {"exception.type": "overflow", "level": 11, "": 1}
    yield [*start(0, "fill tank"), "advance 5", f"event 0 {text('valve open')} 0", "advance 5",
           f"event 0 {text('exception')} {attrs(attrs_of(values))}",
           f"event 0 {text('')} {attrs(attrs_of(VALUES))}", "advance 5", "end 0"]
    want = span(0, "fill tank", 0, 15)
    want.events.add(time_unix_nano=BEGIN + 5, name="valve open")
    event = want.events.add(time_unix_nano=BEGIN + 10, name="exception",
                            dropped_attributes_count=1)
    del values[""]
    add_attributes(event.attributes, values)
    add_attributes(want.events.add(time_unix_nano=BEGIN + 10, name="").attributes, VALUES)
    yield want


def span_status():
    message = text("tank is gone \u2713")
    forms = [["0 " + message], ["1 -"], ["1 " + message], ["2 -"], ["2 " + message], ["2 x"],
             ["2 " + message, "0 -"], ["2 " + message, "2 x6e6577"], ["2 " + message, "1 -"],
             ["1 -", "2 " + message]]
    codes = [(0, ""), (1, ""), (1, ""), (2, ""), (2, "tank is gone \u2713"), (2, ""),
             (2, "tank is gone \u2713"), (2, "new"), (1, ""), (1, "")]
    yield [line for i, form in enumerate(forms)
           for line in [*start(i, "status", parent="root"), *[f"status {i} {s}" for s in form],
                        f"end {i}"]]
    for i, (code, said) in enumerate(codes):
        want = span(i, "status", 0, 0, trace=i)
        if code:
            want.status.code, want.status.message = code, said
        yield want


def span_dropped():
    repeated, items = [attrs([Attr("i", key, 1) for key in keys]) for keys in (
        (b"a", b"b", b"c", b"b", b""), (b"a", b"b", b"c", b""))]
    yield [*START, "open x61 0 attribute_limit 2", "scope 0 x73636f7065 x312e30",
           *start(0, "a little too much"), f"set 0 {repeated}", f"event 0 x65 {items}",
           *[f"event 0 {text(str(i))} 0" for i in range(129)], "end 0"]
    want = span(0, "a little too much", 0, 0, dropped_attributes_count=2, dropped_events_count=2)
    add_attributes(want.attributes, {"a": 1, "b": 1})
    event = want.events.add(time_unix_nano=BEGIN, name="e", dropped_attributes_count=2)
    add_attributes(event.attributes, {"a": 1, "b": 1})
    for i in range(127):
        want.events.add(time_unix_nano=BEGIN, name=str(i))
    yield want


# ---- log records ----

def log(observed, **fields):
    body = fields.pop("body", None)
    want = LogRecord(observed_time_unix_nano=BEGIN + observed, **fields)
    if body is not None:
        want.body.string_value = body
    return want


def log_plain():
    values = {"psi": 12, "valve": ""}
    yield ["log 0 13 " + text("pressure low") + " " + attrs(attrs_of(values)), "advance 1",
           "log 0 0 x 0", "log 0 0 - 0", "log 0 25 x68 0"]
    want = log(0, time_unix_nano=BEGIN, severity_number=13, body="pressure low")
    add_attributes(want.attributes, values)
    yield want
    yield log(1, time_unix_nano=BEGIN + 1, body="")
    yield log(1, time_unix_nano=BEGIN + 1)
    yield log(1, time_unix_nano=BEGIN + 1, body="h")


def log_full():
    context = text(PARENT_TRACE + PARENT_SPAN + bytes([1, 1]))
    yield [f"emit 0 9 {text('INFO')} {text('hi')} {text('pump.started')} 1 c{context} "
           f"{attrs(attrs_of(VALUES))}", "emit 0 24 - - - 0 current 0"]
    want = log(0, time_unix_nano=1, severity_number=9, severity_text="INFO", body="hi", flags=1,
               event_name="pump.started", trace_id=PARENT_TRACE, span_id=PARENT_SPAN)
    add_attributes(want.attributes, VALUES)
    yield want
    yield log(0, severity_number=24)


def log_in_span():
    yield [*start(0, "fill tank"), "attach 0", "log 0 17 x61 0", "end 0", "log 0 17 x62 0",
           "detach", "log 0 17 x63 0", "emit 0 17 - x64 - 0 s0 0"]
    ids = {"trace_id": trace_id(0), "span_id": span_id(0), "flags": SAMPLED | RANDOM}
    for body, inside in [("a", True), ("b", True), ("c", False)]:
        yield log(0, time_unix_nano=BEGIN, severity_number=17, body=body, **(ids if inside else {}))
    yield log(0, severity_number=17, body="d", **ids)


def log_dropped():
    items = attrs([Attr("i", key, 1) for key in (b"a", b"b", b"c", b"")])
    yield [*START, "open x61 0 attribute_limit 2", "scope 0 x73636f7065 x312e30",
           "log 0 9 x61 " + items]
    want = log(0, time_unix_nano=BEGIN, severity_number=9, body="a", dropped_attributes_count=2)
    add_attributes(want.attributes, {"a": 1, "b": 1})
    yield want


# ---- metrics ----

def metric(name, unit="", description=""):
    return Metric(name=name, unit=unit, description=description)


def point(data, begin, at, values=None, **fields):
    one = data.data_points.add(start_time_unix_nano=BEGIN + begin, time_unix_nano=BEGIN + at,
                               **fields)
    add_attributes(one.attributes, values or {})


def create(number, kind, name, unit=None, description=None, rest=""):
    return f"instrument {number} {kind} 0 {text(name)} {text(unit)} {text(description)}{rest}"


def metric_sums():
    yield [create(0, "counter", "pump.strokes", "{stroke}", "Strokes made \u2713"),
           create(1, "updown", "pump.level"), create(2, "counter_f64", "pump.flow", "L"),
           create(3, "updown_f64", "pump.drift"), "record 0 3 1 s x76 x696e", "advance 7",
           "record 0 4 1 s x76 x696e", "record 0 0 0", "record 1 -5 0",
           f"record 2 {double(0.0)} 0", f"record 3 {double(-0.5)} {attrs(attrs_of(VALUES))}",
           "record 0 -1 0", f"record 2 {double(math.nan)} 0", "advance 3"]
    want = metric("pump.strokes", "{stroke}", "Strokes made \u2713")
    want.sum.is_monotonic = True
    point(want.sum, 0, 10, {"v": "in"}, as_int=7)
    point(want.sum, 7, 10, as_int=0)
    yield want
    want = metric("pump.level")
    point(want.sum, 7, 10, as_int=-5)
    yield want
    want = metric("pump.flow", "L")
    want.sum.is_monotonic = True
    point(want.sum, 7, 10, as_double=0.0)
    yield want
    want = metric("pump.drift")
    point(want.sum, 7, 10, VALUES, as_double=-0.5)
    yield want


def metric_gauges():
    yield [create(0, "gauge", "tank.level", "m"), create(1, "gauge_f64", "tank.warmth", "Cel"),
           f"record 0 {2**63 - 1} 0", "advance 5", f"record 0 {-2**63} 0",
           "record 0 0 1 b x6f6c64 0", f"record 1 {double(21.5)} 0"]
    want = metric("tank.level", "m")
    point(want.gauge, 0, 5, as_int=-2**63)
    point(want.gauge, 5, 5, {"old": False}, as_int=0)
    yield want
    want = metric("tank.warmth", "Cel")
    point(want.gauge, 5, 5, as_double=21.5)
    yield want


def metric_histograms():
    yield [create(0, "histogram", "wait", "ms", rest=" 0"),
           create(1, "histogram_f64", "share", "1", rest=f" 1 {double(0.5)}"),
           create(2, "histogram_f64", "both ways", rest=f" 2 {double(-1.0)} {double(1.0)}"),
           *[f"record 0 {v} 0" for v in (0, 5, 6, 10000, 10001)], "record 0 0 1 i x61 1",
           *[f"record 1 {double(v)} 0" for v in (0.0, 0.0, 0.5, 0.75)],
           *[f"record 2 {double(v)} 0" for v in (-1.0, -0.5, 1.0, 1.5)], "advance 4"]
    want = metric("wait", "ms")
    bounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
    counts = [1, 1, 1, *[0] * 11, 1, 1]
    point(want.histogram, 0, 4, count=5, sum=20012, min=0, max=10001, bucket_counts=counts,
          explicit_bounds=bounds)
    point(want.histogram, 0, 4, {"a": 1}, count=1, sum=0, min=0, max=0,
          bucket_counts=[1, *[0] * 15], explicit_bounds=bounds)
    yield want
    want = metric("share", "1")
    point(want.histogram, 0, 4, count=4, sum=1.25, min=0, max=0.75, bucket_counts=[3, 1],
          explicit_bounds=[0.5])
    yield want
    want = metric("both ways")  # the sum could fall: left out
    point(want.histogram, 0, 4, count=4, min=-1.0, max=1.5, bucket_counts=[1, 2, 1],
          explicit_bounds=[-1.0, 1.0])
    yield want


def metric_overflow():
    yield [*START, "open x61 0 max_series 2", "scope 0 x73636f7065 x312e30",
           create(0, "counter", "c"), *[f"record 0 {v} 1 i x61 {v}" for v in (1, 2, 3, 4, 1)]]
    want = metric("c")
    want.sum.is_monotonic = True
    point(want.sum, 0, 0, {"otel.metric.overflow": True}, as_int=7)
    point(want.sum, 0, 0, {"a": 1}, as_int=2)
    point(want.sum, 0, 0, {"a": 2}, as_int=2)
    yield want


# ---- whole requests ----

def resource(message, values):
    own = {"service.name": "pump", "telemetry.sdk.name": "otel_lite",
           "telemetry.sdk.language": "c", "telemetry.sdk.version": "0.0.0"}
    add_attributes(message.attributes, dict(sorted({**own, **values}.items())))


RESOURCE = {"zero": 0, "text": "h\u00e9", "empty": "", "off": False, "share": 0.25}
OPEN_BOTH = [*START, f"open {text('pump')} {attrs(attrs_of(RESOURCE))}",
             f"scope 0 {text('pump/control')} {text('1.2.0')}", f"scope 1 {text('tank')} -",
             f"scope 2 - {text('3')}"]


def request_traces():
    request = ExportTraceServiceRequest()
    sent = request.resource_spans.add()
    resource(sent.resource, RESOURCE)
    lines = []
    for i, scope in enumerate([0, 0, 1, 2, 0]):
        lines += [*start(i, f"span {i}", parent="root", scope=scope), f"end {i}"]
    for scope, numbers in [(("pump/control", "1.2.0"), [0, 1]), (("tank", ""), [2]),
                           (("", "3"), [3]), (("pump/control", "1.2.0"), [4])]:
        batch = sent.scope_spans.add()
        batch.scope.name, batch.scope.version = scope
        batch.spans.extend(span(i, f"span {i}", 0, 0, trace=i) for i in numbers)
    yield [*OPEN_BOTH, *lines]
    yield request


def request_logs():
    request = ExportLogsServiceRequest()
    sent = request.resource_logs.add()
    resource(sent.resource, RESOURCE)
    yield [*OPEN_BOTH, *[f"log {scope} 9 x61 0" for scope in (0, 0, 1)]]
    for scope, n in [(("pump/control", "1.2.0"), 2), (("tank", ""), 1)]:
        batch = sent.scope_logs.add()
        batch.scope.name, batch.scope.version = scope
        batch.log_records.extend(
            [log(0, time_unix_nano=BEGIN, severity_number=9, body="a")] * n)
    yield request


def request_metrics():
    request = ExportMetricsServiceRequest()
    sent = request.resource_metrics.add()
    resource(sent.resource, RESOURCE)
    yield [*OPEN_BOTH, "instrument 0 gauge 0 x61 - -", "instrument 1 gauge 1 x61 - -",
           "record 0 1 0", "record 1 2 0"]
    for scope, value in [(("pump/control", "1.2.0"), 1), (("tank", ""), 2)]:
        batch = sent.scope_metrics.add()
        batch.scope.name, batch.scope.version = scope
        want = metric("a")
        point(want.gauge, 0, 0, as_int=value)
        batch.metrics.append(want)
    yield request


CASES = [span_root, span_kinds, span_child, span_remote, span_attributes, span_names, span_events,
         span_status, span_dropped, log_plain, log_full, log_in_span, log_dropped, metric_sums,
         metric_gauges, metric_histograms, metric_overflow, request_traces, request_logs,
         request_metrics]
TEMPORALITY = 2  # cumulative


def finish(message):
    """Set what all metrics have in common."""
    if isinstance(message, Metric) and message.WhichOneof("data") != "gauge":
        getattr(message, message.WhichOneof("data")).aggregation_temporality = TEMPORALITY
    return message


def written(case):
    """The text of one case's file."""
    lines, *messages = case()
    lines = [*([] if lines[0] == START[0] else OPEN), *lines, *END]
    messages = [finish(message) for message in messages]
    return json.dumps({
        "instructions": lines,
        "message": messages[0].DESCRIPTOR.full_name,
        "records": [m.SerializeToString(deterministic=True).hex() for m in messages],
        "meaning": [text_format.MessageToString(m).splitlines() for m in messages],
    }, indent=1) + "\n"


def main():
    stale = []
    for case in CASES:
        path = HERE / f"{case.__name__}.json"
        fresh = written(case)
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != fresh:
                stale.append(path.name)
        else:
            path.write_text(fresh)
    if stale:
        sys.exit(f"not what make.py writes: {' '.join(stale)}")


if __name__ == "__main__":
    main()
