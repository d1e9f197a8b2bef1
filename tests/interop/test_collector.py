"""The quickstart against a real OpenTelemetry Collector: everything it records is found in what the
Collector wrote, value by value. What it records stands at the top of examples/quickstart.c."""
import base64
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import ROOT, compile_c
from google.protobuf import text_format
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

sys.path.insert(0, str(ROOT / "tests/property"))

from drive import Drive, build_drive  # noqa: E402

SECONDS = 20  # until the Collector has written what it was sent
BUILDS = {"dynamic": ("gcc", ["-O2", "-pthread"]), "static": ("musl-gcc", ["-Os", "-static"])}
IDS = {"traceId", "spanId", "parentSpanId"}
BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]


def load_tool():
    """tools/interop/collector.py as a module."""
    path = ROOT / "tools/interop/collector.py"
    spec = importlib.util.spec_from_file_location("interop_collector", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def program(request):
    """The built Collector; without the means to build one the tests are left out."""
    tool = load_tool()
    shown = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    try:
        with shown():  # so that whoever waits knows for what
            return tool.build()
    except tool.Missing as missing:
        pytest.skip(str(missing))


def run_collector(program, folder):
    for old in folder.glob("*.jsonl"):
        old.unlink()
    return load_tool().Collector(program, folder)


@pytest.fixture(scope="module")
def collector(program, build):
    with run_collector(program, build / "interop" / "collector") as running:
        yield running


def parsed(line, kind):
    """A line of OTLP JSON as a message; the Collector writes minus zero as -0."""
    value = json.loads(line, parse_int=lambda text: -0.0 if text == "-0" else int(text))
    return ParseDict(with_base64_ids(value), kind(), ignore_unknown_fields=False)


def with_base64_ids(value):
    """OTLP JSON has ids in hexadecimal where protobuf's own JSON has base64."""
    if isinstance(value, list):
        return [with_base64_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: base64.b64encode(bytes.fromhex(one)).decode() if key in IDS
            else with_base64_ids(one) for key, one in value.items()}


class Sent:
    """What the Collector wrote about one run of the quickstart: the one with this process id."""

    def __init__(self, collector, pid):
        self.collector, self.pid = collector, pid
        kinds = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest,
                 "logs": ExportLogsServiceRequest}
        found = {signal: self.wait(signal, kind) for signal, kind in kinds.items()}
        self.resources = [entry.resource for entries in found.values() for entry in entries]
        self.batches = {
            "traces": [b for entry in found["traces"] for b in entry.scope_spans],
            "metrics": [b for entry in found["metrics"] for b in entry.scope_metrics],
            "logs": [b for entry in found["logs"] for b in entry.scope_logs]}
        self.spans = {s.name: s for b in self.batches["traces"] for s in b.spans}
        self.metrics = {m.name: m for b in self.batches["metrics"] for m in b.metrics}
        self.logs = [log for b in self.batches["logs"] for log in b.log_records]

    def wait(self, signal, kind):
        """The Resource* messages of this process, once there are some."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = []
            for line in self.collector.lines(signal):
                entries = parsed(line, kind).ListFields()[0][1]
                found += [e for e in entries
                          if attributes(e.resource.attributes).get("process.pid") == self.pid]
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"no {signal} in {self.collector.folder}: {self.collector.said()}")


def attributes(key_values):
    out = {}
    for kv in key_values:
        assert kv.key not in out, f"{kv.key} occurs twice"
        which = kv.value.WhichOneof("value")
        out[kv.key] = getattr(kv.value, which) if which else None
    return out


@pytest.fixture(scope="module", params=list(BUILDS))
def sent(collector, request):
    """One run of the quickstart, as the Collector saw it."""
    compiler, flags = BUILDS[request.param]
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} missing")
    program = compile_c(ROOT / "examples/quickstart.c", f"interop/quickstart.{request.param}",
                        ["-std=c99", *flags], cc=compiler)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    before = time.time_ns()
    running = subprocess.Popen([str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, env={
                                   **clean, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
                                   "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test"})
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "everything was delivered" in said, said
    seen = Sent(collector, running.pid)
    seen.window = (before, time.time_ns())
    return seen


def test_the_resource_says_who_sent_it(sent):
    assert len(sent.resources) >= 3  # one or more for each signal
    for resource in sent.resources:
        got = attributes(resource.attributes)
        version = re.search(r'OTEL_LITE_VERSION +"(.*)"',
                            (ROOT / "src/api/config.h").read_text())[1]
        want = {"service.name": "pump", "telemetry.sdk.name": "otel_lite",
                "telemetry.sdk.language": "c", "telemetry.sdk.version": version,
                "process.pid": sent.pid, "host.name": socket.gethostname(),
                "deployment.environment.name": "test"}
        assert want.items() <= got.items()
        assert resource == sent.resources[0]


def test_everything_comes_from_the_scope(sent):
    for batches in sent.batches.values():
        assert {(b.scope.name, b.scope.version) for b in batches} == {("pump/control", "1.2.0")}


def points(sent, name, unit, kind):
    metric = sent.metrics[name]
    assert (metric.unit, metric.WhichOneof("data")) == (unit, kind)
    data = getattr(metric, kind)
    if kind != "gauge":
        assert data.aggregation_temporality == 2  # cumulative
    for point in data.data_points:
        assert sent.window[0] <= point.time_unix_nano <= sent.window[1]
        assert kind == "gauge" or (
            sent.window[0] <= point.start_time_unix_nano <= point.time_unix_nano)
    return data, [(attributes(p.attributes), p) for p in data.data_points]


def test_the_counter_arrives(sent):
    data, got = points(sent, "pump.strokes", "{stroke}", "sum")
    assert data.is_monotonic and sent.metrics["pump.strokes"].description == "Strokes made"
    values = {a["valve"]: point.as_int for a, point in got if len(a) == 1}
    assert values == {"inlet": 5, "outlet": 4} and len(got) == 2


def test_the_up_down_counter_arrives(sent):
    data, ((labels, point),) = points(sent, "pump.jobs.active", "{job}", "sum")
    assert not data.is_monotonic and labels == {}
    assert point.WhichOneof("value") == "as_int" and point.as_int == 2


def test_the_gauge_arrives(sent):
    _, ((labels, point),) = points(sent, "pump.pressure", "bar", "gauge")
    assert labels == {} and point.WhichOneof("value") == "as_double" and point.as_double == 2.5


def test_the_histogram_arrives(sent):
    _, ((labels, point),) = points(sent, "pump.fill.duration", "s", "histogram")
    assert labels == {}
    assert (point.count, point.sum, point.min, point.max) == (4, 32.25, 0.25, 30.0)
    assert list(point.explicit_bounds) == BOUNDS
    assert list(point.bucket_counts) == [0, 3, 0, 0, 1, *[0] * 11]


def test_the_spans_arrive_as_parent_and_child(sent):
    assert sent.spans.keys() == {"fill tank", "open valve"}
    fill, valve = sent.spans["fill tank"], sent.spans["open valve"]
    for span in (fill, valve):
        assert len(span.trace_id) == 16 and len(span.span_id) == 8
        assert any(span.trace_id) and any(span.span_id)
        assert sent.window[0] <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= sent.window[1]
        assert span.flags & 0x3ff == 0x103 and span.status.code == 0
    assert (fill.kind, valve.kind) == (1, 3)
    assert fill.parent_span_id == b"" and valve.parent_span_id == fill.span_id
    assert valve.trace_id == fill.trace_id and valve.span_id != fill.span_id
    assert attributes(fill.attributes) == {"tank": "north", "level": 0.8}
    assert attributes(valve.attributes) == {"valve": "inlet"}
    assert fill.start_time_unix_nano <= valve.start_time_unix_nano
    assert valve.end_time_unix_nano <= fill.end_time_unix_nano


def test_the_event_arrives_in_its_span(sent):
    fill = sent.spans["fill tank"]
    event, = fill.events
    assert event.name == "half full" and attributes(event.attributes) == {"level": 0.5}
    assert fill.start_time_unix_nano <= event.time_unix_nano <= fill.end_time_unix_nano


def test_the_log_record_arrives_with_the_ids_of_its_span(sent):
    log, = sent.logs
    fill = sent.spans["fill tank"]
    assert (log.severity_number, log.body.string_value) == (13, "pressure low")
    assert attributes(log.attributes) == {"psi": 12}
    assert (log.trace_id, log.span_id) == (fill.trace_id, fill.span_id)
    assert log.flags & 0xff == fill.flags & 0xff
    for moment in (log.time_unix_nano, log.observed_time_unix_nano):
        assert fill.start_time_unix_nano <= moment <= fill.end_time_unix_nano


def test_the_prometheus_page_shows_the_metrics(sent):
    """What comes out at the Collector's other end is what a Prometheus server would store."""
    wanted = {
        'pump_strokes_total valve="inlet" 5', 'pump_strokes_total valve="outlet" 4',
        "pump_jobs_active 2", "pump_pressure_bar 2.5", "pump_fill_duration_seconds_count 4",
        "pump_fill_duration_seconds_sum 32.25", 'pump_fill_duration_seconds_bucket le="0" 0',
        'pump_fill_duration_seconds_bucket le="5" 3',
        'pump_fill_duration_seconds_bucket le="50" 4',
        'pump_fill_duration_seconds_bucket le="+Inf" 4'}
    end = time.monotonic() + SECONDS
    shown = set()
    while not wanted <= shown and time.monotonic() < end:
        lines = re.findall(r"^(\w+)\{(.*)\} (.*)$", sent.collector.metrics_page() or "", re.M)
        shown = {" ".join([name, *re.findall(r'\b(?:valve|le)="[^"]*"', labels), value])
                 for name, labels, value in lines}
        time.sleep(0 if wanted <= shown else 0.1)
    assert wanted <= shown, lines


