#!/usr/bin/env python3
"""Run the checks of this directory, all or those named: `make check`, tools/check/run.py symbols.

A check is a module with a function check(root) that returns its problems, each a text that says
where and what to do, or raises LeftOut when the tool it needs is not there. With CI=true in the
environment a check that was left out is a failure.
"""
import importlib
import os
import sys
from pathlib import Path

from project import LeftOut

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKS = {
    "header": "otel_lite.h is fresh, the parts only use parts above them",
    "parts": "each part begins with a short comment, parts and functions are short",
    "symbols": "every exported symbol begins with otel_",
    "documentation": "every public declaration has its comment directly above",
    "text": "text files are clean and name nothing that only exists on one machine",
    "formatting": "C files are laid out as .clang-format says",
}


def main():
    unknown = [name for name in sys.argv[1:] if name not in CHECKS]
    if unknown:
        sys.exit(f"no such check: {' '.join(unknown)}; there are: {' '.join(CHECKS)}")
    passed = failed = 0
    for name in sys.argv[1:] or CHECKS:
        try:
            problems = importlib.import_module(name).check(ROOT)
        except LeftOut as missing:
            print(f"left out: {name} ({missing})")
            failed += os.environ.get("CI") == "true"
            continue
        print(f"{'not ok' if problems else 'ok'} {name}: {CHECKS[name]}")
        for problem in problems:
            print(f"  {problem}")
        failed += bool(problems)
        passed += not problems
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
