"""Every public declaration in src/api has a comment directly above it; disabled.h repeats them."""
import re

from project import files, place


def check(root):
    problems = []
    for file in files(root, ".h", below=["src/api"]):
        if file.name == "disabled.h":
            continue
        lines = file.read_text(errors="replace").split("\n")
        for number, line in enumerate(lines, 1):
            public = re.match(r"(?:OTEL_API|OTEL__INLINE)\b.*?\b(otel_(?!_)\w+)\s*[(;]", line)
            if public and not lines[number - 2].rstrip().endswith("*/"):
                problems.append(f"{place(root, file, number)}: {public[1]}: "
                                "put its comment directly above it")
    return problems
