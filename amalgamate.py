#!/usr/bin/env python3
"""Join the parts listed in src/otel_lite.in.h into the one file users copy: otel_lite.h.

    amalgamate.py            write otel_lite.h
    amalgamate.py --check    exit 1, and say what to do, when otel_lite.h is stale
    amalgamate.py --lines    write build/lines/otel_lite.h: its #line marks lead debuggers to src/
    --root DIR               work on another tree (the tests do)

Each `#include "room/part.h"` of the list is replaced by the part, in that order. A part's own
includes of other parts are dropped, because what it may use is already above it.
"""
import argparse
import hashlib
import posixpath
import re
import sys
from pathlib import Path

ROOMS = ["api", "core", "wire", "record", "send", "sdk"]  # the flow of data: uses go only leftwards
LIST = "src/otel_lite.in.h"
ONLY_ABOVE = f"a part may only use parts listed above it in {LIST}"
TOP_COMMENT = re.compile(r"\A/\*.*?\*/\n", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
SOURCE_ID = re.compile(r'^(#define OTEL_LITE_SOURCE_ID) ".*$', re.M)


class Refused(Exception):
    """The sources break a rule; the text says where and what to do."""


def read(root, name):
    """Text of one source file, after the checks that hold for every byte."""
    data = (root / name).read_bytes()
    for number, line in enumerate(data.split(b"\n"), 1):
        if re.search(rb"[^ -~]", line):
            raise Refused(f"{name}:{number}: a tab or non-ASCII byte; use spaces, LF and ASCII")
    return data.decode("ascii")


def listed_parts(root):
    """The parts in the list's order, as room/part.h; each part on disk stands there once."""
    parts = [m[1] for m in map(INCLUDE.match, read(root, LIST).splitlines()) if m]
    for place, part in enumerate(parts):
        room = part.split("/")[0]
        if room not in ROOMS:
            raise Refused(f"{LIST}: {part}: unknown room; the rooms are {' '.join(ROOMS)}")
        if part in parts[:place]:
            raise Refused(f"{LIST}: {part}: double listing; keep the first")
        if place and ROOMS.index(parts[place - 1].split("/")[0]) > ROOMS.index(room):
            raise Refused(f"{LIST}: {part}: out of order; rooms follow {' -> '.join(ROOMS)}")
    for part in sorted(f"{file.parent.name}/{file.name}" for file in root.glob("src/*/*.h")):
        if part not in parts:
            raise Refused(f"src/{part}: unlisted part; add it to {LIST} below the parts it uses")
    return parts


def part_lines(root, parts, place):
    """The lines of one part, with None for its include guard and its includes of other parts."""
    part, name = parts[place], "src/" + parts[place]
    lines = read(root, name).rstrip("\n").split("\n")
    guard = "OTEL__" + re.sub(r"\W", "_", part).upper()
    if not {f"#ifndef {guard}", f"#define {guard}"} <= set(lines) or lines[-1][:6] != "#endif":
        raise Refused(f"{name}: needs the include guard {guard}, closed by its last line")
    for at, line in enumerate(lines):
        include = INCLUDE.match(line)
        if include or line in (f"#ifndef {guard}", f"#define {guard}"):
            lines[at] = None
        if not include:
            continue
        used = posixpath.normpath(f"{posixpath.dirname(part)}/{include[1]}")
        if used not in parts:
            raise Refused(f"{name}:{at + 1}: includes {used}, an unlisted part; add it to {LIST}")
        if parts.index(used) >= place:
            raise Refused(f"{name}:{at + 1}: upward include of {used}; {ONLY_ABOVE}")
    return lines[:-1]


def amalgamate(root, marks):
    """The text of otel_lite.h; with marks: #line directives, and blank lines for dropped ones."""
    parts, out = listed_parts(root), []
    listing = TOP_COMMENT.sub(lambda m: "\n" * m[0].count("\n"), read(root, LIST))
    for number, line in enumerate(listing.split("\n"), 1):
        include = INCLUDE.match(line)
        lines = part_lines(root, parts, parts.index(include[1])) if include else [line]
        if include and include[1] != parts[0]:
            out += ["", f"/* ---- src/{include[1]} ---- */"]
        if include and marks:
            lines = [f'#line 1 "src/{include[1]}"', *lines, f'#line {number + 1} "{LIST}"']
        out += [line or "" for line in lines if marks or line is not None]
    licence = [f" * {line}".rstrip() for line in read(root, "LICENSE").rstrip("\n").split("\n")]
    text = "\n".join(out + ["/* Licence", " *"] + licence + [" */"]) + "\n"
    text = text if marks else re.sub(r"\n{3,}", "\n\n", text.lstrip("\n"))
    source_id = hashlib.sha256(text.encode()).hexdigest()[:16]
    note = f"Generated from src/ by amalgamate.py, source id {source_id}. Do not edit."
    text = SOURCE_ID.sub(rf'\1 "{source_id}"', text)
    return re.sub(r"\s*\*/", f"\n *\n * {note} */", text, count=1)  # ends the first comment


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("--check", action="store_true")
    options.add_argument("--lines", action="store_true")
    options.add_argument("--root", type=Path, default=Path(__file__).resolve().parent)
    args = options.parse_args()
    out = args.root / ("build/lines/otel_lite.h" if args.lines else "otel_lite.h")
    try:
        text = amalgamate(args.root, args.lines)
    except (Refused, OSError) as problem:
        sys.exit(f"amalgamate.py: {problem}")
    stale = not out.exists() or out.read_bytes() != text.encode()
    if stale and args.check:
        sys.exit(f"amalgamate.py: {out.name} is stale: run `make header` and commit the result")
    if stale:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(text.encode())


if __name__ == "__main__":
    main()
