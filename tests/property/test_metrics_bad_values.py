"""Values that no sum survives: they are dropped, counted, and told once a minute; the rest of what
an instrument holds stays as it is. Integers go round in 64 bits.
"""
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import metrics  # noqa: F401: a fixture
from readings import (CUMULATIVE, DELTA, EXPLICIT, EXPONENTIAL, KINDS, Histogram, all_points,
                      by_series, family, instrument, is_f64, opening, stats_of, total_histogram,
                      total_number, value)

EXAMPLES = int(os.environ.get("EXAMPLES", "400"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
MINUTE = 60_000_000_000
INSTRUMENTS = [(kind, Histogram(aggregation, None, 20) if aggregation else None)
               for kind in KINDS
               for aggregation in ((EXPLICIT, EXPONENTIAL) if family(kind) == "histogram"
                                   else (0,))]


def is_bad(kind, v):
    return not math.isfinite(v) or (family(kind) in ("counter", "ocounter") and v < 0)


def wrapped(v):
    return (v + 2**63) % 2**64 - 2**63


# ---- bad values ----

values = st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, -1.0, -5e-324, -0.0]),
                   st.integers(-3, 50).map(float))


@bounded
@given(which=st.integers(0, len(INSTRUMENTS) - 1), temporality=st.sampled_from([DELTA, CUMULATIVE]),
       steps=st.lists(st.one_of(values, values, values, st.none()), max_size=20),
       bound=st.booleans())
def test_bad_values_are_dropped_and_counted_and_harm_nothing(metrics, which, temporality, steps,
                                                             bound):
    """M-10, M-48: recorded, through bound handles, and told."""
    kind, histogram = INSTRUMENTS[which]
    lines = [*opening(1, temporality=temporality),
             instrument(0, kind, histogram.words() if histogram else "")]
    lines += ["do g 0"] if kind.startswith("o") else ["bind 0 0 0"]
    good, bad, told, run = [], 0, None, 0
    for v in [*steps, None]:
        if v is None:
            lines.append("do a 1 f 0")
            if told is not None:  # told again in each reading
                run += 1
                bad += is_bad(kind, told)
                good += [] if is_bad(kind, told) else [told]
            continue
        if not is_f64(kind):
            if not math.isfinite(v):
                continue
            v = int(v)
        if kind.startswith("o"):
            told = v
            lines.append(f"callback 0 o 0 0 {value(v)} {value(v * 0 if v == v else v)}"
                         if math.isfinite(v) else f"callback 0 o 0 0 {value(v)} {value(0.0)}")
        else:
            lines.append(f"do b 0 {value(v)}" if bound else f"do r 0 0 {value(v)}")
            bad += is_bad(kind, v)
            good += [] if is_bad(kind, v) else [v]
    result = metrics.run([*lines, "stats"])
    assert stats_of(result)["bad_values"] == bad
    series = by_series(all_points(result))
    assert bool(series) == bool(good)
    for own in series.values():
        if histogram:
            total = total_histogram(own)
            assert (total.count, total.least, total.most) == (len(good), min(good), max(good))
            assert total.sum is None or total.sum == sum(good)
        elif family(kind) in ("counter", "updown"):
            assert total_number(own) == sum(good)
        elif temporality == CUMULATIVE or family(kind) != "ocounter":
            assert own[-1].number == good[-1]
        else:  # M-67: falling values begin anew
            rises = [b if b < a else b - a for a, b in zip([0, *good], good)]
            assert [p.number for p in own] == rises


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("which", range(len(INSTRUMENTS)))
def test_each_kind_drops_each_bad_value(metrics, which, bound):
    """M-10, M-48"""
    kind, histogram = INSTRUMENTS[which]
    lines = [*opening(1, temporality=CUMULATIVE),
             instrument(0, kind, histogram.words() if histogram else "")]
    wanted = [7, -3, 7] + ([math.nan, math.inf, -math.inf, -5e-324] if is_f64(kind) else [])
    wanted = [float(v) if is_f64(kind) else v for v in wanted]
    zero = value(0.0 if is_f64(kind) else 0)
    lines += ["do g 0"] if kind.startswith("o") else ["bind 0 0 0"]
    for v in wanted:
        lines += [f"callback 0 o 0 0 {value(v)} {zero}", "do a 1 f 0"] if kind.startswith("o") \
            else [f"do {'b 0' if bound else 'r 0 0'} {value(v)}"]
    result = metrics.run([*lines, "callback 0", "do a 1 f 0", "stats"])
    good = [v for v in wanted if not is_bad(kind, v)]
    assert stats_of(result)["bad_values"] == len(wanted) - len(good)
    own = all_points(result)
    if histogram:
        assert (own[-1].data.count, own[-1].data.max) == (len(good), 7)
    else:
        adds = family(kind) in ("counter", "updown")
        assert own[-1].number == (sum(good) if adds else good[-1])


