"""One program sends the same bytes from every target, and they say what it recorded: 64 and 32
bits,
little and big endian, with an operating system and without, with atomics and without."""
import subprocess
import sys

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from emulator import BOARDS, firmware  # noqa: E402
from otlp_backend import PATHS, attributes, frames, records  # noqa: E402

HERE = ROOT / "tests" / "targets"
SOURCES = [HERE / "scenario.c", HERE / "hosted.c"]
TRACES, METRICS, LOGS = PATHS
I386 = ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
C99 = ["-std=c99", *WARNINGS_C]
BUILDS = {  # compiler, flags, emulator
    "x86-64 O0": ("gcc", [*C99, "-O0"], None),
    "x86-64 clang": ("clang-14", [*C99, "-O2"], None),
    "x86-64 C++": ("g++", ["-x", "c++", "-std=c++17", *WARNINGS], None),
    "x86-64 freestanding": ("gcc", [*C99, "-DOTEL_LITE_FREESTANDING"], None),
    "x86-64 single-threaded": ("gcc", [*C99, "-DOTEL_LITE_SINGLE_THREADED"], None),
    "x86-64 musl": ("musl-gcc", [*C99, "-static", "-Os"], None),
    "x86-64 sanitized": ("gcc", [*C99, "-fsanitize=address,undefined", "-fsanitize=alignment",
                                 "-fno-sanitize-recover=all"], None),
    "x86-64 firmware sanitized": ("gcc", [*C99, "-Os", "-DOTEL_LITE_FREESTANDING",
                                          "-fsanitize=address,undefined",
                                          "-fno-sanitize-recover=all"], None),
    "x86-64 smallest": ("gcc", [*C99, "-Os", "-DOTEL_LITE_FREESTANDING",
                                "-DOTEL_LITE_NO_DIAGNOSTICS", "-DOTEL_LITE_SINGLE_CORE"], None),
    "i386": ("gcc", [*C99, "-O2", *I386], None),
    "i386 freestanding": ("gcc", [*C99, "-Os", *I386, "-DOTEL_LITE_FREESTANDING"], None),
    "s390x": ("s390x-linux-gnu-gcc", [*C99, "-O2", "-static"], ("qemu-s390x-static",
                                                                "qemu-s390x")),
    "s390x freestanding": ("s390x-linux-gnu-gcc", [*C99, "-Os", "-static",
                                                   "-DOTEL_LITE_FREESTANDING"],
                           ("qemu-s390x-static", "qemu-s390x")),
}


def run(program, emulator=()):
    result = subprocess.run([*emulator, program], capture_output=True, timeout=60)
    assert result.returncode == 0, f"step {result.returncode} of scenario.c\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def reference(cc):
    """The bytes that x86-64 sends."""
    return run(cc(SOURCES, "targets/scenario", [*C99, "-O2", "-pthread"]))


def has_i386():
    probe = subprocess.run(["gcc", *I386, "-x", "c", "-", "-o", "/dev/null"], text=True,
                           input="#include <stdio.h>\nint main(void) { return 0; }\n",
                           capture_output=True)
    return probe.returncode == 0


@pytest.mark.parametrize("target", BUILDS)
def test_the_bytes_are_the_same(target, reference, cc, need):
    compiler, flags, emulator = BUILDS[target]
    need(compiler)
    emulator = [need(*emulator)] if emulator else []
    if "-m32" in flags and not has_i386():
        pytest.skip("32-bit C library missing")
    out = f"targets/scenario.{target.replace(' ', '_').replace('+', 'p')}"
    assert run(cc(SOURCES, out, [*flags, "-pthread"], cc=compiler), emulator) == reference


@pytest.mark.parametrize("board", BOARDS)
def test_the_bytes_of_a_microcontroller_are_the_same(board, reference, cc, need, tmp_path):
    run_on = firmware(board, [HERE / "scenario.c"], "scenario", cc, need)
    assert run_on(tmp_path).returncode == 0
    assert (tmp_path / "requests.bin").read_bytes() == reference


