"""Writes programs for views.c and reads what it sent and what its second reader was shown.

Sets are numbered as the program defines them. The numbers in comments are those of the
requirements that the project keeps.
"""
import struct
from dataclasses import dataclass, fields

from drive import METRICS
from model import decoded_attrs
from readings import (KINDS, Histogram, Point, bounds_words, check_point,  # noqa: F401: for tests
                      number_for, open_driver, value)
from words import attrs, attrs_of, text

DEFAULT, DROP, SUM, LAST_VALUE, EXPLICIT, EXPONENTIAL = range(6)
EXEMPLARS = ["-DOTEL_LITE_EXEMPLARS"]


def open_views(build, flags=()):
    """A driver of views.c, its process ended afterwards; for fixtures."""
    name = "".join("." + flag.lower().removeprefix("-dotel_lite_") for flag in flags)
    yield from open_driver("views", build, flags, "views" + name)


# ---- writing programs ----

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
    found, current, texts = [], [], iter(result.diagnostics)
    for what, event in result.events:
        if what == "value" and event[0] == "told":
            current.append(next(texts))
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
        number = self.int()
        assert number in (0, 1)
        return number == 1

    def double(self):
        return struct.unpack(">d", bytes.fromhex(next(self.words)))[0]

    def list(self, one):
        return [one() for _ in range(self.int())]

    def attrs(self):
        found = {}
        for _ in range(self.int()):
            key, kind = self.text().decode(), self.int()
            found[key] = [self.nothing, lambda: self.text().decode(), self.bool, self.int,
                          self.double][kind]()
        return found

    def nothing(self):
        assert self.int() == 0

    def exemplar(self):
        return Exemplar(self.int(), self.bool(), self.int(), self.double(), self.text(),
                        self.text(), self.attrs())

    def buckets(self):
        return self.int(), self.list(self.int)


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
    attrs: dict
    i: int
    d: float
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
    """What a shape does not have is zero."""
    w = Words(words)
    texts = [w.text().decode() for _ in range(5)]
    point = Shown(*texts, w.int(), w.int(), w.int(), w.bool(), w.bool(), w.int(), w.int(),
                  w.attrs(), w.int(), w.double(), w.list(w.exemplar))
    point.count, has_sum, total = w.int(), w.bool(), w.double()
    has_ends, least, most = w.bool(), w.double(), w.double()
    explicit = w.list(w.double), w.list(w.int)
    exponential = w.int(), w.int(), w.buckets(), w.buckets()
    assert not list(w.words), "words too many"
    assert (has_sum or total == 0) and (has_ends or (least, most) == (0, 0))
    point.sum = total if has_sum else None
    point.least, point.most = (least, most) if has_ends else (None, None)
    if point.aggregation == EXPLICIT:
        point.bounds, point.buckets = explicit
    else:
        assert explicit == ([], [])
    if point.aggregation == EXPONENTIAL:
        point.scale, point.zeros, point.positive, point.negative = exponential
    else:
        assert exponential == (0, 0, (0, []), (0, []))
    if point.aggregation < EXPLICIT:
        assert not point.count and not has_sum and not has_ends
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
