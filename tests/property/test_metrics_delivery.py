"""Readings on their way: with delta temporality each value arrives once or is counted, with
cumulative only the newest reading is delivered, whatever the backend answers and however small the
queue and the requests are.

The clock moves only when a test says so. Answers are drawn: sent, retry, refused, or pending and
answered later.
"""
import os
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import metrics  # noqa: F401: a fixture
from readings import (CUMULATIVE, DELTA, EXPLICIT, EXPONENTIAL, LOST, LOWMEMORY, OK, START_UNIX,
                      Histogram, all_points, by_series, instrument, key_of, number_for, opening,
                      points_of, stats_of, statuses, total_number, value)

EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
SETS = 10  # histograms of so many need several records
SECOND = 1_000_000_000
# By number; the callback tells the last one.
INSTRUMENTS = [("counter", None), ("histogram", Histogram(EXPLICIT, (5, 10))), ("updown", None),
               ("gauge", None), ("histogram", Histogram(EXPONENTIAL, None, 20)), ("counter", None),
               ("ocounter", None)]
TOLD = len(INSTRUMENTS) - 1
ANSWERS = st.sampled_from(["s 0", "s 0", "r 0", "r 1000", "r 30000", "f 0", "p 0"])


# ---- what was sent, and what became of it ----

@dataclass
class Backend:
    """Goes through the events in their order and gives each request its fate."""
    answers: list  # of the requests, in order; then all are sent
    completions: list  # letters of the k steps, in order
    accepted: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    final: list = field(default_factory=list)  # both
    retried: object = None  # a request that has to come again
    pending: object = None
    failed: int = 0

    def go_through(self, result):
        answers, completions = iter(self.answers), iter(self.completions)
        for kind, event in result.events:
            if kind == "request":
                assert self.pending is None, "B-04: one request at a time"
                self.receive(event)
                self.settle(event, next(answers, "s 0")[0])
            elif event[0] == "complete":
                letter = next(completions)
                assert (event[1] == ["1"]) == (self.pending is not None)
                if self.pending is not None:
                    request, self.pending = self.pending, None
                    self.settle(request, letter)
            elif event[0] == "accept":
                answers = iter(())
        return self

    def receive(self, request):
        again, self.retried = self.retried, None
        assert request.attempt == 1 or request.attempt == again.attempt + 1
        if again is not None:  # delta points come again as they were, first of all
            old, new = [[(p.series, p.time, p.start) for p in points_of(one)
                         if p.temporality == DELTA] for one in (again, request)]
            assert new[:len(old)] == old

    def settle(self, request, letter):
        if letter == "p":
            self.pending = request
        elif letter == "r":
            self.failed += 1
            self.retried = request
        else:
            self.failed += letter == "f"
            (self.accepted if letter == "s" else self.refused).append(request)
            self.final.append(request)

    def points(self):
        """Of requests that were answered for good, in their order."""
        return [p for request in self.final for p in points_of(request)]


def size_of(p):
    return p.data.count if "histogram" in p.shape else p.number


# ---- generated programs ----

record = st.tuples(st.just("record"), st.integers(0, TOLD - 1), st.integers(0, SETS - 1),
                   st.integers(0, 20))
burst = st.tuples(st.just("burst"), st.integers(0, TOLD - 1))
told = st.tuples(st.just("told"), st.integers(0, 9))
read = st.tuples(st.just("read"), st.sampled_from(["c 0", "c 0 p", "c 0 p", "f 0"]))
later = st.one_of(st.just(("poll",)), st.tuples(st.just("advance"), st.integers(1, 40)),
                  st.tuples(st.just("complete"), st.sampled_from("srf")))
# Something is recorded, read, and has its time with the backend; again and again.
some_steps = st.lists(st.tuples(
    st.lists(st.one_of(record, record, burst, burst, told), max_size=5), read,
    st.lists(later, max_size=5)), max_size=8).map(
        lambda groups: [step for some, one, rest in groups for step in (*some, one, *rest)])