# ---- what the bytes say, read by the official bindings ----

@pytest.fixture(scope="module")
def sent(reference):
    return frames(reference)


def of(sent, path):
    return [(scope.name, record) for _, scope, record in
            records(message for kind, message in sent if kind == path)]


def test_the_resource_is_what_was_configured(sent):
    for _, message in sent:
        for resource, _, _ in records([message]):
            assert attributes(resource) == {
                "service.name": "scenario", "device.fixed": True, "telemetry.sdk.language": "c",
                "service.instance.id": "00000000-0000-4000-8000-000000000001",
                "telemetry.sdk.name": "otel_lite", "telemetry.sdk.version": "0.1.0"}


def test_the_metrics_are_what_was_recorded(sent):
    points = {}
    for scope, metric in of(sent, METRICS):
        kind = metric.WhichOneof("data")
        assert scope == "scenario/parts"
        points[metric.name] = kind, metric.unit, list(getattr(metric, kind).data_points)
    kind, unit, frames_sent = points["frames"]
    assert (kind, unit) == ("sum", "{frame}")
    assert {tuple(attributes(point).items()): point.as_int for point in frames_sent} == {
        (("port", 0),): 1 + 2 ** 40, (("port", 1),): 2 ** 10 + 2 ** 50, (("port", 2),): 2 ** 20,
        (("otel.metric.overflow", True),): 2 ** 30}
    (level,) = points["level"][2]
    assert level.as_double == 0.1 - 1e-3
    (spot,) = points["spot"][2]
    assert spot.as_int == -7 and attributes(spot) == {"on": True, "a": "b"}
    (delay,) = points["delay"][2]
    assert (delay.count, delay.min, delay.max) == (3, -1.5, 1e9)
    assert list(delay.bucket_counts) == [1, 0, 1, 1] and not delay.HasField("sum")
    assert list(delay.explicit_bounds) == [-1.5, 0, 100]
    seconds = {attributes(point)["of"]: point for point in points["seconds"][2]}
    rounds = seconds["all"].as_int // 10
    assert rounds >= 2 and seconds["new"].as_int == rounds - 2
    assert seconds["new"].start_time_unix_nano > seconds["all"].start_time_unix_nano


def test_the_spans_are_what_was_recorded(sent):
    spans = of(sent, TRACES)
    assert [span.name for _, span in spans] == ["inner \u00e9 \ufffd", "outer", "served"] * 2
    for text, (_, inner), (_, outer), (_, served) in (("x" * 199, *spans[:3]),
                                                      ("value", *spans[3:])):
        assert attributes(inner) == {"text": text, "ratio": 0.25, "n": -1}
        (event,) = inner.events
        assert event.name == "half" and attributes(event) == {"part": 0.5, "ok": False}
        assert (inner.status.code, inner.status.message, inner.kind) == (2, "it broke", 3)
        assert inner.parent_span_id == outer.span_id and outer.status.code == 1
        assert inner.end_time_unix_nano - inner.start_time_unix_nano == 2000123
        assert served.trace_id.hex() == "11220300000000000000000000000000"
        assert served.parent_span_id.hex() == "0405060708090a0b" and served.kind == 2
        assert attributes(served) == {"at start": text[:3]}


def test_the_log_records_are_what_was_recorded(sent):
    (_, inside), (_, everything), *numbered, (_, last) = of(sent, LOGS)
    assert inside.body.string_value == last.body.string_value == "inside"
    assert attributes(inside) == {"psi": 12} and inside.severity_number == 13
    assert inside.span_id in {span.span_id for _, span in of(sent, TRACES)}
    assert everything.severity_text == "EMERG" and everything.event_name == "device.event"
    assert attributes(everything) == {"tiny": 5e-324, "empty": ""}
    assert everything.time_unix_nano == 1
    assert [attributes(log)["i"] for _, log in numbered] == list(range(14))  # 16 were kept
