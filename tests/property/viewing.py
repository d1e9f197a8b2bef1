"""Writes programs for views.c and reads what it sent and what its second reader was shown.

Sets are numbered as the program defines them. The numbers in comments are those of the
requirements that the project keeps.
"""
import struct
from dataclasses import dataclass, fields

from conftest import ROOT, WARNINGS_C, compile_c
from drive import BUILDS, METRICS, Drive
from model import decoded_attrs
from readings import KINDS, Point, check_point, is_f64
from words import attrs, attrs_of, double, text

DEFAULT, DROP, SUM, LAST_VALUE, EXPLICIT, EXPONENTIAL = range(6)
EXEMPLARS = ["-DOTEL_LITE_EXEMPLARS"]


def open_views(build, flags=()):
    """A Drive of views.c, its process ended afterwards; for fixtures."""
    name = "views." + "".join(flag.lower().removeprefix("-dotel_lite_") + "." for flag in flags)
    flags = ["-std=gnu11", "-g", "-pthread", *WARNINGS_C, *BUILDS[build], *flags]
    program = compile_c(ROOT / "tests/property/views.c", f"property/{name}{build}", flags)
    views = Drive(program)
    yield views
    said = views.stop()
    assert not said or said.startswith("exit code 0\n"), said


# ---- writing programs ----

def value(v):
    return f"i{v}" if isinstance(v, int) else "d" + double(v)


def bounds_words(bounds):
    return "-" if bounds is None else " ".join(map(str, [len(bounds), *map(double, bounds)]))


def keys_words(keys):
    return "-" if keys is None else " ".join(map(str, [len(keys), *map(text, keys)]))


@dataclass(frozen=True)
class View:
    """Every field of an otel_view; `reservoir` is the size of the program's own, 0 for none."""
    instrument_name: str = None
    instrument_kinds: int = 0
    instrument_unit: str = None
    scope_name: str = None
    scope_version: str = None
    name: str = None
    description: str = None
    keep: tuple = None
    exclude: tuple = None
    aggregation: int = DEFAULT
    bounds: tuple = None
    max_size: int = 0
    max_scale: int = 0
    no_min_max: bool = False
    max_series: int = 0
    reservoir: int = 0

    def line(self):
        how = {"keep": keys_words, "exclude": keys_words, "bounds": bounds_words}
        kinds = {str: text, bool: int, int: int, type(None): text}
        words = [how.get(field.name, lambda v: kinds[type(v)](v))(getattr(self, field.name))
                 for field in fields(self)]
        return " ".join(map(str, ["view", *words]))


@dataclass(frozen=True)
class Histogram:
    """What a histogram is created with; bounds None: the default ones."""
    aggregation: int = DEFAULT
    bounds: tuple = None
    max_size: int = 0
    max_scale: int = 0
    no_min_max: bool = False

    def words(self):
        return (f"{self.aggregation} {bounds_words(self.bounds)} {self.max_size} "
                f"{self.max_scale} {int(self.no_min_max)}")


def opening(*views, environment=False, reader=False, sends=True, **options):
    """The views and an SDK with them, and scope 0."""
    words = " ".join(f"{name} {number}" for name, number in options.items())
    return [*[view.line() for view in views],
            f"open {int(environment)} {int(reader)} {int(sends)} {words}".rstrip(),
            scope(0, "app", None)]


def scope(number, name, version):
    return f"scope {number} {text(name)} {text(version)}"


def attribute_set(number, values):
    """`values`: a dict, or a list of Attrs."""
    return f"set {number} {attrs(attrs_of(values) if isinstance(values, dict) else values)}"


def instrument(number, kind, name, unit=None, description=None, at=0, histogram=None):
    words = f" {histogram.words()}" if histogram else ""
    return (f"instrument {number} {at} {KINDS.index(kind)} {text(name)} {text(unit)} "
            f"{text(description)}{words}")


def record(number, v, at=0):
    return f"record {number} {at} {value(v)}"


# ---- what was sent ----

@dataclass(frozen=True)
class Stream:
    """What a metric says besides its points."""
    scope: str
    version: str
    name: str
    unit: str
    description: str
    shape: str  # sum, gauge, histogram, exponential_histogram
    temporality: int  # 0: a gauge
    monotonic: bool


@dataclass
class Seen:
    """One point of a stream."""
    stream: Stream
    key: frozenset  # of its attributes
    data: object  # the protobuf message

    @property
    def number(self):
        return getattr(self.data, self.data.WhichOneof("value"))


def plain(data):
    """The point as check_point() knows it: without exemplars, and with a sum if no value is below
    0, which histograms of instruments that may fall do not have. (M-46)"""
    copy = type(data)()
    copy.CopyFrom(data)
    copy.ClearField("exemplars")
    if hasattr(data, "sum") and data.HasField("min") and data.min >= 0:
        copy.sum = data.sum if data.HasField("sum") else data.count * data.min
    return copy


