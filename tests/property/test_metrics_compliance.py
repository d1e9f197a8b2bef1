"""Views, exemplars and readers as OpenTelemetry's list of features has them: each test is named
after a feature and quotes it. What a feature means in detail is tested elsewhere (test_views.py and
others); here each is shown to be there.
"""
import itertools
import re

import pytest
from conftest import ROOT
from drive import BUILDS
from model import DEFAULT_BOUNDS, OVERFLOW
from readings import CUMULATIVE, DELTA, KINDS, LOWMEMORY, START_UNIX
from viewing import (DROP, EXEMPLARS, EXPLICIT, EXPONENTIAL, LAST_VALUE, SUM, Histogram, View,
                     attribute_set, flushes, instrument, open_views, opening, record, scope, shows,
                     told_before, value)

ALWAYS_ON, ALWAYS_OFF, TRACE_BASED = 1, 2, 3
NONE = frozenset()


@pytest.fixture(scope="module", params=list(BUILDS))
def views(request):
    """views.c as it is compiled by default."""
    yield from open_views(request.param)


@pytest.fixture(scope="module")
def sampling():
    """views.c with exemplars."""
    yield from open_views("parts", EXEMPLARS)


def feature(text):
    """Names a test after the text."""
    def named(function):
        name = "test_" + re.sub(r"\W+", "_", text.lower().replace("`", "")).strip("_")
        function.__doc__ = "\n\n".join(filter(None, [text, function.__doc__]))
        assert name not in globals(), "two tests of one feature"
        globals()[name] = function
        return function

    return named


def key(**attributes):
    return frozenset((name, ("i", number)) for name, number in attributes.items())


def one_of_each(kinds=KINDS[:7]):
    """Instruments 0, 1, ... of these kinds, named after them, and a value for each."""
    lines = []
    for number, kind in enumerate(kinds):
        lines.append(instrument(number, kind, kind))
        lines.append(f"tell {number} 0 {value(3)}" if kind.startswith("o") else record(number, 3))
    return lines


def names(points):
    return sorted(seen.stream.name for seen in points)


def sent(driver, lines):
    """The points of the only flush, which comes last."""
    reading, = flushes(driver.run([*lines, "flush"]))
    return reading


def only(points):
    assert len(points) == 1, points
    return points[0]


# ---- views ----

@feature("There is a way to register `View`s with a `MeterProvider`.")
def views_are_registered(views):
    lines = [instrument(0, "counter", "load"), record(0, 1)]
    assert names(sent(views, [*opening(), *lines])) == ["load"]
    assert names(sent(views, [*opening(View(name="seen")), *lines])) == ["seen"]


CRITERIA = {"instrument_name": ("load", "loaded"), "instrument_kinds": (1 << 0, 1 << 1),
            "instrument_unit": ("By", "s"), "scope_name": ("app", "lib"),
            "scope_version": ("2", "3")}


@feature("The `View` instrument selection criteria is as specified.")
@pytest.mark.parametrize("n", range(len(CRITERIA) + 1))
def criteria(views, n):
    """Each is optional, all that are given have to match: every combination of n of them, with each
    right and one wrong."""
    lines = [scope(1, "app", "2"), instrument(0, "counter", "load", "By", at=1), record(0, 1)]
    for given in itertools.combinations(CRITERIA, n):
        right = {name: CRITERIA[name][0] for name in given}
        assert names(sent(views, [*opening(View(name="seen", **right)), *lines])) == ["seen"]
        for name in given:
            wrong = {**right, name: CRITERIA[name][1]}
            assert names(sent(views, [*opening(View(name="seen", **wrong)), *lines])) == ["load"]


