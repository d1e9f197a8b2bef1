"""Microcontrollers: interrupts record beside the program, the example's firmware works, and an
object refers to nothing that a target without an operating system lacks."""
import json
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from emulator import BOARDS, COMPILER, HERE, firmware, flags_of  # noqa: E402
from otlp_backend import PATHS, attributes, frames, records  # noqa: E402

TRACES, METRICS, LOGS = PATHS
FREESTANDING = ROOT / "tests/compile/freestanding.c"


def of(sent, path):
    return [record for _, _, record in records(message for kind, message in sent if kind == path)]


def check_interrupts(run, folder):
    """Run interrupts.c and compare every total that it sent with what it recorded."""
    result = run(folder)
    assert result.returncode == 0, f"step {result.returncode} of interrupts.c"
    sent = frames((folder / "requests.bin").read_bytes())
    values = {}
    for metric in of(sent, METRICS):
        (point,) = getattr(metric, metric.WhichOneof("data")).data_points
        values[metric.name] = point.as_int if metric.name == "both" else point.count
    end = attributes(of(sent, LOGS)[-1])
    assert end["ticks"] > 500
    assert values == {"both": end["added"] + end["ticks"], "seen": end["ticks"]}
    spans = [span.span_id for span in of(sent, TRACES)]
    assert len(spans) == len(set(spans)) > 400
    for name in ("round", "tick"):  # in order and once, though some may have found no room
        numbers = [attributes(log)["n"] for log in of(sent, LOGS)
                   if log.body.string_value == name]
        assert numbers == sorted(set(numbers)) and len(numbers) > 50


@pytest.mark.parametrize("board", BOARDS)
def test_interrupts_record_beside_the_program(board, cc, need, tmp_path):
    check_interrupts(firmware(board, [HERE / "interrupts.c"], "interrupts", cc, need), tmp_path)


@pytest.mark.parametrize("board", BOARDS)
def test_a_lost_update_would_be_seen(board, cc, need, tmp_path):
    """The control: built for one thread, the same program loses some or breaks."""
    run = firmware(board, [HERE / "interrupts.c"], "interrupts.single", cc, need,
                   ["-DOTEL_LITE_SINGLE_THREADED"])
    with pytest.raises(Exception):
        check_interrupts(run, tmp_path)


def test_the_firmware_example_sends_over_a_serial_line(cc, need, tmp_path):
    sources = [HERE / "pump_board.c", ROOT / "examples/firmware/main.c"]
    run = firmware("m3", sources, "pump", cc, need)
    assert run(tmp_path, f"file:{tmp_path / 'serial.bin'}").returncode == 0
    sent = frames((tmp_path / "serial.bin").read_bytes())
    points = {}
    for metric in of(sent, METRICS):
        (points[metric.name],) = getattr(metric, metric.WhichOneof("data")).data_points
    assert points["pump.strokes"].as_int == points["pump.pressure"].count == 200
    assert points["pump.pressure"].sum == 50 * (1013 + 1000 + 890 + 950)
    spans = of(sent, TRACES)
    assert len(spans) == 200 and sum(len(span.events) for span in spans) == 50
    logs = of(sent, LOGS)
    assert len(logs) == 50 and {attributes(log)["mbar"] for log in logs} == {890}


ALLOWED = re.compile(r"""mem(cpy|move|set|cmp)|strlen|strcmp
    |__aeabi_(u|i|l|ul|d|f|mem|idiv|uidiv|lmul|llsl|llsr|lasr|ldivmod|uldivmod)\w*
    |__clz[sd]i2|__ctz[sd]i2|__popcount[sd]i2|__gnu_thumb1_case_\w+|__(ash|lsh)[lr]di3""", re.X)


@pytest.mark.parametrize("processor", ["cortex-m0", "cortex-m3", "cortex-m4"])
def test_nothing_is_needed_but_memory_and_text_functions(processor, cc, need):
    """No printf, no allocator, no __atomic_* that nobody provides; the compiler's own helpers."""
    need(COMPILER)
    out = cc(FREESTANDING, f"targets/object.{processor}.o",
             [*flags_of(processor), "-ffreestanding", "-c"], cc=COMPILER)
    listed = subprocess.run(["arm-none-eabi-nm", "-u", "-P", out], capture_output=True, text=True)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names and [name for name in names if not ALLOWED.fullmatch(name)] == []


@pytest.mark.parametrize("compiler, flags", [
    ("gcc", ["-m64"]), ("clang-14", ["--target=thumbv7m-none-eabi"]),
    ("clang-14", ["--target=riscv32-unknown-elf", "-DOTEL_LITE_SINGLE_THREADED"]),
    ("s390x-linux-gnu-gcc", []),
], ids=["x86-64", "clang-arm", "clang-riscv32", "s390x"])
def test_other_compilers_need_no_more(compiler, flags, cc, need):
    need(compiler)
    out = f"targets/object.{compiler}{''.join(flags).strip('-')}.o".replace("=", "_")
    built = cc(FREESTANDING, out, ["-std=c99", "-ffreestanding", "-Os", "-fno-pic",
                                   "-fno-stack-protector", *flags, "-c",
                                   "-isystem", HERE.parent / "libc"], cc=compiler)
    listed = subprocess.run(["nm", "-u", "-P", built], capture_output=True, text=True)
    names = {line.split()[0] for line in listed.stdout.splitlines()}
    runtime = re.compile(r"_GLOBAL_OFFSET_TABLE_|bcmp|__(?!atomic|sync|cxa|stack)\w+")
    assert [n for n in names if not ALLOWED.fullmatch(n) and not runtime.fullmatch(n)] == []


def test_the_footprint_is_written_down(need, build):
    """Sizes and the largest stack frames of the freestanding build, for whoever reports them; no
    limit here."""
    need(COMPILER)
    found, folder = {}, build / "targets"
    folder.mkdir(parents=True, exist_ok=True)
    for processor in ("cortex-m0", "cortex-m3", "cortex-m4"):
        out = folder / f"footprint.{processor}.o"
        subprocess.run([COMPILER, *flags_of(processor), "-I", ROOT, "-fstack-usage", "-c", "-o",
                        out, FREESTANDING], check=True)
        sizes = subprocess.run(["arm-none-eabi-size", out], capture_output=True, text=True)
        text, data, bss = map(int, sizes.stdout.splitlines()[1].split()[:3])
        frames_of = {line.split("\t")[0].split(":")[-1]: int(line.split("\t")[1])
                     for line in out.with_suffix(".su").read_text().splitlines()}
        largest = sorted(frames_of.items(), key=lambda item: -item[1])[:10]
        found[processor] = {"text": text, "data": data, "bss": bss, "frames": dict(largest)}
    (folder / "footprint.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found))
    assert all(sizes["text"] > 1000 and sizes["frames"] for sizes in found.values())
