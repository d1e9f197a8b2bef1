"""What the checks share: the project's files and the functions of a C file."""
import os
import re

HAND_WRITTEN = ["src", "examples", "tools", "bench", "tests"]
NOT_OURS = {".git", "build", "__pycache__", ".pytest_cache", ".hypothesis"}


class LeftOut(Exception):
    """A check cannot run here; the text says what is missing."""


def files(root, *suffixes, below=("",)):
    """Files below the given folders of root that end in one of the suffixes, sorted."""
    found = []
    for folder in below:
        for here, folders, names in os.walk(root / folder):
            folders[:] = sorted(set(folders) - NOT_OURS)
            found += [root / here / name for name in sorted(names) if name.endswith(suffixes)]
    return found


def place(root, file, line):
    return f"{file.relative_to(root)}:{line}"


def functions(lines):
    """(first line, last line, head) of each function; its braces stand in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{" and start is None:
            start = number - 1
            while start > 1 and not re.match(r"\w", lines[start - 1]):
                start -= 1  # a head of several lines: the others are indented
        elif line == "}" and start is not None:
            yield start, number, " ".join(lines[start - 1:number]).split("{")[0]
            start = None
