#!/usr/bin/env python3
"""Count the instructions of each operation: python3 tests/perf/instructions.py [--update].

Prints the counts next to those of bench/instructions.json; --update writes them there. callgrind
counts exactly and neighbours do not disturb it; the program is linked with musl, since glibc picks
its copying code by processor. The counts hold for one compiler version, which is kept with them.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKED_IN = ROOT / "bench" / "instructions.json"
SOURCES = [ROOT / "tests" / "perf" / name for name in ("operations.c", "library.c")]
BUILD = ROOT / "build" / "tests" / "perf"
TOOLS = ("valgrind", "musl-gcc")
OPERATIONS = {"W1": 1000, "W2": 1000, "W2b": 1000, "W2c": 1000, "W2o": 1000, "W2oc": 1000,
              "W3": 1000, "W3b": 1000, "W3c": 1000, "W4": 1000, "W5": 512}
GROWTH = 0.02  # what a count may grow before it is a failure


def compiler():
    done = subprocess.run(["musl-gcc", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].partition(" ")[2]


def program():
    """Build the operations; returns the program."""
    BUILD.mkdir(parents=True, exist_ok=True)
    out = BUILD / "operations"
    subprocess.run(["musl-gcc", "-std=c11", "-O2", "-static", "-I", ROOT, "-Wall", "-Wextra",
                    *SOURCES, "-o", out], check=True)
    return out


def count(built, operation):
    """Instructions of one operation, on average."""
    times = OPERATIONS[operation]
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--toggle-collect=counted", built, operation, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"{operation}: exit code {done.returncode}\n{done.stderr}")
    return round(int(found[1]) / times, 1)


def checked_in():
    return json.loads(CHECKED_IN.read_text()) if CHECKED_IN.exists() else {}


def main():
    built, old = program(), checked_in().get("instructions", {})
    new = {operation: count(built, operation) for operation in OPERATIONS}
    for operation, instructions in new.items():
        before = old.get(operation)
        change = f"  {instructions / before - 1:+.1%}" if before else ""
        print(f"{operation:4} {instructions:8.1f}  was {before}{change}")
    if "--update" in sys.argv[1:]:
        data = {"compiler": compiler(), "instructions": new}
        CHECKED_IN.write_text(json.dumps(data, indent=2) + "\n")
        print(f"wrote {CHECKED_IN.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
