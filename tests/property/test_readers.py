"""Two readers of one SDK, one that sends and one for the program: each sees every observation
exactly once, whatever the other does, from one to four threads.

What otel_read() shows is put into the messages of the official bindings, so that both readers'
points are looked at in the same way.
"""
import math
import os

import pytest
from arbitrary import integers, sets
from drive import BUILDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import decoded_attrs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint)
from readings import (CUMULATIVE, DELTA, DROPS, EXPLICIT, EXPONENTIAL, KINDS, LOWMEMORY, OK,
                      START_UNIX, THREADS_BUILD, Histogram, Point, all_points, by_series,
                      check_point, family, index_at_20, instrument, is_f64, key_of, number_for,
                      open_driver, points_of, stats_of, statuses, total_number, value)
from test_metrics_exact import (PULSE, SETS, Instrument, check_series, drawn, program_of,
                                recorded, records)
from test_metrics_temporality import SECOND, check_type, is_delta, says
from test_metrics_temporality import Instrument as Model
from viewing import LAST_VALUE, SUM, shown_of
from words import attrs, attrs_of

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture])
LETTERS = {"flush": "f", "read": "m", "pass": "n"}  # of what reads
SHAPES = {SUM: "sum", LAST_VALUE: "gauge", EXPLICIT: "histogram",
          EXPONENTIAL: "exponential_histogram"}
preferences = st.sampled_from([DELTA, CUMULATIVE, LOWMEMORY])
ROOM = 8 << 20  # bytes: no reading waits for room


@pytest.fixture(scope="module", params=[*BUILDS, *THREADS_BUILD])
def readers(request):
    yield from open_driver("readers", request.param)


# ---- what the program was shown ----

def put_attributes(data, attributes):
    for key, v in attributes.items():
        any_value = data.attributes.add(key=key).value
        if v is None:
            any_value.SetInParent()
        else:
            name = {str: "string", bool: "bool", int: "int", float: "double"}[type(v)]
            setattr(any_value, f"{name}_value", v)


def nearest(d):
    """The integer beside a double."""
    return 2**63 - 1 if d >= 2**63 else -2**63 if d < -2**63 else math.trunc(d)


def put_number(data, shown):
    if shown.is_double:
        data.as_double = shown.d
        assert shown.i == nearest(shown.d)
    else:
        data.as_int = shown.i
        assert shown.d == float(shown.i)


def put_histogram(data, shown):
    assert (shown.i, shown.d) == (0, 0)
    data.count = shown.count
    for name, v in (("sum", shown.sum), ("min", shown.least), ("max", shown.most)):
        if v is not None:
            setattr(data, name, v)
    if shown.aggregation == EXPLICIT:
        data.explicit_bounds.extend(shown.bounds)
        data.bucket_counts.extend(shown.buckets)
        return
    data.scale, data.zero_count = shown.scale, shown.zeros
    for into, (offset, counts) in ((data.positive, shown.positive),
                                   (data.negative, shown.negative)):
        if counts:
            into.offset = offset
            into.bucket_counts.extend(counts)
        else:
            assert offset == 0


def shown_point(words):
    """A Point of readings.py, and the kind of its instrument."""
    shown = shown_of(words)
    data = {EXPLICIT: HistogramDataPoint, EXPONENTIAL: ExponentialHistogramDataPoint}.get(
        shown.aggregation, NumberDataPoint)(start_time_unix_nano=shown.start,
                                            time_unix_nano=shown.time)
    put_attributes(data, shown.attrs)
    put = put_number if shown.aggregation in (SUM, LAST_VALUE) else put_histogram
    put(data, shown)
    assert (shown.scope, shown.version, shown.exemplars) == ("readers", "", [])
    assert (shown.unit, shown.description) == ("u", "what it is")
    point = Point(shown.name, SHAPES[shown.aggregation], shown.temporality, shown.monotonic,
                  frozenset(decoded_attrs(data.attributes).items()), data)
    check_point(point)
    return point, KINDS[shown.kind + 7 * shown.is_double]


def shown_points(result):
    return [shown_point(words)[0] for words in result.values("point")]


