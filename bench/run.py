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

# id: what is done, what it is divided by (a part of the floor, or another workload), the target as
# a multiple of that, the bar of the present stage
WORKLOADS = {
    "W1": ("span: start, set 3 attributes, end", "span", 2.2, 3.0),
    "W1b": ("the same, its parent not sampled", "span", 0.35, None),
    "W2": ("counter add, 3 attributes", "atomic", 6.0, 7.0),
    "W2b": ("the same bound, inline", "atomic", 1.1, 1.4),
    "W2c": ("counter add, 1000 sets in turn", "atomic", 14.0, 16.0),
    "W2o": ("W2, its set new, the table full", "W2", None, 1.5),
    "W2oc": ("W2c, all sets new, the table full", "W2", None, 1.5),
    "W2v": ("W2, a view leaves one attribute out", "W2", None, None),
    "W2r": ("W2 for two readers", "W2", None, None),
    "W3": ("histogram record, 15 bounds, 3 attributes", "atomic", 9.0, 12.0),
    "W3b": ("the same, base-2 exponential", "atomic", 9.0, 12.0),
    "W3bw": ("W3b, values over 60 octaves", "atomic", None, 12.0),
    "W3bn": ("W3b, values within 10 %", "atomic", None, 12.0),
    "W3c": ("W3 bound", "atomic", None, None),
    "W4": ("log record, 40-byte body, 3 attributes", "span", 1.4, None),
    "W5": ("512 ended spans to a request, per span", "span", 0.3, None),
    "W7": ("W2 from two threads, wall time per add", "atomic", None, None),
    "W7b": ("W2b from two threads, wall time per add", "atomic", None, None),
}
# Where the time goes: parts of a workload, each as the difference of lines that were measured.
# bare is an add without attributes, few is W2c with 8 sets, bound and bound_narrow are W3b and
# W3bn bound.
PARTS = {
    "W2": {"the add": "atomic", "call, is the SDK open": "bare -atomic",
           "comparing 3 attributes": "W2 -bare"},
    "W2c": {"as W2": "W2", "finding another series": "few -W2", "1000 sets": "W2c -few"},
    "W2o": {"as without attributes": "bare", "finding that there is none": "W2o -bare"},
    "W2oc": {"as W2o": "W2o", "1000 sets": "W2oc -W2o"},
    "W3": {"finding the series": "W2 -atomic", "recording": "W3c",
           "both in turn": "W3 -W3c -W2 atomic"},
    "W3b": {"finding the series": "W2 -atomic", "recording": "bound",
            "both in turn": "W3b -bound -W2 atomic"},
    "W3bn": {"as W3b": "W3b", "a scale above 6": "bound_narrow -bound",
             "both in turn": "W3bn -W3b -bound_narrow bound"},
}
DRAINED = ("W1", "W4", "W5")  # also timed with the draining of the queue
TWO_THREADS = ("W7", "W7b")


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


def figures(name, caller, drained, allocations):
    """What results.json says of one workload."""
    found = {**summary(caller), "allocations": max(allocations)}
    if name in DRAINED:
        found.update({f"all_{key}": value for key, value in summary(drained).items()})
    if name in TWO_THREADS:
        found["per_second"] = round(1e9 / found["min"])
    return found


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


def against(ratio, limit):
    """A limit with what came of it: `7 ok`, `7 over`, `-` where there is none."""
    return "-" if limit is None else f"{limit:g} {'ok' if ratio <= limit else 'over'}"


def table(floor, workloads):
    """The lines for people."""
    print(f"floor: clock {floor['clock_ns']} ns, atomic add {floor['atomic_ns']} ns, "
          f"span {floor['span_ns']} ns, copy of 160 bytes {floor['memcpy_ns']} ns")
    print(f"{'':4} {'':43} {'ns min':>7} {'median':>7} {'ratio':>7} {'to':6} {'bar':>9} "
          f"{'target':>9}")
    for name, found in workloads.items():
        what, unit, target, bar = WORKLOADS[name]
        found = found["otel_lite"]
        whole = workloads[unit]["otel_lite"]["min"] if unit in workloads else floor[f"{unit}_ns"]
        ratio = found["min"] / whole
        drained = f"  drained {found['all_min']:.1f}" if "all_min" in found else ""
        print(f"{name:4} {what:43} {found['min']:7.1f} {found['median']:7.1f} {ratio:7.2f} "
              f"{unit:6} {against(ratio, bar):>9} {against(ratio, target):>9}{drained}")


def table_parts(samples):
    """What each workload consists of, in atomic adds."""
    figure = {name.replace("floor.", ""): min(columns[0]) for name, columns in samples.items()}
    print("where the time goes, in atomic adds:")
    for name, parts in PARTS.items():
        texts = []
        for what, terms in parts.items():
            ns = sum(-figure[term[1:]] if term.startswith("-") else figure[term]
                     for term in terms.split())
            texts.append(f"{what} {ns / figure['atomic']:.1f}")
        print(f"{name:4} {figure[name] / figure['atomic']:4.1f} = {' + '.join(texts)}")


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
    workloads = {name: {"otel_lite": figures(name, *samples[name])}
                 for name in WORKLOADS if name in samples}
    table(floor, workloads)
    table_parts(samples)
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
