"""Whatever records and readings come at once, on one to eight threads, the totals are exact and
each histogram point agrees with itself.

Each thread has a list of records which it goes through as long as others read, and says how often,
so that what must come out is known. Doubles have integer values, so that their sums are exact.
"""
import os
from collections import Counter
from dataclasses import dataclass

import pytest
from drive import BUILDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import (CUMULATIVE, DELTA, EXPLICIT, EXPONENTIAL, KINDS, LOWMEMORY, OK, START_UNIX,
                      THREADS_BUILD, Histogram, all_points, bucket, by_series, downscaled,
                      exponential_counts, family, ideal_scale, index_at_20, instrument, is_f64,
                      key_of, number_for, open_driver, opening, place_of, statuses, stats_of,
                      total_histogram, total_number, value)

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
SETS = 4
BOUND_BASE = 8  # bound handle of instrument i and set s: 8 * i + s
PULSE = 0  # the counter that the callback adds 1 to in each reading


@pytest.fixture(scope="module", params=[*BUILDS, *THREADS_BUILD])
def metrics(request):
    yield from open_driver("metrics", request.param)


# ---- what is drawn ----

@dataclass(frozen=True)
class Instrument:
    number: int
    kind: str
    histogram: Histogram = None


bounds = st.one_of(
    st.none(), st.just(()), st.just((7,)), st.just(tuple(range(-100, 155))),
    st.lists(st.integers(-50, 1000), min_size=1, max_size=20, unique=True).map(sorted).map(tuple))
histograms = st.one_of(
    st.builds(Histogram, st.just(EXPLICIT), bounds),
    st.builds(Histogram, st.just(EXPONENTIAL), st.none(), st.sampled_from([2, 20, 160])))
kinds = st.sampled_from([kind for kind in KINDS if not kind.startswith("o")] +
                        2 * ["histogram", "histogram_f64"])
drawn = st.tuples(kinds, histograms)
FAMILY_VALUES = {
    "counter": st.one_of(st.just(0), st.integers(0, 1000)), "updown": st.integers(-1000, 1000),
    "gauge": st.integers(-2**53, 2**53), "histogram": st.one_of(
        st.sampled_from([0, 5, 10, 25, -1, 10000, 10001]), st.integers(0, 50),
        st.integers(-200, 20000))}
# No sums of these are checked, but for their bounds; the model's index is sure for each.
WIDE = [0.0, -0.0, 1.0, 2.0, 1.5, 3.0, 1000.0, -1.0, -3.0, 5e-324, -5e-324, 2.0**-1022, 1e-300,
        2.0**1000, -(2.0**1000), 1e300, 0.001, 0.3, 100.0]
wide = st.one_of(st.sampled_from(WIDE), st.floats(1e-3, 1e3), st.floats(-1e9, -1e-9)).filter(
    lambda v: v == 0 or index_at_20(abs(v)) is not None)


@st.composite
def records(draw, instruments):
    """(instrument, set, value, whether through a bound handle)"""
    one = draw(st.sampled_from(instruments))
    if one.histogram is not None and one.histogram.is_exponential() and is_f64(one.kind):
        v = draw(wide)
    else:
        v = number_for(one.kind, draw(FAMILY_VALUES[family(one.kind)]))
    return one, draw(st.integers(0, SETS - 1)), v, draw(st.booleans())


def readers():
    return st.lists(st.sampled_from(["c 0", "c 0", "c 5", "f 0", "f 20", "p", "y", "w 30"]),
                    min_size=1, max_size=3)


@st.composite
def plans(draw):
    some = draw(st.lists(drawn, min_size=1, max_size=5))
    instruments = [Instrument(i + 1, kind, histogram if family(kind) == "histogram" else None)
                   for i, (kind, histogram) in enumerate(some)]
    recorders = draw(st.lists(st.tuples(
        st.sampled_from([1, 100, 2000]),
        st.lists(records(instruments), min_size=1, max_size=8),
        st.sampled_from(["", "", "", "y"])), min_size=1, max_size=8))
    told = draw(st.lists(st.tuples(st.sampled_from(KINDS[4:7] + KINDS[11:]),
                                   st.integers(0, 100), st.integers(0, 5)), max_size=3))
    return instruments, recorders, draw(st.lists(st.tuples(
        st.sampled_from([1, 20, 80]), readers()), min_size=1, max_size=2)), told


# ---- what must come of it ----

def program_of(plan, first):
    """Those lines, then the instruments, the callback of slot 0 and the threads of a plan."""
    instruments, recorders, reading, told = plan
    lines = [*first, instrument(PULSE, "counter")]
    for one in instruments:
        lines.append(instrument(one.number, one.kind, one.histogram.words()
                                if one.histogram else ""))
        lines += [f"bind {BOUND_BASE * one.number + s} {one.number} {s}" for s in range(SETS)]
    slot = [f"r {PULSE} 0 i1"]
    for i, (kind, base, step) in enumerate(told):
        lines.append(instrument(10 + i, kind))
        slot.append(f"o {10 + i} 1 {value(number_for(kind, base))} "
                    f"{value(number_for(kind, step))}")
    lines.append(f"callback 0 {' '.join(slot)}")
    for times, steps, pause in recorders:
        words = [f"b {BOUND_BASE * one.number + s} {value(v)}" if bound else
                 f"r {one.number} {s} {value(v)}" for one, s, v, bound in steps]
        lines.append(f"thread {times} {' '.join(words)} {pause}".rstrip())
    return [*lines, *[f"reader {times} {' '.join(steps)}" for times, steps in reading], "run"]


