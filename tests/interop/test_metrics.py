"""metrics.c against a real Collector, with each temporality: every point of every reading is found
in what the Collector wrote, value by value."""
import time

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest)
from recorded import (BOUNDS, LATENCIES, NUMBERS, SIZES, explicit_counts, exponential_counts,
                      run_well)
from test_collector import SECONDS, attributes, collector, parsed, program  # noqa: F401

DELTA, CUMULATIVE = 1, 2
UP_AND_DOWN = {"updown": CUMULATIVE, "observable updown": CUMULATIVE}
TEMPORALITIES = {  # of each preference, by kind
    "cumulative": {"counter": CUMULATIVE, "observable counter": CUMULATIVE,
                   "histogram": CUMULATIVE, **UP_AND_DOWN},
    "delta": {"counter": DELTA, "observable counter": DELTA, "histogram": DELTA, **UP_AND_DOWN},
    "lowmemory": {"counter": DELTA, "observable counter": CUMULATIVE, "histogram": DELTA,
                  **UP_AND_DOWN}}
MAX_SIZE = 160  # buckets of each sign of an exponential histogram


class Seen:
    """What the Collector wrote about one run of metrics.c."""

    def __init__(self, collector, sent, preference):
        self.sent, self.preference = sent, preference
        self.entries = self.wait(collector)
        self.batches = [batch for entry in self.entries for batch in entry.scope_metrics]
        self.metrics = [metric for batch in self.batches for metric in batch.metrics]

    def wait(self, collector):
        """The ResourceMetrics of this run, once the last reading's are there: everything was
        answered for, so that the Collector has them all and has only to write them."""
        end = time.monotonic() + SECONDS
        found = []
        while time.monotonic() < end and sum("test.load" in str(entry) for entry in found) < 3:
            found = [entry for line in collector.lines("metrics")
                     for entry in parsed(line, ExportMetricsServiceRequest).resource_metrics
                     if attributes(entry.resource.attributes)["service.name"] == self.sent.service]
            time.sleep(0.05)
        assert len(found) >= 3, collector.said()
        return found

    def temporality(self, kind):
        """None for a gauge, which has none."""
        return TEMPORALITIES[self.preference].get(kind)

    def named(self, name):
        found = [metric for metric in self.metrics if metric.name == name]
        assert found, name
        return found

    def points(self, name, **labels):
        """The points of one attribute set, by time."""
        points = [point for metric in self.named(name)
                  for point in getattr(metric, metric.WhichOneof("data")).data_points
                  if attributes(point.attributes) == labels]
        return sorted(points, key=lambda point: point.time_unix_nano)


@pytest.fixture(scope="module", params=list(TEMPORALITIES))
def seen(collector, request):  # noqa: F811
    sent = run_well(collector.endpoint,
                    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=request.param)
    return Seen(collector, sent, request.param)


def check_times(seen, points, temporality):
    """Delta intervals adjoin each other; the others all begin where the first one does."""
    times = [point.time_unix_nano for point in points]
    starts = [point.start_time_unix_nano for point in points]
    assert times == sorted(set(times))
    assert seen.sent.window[0] <= times[0] and times[-1] <= seen.sent.window[1]
    if temporality is not None:
        assert seen.sent.window[0] <= starts[0] < times[0]
        assert starts[1:] == (times[:-1] if temporality == DELTA else starts[:1] * len(times[1:]))


def readings(first, second, temporality, observed=False):
    """What the points of one set are to hold, one for each reading, the last one on closing. Delta
    readings have only what was recorded, or observed, since the one before."""
    if temporality != DELTA:
        return [first, first + second, first + second]
    if observed:
        return [first, second, 0 * second]
    return [value for value in (first, second) if value]


def names(numbers):
    return " ".join([numbers.name, *map(str, numbers.attributes.values())])