def opening(push, manual, tick=0, n_sets=SETS, alone=False, **options):
    """The first lines: an SDK whose readers have these preferences, and the sets from 0 on.
    `alone`: nothing is sent."""
    options = {"temporality": push, "manual_temporality": manual, "metric_queue_bytes": ROOM,
               **options}
    words = " ".join(f"{name} {int(number)}" for name, number in options.items())
    return [f"open {'alone ' * alone}{tick} {words}",
            *[f"set {n} {attrs(attrs_of({'k': n} if n else {}))}" for n in range(n_sets)]]


def answers(result, name):
    return [int(words[0]) for words in result.values(name)]


def lost_of(stats):
    return sum(stats[name] for name in DROPS)


# ---- one thread: each reading against the model ----

def read_apart(result, kinds):
    """The points of each reading of either reader, in order: [(letter, {(name, key): point})].
    Instrument i<n> is of the nth of the kinds."""
    readings, sent, shown = [], {}, {}
    for kind, event in result.events:
        if kind == "request":
            for p in points_of(event):
                assert p.series not in sent, "M-62: two points of one series in one reading"
                sent[p.series] = p
        elif event[0] == "point":
            p, kind = shown_point(event[1])
            assert p.series not in shown and kind == kinds[int(p.name[1:])]
            shown[p.series] = p
        elif event[0] in LETTERS:
            assert event[1] == [str(OK)]
            mine, other = (sent, shown) if event[0] == "flush" else (shown, sent)
            readings.append((LETTERS[event[0]], mine))
            assert not other, "a reading of the other reader"
            sent, shown = {}, {}
    return readings


SYNC = [kind for kind in KINDS if not kind.startswith("o")]
TOLD = [kind for kind in KINDS if kind.startswith("o")]
some_records = st.tuples(st.just("record"), st.sampled_from(SYNC), st.integers(0, SETS - 1),
                         st.integers(0, 50), st.booleans())
some_told = st.tuples(st.just("tell"), st.lists(st.tuples(
    st.sampled_from(TOLD), st.integers(0, SETS - 1), st.integers(0, 20)), max_size=6))
some_reading = st.tuples(st.just("read"), st.sampled_from("fmmfmn"))
steps = st.lists(st.one_of(some_records, some_records, some_records, some_told, some_reading,
                           some_reading, st.tuples(st.just("wait"), st.integers(0, 3 * SECOND))),
                 max_size=40)


def without_gauge_starts(points):
    """A gauge's start says nothing to anybody."""
    gauges = {f"i{n}" for n, kind in enumerate(KINDS) if family(kind) in ("gauge", "ogauge")}
    return {series: (0, *said[1:]) if series[0] in gauges else said
            for series, said in points.items()}


@bounded
@given(push=preferences, manual=preferences, steps=steps, alone=st.sampled_from([0, 0, 0, 1]))
def test_each_reader_has_the_points_of_its_own_model(readers, push, manual, steps, alone):
    """M-12, M-43, M-60..M-67, M-100: readings of one leave the other's values and intervals as
    they are; all kinds at once, integers and doubles, plain and bound. The reader for the program
    may be the only one."""
    now, lines = START_UNIX, opening(push, manual, alone=alone)
    preference = {"f": push, "m": manual, "n": manual}
    models = {letter: [Model(kind, is_delta(preference[letter], kind), now) for kind in KINDS]
              for letter in "fm"}
    models["n"] = models["m"]
    for i, kind in enumerate(KINDS):
        lines.append(instrument(i, kind))
        if kind in SYNC:
            lines += [f"bind {i * SETS + s} {i} {s}" for s in range(SETS)]
    telling, wanted = {}, []
    for step in [*steps, ("read", "f"), ("read", "m")]:
        if alone and step == ("read", "f"):
            continue
        if step[0] == "record":
            _, kind, s, v, bound = step
            i, v = KINDS.index(kind), number_for(kind, v)
            lines.append(f"do b {i * SETS + s} {value(v)}" if bound else
                         f"do r {i} {s} {value(v)}")
            for letter in "fm":
                models[letter][i].record(s, v, now)
        elif step[0] == "tell":
            telling = {(KINDS.index(kind), s): number_for(kind, v) for kind, s, v in step[1]}
            lines.append(" ".join(["callback 0", *[
                f"o {i} {s} {value(v)} {value(type(v)(0))}" for (i, s), v in telling.items()]]))
        elif step[0] == "wait":
            lines.append(f"do a {step[1]}")
            now += step[1]
        else:
            letter = step[1]
            lines.append(f"do {letter} 0")
            for (i, s), v in telling.items():
                models[letter][i].tell(s, v)
            points = {(f"i{i}", key_of(s)): point for i, one in enumerate(models[letter])
                      for s, point in one.reading(now).items()}
            wanted.append((letter, {} if letter == "n" else points))
    result = readers.run([*lines, "calls 0", "stats"])

    got = read_apart(result, KINDS)
    assert [letter for letter, _ in got] == [letter for letter, _ in wanted]
    for (letter, points), (_, want) in zip(got, wanted):
        said = {series: says(p) for series, p in points.items()}
        assert without_gauge_starts(said) == without_gauge_starts(want)
        for (name, _), p in points.items():
            check_type(p, KINDS[int(name[1:])], preference[letter])
    assert answers(result, "calls") == [len(wanted)]  # M-12
    assert lost_of(stats_of(result)) == 0


