"""The background thread delivers without the program's help, is woken by a full batch, keeps out of
the program's way, and is gone after closing; nothing allocates after opening."""
import signal

import pytest
from conftest import ROOT, WARNINGS_C
from otlp_backend import Backend, records

FLAGS = ["-std=c99", "-O1", *WARNINGS_C, "-pthread"]


@pytest.fixture(scope="module")
def told(cc, run_c):
    """What background.c printed, and what the backend received meanwhile."""
    program = cc(ROOT / "tests/contract/background.c", "contract/background", FLAGS)
    with Backend() as backend:
        result = run_c(program, backend.endpoint, timeout=60)
        requests = list(backend.requests)
    assert result.returncode == 0, result.stderr
    return dict(line.replace(":\t", " ").split() for line in result.stdout.splitlines()), requests


def test_a_full_batch_is_sent_long_before_its_delay(told):
    lines, _ = told
    assert int(lines["early"]) == 0  # 31 of 32: nobody was woken
    assert int(lines["batch_ms"]) < 1000 and int(lines["second_batch_ms"]) < 1000


def test_records_and_metrics_arrive_after_their_delay_without_poll(told):
    lines, requests = told
    assert int(lines["log_ms"]) <= 1200  # 200 ms, on a busy machine
    assert int(lines["metric_ms"]) <= 2000
    assert sum(request.path == "/v1/metrics" for request in requests) >= 3


def test_closing_delivers_the_rest_and_leaves_nothing_behind(told):
    lines, requests = told
    assert lines["status"] == "0" and lines["delivered"] == "69"
    spans = list(records(r.message for r in requests if r.path == "/v1/traces"))
    assert len({span.span_id for _, _, span in spans}) == len(spans) == 69
    assert lines["tasks.opened"] == "1"
    assert lines["tasks.closed"] == lines["descriptors.released"] == "0"


def test_one_connection_is_enough(told):
    assert {request.connection for request in told[1]} == {1, 2}  # two SDKs had something to send


def test_the_thread_gets_no_signal_of_the_program(told):
    blocked = int(told[0]["SigBlk"], 16)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGALRM):
        assert blocked >> (number - 1) & 1


def test_the_thread_has_a_name_of_its_own(told):
    assert told[0]["Name"].startswith("otel")


@pytest.fixture(scope="module")
def allocation(cc):
    return cc(ROOT / "tests/contract/allocation.c", "contract/allocation", FLAGS)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_is_allocated_after_opening(host, allocation, run_c):
    with Backend() as backend:
        assert run_c(allocation, backend.endpoint.replace("127.0.0.1", host)).returncode == 0


def test_an_allocation_would_be_seen(allocation, run_c):
    with Backend() as backend:
        assert run_c(allocation, backend.endpoint, "forbidden").returncode == -signal.SIGABRT