class Program:
    """Writes steps, and keeps what was recorded when."""

    def __init__(self, temporality, queue, request):
        self.now, self.told = START_UNIX, 0
        options = {"metric_queue_bytes": queue, "max_request_bytes": request}
        self.lines = opening(SETS, temporality=temporality, **options)
        self.lines += [instrument(i, kind, histogram.words() if histogram else "")
                       for i, (kind, histogram) in enumerate(INSTRUMENTS)]
        self.recorded = {}  # {(name, key): [(when, count or value)]}
        self.completions = []

    def do(self, step):
        name, *rest = step
        if name == "record":
            i, s, v = rest
            self.lines.append(f"do r {i} {s} i{v}")
            amount = 1 if INSTRUMENTS[i][0] == "histogram" else v
            self.recorded.setdefault((f"i{i}", key_of(s)), []).append((self.now, amount))
        elif name == "burst":
            for s in range(SETS):
                self.do(("record", rest[0], s, s))
        elif name == "told":
            self.told += rest[0]
            self.lines.append("callback 0 " + " ".join(
                f"o {TOLD} {s} i{self.told} i0" for s in range(SETS)))
        elif name == "read":
            self.now += 1  # no two readings at one time
            self.lines.append(f"do a 1 {rest[0]}")
        elif name == "advance":
            self.now += rest[0] * SECOND
            self.lines.append(f"do a {rest[0] * SECOND}")
        elif name == "complete":
            self.lines.append(f"do k {rest[0]} 0")
            self.completions.append(rest[0])
        else:
            self.lines.append("do p")

    def settle(self):
        """Give everything time and chances to arrive."""
        self.lines.append("accept")
        for _ in range(60):
            self.do(("complete", "s"))
            self.do(("advance", 100))
            self.do(("poll",))
        self.do(("read", "f 0"))
        self.do(("poll",))


def check_counts(stats, backend, result):
    def metrics_in(requests):
        return sum(len(scope.metrics) for r in requests for resource in
                   r.decoded().resource_metrics for scope in resource.scope_metrics)

    for request in result.requests():
        assert request.n_records == metrics_in([request])
    assert stats["delivered"] == metrics_in(backend.accepted)
    assert stats["refused"] == metrics_in(backend.refused)
    assert stats["requests"] == len(result.requests())
    assert stats["failed"] == backend.failed


def check_newest(result, start):
    """What is cumulative in a request is of the newest reading; time only goes forward."""
    newest = start
    for request in result.requests():
        times = {p.time for p in points_of(request) if p.temporality != DELTA}
        assert len(times) <= 1, "points of two readings"
        assert all(time >= newest for time in times), "a stale reading after a newer one"
        newest = max(times, default=newest)


def check_delta(own, recorded, complete):
    """Once each, in order, adjoining, and nothing that was recorded before stays behind."""
    sent = 0
    for a, b in zip(own, own[1:]):
        assert a.time <= b.start <= b.time, (a.start, a.time, b.start, b.time)
    for p in own:
        sent += size_of(p)
        assert sent >= sum(n for when, n in recorded if when < p.time)
    total = sum(n for _, n in recorded)
    assert sent == total if complete else sent <= total


@bounded
@given(temporality=st.sampled_from([DELTA, DELTA, CUMULATIVE, LOWMEMORY]),
       queue=st.sampled_from([1024, 1024, 2048, 65536]),
       request=st.sampled_from([600, 1024, 1 << 20]),
       steps=some_steps, answers=st.lists(ANSWERS, min_size=2, max_size=25), closing=st.booleans())
def test_each_value_arrives_once_or_is_counted(metrics, temporality, queue, request, steps,
                                               answers, closing):
    """M-62, M-64, M-66, M-105, B-05, H-21, H-28."""
    program = Program(temporality, queue, request)
    program.lines += ["do g 0", *[f"answer {answer}" for answer in answers]]
    for step in steps:
        program.do(step)
    if closing:
        program.do(("read", "x 0"))
    else:
        program.settle()
    result = metrics.run([*program.lines, "stats"])
    stats = stats_of(result)
    backend = Backend(answers, program.completions).go_through(result)
    check_counts(stats, backend, result)
    check_newest(result, START_UNIX)
    assert stats["queued"] == 0 and stats["too_large"] == 0
    if temporality == DELTA and all(INSTRUMENTS[int(name[1:])][0] in ("counter", "histogram")
                                    for name, _ in program.recorded):
        assert stats["superseded"] == 0
    if not closing:
        assert stats["shutdown"] == 0 and statuses(result, "flush")[-1] == OK

    series = by_series(backend.points())
    complete = stats["shutdown"] == 0
    for name, recorded in program.recorded.items():
        own = series.get(name, [])
        kind = INSTRUMENTS[int(name[0][1:])][0]
        if not own:
            assert not complete or kind == "gauge" or not recorded
        elif own[0].temporality == DELTA:
            check_delta(own, recorded, complete)
        else:
            assert len({p.start for p in own}) == 1 or kind == "gauge"
            if not closing:
                want = recorded[-1][1] if kind == "gauge" else sum(n for _, n in recorded)
                assert size_of(own[-1]) == want
    if not closing and program.told:
        assert all(total_number(series[f"i{TOLD}", key_of(s)]) == program.told
                   for s in range(SETS))