@feature("The `View` instrument selection criteria supports wildcards.")
def wildcards(views):
    lines = []
    for number, name in enumerate(["disk.read", "disk.write", "dish.read", "disk"]):
        lines += [instrument(number, "counter", name), record(number, 1)]
    for pattern, kept in (("disk.*", ["dish.read", "disk"]), ("dis?.read", ["disk", "disk.write"]),
                          ("*.read", ["disk", "disk.write"])):
        dropping = View(instrument_name=pattern, aggregation=DROP)
        assert names(sent(views, [*opening(dropping), *lines])) == kept


@feature("The `View` instrument selection criteria supports the match-all wildcard.")
def match_all(views):
    dropping = View(instrument_name="*", aggregation=DROP)
    assert sent(views, [*opening(dropping), *one_of_each()]) == []


@feature("The `View` allows configuring the name, description, attributes keys and aggregation "
         "of the resulting metric stream.")
def stream_configuration(views):
    view = View(name="seen", description="of the view", keep=("a",), aggregation=LAST_VALUE)
    seen = only(sent(views, [
        *opening(view), attribute_set(1, {"a": 1, "b": 2}), attribute_set(2, {"a": 1, "b": 3}),
        instrument(0, "counter", "load", "By", "of the instrument"), record(0, 5, 1),
        record(0, 7, 2)]))
    assert (seen.stream.name, seen.stream.description) == ("seen", "of the view")
    assert (seen.stream.unit, seen.stream.shape) == ("By", "gauge")
    assert (seen.key, seen.number) == (key(a=1), 7)


@feature("The `View` allows configuring excluded attribute keys of resulting metric stream.")
def excluded_keys(views):
    seen = only(sent(views, [
        *opening(View(exclude=("b", "c"))), attribute_set(1, {"a": 1, "b": 2}),
        attribute_set(2, {"c": 4, "a": 1}), instrument(0, "counter", "load"), record(0, 5, 1),
        record(0, 7, 2)]))
    assert (seen.key, seen.number) == (key(a=1), 12)


@feature("The `View` allows configuring the exemplar reservoir of resulting metric stream.")
def reservoir_of_a_view(sampling):
    lines = [instrument(0, "counter", "load"), instrument(1, "counter", "other"),
             *[record(number, v) for v in (1, 2, 3, 4, 5) for number in (0, 1)]]
    options = {"exemplar_filter": ALWAYS_ON}
    view = View(instrument_name="load", reservoir=3)
    own, other = sent(sampling, [*opening(view, **options), *lines])
    assert [e.as_int for e in own.data.exemplars] == [4, 5, 3]  # the driver's goes round its places
    assert len(other.data.exemplars) == 1


@feature("The SDK allows more than one `View` to be specified per instrument.")
def several_views(views):
    some = [View(name="sum"), View(name="last", aggregation=LAST_VALUE),
            View(name="distribution", aggregation=EXPLICIT, bounds=(5,))]
    total, last, distribution = sent(views, [
        *opening(*some), instrument(0, "counter", "load"), record(0, 4), record(0, 7)])
    assert (total.stream.name, total.stream.shape, total.number) == ("sum", "sum", 11)
    assert (last.stream.name, last.stream.shape, last.number) == ("last", "gauge", 7)
    assert distribution.stream.name == "distribution"
    assert list(distribution.data.bucket_counts) == [1, 1]


# ---- aggregations ----

@feature("The `Drop` aggregation is available.")
def drop(views):
    view = View(instrument_name="counter", aggregation=DROP)
    result = views.run([*opening(view), *one_of_each(["counter", "updown"]), "flush"])
    assert names(only(flushes(result))) == ["updown"]
    there, enabled, _ = result.values("instrument")[0]
    assert (there, enabled) == ("0", "0")


@feature("The `Default` aggregation is available.")
def default(views):
    with_view = sent(views, [*opening(View(aggregation=0)), *one_of_each()])
    without = sent(views, [*opening(), *one_of_each()])
    assert [(s.stream, s.data) for s in with_view] == [(s.stream, s.data) for s in without]


