#!/usr/bin/env python3
"""How large the library is: `make size`, bench/size.py. Prints the tables, writes bench/size.json.

  the quickstart, static with musl, stripped, -Os, next to an empty program
  the parts of src/, as this machine's code at -Os and -O2, and Cortex-M4's at -Os
  Cortex-M4 at -Os, linked: metrics over a callback, and all three signals
  what each facility adds to a linked program, Cortex-M4's and this machine's
  the deepest stack of each recording call

A tool that is missing leaves its figures out, by name: `left out: NAME (TOOL missing)`.
"""
import platform
import re
import sys

from common import (BENCH, BUILD, COMPILER, ROOT, SMALL, build, build_static, have, machine,
                    output, write_json)
from linked import FACILITIES, HISTOGRAM, METRICS_ONLY, SMALLEST, TARGETS, added, linked

M4 = TARGETS["m4"][1]
HOST = platform.machine()
PARTS = "src/otel_lite.in.h"
SPLIT = ["-g", "-ffunction-sections", "-fdata-sections", f'-DBENCH_HEADER="{PARTS}"']


def left_out(name, tool):
    print(f"left out: {name} ({tool} missing)")


# ---- programs ----

def quickstart(sizes):
    if not have("musl-gcc"):
        return left_out("static musl quickstart", "musl-gcc")
    empty = BUILD / "empty.c"
    BUILD.mkdir(parents=True, exist_ok=True)
    empty.write_text("int main(void)\n{\n    return 0;\n}\n")
    source = ROOT / "examples" / "quickstart.c"
    sizes["musl_quickstart"] = build_static("quickstart", source, *SMALL).stat().st_size
    sizes["musl_quickstart_plain"] = build_static("quickstart", source).stat().st_size
    sizes["musl_empty"] = build_static("empty", empty, *SMALL).stat().st_size
    print(f"quickstart, static musl, -Os, stripped: {sizes['musl_quickstart']} bytes, without "
          f"{' '.join(SMALL)}: {sizes['musl_quickstart_plain']}; an empty program: "
          f"{sizes['musl_empty']}; 96 KiB is {96 * 1024}")


def cortex_m4(sizes):
    if not have("arm-none-eabi-gcc"):
        return left_out("Cortex-M4", "arm-none-eabi-gcc")
    sizes["m4_empty"] = linked("m4", "empty", ["-DBENCH_BARE"])["whole"]
    for name, flags in (("metrics", [*METRICS_ONLY, *HISTOGRAM]),
                        ("metrics_small", [*METRICS_ONLY, *HISTOGRAM, *SMALLEST]),
                        ("all", HISTOGRAM)):
        found = linked("m4", name, flags)
        sizes.update({f"m4_{name}": found["whole"], f"m4_{name}_own": found["own"],
                      f"m4_{name}_libc": found["libc"]})
        print(f"Cortex-M4 -Os over a callback, {name}: {found['whole']} bytes: the library "
              f"{found['own']}, C library and soft floating point {found['libc']}, the program "
              f"{found['program']}; 12 KiB is {12 * 1024}")


def facilities(sizes):
    columns = {f"{HOST if target == 'host' else target}_os": added(target) for target in TARGETS}
    columns = {name: column for name, column in columns.items() if column}
    print(f"\n{'bytes a facility adds':24}" + "".join(f"{name:>13}{'libc':>7}" for name in columns))
    for name in FACILITIES:
        print(f"{name:24}" + "".join(f"{column[name]['own']:13}{column[name]['libc']:7}"
                                     for column in columns.values()))
    sizes["facilities"] = columns


# ---- parts ----

def symbols(path, prefix=""):
    """(bytes, kind, name, source file) of each symbol of an object with debug information."""
    for line in output(f"{prefix}nm", "-S", "--line-numbers", path).splitlines():
        place, _, where = line.partition("\t")
        words = place.split()
        if len(words) == 4:
            yield int(words[1], 16), words[2].lower(), words[3], where.rpartition(":")[0]


def part_of(name, file):
    """The part a symbol stands in: by its debug information, or by its name."""
    found = re.search(r"/src/(\w+/\w+)\.h$", file)
    if found:
        return found[1]
    prefix = re.match(r"otel__([a-z0-9]+)_", name)
    parts = {path.stem: f"{path.parent.name}/{path.stem}" for path in ROOT.glob("src/*/*.h")}
    return parts.get(prefix[1], "constants") if prefix else "constants"


def by_part(out, source, compiler, flags, prefix=""):
    """Bytes of code and constants of each part; inlined code counts where it went."""
    path = build(out, [BENCH / source], "-c", *SPLIT, *flags, cc=compiler)
    totals, all_symbols = {}, 0
    for size, kind, name, file in symbols(path, prefix):
        if kind in "tr" and name != "main" and not name.startswith("board_"):
            part = part_of(name, file)
            totals[part] = totals.get(part, 0) + size
            all_symbols += size
    sections = section_bytes(path, prefix)
    totals["texts"] = max(0, sections - all_symbols)  # string constants have no symbol
    return totals


