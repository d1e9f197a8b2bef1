"""Whatever instruments, views and measurements there are, each stream is what a model says.

The model is written from the requirements: which views match, what streams they make, which series
a measurement goes to. Doubles are halves of integers, so that their sums are exact.
"""
import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field

import pytest
from drive import BUILDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import DEFAULT_BOUNDS, OVERFLOW, AtOnce, lower
from readings import (CUMULATIVE, DELTA, KINDS, LOWMEMORY, bucket, exponential_counts, family,
                      ideal_scale, index_at_20, is_f64, place_of)
from viewing import (DEFAULT, DROP, EXPLICIT, EXPONENTIAL, LAST_VALUE, SUM, Histogram, Stream, View,
                     attribute_set, flushes, instrument, number_for, open_views, opening, scope,
                     told_before, value)
from words import Attr

EXAMPLES = int(os.environ.get("EXAMPLES", "200"))
LIMIT = 2000  # M-80
SCOPES = [("app", None), ("app", "1.0"), ("lib", "2")]
FAMILIES = KINDS[:7]


@pytest.fixture(scope="module", params=list(BUILDS))
def views(request):
    yield from open_views(request.param)


# ---- what is drawn ----

@dataclass(frozen=True)
class Instrument:
    at: int  # its scope
    kind: str
    name: str
    unit: str
    description: str
    histogram: Histogram = None

    def is_observable(self):
        return self.kind.startswith("o")


NAMES = ["load", "Load.avg", "disk", "disk.read", "x", "net/io-1"]
UNITS = [None, "By", "s"]
some_bounds = st.one_of(st.none(), st.sampled_from([(), (7,), (0, 5, 10), (-3, 2.5, 100)]))
bad_bounds = st.sampled_from([(3, 1), (1, 1), (0, math.inf), (math.nan,), tuple(range(256))])
sizes, scales = st.sampled_from([0, 0, 2, 3, 20]), st.sampled_from([0, 0, 127, -10, 1, 20])
histograms = st.builds(
    Histogram, st.sampled_from([DEFAULT, DEFAULT, EXPLICIT, EXPONENTIAL]), some_bounds, sizes,
    scales, st.booleans())


@st.composite
def drawn_instruments(draw):
    kind = draw(st.sampled_from(KINDS + 3 * ["histogram", "histogram_f64"]))
    return Instrument(draw(st.integers(0, len(SCOPES) - 1)), kind, draw(st.sampled_from(NAMES)),
                      draw(st.sampled_from(UNITS)), draw(st.sampled_from([None, "told"])),
                      draw(histograms) if family(kind) == "histogram" else None)


@st.composite
def patterns(draw, name):
    """The name as it is, in another case, or with some of it left to wildcards; or any pattern."""
    how = draw(st.sampled_from(["same", "upper", "wild", "wild", "wild", "any"]))
    if how == "any":
        return draw(st.sampled_from(["*", "**", "?", "??*", "", "*.*", "none", "*a*", "*/*-?"]))
    if how == "wild":
        begin, end = sorted([draw(st.integers(0, len(name))), draw(st.integers(0, len(name)))])
        between = draw(st.sampled_from(["*", "?" * (end - begin), "*?", "?*", "**"]))
        name = name[:begin] + between + name[end:]
    return name.upper() if how == "upper" else name


KEYS = ["a", "b", "aa", "otel.metric.overflow"]
some_keys = st.one_of(st.none(), st.lists(st.sampled_from(KEYS + ["a", "b", "A", ""]), max_size=2,
                                          unique=True).map(tuple))