DEFAULTS = {"counter": ("sum", True), "updown": ("sum", False), "gauge": ("gauge", False),
            "histogram": ("histogram", False), "ocounter": ("sum", True),
            "oupdown": ("sum", False), "ogauge": ("gauge", False)}


@feature("The `Default` aggregation uses the specified aggregation by instrument.")
def default_by_kind(views):
    for some in ([], [View()]):
        found = sent(views, [*opening(*some), *one_of_each()])
        shapes = {s.stream.name: (s.stream.shape, s.stream.monotonic) for s in found}
        assert shapes == DEFAULTS


@feature("The `Sum` aggregation is available.")
def sums(views):
    found = sent(views, [*opening(View(aggregation=SUM)), *one_of_each(),
                         *[record(number, 4) for number in range(4)]])
    assert {s.stream.name: (s.stream.shape, s.stream.monotonic, s.number) for s in found} == {
        "counter": ("sum", True, 7), "updown": ("sum", False, 7), "gauge": ("sum", False, 7),
        "histogram": ("sum", True, 7), "ocounter": ("sum", True, 3), "oupdown": ("sum", False, 3),
        "ogauge": ("sum", False, 3)}


@feature("The `LastValue` aggregation is available.")
def last_value(views):
    found = sent(views, [*opening(View(aggregation=LAST_VALUE)), *one_of_each(),
                         *[record(number, 4) for number in range(4)]])
    assert {s.stream.name: (s.stream.shape, s.number) for s in found} == {
        kind: ("gauge", 3 if kind.startswith("o") else 4) for kind in KINDS[:7]}


@feature("The `ExplicitBucketHistogram` aggregation is available.")
def explicit(views):
    for bounds, want in ((None, DEFAULT_BOUNDS), ((2, 3, 4), [2, 3, 4])):
        view = View(aggregation=EXPLICIT, bounds=bounds)
        found = sent(views, [*opening(view), *one_of_each(KINDS[:4])])
        assert [s.stream.shape for s in found] == ["histogram"] * 4
        for seen in found:
            counts = [int(i == 1) for i in range(len(want) + 1)]
            assert (list(seen.data.explicit_bounds), list(seen.data.bucket_counts)) == (want,
                                                                                        counts)


@feature("The `ExponentialBucketHistogram` aggregation is available.")
def exponential(views):
    view = View(aggregation=EXPONENTIAL, max_scale=2, max_size=4)
    found = sent(views, [*opening(view), *one_of_each(KINDS[:4])])
    assert [s.stream.shape for s in found] == ["exponential_histogram"] * 4
    for seen in found:
        data = seen.data
        assert (data.scale, data.positive.offset, list(data.positive.bucket_counts)) == (2, 6, [1])


# ---- readers ----

@feature("The metrics Reader implementation supports registering metric Exporters")
def exporters_of_readers(views):
    result = views.run([*opening(reader=True), *one_of_each(["counter"]), "flush", "read"])
    assert names(only(flushes(result))) == ["counter"]  # the transport that was registered
    assert [p.name for p in only(shows(result))] == ["counter"]  # and the other reader's function


@feature("The metrics Reader implementation supports configuring the default aggregation on the "
         "basis of instrument kind.")
def aggregation_by_kind(views):
    options = {"drop_instruments": 1 << 1 | 1 << 6, "histogram_aggregation": EXPONENTIAL,
               "manual_histogram_aggregation": EXPLICIT}
    result = views.run([*opening(reader=True, **options), *one_of_each(), "flush", "read"])
    shapes = {s.stream.name: s.stream.shape for s in only(flushes(result))}
    assert shapes == {"counter": "sum", "gauge": "gauge", "histogram": "exponential_histogram",
                      "ocounter": "sum", "oupdown": "sum"}
    assert {p.name: p.aggregation for p in only(shows(result))} == {
        "counter": SUM, "gauge": LAST_VALUE, "histogram": EXPLICIT, "ocounter": SUM,
        "oupdown": SUM}


