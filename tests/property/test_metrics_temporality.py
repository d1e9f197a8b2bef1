"""Which points a reading has, what they cover, and what they say: each preference against a model.

The clock moves only when a test says so, and all requests are accepted at once.
"""
import os
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import metrics  # noqa: F401: a fixture
from readings import (CUMULATIVE, DELTA, KINDS, LOWMEMORY, OK, START_UNIX, Histogram, bucket,
                      family, instrument, is_f64, key_of, number_for, opening, points_of, statuses,
                      stats_of, value)

EXAMPLES = int(os.environ.get("EXAMPLES", "200"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
SETS = 3
SECOND = 1_000_000_000
OBSERVABLES = {kind for kind in KINDS if kind.startswith("o")}
PREFERENCES = {"delta": DELTA, "cumulative": CUMULATIVE, "lowmemory": LOWMEMORY}
# M-61; gauges have no temporality on the wire.
DELTA_KINDS = {DELTA: {"counter", "histogram", "ocounter"}, LOWMEMORY: {"counter", "histogram"},
               CUMULATIVE: set()}


def is_delta(preference, kind):
    return family(kind) in DELTA_KINDS[preference]


# ---- the model ----

@dataclass
class Series:
    start: int = 0  # cumulative: when it began
    number: float = 0  # the sum, the last value told or set
    sent: float = 0  # observable, delta: the value that was read last
    buckets: Counter = field(default_factory=Counter)
    total: float = 0  # of a histogram
    fresh: bool = False  # something came since the last reading


class Instrument:
    def __init__(self, kind, delta, now):
        self.kind, self.delta, self.read, self.series = kind, delta, now, {}
        self.bounds = Histogram().all_bounds()

    def record(self, s, v, now):
        one = self.series.setdefault(s, Series(now))  # M-65: its first measurement
        one.fresh = True
        if family(self.kind) == "gauge":
            one.number = v
        elif family(self.kind) == "histogram":
            one.buckets[bucket(self.bounds, v)] += 1
            one.total += v
        else:
            one.number += v

    def tell(self, s, v):
        one = self.series.setdefault(s, Series(self.read))  # M-65: the last reading, or creation
        if family(self.kind) == "ocounter" and v < one.number:
            one.start, one.sent = self.read, 0  # M-67: it began anew
        one.number, one.fresh = v, True

    def point(self, one, now):
        """(start, time, what it says)"""
        start = self.read if self.delta else one.start  # M-62, M-64
        if family(self.kind) == "histogram":
            says = (one.total, tuple(sorted(one.buckets.items())))
        else:
            says = one.number - one.sent
        return start, now, says

    def reading(self, now):
        """{set: its point}. M-63: a cumulative series that is recorded into always has one."""
        always = self.kind not in OBSERVABLES and not self.delta
        points = {s: self.point(one, now) for s, one in self.series.items() if one.fresh or always}
        for one in self.series.values():
            if self.delta and one.fresh:
                if self.kind in OBSERVABLES:
                    one.sent = one.number
                else:
                    one.number, one.total = 0, 0
                    one.buckets.clear()
            one.fresh = False
        self.read = now
        return points


def read_points(result):
    """[{(name, key): its point} for each reading]: whatever came before each `flush` or `poll`."""
    readings, current = [], {}
    for kind, event in result.events:
        if kind == "request":
            for p in points_of(event):
                assert p.series not in current, "M-62: two points of one series in one reading"
                current[p.series] = p
        elif event[0] in ("flush", "poll"):
            readings.append(current)
            current = {}
    assert not current
    return readings


def says(p):
    if p.shape == "histogram":
        used = tuple((i, n) for i, n in enumerate(p.data.bucket_counts) if n)
        return p.start, p.time, (p.data.sum, used)
    return p.start, p.time, p.number


# ---- generated programs ----

sync = st.tuples(st.just("record"), st.integers(0, 3), st.integers(0, SETS - 1),
                 st.integers(0, 50), st.booleans())
told = st.tuples(st.just("tell"), st.lists(st.tuples(
    st.integers(4, 6), st.integers(0, SETS - 1), st.integers(0, 20)), max_size=9))
advance = st.tuples(st.just("advance"), st.integers(0, 3 * SECOND))
read = st.tuples(st.just("read"), st.sampled_from(["f 0", "f 0", "c 0 p"]))
steps = st.lists(st.one_of(sync.map(lambda step: [step]), sync.map(lambda step: [step]),
                           advance.map(lambda step: [step]), st.tuples(told, read),
                           st.tuples(told, advance, read), read.map(lambda step: [step])),
                 max_size=30).map(lambda groups: [step for group in groups for step in group])


@bounded
@given(preference=st.sampled_from(list(PREFERENCES.values())), steps=steps, doubles=st.booleans())
def test_each_reading_has_the_points_of_the_model(metrics, preference, steps, doubles):
    """M-43, M-60..M-67, M-11: all seven kinds, both number types."""
    kinds = KINDS[7:] if doubles else KINDS[:7]
    now, lines = START_UNIX, opening(SETS, temporality=preference)
    model = [Instrument(kind, is_delta(preference, kind), now) for kind in kinds]
    for i, kind in enumerate(kinds):
        lines.append(instrument(i, kind))
        lines += [f"bind {i * SETS + s} {i} {s}" for s in range(SETS) if i < 4]
    lines += ["do g 0"]
    telling, readings = [], []
    for step in [*steps, ("read", "f 0")]:
        if step[0] == "record":
            _, i, s, v, bound = step
            v = number_for(kinds[i], v)
            lines.append(f"do b {i * SETS + s} {value(v)}" if bound else
                         f"do r {i} {s} {value(v)}")
            model[i].record(s, v, now)
        elif step[0] == "tell":
            telling = [(i, s, number_for(kinds[i], v)) for i, s, v in step[1]]
            zero = value(number_for(kinds[0], 0))
            lines.append(" ".join(["callback 0", *[
                f"o {i} {s} {value(v)} {zero}" for i, s, v in telling]]))
        elif step[0] == "advance":
            lines.append(f"do a {step[1]}")
            now += step[1]
        else:
            lines.append(f"do {step[1]}")
            last = {(i, s): v for i, s, v in telling}  # a second value for a set replaces it
            for (i, s), v in last.items():
                model[i].tell(s, v)
            readings.append({(f"i{i}", key_of(s)): point for i, one in enumerate(model)
                             for s, point in one.reading(now).items()})
    result = metrics.run([*lines, "stats"])

    for want, points in zip(readings, read_points(result), strict=True):
        got = {series: says(p) for series, p in points.items()}
        for name in {f"i{KINDS.index('gauge')}", f"i{KINDS.index('ogauge')}"}:
            # A gauge's start says nothing to anybody.
            got = {k: (0, *v[1:]) if k[0] == name else v for k, v in got.items()}
            want = {k: (0, *v[1:]) if k[0] == name else v for k, v in want.items()}
        assert got == want
        for (name, _), p in points.items():
            check_type(p, kinds[int(name[1:])], preference)
    assert stats_of(result)["queued"] == 0


def check_type(p, kind, preference):
    """M-42, M-43, M-61, P-23."""
    shape = {"gauge": "gauge", "ogauge": "gauge", "histogram": "histogram"}.get(
        family(kind), "sum")
    assert p.shape == shape
    assert p.monotonic == (family(kind) in ("counter", "ocounter"))
    if shape != "gauge":
        assert p.temporality == (DELTA if is_delta(preference, kind) else CUMULATIVE)
    if shape != "histogram":
        assert p.data.WhichOneof("value") == ("as_double" if is_f64(kind) else "as_int")


# ---- examples ----

@pytest.mark.parametrize("words, preference", [
    ("delta", DELTA), ("cumulative", CUMULATIVE), ("lowmemory", LOWMEMORY), ("DELTA", DELTA),
    ("LowMemory", LOWMEMORY), ("sometimes", CUMULATIVE), (None, CUMULATIVE)])
def test_the_environment_chooses_the_temporality_of_each_kind(metrics, words, preference):
    """M-60, M-61: the variable's values in any case; one that is not known is told."""
    name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    lines = [f"environment {name} {words}"] if words else []
    lines += opening(environment=True)
    lines += [instrument(i, kind) for i, kind in enumerate(KINDS)]
    lines.append("callback 0 " + " ".join(
        f"o {i} 0 {value(number_for(kind, 5))} {value(number_for(kind, 0))}"
        if kind in OBSERVABLES else f"r {i} 0 {value(number_for(kind, 5))}"
        for i, kind in enumerate(KINDS)))
    result = metrics.run([*lines, "do g 0 f 0"])
    points, = read_points(result)
    assert len(points) == len(KINDS)
    for (name, _), p in points.items():
        check_type(p, KINDS[int(name[1:])], preference)
    assert bool(result.diagnostics) == (words == "sometimes")


def test_an_option_wins_over_the_environment(metrics):
    """M-60"""
    name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    points, = read_points(metrics.run([
        f"environment {name} delta", *opening(environment=True, temporality=CUMULATIVE),
        instrument(0, "counter"), "do r 0 0 i1 f 0"]))
    assert [p.temporality for p in points.values()] == [CUMULATIVE]


@pytest.mark.parametrize("preference", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("kind", ["ocounter", "ocounter_f64", "oupdown"])
def test_a_counter_that_is_told_to_have_fallen_begins_anew(metrics, kind, preference):
    """M-67: no negative delta, and a later start for the cumulative sum; others may fall."""
    lines = [*opening(temporality=preference), instrument(0, kind), "do g 0"]
    for v in (10, 12, 3, 5):
        zero = value(number_for(kind, 0))
        lines += [f"callback 0 o 0 0 {value(number_for(kind, v))} {zero}", f"do a {SECOND} f 0"]
    points = [p for reading in read_points(metrics.run(lines)) for p in reading.values()]
    falls = family(kind) == "oupdown"
    delta = preference == DELTA and not falls
    assert [p.number for p in points] == ([10, 2, 3, 2] if delta else [10, 12, 3, 5])
    starts = [(p.start - START_UNIX) // SECOND for p in points]
    assert starts == ([0, 1, 2, 3] if delta else [0, 0, 0, 0] if falls else [0, 0, 2, 2])


@pytest.mark.parametrize("preference", PREFERENCES.values(), ids=PREFERENCES)
def test_a_clock_that_is_set_back_does_not_move_the_start_twice(metrics, preference):
    """M-62, P-24: no start behind its time; a cumulative series begins anew at most once."""
    hour = 3600 * SECOND
    lines = [*opening(temporality=preference), instrument(0, "counter"), instrument(1, "updown"),
             "do r 0 0 i1 r 1 0 i1 a 1000 f 0", f"unix {START_UNIX - hour}", "do p"]
    for _ in range(3):
        lines.append(f"do a {SECOND} r 0 0 i1 r 1 0 i1 f 0")
    readings = [r for r in read_points(metrics.run(lines)) if r]
    starts = {}
    for reading in readings:
        for (name, _), p in reading.items():
            assert p.start <= p.time
            if p.temporality == CUMULATIVE:
                starts.setdefault(name, []).append(p.start)
    assert len(readings) == 4
    for own in starts.values():
        assert len(set(own[1:])) == 1, own


def test_unregistered_callbacks_tell_no_more_and_series_they_told_have_no_points(metrics):
    """M-11, M-12, M-63; a callback unregisters itself in its first run."""
    lines = [*opening(temporality=CUMULATIVE), instrument(0, "ocounter"),
             instrument(1, "ogauge"), "callback 0 o 0 0 i1 i0", "callback 1 o 1 0 i2 i0 u 1",
             "do g 0 g 1 f 0 f 0 u 0 f 0", "calls 0", "calls 1"]
    result = metrics.run(lines)
    assert [sorted(name for name, _ in r) for r in read_points(result)] == [["i0", "i1"], ["i0"],
                                                                            []]
    assert [int(words[0]) for words in result.values("calls")] == [2, 1]


def test_a_callback_creates_instruments_and_records_in_the_reading_that_asks_it(metrics):
    """M-12: callbacks run before anything is read."""
    lines = [*opening(temporality=DELTA), instrument(0, "counter"),
             "callback 0 i 1 0 i 2 4 r 0 0 i1 r 1 0 i2 o 2 0 i3 i0", "do g 0 f 0"]
    points, = read_points(metrics.run(lines))
    assert {name: p.number for (name, _), p in points.items()} == {"i0": 1, "i1": 2, "i2": 3}


@pytest.mark.parametrize("preference", PREFERENCES.values(), ids=PREFERENCES)
def test_the_series_of_a_forked_child_begin_with_the_fork(metrics, preference):
    """M-70: nothing that the parent counted, starts behind the parent's last reading."""
    kinds = ["counter", "updown", "histogram", "ocounter"]
    lines = [*opening(temporality=preference), *[instrument(i, k) for i, k in enumerate(kinds)],
             "bind 0 0 1", "callback 0 o 3 0 i100 i1", "do g 0",
             f"do r 0 0 i5 r 1 0 i5 r 2 0 i5 b 0 i5 a {SECOND} f 0 r 0 0 i7 b 0 i7 a {SECOND}",
             f"fork a {SECOND} r 0 0 i1 r 1 0 i1 r 2 0 i1 b 0 i1 a {SECOND} f 0",
             f"do r 0 0 i1 a {SECOND} f 0"]
    result = metrics.run(lines)
    parent_first, child, parent_last = read_points(result)
    forked = START_UNIX + 2 * SECOND
    assert {series: p.data.count if p.shape == "histogram" else p.number
            for series, p in child.items()} == {
        ("i0", key_of(0)): 1, ("i0", key_of(1)): 1, ("i1", key_of(0)): 1, ("i2", key_of(0)): 1,
        ("i3", key_of(0)): 101}
    assert all(forked <= p.start < p.time for p in child.values())
    before = {series: p.time for series, p in parent_first.items()}
    assert all(p.start >= before[series] for series, p in child.items())
    got = parent_last["i0", key_of(0)]
    assert got.number == (8 if got.temporality == DELTA else 13)
    assert parent_last["i0", key_of(1)].number == (7 if got.temporality == DELTA else 12)