@st.composite
def drawn_views(draw, instruments):
    """At most three criteria, which one of the instruments mostly meets."""
    one = draw(st.sampled_from(instruments))
    name, version = SCOPES[one.at]
    kind = 1 << FAMILIES.index(family(one.kind))
    criteria = {
        "instrument_name": patterns(one.name),
        "instrument_kinds": st.sampled_from([kind, kind | 1 << 9, 0b1111111, 0b1001, 1 << 9]),
        "instrument_unit": st.sampled_from([one.unit or ""] * 3 + ["By", "by"]),
        "scope_name": st.sampled_from([name] * 3 + ["lib", "App"]),
        "scope_version": st.sampled_from([version or ""] * 3 + ["1.0"])}
    chosen = draw(st.lists(st.sampled_from([*criteria]), max_size=3, unique=True))
    return View(
        **{criterion: draw(criteria[criterion]) for criterion in chosen},
        name=draw(st.sampled_from([None, None, None, "load", "LOAD", "9 any\ntext", "y"])),
        description=draw(st.sampled_from([None, None, "", "the view's"])),
        keep=draw(some_keys), exclude=draw(some_keys),
        aggregation=draw(st.sampled_from([DEFAULT, DEFAULT, DEFAULT, SUM, SUM, LAST_VALUE, EXPLICIT,
                                          EXPLICIT, EXPONENTIAL, DROP, 6])),
        bounds=draw(st.one_of(some_bounds, some_bounds, some_bounds, bad_bounds)),
        max_size=draw(sizes), max_scale=draw(scales), no_min_max=draw(st.booleans()),
        max_series=draw(st.sampled_from([0, 0, 0, 1, 2, 3])))


drawn_attrs = st.one_of(
    *2 * [st.builds(lambda key, v: Attr("i", key.encode(), v), st.sampled_from(KEYS[:3]),
                    st.integers(1, 2))],
    st.builds(lambda key: Attr("n", key.encode(), b"v"), st.sampled_from(["a", "b"])),
    st.just(Attr("b", b"otel.metric.overflow", 1)))
drawn_sets = st.lists(drawn_attrs, max_size=4)  # a key may be there more than once

halves = st.integers(-2000, 2000).map(lambda n: n / 2).filter(
    lambda v: v == 0 or index_at_20(abs(v)) is not None)


@st.composite
def numbers(draw, kind):
    """Mostly valid ones. A histogram gets none below 0: its sum, made by a view, only grows."""
    v = number_for(kind, draw(halves))
    if is_f64(kind) and draw(st.integers(0, 20)) == 0:
        return draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    wrong = family(kind) in ("counter", "ocounter") and draw(st.integers(0, 10)) == 0
    return abs(v) if family(kind) in ("counter", "ocounter", "histogram") and not wrong else v


@st.composite
def rounds(draw, instruments, n_sets):
    """What is recorded, as (instrument, set, value, bound), and what is told, one value a set."""
    sync = [i for i, one in enumerate(instruments) if not one.is_observable()]
    observables = [i for i, one in enumerate(instruments) if one.is_observable()]
    recorded, told = [], []
    if sync:
        for i, s, bound in draw(st.lists(st.tuples(
                st.sampled_from(sync), st.integers(0, n_sets - 1), st.booleans()), min_size=3,
                max_size=12)):
            recorded.append((i, s, draw(numbers(instruments[i].kind)), bound))
    if observables:
        for i, s in draw(st.lists(st.tuples(
                st.sampled_from(observables), st.integers(0, n_sets - 1)), min_size=2,
                max_size=10)):
            told.append((i, s, draw(numbers(instruments[i].kind))))
    return recorded, told


@st.composite
def plans(draw):
    instruments = draw(st.lists(drawn_instruments(), min_size=1, max_size=4,
                                unique_by=lambda one: (one.at, lower(one.name))))
    some = draw(st.lists(drawn_views(instruments), max_size=4))
    sets = draw(st.lists(drawn_sets, min_size=1, max_size=8))
    return (instruments, some, sets,
            draw(st.lists(rounds(instruments, len(sets)), min_size=1, max_size=3)))


# ---- which views match, and what they make ----

def name_fits(pattern, name):
    """M-31: * is any text, ? one character, in any case."""
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(c) or re.escape(c) for c in lower(pattern))
    return re.fullmatch(text, lower(name), re.DOTALL) is not None


