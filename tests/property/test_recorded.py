"""Whatever a program records arrives as the model says: random programs against the whole library.

Each test draws a list of calls, lets drive.c make them, decodes every request with the official
bindings and compares it with model.py, field by field; and the counts of otel_stats with both.
"""
import math
import os

import arbitrary
import pytest
from drive import TRACES, check_identity, drive  # noqa: F401: drive is a fixture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import KINDS, Session, decoded_attrs, records, repaired
from words import Attr, text

EXAMPLES = int(os.environ.get("EXAMPLES", "120"))  # EXAMPLES=20000 for a night
bounded = settings(max_examples=EXAMPLES, deadline=None,
                   suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large,
                                          HealthCheck.function_scoped_fixture])
ROOM = {"span_chunks": 4096, "span_queue_bytes": 8 << 20, "log_queue_bytes": 8 << 20,
        "metric_queue_bytes": 4 << 20}
number = st.integers(0, 1 << 16)  # chooses one of what is there
pause = st.integers(0, 10**10)
calls = st.one_of(
    st.tuples(st.just("span"), number, arbitrary.any_texts, st.integers(0, 7),
              st.one_of(st.sampled_from(["current", "root"]), number, arbitrary.contexts),
              arbitrary.lists),
    st.tuples(st.just("set"), number, arbitrary.lists),
    st.tuples(st.just("event"), number, arbitrary.maybe_texts, arbitrary.lists),
    st.tuples(st.just("status"), number, st.integers(0, 3), st.one_of(
        arbitrary.maybe_texts, arbitrary.long_texts)),
    st.tuples(st.just("end"), number), st.tuples(st.just("end"), number),
    st.tuples(st.just("attach"), number), st.tuples(st.just("detach")),
    st.tuples(st.just("advance"), pause),
    st.tuples(st.just("log"), number, st.integers(-1, 26),
              st.one_of(st.none(), arbitrary.any_texts), arbitrary.lists),
    st.tuples(st.just("emit"), number, st.integers(0, 24), arbitrary.maybe_texts,
              st.one_of(st.none(), arbitrary.any_texts), arbitrary.maybe_texts,
              st.sampled_from([0, 1, 1_600_000_000_000_000_000, 2**64 - 1]),
              st.one_of(st.just("current"), number, arbitrary.contexts), arbitrary.lists),
    st.tuples(st.just("collect")))


def context_of(session, choice):
    """A drawn context: a name, an explicit one, or the span that a number chooses."""
    if not isinstance(choice, int):
        return choice
    return session.spans[choice % len(session.spans)] if session.spans else "current"


def play(session, call):
    """Make one drawn call; one that needs a span is left out while there is none."""
    name, *rest = call
    if name in ("set", "event", "status", "end", "attach"):
        if session.spans:
            getattr(session, name)(session.spans[rest[0] % len(session.spans)], *rest[1:])
    elif name in ("span", "log", "emit"):
        rest[0] %= len(session.scopes)
        place = {"span": 3, "emit": 6}.get(name)
        if place is not None:
            rest[place] = context_of(session, rest[place])
        getattr(session, name)(*rest)
    else:
        getattr(session, name)(*rest)


@bounded
@given(scopes=st.lists(st.tuples(arbitrary.maybe_texts, arbitrary.maybe_texts), min_size=1,
                       max_size=4),
       resource=arbitrary.lists, program=st.lists(calls, max_size=30),
       limit=st.sampled_from([None, None, 1, 3]))
def test_spans_and_logs_arrive_as_they_were_recorded(drive, scopes, resource, program, limit):
    """C-01, C-06, C-09, C-10, C-20, C-31, T-06, T-07, T-10..T-15, T-30, T-31, L-02..L-08, L-20,
    P-03..P-05, P-09, P-20..P-22, P-27, P-30, P-31."""
    options = {"attribute_limit": limit} if limit else {}
    session = Session(resource=resource, **ROOM, **options)
    for scope in scopes:
        session.scope(*scope)
    for call in program:
        play(session, call)
    session.run(drive)


names = st.sampled_from([b"a", b"A", b"pump.strokes", b"Pump.sTrokes", b"x" * 255,
                         b"tank/level-1_2"])
units = st.sampled_from([None, b"", b"By", b"{request}", b"\xc2\xb5s"])
bounds = st.one_of(st.just([]), st.just([0.5]), st.just([-1.0, 0.0, 1.0]), st.lists(
    st.floats(-1e6, 1e6), min_size=1, max_size=40, unique=True).map(sorted))
# Sums of these do not overflow, so the model need not know what happens then (M-49).
amounts = st.one_of(st.integers(-1000, 1000), st.sampled_from([0, 5, 2**53 + 1, -2**57, 2**57]))
shares = st.one_of(st.sampled_from([0.0, -0.0, 0.5, 1.0, 5.0, math.nextafter(5.0, 6.0), 10000.0,
                                    -1e-300, math.nan, math.inf, -math.inf]),
                   st.floats(-1e9, 1e9), st.floats(-1e300, 1e300))


@bounded
@given(instruments=st.lists(st.tuples(st.sampled_from(KINDS), number, names, units,
                                      arbitrary.maybe_texts, bounds), min_size=1, max_size=6),
       program=st.lists(st.one_of(
           st.tuples(number, amounts, shares, arbitrary.sets),
           st.tuples(number, amounts, shares, arbitrary.sets),
           st.tuples(number, amounts, shares, arbitrary.sets),
           st.just("collect"), pause), max_size=40),
       limit=st.sampled_from([None, None, 1, 2, 3]))
