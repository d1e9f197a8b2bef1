"""What a linked firmware.c weighs, and whose code it is: of the library, of the C library with soft
floating point, or of the program; and what each facility adds. Used by size.py."""
import re

from common import BENCH, SMALL, build, have, output

METRICS_ONLY = ["-DOTEL_LITE_NO_TRACES", "-DOTEL_LITE_NO_LOGS"]
HISTOGRAM = ["-DBENCH_HISTOGRAM"]
SMALLEST = ["-DOTEL_LITE_NO_DIAGNOSTICS", "-DOTEL_LITE_SINGLE_CORE", "-DOTEL_LITE_NO_UTF8_REPAIR"]

# name: the compiler, what it compiles with, what it links with, the prefix of its tools
TARGETS = {
    "m4": ("arm-none-eabi-gcc",
           ["-std=c99", "-mcpu=cortex-m4", "-mthumb", "-Os", "-ffunction-sections",
            "-fdata-sections"],
           ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-Wl,-e,main"],
           "arm-none-eabi-"),
    "host": ("musl-gcc",
             ["-std=c99", "-Os", *SMALL, "-DBENCH_HOSTED", "-DOTEL_LITE_NO_HTTP",
              "-DOTEL_LITE_NO_EXPONENTIAL", "-DOTEL_LITE_NO_VIEWS", "-DOTEL_LITE_NO_READER"],
             ["-static", "-Wl,--gc-sections"], ""),
}

# What is added to which program; the first line is a program of its own.
FACILITIES = {
    "counters": ([], []),
    "histogram": ([], HISTOGRAM),
    "exponential": (HISTOGRAM, ["-UOTEL_LITE_NO_EXPONENTIAL", "-DOTEL_LITE_EXPONENTIAL"]),
    "updown_gauge": ([], ["-DBENCH_UPDOWN"]),
    "f64": ([], ["-DBENCH_F64"]),
    "bound": ([], ["-DBENCH_BOUND"]),
    "observable": ([], ["-DBENCH_OBSERVABLE"]),
    "views": (HISTOGRAM, ["-UOTEL_LITE_NO_VIEWS", "-DOTEL_LITE_VIEWS"]),
    "reader": (HISTOGRAM, ["-UOTEL_LITE_NO_READER", "-DOTEL_LITE_READER", "-DBENCH_READER"]),
    "exemplars": (HISTOGRAM, ["-DOTEL_LITE_EXEMPLARS"]),
    "series_table": (["-DOTEL_LITE_SERIES_LIST"],
                     ["-UOTEL_LITE_SERIES_LIST", "-DOTEL_LITE_SERIES_TABLE"]),
    "diagnostics": (["-DOTEL_LITE_NO_DIAGNOSTICS"], ["-UOTEL_LITE_NO_DIAGNOSTICS"]),
    "traces": (HISTOGRAM, ["-UOTEL_LITE_NO_TRACES"]),
    "logs": (HISTOGRAM, ["-UOTEL_LITE_NO_LOGS"]),
}

# An input section in the linker's map: name, address, size, file; long names break the line.
SECTION = re.compile(r"^ (\.[\w.$]+)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+) (\S+)$", re.M)
THE_PROGRAMS = re.compile(r"\.(main|board_\w+)(\.|$)")


def share(path):
    """Bytes of code and constants by origin, from the map that the linker wrote."""
    bytes_of = {"own": 0, "libc": 0, "program": 0}
    text = path.with_suffix(".map").read_text().partition("Linker script and memory map")[2]
    for name, address, size, file in SECTION.findall(text):
        if int(address, 16) != 0 and name.startswith((".text", ".rodata")):
            origin = "libc" if not file.endswith("/" + path.name + ".o") else \
                     "program" if THE_PROGRAMS.search(name) else "own"
            bytes_of[origin] += int(size, 16)
    return bytes_of


def linked(target, name, flags):
    """Build firmware.c; bytes by origin, and of the whole with padding and all."""
    compiler, compile_flags, link_flags, prefix = TARGETS[target]
    source = build(f"{target}_{name}.o", [BENCH / "firmware.c"], "-c", *compile_flags, *flags,
                   cc=compiler)
    path = build(f"{target}_{name}", [source], *compile_flags, *link_flags,
                 f"-Wl,-Map={source.with_suffix('.map')}", cc=compiler)
    whole = int(output(f"{prefix}size", path).splitlines()[1].split()[0])
    return {"whole": whole, **share(path)}


def added(target):
    """What each facility adds to the library's own code and to what it needs of the C library; None
    without the compiler."""
    if not have(TARGETS[target][0]):
        return None
    programs, found = {}, {}

    def program(flags):
        if flags not in programs:
            programs[flags] = linked(target, len(programs), [*METRICS_ONLY, *flags])
        return programs[flags]

    for name, (base, more) in FACILITIES.items():
        before, after = program((*base,)) if more else {}, program((*base, *more))
        found[name] = {origin: after[origin] - before.get(origin, 0) for origin in ("own", "libc")}
    return found