DELTA_KINDS = {DELTA: {"counter", "histogram", "ocounter"}, LOWMEMORY: {"counter", "histogram"},
               CUMULATIVE: set()}


@feature("The metrics Reader implementation supports configuring the default temporality on the "
         "basis of instrument kind.")
@pytest.mark.parametrize("pushed", DELTA_KINDS)
@pytest.mark.parametrize("shown", DELTA_KINDS)
def temporality_by_kind(views, pushed, shown):
    options = {"temporality": pushed, "manual_temporality": shown}
    result = views.run([*opening(reader=True, **options), *one_of_each(), "flush", "read"])
    assert {s.stream.name for s in only(flushes(result))
            if s.stream.temporality == DELTA} == DELTA_KINDS[pushed]
    assert {p.name for p in only(shows(result)) if p.temporality == DELTA} == DELTA_KINDS[shown]


@feature("The metrics Exporter has access to the aggregated metrics data (aggregated points, not "
         "raw measurements).")
def aggregated_data(views):
    result = views.run([*opening(reader=True), instrument(0, "counter", "load"),
                        *[record(0, v) for v in (1, 2, 3)], "flush", "read"])
    assert only(only(flushes(result))).number == 6
    assert only(only(shows(result))).i == 6


# ---- exemplars ----

def exemplars(points):
    return [e for seen in points for e in seen.data.exemplars]


TRACED = [instrument(0, "counter", "load"), record(0, 1), "span 0 0", record(0, 2), "end 0",
          "span 1 1", record(0, 3), "end 1"]  # no span, one that is not sampled, one that is


def traced(sampling, environment=(), **options):
    """The values that became exemplars of TRACED, with a reservoir that keeps all of them."""
    lines = [*[f"environment {name} {text}" for name, text in environment],
             *opening(View(reservoir=8), environment=bool(environment), **options), *TRACED]
    return [e.as_int for e in exemplars(sent(sampling, lines))]


@feature("The metrics SDK samples `Exemplar`s from measurements.")
def exemplars_are_sampled(sampling):
    lines = [*opening(exemplar_filter=ALWAYS_ON), instrument(0, "counter", "load"),
             *[record(0, v) for v in range(1, 20)]]
    assert only(exemplars(sent(sampling, lines))).as_int in range(1, 20)


@feature("Exemplar sampling can be disabled.")
def sampling_is_disabled(sampling, views):
    """By the filter, and by leaving it out of the program, which is the default."""
    assert traced(sampling, exemplar_filter=ALWAYS_OFF) == []
    lines = [*opening(View(reservoir=8), exemplar_filter=ALWAYS_ON), *TRACED]
    assert exemplars(sent(views, lines)) == []


@feature("The metrics SDK supports SDK-wide exemplar filter configuration")
def filter_of_the_sdk(sampling):
    kinds = [kind for kind in KINDS[:4]]
    for chosen, want in ((ALWAYS_ON, kinds), (ALWAYS_OFF, [])):
        found = sent(sampling, [*opening(exemplar_filter=chosen), *one_of_each(kinds)])
        assert [s.stream.name for s in found] == kinds
        assert [s.stream.name for s in found if s.data.exemplars] == want


@feature("The metrics SDK supports `TraceBased` exemplar filter")
def trace_based(sampling):
    assert traced(sampling, exemplar_filter=TRACE_BASED) == [3]
    assert traced(sampling) == [3]  # the default


@feature("The metrics SDK supports `AlwaysOn` exemplar filter")
def always_on(sampling):
    assert traced(sampling, exemplar_filter=ALWAYS_ON) == [1, 2, 3]


@feature("The metrics SDK supports `AlwaysOff` exemplar filter")
def always_off(sampling):
    assert traced(sampling, exemplar_filter=ALWAYS_OFF) == []


@feature("Exemplars retain any attributes available in the measurement that are not preserved by "
         "aggregation or view configuration.")
