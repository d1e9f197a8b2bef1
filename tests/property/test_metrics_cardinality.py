"""Attribute sets past the limit share one overflow point, and the totals stay right.

The limit is of each instrument; the pool that all series share may be used up before.
"""
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import metrics  # noqa: F401: a fixture
from readings import (CUMULATIVE, DELTA, EXPLICIT, EXPONENTIAL, KINDS, OVERFLOW, Histogram,
                      all_points, by_series, family, instrument, key_of, number_for, opening,
                      points_of, stats_of, total_histogram, total_number, value)

EXAMPLES = int(os.environ.get("EXAMPLES", "80"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
SETS = 12
MARKED = SETS  # the number of the set that a program may give itself: the overflow point's
SYNC = [kind for kind in KINDS if not kind.startswith("o")]
OBSERVABLES = [kind for kind in KINDS if kind.startswith("o")]


def lines_of(kind, limit, temporality, **options):
    extra = Histogram(EXPLICIT, (5,)).words() if family(kind) == "histogram" else ""
    return [*opening(SETS, temporality=temporality, max_series=limit, **options),
            f"set {MARKED} 1 b x{b'otel.metric.overflow'.hex()} 1", instrument(0, kind, extra)]


def key(number):
    return OVERFLOW if number == MARKED else key_of(number)


# ---- recorded ----

def expected(kind, limit, records):
    """{key: what its points come to}: the first `limit` sets have their own series (M-82)."""
    sets, out = set(), {}
    for s, v in records:
        if s != MARKED and s not in sets and len(sets) < limit:
            sets.add(s)
        place = key(s) if s in sets or s == MARKED else OVERFLOW
        if family(kind) == "gauge":
            out[place] = v
        else:
            out[place] = out.get(place, 0) + v
    return out


@bounded
@given(kind=st.sampled_from(SYNC), limit=st.integers(1, 6),
       temporality=st.sampled_from([DELTA, CUMULATIVE]),
       steps=st.lists(st.one_of(
           st.tuples(st.integers(0, MARKED), st.integers(0, 9), st.booleans()),
           st.tuples(st.integers(0, SETS - 1), st.integers(0, 9), st.booleans()),
           st.none()), max_size=40))
def test_sets_past_the_limit_are_counted_in_the_overflow_point(metrics, kind, limit, temporality,
                                                               steps):
    """M-80..M-84, M-107, M-109: also for the empty set, the marked one, and bound handles, which
    take their place when they are bound."""
    lines, records = lines_of(kind, limit, temporality), []
    for i, step in enumerate(steps):
        if step is None:
            lines.append("do a 1 f 0")
            continue
        s, v, bound = step
        v = number_for(kind, v)
        lines += [f"bind {i} 0 {s}", f"do b {i} {value(v)}"] if bound else [
            f"do r 0 {s} {value(v)}"]
        records.append((s, v))
    result = metrics.run([*lines, "do a 1 f 0", "stats"])
    series, want = by_series(all_points(result)), expected(kind, limit, records)
    assert series.keys() == {("i0", place) for place in want}
    for (_, place), own in series.items():
        if family(kind) == "histogram":
            assert total_histogram(own).sum == want[place]
        else:
            assert total_number(own) == want[place]
    if family(kind) == "histogram":
        assert sum(total_histogram(own).count for own in series.values()) == len(records)
    stats = stats_of(result)
    assert stats["overflowing"] == (OVERFLOW in want)
    assert stats["series"] == min(limit, len({s for s, _ in records if s != MARKED}))


def test_exactly_the_limit_does_not_overflow_and_one_more_does(metrics):
    """M-80, M-82: also with the default of 2000."""
    for limit, option in ((3, {"max_series": 3}), (2000, {})):
        for extra in (0, 1):
            lines = [*opening(limit + extra, temporality=CUMULATIVE, **option),
                     instrument(0, "counter")]
            lines += [f"do r 0 {s} i1" for s in range(limit + extra)]
            result = metrics.run([*lines, "do f 0", "stats"])
            series = by_series(all_points(result))
            want = {key_of(s): 1 for s in range(limit)} | ({OVERFLOW: 1} if extra else {})
            assert {place: total_number(own) for (_, place), own in series.items()} == want
            assert stats_of(result)["overflowing"] == extra


def test_the_limit_is_of_each_instrument(metrics):
    """M-80: what one instrument overflows does not touch another."""
    lines = [*opening(4, temporality=CUMULATIVE, max_series=2), instrument(0, "counter"),
             instrument(1, "updown")]
    lines += [f"do r 0 {s} i1" for s in range(4)] + ["do r 1 2 i1 r 1 3 i1 f 0", "stats"]
    result = metrics.run(lines)
    places = {name: {p.key for p in all_points(result) if p.name == name} for name in ("i0", "i1")}
    assert places == {"i0": {key_of(0), key_of(1), OVERFLOW}, "i1": {key_of(2), key_of(3)}}
    assert stats_of(result)["overflowing"] == 1


# ---- told ----

@bounded
@given(kind=st.sampled_from(OBSERVABLES), limit=st.integers(1, 4),
       temporality=st.sampled_from([DELTA, CUMULATIVE]),
       rounds=st.lists(st.lists(st.tuples(st.integers(0, MARKED), st.integers(0, 9)), max_size=10,
                                unique_by=lambda pair: pair[0]), min_size=1, max_size=5))
def test_what_is_told_past_the_limit_is_added_up_in_each_reading(metrics, kind, limit,
                                                                 temporality, rounds):
    """M-81..M-83, M-66, M-67: the sets told first keep their series; sums of the others are added
    up, of gauges the last value stays."""
    lines, want, sets, before = lines_of(kind, limit, temporality), [], set(), {}
    lines.append("do g 0")
    for told in rounds:
        zero = value(number_for(kind, 0))
        lines.append(" ".join(["callback 0", *[
            f"o 0 {s} {value(number_for(kind, v))} {zero}" for s, v in told]]))
        lines.append("do a 1 f 0")
        sums = {}
        for s, v in told:
            if s != MARKED and s not in sets and len(sets) < limit:
                sets.add(s)
            place = key(s) if s in sets else OVERFLOW
            sums[place] = v if family(kind) == "ogauge" else v + sums.get(
                place, 0) if place == OVERFLOW else v
        if family(kind) == "ocounter" and temporality == DELTA:
            now = {place: v if v < before.get(place, 0) else v - before.get(place, 0)
                   for place, v in sums.items()}
            before.update(sums)
            sums = now
        want.append(sums)
    result = metrics.run(lines)
    got, current = [], {}
    for what, event in result.events:
        if what == "request":
            current.update({p.key: p.number for p in points_of(event)})
        elif event[0] == "flush":
            got.append(current)
            current = {}
    assert got == want


# ---- no memory ----

@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("kind", ["counter", "updown_f64", "histogram", "exponential"])
def test_when_the_pool_is_used_up_new_sets_overflow_and_nothing_is_lost(metrics, kind,
                                                                        temporality):
    """M-81, M-109: the memory of all series ends before the limit of one instrument."""
    sets = 300
    histogram = {"histogram": Histogram(EXPLICIT, (5,)),
                 "exponential": Histogram(EXPONENTIAL, None, 20)}.get(kind)
    kind = "histogram" if histogram else kind
    lines = [*opening(sets, temporality=temporality, series_bytes=8192),
             instrument(0, kind, histogram.words() if histogram else ""),
             instrument(1, "counter")]
    for turn in range(2):
        lines += [f"do r 0 {s} {value(number_for(kind, 1))} r 1 {s} i1" for s in range(sets)]
        lines.append("do a 1 f 0")
    result = metrics.run([*lines, "stats"])
    series, stats = by_series(all_points(result)), stats_of(result)
    for name in ("i0", "i1"):
        own = {place: points for (n, place), points in series.items() if n == name}
        assert OVERFLOW in own and len(own) < sets
        sums = [total_histogram(points).count if points[0].shape.endswith("histogram") else
                total_number(points) for points in own.values()]
        assert sum(sums) == 2 * sets
        assert all(n == 2 for place, n in zip(own, sums) if place != OVERFLOW)
    assert stats["overflowing"] == 2 and stats["lost_values"] == 0
    assert stats["series_bytes"] <= 8192
    assert stats["series"] == len([place for _, place in series if place != OVERFLOW])


def test_negative_values_without_memory_for_them_are_counted_as_lost(metrics):
    """M-52, M-81: an exponential histogram has room for positive values only; the rest is there."""
    lines = [*opening(100, temporality=CUMULATIVE, series_bytes=8192),
             instrument(0, "histogram", Histogram(EXPONENTIAL, None, 20).words())]
    lines += [f"do r 0 {s} i1" for s in range(100)] + [f"do r 0 {s} i-1" for s in range(100)]
    result = metrics.run([*lines, "do f 0", "stats"])
    stats = stats_of(result)
    count = sum(p.data.count for p in all_points(result))
    assert 0 < stats["lost_values"] == 200 - count
