"""When requests go out and how large they are: by count, by bytes, by time, by order. The clock is
drive.c's own, so every time here is exact."""
import os

from drive import LOGS, METRICS, TRACES, check_identity, drive  # noqa: F401: drive is a fixture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import records, scoped
from words import text

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
MS = 1_000_000
ONLY_LOGS = {"log_delay_ms": 1, "span_delay_ms": 10**6, "metric_interval_ms": 10**6}
OK, TIMEOUT, LOST = 0, 2, 2**64 - 5  # enum otel_status as drive.c writes it


def opened(**options):
    """Instructions that open an SDK and get scope 0."""
    words = " ".join(f"{name} {number}" for name, number in options.items())
    return ["time 5000000000 1700000000000000000", f"open x61 0 {words}".rstrip(), "scope 0 x61 -"]


def spans(count, name="span"):
    return ["span 0 0 " + text(name) + " 1 root 0", "end 0"] * count


def logs(count, body="log"):
    return [f"log 0 9 {text(body)} 0"] * count


def between(result, mark="stats"):
    """The requests before the first answer to `mark`, then before the second, and so on."""
    parts = [[]]
    for kind, event in result.events:
        if kind == "request":
            parts[-1].append(event)
        elif event[0] == mark:
            parts.append([])
    return parts


def sizes(requests, signal):
    return [request.n_records for request in requests if request.signal == signal]


def test_records_wait_for_their_delay_and_no_longer(drive):
    """B-01, B-03: one record goes out when its delay is over; a poll tells when that is."""
    for make, option, signal in [(spans, "span_delay_ms", TRACES), (logs, "log_delay_ms", LOGS)]:
        result = drive.run([*opened(**{option: 700}), "poll", *make(2), "poll", "stats",
                            f"advance {699 * MS}", "poll", "stats", f"advance {MS}", "poll",
                            "stats"])
        before, early, due, _ = between(result)
        assert (before, early) == ([], []) and sizes(due, signal) == [2]
        waits = [int(words[0]) for words in result.values("poll")]
        assert waits[1:3] == [700, 1]


def test_the_default_delays_and_batch_are_those_of_the_specification(drive):
    """B-03, M-101: 5 s for spans, 1 s for logs, 60 s for metrics, 512 records."""
    lines = [*opened(), "instrument 0 gauge 0 x61 - -", "record 0 1 0", *spans(1), *logs(1)]
    for _ in range(60):
        lines += [f"advance {999 * MS}", "poll", "stats", f"advance {MS}", "poll", "stats"]
    parts = between(drive.run(lines))
    first = {signal: next(i for i, part in enumerate(parts) if sizes(part, signal))
             for signal in (TRACES, METRICS, LOGS)}
    assert first == {LOGS: 1, TRACES: 9, METRICS: 119}
    result = drive.run([*opened(), *spans(511), *logs(511), "poll", "stats", *spans(1), *logs(1),
                        "poll", "stats"])
    before, full, _ = between(result)
    assert before == [] and sizes(full, TRACES) == sizes(full, LOGS) == [512]