def test_bad_values_are_told_once_a_minute(metrics):
    """M-10, M-48: by the engine, not by the call; only when there were some since."""
    lines = [*opening(temporality=CUMULATIVE), instrument(0, "counter")]
    bad, step = "r 0 0 i-1", MINUTE // 4
    lines += [f"do {bad} {bad} p", f"do a {step} {bad} p", f"do a {step} p",  # told at once
              f"do a {3 * step} p p {bad} p",  # the third one, when its minute is over
              f"do a {2 * MINUTE} p", f"do a {2 * MINUTE} p", "stats"]  # the fourth; nothing
    result = metrics.run(lines)
    told = [text for text in result.diagnostics if "values were dropped" in text]
    assert len(told) == 3 == len(result.diagnostics), result.diagnostics
    assert stats_of(result)["bad_values"] == 4
    order = "".join(event[0][0] for what, event in result.events if event[0] in ("told", "poll"))
    assert order == "tpppt" + "pppt" + "pp"


# ---- integers go round ----

BIG = [2**63 - 1, 2**62, 1, 0, 5, -1, -2**63, -2**62]


@bounded
@given(kind=st.sampled_from(["counter", "updown", "ocounter", "oupdown", "gauge", "ogauge"]),
       temporality=st.sampled_from([DELTA, CUMULATIVE]),
       steps=st.lists(st.one_of(st.sampled_from(BIG), st.sampled_from(BIG), st.none()),
                      max_size=12))
def test_integers_go_round_in_64_bits(metrics, kind, temporality, steps):
    """M-49: a sum that passes 2^63 goes on from -2^63, in every build the same; delta points add up
    modulo 2^64."""
    lines, good, told = [*opening(1, temporality=temporality), instrument(0, kind)], [], None
    lines += ["do g 0"] if kind.startswith("o") else []
    for v in [*steps, None]:
        if v is None:
            lines.append("do a 1 f 0")
            good += [] if told is None or is_bad(kind, told) else [told]
        elif kind.startswith("o"):
            told = v
            lines.append(f"callback 0 o 0 0 {value(v)} i0")
        else:
            lines.append(f"do r 0 0 {value(v)}")
            good += [] if is_bad(kind, v) else [v]
    series = by_series(all_points(metrics.run(lines)))
    assert bool(series) == bool(good)
    for own in series.values():
        if kind in ("counter", "updown"):
            assert wrapped(total_number(own)) == wrapped(sum(good))
        elif kind == "ocounter" and temporality == DELTA:
            assert [p.number for p in own] == [b if b < a else b - a
                                               for a, b in zip([0, *good], good)]
        else:
            assert own[-1].number == good[-1]


@pytest.mark.parametrize("kind", ["histogram", "histogram_f64"])
def test_a_histogram_of_the_largest_integers_stays_consistent(metrics, kind):
    """M-46, M-48"""
    top = 2**63 - 1 if kind == "histogram" else 1.7976931348623157e308
    lines = [*opening(1, temporality=CUMULATIVE),
             instrument(0, kind, Histogram(EXPLICIT, (0, 1)).words()),
             f"do r 0 0 {value(top)} r 0 0 {value(-top)} r 0 0 {value(top * 0)} f 0"]
    own, = all_points(metrics.run(lines))
    assert list(own.data.bucket_counts) == [2, 0, 1]
    assert (own.data.min, own.data.max) == (float(-top), float(top))
