"""What run.py and size.py share: places, running compilers, the machine, checked-in results."""
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"
COMPILER = os.environ.get("CC", "gcc")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic"]


def output(*command, cwd=ROOT, **options):
    """What a command prints; when it fails, its complaint ends the program."""
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    return done.stdout


def have(tool):
    """Whether the tool is there; if not, the lines of what is left out name it."""
    return shutil.which(tool) is not None


def build(out, sources, *flags, cc=COMPILER):
    """Compile a C program or, with -c, an object to build/bench/<out>; returns its path."""
    BUILD.mkdir(parents=True, exist_ok=True)
    libraries = [flag for flag in flags if flag.startswith("-l")]
    flags = [flag for flag in flags if flag not in libraries]
    output(cc, *WARNINGS, "-I", ROOT, "-I", BENCH, *flags, "-o", BUILD / out, *sources, *libraries)
    return BUILD / out


# What a small program is built with: unused functions dropped, no tables for unwinding.
SMALL = ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections",
         "-fno-asynchronous-unwind-tables"]


def build_static(out, source, *flags):
    """A static program at -Os with musl, stripped; returns its path."""
    path = build(out, [source], "-std=c99", "-Os", "-static", *flags, cc="musl-gcc")
    output("strip", "-s", path)
    return path


def machine():
    """What the figures were measured with."""
    names = [line.partition(":")[2].strip() for line in
             Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    version = output(COMPILER, "--version").splitlines()[0]
    return {"processor": names[0] if names else platform.machine(), "cpus": os.cpu_count(),
            "system": platform.system(), "compiler": version}


def write_json(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")