def matches(view, one):
    name, version = SCOPES[one.at]
    return all([view.instrument_name is None or name_fits(view.instrument_name, one.name),
                view.instrument_kinds == 0
                or view.instrument_kinds >> FAMILIES.index(family(one.kind)) & 1,
                view.instrument_unit in (None, one.unit or ""),
                view.scope_name in (None, name), view.scope_version in (None, version or "")])


def suits(view, one):
    """M-34: values that are told are no distribution; 6 is no aggregation."""
    return view.aggregation <= LAST_VALUE or (view.aggregation <= EXPONENTIAL
                                              and not one.is_observable())


def are_bounds(bounds):
    return (len(bounds) <= 255 and all(map(math.isfinite, bounds))
            and all(a < b for a, b in zip(bounds, bounds[1:])))


DELTA_KINDS = {DELTA: {"counter", "histogram", "ocounter"}, LOWMEMORY: {"counter", "histogram"},
               CUMULATIVE: set()}  # M-61


@dataclass
class Wanted:
    """One point that must come."""
    stream: Stream
    key: frozenset
    kind: str
    number: float = 0
    values: list = ()
    ever: list = ()  # of a histogram: since the beginning
    form: Histogram = None

    def is_in(self, data):
        if self.form is None:
            which = "as_double" if is_f64(self.kind) else "as_int"
            return data.WhichOneof("value") == which and getattr(data, which) == self.number
        return (self.same_numbers(data) and
                (self.same_buckets(data) if self.form.aggregation == EXPLICIT else
                 self.same_exponential(data)))

    def same_numbers(self, data):
        least, most = min(self.values), max(self.values)
        has_sum = family(self.kind) in ("counter", "histogram") and least >= 0  # M-46
        extremes = (data.HasField("min"), data.HasField("max"), data.min, data.max)
        return (data.count == len(self.values)
                and (data.HasField("sum"), data.sum) == (has_sum, sum(self.values) * has_sum)
                and extremes == ((False, False, 0, 0) if self.form.no_min_max else
                                 (True, True, least, most)))

    def same_buckets(self, data):
        counts = Counter(bucket(self.form.bounds, v) for v in self.values)
        return (list(data.explicit_bounds) == list(self.form.bounds)
                and list(data.bucket_counts) == [counts[i] for i in
                                                 range(len(self.form.bounds) + 1)])

    def same_exponential(self, data):
        """M-51. A delta point may have the scale that all values so far need."""
        size, scale = self.form.max_size, self.form.max_scale
        counts = Counter(place_of(v, data.scale) for v in self.values)
        zeros = counts.pop((0, 0), 0)
        return (ideal_scale(self.ever, size, scale) <= data.scale <=
                ideal_scale(self.values, size, scale)
                and exponential_counts(data) == counts and data.zero_count == zeros)


