"""Text files: LF, no trailing blanks, lines of at most 100 characters in code, and no word that
means nothing to a stranger: paths of one machine, notes of work left undone."""
import re

from project import files, place

TEXT = (".c", ".h", ".cpp", ".py", ".sh", ".md", ".txt", ".yaml", ".yml", ".json", ".cfg", ".in",
        ".ld", ".S", "Makefile", "LICENSE", ".clang-format", ".editorconfig", ".gitignore", "run",
        "otel")
CODE = (".c", ".h", ".cpp", ".py", ".sh", "run")
LINE = 100
STRANGE = [  # split, so that this file does not match itself
    (re.compile(r"\.\./" r"shared\b"), "a folder outside the project"),
    (re.compile(r"(?<![\w.$}/])/" r"(work|home|root)(/|\b(?!\w))"), "a path of one machine"),
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b"), "work left undone"),
]


def line_problems(line, file):
    if line.endswith((" ", "\t", "\r")):
        yield "trailing blanks or a carriage return"
    if "\t" in line and file.name != "Makefile":
        yield "a tab"
    if len(line) > LINE and file.name.endswith(CODE):
        yield f"{len(line)} characters, over {LINE}"
    for pattern, meaning in STRANGE:
        found = pattern.search(line)
        if found:
            yield f"mentions {found[0]!r}: {meaning}"


def check(root):
    problems = []
    for file in files(root, *TEXT):
        data = file.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode(errors="replace").split("\n"), 1):
            for problem in line_problems(line, file):
                problems.append(f"{place(root, file, number)}: {problem}")
        if data and (not data.endswith(b"\n") or data.endswith(b"\n\n")):
            problems.append(f"{file.relative_to(root)}: end with one line feed")
    return problems
