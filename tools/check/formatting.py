"""C files are laid out as .clang-format says. Other versions of the tool lay out differently."""
import re
import shutil
import subprocess
from pathlib import Path

from project import HAND_WRITTEN, LeftOut, files

TOOL = "clang-format-14"


def check(root):
    if not shutil.which(TOOL):
        raise LeftOut(f"no {TOOL}")
    sources = [str(file) for file in files(root, ".c", ".h", ".cpp", below=HAND_WRITTEN)]
    result = subprocess.run([TOOL, "--dry-run", "--Werror", *sources], cwd=root,
                            capture_output=True, text=True)
    if result.returncode == 0:
        return []
    places = {}
    for name, line in re.findall(r"^(.*?):(\d+):\d+: error: ", result.stderr, re.M):
        places.setdefault(Path(name).relative_to(root), []).append(line)
    problems = [f"{name}: {len(lines)} places, the first in line {lines[0]}: run `make format`"
                for name, lines in places.items()]
    return problems or [f"{TOOL} failed: {result.stderr}"]