def test_every_measurement_ends_in_the_point_of_its_attribute_set(drive, instruments, program,
                                                                  limit):
    """C-08, M-02, M-03, M-08, M-09, M-10, M-20..M-24, M-42..M-48, M-60, M-62, M-63, M-65,
    M-81..M-84, M-109, P-03, P-08, P-23..P-25."""
    session = Session(**ROOM, **({"max_series": limit} if limit else {}))
    session.scope(b"one")
    session.scope(b"two", b"2")
    for kind, scope, name, unit, *rest in instruments:
        unit = b"f64" if kind == "histogram_f64" else unit  # on the wire both histograms are alike
        session.instrument(kind, scope % 2, name, unit, *rest)
    for call in program:
        if call == "collect":
            session.collect()
        elif isinstance(call, int):
            session.advance(call)
        else:
            chosen, amount, share, items = call
            one = session.instruments[chosen % len(session.instruments)]
            session.record(one.number, share if one.is_double() else amount, items)
    session.run(drive)


@pytest.mark.parametrize("family", ["gauge", "updown", "counter", "histogram"])
def test_the_largest_and_least_numbers_keep_their_value(drive, family):
    """M-08, P-05, P-08: each alone, so that nothing is added up."""
    session = Session(**ROOM)
    session.scope(b"s")
    for kind, values in [(family, arbitrary.INTEGERS), (family + "_f64", arbitrary.DOUBLES)]:
        number = session.instrument(kind, 0, kind.encode())
        for i, value in enumerate(values):
            session.record(number, value, [Attr("i", b"i", i)])
    session.run(drive)


def test_a_clock_that_is_set_back_never_makes_a_span_end_before_it_began(drive):
    """C-31: the end is the start and a monotonic difference."""
    session = Session(**ROOM)
    session.scope(b"s")
    span = session.span(0, b"early")
    session.add(f"time {session.monotonic + 3_000_000_000} {session.now - 10**15}")
    session.monotonic += 3_000_000_000
    session.event(span, b"e")
    span.events[0] = (span.start + 3_000_000_000, *span.events[0][1:])
    session.end(span)
    session.now -= 10**15
    session.run(drive)


@bounded
@given(chunks=st.integers(1, 6), steps=st.lists(
    st.tuples(st.integers(0, 1), st.booleans(), arbitrary.any_texts), max_size=25))
def test_what_does_not_fit_a_span_is_counted_and_the_rest_is_whole(drive, chunks, steps):
    """C-09, P-27: with hardly any memory each attribute and event is there whole, or counted."""
    lines = ["open x61 0 max_open_spans 2 max_request_bytes 4000000 "
             f"span_queue_bytes 4000000 span_chunks {chunks}", "scope 0 x61 x"]
    lines += ["span 0 0 x61 1 root 0", "span 1 0 x62 1 root 0"]
    given_attributes, given_events = [{}, {}], [[], []]
    for step, (span, is_event, value) in enumerate(steps):
        if is_event:
            lines.append(f"event {span} {text(value)} 1 i {text('a')} {step}")
            given_events[span].append((repaired(value), step))
        else:
            lines.append(f"set {span} 1 s {text(f'k{step}')} {text(value)}")
            given_attributes[span][f"k{step}"] = ("s", repaired(value))
    result = drive.run([*lines, "end 0", "end 1", "flush 0", "stats"])
    check_identity(result.stats())
    spans = [span for request in result.requests(TRACES) for _, span in records(request)]
    assert [span.name for span in spans] == ["a", "b"]
    for span, attributes, events in zip(spans, given_attributes, given_events):
        got = decoded_attrs(span.attributes)
        assert got.items() <= attributes.items()
        assert len(got) + span.dropped_attributes_count == len(attributes)
        kept = [(event.name, event.attributes[0].value.int_value) for event in span.events]
        assert kept == [event for event in events if event in kept]
        assert len(kept) + span.dropped_events_count == len(events)


@bounded
@given(memory=st.integers(500, 6000), steps=st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 60)), max_size=60))
def test_totals_stay_right_when_the_memory_for_series_is_used_up(drive, memory, steps):
    """M-81, M-109: what finds no room is in the overflow point, and nothing is counted twice."""
    lines = [f"open x61 0 series_bytes {memory}", "scope 0 x61 -",
             "instrument 0 counter 0 x63 - -", "instrument 1 histogram 0 x68 - - 1 " + "0" * 16]
    for value, which in steps:
        lines += [f"record {number} {value} 1 i x61 {which}" for number in (0, 1)]
    result = drive.run([*lines, "flush 0", "stats"])
    check_identity(result.stats())
    made = [words[0] == str(number) for number, words in enumerate(result.values("instrument"))]
    got = {metric.name: metric for request in result.requests() for _, metric in records(request)}
    assert {"c", "h"} >= got.keys() and (len(got) == sum(made) or not steps)
    for name, kept in [("c", "sum"), ("h", "histogram")]:
        if name not in got:
            continue
        points = getattr(got[name], kept).data_points
        own = {decoded_attrs(p.attributes).get("a", ("overflow",))[-1]: p for p in points}
        assert len(own) == len(points)
        want = {}
        for value, which in steps:
            key = which if which in own else "overflow"
            want[key] = want.get(key, 0) + value
        assert want == {key: p.as_int if name == "c" else int(p.sum) for key, p in own.items()}