@dataclass
class Model:
    """One stream: of one instrument and at most one view."""
    one: Instrument
    view: View
    preference: int
    form: Histogram = None
    odd: bool = False  # some options were not valid
    claimed: set = field(default_factory=set)
    series: dict = field(default_factory=dict)  # {key: [values so far]}, or the sum, or the last
    fresh: set = field(default_factory=set)
    begun: dict = field(default_factory=dict)  # {key: what of it was sent}: values, or a number

    def __post_init__(self):
        self.aggregation = self.view.aggregation
        if self.aggregation == DEFAULT and family(self.one.kind) != "histogram":
            self.aggregation = LAST_VALUE if family(self.one.kind).endswith("gauge") else SUM
        if self.aggregation in (DEFAULT, EXPLICIT, EXPONENTIAL):
            self.shape_histogram()
        self.is_delta = (self.aggregation != LAST_VALUE and
                         family(self.one.kind) in DELTA_KINDS[self.preference])
        shape = {SUM: "sum", LAST_VALUE: "gauge", EXPLICIT: "histogram",
                 EXPONENTIAL: "exponential_histogram"}[self.aggregation]
        name, version = SCOPES[self.one.at]
        self.stream = Stream(
            name, version or "", self.one.name if self.view.name is None else self.view.name,
            self.one.unit or "",
            (self.one.description or "") if self.view.description is None else
            self.view.description,
            shape, 0 if shape == "gauge" else DELTA if self.is_delta else CUMULATIVE,
            shape == "sum" and family(self.one.kind) in ("counter", "ocounter", "histogram"))

    def shape_histogram(self):
        """M-35, M-47: a view that names an aggregation does not look at what the instrument was
        created with; one that does not, changes what it says."""
        asked = self.one.histogram if self.view.aggregation == DEFAULT else None
        asked = asked or Histogram()
        self.aggregation = self.view.aggregation or asked.aggregation or EXPLICIT
        bounds = asked.bounds if self.view.bounds is None else self.view.bounds
        self.odd = bounds is not None and not are_bounds(bounds)
        self.form = Histogram(
            self.aggregation, DEFAULT_BOUNDS if bounds is None or self.odd else bounds,
            self.view.max_size or asked.max_size or 160,
            {127: 0, 0: 20}.get(scale := self.view.max_scale or asked.max_scale, scale),
            self.view.no_min_max or asked.no_min_max)

    def place(self, attrs):
        """M-38, M-80..M-82: the series of a set, after filtering, or the overflow."""
        keep, exclude = self.view.keep, self.view.exclude
        key = frozenset((k, v) for k, v in attrs.items() if (keep is None or k in keep)
                        and (exclude is None or k not in exclude))
        if key != OVERFLOW and (key in self.claimed
                                or len(self.claimed) < (self.view.max_series or LIMIT)):
            self.claimed.add(key)
            return key
        return OVERFLOW

    def record(self, key, v):
        self.fresh.add(key)
        if self.form is not None:
            self.series.setdefault(key, []).append(float(v))
        elif self.aggregation == LAST_VALUE:
            self.series[key] = v
        else:
            self.series[key] = self.series.get(key, 0) + v

    def recorded(self):
        """The points of a reading, when values are recorded. M-63."""
        found = []
        for key in self.fresh if self.is_delta else self.series:
            now, none = self.series[key], [] if self.form else 0
            sent = self.begun.get(key, none) if self.is_delta else none
            if self.form is None:
                found.append(self.wanted(key, number=now - sent))
            else:
                found.append(self.wanted(key, values=now[len(sent):], ever=list(now)))
            self.begun[key] = list(now) if self.form else now
        self.fresh = set()
        return found

    def told(self, pairs):
        """The points of a reading in which this is told. M-66, M-67: sums of sets that are one
        after filtering, or share the overflow, are added up; of others the last one counts."""
        self.series = {}
        for attrs, v in pairs:
            self.record(self.place(attrs), v)
        found = []
        for key, now in self.series.items():
            before = self.begun.get(key, 0)
            self.begun[key] = now
            found.append(self.wanted(key, number=now - before if self.is_delta and now >= before
                                     else now))
        return found

    def wanted(self, key, **says):
        return Wanted(self.stream, key, self.one.kind, form=self.form, **says)


def models_of(one, some, preference):
    """The streams of an instrument, and what there is to tell about them. M-33, M-34."""
    matching = [view for view in some if matches(view, one)]
    suiting = [view for view in matching if suits(view, one)]
    models = [Model(one, view, preference) for view in suiting or [View()]
              if view.aggregation != DROP]
    news = {"ignored"} if len(suiting) < len(matching) else set()
    return models, news | ({"not valid"} if any(m.odd for m in models) else set())


# ---- the program, and what must come of it ----

def is_bad(kind, v):
    return not math.isfinite(v) or (family(kind) in ("counter", "ocounter") and v < 0)


