"""exemplars.c against a real Collector and a real Prometheus, with each filter: exemplars arrive
with their measurement's value, time, trace and span, at the right point, and no others do."""
import json
import os
import shutil
import subprocess
import time
import uuid
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from conftest import ROOT, compile_c
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from test_collector import SECONDS, attributes, collector, parsed, program  # noqa: F401
from test_prometheus import Stored as StoredRun
from test_prometheus import load_tool as prometheus_tool
from test_prometheus import program as prometheus_program  # noqa: F401

FILTERS = {  # by OTEL_METRICS_EXEMPLAR_FILTER: the places whose measurements may become exemplars
    None: {"sampled"}, "trace_based": {"sampled"}, "always_off": set(),
    "always_on": {"sampled", "unsampled", "outside"}}
KINDS = {  # of each metric: the kind of its points, the type of its values
    "test.requests": ("sum", int), "test.jobs": ("sum", int), "test.logins": ("sum", float),
    "test.waits": ("histogram", float), "test.sizes": ("exponential_histogram", int),
    "test.level": ("gauge", float)}
BOUNDS = [1, 10, 100]  # of test.waits
READINGS = 3  # one after each round, and one on closing, for which there is nothing new
# The library adds the monotonic clock to an offset: not quite what the program itself reads. The
# program's measurements are further apart.
SLACK = 1_000_000  # ns


@dataclass
class Measurement:
    """What the program says that it measured."""
    metric: str
    round: int
    place: str  # sampled or unsampled: in such a span; outside: in none
    value: float
    kept: dict
    left_out: dict  # attributes: what the view leaves out
    number: int
    clock: list  # ns since 1970: before and after
    trace_id: str = ""
    span_id: str = ""

    @property
    def ids(self):
        return self.trace_id, self.span_id

    @property
    def bucket(self):
        return bisect_left(BOUNDS, self.value)


@dataclass
class Run:
    """A run of the program that has ended."""
    places: set  # whose measurements may have become exemplars
    measured: list = field(default_factory=list)
    service: str = field(default_factory=lambda: f"test-{uuid.uuid4()}")  # its service.name
    instance: str = field(default_factory=lambda: str(uuid.uuid4()))  # its service.instance.id

    def series(self, metric):
        """{attributes as a frozenset: its measurements} of a metric."""
        found = defaultdict(list)
        for one in self.measured:
            if one.metric == metric:
                found[frozenset(one.kept.items())].append(one)
        assert found, metric
        return found

    def exemplars(self, series, number):
        """What a series' point of the reading after a round has, in its order: for each exemplar
        the measurements that it may be."""
        may_be = [one for one in series if one.round == number and one.place in self.places]
        if may_be and may_be[0].metric == "test.sizes":  # 20 of a series have room
            return [[one] for one in may_be]
        if may_be and may_be[0].metric == "test.waits":  # the last one of each bucket
            last = {one.bucket: one for one in may_be}
            return [[last[bucket]] for bucket in sorted(last)]
        return [may_be] if may_be else []  # one, whichever


