"""metrics.c against a real Prometheus: queries answer with what was recorded, both with the names
as they are and with the names that Prometheus makes of them by default."""
import importlib.util
import math
import shutil

import pytest
from conftest import ROOT
from recorded import BOUNDS, LATENCIES, NUMBERS, SIZES, exponential_counts, run, run_well

# What Prometheus makes of the names unless it is told to keep them: with the unit and, of a
# counter, `total` at the end.
TRANSLATED = {
    "test.requests": "test_requests_total", "test.bytes": "test_bytes_total",
    "test.energy": "test_energy_joules_total", "test.jobs": "test_jobs",
    "test.temperature": "test_temperature_celsius", "test.ticks": "test_ticks_total",
    "test.depth": "test_depth", "test.load": "test_load_ratio",
    "test.latency": "test_latency_milliseconds", "test.size": "test_size_bytes"}
TRANSLATIONS = {"UnderscoreEscapingWithSuffixes": TRANSLATED,
                "NoTranslation": {name: name for name in TRANSLATED}}
# As fine as 160 buckets allow from 1 to 8 and from -8 to -2; 20, of one value alone, is merged into
# the finest scale that a native histogram has.
SCALES = {"any": 5, "one": 8, "signed": 6}
ZERO = 1e-128  # what is nearer to zero counts as zero, where OTLP says none of that
LATENCY, SIZE = LATENCIES[0] + LATENCIES[1], SIZES["any"][0] + SIZES["any"][1]


