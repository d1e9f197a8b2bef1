"""Each compile-time switch builds without a warning, alone and with others, and what it leaves
works; combinations that cannot work are refused with a message that says what to do."""
import re
import subprocess

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C

HERE = ROOT / "tests" / "compile"
PROGRAM = [HERE / name for name in ("implementation.c", "main.c", "tank.c")]
LEGS = [
    "NO_TRACES", "NO_METRICS", "NO_LOGS", "NO_TRACES NO_METRICS", "NO_TRACES NO_LOGS",
    "NO_METRICS NO_LOGS", "NO_HTTP", "NO_ENV", "NO_THREADS", "NO_MALLOC", "NO_FORK", "NO_WAKE",
    "SINGLE_THREADED", "NO_HTTP NO_ENV NO_THREADS NO_MALLOC NO_FORK NO_WAKE SINGLE_THREADED",
    "NO_TRACES NO_HTTP NO_ENV NO_THREADS", "NO_LOGS NO_METRICS NO_MALLOC NO_FORK",
    "SPAN_BYTES=192 CHUNK_BYTES=64", "SPAN_BYTES=4096 CHUNK_BYTES=4096", "ATFORK",
    "GETADDRINFO", "NUMERIC_ONLY", "NO_EXPONENTIAL", "SERIES_LIST",
    "NO_EXPONENTIAL SERIES_LIST NO_TRACES NO_LOGS SINGLE_THREADED",
    "NO_DIAGNOSTICS NO_UTF8_REPAIR SINGLE_CORE", "NO_DIAGNOSTICS NO_METRICS",
    "NO_VIEWS", "NO_READER", "NO_VIEWS NO_READER", "EXEMPLARS", "EXEMPLARS NO_VIEWS SERIES_LIST",
    "EXEMPLARS NO_READER NO_EXPONENTIAL", "SHARDS=8", "SHARDS=64 NO_THREADS",
]
HOOKS = ["MONOTONIC_NS()", "UNIX_NS()", "ENTROPY(buffer, bytes)"]


def switches(leg):
    return [f"-DOTEL_LITE_{name}" for name in leg.split()]


def name_of(leg):
    return re.sub(r"\W+", "_", leg).lower()


@pytest.mark.parametrize("leg", LEGS)
def test_a_switch_leaves_the_rest_working(leg, cc, run_c):
    flags = ["-std=c99", *WARNINGS_C, *switches(leg), "-O0", "-pthread"]
    assert run_c(cc(PROGRAM, f"compile/{name_of(leg)}", flags)).returncode == 0


@pytest.mark.parametrize("compiler, flags", [
    ("g++", ["-x", "c++", "-std=c++11", *WARNINGS]), ("clang-14", ["-std=c2x", *WARNINGS_C]),
], ids=["g++", "clang"])
@pytest.mark.parametrize("leg", LEGS)
def test_a_switch_makes_no_warning(leg, compiler, flags, need):
    command = [need(compiler), "-I", ROOT, *flags, *switches(leg), "-fsyntax-only", *PROGRAM]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.stderr == ""


def test_a_switch_may_be_defined_to_nothing_and_to_1(cc, run_c):
    flags = ["-std=c99", *WARNINGS_C, "-DOTEL_LITE_NO_ENV=", "-DOTEL_LITE_NO_HTTP=1", "-pthread"]
    assert run_c(cc(PROGRAM, "compile/valued", flags)).returncode == 0


def test_a_compiler_without_atomics_builds_the_single_threaded_library(cc, run_c, need):
    tcc = need("tcc")
    program = cc(PROGRAM, "compile/tcc", ["-DOTEL_LITE_SINGLE_THREADED", "-Wall", "-Werror"],
                 cc=tcc)
    assert run_c(program).returncode == 0


def test_a_compiler_without_atomics_is_told_what_to_define(need):
    said = subprocess.run([need("tcc"), "-I", ROOT, "-c", "-o", "/dev/null", PROGRAM[0]],
                          capture_output=True, text=True)
    assert said.returncode != 0 and "or OTEL_LITE_SINGLE_THREADED" in said.stderr


