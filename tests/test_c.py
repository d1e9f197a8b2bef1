"""Builds and runs the C tests; each T_RUN line of a C file is one case here.

    tests/unit/test_*.c   include src/otel_lite.in.h, may use otel__ names: run as written, under
                          sanitizers, and with the generated header in its place
    tests/api/*.c         include otel_lite.h and use public names only: run as C, as C++, sanitized
    tests/threads/*.c     like unit tests; these and tests/unit/test_ring*.c also run under
                          ThreadSanitizer

A file that needs more compiler flags says so in a line of its own: /* flags: -DX=1 */
"""
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C, compile_c

TESTS = ROOT / "tests"
COMPILERS = ["gcc", "g++"]
BASE = ["-g", "-pthread"]
SANITIZED = ["-O1", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
VARIANTS = {
    "plain": ["-std=gnu11", "-O1", *WARNINGS_C, "-DOTEL_DEV"],
    "shipped": ["-std=gnu11", "-O2", *WARNINGS_C],
    "c": ["-std=gnu99", "-O2", *WARNINGS_C],
    "c++": ["-x", "c++", "-std=gnu++11", "-O2", *WARNINGS],
    "sanitized": ["-std=gnu11", "-fsanitize=address,undefined", *SANITIZED, "-DOTEL_DEV"],
    "threads": ["-std=gnu11", "-fsanitize=thread", *SANITIZED, "-DOTEL_DEV"],
}
DEVELOPMENT = re.compile(r'^(\s*#\s*include\s+)"[./]*src/otel_lite\.in\.h"', re.M)


def variants(source):
    """The variants one C file is built in."""
    room = source.parent.name
    chosen = ["c", "c++", "sanitized"] if room == "api" else ["plain", "shipped", "sanitized"]
    racing = room == "threads" or source.name.startswith("test_ring")
    return chosen + (["threads"] if racing else [])


def programs():
    sources = [*TESTS.glob("unit/test_*.c"), *TESTS.glob("api/*.c"), *TESTS.glob("threads/*.c")]
    return [(source, variant) for source in sorted(sources) for variant in variants(source)]


def cases():
    return [(source, variant, name) for source, variant in programs()
            for name in re.findall(r"\bT_RUN\((\w+)\)", source.read_text())]


def label(value):
    return value if isinstance(value, str) else f"{value.parent.name}/{value.name}"


def compile_variant(source, variant):
    """Build one program. The shipped variant gets the same text with the other header."""
    text, flags = source.read_text(), [*BASE, *VARIANTS[variant]]
    flags += sum((line.split() for line in re.findall(r"^/\* flags: (.*?) \*/", text, re.M)), [])
    out = f"c/{source.parent.name}/{source.stem}.{variant.replace('+', 'p')}"
    if variant == "shipped":
        copy = ROOT / "build" / "tests" / f"{out}.c"
        copy.parent.mkdir(parents=True, exist_ok=True)
        swapped = DEVELOPMENT.sub(r'\1"otel_lite.h"', text)
        copy.write_text(f'#line 1 "{source.relative_to(ROOT)}"\n{swapped}')
        return compile_c(copy, out, ["-iquote", str(source.parent), *flags])
    return compile_c(source.relative_to(ROOT), out, flags, cc=COMPILERS[variant == "c++"])


class Runs:
    """Compiles everything that was selected, on all processors; runs each program once."""

    def __init__(self, selected, run_c):
        self.run_c, self.done = run_c, {}
        self.pool = ThreadPoolExecutor(os.cpu_count())
        self.built = {key: self.pool.submit(compile_variant, *key) for key in selected}

    def result(self, source, variant):
        key = (source, variant)
        if key not in self.done:
            program = self.built[key].result()
            self.done[key] = self.run_c(program, tsan=variant == "threads", timeout=300)
        return self.done[key]


@pytest.fixture(scope="module")
def runs(request, run_c):
    parameters = [item.callspec.params for item in request.session.items
                  if item.fspath == request.node.fspath and hasattr(item, "callspec")]
    selected = dict.fromkeys((chosen["source"], chosen["variant"]) for chosen in parameters)
    return Runs(selected, run_c)


def output(result):
    return f"exit code {result.returncode}\n{result.stdout}{result.stderr}"[-12000:]


@pytest.mark.parametrize("source,variant", programs(), ids=label)
def test_program(source, variant, runs, need):
    """It builds without a warning, runs each of its tests, and ends as they did."""
    need(COMPILERS[variant == "c++"])
    listed = {name for path, kind, name in cases() if (path, kind) == (source, variant)}
    result = runs.result(source, variant)
    ran = set(re.findall(r"^(?:not )?ok (\w+)$", result.stdout, re.M))
    assert listed and ran == listed, f"not run: {listed - ran or 'no T_RUN line'}\n{output(result)}"
    failed = re.search(r"^not ok ", result.stdout, re.M)  # then test_function says so
    assert result.returncode == (1 if failed else 0), output(result)


@pytest.mark.parametrize("source,variant,name", cases(), ids=label)
def test_function(source, variant, name, runs, need):
    need(COMPILERS[variant == "c++"])
    try:
        result = runs.result(source, variant)
    except Exception as problem:  # shown in full by test_program
        pytest.fail(f"did not build or run: {str(problem)[-1500:]}", pytrace=False)
    lines = result.stdout.split("\n")
    if f"ok {name}" not in lines:
        pytest.fail(output(result), pytrace=False)
