"""An object with the implementation exports only names that begin with otel_, and none with otel__
but those that inline functions of the header call: private functions are static. With
OTEL_LITE_STATIC it exports nothing."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from project import LeftOut

PRIVATE_BUT_EXPORTED = re.compile(r"otel__bound_")  # called by public functions that are inline
PROGRAM = '#define OTEL_LITE_IMPLEMENTATION\n#include "src/otel_lite.in.h"\n'


def exported(root, *flags):
    """The external names an object with the implementation defines, or the compiler's complaint."""
    compiler = os.environ.get("CC", "cc")
    for tool in (compiler.split()[0], "nm"):
        if not shutil.which(tool):
            raise LeftOut(f"{tool} missing")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "implementation.o"
        command = [*compiler.split(), *flags, "-x", "c", "-I", str(root), "-c", "-o", str(out), "-"]
        done = subprocess.run(command, input=PROGRAM, capture_output=True, text=True)
        if done.returncode != 0:
            return [], done.stderr
        names = subprocess.run(["nm", "-g", "--defined-only", "-P", str(out)],
                               capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in names.splitlines()], ""


def check(root):
    names, complaint = exported(root)
    if complaint:
        return [f"src/otel_lite.in.h does not compile:\n{complaint}"]
    problems = [] if names else ["the implementation exports nothing at all"]
    for name in names:
        if not name.startswith("otel_"):
            problems.append(f"{name}: exported without the prefix otel_: make it static")
        elif name.startswith("otel__") and not PRIVATE_BUT_EXPORTED.match(name):
            problems.append(f"{name}: a private name is exported: make it static")
    if re.search(r"\bOTEL_LITE_STATIC\b", (root / "src/api/config.h").read_text()):
        static, complaint = exported(root, "-DOTEL_LITE_STATIC", "-Wno-unused-function")
        problems += [f"{name}: exported in spite of OTEL_LITE_STATIC" for name in static]
        if complaint:
            problems.append(f"with OTEL_LITE_STATIC it does not compile:\n{complaint}")
    return problems