# ---- examples ----

def flat(result):
    """[(name, time in seconds, number)] for each request."""
    return [[(p.name, (p.time - START_UNIX) // SECOND, p.number) for p in points_of(request)]
            for request in result.requests()]


def test_readings_that_were_not_sent_are_superseded_by_the_newest(metrics):
    """M-60, M-62: only cumulative ones; H-21: delta ones are tried again, in their order."""
    lines = [*opening(temporality=DELTA), instrument(0, "counter"), instrument(1, "updown"),
             "answer r 1000", f"do r 0 0 i1 r 1 0 i1 a {SECOND} c 0 p",
             f"do r 0 0 i2 r 1 0 i2 a {SECOND} c 0", f"do r 0 0 i4 r 1 0 i4 a {SECOND} c 0",
             f"do a {SECOND} p p p", "stats"]
    result = metrics.run(lines)
    first, *rest = flat(result)
    assert first == [("i0", 1, 1), ("i1", 1, 1)]
    assert [point for request in rest for point in request] == [
        ("i0", 1, 1), ("i0", 2, 2), ("i0", 3, 4), ("i1", 3, 7)]
    stats = stats_of(result)
    assert (stats["delivered"], stats["superseded"], stats["queued"]) == (4, 2, 0)


def test_readings_that_wait_in_the_queue_make_room_for_the_newest(metrics):
    """M-60: superseded ones are counted; the queue holds one reading, however many there were."""
    lines = [*opening(temporality=CUMULATIVE, metric_queue_bytes=512), instrument(0, "counter")]
    lines += [f"do r 0 0 i1 a {SECOND} c 0" for _ in range(20)]
    result = metrics.run([*lines, "do p", "stats"])
    assert flat(result) == [[("i0", 20, 20)]]
    stats = stats_of(result)
    assert (stats["delivered"], stats["superseded"], stats["queued"]) == (1, 19, 0)


def test_a_reading_that_is_given_up_half_way_leaves_no_overlap(metrics):
    """M-64: the queue ends in the middle of an instrument, and the next reading comes first."""
    lines = [*opening(SETS, temporality=DELTA, metric_queue_bytes=1024),
             instrument(0, "histogram", Histogram(EXPLICIT, (5, 10)).words())]
    for _ in range(4):
        lines.append("do " + " ".join(f"r 0 {s} i1" for s in range(SETS)) + f" a {SECOND} c 0")
    result = metrics.run([*lines, f"do a {SECOND} f 0", "stats"])
    series = by_series(all_points(result))
    assert len(series) == SETS
    for own in series.values():
        assert sum(p.data.count for p in own) == 4
        assert [p.start for p in own] == [START_UNIX, *[p.time for p in own[:-1]]]
    assert any(p.time == START_UNIX + SECOND for own in series.values() for p in own)


def test_a_reading_under_way_is_delivered_though_a_newer_one_is_there(metrics):
    """B-04: the request that waits for its answer stays as it is."""
    lines = [*opening(temporality=CUMULATIVE), instrument(0, "counter"), "answer p 0",
             f"do r 0 0 i1 a {SECOND} c 0 p", f"do r 0 0 i2 a {SECOND} c 0",
             f"do r 0 0 i4 a {SECOND} c 0 k s 0 p p", "stats"]
    result = metrics.run(lines)
    assert flat(result) == [[("i0", 1, 1)], [("i0", 3, 7)]]
    stats = stats_of(result)
    assert (stats["delivered"], stats["superseded"], stats["queued"]) == (2, 1, 0)


@pytest.mark.parametrize("kind", ["counter", "updown", "histogram", "ocounter", "ogauge_f64"])
@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("ending", ["f 5000", "x 5000", "f 0", "x 0"])
def test_a_reading_larger_than_the_queue_is_delivered_once(metrics, temporality, ending, kind):
    """M-63, M-103, B-05: a flush reads on when there is room, and comes to its end."""
    count, sets = 3, 25
    series = [(i, s) for i in range(count) for s in range(sets)]
    one, zero = value(number_for(kind, 1)), value(number_for(kind, 0))
    lines = [*opening(sets, temporality=temporality, metric_queue_bytes=1024),
             *[instrument(i, kind) for i in range(count)]]
    if kind.startswith("o"):
        lines += ["callback 0 " + " ".join(f"o {i} {s} {one} {zero}" for i, s in series), "do g 0"]
    else:
        lines.append("do " + " ".join(f"r {i} {s} {one}" for i, s in series))
    result = metrics.run([*lines, f"do {ending}", "stats"])
    assert statuses(result, "flush") + statuses(result, "close") == [OK]
    assert Counter(p.series for p in all_points(result)) == {
        (f"i{i}", key_of(s)): 1 for i, s in series}
    assert all(size_of(p) == 1 for p in all_points(result))
    stats = stats_of(result)
    assert stats["ended"] == stats["delivered"]


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("ending", ["f 5000", "x 5000", "f 0"])
def test_a_metric_too_large_for_the_queue_is_counted_and_holds_nothing_up(metrics, temporality,
                                                                         ending):
    """M-105, H-28"""
    wide = Histogram(EXPLICIT, tuple(range(255)))
    lines = [*opening(temporality=temporality, metric_queue_bytes=4096), instrument(0, "updown"),
             instrument(1, "histogram", wide.words()), instrument(2, "updown"),
             f"do r 0 0 i1 r 1 0 i1 r 2 0 i1 {ending}", "stats"]
    result = metrics.run(lines)
    assert statuses(result, "flush") + statuses(result, "close") == [LOST]
    assert sorted(p.name for p in all_points(result)) == ["i0", "i2"]
    stats = stats_of(result)
    assert (stats["delivered"], stats["too_large"], stats["queued"]) == (2, 1, 0)


def test_a_point_larger_than_any_request_is_counted(metrics):
    """M-105: alone it is passed over, the others go out."""
    wide = Histogram(EXPLICIT, tuple(range(255)))
    lines = [*opening(temporality=DELTA, max_request_bytes=2048), instrument(0, "counter"),
             instrument(1, "histogram", wide.words()), instrument(2, "counter"),
             "do r 0 0 i1 r 1 0 i1 r 2 0 i1 f 5000", "stats"]
    result = metrics.run(lines)
    assert statuses(result, "flush") == [LOST]
    assert sorted(p.name for p in all_points(result)) == ["i0", "i2"]
    stats = stats_of(result)
    assert (stats["delivered"], stats["too_large"], stats["queued"]) == (2, 1, 0)


def test_a_delta_series_that_waited_for_room_covers_the_whole_time(metrics):
    """M-64: the queue is full while the backend is busy; the next reading has all of it."""
    lines = [*opening(SETS, temporality=DELTA, metric_queue_bytes=512), instrument(0, "counter"),
             "answer p 0"]
    for i in range(4 * SETS):
        lines.append(f"do r 0 {i % SETS} i1 a {SECOND} c 0 p")
    lines += [f"do k s 0 a {SECOND} p p p p f 0", "stats"]
    result = metrics.run(lines)
    series = by_series(all_points(result))
    assert len(series) == SETS
    for own in series.values():
        assert total_number(own) == 4
        assert all(a.time <= b.start for a, b in zip(own, own[1:]))
    assert any(p.time - p.start > SECOND for own in series.values() for p in own)
    stats = stats_of(result)
    assert stats["ended"] == stats["delivered"] and stats["queued"] == 0


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
@pytest.mark.parametrize("kind", ["ocounter", "oupdown", "ogauge"])
def test_what_was_told_for_a_reading_that_was_given_up_is_not_in_the_next_one(metrics, kind,
                                                                              temporality):
    """M-63: the queue was full; sets that are not told again have no point, also past the limit."""
    told = " ".join(f"o 1 {s} i5 i0" for s in range(SETS))
    lines = [*opening(SETS, temporality=temporality, metric_queue_bytes=1024, max_series=4),
             instrument(0, "histogram", Histogram(EXPLICIT, tuple(range(20))).words()),
             instrument(1, kind), "do g 0", f"callback 0 {told}", "answer p 0",
             "do r 0 0 i1 c 0 p", f"do r 0 0 i1 a {SECOND} c 0", f"do r 0 0 i1 a {SECOND} c 0",
             "callback 0 o 1 1 i7 i0", f"do r 0 0 i1 a {SECOND} c 0 k s 0 p p p p f 0"]
    result = metrics.run(lines)
    last = START_UNIX + 3 * SECOND
    points = [p for p in all_points(result) if p.name == "i1" and p.time == last]
    assert {p.key for p in points} == {key_of(1)}