@pytest.mark.parametrize("leg", ["", "SINGLE_THREADED", "NO_TRACES", "NO_METRICS", "NO_LOGS",
                                 "NO_METRICS NO_LOGS", "NO_TRACES NO_LOGS", "EXPONENTIAL",
                                 "SERIES_TABLE", "EXPONENTIAL SERIES_TABLE", "VIEWS READER",
                                 "VIEWS READER EXEMPLARS SERIES_TABLE"])
def test_without_an_operating_system_three_hooks_are_enough(leg, cc, run_c):
    flags = ["-std=c2x", "-ffreestanding", *WARNINGS_C, *switches(leg)]
    program = cc(HERE / "freestanding.c", f"compile/freestanding_{name_of(leg)}", flags)
    assert run_c(program).returncode == 0


@pytest.mark.parametrize("compiler, flags", [
    ("gcc", ["-std=c99", *WARNINGS_C]), ("clang-14", ["-std=c11", *WARNINGS_C]),
    ("g++", ["-x", "c++", "-std=c++20", *WARNINGS]),
], ids=["gcc", "clang", "g++"])
def test_without_an_operating_system_in_other_dialects(compiler, flags, cc, run_c, need):
    need(compiler)
    out = f"compile/freestanding.{compiler.replace('+', 'p')}"
    assert run_c(cc(HERE / "freestanding.c", out, flags, cc=compiler)).returncode == 0


def refused(*flags, text='#define OTEL_LITE_IMPLEMENTATION\n#include "otel_lite.h"\n'):
    """The messages of the #error lines that these flags meet."""
    said = subprocess.run(["gcc", "-I", str(ROOT), "-fsyntax-only", *flags, "-x", "c", "-"],
                          input=text, capture_output=True, text=True)
    return re.findall(r'error: #error "otel_lite: (.*)"', said.stderr)


@pytest.mark.parametrize("missing", range(len(HOOKS)), ids=[hook.split("(")[0] for hook in HOOKS])
def test_a_missing_hook_is_named(missing):
    given = [f"-DOTEL_LITE_{hook}=1" for i, hook in enumerate(HOOKS) if i != missing]
    messages = refused("-DOTEL_LITE_FREESTANDING", *given)
    assert f"OTEL_LITE_{HOOKS[missing].split('(')[0]}" in " ".join(messages)


@pytest.mark.parametrize("flags, message", [
    (switches("NO_TRACES NO_METRICS NO_LOGS"), "define OTEL_LITE_DISABLE instead"),
    (switches("SPAN_BYTES=191"), "OTEL_LITE_SPAN_BYTES must be"),
    (switches("SPAN_BYTES=4097"), "OTEL_LITE_SPAN_BYTES must be"),
    (switches("CHUNK_BYTES=63"), "OTEL_LITE_CHUNK_BYTES must be"),
    (switches("CHUNK_BYTES=4097"), "OTEL_LITE_CHUNK_BYTES must be"),
    (switches("SHARDS=1"), "OTEL_LITE_SHARDS must be"),
    (switches("SHARDS=65"), "OTEL_LITE_SHARDS must be"),
    (switches("EXEMPLARS EXEMPLAR_BYTES=31"), "OTEL_LITE_EXEMPLAR_BYTES must be"),
], ids=str)
def test_what_cannot_work_is_refused_with_a_remedy(flags, message):
    assert message in " ".join(refused(*flags))


@pytest.mark.parametrize("leg", ["NO_THREADS", "SINGLE_THREADED"])
def test_a_background_thread_that_is_compiled_out_is_refused(leg, cc, run_c):
    program = cc(HERE / "background.c", f"compile/background_{leg}", switches(leg))
    assert run_c(program).returncode == 0


EXAMPLES = {"src/api/doc.h": r"\[1\] EXAMPLE\n(.*?) \* \[2\]", "README.md": r"^```c\n(.*?)^```"}


@pytest.mark.parametrize("file", EXAMPLES)
def test_the_first_example_that_a_reader_meets_compiles(file, build, cc):
    text = (ROOT / file).read_text()
    example = re.search(EXAMPLES[file], text, re.M | re.S)[1]
    example = re.sub(r"^ \*(       )?", "", example, flags=re.M)
    if "#include" not in example:
        example = PROGRAM[0].read_text() + example
    source = build / "compile" / f"example_{name_of(file)}.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text(example)
    assert "otel_open(" in example and "otel_close(" in example
    cc(source, f"compile/example_{name_of(file)}", ["-std=c99", *WARNINGS_C, "-pthread"])
