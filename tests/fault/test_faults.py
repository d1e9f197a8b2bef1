"""Each system function that the library calls fails, at each of its calls, once or from then on:
the
program goes on, nothing is lost that can still be sent, no descriptor leaks, errno is kept, and
closing keeps its deadline."""
import errno
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, WARNINGS_C

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from otlp_backend import Backend, records  # noqa: E402

SOURCE = ROOT / "tests/fault/fault.c"
FUNCTIONS = re.findall(r"^    X\((\w+)\)", SOURCE.read_text(), re.M)
RECORDS = 162  # two times 40 spans and log records, and the counter twice
FOREVER = 1000000
OK, TIMEOUT, NO_MEMORY, SYSTEM = 0, 2, -2, -4

# What fails opening, how; and without what telemetry can go on as if nothing had happened.
OPENING = {"calloc": (errno.ENOMEM, NO_MEMORY), "eventfd": (errno.EMFILE, SYSTEM),
           "pthread_create": (errno.EAGAIN, SYSTEM), "pthread_attr_init": (errno.ENOMEM, SYSTEM)}
DISPENSABLE = {"mmap": errno.ENOMEM, "madvise": errno.EINVAL, "readlink": errno.ENOENT,
               "gethostname": errno.EFAULT, "getrandom": errno.ENOSYS, "setsockopt": errno.EINVAL,
               "write": errno.EAGAIN, "read": errno.EAGAIN, "poll": errno.EINTR}
NETWORK = {"socket": [errno.EMFILE, errno.EAFNOSUPPORT, errno.ENOBUFS],
           "connect": [errno.ECONNREFUSED, errno.ENETUNREACH, errno.EINVAL, errno.EAGAIN],
           "getsockopt": [errno.ENOBUFS],
           "sendmsg": [errno.EPIPE, errno.ECONNRESET, errno.EINTR, 0],
           "recv": [errno.ECONNRESET, errno.ETIMEDOUT, errno.EIO, errno.EINTR, 0]}
HARMLESS = [0, errno.EINTR]  # partly done or to be done again: nothing is wrong


@pytest.fixture(scope="module")
def faulty(cc, run_c):
    """faulty(*arguments) -> the numbers printed, the number of records that a live backend
    received, and the backend."""
    wraps = [f"-Wl,--wrap={name}" for name in [*FUNCTIONS, "clock_gettime"]]
    program = cc(SOURCE, "fault/fault", ["-std=c99", "-O1", "-g", *WARNINGS_C, "-pthread", *wraps,
                                         "-U_FORTIFY_SOURCE"])

    def run(*arguments):
        with Backend() as backend:
            result = run_c(program, backend.endpoint, *arguments, timeout=60)
        told = dict(line.rsplit(" ", 1) for line in result.stdout.splitlines())
        numbers = {name: int(value) for name, value in told.items()
                   if re.fullmatch(r"-?\d+", value)}
        assert result.returncode == 0, (arguments, result.returncode, result.stdout)
        return numbers, len(list(records(backend.messages()))), backend

    return run


def together(faulty, runs):
    """Many runs at once: most of their time is waiting."""
    with ThreadPoolExecutor(8) as pool:
        return list(zip(runs, pool.map(lambda run: faulty(*run), runs)))


def test_every_function_has_its_faults(faulty):
    assert set(FUNCTIONS) == {*OPENING, *DISPENSABLE, *NETWORK, "open", "pthread_atfork"}
    told, received, _ = faulty()
    never = [name for name in FUNCTIONS if told[f"calls {name}"] == 0]
    assert never == ["open", "pthread_atfork"]  # what stands in for getrandom, madvise
    assert told["delivered"] == told["ended"] == RECORDS and told["closed"] == OK
    assert received == RECORDS


@pytest.mark.parametrize("function", OPENING)
def test_what_is_needed_to_open_makes_opening_fail(function, faulty):
    how, status = OPENING[function]
    told, received, _ = faulty(function, 1, FOREVER, how)
    assert told["opened"] == status and told["ended"] == received == 0


@pytest.mark.parametrize("function", DISPENSABLE)
def test_what_can_be_done_without_loses_nothing(function, faulty):
    how = DISPENSABLE[function]
    runs = [(function, n, n, how) for n in (1, 2, 3)] + [(function, 1, FOREVER, how)]
    for run, (told, received, _) in together(faulty, runs):
        if function == "getrandom" and run[2] == FOREVER:
            assert told["opened"] == OK, run  # /dev/urandom stands in
        assert told["delivered"] == told["ended"] == received == RECORDS, run
        assert told["closed"] == OK and told["close_ms"] < 2250, run


@pytest.mark.parametrize("function", NETWORK)
def test_a_network_fault_that_passes_loses_nothing(function, faulty):
    runs = [(function, n, n + times - 1, how) for how in NETWORK[function]
            for n in (1, 2, 5) for times in (1, 2)]
    for run, (told, received, _) in together(faulty, runs):
        assert told["delivered"] + told["superseded"] == told["ended"] == RECORDS, run
        assert told["superseded"] <= 1, run  # a reading that a newer one replaced
        assert told["closed"] == OK and received >= told["delivered"], run  # again, when in doubt


@pytest.mark.parametrize("function", NETWORK)
def test_a_network_fault_that_stays_is_counted_and_delays_nothing(function, faulty):
    runs = [(function, n, FOREVER, how) for how in NETWORK[function] for n in (1, 4)
            if how not in HARMLESS]
    for run, (told, received, _) in together(faulty, runs):
        assert told["close_ms"] <= 2250, run
        assert told["ended"] == RECORDS and received >= told["delivered"], run
        assert told["closed"] in (OK, TIMEOUT), run
        if told["closed"] == TIMEOUT:
            assert told["delivered"] < RECORDS


def test_a_moment_without_buffers_loses_nothing_and_waits_for_no_reply(faulty):
    for run, (told, received, _) in together(faulty, [("sendmsg", n, n, errno.ENOBUFS)
                                                   for n in (1, 2, 5)]):
        assert told["delivered"] + told["superseded"] == told["ended"] == RECORDS, run


@pytest.mark.parametrize("function", ["sendmsg", "recv"])
def test_one_byte_at_a_time_is_enough(function, faulty):
    told, received, _ = faulty(function, 1, FOREVER, 0)
    assert told["delivered"] == told["ended"] == received == RECORDS


def test_the_wall_clock_may_step_back(faulty):
    told, received, backend = faulty("clock")
    assert told["delivered"] == told["ended"] == received == RECORDS
    spans = [span for _, _, span in records(backend.messages("/v1/traces"))]
    taken = [span.end_time_unix_nano - span.start_time_unix_nano for span in spans]
    assert min(taken) >= 0 and max(taken) < 10 ** 9
    starts = [span.start_time_unix_nano for span in spans]
    assert max(starts) - min(starts) > 3500 * 10 ** 9  # the control: it did step


@pytest.mark.parametrize("build_flags", [["-DOTEL_LITE_ATFORK"]], ids=["atfork"])
def test_fork_is_not_noticed_but_all_else_works_without_its_handler(build_flags, cc, run_c):
    wraps = [f"-Wl,--wrap={name}" for name in [*FUNCTIONS, "clock_gettime"]]
    program = cc(SOURCE, "fault/atfork", ["-std=c99", "-O1", "-pthread", *build_flags, *wraps])
    with Backend() as backend:
        result = run_c(program, backend.endpoint, "pthread_atfork", 1, FOREVER, errno.ENOMEM)
    assert result.returncode == 0 and f"delivered {RECORDS}\n" in result.stdout
    assert "told fork is not noticed here" in result.stdout
