"""What the library must deliver, written from the requirements and not from its source: a Session
takes calls, writes them as instructions for drive.c and keeps, in plain Python, what should arrive.

The numbers in comments are those of the requirements that the project keeps: C values and
attributes, T traces, M metrics, L logs, P protobuf, B batching.
"""
import math
import struct
from collections import Counter
from dataclasses import dataclass, field, replace

from drive import LOGS, METRICS, PATHS, TRACES, check_identity
from words import attrs, double, text

SAMPLED, RANDOM = 1, 2
ATTRIBUTE_LIMIT, EVENT_LIMIT, KEY_LIMIT = 128, 128, 16383
DEFAULT_BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]  # M-44
KINDS = [family + number for family in ("counter", "updown", "gauge", "histogram")
         for number in ("", "_f64")]
OVERFLOW = frozenset({("otel.metric.overflow", ("b", True))})  # M-81
START_UNIX, START_MONOTONIC = 1_700_000_000_000_000_000, 5_000_000_000


def repaired(value):
    """Bytes as text; each maximal ill-formed part becomes one U+FFFD. (C-20, P-09)"""
    return value.decode("utf-8", "replace")


def lower(name):
    """Names are compared in any case, of ASCII letters. (M-03)"""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)


def bits(value):
    return "nan" if math.isnan(value) else struct.pack(">d", value)


def value_of(attr):
    """The value of an Attr in a form that compares types and zero values too. (P-03, P-04)"""
    if attr.kind in "sn":
        return ("e",) if attr.value is None else ("s", repaired(attr.value))
    if attr.kind == "d":
        return ("d", bits(attr.value))
    if attr.kind == "b":
        return ("b", bool(attr.value))
    return ("i", attr.value) if attr.kind == "i" else ("e",)


def decoded_value(any_value):
    which = any_value.WhichOneof("value")
    value = getattr(any_value, which) if which else None
    return {"string_value": lambda: ("s", value), "bool_value": lambda: ("b", value),
            "int_value": lambda: ("i", value), "double_value": lambda: ("d", bits(value)),
            None: lambda: ("e",)}[which]()


def decoded_attrs(key_values):
    """KeyValues as a dict; a key may be there once. (C-06)"""
    keys = [kv.key for kv in key_values]
    assert len(keys) == len(set(keys)), f"C-06: a key occurs twice: {keys}"
    assert all(keys), "C-01: an empty key"
    return {kv.key: decoded_value(kv.value) for kv in key_values}


def is_attribute(attr):
    return bool(attr.key) and len(attr.key) <= KEY_LIMIT  # C-01; the limit is the library's own


class Attributes:
    """A collection that attributes are set in one after the other."""

    def __init__(self, limit):
        self.limit, self.values, self.dropped = limit, {}, 0

    def set(self, items):
        for attr in items:
            key = repaired(attr.key) if attr.key else ""
            if not is_attribute(attr):
                self.dropped += 1
            elif key in self.values or len(self.values) < self.limit:  # C-09, C-10
                self.values[key] = value_of(attr)  # C-06: the last one wins
            else:
                self.dropped += 1
        return self


class AtOnce:
    """Attributes given in one list. Which keys a limit keeps is open, how many is not."""

    def __init__(self, items, limit):
        self.all = {repaired(a.key): value_of(a) for a in items if is_attribute(a)}  # C-06
        self.kept = min(limit, len(self.all))  # C-09
        self.dropped = len(self.all) - self.kept + sum(not is_attribute(a) for a in items)

    def check(self, key_values, dropped):
        got = decoded_attrs(key_values)
        assert got.items() <= self.all.items(), (got, self.all)
        assert (len(got), dropped) == (self.kept, self.dropped)  # P-27


@dataclass
class Context:
    trace_id: bytes = bytes(16)
    span_id: bytes = bytes(8)
    flags: int = 0
    remote: bool = False

    def is_valid(self):
        return any(self.trace_id) and any(self.span_id)  # T-07

    def word(self):
        return "c" + text(self.trace_id + self.span_id + bytes([self.flags, self.remote]))


