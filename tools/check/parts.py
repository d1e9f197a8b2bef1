"""Parts begin with a comment; parts, functions and argument lists keep their limits."""
import re

from project import files, functions, place

PART_LINES = 600
FUNCTION_LINES = 70
PARAMETERS = 5
FIRST_COMMENT_LINES = 12  # but for the documentation, which is the comment


def part_problems(root, part, text):
    comment = re.match(r"/\*.*?\*/", text, re.S)
    length = text.count("\n")
    if not comment:
        yield f"{place(root, part, 1)}: begin with a comment: purpose, who calls it, invariants"
    elif comment[0].count("\n") >= FIRST_COMMENT_LINES and part.name != "doc.h":
        yield f"{place(root, part, 1)}: the first comment is over {FIRST_COMMENT_LINES} lines"
    if length > PART_LINES:
        yield f"{place(root, part, length)}: {length} lines, over {PART_LINES}: split by meaning"


def function_problems(root, file, text):
    for first, last, head in functions(text.split("\n")):
        length = last - first + 1
        if length > FUNCTION_LINES:
            yield f"{place(root, file, first)}: a function of {length} lines, over {FUNCTION_LINES}"
        nested = re.search(r"\((.*)\)", head)
        commas = re.sub(r"\([^()]*\)", "", nested[1]).count(",") if nested else 0
        if commas >= PARAMETERS:
            yield f"{place(root, file, first)}: {commas + 1} parameters, over {PARAMETERS}"


def check(root):
    problems = []
    for part in files(root, ".h", below=["src"]):
        problems += part_problems(root, part, part.read_text(errors="replace"))
    for file in files(root, ".h", ".c", below=["src", "examples", "tools", "bench"]):
        problems += function_problems(root, file, file.read_text(errors="replace"))
    return problems
