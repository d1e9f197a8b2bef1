"""Every record is delivered exactly once, or counted as lost, whatever the backend answers.

The transport's answers are drawn: sent, retry, refused, an HTTP status, or pending and answered
later. Records carry a number each, so that one that is lost, doubled or out of order is seen.
"""
import os

from drive import LOGS, TRACES, check_identity, drive  # noqa: F401: drive is a fixture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model import records

EXAMPLES = int(os.environ.get("EXAMPLES", "120"))
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[
    HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
RETRIED = {429, 502, 503, 504}  # H-21
ANSWERS = st.one_of(
    st.just("s 0"), st.builds("r {}".format, st.sampled_from([0, 1, 1000, 60000])), st.just("f 0"),
    st.just("p 0"), st.builds("h {}".format, st.sampled_from(
        [200, 202, 204, 299, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504, 301])))
COMPLETIONS = st.sampled_from(["s 0", "r 0", "r 500", "f 0"])
SETTLE = ["complete s 0", "settle 400", "complete s 0", "settle 400"]


def outcome(answer):
    """sent, retry, refused or pending, by OTLP's rules for those that are HTTP."""
    kind, number, *_ = answer.split()
    if kind == "h":
        kind = "s" if 200 <= int(number) < 300 else "r" if int(number) in RETRIED else "f"
    return {"s": "sent", "r": "retry", "f": "refused", "p": "pending"}[kind]


class Backend:
    """Plays the drawn answers over what drive.c reported, and keeps what was accepted."""

    def __init__(self, answers):
        self.answers = iter(answers)
        self.accepted, self.refused, self.pending = [], [], []
        self.attempts = {}  # by signal: the attempt that has to come back

    def receive(self, request):
        want = self.attempts.pop(request.signal, None)
        if want is not None:  # the same records, one attempt later; newer ones may have joined
            assert request.attempt == want.attempt + 1
            old = numbers([want], want.signal)
            assert numbers([request], request.signal)[:len(old)] == old
        else:
            assert request.attempt == 1
        self.settle(request, outcome(next(self.answers, "s 0")))

    def settle(self, request, result):
        if result == "pending":
            assert request.signal not in [other.signal for other in self.pending]
            self.pending.append(request)
        elif result == "retry":
            self.attempts[request.signal] = request
        else:
            (self.accepted if result == "sent" else self.refused).append(request)

    def complete(self, result):
        self.settle(self.pending.pop(0), outcome(result))


def numbers(requests, signal):
    """The numbers of the records in these requests, in order."""
    out = []
    for request in requests:
        if request.signal == signal:
            for _, record in records(request):
                out.append(int(record.name if signal == TRACES else record.body.string_value))
    return out


def replay(result, answers, completions):
    """Go through the events in their order; returns the Backend at the end."""
    backend, completions = Backend(answers), iter(completions)
    for kind, event in result.events:
        if kind == "request":
            backend.receive(event)
        elif event[0] == "complete":
            answer = next(completions)
            assert (event[1] == ["one"]) == bool(backend.pending)
            if backend.pending:
                backend.complete(answer)
    return backend


@bounded
@given(steps=st.lists(st.one_of(
           st.tuples(st.sampled_from(["log", "span"]), st.integers(1, 6)),
           st.tuples(st.sampled_from(["log", "span"]), st.integers(1, 6)),
           st.tuples(st.just("poll"), st.integers(0, 40_000)),
           st.tuples(st.just("complete"), COMPLETIONS), st.just(("flush",))), max_size=30),
       answers=st.lists(ANSWERS, max_size=20), batch=st.sampled_from([1, 2, 5, 512]),
       queue=st.sampled_from([4, 16, 2048]))
def test_each_record_is_delivered_once_or_counted_and_in_order(drive, steps, answers, batch,
                                                               queue):
    """B-02, B-05, H-20, H-21, H-24, H-28, T-73, T-74."""
    batch = min(batch, queue)
    lines = [*[f"answer {answer}" for answer in answers],
             f"open x61 0 span_batch {batch} log_batch {batch} span_queue {queue} "
             f"log_queue {queue} max_open_spans 4", "scope 0 x61 -"]
    completions, sent = [], {"log": 0, "span": 0}
    for name, *rest in steps:
        if name in sent:
            for _ in range(rest[0]):
                text = "x" + str(sent[name]).encode().hex()
                lines += ([f"log 0 9 {text} 0"] if name == "log" else
                          [f"span 0 0 {text} 1 root 0", "end 0"])
                sent[name] += 1
        elif name == "poll":
            lines += ["poll", f"advance {rest[0] * 1_000_000}", "poll", "stats"]
        elif name == "complete":
            lines.append(f"complete {rest[0]}")
            completions.append(rest[0])
        else:
            lines.append("flush 0")
    for line in SETTLE * 20:
        lines.append(line)
        if line.startswith("complete"):
            completions.append("s 0")
    lines = ["time 5000000000 1700000000000000000", *order_of_open(lines), "stats"]
    result = drive.run(lines)

    backend = replay(result, answers, completions)
    assert not backend.pending and not backend.attempts
    stats = result.stats()
    check_identity(stats)
    for signal, name, label in [(TRACES, "span", "traces"), (LOGS, "log", "logs")]:
        counts = stats[label]
        accepted, refused = [numbers(done, signal) for done in (backend.accepted, backend.refused)]
        final = [n for request in sorted_by_time(backend, result) if request.signal == signal
                 for n in numbers([request], signal)]
        assert final == sorted(set(final)), "each once, in order"
        assert counts["started"] == counts["ended"] == sent[name]
        assert counts["queued"] == 0
        assert counts["delivered"] == len(accepted)
        assert counts["dropped"]["refused"] == len(refused)
        assert sum(counts["dropped"].values()) == sent[name] - len(accepted)
        full = counts["dropped"]["queue_records"]
        assert len(refused) + full == sent[name] - len(accepted)
        assert full == 0 or sent[name] > queue
    assert stats["requests"] == len(result.requests())


def order_of_open(lines):
    """`open` forgets earlier answers, so it comes first."""
    opening = next(line for line in lines if line.startswith("open"))
    return [opening, *[line for line in lines if line != opening]]


def sorted_by_time(backend, result):
    """The requests that got a final answer, in the order in which they were made."""
    final = [id(request) for request in backend.accepted + backend.refused]
    return [request for request in result.requests() if id(request) in final]


def test_each_http_status_has_the_outcome_that_otlp_gives_it(drive):
    """H-20, H-21, H-27: 2xx is accepted, 429, 502, 503, 504 are tried again, all else is final."""
    ranges = [range(200, 207), range(300, 309), range(400, 432), range(500, 512), [451, 599]]
    for status in (status for some in ranges for status in some):
        result = drive.run(["open x61 0", "scope 0 x61 -", f"answer h {status}", "log 0 9 x61 0",
                            "flush 0", "stats"])
        counts = result.stats()["logs"]
        got = {"sent": counts["delivered"], "retry": counts["queued"],
               "refused": counts["dropped"]["refused"]}
        assert got == {**dict.fromkeys(got, 0), outcome(f"h {status}"): 1}, status