# ---- one thread: both readers say the same ----

ends = [0.0, -0.0, 1.0, 2.5, -3.0, 5e-324, 2.0**-1022, 1e300, -1e300, 2.0**63, 1e9 / 3]
floats = st.one_of(st.sampled_from(ends), st.floats(allow_nan=False, allow_infinity=False))
any_histogram = st.builds(
    Histogram, st.sampled_from([EXPLICIT, EXPONENTIAL]),
    st.one_of(st.none(), st.just(()), st.lists(st.integers(-50, 1000), min_size=1, max_size=9,
                                               unique=True).map(sorted).map(tuple)),
    st.sampled_from([2, 20, 160]), st.sampled_from([-10, 3, 20]), st.booleans())


def is_sure(v):
    """Whether the bucket of an exponential histogram is one that doubles can tell."""
    return v == 0 or index_at_20(abs(float(v))) is not None


def any_value(kind):
    values = floats if is_f64(kind) else integers
    if family(kind) in ("counter", "ocounter"):
        return values.map(abs if is_f64(kind) else lambda v: abs(v) >> 1)
    return values.filter(is_sure) if family(kind) == "histogram" else values


@st.composite
def rounds(draw):
    """(sets, instruments, [(records, told)]): what happens before each pair of readings"""
    kinds = draw(st.lists(st.tuples(st.sampled_from(KINDS), any_histogram), min_size=1,
                          max_size=6))
    chosen = draw(st.lists(sets, min_size=1, max_size=6))

    happened = []
    for _ in range(draw(st.integers(1, 4))):
        records, told = [], []
        for i, (kind, _) in enumerate(kinds):
            for s in draw(st.lists(st.integers(0, len(chosen) - 1), max_size=5)):
                (told if kind.startswith("o") else records).append((i, s, draw(any_value(kind))))
        happened.append((records, told))
    return chosen, kinds, happened


@bounded
@given(preference=preferences, plan=rounds(), limit=st.sampled_from([0, 0, 1, 3]))
def test_a_program_is_shown_what_is_sent(readers, preference, plan, limit):
    """Every field of every point, past the limit too, for any attributes and any values."""
    chosen, kinds, happened = plan
    lines = opening(preference, preference, n_sets=0, max_series=limit, manual_max_series=limit)
    lines += [f"set {s} {attrs(own)}" for s, own in enumerate(chosen)]
    lines += [instrument(i, kind, histogram.words() if family(kind) == "histogram" else "")
              for i, (kind, histogram) in enumerate(kinds)]
    for records, told in happened:
        lines.append(" ".join(["do a 1000", *[f"r {i} {s} {value(v)}" for i, s, v in records]]))
        lines.append(" ".join(["callback 0", *[
            f"o {i} {s} {value(v)} {value(type(v)(0))}" for i, s, v in told]]))
        lines.append("do f 0 m 0")
    result = readers.run([*lines, "stats"])
    readings = read_apart(result, [kind for kind, _ in kinds])
    assert len(readings) == 2 * len(happened)
    for (_, sent), (_, shown) in zip(readings[::2], readings[1::2]):
        assert sent.keys() == shown.keys()
        for series, p in sent.items():
            q = shown[series]
            assert (p.shape, p.temporality, p.monotonic) == (q.shape, q.temporality, q.monotonic)
            assert list(p.data.attributes) == list(q.data.attributes)
            assert p.data.SerializeToString(deterministic=True) == q.data.SerializeToString(
                deterministic=True), (p.data, q.data)


