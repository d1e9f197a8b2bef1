"""Recording makes no system call and takes no lock, allocates nothing and reaches no stdio:
shown by
a filter that kills on any system call, and by what the objects refer to."""
import os
import platform
import re
import signal
import subprocess
import sys
from collections import defaultdict

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C

sys.path.insert(0, str(ROOT / "tests" / "compile"))
from declarations import functions, inline_functions, inner_functions  # noqa: E402

HERE = ROOT / "tests" / "contract"
SIGNALS = [ROOT / f"src/api/{name}.h" for name in ("signals", "metrics", "bound")]
SETTING_UP = re.compile(r"_create(_f64)?$|^otel_callback_")  # may wait for another thread
EXPORTED = [f.name for f in functions(*SIGNALS) if not SETTING_UP.search(f.name)]
INLINE = [f.name for f in inline_functions(*SIGNALS)]  # in the caller: the rest is in INNER
INNER = [f.name for f in inner_functions(*SIGNALS)]
RECORDING = EXPORTED + INLINE
VARIANTS = {
    "gcc-O2": ("gcc", ["-std=c99", "-O2", *WARNINGS_C]),
    "gcc-O0": ("gcc", ["-std=c99", "-O0", *WARNINGS_C]),
    "clang": ("clang-14", ["-std=c11", "-Os", *WARNINGS_C]),
    "musl": ("musl-gcc", ["-std=c99", "-O2", "-static", "-idirafter", "/usr/include",
                          "-idirafter", "/usr/include/x86_64-linux-gnu", *WARNINGS_C]),
    "c++": ("g++", ["-x", "c++", "-std=c++11", *WARNINGS]),
}


@pytest.fixture(scope="module")
def recording(cc, need):
    """recording(variant, *flags) -> the program, or the test is left out."""
    if platform.machine() != "x86_64":
        pytest.skip("the filter knows the system calls of x86-64 only")

    def build(variant, *flags):
        compiler, options = VARIANTS[variant]
        need(compiler)
        out = f"contract/recording.{variant.replace('+', 'p')}{''.join(flags)}"
        return cc(HERE / "recording.c", out, [*options, *flags, "-pthread"], cc=compiler)

    return build


def test_the_program_makes_every_recording_call():
    text = (HERE / "recording.c").read_text()
    assert len(EXPORTED) > 30 and len(INLINE) == len(INNER) == 8
    assert {"otel_observe", "otel_counter_bind", "otel_gauge_enabled"} <= set(EXPORTED)
    assert [name for name in RECORDING if f"{name}(" not in text] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_recording_makes_no_system_call(variant, recording, run_c):
    program = recording(variant)
    if run_c(program, "clock").returncode == -signal.SIGSYS:
        pytest.skip("this machine's clock is not in the vDSO")
    assert run_c(program).returncode == 0


def test_with_a_thread_recording_writes_at_most_the_wake_up(recording, run_c):
    assert run_c(recording("gcc-O2"), "thread").returncode == 0


def test_without_wake_up_recording_beside_a_thread_makes_no_system_call(recording, run_c):
    assert run_c(recording("gcc-O2", "-DOTEL_LITE_NO_WAKE"), "unwoken").returncode == 0


@pytest.mark.parametrize("variables", [
    {}, {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
    {"OTEL_SERVICE_NAME": "s", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_BSP_MAX_QUEUE_SIZE": "7",
     "OTEL_RESOURCE_ATTRIBUTES": "a=b", "OTEL_METRIC_EXPORT_INTERVAL": "nonsense"},
], ids=["nothing", "disabled", "no-endpoint"])
def test_nothing_configured_makes_no_system_call_at_all(variables, recording, run_c):
    """So no socket, no thread, no file."""
    clean = {name: "" for name in os.environ if name.startswith("OTEL_")}
    assert run_c(recording("gcc-O2"), "nothing", env={**clean, **variables}).returncode == 0


@pytest.mark.parametrize("mode", ["forbidden", "configured"])
def test_a_system_call_would_be_seen(mode, recording, run_c):
    """The negative controls: a system call, and opening, which makes many."""
    assert run_c(recording("gcc-O2"), mode).returncode == -signal.SIGSYS


# ---- what the objects refer to ----

ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strcmp", "clock_gettime",
           "bcmp",  # what clang makes of memcmp() == 0
           "_GLOBAL_OFFSET_TABLE_"}
SET_UP = {"nanosleep"}  # the lock of otel_*_create() and otel_scope_get(), when it is taken


def undefined(path):
    listed = subprocess.run(["nm", "-u", "-P", path], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in listed.stdout.splitlines()}


@pytest.mark.parametrize("compiler", ["gcc", "clang-14"])
@pytest.mark.parametrize("level", ["-O1", "-Os"])  # -O0 keeps functions that nobody calls
def test_the_recording_parts_refer_to_no_thread_allocator_or_stdio(
        compiler, level, cc, build, need):
    need(compiler)
    listed = re.findall(r'^#include "((?:api|core|wire|record)/.*)"', (
        ROOT / "src/otel_lite.in.h").read_text(), re.M)
    source = build / "contract" / "parts.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text("#define OTEL_LITE_IMPLEMENTATION\n"
                      + "".join(f'#include "src/{part}"\n' for part in listed))
    out = cc(source, f"contract/parts{level}.{compiler}.o", ["-std=c99", level, "-c"], cc=compiler)
    defined = subprocess.run(["nm", "-g", "--defined-only", out], capture_output=True, text=True)
    assert set(EXPORTED + INNER) <= set(re.findall(r"\bT (\w+)", defined.stdout))
    assert undefined(out) - ALLOWED - SET_UP == set()


def references(path):
    """For each function of an object built with -ffunction-sections: what its code refers to."""
    text = subprocess.run(["readelf", "-rW", path], capture_output=True, text=True, check=True)
    found, section = defaultdict(set), None
    for line in text.stdout.splitlines():
        head = re.match(r"Relocation section '\.rela?\.text\.(?:\w+\.)?(\w+)[^']*'", line)
        entry = re.match(r"[0-9a-f]+ +[0-9a-f]+ R_\w+ +[0-9a-f]+ ([.\w]+)", line)
        if line.startswith("Relocation section"):
            section = head and head[1]
        elif entry and section:
            found[section].add(re.sub(r"^\.text\.(?:unlikely\.|hot\.)?", "", entry[1]))
    return found


def reach(start, found):
    """Everything that can be called from `start`, but through a pointer."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += found.get(name, ())
    return seen


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_no_recording_call_reaches_more_than_memory_and_clock(level, cc):
    """In the whole library, function by function; `wake` and `forked` are called by pointer."""
    out = cc(ROOT / "tests/compile/implementation.c", f"contract/sections{level}.o",
             ["-std=c99", level, "-ffunction-sections", "-fno-pic", "-c"])
    outside, found = undefined(out), references(out)
    for name in EXPORTED + INNER:
        reached = reach(name, found) & outside
        assert reached <= ALLOWED, f"{name} reaches {reached - ALLOWED}"
    assert "clock_gettime" in reach("otel_span_start", found)  # the control: calls are seen
    assert {"nanosleep", "clock_gettime"} <= reach("otel_counter_create", found) | \
        reach("otel_scope_get", found) | reach("otel_log", found)
    assert {"pthread_create", "calloc"} <= reach("otel_open", found)