def run(endpoint, chosen, *arguments):
    """Run the program against an endpoint, with a filter or the default one."""
    program = compile_c(ROOT / "tests/interop/exemplars.c", "interop/exemplars",
                        ["-std=c99", "-O2", "-pthread"])
    sent = Run(FILTERS[chosen])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    if chosen is not None:
        clean["OTEL_METRICS_EXEMPLAR_FILTER"] = chosen
    done = subprocess.run(
        [str(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, stdin=subprocess.DEVNULL, env={
            **clean, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": sent.service,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={sent.instance}"})
    *lines, last = done.stdout.splitlines()
    assert done.returncode == 0 and "everything was delivered" in last, done.stdout
    sent.measured = [Measurement(**json.loads(line)) for line in lines]
    assert {one.metric for one in sent.measured} == KINDS.keys()
    assert {one.place for one in sent.measured} == FILTERS["always_on"]
    return sent


# ---- the Collector ----

class Seen:
    """What the Collector wrote about one run of exemplars.c."""

    def __init__(self, collector, sent):
        self.collector, self.sent = collector, sent
        entries = self.wait("metrics", ExportMetricsServiceRequest, "test.level", READINGS)
        self.metrics = [metric for entry in entries for batch in entry.scope_metrics
                        for metric in batch.metrics]

    def wait(self, signal, kind, sign, count):
        """The Resource* messages of this run, once `count` of them have the sign: everything was
        answered for, so that the Collector has them all and has only to write them."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = [entry for line in self.collector.lines(signal)
                     for entry in parsed(line, kind).ListFields()[0][1]
                     if attributes(entry.resource.attributes)["service.name"] == self.sent.service]
            if sum(sign in str(entry) for entry in found) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(self.collector.said())

    def points(self, name, labels):
        """The points of one series, by time."""
        kind, _ = KINDS[name]
        points = [point for metric in self.metrics if metric.name == name
                  for point in getattr(metric, kind).data_points
                  if attributes(point.attributes) == dict(labels)]
        return sorted(points, key=lambda point: point.time_unix_nano)

    def spans(self):
        """{name: (trace id, span id)} of all of the run's spans."""
        entries = self.wait("traces", ExportTraceServiceRequest, '"family"', 1)  # the last to end
        return {span.name: (span.trace_id.hex(), span.span_id.hex()) for entry in entries
                for batch in entry.scope_spans for span in batch.spans}


@pytest.fixture(scope="module", params=list(FILTERS), ids=str)
def seen(collector, request):  # noqa: F811
    return Seen(collector, run(collector.endpoint, request.param))


def check_exemplar(exemplar, may_be, point):
    """That it is one of those measurements, from before the end of the point."""
    _, kind = KINDS[may_be[0].metric]
    member = "as_int" if kind is int else "as_double"
    assert exemplar.WhichOneof("value") == member
    one, = [one for one in may_be if one.value == getattr(exemplar, member)]
    assert (exemplar.trace_id.hex(), exemplar.span_id.hex()) == one.ids
    assert attributes(exemplar.filtered_attributes) == one.left_out
    assert point.start_time_unix_nano <= exemplar.time_unix_nano <= point.time_unix_nano
    assert one.clock[0] - SLACK <= exemplar.time_unix_nano <= one.clock[1] + SLACK


def check_point(point, exemplars):
    assert len(point.exemplars) == len(exemplars), point
    for exemplar, may_be in zip(point.exemplars, exemplars):
        check_exemplar(exemplar, may_be, point)


def test_a_collector_gets_exemplars_of_what_the_filter_lets_through_only(seen):
    """Whatever the reservoirs choose; by default nothing from outside of sampled spans."""
    got = [exemplar for metric in seen.metrics
           for point in getattr(metric, metric.WhichOneof("data")).data_points
           for exemplar in point.exemplars]
    ids = {(exemplar.trace_id.hex(), exemplar.span_id.hex()) for exemplar in got}
    let_through = {one.ids for one in seen.sent.measured if one.place in seen.sent.places}
    assert ids <= let_through and bool(ids) == bool(let_through)


@pytest.mark.parametrize("name", KINDS)
def test_a_collector_gets_the_exemplars_of_each_reading_at_its_points(seen, name):
    for labels, series in seen.sent.series(name).items():
        points = seen.points(name, labels)
        first = min(one.round for one in series)
        assert len(points) == READINGS - first
        for number, point in enumerate(points, first):
            check_point(point, seen.sent.exemplars(series, number))


def test_a_collector_gets_the_spans_that_exemplars_name(seen):
    """Their ids are those of what was sent, not only those that the program believes in; spans
    that are not sampled are not sent."""
    spans = seen.spans()
    family, _ = spans.pop("family")
    assert spans == {f"measurement {one.number}": one.ids for one in seen.sent.measured
                     if one.place == "sampled"}
    assert len({span for _, span in spans.values()}) == len(spans)
    assert 1 < sum(trace == family for trace, _ in spans.values()) < len(spans)


# ---- Prometheus ----

@pytest.fixture(scope="module")
def prometheus(prometheus_program, build):  # noqa: F811
    """A running Prometheus that has nothing yet."""
    folder = build / "interop" / "prometheus" / "exemplars"
    shutil.rmtree(folder, ignore_errors=True)
    with prometheus_tool().Prometheus(prometheus_program, folder) as running:
        yield running


class Stored(StoredRun):
    """What Prometheus says about one run of exemplars.c. It has all when it has answered."""

    def exemplars(self, name, part=""):
        """{a series' own labels as a frozenset: its exemplars} of a metric, or of a part of it."""
        clocks = [moment for one in self.sent.measured for moment in one.clock]
        found = {}
        for one in self.prometheus.exemplars(self.selector(name, part), min(clocks) / 1e9 - 1,
                                             max(clocks) / 1e9 + 1):
            labels = one["seriesLabels"]
            assert labels.pop("__name__") == name + part
            assert labels.pop("job") == self.sent.service
            assert labels.pop("instance") == self.sent.instance
            found[frozenset(labels.items())] = one["exemplars"]
        return found


@pytest.fixture(scope="module", params=list(FILTERS), ids=str)
def stored(prometheus, request):
    return Stored(prometheus, run(prometheus.endpoint, request.param, "metrics"))


def check_stored(exemplar, may_be):
    """That it is one of those measurements. Attributes become labels, times milliseconds."""
    one, = [one for one in may_be if one.value == float(exemplar["value"])]
    ids = {"trace_id": one.trace_id, "span_id": one.span_id} if one.trace_id else {}
    assert exemplar["labels"] == {**ids, **{k: str(v) for k, v in one.left_out.items()}}
    moment = round(exemplar["timestamp"] * 1000) * 1_000_000
    assert one.clock[0] - SLACK - 1_000_000 <= moment <= one.clock[1] + SLACK


def check_all_stored(found, wanted):
    """Both by labels; of each series in order, in `wanted` the measurements that each may be."""
    assert found.keys() == wanted.keys()
    for labels, exemplars in found.items():
        assert len(exemplars) == len(wanted[labels]), exemplars
        for exemplar, may_be in zip(exemplars, wanted[labels]):
            check_stored(exemplar, may_be)


@pytest.mark.parametrize("name", ["test.requests", "test.jobs", "test.logins"])
def test_prometheus_has_the_exemplars_of_a_sum(stored, name):
    wanted = {labels: [*stored.sent.exemplars(series, 0), *stored.sent.exemplars(series, 1)]
              for labels, series in stored.sent.series(name).items()}
    check_all_stored(stored.exemplars(name), {
        labels: exemplars for labels, exemplars in wanted.items() if exemplars})


def test_prometheus_has_the_exemplars_of_an_explicit_histogram_at_its_buckets(stored):
    series, = stored.sent.series("test.waits").values()
    wanted = defaultdict(list)
    for may_be in [*stored.sent.exemplars(series, 0), *stored.sent.exemplars(series, 1)]:
        bound = [*map(str, BOUNDS), "+Inf"][may_be[0].bucket]
        wanted[frozenset({("le", bound)})].append(may_be)
    check_all_stored(stored.exemplars("test.waits", "_bucket"), wanted)
    assert stored.exemplars("test.waits", "_count") == stored.exemplars("test.waits", "_sum") == {}


def test_prometheus_has_the_exemplars_of_a_native_histogram(stored):
    """What an exponential one becomes; all of its exemplars are kept, where the sample is."""
    sample, = stored.prometheus.query(stored.selector("test.sizes"))
    assert "histogram" in sample
    series, = stored.sent.series("test.sizes").values()
    wanted = [*stored.sent.exemplars(series, 0), *stored.sent.exemplars(series, 1)]
    check_all_stored(stored.exemplars("test.sizes"), {frozenset(): wanted} if wanted else {})


def test_prometheus_drops_the_exemplars_of_a_gauge(stored):
    """It stores the value: exemplars of gauges are sent, see above, but it takes none."""
    last = [one.value for one in stored.sent.measured if one.metric == "test.level"][-1]
    assert stored.value(stored.selector("test.level")) == last
    assert stored.exemplars("test.level") == {}