@pytest.mark.parametrize("numbers", NUMBERS, ids=names)
def test_the_points_of_a_number_have_their_values(seen, numbers):
    temporality = seen.temporality(numbers.kind)
    points = seen.points(numbers.name, **numbers.attributes)
    check_times(seen, points, temporality)
    if numbers.kind.endswith("gauge"):
        first, second = numbers.totals
        want = [first, second, second]
    else:
        want = readings(*numbers.rounds, temporality, numbers.kind.startswith("observable"))
    member = "as_double" if isinstance(numbers.rounds[0], float) else "as_int"
    assert {point.WhichOneof("value") for point in points} == {member}
    assert [getattr(point, member) for point in points] == want
    assert not any(point.flags or point.exemplars for point in points)


@pytest.mark.parametrize("numbers", NUMBERS, ids=names)
def test_a_number_says_what_it_is(seen, numbers):
    for metric in seen.named(numbers.name):
        assert (metric.unit, metric.description) == (numbers.unit, numbers.description)
        if numbers.kind.endswith("gauge"):
            assert metric.WhichOneof("data") == "gauge"
        else:
            assert metric.WhichOneof("data") == "sum"
            assert metric.sum.is_monotonic == numbers.monotonic
            assert metric.sum.aggregation_temporality == seen.temporality(numbers.kind)


def check_statistics(point, values):
    """Count, least and greatest value, and the sum, which is left out where it can fall."""
    assert point.count == len(values)
    assert (point.min, point.max) == (min(values), max(values))
    assert point.HasField("min") and point.HasField("max")
    assert point.HasField("sum") == (min(values) >= 0)
    assert point.sum == (sum(values) if min(values) >= 0 else 0)
    assert not point.flags and not point.exemplars


def test_the_points_of_an_explicit_histogram_have_their_values(seen):
    temporality = seen.temporality("histogram")
    points = seen.points("test.latency")
    check_times(seen, points, temporality)
    for point, values in zip(points, readings(*LATENCIES, temporality), strict=True):
        check_statistics(point, values)
        assert list(point.explicit_bounds) == BOUNDS
        assert list(point.bucket_counts) == explicit_counts(values)
    for metric in seen.named("test.latency"):
        assert (metric.unit, metric.description) == ("ms", "Time to answer")
        assert metric.histogram.aggregation_temporality == temporality


def counted(buckets):
    """{index: count} of the buckets that hold something."""
    return {buckets.offset + i: n for i, n in enumerate(buckets.bucket_counts) if n}


@pytest.mark.parametrize("kind", SIZES)
def test_the_points_of_an_exponential_histogram_have_their_values(seen, kind):
    temporality = seen.temporality("histogram")
    points = seen.points("test.size", kind=kind)
    check_times(seen, points, temporality)
    for point, values in zip(points, readings(*SIZES[kind], temporality), strict=True):
        check_statistics(point, values)
        assert point.zero_count == values.count(0) and point.zero_threshold == 0
        assert counted(point.positive) == exponential_counts(
            [v for v in values if v > 0], point.scale)
        assert counted(point.negative) == exponential_counts(
            [-v for v in values if v < 0], point.scale)
        assert len(point.positive.bucket_counts) <= MAX_SIZE
        assert len(point.negative.bucket_counts) <= MAX_SIZE
    for metric in seen.named("test.size"):
        assert metric.unit == "By"
        assert metric.exponential_histogram.aggregation_temporality == temporality


def test_an_exponential_histogram_is_as_fine_as_its_size_allows(seen):
    """From 1 to 8 are three powers of two: 97 buckets at scale 5, 193 at scale 6; from 2 to 8 two:
    129 buckets at scale 6. One value alone has the finest scale that there is."""
    assert seen.points("test.size", kind="any")[0].scale == 5
    assert seen.points("test.size", kind="one")[0].scale == 20
    assert seen.points("test.size", kind="signed")[0].scale == 6


def test_every_reading_has_the_same_resource_and_scope(seen):
    assert {(b.scope.name, b.scope.version) for b in seen.batches} == {("test/metrics", "1.0.0")}
    for entry in seen.entries:
        assert entry.resource == seen.entries[0].resource
        assert attributes(entry.resource.attributes)["service.instance.id"] == seen.sent.instance


def test_nothing_else_is_sent(seen):
    assert {metric.name for metric in seen.metrics} == {
        *(numbers.name for numbers in NUMBERS), "test.latency", "test.size"}