# ---- threads ----

def calm_reader():
    return st.lists(st.sampled_from(["c 0", "f 0", "f 5", "p", "m 0", "m 0", "m 5", "m 60000",
                                     "y", "w 30"]), min_size=1, max_size=4)


@st.composite
def plans(draw):
    some = draw(st.lists(drawn, min_size=1, max_size=5))
    instruments = [Instrument(i + 1, kind, histogram if family(kind) == "histogram" else None)
                   for i, (kind, histogram) in enumerate(some)]
    recorders = draw(st.lists(st.tuples(
        st.sampled_from([1, 100, 1000]), st.lists(records(instruments), min_size=1, max_size=8),
        st.sampled_from(["", "", "", "y"])), min_size=1, max_size=4))
    told = draw(st.lists(st.tuples(st.sampled_from(TOLD), st.integers(0, 100),
                                   st.integers(0, 5)), max_size=3))
    reading = draw(st.lists(st.tuples(st.sampled_from([1, 10, 40]), calm_reader()), min_size=1,
                            max_size=2))
    return instruments, recorders, reading, told


def lines_of(plan, push, manual):
    return [*program_of(plan, opening(push, manual, tick=7)), "do f 60000", "calls 0",
            "do m 60000", "calls 0", "stats"]


def check_windows(own, times):
    """M-62, M-64: a delta point covers what lies between its own reader's last two readings, so
    that the intervals of a series are not broken; cumulative ones repeat their start."""
    if own[0].temporality == CUMULATIVE:
        assert len({p.start for p in own}) == 1, [(p.start, p.time) for p in own]
        assert [p.time for p in own] == sorted(p.time for p in own)
    elif own[0].temporality == DELTA:
        before = dict(zip(times[1:], times))
        for p in own:
            assert p.time in times and p.start < p.time
            assert p.start == before.get(p.time, p.start)
            assert p.time != times[0] or START_UNIX <= p.start


def check_reader(points, plan, often, calls):
    """Returns how many values are missing, which exponential histograms may lose."""
    instruments, recorders, _, told = plan
    series = by_series(points)
    pulse = series.pop((f"i{PULSE}", key_of(0)))
    assert total_number(pulse) == calls
    times = sorted(p.time for p in pulse)
    all_values, last = recorded(recorders, often)
    missing = 0
    for (one, s), values in all_values.items():
        own = series.pop((f"i{one.number}", key_of(s)), None)
        if own is None:  # each value was lost
            assert one.histogram is not None and one.histogram.is_exponential()
            missing += sum(values.values())
            continue
        missing += check_series(one, own, values, last[one, s])
        check_windows(own, times)
    check_windows(pulse, times)
    for i, (kind, base, step) in enumerate(told):
        own = series.pop((f"i{10 + i}", key_of(1)))
        assert total_number(own) == base + step * (calls - 1)  # M-66: told in the last reading
        if family(kind) != "ogauge":
            check_windows(own, times)
    assert not series, "M-63: points of sets that nobody recorded into"
    return missing, len(times)


@bounded
@given(plan=plans(), push=preferences, manual=preferences)
def test_each_of_two_readers_sees_every_observation_exactly_once(readers, plan, push, manual):
    """M-09, M-12, M-43..M-46, M-51, M-60..M-66, M-100, M-109: totals of both are exact on one to
    four threads, whatever comes between."""
    result = readers.run(lines_of(plan, push, manual))
    sent, shown = all_points(result), shown_points(result)
    before, calls = answers(result, "calls")
    assert (statuses(result, "flush"), statuses(result, "read")) == ([OK], [OK])
    assert calls == before + 1  # M-12: once for each reading, of either reader
    often = answers(result, "times")
    missing, n_sent = check_reader(sent, plan, often, before)
    more, n_shown = check_reader(shown, plan, often, calls)
    stats = stats_of(result)
    assert (missing + more, 0) == (stats["lost_values"], stats["bad_values"])
    assert lost_of(stats) == stats["superseded"]
    if push == CUMULATIVE:
        assert n_sent + n_shown <= calls
    else:
        assert n_sent + n_shown == calls