@bounded
@given(batch=st.integers(1, 9), count=st.integers(0, 40))
def test_full_batches_go_out_at_once_and_the_rest_waits(drive, batch, count):
    """B-01: a batch that is complete does not wait; what is left over does. Two polls, because one
    does not go on for ever."""
    result = drive.run([
        *opened(span_batch=batch, log_batch=batch, span_delay_ms=100, log_delay_ms=100), "poll",
        *spans(count), *logs(count), "poll", "poll", "stats", f"advance {100 * MS}", "poll",
        "stats"])
    full, rest, _ = between(result)
    for signal in (TRACES, LOGS):
        assert sizes(full, signal) == [batch] * (count // batch)
        assert sizes(rest, signal) == ([count % batch] if count % batch else [])


@bounded
@given(limit=st.sampled_from([400, 500, 1000, 3000]),
       lengths=st.lists(st.one_of(st.integers(0, 40), st.integers(0, 1200)), max_size=40),
       scopes=st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_requests_are_as_large_as_the_limit_in_bytes_allows(drive, limit, lengths, scopes):
    """H-15, B-05: no request passes the limit, none is cut short of it, and a record that alone is
    too large is counted and holds up nothing. Neighbours of one scope share a wrapper (P-29)."""
    lines = [*opened(max_request_bytes=limit), "scope 1 x62 -", "scope 2 x63 x31"]
    for i, (n, scope) in enumerate(zip(lengths, scopes)):
        lines.append(f"log {scope} 9 {text(f'{i:03}' + 'x' * n)} 0")
    result = drive.run([*lines, "flush 0", "stats"])
    requests, stats = result.requests(LOGS), result.stats()
    got = [int(log.body.string_value[:3]) for r in requests for _, log in records(r)]
    assert got == sorted(set(got))
    assert stats["logs"]["dropped"]["too_large"] == len(lengths) - len(got)
    check_identity(stats)
    room = limit - 300  # resource, wrappers, and the record's own fields
    assert all(lengths[i] > room for i in range(len(lengths)) if i not in got)
    for request in requests:
        assert len(request.body) <= limit
        parts = [scope for scope, _ in scoped(request)]
        assert all(a != b for a, b in zip(parts, parts[1:]))
    for one, following in zip(requests, requests[1:]):
        (_, last), (_, record) = records(one)[-1], records(following)[0]
        between_them = int(record.body.string_value[:3]) - int(last.body.string_value[:3])
        if between_them == 1:
            assert len(one.body) + record.ByteSize() + 40 > limit, "there was room for one more"


@bounded
@given(interval=st.integers(1, 100_000), steps=st.lists(st.integers(0, 150_000), max_size=12))
def test_metrics_are_read_once_an_interval(drive, interval, steps):
    """M-101, M-62: a reading at each interval that passed, of the time at which it was made."""
    lines = [*opened(metric_interval_ms=interval), "instrument 0 counter 0 x61 - -",
             "record 0 1 0", "stats"]
    for step in steps:
        lines += [f"advance {step * MS}", "poll", "stats"]
    result = drive.run(lines)
    now, due = 0, interval
    waits = [int(words[0]) for words in result.values("poll")]
    for step, part, wait in zip(steps, between(result)[1:], waits):
        now += step
        assert sizes(part, METRICS) == ([1] if now >= due else [])
        if now >= due:
            due = now + interval
            (_, metric), = records(part[0])
            point, = metric.sum.data_points
            assert point.time_unix_nano == 1_700_000_000_000_000_000 + now * MS
            assert point.start_time_unix_nano == 1_700_000_000_000_000_000
        assert wait <= due - now


def test_nothing_recorded_is_nothing_sent(drive):
    """B-04, P-30: no empty envelope, not by time, not by flush, not by close."""
    result = drive.run([*opened(), "instrument 0 counter 0 x61 - -",
                        "instrument 1 histogram 0 x62 - - 0", f"advance {70_000 * MS}", "poll",
                        "flush 0", "close 0"])
    assert result.requests() == []
    assert result.values("flush") == result.values("close") == [["0"]]


def test_a_flush_sends_all_that_there_is_however_many_requests_that_takes(drive):
    """B-05."""
    result = drive.run([*opened(log_batch=1), *logs(300), "flush 0", "stats"])
    assert sizes(result.requests(), LOGS) == [1] * 300
    assert result.values("flush") == [[str(OK)]]


def test_a_flush_tells_what_became_of_the_records(drive):
    """B-08."""
    for answer, status in [("s 0", OK), ("r 0", TIMEOUT), ("f 0", LOST), ("p 0", TIMEOUT)]:
        result = drive.run([*opened(), "answer " + answer, *logs(1), "flush 0", "stats"])
        assert result.values("flush") == [[str(status)]], answer
        check_identity(result.stats())
        assert result.stats()["logs"]["queued"] == (status == TIMEOUT)


def test_what_is_left_at_the_close_is_counted_and_every_later_call_is_nothing(drive):
    """B-06, B-07, T-75, M-104."""
    later = [*spans(1), *logs(1), "record 0 1 0", "poll", "flush 0", "close 0", "stats"]
    result = drive.run([*opened(), "instrument 0 counter 0 x61 - -", "answer s 0", "answer r 0",
                        "record 0 1 0", *spans(2), *logs(2), "close 0", "stats", *later])
    before, after, _ = between(result)
    assert after == [] and len(before) == 3
    assert result.values("close") == [[str(TIMEOUT)], [str(OK)]]
    stats = result.stats()
    check_identity(stats)
    lost = [stats[s]["dropped"]["shutdown"] for s in ("traces", "metrics", "logs")]
    sent = [stats[s]["delivered"] for s in ("traces", "metrics", "logs")]
    assert [sum(pair) for pair in zip(lost, sent)] == [2, 1, 2]
    assert sum(1 for n in lost if n) == 1


def test_a_full_queue_drops_the_newest_and_says_which_limit_it_was(drive):
    """B-02."""
    result = drive.run([*opened(log_queue=10, log_batch=10), "free 2", *logs(4), "free 2",
                        *logs(10, "new"), "free 2", "flush 0", "free 2", "stats"])
    assert [int(words[0]) for words in result.values("free")] == [10, 6, 0, 10]
    bodies = [log.body.string_value for r in result.requests() for _, log in records(r)]
    assert bodies == ["log"] * 4 + ["new"] * 6
    assert result.stats()["logs"]["dropped"]["queue_records"] == 4
    result = drive.run([*opened(log_queue=1000, log_queue_bytes=1024), *logs(100, "x" * 100),
                        "flush 0", "stats"])
    stats = result.stats()["logs"]
    check_identity(result.stats())
    assert stats["dropped"]["queue_bytes"] > 80 and stats["delivered"] > 4
    assert stats["dropped"]["queue_records"] == 0


def test_of_readings_that_could_not_be_sent_only_the_newest_is_kept(drive):
    """A cumulative reading says all that the one before it said; the older one is counted."""
    lines = [*opened(metric_interval_ms=1000), "instrument 0 counter 0 x61 - -", "answer r 5000",
             "record 0 1 0"]
    for _ in range(4):
        lines += [f"advance {1000 * MS}", "poll", "record 0 1 0"]
    result = drive.run([*lines, f"advance {2000 * MS}", "poll", "stats"])
    values = [metric.sum.data_points[0].as_int for r in result.requests(METRICS)
              for _, metric in records(r)]
    assert values == [1, 5]
    stats = result.stats()
    check_identity(stats)
    assert stats["metrics"]["dropped"]["superseded"] == stats["metrics"]["started"] - 1
    assert stats["metrics"]["delivered"] == 1


def test_a_signal_that_the_backend_refuses_does_not_hold_up_the_others(drive):
    """Each signal waits for its own answers only."""
    result = drive.run([*opened(span_delay_ms=10, log_delay_ms=10), *spans(1),
                        "answer r 100000", f"advance {10 * MS}", "poll", "stats", *logs(1),
                        f"advance {10 * MS}", "poll", "stats"])
    first, second, _ = between(result)
    assert sizes(first, TRACES) == [1] and sizes(second, LOGS) == [1]
    assert not sizes(second, TRACES)


def test_the_wait_asked_for_by_the_backend_is_kept(drive):
    """H-22, H-23: Retry-After in seconds, a transport's own milliseconds, or a growing range."""
    for answer, wait in [("r 7000", 7000), ("h 503 " + text("9"), 9000), ("h 429 x39", 9000)]:
        result = drive.run([*opened(**ONLY_LOGS), *logs(1), "answer " + answer, f"advance {MS}",
                            "poll", "stats", f"advance {(wait - 1) * MS}", "poll", "stats",
                            f"advance {MS}", "poll", "stats"])
        first, early, due, _ = between(result)
        assert [len(part) for part in (first, early, due)] == [1, 0, 1], answer
        assert due[0].attempt == 2 and due[0].body == first[0].body
        assert int(result.values("poll")[0][0]) == wait


@bounded
@given(seed=st.integers(0, 2**64 - 1), failures=st.integers(1, 9))
def test_without_a_word_from_the_backend_the_wait_grows_to_half_a_minute(drive, seed, failures):
    """H-23: a random wait of at most 1 s, 2 s, 4 s ... 30 s."""
    lines = [f"entropy {seed}", *opened(**ONLY_LOGS), *logs(1),
             *["answer r 0"] * failures, f"advance {MS}"]
    result = drive.run([*lines, *["settle 1"] * (failures + 1), "stats"])
    waits = [int(words[0]) for words in result.values("settle")]
    assert [r.attempt for r in result.requests()] == list(range(1, failures + 2))
    ranges = [min(30_000, 1000 << n) for n in range(failures)]
    assert all(0 < wait <= most for wait, most in zip(waits, ranges))
    assert result.stats()["logs"]["delivered"] == 1


def test_a_metric_with_very_many_points_arrives_whole_in_several_pieces(drive):
    """M-63, M-80, H-15: pieces of one reading carry name, unit and temporality each."""
    sets, wide = 1500, "y" * 200
    lines = opened(metric_queue_bytes=1 << 20, max_request_bytes=100_000, series_bytes=4 << 20)
    lines.append(f"instrument 0 counter 0 {text('wide')} {text('By')} -")
    lines += [f"record 0 {i} 2 i x61 {i} s x62 {text(wide)}" for i in range(sets)]
    result = drive.run([*lines, "flush 0", "stats"])
    check_identity(result.stats())
    pieces = [metric for r in result.requests(METRICS) for _, metric in records(r)]
    assert len(pieces) > 3 and all(len(r.body) <= 100_000 for r in result.requests())
    points = {}
    for piece in pieces:
        assert (piece.name, piece.unit) == ("wide", "By")
        assert piece.sum.is_monotonic and piece.sum.aggregation_temporality == 2
        assert piece.sum.data_points
        points.update({p.attributes[0].value.int_value: p.as_int for p in piece.sum.data_points})
    assert points == {i: i for i in range(sets)}
    assert result.stats()["metrics"]["delivered"] == len(pieces)