def filtered_attributes(sampling):
    for view, stay, left_out in ((View(keep=("a",)), {"a": 1}, {"b": 2, "c": 3}),
                                 (View(exclude=("b",)), {"a": 1, "c": 3}, {"b": 2}),
                                 (View(), {"a": 1, "b": 2, "c": 3}, {})):
        seen = only(sent(sampling, [
            *opening(view, exemplar_filter=ALWAYS_ON), attribute_set(1, {"a": 1, "b": 2, "c": 3}),
            instrument(0, "counter", "load"), record(0, 5, 1)]))
        assert seen.key == key(**stay)
        found = {kv.key: kv.value.int_value for kv in
                 only(seen.data.exemplars).filtered_attributes}
        assert found == left_out


@feature("Documentation notes that View-filtered attributes may still appear on Exemplars.")
def documentation_of_filtered_attributes():
    header = (ROOT / "src/api/views.h").read_text()
    about = re.search(r"/\* Instruments, and what becomes of .*?\*/", header, re.S)[0]
    words = " ".join(re.sub(r"[/*]", " ", about).split())
    assert "exemplars compiled in, what is left out may still leave the program on them" in words


@feature("Exemplars contain the associated trace id and span id of the active span in the "
         "Context when the measurement was taken.")
def ids_of_the_span(sampling):
    for kind in ("counter", "histogram"):
        for histogram in [None] if kind == "counter" else [None, Histogram(EXPONENTIAL)]:
            result = sampling.run([
                *opening(), instrument(0, kind, "load", histogram=histogram), "span 0 1",
                record(0, 1), "end 0", "flush", "span 1 1", record(0, 2), "end 1", "flush"])
            spans = [tuple(bytes.fromhex(word[1:]) for word in words)
                     for words in result.values("span")]
            assert len(set(spans)) == 2
            for reading, span in zip(flushes(result), spans, strict=True):
                exemplar = exemplars(reading)[-1]
                assert (exemplar.trace_id, exemplar.span_id) == span


@feature("Exemplars contain the timestamp when the measurement was taken.")
def time_of_the_measurement(sampling):
    seen = only(sent(sampling, [
        *opening(View(reservoir=2), exemplar_filter=ALWAYS_ON), instrument(0, "counter", "load"),
        "advance 500", record(0, 1), "advance 7000", record(0, 2), "advance 7000"]))
    assert [e.time_unix_nano for e in seen.data.exemplars] == [START_UNIX + 500, START_UNIX + 7500]


@feature("The metrics SDK provides an `ExemplarReservoir` interface or extension point.")
def reservoir_interface(sampling):
    lines = [*opening(View(reservoir=2), exemplar_filter=ALWAYS_ON),
             instrument(0, "updown", "load"), *[record(0, v) for v in (1, -2, 3, -4, 5)]]
    # The driver's skips what is below 0, and takes place 0 and 1 in turn, by what was seen before.
    assert [e.as_int for e in exemplars(sent(sampling, lines))] == [5]


@feature("An `ExemplarReservoir` has an `offer` method with access to the measurement value, "
         "attributes, `Context` and timestamp.")
def offer_method(sampling):
    for kind, v in (("counter", 5), ("gauge_f64", 2.5)):
        result = sampling.run([
            *opening(View(reservoir=2, keep=())), attribute_set(1, {"a": 1, "b": 2}),
            instrument(0, kind, "load"), "span 0 1", "advance 500", record(0, v, 1), "end 0"])
        seen, time, is_double, i, d, *rest = only(result.values("offered"))
        assert (seen, int(time)) == ("0", START_UNIX + 500)
        assert (is_double, i, d) == (str(int(isinstance(v, float))), str(v) if kind == "counter"
                                     else i, value(float(v))[1:])
        assert rest[:2] == only(result.values("span"))
        assert rest[2:] == ["2", "x61", "3", "1", "x62", "3", "2"]  # those that a view leaves out


