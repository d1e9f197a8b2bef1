"""Writes programs for metrics.c and reads what it sent: points, their own consistency, totals.

Import the fixture `metrics` to get a driver. Instrument number n is named i<n>; attribute set 0 is
the empty one, set n is k=n. The numbers in comments are those of the requirements that the project
keeps.
"""
import math
import os
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass

import pytest
from conftest import ROOT, WARNINGS_C, compile_c, no_random_addresses
from drive import BUILDS, METRICS, Drive
from model import DEFAULT_BOUNDS, OVERFLOW, decoded_attrs  # noqa: F401: OVERFLOW for the tests
from words import attrs, attrs_of, double

# As in enum otel_instrument; doubles are 7 further on.
KINDS = ["counter", "updown", "gauge", "histogram", "ocounter", "oupdown", "ogauge"]
KINDS += [kind + "_f64" for kind in KINDS]
DELTA, CUMULATIVE, LOWMEMORY = 1, 2, 3
EXPLICIT, EXPONENTIAL = 4, 5
OK, TIMEOUT, LOST = 0, 2, -5
START_UNIX = 1_700_000_000_000_000_000
THREADS_BUILD = {"threads": ["-DDRIVE_HEADER=\"src/otel_lite.in.h\"", "-O1",
                             "-fsanitize=thread"]}