def test_without_a_collector_the_program_ends_in_time_and_counts_its_loss():
    program = compile_c(ROOT / "examples/quickstart.c", "interop/quickstart.dynamic",
                        ["-std=c99", *BUILDS["dynamic"][1]])
    nobody, = load_tool().free_ports(1)
    begin = time.monotonic()
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, env={
        **os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{nobody}"})
    assert time.monotonic() - begin < 10
    assert done.returncode == 1 and "records were lost" in done.stdout


def post(url, request):
    """Send one request's bytes; the HTTP status."""
    sending = urllib.request.Request(url + request.path, data=request.body,
                                     headers={"Content-Type": request.content_type})
    with urllib.request.urlopen(sending, timeout=10) as reply:
        return reply.status


def without_empty_parts(message):
    """The Collector writes a status or body that is not there as an empty one."""
    for resource in message.ListFields()[0][1]:
        for batch in next(v for field, v in resource.ListFields() if field.number == 2):
            for record in [*getattr(batch, "spans", []), *getattr(batch, "log_records", [])]:
                for part in ("status", "body"):
                    if hasattr(record, part) and not getattr(record, part).ListFields():
                        record.ClearField(part)
    return message


def test_a_collector_understands_all_of_the_golden_cases(program, build):
    """What drive.c sends for each golden file is, once the Collector has read it and written it as
    JSON, still the same message: zero values, empty texts, every type, every kind."""
    drive = Drive(build_drive("header"))
    sent = {"traces": [], "metrics": [], "logs": []}
    with run_collector(program, build / "interop" / "golden") as running:
        for path in sorted((ROOT / "tests/cases/golden").glob("*.json")):
            for request in drive.run(json.loads(path.read_text())["instructions"]).requests():
                assert post(running.endpoint, request) == 200, path.stem
                sent[list(sent)[request.signal]].append(request.decoded())
        drive.stop()
        for signal, messages in sent.items():
            end = time.monotonic() + SECONDS
            while len(running.lines(signal)) < len(messages) and time.monotonic() < end:
                time.sleep(0.1)
            got = [without_empty_parts(parsed(line, type(want)))
                   for line, want in zip(running.lines(signal), messages, strict=True)]
            for one, want in zip(got, messages):  # as text: NaN is not equal to itself
                assert text_format.MessageToString(one) == text_format.MessageToString(want)