class Run:
    """A plan on its way through the model; `lines` is its program."""

    def __init__(self, plan, preference, reader=False):
        self.instruments, some, self.sets, rounds = plan
        self.attrs = [AtOnce(items, 128).all for items in self.sets]
        self.lines = [*opening(*some, temporality=preference, reader=reader)]
        self.lines += [scope(i, *SCOPES[i]) for i in range(1, len(SCOPES))]
        self.lines += [attribute_set(i, items) for i, items in enumerate(self.sets)]
        self.models, self.news, self.bad, self.readings = [], [], 0, []
        self.bindings = {}  # {(instrument, set): its number, its place in each stream}
        for i, one in enumerate(self.instruments):
            self.lines.append(instrument(i, one.kind, one.name, one.unit, one.description, one.at,
                                         one.histogram))
            models, news = models_of(one, some, preference)
            self.news.append(news | self.conflict(models))
            self.models.append(models)
        for recorded, told in rounds:
            self.round(recorded, told)
        self.lines.append("stats")

    def conflict(self, models):
        """M-33: whether a stream has the name of one before it."""
        names = [(m.one.at, lower(m.stream.name)) for all_of in self.models for m in all_of]
        own = [(m.one.at, lower(m.stream.name)) for m in models]
        return {"second metric"} if len(set(own)) < len(own) or set(own) & set(names) else set()

    def round(self, recorded, told):
        for i, s, v, bound in recorded:
            self.record(i, s, v, bound)
        self.lines.append("hush")
        pairs = {}
        for i, s, v in told:
            kind = self.instruments[i].kind
            if any(self.attrs[s] == attrs for attrs, _ in pairs.get(i, [])):
                continue  # a second value of one set replaces the first: not what is tried here
            self.lines.append(f"tell {i} {s} {value(v)}")
            if is_bad(kind, v):
                self.bad += bool(self.models[i])
            else:
                pairs.setdefault(i, []).append((self.attrs[s], v))
        self.lines.append("flush")
        reading = []
        for i, models in enumerate(self.models):
            for m in models:
                reading += (m.told(pairs.get(i, [])) if self.instruments[i].is_observable() else
                            m.recorded())
        self.readings.append(reading)

    def record(self, i, s, v, bound):
        if bound:
            if (i, s) not in self.bindings:
                self.lines.append(f"bind {len(self.bindings)} {i} {s}")
                places = [m.place(self.attrs[s]) for m in self.models[i]]  # M-107: for good
                self.bindings[i, s] = len(self.bindings), places
            number, places = self.bindings[i, s]
            self.lines.append(f"bound {number} {value(v)}")
        else:
            self.lines.append(f"record {i} {s} {value(v)}")
        if is_bad(self.instruments[i].kind, v):
            self.bad += bool(self.models[i])
            return
        if not bound:
            places = [m.place(self.attrs[s]) for m in self.models[i]]
        for m, place in zip(self.models[i], places):
            m.record(place, v)


def take_out(want, found):
    """Remove the point from what was found; several streams may be alike."""
    alike = [seen for seen in found if (seen.stream, seen.key) == (want.stream, want.key)]
    for seen in alike:
        if want.is_in(seen.data):
            found.remove(seen)
            return
    raise AssertionError(f"wanted {want}\nof {[seen.data for seen in alike]}\nof "
                         f"{[(seen.stream, set(seen.key)) for seen in found]}")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture])
@given(plan=plans(), preference=st.sampled_from([DELTA, CUMULATIVE, LOWMEMORY]),
       reader=st.sampled_from([False, False, True]))
def test_each_stream_is_what_the_model_says(views, plan, preference, reader):
    """M-30..M-35, M-38, M-40..M-47, M-68, M-80..M-83, M-107..M-109. A second reader, which nobody
    asks, makes no difference to the first one."""
    run = Run(plan, preference, reader)
    result = views.run(run.lines)

    there = [models != [] for models in run.models]
    answers = [list(map(int, words)) for words in result.values("instrument")]
    assert answers == [[is_there, is_there, True] for is_there in there]  # M-20, M-108
    for reading, found in zip(run.readings, flushes(result), strict=True):
        for want in reading:
            take_out(want, found)
        assert not found, "points of streams that nobody asked for"
    bad, lost, _ = map(int, result.values("stats")[0])
    assert (bad, lost) == (run.bad, 0)

    told = [{word for text in texts for word in ("ignored", "not valid", "second metric")
             if word in text} for texts in told_before(result, "instrument")]
    assert told == run.news
    assert all("instrument" in text for texts in told_before(result, "instrument")
               for text in texts)