def seen_in(request):
    """All points of a request, each checked by itself but for its exemplars."""
    found = []
    for resource in request.decoded().resource_metrics:
        for batch in resource.scope_metrics:
            for metric in batch.metrics:
                shape = metric.WhichOneof("data")
                data = getattr(metric, shape)
                stream = Stream(batch.scope.name, batch.scope.version, metric.name, metric.unit,
                                metric.description, shape,
                                0 if shape == "gauge" else data.aggregation_temporality,
                                shape == "sum" and data.is_monotonic)
                for one in data.data_points:
                    key = frozenset(decoded_attrs(one.attributes).items())
                    found.append(Seen(stream, key, one))
                    check_point(Point(metric.name, shape, stream.temporality, stream.monotonic,
                                      key, plain(one)))
    return found


def told_before(result, name):
    """What was told before each answer of that name, since the one before it."""
    found, current = [], []
    for what, event in result.events:
        if what == "value" and event[0] == "told":
            current.append(bytes.fromhex(event[1][0][1:]).decode())
        elif what == "value" and event[0] == name:
            found.append(current)
            current = []
    return found


def flushes(result):
    """The points of each `flush`, in order."""
    readings, current = [], []
    for what, event in result.events:
        if what == "request" and event.signal == METRICS:
            current += seen_in(event)
        elif what == "value" and event[0] == "flush":
            assert event[1] == ["0"], event
            readings.append(current)
            current = []
    return readings


# ---- what the second reader was shown ----

class Words:
    """The words of an answer, read one after the other."""

    def __init__(self, words):
        self.words = iter(words)

    def text(self):
        return bytes.fromhex(next(self.words)[1:])

    def int(self):
        return int(next(self.words))

    def bool(self):
        return bool(self.int())

    def double(self):
        return struct.unpack(">d", bytes.fromhex(next(self.words)))[0]

    def many(self, one, n):
        return [one() for _ in range(n)]

    def attrs(self):
        found = {}
        for _ in range(self.int()):
            key, kind = self.text().decode(), self.int()
            found[key] = {1: lambda: self.text().decode(), 2: self.bool, 4: self.double}.get(
                kind, self.int)()
        return found

    def exemplar(self):
        return Exemplar(self.int(), self.bool(), self.int(), self.double(), self.text(),
                        self.text(), self.attrs())

    def buckets(self):
        offset, n = self.int(), self.int()
        return offset, self.many(self.int, n)


@dataclass
class Exemplar:
    time: int
    is_double: bool
    i: int
    d: float
    trace_id: bytes
    span_id: bytes
    attrs: dict


@dataclass
class Shown:
    """An otel_point; what it says depends on its aggregation."""
    scope: str
    version: str
    name: str
    unit: str
    description: str
    kind: int
    aggregation: int
    temporality: int
    monotonic: bool
    is_double: bool
    start: int
    time: int
    i: int
    d: float
    attrs: dict
    exemplars: list
    count: int = 0
    sum: float = None
    least: float = None
    most: float = None
    bounds: list = None
    buckets: list = None
    scale: int = None
    zeros: int = None
    positive: tuple = None
    negative: tuple = None


def shown_of(words):
    w = Words(words)
    texts = [w.text().decode() for _ in range(5)]
    point = Shown(*texts, w.int(), w.int(), w.int(), w.bool(), w.bool(), w.int(), w.int(), w.int(),
                  w.double(), w.attrs(), [])
    point.exemplars = w.many(w.exemplar, w.int())
    if point.aggregation >= EXPLICIT:
        point.count = w.int()
        has, number = w.bool(), w.double()
        point.sum = number if has else None
        has, least, most = w.bool(), w.double(), w.double()
        point.least, point.most = (least, most) if has else (None, None)
    if point.aggregation == EXPLICIT:
        n = w.int()
        point.bounds, point.buckets = w.many(w.double, n), w.many(w.int, n + 1)
    elif point.aggregation == EXPONENTIAL:
        point.scale, point.zeros = w.int(), w.int()
        point.positive, point.negative = w.buckets(), w.buckets()
    assert not list(w.words), "words too many"
    return point


def shows(result):
    """The points of each `read`, in order."""
    readings, current = [], []
    for what, event in result.events:
        if what == "value" and event[0] == "point":
            current.append(shown_of(event[1]))
        elif what == "value" and event[0] == "read":
            assert event[1] == ["0"], event
            readings.append(current)
            current = []
    return readings


def number_for(kind, v):
    """A value in the instrument's number type."""
    return float(v) if is_f64(kind) else int(v)
