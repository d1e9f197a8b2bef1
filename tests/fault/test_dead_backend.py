"""A backend that is dead, deaf, mute or slow costs the program bounded memory and no work,
delays no
exit, and every loss is counted."""
import re
import socket
import subprocess
import sys
import time

import pytest
from conftest import ROOT, WARNINGS_C

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from otlp_backend import Backend, Deaf, Server, closed_port, records  # noqa: E402

OK, TIMEOUT = 0, 2
GRACE_MS = 250  # over the deadline given to otel_close()


class Slow(Backend):
    """Takes its time for every byte of an answer that never ends."""

    def answer(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(600):
            connection.sendall(b"x")
            time.sleep(0.1)


class Trickle(Server):
    """Reads a byte now and then: requests do not get through."""

    def serve(self, connection, number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        for _ in range(600):
            connection.recv(1)
            time.sleep(0.1)


class Refusing:
    """Nothing listens there."""

    def __enter__(self):
        self.endpoint = closed_port()
        return self

    def __exit__(self, *_):
        pass


BACKENDS = {"refusing": Refusing, "deaf": Deaf, "mute": Server, "slow": Slow, "trickle": Trickle}


@pytest.fixture(scope="module")
def dead(cc):
    return cc(ROOT / "tests/fault/dead.c", "fault/dead",
              ["-std=c99", "-O2", "-g", *WARNINGS_C, "-pthread"])


@pytest.fixture(scope="module")
def measure(dead, run_c):
    """measure(endpoint, rounds, idle ms, close ms) -> what the program printed, as numbers."""
    def run(*arguments):
        result = run_c(dead, *arguments, timeout=60)
        assert result.returncode == 0, result.stderr
        return {name: int(value) for name, value in map(str.split, result.stdout.splitlines())}

    return run


@pytest.mark.parametrize("deadline", [0, 300, 1000])
@pytest.mark.parametrize("backend", BACKENDS)
def test_closing_keeps_its_deadline(backend, deadline, measure):
    with BACKENDS[backend]() as other:
        told = measure(other.endpoint, 3000, 100, deadline)
    assert told["close_ms"] <= deadline + GRACE_MS
    assert told["status"] == TIMEOUT


@pytest.mark.parametrize("backend", BACKENDS)
def test_memory_stays_bounded_and_losses_are_counted(backend, measure):
    with BACKENDS[backend]() as other:
        told = measure(other.endpoint, 200000, 100, 0)
    assert told["data_kib.end"] == told["data_kib.opened"]  # nothing was allocated
    assert told["rss_kib.end"] - told["rss_kib.opened"] <= told["block_kib"] + 256
    assert told["agree"] == 1
    for signal in ("traces", "logs"):
        assert told[f"{signal}.ended"] == 200000
        assert told[f"{signal}.delivered"] == 0
        assert told[f"{signal}.full"] + told[f"{signal}.shutdown"] == 200000
        assert 0 < told[f"{signal}.shutdown"] <= 1024
    assert told["metrics.dropped"] == told["metrics.ended"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_waiting_for_a_dead_backend_costs_no_processor_time(backend, measure):
    with BACKENDS[backend]() as other:
        told = measure(other.endpoint, 3000, 1500, 0)
    assert told["rest_us"] < 100000
    assert told["requests"] <= 30  # they are spaced out, by chance


def test_a_live_backend_gets_everything(measure):
    """The control: the same program, nothing lost."""
    with Backend() as backend:
        told = measure(backend.endpoint, 500, 100, 5000)
    assert told["status"] == OK and told["agree"] == 1
    assert told["traces.delivered"] == told["logs.delivered"] == 500
    assert told["traces.dropped"] + told["logs.dropped"] == 0
    assert told["data_kib.end"] == told["data_kib.opened"]


def test_what_was_kept_is_sent_when_the_backend_comes_back(dead):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [dead, f"http://127.0.0.1:{port}", "600", "400", "5000"]  # a batch is full at once
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        time.sleep(0.2)
        with Backend(port=port) as backend:
            told = dict(line.split() for line in program.communicate(timeout=60)[0].splitlines())
    assert told["traces.delivered"] == told["logs.delivered"] == "600" and told["agree"] == "1"
    assert int(told["failed_requests"]) >= 1
    names = [record.name for _, _, record in records(backend.messages("/v1/traces"))]
    assert names == ["round"] * 600


def instructions(program, run_c, need, *arguments):
    """Instructions of work() and all that it calls, on its own thread."""
    command = [need("valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--toggle-collect=work", program, *arguments]
    result = run_c(*command, timeout=120)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def test_a_dead_backend_does_not_slow_the_program_down(dead, run_c, need):
    """Within 1 % of the instructions while the queue has room; when it is full, never more: a
    record that is dropped costs less than one that is kept."""
    counts = {}
    with Backend() as live, Refusing() as refusing, Deaf() as deaf:
        for rounds in (500, 4000):
            for name, other in {"live": live, "refusing": refusing, "deaf": deaf}.items():
                counts[name, rounds] = instructions(dead, run_c, need, other.endpoint, rounds,
                                                    0, 0)
    for name in ("refusing", "deaf"):
        assert counts[name, 500] == pytest.approx(counts["live", 500], rel=0.01)
        assert counts[name, 4000] <= counts["live", 4000] * 1.01
