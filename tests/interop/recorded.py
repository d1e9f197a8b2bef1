"""What tests/interop/metrics.c records, and a run of it against a backend."""
import math
import os
import subprocess
import time
import uuid
from dataclasses import dataclass, field

from conftest import ROOT, compile_c

BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]


@dataclass
class Numbers:
    """The numbers of one attribute set: what each round adds, or, of a gauge, sets."""
    name: str
    kind: str  # counter, updown, gauge, or those with observable before them
    unit: str
    rounds: tuple
    attributes: dict = field(default_factory=dict)
    description: str = ""

    @property
    def monotonic(self):
        return self.kind.endswith("counter")

    @property
    def totals(self):
        """After the first round and after the second."""
        first, second = self.rounds
        return (first, second if self.kind.endswith("gauge") else first + second)


NUMBERS = [
    Numbers("test.requests", "counter", "{request}", (3, 2), {"route": "/a"},
            "Requests answered"),
    Numbers("test.requests", "counter", "{request}", (4, 0), {"route": "/b"},
            "Requests answered"),
    Numbers("test.bytes", "counter", "By", (2**53 + 1, 2), {"direction": "in"}),
    Numbers("test.energy", "counter", "J", (0.5, 0.25)),
    Numbers("test.jobs", "updown", "{job}", (-2, 12), {}, "Jobs under way"),
    Numbers("test.temperature", "gauge", "Cel", (21.5, -3.25), {"room": "attic"}),
    Numbers("test.ticks", "observable counter", "{tick}", (100, 50), {"core": 0}),
    Numbers("test.ticks", "observable counter", "{tick}", (7, 0), {"core": 1}),
    Numbers("test.depth", "observable updown", "", (9, -5)),
    Numbers("test.load", "observable gauge", "1", (0.5, 0.75)),
]
LATENCIES = ([0, 5, 5.5, 10000, 10001], [75, 100.25])
SIZES = {"any": ([0, 0, 1, 2, 3, 8], [0, 4, 4]), "one": ([1, 1], []), "signed": ([-2, 1, -8], [])}


def explicit_counts(values):
    """How many of the values each of the default buckets holds; upper bounds are inclusive."""
    edges = [-math.inf, *BOUNDS, math.inf]
    return [sum(low < v <= high for v in values) for low, high in zip(edges, edges[1:])]


def exponential_counts(values, scale):
    """{index: count} for positive values: index i holds base^i < v <= base^(i + 1), where base is
    2^(2^-scale). Exact for powers of two; none of the others recorded is near a boundary."""
    counts = {}
    for value in values:
        mantissa, exponent = math.frexp(value)
        place = math.ldexp(exponent - 1 if mantissa == 0.5 else math.log2(value), scale)
        index = math.ceil(place) - 1
        counts[index] = counts.get(index, 0) + 1
    return counts


@dataclass
class Run:
    """A run of the program that has ended."""
    service: str  # its service.name, like no other's
    instance: str  # its service.instance.id
    window: tuple  # nanoseconds since 1970 before and after
    status: int
    said: str


def run(endpoint, **variables):
    """Run the program, with these OTEL_* variables and no others, against an endpoint."""
    program = compile_c(ROOT / "tests/interop/metrics.c", "interop/metrics",
                        ["-std=c99", "-O2", "-pthread"])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    service, instance = f"test-{uuid.uuid4()}", str(uuid.uuid4())
    before = time.time_ns()
    done = subprocess.run(
        [str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        stdin=subprocess.DEVNULL, env={
            **clean, **variables, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={instance}"})
    return Run(service, instance, (before, time.time_ns()), done.returncode, done.stdout)


def run_well(endpoint, **variables):
    """run(), for when everything is to be delivered."""
    done = run(endpoint, **variables)
    assert done.status == 0 and "everything was delivered" in done.said, done.said
    return done