@dataclass
class Span:
    number: int
    scope: tuple = None
    parent: object = None  # a Context, a Span, or None for a root
    recording: bool = False
    name: str = ""
    kind: int = 1
    start: int = 0
    start_monotonic: int = 0
    end: int = 0
    attributes: Attributes = None
    events: list = field(default_factory=list)
    dropped_events: int = 0
    status: tuple = (0, "")
    context: Context = None  # known once the instructions were carried out
    existing: bool = True  # False: what a NULL scope gives

    def flags(self):
        if self.parent is None:
            return SAMPLED | RANDOM  # T-50, X-39
        flags = self.parent.flags() if isinstance(self.parent, Span) else self.parent.flags
        return flags & (SAMPLED | RANDOM)


@dataclass
class Log:
    scope: tuple
    time: int
    observed: int
    severity: int
    severity_text: str
    body: str  # None: no body
    event_name: str
    attributes: AtOnce
    context: object  # a Span, a Context, or None


@dataclass
class Series:
    first: int  # when it was first recorded to
    sum: float = 0
    count: int = 0
    last: float = 0
    least: float = math.inf
    most: float = -math.inf
    buckets: Counter = field(default_factory=Counter)
    weight: float = 0.0  # sum of magnitudes: bounds the rounding of `sum`


@dataclass
class Instrument:
    number: int
    kind: str
    scope: tuple
    name: str
    unit: str
    description: str
    bounds: list
    series: dict = field(default_factory=dict)

    def is_double(self):
        return self.kind.endswith("_f64")

    def family(self):
        return self.kind.removesuffix("_f64")


