"""Four threads record while requests are built: every request is whole, and nothing is lost."""
import re
import struct
import subprocess
from collections import Counter

import pytest
from conftest import ROOT, WARNINGS_C, compile_c, no_random_addresses
from drive import LOGS, METRICS, REQUESTS, TRACES
from model import decoded_attrs

THREADS, STEPS, NEW = 4, 3000, 400  # as in race.c
BUILDS = {"plain": ["-O2"], "threads": ["-O1", "-fsanitize=thread"]}


def requests(data):
    at = 0
    while at < len(data):
        signal, n = struct.unpack_from("<II", data, at)
        yield signal, REQUESTS[signal].FromString(data[at + 8:at + 8 + n])
        at += 8 + n


def batches(request):
    """The scope batches of a request."""
    resource = request.ListFields()[0][1][0]
    return next(value for field, value in resource.ListFields() if field.number == 2)


def check_order(names):
    """Each thread's records all arrived, in their order."""
    for thread in range(THREADS):
        own = [int(name.split()[1]) for name in names if name.startswith(f"{thread} ")]
        assert own == list(range(STEPS))


def check_points(points, value_of):
    """The last reading of each set has all that was recorded with it."""
    last = {frozenset(decoded_attrs(p.attributes).items()): value_of(p) for p in points}
    want = {frozenset({("thread", ("i", t))}): STEPS for t in range(THREADS)}
    want.update({frozenset({("new", ("i", t * 1000000 + i))}): 1
                 for t in range(THREADS) for i in range(NEW)})
    assert Counter(last) == Counter(want)


@pytest.mark.parametrize("build", BUILDS)
def test_requests_built_while_threads_record_are_whole_and_complete(build):
    """C-27, M-109, P-25; the program runs for about a second."""
    flags = ["-std=gnu11", "-g", "-pthread", *WARNINGS_C, *BUILDS[build]]
    program = compile_c(ROOT / "tests/property/race.c", f"property/race.{build}", flags)
    done = subprocess.run([*(no_random_addresses() if build == "threads" else []), str(program)],
                          capture_output=True, timeout=120)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-6000:]
    assert re.fullmatch(r"0 0 0 0\n", said), f"lost: {said}"
    names, bodies, sums, histograms = [], [], [], []
    for signal, request in requests(done.stdout):
        for batch in batches(request):
            if signal == TRACES:
                names += [span.name for span in batch.spans]
            elif signal == LOGS:
                bodies += [log.body.string_value for log in batch.log_records]
            elif signal == METRICS:
                for metric in batch.metrics:
                    sums += metric.sum.data_points
                    histograms += metric.histogram.data_points
    check_order(names)
    check_order(bodies)
    check_points(sums, lambda point: point.as_int)
    check_points(histograms, lambda point: point.count)
    for point in histograms:
        assert point.count == sum(point.bucket_counts)
