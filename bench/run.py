#!/usr/bin/env python3
"""What recording costs, next to work that nobody can avoid: `make bench`, bench/run.py [--quick].

Compiles the programs of this directory, runs floor and workloads interleaved on one CPU, prints the
table and writes bench/results.json; a quick run has shorter rounds and writes
build/bench/results.json instead. Ends with 1 when a workload allocated memory or lost a record: its
times would be worth nothing. The times themselves only inform, neighbours disturb them; what is
checked are the instruction counts of tests/perf. README.md says what each workload does.
"""
import argparse
import os
import statistics
import sys

from common import BENCH, BUILD, SMALL, build, build_static, have, machine, output, write_json

ROUNDS, SCALE, QUICK_SCALE, LAUNCHES = 15, 5, 1, 21
WRAP = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc"

# id: what is done, what it is divided by, target as a multiple of that, bar of the present stage
WORKLOADS = {
    "W1": ("span: start, set 3 attributes, end", "span", 2.2, 3.0),
    "W1b": ("the same, its parent not sampled", "span", 0.35, None),
    "W2": ("counter add, 3 attributes", "atomic", 6.0, 9.0),
    "W2c": ("counter add, 1000 sets in turn", "atomic", 14.0, None),
    "W3": ("histogram record, 15 bounds, 3 attributes", "atomic", 9.0, None),
    "W4": ("log record, 40-byte body, 3 attributes", "span", 1.4, None),
    "W5": ("512 ended spans to a request, per span", "span", 0.3, None),
    "W7": ("W2 from two threads, wall time per add", "atomic", None, None),
}
DRAINED = ("W1", "W4", "W5")  # also timed with the draining of the queue


def measure(quick):
    """Samples of each line that the workloads print: name -> list of tuples, one a round."""
    program = build("workloads", [BENCH / name for name in ("workloads.c", "floor.c", "library.c")],
                    "-std=c11", "-D_GNU_SOURCE", "-O2", "-pthread", WRAP, "-lm")
    cpus = sorted(os.sched_getaffinity(0))[:2]
    text = output(program, ROUNDS, QUICK_SCALE if quick else SCALE, *cpus)
    samples = {}
    for line in text.partition("begin\n")[2].splitlines():
        name, *numbers = line.split()
        samples.setdefault(name, []).append([float(number) for number in numbers])
    return {name: list(zip(*rows)) for name, rows in samples.items()}


def summary(values):
    return {"min": round(min(values), 2), "median": round(statistics.median(values), 2)}


def hello():
    """W8, or None where there is no musl-gcc: size, libraries, peak memory, time to a request."""
    if not have("musl-gcc"):
        return None
    program = build_static("hello", BENCH / "hello.c", *SMALL)
    launcher = build("launch", [BENCH / "launch.c"], "-std=c11", "-D_GNU_SOURCE", "-O2")
    runs = [line.split() for line in output(launcher, LAUNCHES, program).splitlines()]
    if any(requests != "3" or code != "0" for _, _, requests, code in runs):
        sys.exit(f"hello: not delivered: {runs}")
    times = [float(microseconds) for microseconds, *_ in runs]
    return {"bytes": program.stat().st_size, "libraries": needed(program),
            "rss_kib": max(int(kib) for _, kib, *_ in runs),
            "first_export_us": round(statistics.median(times), 1),
            "first_export_min_us": round(min(times), 1)}


def needed(program):
    """The number of shared libraries."""
    return output("readelf", "-d", program).count("(NEEDED)")


def table(floor, workloads):
    """The lines for people."""
    print(f"floor: clock {floor['clock_ns']} ns, atomic add {floor['atomic_ns']} ns, "
          f"span {floor['span_ns']} ns, copy of 160 bytes {floor['memcpy_ns']} ns")
    print(f"{'':4} {'':43} {'ns min':>7} {'median':>7}  {'x floor':>13} {'target':>6} {'bar':>5}")
    for name, (what, unit, target, bar) in WORKLOADS.items():
        if name not in workloads:
            continue
        found = workloads[name]["otel_lite"]
        ratio = found["min"] / floor[f"{unit}_ns"]
        marks = "".join(f" {'-' if limit is None else f'{limit:g}':>{width}}"
                        f"{' ' if limit is None or ratio <= limit else '!'}"
                        for limit, width in ((target, 6), (bar, 4)))
        drained = f", drained {found['all_min']:.1f}" if "all_min" in found else ""
        print(f"{name:4} {what:43} {found['min']:7.1f} {found['median']:7.1f}  "
              f"{ratio:6.2f} {unit:6}{marks}{drained}")
    print("a '!' marks a figure over its limit")


def table_hello(found):
    if found is None:
        print("left out: W8 (musl-gcc missing)")
        return
    print(f"W8   hello, static: {found['bytes']} bytes, {found['libraries']} shared libraries, "
          f"{found['rss_kib']} KiB at most, first request after {found['first_export_us']:.0f} us "
          f"(targets: 65536, 0, 400, 600)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter rounds, nothing checked in")
    quick = parser.parse_args().quick
    samples = measure(quick)
    floor = {f"{name}_ns": summary(samples[f"floor.{name}"][0])["min"]
             for name in ("clock", "atomic", "span", "memcpy")}
    workloads = {}
    for name in WORKLOADS:
        if name not in samples:
            continue
        caller, drained, allocations = samples[name]
        found = {**summary(caller), "allocations": max(allocations)}
        if name in DRAINED:
            found.update({f"all_{key}": value for key, value in summary(drained).items()})
        if name == "W7":
            found["per_second"] = round(1e9 / found["min"])
        workloads[name] = {"otel_lite": found}
    table(floor, workloads)
    found = hello()
    table_hello(found)
    if found is not None:
        workloads["W8"] = {"otel_lite": found}
    write_json((BUILD if quick else BENCH) / "results.json",
               {"machine": machine(), "rounds": ROUNDS, "floor": floor, "workloads": workloads})
    greedy = [name for name in WORKLOADS if name in workloads and
              workloads[name]["otel_lite"]["allocations"] > 0]
    if greedy:
        sys.exit(f"memory was allocated while recording: {' '.join(greedy)}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