class Session:
    """One SDK's life: the instructions so far and what they should give."""

    def __init__(self, service="test", resource=(), **options):
        self.options = options
        self.limit = options.get("attribute_limit", ATTRIBUTE_LIMIT)
        self.lines = [f"time {START_MONOTONIC} {START_UNIX}", "entropy 7"]
        self.now, self.monotonic = START_UNIX, START_MONOTONIC
        self.answers = []  # what values the driver must give, in order: (name, check)
        self.scopes, self.spans, self.logs, self.instruments = [], [], [], []
        self.ended, self.stack, self.current = [], [], None
        self.collections = []  # for each flush: {instrument number: the instrument as it was}
        self.losses = Counter()
        self.resource = {repaired(a.key): value_of(a) for a in resource if is_attribute(a)}
        self.resource["service.name"] = ("s", service)  # a name by itself wins
        self.unsampled = self.bad_values = 0
        words = " ".join(f"{name} {number}" for name, number in options.items())
        self.add(f"open {text(service)} {attrs(resource)} {words}".rstrip())
        self.answers.append(("open", self.opened))

    # ---- calls ----

    def add(self, line):
        self.lines.append(line)

    def opened(self, words):
        status, exists, needed = map(int, words)
        assert (status, exists) == (0, 1), f"otel_open: status {status}"
        assert needed > 0

    def advance(self, ns):
        self.add(f"advance {ns}")
        self.now += ns
        self.monotonic += ns

    def scope(self, name, version=None):
        key = (repaired(name or b""), repaired(version or b""))
        number = len(self.scopes)
        self.scopes.append(key)
        self.add(f"scope {number} {text(name)} {text(version)}")

        def check(words):  # C-21: the same pair is the same scope, another pair is another
            assert int(words[0]) == self.scopes.index(key)

        self.answers.append(("scope", check))
        return number

    def open_spans(self):
        return sum(span.recording and not span.end for span in self.spans)

    def valid(self, parent):
        """The parent if it is one: an invalid context is none. (T-30)"""
        if isinstance(parent, Span):
            return parent if parent.existing else None
        return parent if parent is not None and parent.is_valid() else None

    def span(self, scope, name, kind=0, parent="current", items=()):
        span = Span(len(self.spans), self.scopes[scope])
        self.spans.append(span)
        word = parent if isinstance(parent, str) else self.context_word(parent)
        self.add(f"span {span.number} {scope} {text(name)} {kind} {word} {attrs(items)}")
        self.add(f"context {span.number}")
        self.answers.append(("context", lambda words: self.check_context(span, words)))
        span.parent = {"current": self.current, "root": None}.get(parent) \
            if isinstance(parent, str) else parent
        span.parent = self.valid(span.parent)
        if not span.flags() & SAMPLED:  # T-50, T-53
            self.unsampled += 1
            return span
        if self.open_spans() >= self.options.get("max_open_spans", 256):
            self.losses["no_slot"] += 1
            return span
        span.recording = True
        span.name, span.kind = repaired(name or b""), kind if 1 <= kind <= 5 else 1  # P-22
        span.start, span.start_monotonic = self.now, self.monotonic
        span.attributes = Attributes(self.limit).set(items)
        return span

    def context_word(self, context):
        return f"s{context.number}" if isinstance(context, Span) else context.word()

    def set(self, span, items):
        self.add(f"set {span.number} {attrs(items)}")
        if span.recording and not span.end:
            span.attributes.set(items)

    def event(self, span, name, items=()):
        self.add(f"event {span.number} {text(name)} {attrs(items)}")
        if span.recording and not span.end:
            if len(span.events) >= EVENT_LIMIT:  # T-34
                span.dropped_events += 1
            else:
                event = (self.now, repaired(name or b""), AtOnce(items, self.limit))
                span.events.append(event)

    def status(self, span, code, message=None):
        self.add(f"status {span.number} {code} {text(message)}")
        if span.recording and not span.end and code in (1, 2) and span.status[0] != 1:  # T-13
            span.status = (code, repaired(message or b"") if code == 2 else "")  # T-12

    def end(self, span):
        self.add(f"end {span.number}")
        if span.recording and not span.end:  # T-15: later ends are ignored
            span.end = span.start + self.monotonic - span.start_monotonic  # C-31
            self.ended.append(span)

    def attach(self, span):
        self.add(f"attach {span.number}")
        self.stack.append(self.current)
        self.current = span

    def detach(self):
        self.add("detach")
        if self.stack:
            self.current = self.stack.pop()

    def log(self, scope, severity, body, items=()):
        self.add(f"log {scope} {severity} {text(body)} {attrs(items)}")
        self.keep_log(scope, severity, None, body, None, self.now, self.current, items)

    def emit(self, scope, severity, severity_text, body, event_name, time, context, items=()):
        word = context if isinstance(context, str) else self.context_word(context)
        self.add(f"emit {scope} {severity} {text(severity_text)} {text(body)} {text(event_name)} "
                 f"{time} {word} {attrs(items)}")
        context = self.current if isinstance(context, str) else context
        self.keep_log(scope, severity, severity_text, body, event_name, time, context, items)

    def keep_log(self, scope, severity, severity_text, body, event_name, time, context, items):
        self.logs.append(Log(
            self.scopes[scope], time, self.now, severity if 0 <= severity <= 24 else 0,
            repaired(severity_text or b""), None if body is None else repaired(body),
            repaired(event_name or b""), AtOnce(items, self.limit), self.valid(context)))

    def instrument(self, kind, scope, name, unit=None, description=None, bounds=()):
        number = len(self.instruments)
        made = Instrument(number, kind, self.scopes[scope], *[repaired(t or b"") for t in
                                                               (name, unit, description)],
                          [float(bound) for bound in bounds or DEFAULT_BOUNDS])
        words = f"instrument {number} {kind} {scope} {text(name)} {text(unit)} {text(description)}"
        if made.family() == "histogram":
            words += " " + " ".join([str(len(bounds)), *map(double, bounds)])
        self.add(words)
        for other in reversed(self.instruments):  # M-22: the first spelling is used
            if (other.scope, lower(other.name)) == (made.scope, lower(made.name)):
                made.name = other.name
        same = [other for other in self.instruments if self.identity(other) == self.identity(made)]
        first = same[0] if same else made
        if len(made.description.encode()) > len(first.description.encode()):
            first.description = made.description  # M-21: the longer one
        self.instruments.append(first)

        def check(words):  # M-03, M-20, M-24
            assert int(words[0]) == first.number, (made, first)

        self.answers.append(("instrument", check))
        return number

    @staticmethod
    def identity(i):
        return i.scope, lower(i.name), i.kind, i.unit

    def record(self, number, value, items=()):
        one = self.instruments[number]
        word = double(value) if one.is_double() else str(value)
        self.add(f"record {number} {word} {attrs(items)}")
        if not math.isfinite(value) or (one.family() == "counter" and value < 0):  # M-10, M-48
            self.bad_values += 1
            return
        value = float(value) if one.family() == "histogram" else value
        key = frozenset(Attributes(ATTRIBUTE_LIMIT).set(items).values.items())  # C-08
        distinct = len(one.series) - (OVERFLOW in one.series)
        if key not in one.series and distinct >= self.options.get("max_series", 2000):
            key = OVERFLOW  # M-81, M-82: the limit and one more
        series = one.series.setdefault(key, Series(self.now))
        series.sum += value
        series.count += 1
        series.last = value
        series.least, series.most = min(series.least, value), max(series.most, value)
        series.weight += abs(value)
        bucket = next((i for i, bound in enumerate(one.bounds) if value <= bound),
                      len(one.bounds))  # M-45
        series.buckets[bucket] += 1

    def collect(self):
        """Flush: everything so far, and a reading of every instrument, must have arrived."""
        self.add("flush 0")
        self.answers.append(("flush", lambda words: self.check_status(words)))
        snapshot = {}
        for one in self.instruments:
            if one.series:
                series = {key: Series(**{**vars(s), "buckets": Counter(s.buckets)})
                          for key, s in one.series.items()}
                snapshot[one.number] = replace(one, series=series)
        self.collections.append((self.now, snapshot))

    def check_status(self, words):
        assert words == ["0"], f"otel_flush: {words}"

    # ---- what came of it ----

    def run(self, drive):
        """Carry everything out and compare all of it."""
        self.collect()
        self.add("stats")
        result = drive.run(self.lines)
        values = [e for kind, e in result.events if kind == "value" and e[0] != "stats"]
        assert [name for name, _ in values] == [name for name, _ in self.answers]
        for (_, words), (_, check) in zip(values, self.answers):
            check(words)
        for request in result.requests():
            self.check_request(request)
        self.check_spans(result)
        self.check_logs(result)
        self.check_metrics(result)
        self.check_stats(result.stats())
        return result

    def check_context(self, span, words):
        raw = bytes.fromhex(words[0])
        span.context = Context(raw[:16], raw[16:], int(words[1]), words[2] == "1")
        known = [other.context for other in self.spans if other.context and other is not span]
        assert span.context.is_valid() and not span.context.remote  # T-31, T-37
        assert span.context.span_id not in [c.span_id for c in known], "a span id twice"
        assert span.context.flags == span.flags()
        assert (words[3] == "1") == span.recording  # T-08
        if span.parent is not None:
            assert span.context.trace_id == self.ids(span.parent).trace_id  # T-06
        else:
            assert span.context.trace_id not in [c.trace_id for c in known], "a trace id twice"

    @staticmethod
    def ids(context):
        return context.context if isinstance(context, Span) else context

    def check_resource(self, request):
        (_, (sent,)), = request.decoded().ListFields()
        got = decoded_attrs(sent.resource.attributes)  # R-02, C-06
        assert self.resource.items() <= got.items()
        names = {"telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version"}
        assert names <= got.keys() <= names | {"service.instance.id", *self.resource}
        assert not sent.resource.dropped_attributes_count  # C-14

    def check_request(self, request):
        self.check_resource(request)
        assert request.content_type == "application/x-protobuf"
        assert request.path == PATHS[request.signal]
        assert request.body, "P-30: an empty request"
        assert len(request.body) <= self.options.get("max_request_bytes", 1 << 20)
        assert request.n_records == len(records(request))
        for _, batch in scoped(request):
            assert batch, "P-30: an envelope with nothing in it"
        scopes = [scope for scope, _ in scoped(request)]
        assert all(a != b for a, b in zip(scopes, scopes[1:])), "neighbours share their wrapper"

    def check_spans(self, result):
        got = [(scope, span) for request in result.requests(TRACES)
               for scope, span in records(request)]
        assert [(s.context.span_id, s.scope) for s in self.ended] == [
            (span.span_id, scope) for scope, span in got]
        for want, (_, span) in zip(self.ended, got):
            self.check_span(want, span)

    def check_span(self, want, span):
        assert (span.trace_id, span.span_id) == (want.context.trace_id, want.context.span_id)
        parent = self.ids(want.parent) if want.parent is not None else None
        assert span.parent_span_id == (parent.span_id if parent else b"")  # P-20
        remote = 0x200 if parent is not None and parent.remote else 0
        assert span.flags == want.flags() | 0x100 | remote  # P-21
        assert (span.name, span.kind) == (want.name, want.kind)
        assert (span.start_time_unix_nano, span.end_time_unix_nano) == (want.start, want.end)
        assert decoded_attrs(span.attributes) == want.attributes.values
        assert span.dropped_attributes_count == want.attributes.dropped  # P-27
        assert span.dropped_events_count == want.dropped_events
        assert (span.status.code, span.status.message) == want.status
        events = [(event.time_unix_nano, event.name) for event in span.events]
        assert events == [(time, name) for time, name, _ in want.events]  # T-10
        for event, (_, _, attributes) in zip(span.events, want.events):
            attributes.check(event.attributes, event.dropped_attributes_count)
        assert not span.links and not span.trace_state

    def check_logs(self, result):
        got = [pair for request in result.requests(LOGS) for pair in records(request)]
        assert len(got) == len(self.logs)
        for want, (scope, log) in zip(self.logs, got):
            assert scope == want.scope
            assert log.time_unix_nano == want.time
            assert log.observed_time_unix_nano == want.observed  # L-03
            assert (log.severity_number, log.severity_text) == (want.severity, want.severity_text)
            assert log.HasField("body") == (want.body is not None)
            if want.body is not None:
                assert decoded_value(log.body) == ("s", want.body)  # L-07, P-03
            assert log.event_name == want.event_name  # L-08
            want.attributes.check(log.attributes, log.dropped_attributes_count)
            context = self.ids(want.context) if want.context is not None else None
            assert log.trace_id == (context.trace_id if context else b"")  # L-04, P-20
            assert log.span_id == (context.span_id if context else b"")
            assert log.flags == (context.flags if context else 0)  # P-31

    def check_metrics(self, result):
        """Each flush gave one whole reading of every instrument that was recorded to. (M-63)"""
        readings, current = [], []
        for kind, event in result.events:
            if kind == "request" and event.signal == METRICS:
                current += records(event)
            elif kind == "value" and event[0] == "flush":
                readings.append(current)
                current = []
        assert len(readings) == len(self.collections) and not current
        starts = {}
        for (now, want), got in zip(self.collections, readings):
            assert len(got) == len(want)
            for one in want.values():
                metric, = [m for scope, m in got if scope == one.scope and self.is_of(m, one)]
                self.check_metric(one, metric, now, starts)

    @staticmethod
    def data_of(metric):
        return getattr(metric, metric.WhichOneof("data"))

    def is_of(self, metric, one):
        if (metric.name, metric.unit, metric.description) != (
                one.name, one.unit, one.description):
            return False
        return self.shape(metric) == one.kind or (
            one.family() == "histogram" and self.shape(metric) == "histogram")

    def shape(self, metric):
        which, data = metric.WhichOneof("data"), self.data_of(metric)
        if which == "histogram":
            return which
        family = "gauge" if which == "gauge" else "counter" if data.is_monotonic else "updown"
        kinds = {point.WhichOneof("value") for point in data.data_points}
        assert len(kinds) == 1, "one number type in one metric"
        return family + ("_f64" if kinds == {"as_double"} else "")

    def check_metric(self, one, metric, now, starts):
        data = self.data_of(metric)
        if one.family() != "gauge":
            assert data.aggregation_temporality == 2  # P-23, M-60
        points = {frozenset(decoded_attrs(p.attributes).items()): p for p in data.data_points}
        assert len(points) == len(data.data_points), "an attribute set twice"  # C-08
        assert points.keys() == one.series.keys()  # M-63, M-81, M-82
        for key, want in one.series.items():
            point = points[key]
            assert point.time_unix_nano == now and point.flags == 0  # M-62, P-24
            if one.family() != "gauge":
                start = starts.setdefault((one.number, key), point.start_time_unix_nano)
                assert point.start_time_unix_nano == start  # M-62
                assert START_UNIX <= start == want.first  # M-65
            if one.family() == "histogram":
                self.check_histogram(one, want, point)
            elif one.family() == "gauge":
                assert self.number_of(one, point) == want.last  # M-43
            elif one.is_double():
                assert close(point.as_double, want)
            else:
                assert self.number_of(one, point) == want.sum

    @staticmethod
    def number_of(one, point):
        which = point.WhichOneof("value")
        assert which == ("as_double" if one.is_double() else "as_int")  # P-03, P-08
        return getattr(point, which)

    @staticmethod
    def check_histogram(one, want, point):
        assert list(point.explicit_bounds) == one.bounds  # M-44, M-47
        assert list(point.bucket_counts) == [want.buckets[i] for i in range(len(one.bounds) + 1)]
        assert point.count == want.count == sum(point.bucket_counts)  # P-25
        assert (point.min, point.max) == (want.least, want.most)
        if want.least >= 0:
            assert point.HasField("sum")
        if point.HasField("sum"):  # M-46: may be left out when there are negative values
            assert close(point.sum, want)

    def check_stats(self, stats):
        check_identity(stats)
        traces, logs = stats["traces"], stats["logs"]
        assert traces["unsampled"] == self.unsampled
        assert traces["started"] == len(self.spans)
        assert traces["open"] == self.open_spans()
        assert traces["delivered"] == len(self.ended)
        assert traces["dropped"]["no_slot"] == self.losses["no_slot"]
        assert sum(traces["dropped"].values()) == sum(self.losses.values())
        assert logs["started"] == logs["delivered"] == len(self.logs)
        readings = sum(len(snapshot) for _, snapshot in self.collections)
        assert stats["metrics"]["delivered"] == readings
        assert stats["bad_values"] == self.bad_values
        dropped = sum(span.attributes.dropped + sum(e[2].dropped for e in span.events)
                      for span in self.ended)
        dropped += sum(log.attributes.dropped for log in self.logs)
        assert stats["dropped_attributes"] >= dropped
        assert stats["dropped_events"] == sum(span.dropped_events for span in self.ended)
        made = {one.number: one for one in self.instruments}.values()
        assert stats["overflowing_instruments"] == sum(OVERFLOW in one.series for one in made)
        assert stats["lost_values"] == 0
        assert stats["series"] == sum(len(one.series.keys() - {OVERFLOW}) for one in made)


def close(got, series):
    """Equal but for the order of additions."""
    return got == series.sum or math.isclose(
        got, series.sum, rel_tol=0, abs_tol=series.weight * 1e-13)


def scoped(request):
    """[((scope name, version), [records])] of a request, in its order."""
    out = []
    for resource in getattr(request.decoded(), ["resource_spans", "resource_metrics",
                                                "resource_logs"][request.signal]):
        for scope in getattr(resource, ["scope_spans", "scope_metrics",
                                        "scope_logs"][request.signal]):
            batch = getattr(scope, ["spans", "metrics", "log_records"][request.signal])
            out.append(((scope.scope.name, scope.scope.version), list(batch)))
    return out


def records(request):
    """[(scope, record)] of a request, in its order."""
    return [(scope, record) for scope, batch in scoped(request) for record in batch]