def section_bytes(path, prefix):
    """Bytes of all sections with code or constants."""
    lines = output(f"{prefix}size", "-A", path).splitlines()
    rows = [line.split() for line in lines if line.startswith((".text", ".rodata"))]
    return sum(int(row[1]) for row in rows)


def parts(sizes):
    columns = {f"{HOST}_os": by_part("parts_os.o", "library.c", COMPILER, ["-std=c99", "-Os"]),
               f"{HOST}_o2": by_part("parts_o2.o", "library.c", COMPILER, ["-std=c99", "-O2"])}
    if have("arm-none-eabi-gcc"):
        columns["cortex_m4_os"] = by_part("parts_m4.o", "firmware.c", "arm-none-eabi-gcc", M4,
                                          "arm-none-eabi-")
    order = [line.split('"')[1][:-2] for line in (ROOT / PARTS).read_text().splitlines()
             if line.startswith("#include")]
    names = [name for name in [*order, "constants", "texts"]
             if any(column.get(name) for column in columns.values())]
    print(f"\n{'bytes by part':20}" + "".join(f"{name:>14}" for name in columns))
    for name in names:
        print(f"{name:20}" + "".join(f"{column.get(name, 0):14}" for column in columns.values()))
    print(f"{'all':20}" + "".join(f"{sum(column.values()):14}" for column in columns.values()))
    sizes["parts"] = {name: {part: column[part] for part in names if column.get(part)}
                      for name, column in columns.items()}


# ---- stack ----

def recording_calls():
    """The calls for any thread at any time: those that create and register nothing; of the bound
    ones, which are inline, what they call."""
    headers = [ROOT / "src" / "api" / name for name in ("signals.h", "metrics.h", "bound.h")]
    text = "".join(header.read_text() for header in headers)
    names = re.findall(r"^OTEL_API [\w \*]*?(otel_\w+)\(", text, re.M)
    return [name for name in names if "_create" not in name and "_callback_" not in name]


def call_graph(path):
    """Own frame of each function, and who calls whom, from what -fcallgraph-info=su wrote."""
    frames, calls = {}, {}
    for line in path.read_text().splitlines():
        node = re.match(r'node: \{ title: "([^"]*)" label: "([^"]*)"', line)
        edge = re.match(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', line)
        if node:
            size = re.search(r"(\d+) bytes", node[2])
            frames[node[1]] = int(size[1]) if size else 0
        elif edge:
            calls.setdefault(edge[1], set()).add(edge[2])
    return frames, calls


def deepest(function, frames, calls, above=()):
    """Bytes of the deepest chain of calls. A function that calls itself does so once: the second
    time without what made it do so."""
    if above.count(function) > 1:
        return 0
    inner = [deepest(callee, frames, calls, (*above, function))
             for callee in calls.get(function, ())]
    return frames.get(function, 0) + max(inner, default=0)


def stack_of(out, compiler, sources, flags):
    """Worst stack of each recording call: its own code's. The C library's and the user's hooks come
    on top; the rare work in a forked child is not counted."""
    path = build(out, sources, "-c", *flags, "-fstack-usage", "-fcallgraph-info=su", cc=compiler)
    frames, calls = call_graph(path.with_suffix(".ci"))
    titles = {title.rpartition(":")[2]: title for title in frames}
    return {name: deepest(titles[name], frames, calls) for name in recording_calls()
            if name in titles}


def stack(sizes):
    columns = {f"{HOST}_o2": stack_of("stack_o2.o", COMPILER, [BENCH / "library.c"],
                                      ["-std=c99", "-O2"])}
    if have("arm-none-eabi-gcc"):
        columns["cortex_m4_os"] = stack_of("stack_m4.o", "arm-none-eabi-gcc",
                                           [BENCH / "firmware.c"], M4)
    print(f"\n{'stack, bytes':28}" + "".join(f"{name:>14}" for name in columns))
    for name in recording_calls():
        print(f"{name:28}" + "".join(f"{column.get(name, 0):14}" for column in columns.values()))
    sizes["stack"] = columns
    sizes["max_stack"] = max(max(column.values()) for column in columns.values())
    print(f"{'worst':28}" + "".join(f"{max(column.values()):14}" for column in columns.values()))


def main():
    sizes = {"machine": machine()}
    quickstart(sizes)
    cortex_m4(sizes)
    facilities(sizes)
    parts(sizes)
    stack(sizes)
    write_json(BENCH / "size.json", sizes)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