class Metrics(Drive):
    """A running metrics.c, readers.c or views.c."""

    def __init__(self, program, prefix=()):
        super().__init__(program)
        self.prefix = list(prefix)

    def start(self):
        self.errors = tempfile.TemporaryFile()
        environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                       "ASAN_OPTIONS": "detect_stack_use_after_return=1:abort_on_error=1",
                       "TSAN_OPTIONS": "halt_on_error=1"}
        self.process = subprocess.Popen([*self.prefix, str(self.program)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        env=environment)
        os.set_blocking(self.process.stdout.fileno(), False)


def open_driver(name, build, flags=(), program=None):
    """A Metrics of <name>.c, its processes ended afterwards; for fixtures."""
    own = {**BUILDS, **THREADS_BUILD}[build]
    compiled = compile_c(ROOT / f"tests/property/{name}.c", f"property/{program or name}.{build}",
                         ["-std=gnu11", "-g", "-pthread", *WARNINGS_C, *own, *flags])
    driver = Metrics(compiled, no_random_addresses() if build in THREADS_BUILD else ())
    yield driver
    said = driver.stop()
    assert not said or said.startswith("exit code 0\n"), said


@pytest.fixture(scope="module", params=list(BUILDS))
def metrics(request):
    """A Metrics of the development build, sanitized, and one of the generated header."""
    yield from open_driver("metrics", request.param)


# ---- writing programs ----

def value(v):
    return f"i{v}" if isinstance(v, int) else "d" + double(v)


def bounds_words(bounds):
    return "-" if bounds is None else " ".join(map(str, [len(bounds), *map(double, bounds)]))


def is_f64(kind):
    return kind.endswith("_f64")


def family(kind):
    return kind.removesuffix("_f64")


def number_for(kind, v):
    """A value in the instrument's number type."""
    return float(v) if is_f64(kind) else int(v)


@dataclass(frozen=True)
class Histogram:
    """What a histogram is created with; bounds None: the default ones."""
    aggregation: int = 0
    bounds: tuple = None
    max_size: int = 0
    max_scale: int = 0
    no_min_max: bool = False

    def words(self):
        return (f"{self.aggregation} {bounds_words(self.bounds)} {self.max_size} "
                f"{self.max_scale} {int(self.no_min_max)}")

    def is_exponential(self):
        return self.aggregation == EXPONENTIAL

    def all_bounds(self):
        return list(DEFAULT_BOUNDS if self.bounds is None else self.bounds)


def key_of(number):
    """What set `number` is decoded to."""
    return frozenset({("k", ("i", number))} if number else ())


def opening(sets=4, environment=False, tick=0, **options):
    """The first lines: an SDK, and the sets from 0 on."""
    words = " ".join(f"{name} {int(number)}" for name, number in options.items())
    return [f"open {'environment ' * environment}{tick} {words}".rstrip(),
            *[f"set {n} {attrs(attrs_of({'k': n} if n else {}))}" for n in range(sets)]]


def instrument(number, kind, extra=""):
    """`extra`: the words of a Histogram, or the slot of an observable's callback."""
    return f"instrument {number} {KINDS.index(kind)} i{number} {extra}".rstrip()


# ---- reading requests ----

@dataclass
class Point:
    name: str
    shape: str  # sum, gauge, histogram, exponential_histogram
    temporality: int  # 0: a gauge
    monotonic: bool
    key: frozenset
    data: object  # the protobuf message

    @property
    def start(self):
        return self.data.start_time_unix_nano

    @property
    def time(self):
        return self.data.time_unix_nano

    @property
    def number(self):
        return getattr(self.data, self.data.WhichOneof("value"))

    @property
    def series(self):
        return self.name, self.key


def points_of(request):
    """All points of a request, each checked by itself."""
    found = []
    assert request.signal == METRICS
    for resource in request.decoded().resource_metrics:
        for scope in resource.scope_metrics:
            assert scope.metrics, "P-30: an envelope with nothing in it"
            for metric in scope.metrics:
                shape = metric.WhichOneof("data")
                data = getattr(metric, shape)
                assert data.data_points, "a metric without points"
                for point in data.data_points:
                    found.append(Point(metric.name, shape,
                                       0 if shape == "gauge" else data.aggregation_temporality,
                                       shape == "sum" and data.is_monotonic,
                                       frozenset(decoded_attrs(point.attributes).items()), point))
    for point in found:
        check_point(point)
    return found


def all_points(result):
    return [point for request in result.requests() for point in points_of(request)]


def statuses(result, name):
    """What steps of a kind answered, signed."""
    return [(int(words[0]) + 2**63) % 2**64 - 2**63 for words in result.values(name)]


def stats_of(result):
    """The last answer to `stats`, with the identity checked."""
    words = result.values("stats")[-1]
    stats = dict(zip(words[::2], map(int, words[1::2])))
    lost = sum(stats[name] for name in DROPS)
    assert stats["started"] == stats["ended"] == stats["delivered"] + lost + stats["queued"]
    return stats


DROPS = ["queue_records", "queue_bytes", "too_large", "no_slot", "refused", "superseded",
         "shutdown", "busy"]


# ---- one point by itself ----

def check_point(point):
    """What holds for each point of each reading, whatever is recorded meanwhile."""
    data = point.data
    assert data.flags == 0 and not data.exemplars
    assert 0 < point.start <= point.time, "P-24"
    if point.shape == "histogram":
        check_explicit(data)
    elif point.shape == "exponential_histogram":
        check_exponential(data)
    else:
        assert data.WhichOneof("value") is not None


def check_values(data, least, most):
    """Sum, min and max against each other, and against the outermost used buckets."""
    assert data.count > 0, "M-63: a histogram point with nothing in it"
    assert data.HasField("min") == data.HasField("max")
    if data.HasField("min"):
        assert least <= data.min <= data.max <= most
    if data.HasField("sum"):  # M-46: left out when there were negative values
        low = data.min if data.HasField("min") else max(least, 0.0)
        high = data.max if data.HasField("max") else most
        slack = 1e-9 * abs(data.sum)
        assert data.count * low - slack <= data.sum <= data.count * high + slack
        assert not data.HasField("min") or data.min >= 0
    elif data.HasField("min"):
        assert data.min < 0


def check_explicit(data):
    """M-45, P-25: the buckets hold what is counted, min and max lie in the outermost used ones."""
    bounds, counts = list(data.explicit_bounds), list(data.bucket_counts)
    assert len(counts) == len(bounds) + 1
    assert data.count == sum(counts)
    used = [i for i, n in enumerate(counts) if n]
    if data.HasField("min"):
        assert bucket(bounds, data.min) == used[0] and bucket(bounds, data.max) == used[-1]
    edges = [-math.inf, *bounds, math.inf]
    check_values(data, edges[used[0]], edges[used[-1] + 1])


def bucket(bounds, v):
    return next((i for i, bound in enumerate(bounds) if v <= bound), len(bounds))


def exponential_counts(data):
    """{(sign, index at the point's scale): count}, zeros left out."""
    counts = Counter()
    for sign, buckets in ((1, data.positive), (-1, data.negative)):
        for i, n in enumerate(buckets.bucket_counts):
            if n:
                counts[sign, buckets.offset + i] = n
    return counts


def check_exponential(data):
    """The buckets and the zeros are what is counted, min and max lie in the outermost used ones;
    no array has empty ends."""
    counts = exponential_counts(data)
    assert data.count == sum(counts.values()) + data.zero_count
    assert -11 <= data.scale <= 20 and data.zero_threshold == 0
    for buckets in (data.positive, data.negative):
        if buckets.bucket_counts:
            assert buckets.bucket_counts[0] and buckets.bucket_counts[-1]
    if data.HasField("min"):
        ends = [place_of(v, data.scale) for v in (data.min, data.max)]
        order = sorted([*counts, *([(0, 0)] if data.zero_count else [])],
                       key=lambda place: (place[0], place[0] * place[1]))
        assert ends == [order[0], order[-1]]
    check_values(data, -math.inf, math.inf)


# ---- indexes of exponential histograms ----

def index_at_20(v):
    """The bucket of v > 0 at scale 20; None when doubles cannot tell it for sure."""
    mantissa, exponent = math.frexp(v)
    if mantissa == 0.5:
        return ((exponent - 1) << 20) - 1
    at = math.log2(mantissa) * 2**20
    if abs(at - round(at)) < 1e-6:
        return None
    return (exponent << 20) + math.floor(at)


def place_of(v, scale):
    """(sign, index) of a value; (0, 0) for zero."""
    if v == 0:
        return 0, 0
    return (1 if v > 0 else -1), index_at_20(abs(v)) >> (20 - scale)


def downscaled(counts, by):
    out = Counter()
    for (sign, index), n in counts.items():
        out[sign, index >> by if sign else 0] += n
    return out


def ideal_scale(values, max_size, max_scale=20):
    """M-51: the largest scale at which both signs fit."""
    scale = max_scale
    while True:
        places = {place_of(v, scale) for v in values}
        spans = [[index for s, index in places if s == sign] for sign in (1, -1)]
        if all(not span or max(span) - min(span) < max_size for span in spans):
            return scale
        scale -= 1


# ---- readings put together ----

def by_series(points):
    """{(name, key): [its points in the order of arrival]}; one point for each time."""
    found = {}
    for point in points:
        found.setdefault(point.series, []).append(point)
    for series, own in found.items():
        times = [point.time for point in own]
        assert len(times) == len(set(times)), f"twice in one reading: {series}"  # M-109
        assert len({(p.shape, p.temporality, p.monotonic) for p in own}) == 1
    return found


def total_number(own):
    """What the points of one series of numbers come to."""
    return sum(p.number for p in own) if own[0].temporality == DELTA else own[-1].number


@dataclass
class Total:
    """What the points of one histogram series come to."""
    count: int
    counts: Counter  # explicit: {bucket: n}; exponential: {(sign, index): n}, with (0, 0)
    sum: float  # None: left out in some point
    least: float
    most: float
    scale: int = None


def total_histogram(own):
    if own[0].temporality == CUMULATIVE:
        own = own[-1:]
    data = [p.data for p in own]
    total = Total(sum(d.count for d in data), Counter(),
                  sum(d.sum for d in data) if all(d.HasField("sum") for d in data) else None,
                  min(d.min for d in data), max(d.max for d in data))
    if own[0].shape == "histogram":
        for d in data:
            total.counts.update({i: n for i, n in enumerate(d.bucket_counts) if n})
    else:
        total.scale = min(d.scale for d in data)
        for d in data:
            total.counts.update(downscaled(exponential_counts(d), d.scale - total.scale))
            total.counts.update({(0, 0): d.zero_count} if d.zero_count else {})
    return total