def lines_of(plan, temporality):
    first = [*opening(SETS, tick=7, temporality=temporality), "do g 0"]
    return [*program_of(plan, first), "do f 60000", "calls 0", "stats"]


def recorded(recorders, often):
    """{(instrument, set): Counter of values}, and the last value of each thread."""
    all_values, last = {}, {}
    for (_, steps, _), times in zip(recorders, often):
        own = {}
        for one, s, v, _ in steps:
            all_values.setdefault((one, s), Counter())[v] += times
            own[one, s] = v
        for series, v in own.items():
            last.setdefault(series, set()).add(v)
    return all_values, last


def check_reading(p, values, places, counts):
    """The sum, the smallest and the largest value can be those of values in these buckets: `places`
    has the bucket of each value. Where each bucket has one value only the sum is known exactly."""
    held = {}
    for v in values:
        held.setdefault(places[v], []).append(v)
    assert counts.keys() <= held.keys()
    assert p.data.min in values and p.data.max in values
    if p.data.HasField("sum"):
        low = sum(n * min(held[place]) for place, n in counts.items())
        high = sum(n * max(held[place]) for place, n in counts.items())
        slack = 1e-9 * abs(high)
        assert low - slack <= p.data.sum <= high + slack


def check_explicit(one, own, values):
    want = Counter()
    for v, n in values.items():
        want[bucket(one.histogram.all_bounds(), v)] += n
    total = total_histogram(own)
    places = {v: bucket(one.histogram.all_bounds(), v) for v in values}
    for p in own:
        check_reading(p, values, places, {i: n for i, n in enumerate(p.data.bucket_counts) if n})
    assert list(own[-1].data.explicit_bounds) == one.histogram.all_bounds()  # M-44, M-47
    assert total.counts == want and total.count == sum(values.values())
    assert (total.least, total.most) == (min(values), max(values))
    if min(values) >= 0:
        assert total.sum == sum(v * n for v, n in values.items())


def check_exponential(one, own, values):
    """Returns how many values are missing."""
    total, size = total_histogram(own), one.histogram.max_size
    want = Counter()
    for v, n in values.items():
        want[place_of(v, total.scale)] += n
    assert all(n <= want[place] for place, n in total.counts.items())
    best = ideal_scale(values, size)
    missing = sum(values.values()) - total.count
    assert (total.least, total.most) >= (min(values), min(values)) and total.most <= max(values)
    for p in own:
        assert len(p.data.positive.bucket_counts) <= size  # M-50
        assert len(p.data.negative.bucket_counts) <= size
        assert p.data.scale >= best  # M-51
        counts = exponential_counts(p.data) + Counter({(0, 0): p.data.zero_count})
        check_reading(p, values, {v: place_of(v, p.data.scale) for v in values}, counts)
    if missing == 0:
        assert downscaled(want, 0) == total.counts
        assert total.scale == best or own[0].temporality == DELTA
        assert (total.least, total.most) == (min(values), max(values))
    return missing


def check_series(one, own, values, last):
    if family(one.kind) == "histogram":
        if one.histogram.is_exponential():
            return check_exponential(one, own, values)
        check_explicit(one, own, values)
    elif family(one.kind) == "gauge":
        assert own[-1].number in last  # M-43
    else:
        assert total_number(own) == sum(v * n for v, n in values.items())
    return 0


def check_intervals(own, times, pulses):
    """M-62, M-64: cumulative points repeat their start, delta ones adjoin."""
    if own[0].temporality == CUMULATIVE:
        assert len({p.start for p in own}) == 1, [(p.start, p.time) for p in own]
        assert [p.time for p in own] == sorted(p.time for p in own)
    elif own[0].temporality == DELTA:
        assert all(a.time <= b.start for a, b in zip(own, own[1:]))
        assert all(START_UNIX <= p.start < p.time for p in own)
        if pulses:  # each reading is known: a point starts with one, or where it was created
            assert all(p.start in times or p.start < times[0] for p in own)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture])
@given(plan=plans(), temporality=st.sampled_from([DELTA, CUMULATIVE, LOWMEMORY]))
def test_totals_are_exact_and_histograms_agree_with_themselves(metrics, plan, temporality):
    """M-09, M-12, M-43, M-45, M-46, M-51, M-62..M-66, M-107, M-109."""
    instruments, recorders, _, told = plan
    result = metrics.run(lines_of(plan, temporality))
    stats, series = stats_of(result), by_series(all_points(result))
    calls, = [int(words[0]) for words in result.values("calls")]
    assert statuses(result, "flush")[-1] == OK
    assert (stats["queued"], stats["bad_values"], stats["overflowing"]) == (0, 0, 0)

    pulse = series.pop((f"i{PULSE}", key_of(0)))
    assert total_number(pulse) == calls  # M-12: callbacks run before the reading
    times = sorted(p.time for p in pulse)
    steady = [p.number for p in pulse] == [1] * calls
    often = [int(words[0]) for words in result.values("times")]
    all_values, last = recorded(recorders, often)
    missing = 0
    for (one, s), values in all_values.items():
        own = series.pop((f"i{one.number}", key_of(s)), None)
        if own is None:  # each value was lost
            assert one.histogram is not None and one.histogram.is_exponential()
            missing += sum(values.values())
            continue
        missing += check_series(one, own, values, last[one, s])
        check_intervals(own, times, steady)
    assert missing == stats["lost_values"]
    for i, (kind, base, step) in enumerate(told):
        own = series.pop((f"i{10 + i}", key_of(1)))
        assert total_number(own) == base + step * (calls - 1)  # M-66
        if family(kind) != "ogauge":
            check_intervals(own, times, steady)
    assert not series, "M-63: points of sets that nobody recorded into"