def counts_of_places(sampling, view, kind, times, n):
    """How often each value was an exemplar, in `times` readings of the values 0 to n - 1."""
    lines = [*opening(view, exemplar_filter=ALWAYS_ON, temporality=DELTA),
             instrument(0, kind, "load")]
    for _ in range(times):
        lines += [*[record(0, v) for v in range(n)], "flush"]
    readings = flushes(sampling.run(lines))
    counts = [0] * n
    for reading in readings:
        for e in only(reading).data.exemplars:
            counts[e.as_int] += 1
    return counts, {len(only(reading).data.exemplars) for reading in readings}


@feature("The metrics SDK provides a `SimpleFixedSizeExemplarReservoir` that is used by default "
         "for all aggregations except `ExplicitBucketHistogram`.")
def fixed_size_reservoir(sampling):
    """Its sample is fair: each of 10 values is chosen in 400 readings about equally often."""
    times, n = 400, 10
    for view, kind, size in ((View(), "counter", 1), (View(aggregation=LAST_VALUE), "updown", 1),
                             (View(aggregation=EXPONENTIAL, max_size=4), "counter", 4)):
        counts, sizes = counts_of_places(sampling, view, kind, times, n)
        assert sizes == {size}
        expected = times * size / n
        assert all(expected * 0.4 < count < expected * 1.8 for count in counts), counts


@feature("The metrics SDK provides an `AlignedHistogramBucketExemplarReservoir` that is used by "
         "default for `ExplicitBucketHistogram` aggregation.")
def aligned_reservoir(sampling):
    lines = [*opening(exemplar_filter=ALWAYS_ON),
             instrument(0, "histogram", "load", histogram=Histogram(bounds=(5, 10, 20))),
             *[record(0, v) for v in (1, 5, 3, 11, 12, 10, 6)]]
    found = exemplars(sent(sampling, lines))
    assert sorted(e.as_int for e in found) == [3, 6, 12]  # the last of each bucket


@feature("OTEL_METRICS_EXEMPLAR_FILTER")
@pytest.mark.parametrize("word,want", [("always_on", [1, 2, 3]), ("always_off", []),
                                       ("trace_based", [3]), ("sometimes", [3])])
def filter_in_the_environment(sampling, word, want):
    assert traced(sampling, [("OTEL_METRICS_EXEMPLAR_FILTER", word)]) == want


@feature("Exemplars for Histograms and Monotonic sums")
def histograms_and_monotonic_sums(sampling):
    lines = [*opening(), "span 0 1", instrument(0, "counter", "counter"), record(0, 1),
             instrument(1, "histogram", "histogram"), record(1, 1),
             instrument(2, "histogram", "exponential", histogram=Histogram(EXPONENTIAL)),
             record(2, 1)]
    assert [len(s.data.exemplars) for s in sent(sampling, lines)] == [1, 1, 1]


# ---- limits, times, the in-memory reader ----

FOUR = [instrument(0, "counter", "load"), *[line for v in range(1, 5) for line in (
    attribute_set(v, {"k": v}), record(0, 1, v))]]


@feature("Metric SDK implements cardinality limit")
def limit(views):
    many = 2010
    lines = [instrument(0, "counter", "load")]
    for v in range(many):
        lines += [attribute_set(1, {"k": v}), record(0, 1, 1)]
    found = {seen.key: seen.number for seen in sent(views, [*opening(), *lines])}
    assert found == {key(k=v): 1 for v in range(2000)} | {OVERFLOW: many - 2000}


@feature("Metric SDK supports configuring cardinality limit at MeterReader level")
def limit_of_a_reader(views):
    options = {"max_series": 2, "manual_max_series": 3}
    result = views.run([*opening(reader=True, **options), *FOUR, "flush", "read"])
    assert {seen.key: seen.number for seen in only(flushes(result))} == {
        key(k=1): 1, key(k=2): 1, OVERFLOW: 2}
    assert sorted((str(p.attrs), p.i) for p in only(shows(result))) == [
        ("{'k': 1}", 1), ("{'k': 2}", 1), ("{'k': 3}", 1), ("{'otel.metric.overflow': True}", 1)]