def load_tool():
    """tools/interop/prometheus.py as a module."""
    path = ROOT / "tools/interop/prometheus.py"
    spec = importlib.util.spec_from_file_location("interop_prometheus", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def program(request):
    """The built Prometheus; without the means to build one the tests are left out."""
    tool = load_tool()
    shown = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    try:
        with shown():  # so that whoever waits knows for what
            return tool.build()
    except tool.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module", params=list(TRANSLATIONS))
def prometheus(program, build, request):
    """A running Prometheus that has nothing yet."""
    folder = build / "interop" / "prometheus" / request.param
    shutil.rmtree(folder, ignore_errors=True)
    with load_tool().Prometheus(program, folder, request.param) as running:
        yield running


class Stored:
    """What Prometheus says about one run of metrics.c."""

    def __init__(self, prometheus, sent):
        self.prometheus, self.sent = prometheus, sent
        self.names = TRANSLATIONS[prometheus.translation]

    def selector(self, name, part="", **attributes):
        """A PromQL selector of this run's series of a metric, or of a part of it."""
        labels = {"__name__": self.names.get(name, name) + part, "job": self.sent.service,
                  **attributes}
        return "{%s}" % ", ".join(f'"{key}"="{value}"' for key, value in labels.items())

    def value(self, expression):
        """The one number that an expression comes to."""
        series, = self.prometheus.query(expression)
        return float(series["value"][1])

    def series(self, name, part=""):
        """{its own labels as a frozenset: value} for all series of a metric."""
        found = {}
        for one in self.prometheus.query(self.selector(name, part)):
            labels = dict(one["metric"])
            assert labels.pop("__name__") == self.names[name] + part
            assert labels.pop("job") == self.sent.service
            assert labels.pop("instance") == self.sent.instance
            found[frozenset(labels.items())] = float(one["value"][1])
        return found

    def native(self, kind):
        """A native histogram as the query API shows it: count, sum, and buckets of
        [which ends belong to it, low, high, count]."""
        series, = self.prometheus.query(self.selector("test.size", kind=kind))
        histogram = series["histogram"][1]
        return (float(histogram["count"]), float(histogram["sum"]),
                [(edges, *map(float, rest)) for edges, *rest in histogram["buckets"]])


@pytest.fixture(scope="module")
def stored(prometheus):
    return Stored(prometheus, run_well(prometheus.endpoint))


def test_it_is_the_version_that_is_meant(stored):
    assert stored.prometheus.get("status/buildinfo")["version"] == load_tool().VERSION


def test_the_resource_becomes_the_target(stored):
    series, = stored.prometheus.query(stored.selector("target_info"))
    kept = stored.prometheus.translation == "NoTranslation"
    name = "telemetry.sdk.name" if kept else "telemetry_sdk_name"
    assert series["metric"]["instance"] == stored.sent.instance
    assert series["metric"][name] == "otel_lite"


@pytest.mark.parametrize("name", dict.fromkeys(numbers.name for numbers in NUMBERS))
def test_sums_and_gauges_have_their_values(stored, name):
    """Values are doubles here: 2^53 + 3 is stored as the even neighbour."""
    want = {frozenset((key, str(value)) for key, value in numbers.attributes.items()):
            float(numbers.totals[1]) for numbers in NUMBERS if numbers.name == name}
    assert stored.series(name) == want


@pytest.mark.parametrize("name", dict.fromkeys(numbers.name for numbers in NUMBERS))
def test_each_reading_is_a_sample(stored, name):
    """One for each flush and one for closing, which repeats the second's values."""
    for numbers in NUMBERS:
        if numbers.name == name:
            series, = stored.prometheus.query(
                stored.selector(name, **numbers.attributes) + "[5m]")
            first, second = map(float, numbers.totals)
            assert [float(value) for _, value in series["values"]] == [first, second, second]
            times = [1e9 * moment for moment, _ in series["values"]]
            assert stored.sent.window[0] - 1e6 <= times[0] < times[1] <= stored.sent.window[1]


def test_an_explicit_histogram_has_buckets_sum_and_count(stored):
    """Its buckets count everything up to their bounds."""
    buckets = {float(dict(labels)["le"]): value
               for labels, value in stored.series("test.latency", "_bucket").items()}
    assert buckets == {bound: sum(v <= bound for v in LATENCY) for bound in [*BOUNDS, math.inf]}
    assert stored.series("test.latency", "_count") == {frozenset(): len(LATENCY)}
    assert stored.series("test.latency", "_sum") == {frozenset(): sum(LATENCY)}


def test_an_explicit_histogram_has_quantiles(stored):
    """The third of the seven values is in the bucket from 5 to 10, alone: at its upper bound."""
    buckets = stored.selector("test.latency", "_bucket")
    assert stored.value(f"histogram_quantile(3 / 7, {buckets})") == pytest.approx(10)


@pytest.mark.parametrize("kind", SIZES)
def test_an_exponential_histogram_becomes_a_native_one(stored, kind):
    """The sum of one with negative values is not sent, which is stored as 0."""
    values = SIZES[kind][0] + SIZES[kind][1]
    total = sum(values) if kind != "signed" else 0
    histogram = stored.selector("test.size", kind=kind)
    assert stored.value(f"histogram_count({histogram})") == len(values)
    assert stored.value(f"histogram_sum({histogram})") == total
    assert stored.native(kind)[:2] == (len(values), total)


def buckets_of(values, scale):
    """The buckets of a native histogram as the query API shows them, lowest first. Edges: 1 is a
    bucket with its low end only, 0 with its high end, 3 with both."""
    positive = [(0, 2 ** (i / 2**scale), 2 ** ((i + 1) / 2**scale), n) for i, n in
                exponential_counts([v for v in values if v > 0], scale).items()]
    negative = [(1, -(2 ** ((i + 1) / 2**scale)), -(2 ** (i / 2**scale)), n) for i, n in
                exponential_counts([-v for v in values if v < 0], scale).items()]
    zero = [(3, -ZERO, ZERO, n) for n in [values.count(0)] if n]
    return sorted([*positive, *negative, *zero], key=lambda bucket: bucket[1])


@pytest.mark.parametrize("kind", SIZES)
def test_a_native_histogram_has_exactly_the_buckets_recorded(stored, kind):
    _, _, buckets = stored.native(kind)
    _, low, high, _ = buckets[-1]
    scale = round(-math.log2(math.log2(high / low)))
    want = buckets_of(SIZES[kind][0] + SIZES[kind][1], scale)
    assert [(edges, count) for edges, *_, count in buckets] == [(b[0], b[3]) for b in want]
    for got, wanted in zip(buckets, want):
        assert got[1:3] == pytest.approx(wanted[1:3], rel=1e-14, abs=0)
    assert scale == SCALES[kind]


@pytest.mark.parametrize("low, high", [(-1, 0.5), (0.5, 1), (1, 2), (2, 3.5), (3.5, 4), (4, 8),
                                       (8, 9), (0.5, 8), (-1, 8)])
def test_a_native_histogram_knows_the_fraction_between_two_bounds(stored, low, high):
    want = sum(low < value <= high for value in SIZE) / len(SIZE)
    histogram = stored.selector("test.size", kind="any")
    assert stored.value(f"histogram_fraction({low}, {high}, {histogram})") == pytest.approx(want)


@pytest.mark.parametrize("n", range(1, len(SIZE) + 1))
def test_a_native_histogram_knows_the_bucket_of_each_quantile(stored, n):
    """Of nine values in order, half a step below n ninths is in the bucket of the n-th."""
    histogram = stored.selector("test.size", kind="any")
    got = stored.value(f"histogram_quantile({(n - 0.5) / 9}, {histogram})")
    _, low, high, _ = buckets_of([sorted(SIZE)[n - 1]], SCALES["any"])[0]
    assert low <= got <= high


def test_what_prometheus_refuses_is_reported_as_lost(prometheus):
    """Unless told otherwise it takes no delta readings."""
    done = run(prometheus.endpoint, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta")
    assert done.status == 1 and "the records are dropped" in done.said, done.said
    assert "everything was delivered" not in done.said
    nothing = Stored(prometheus, done)
    assert prometheus.query(nothing.selector("test.requests")) == []