@feature("Metric SDK supports configuring cardinality limit per metric (using Views)")
def limit_of_a_view(views):
    lines = [*opening(View(instrument_name="load", max_series=1)), *FOUR,
             instrument(1, "counter", "other"), *[record(1, 1, v) for v in range(1, 5)]]
    found = {(s.stream.name, s.key): s.number for s in sent(views, lines)}
    assert found == {("load", key(k=1)): 1, ("load", OVERFLOW): 3,
                     **{("other", key(k=v)): 1 for v in range(1, 5)}}


@feature("Metric SDK supports per-timeseries cumulative start timestamps")
def start_of_each_series(views):
    lines = [*opening(reader=True, temporality=CUMULATIVE), attribute_set(1, {"k": 1}),
             instrument(0, "counter", "load"), "advance 100", record(0, 1), "advance 200",
             record(0, 1, 1), "flush", "advance 300", record(0, 1), record(0, 1, 1), "flush",
             "read"]
    result = views.run(lines)
    want = {NONE: START_UNIX + 100, key(k=1): START_UNIX + 300}
    for reading in flushes(result):
        assert {seen.key: seen.data.start_time_unix_nano for seen in reading} == want
    assert {p.start for p in only(shows(result))} == set(want.values())


@feature("In-memory (mock exporter)")
def in_memory_reader(views):
    """An SDK that sends nothing, with a reader that shows each point as a C struct."""
    result = views.run([
        *opening(View(instrument_name="exponential", aggregation=EXPONENTIAL, max_scale=127),
                 reader=True, sends=False),
        attribute_set(1, {"text": "abc", "number": -7, "truth": True, "half": 0.5}),
        instrument(0, "counter", "counter", "By", "what it counts"), record(0, 5, 1),
        instrument(1, "gauge_f64", "gauge"), record(1, 2.5),
        instrument(2, "histogram_f64", "histogram", histogram=Histogram(bounds=(1, 2))),
        record(2, 0.5), record(2, 3.0), instrument(3, "updown", "exponential"), record(3, 4),
        record(3, -1), record(3, 0), "advance 99", "read"])
    assert result.requests() == [] and told_before(result, "read") == [[]]
    counter, gauge, histogram, exponential = only(shows(result))
    assert (counter.scope, counter.version, counter.name) == ("app", "", "counter")
    assert (counter.unit, counter.description) == ("By", "what it counts")
    assert (counter.kind, counter.aggregation, counter.temporality) == (0, SUM, CUMULATIVE)
    assert (counter.monotonic, counter.is_double, counter.i, counter.d) == (True, False, 5, 5.0)
    assert counter.attrs == {"text": "abc", "number": -7, "truth": True, "half": 0.5}
    assert (counter.start, counter.time) == (START_UNIX, START_UNIX + 100)
    assert (gauge.kind, gauge.aggregation, gauge.temporality) == (2, LAST_VALUE, 0)
    assert (gauge.is_double, gauge.d, gauge.i, gauge.attrs) == (True, 2.5, 2, {})
    assert (histogram.aggregation, histogram.bounds, histogram.buckets) == (EXPLICIT, [1, 2],
                                                                            [1, 0, 1])
    assert (histogram.count, histogram.sum) == (2, 3.5)
    assert (histogram.least, histogram.most) == (0.5, 3.0)
    assert (exponential.aggregation, exponential.scale, exponential.zeros) == (EXPONENTIAL, 0, 1)
    assert (exponential.positive, exponential.negative) == ((1, [1]), (-1, [1]))
    assert (exponential.count, exponential.sum) == (3, None)
    assert (exponential.least, exponential.most) == (-1, 4)
