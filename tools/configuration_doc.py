#!/usr/bin/env python3
"""Write docs/configuration.md from the table of settings in src/sdk/env_table.h.

    configuration_doc.py            write the page
    configuration_doc.py --check    exit 1, and say what to do, when the page is stale
    --root DIR                      work on another tree (the tests do)
"""
import argparse
import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

SOURCE = "src/sdk/env_table.h"
PAGE = "docs/configuration.md"
LISTS = ["PROGRAM", "SPANS", "METRICS", "EXPONENTIAL", "EXEMPLARS", "READER",
         "LOGS", "RECORDS", "SHARED", "FLAGS"]

# kind: what the page calls it, what OTEL_ZERO gives (where 0 is within bounds), OTEL_NO_LIMIT
KINDS = {
    "DURATION": ("duration, ms", "at once", "never"),
    "TIMEOUT": ("timeout, ms", "no limit", "no limit"),
    "COUNT": ("number", "none", None),
    "BYTES": ("bytes", "none", None),
    "QUEUE": ("bytes", "none", None),
    "BATCH": ("number", "none", "all that is queued"),
    "LIMIT": ("number", "none", "no limit"),
    "FLAG": ("boolean", None, None),
    "CHOICE": ("word", None, None),
    "TEXT": ("text", None, None),
    "URL": ("URL", None, None),
    "HEADERS": ("header list", None, None),
    "ATTRS": ("attribute list", None, None),
}

HEAD = """\
# Configuration

Written by `tools/configuration_doc.py` from the table in `src/sdk/env_table.h`; do not edit.

A setting is a field of `otel_options` and, where OpenTelemetry has one, an environment
variable. Who wins: the field set in code, then the variable, then the field of
`options.fallback`, then the default. `ignore_environment` turns all variables off; a build with
`OTEL_LITE_NO_ENV` (firmware always) has none; `OTEL_LITE_GETENV(name)` replaces `getenv`.

- **A field is set** when it is not zero; an empty text counts as not set. Where zero itself is
  wanted there is `OTEL_ZERO`, for no limit `OTEL_NO_LIMIT`; the tables say what they mean, `-`
  that they are not allowed. A field out of bounds makes `otel_open()` fail with `OTEL_INVALID`.
  `OTEL_ZERO` means in code what `0` means in the variable. A batch above its queue is cut to
  the queue, and reported.
- **A variable is set** when it is not empty. A bad value never fails: it is reported through
  `on_diagnostic` by the variable's name, without the value, and treated as unset.
- **Numbers** in variables are decimal digits only, from 0 to 2147483647 and within the bounds
  below; spaces and tabs around them do not count. Durations and timeouts are milliseconds
  without a unit; a timeout of 0 is no limit.
- **Booleans** are true when they read `true`, in any case. Everything else is false; what is
  not `false` is reported. A flag that is true in code stays true; a variable that is set
  decides over the fallback, in both directions.
- **Words** may have letters of either case; spaces and tabs around them do not count. In code a
  field holds the number of an enumerator. What needs a facility that is not compiled in is
  refused in code with `OTEL_UNSUPPORTED`, and in the variable reported and treated as unset.
- **Attribute lists** are `key=value,key2=value2`. Spaces and tabs around keys and values do not
  count, then `%` and two hexadecimal digits stand for a byte, in keys and values (`%2C` is a
  comma); a further `=` belongs to the value; of equal keys the last one counts; empty members
  are skipped. One error (no `=`, an empty key, a bad `%`, bytes that are not UTF-8, more than
  1024 pairs) and the whole variable is ignored.
- **Header lists** have the same form, only values are percent-encoded, and a bad pair is left
  out alone. Values are never printed.
- **URLs** are `http://` or `https://`, a host, perhaps a port and a path. `/v1/traces`,
  `/v1/metrics` and `/v1/logs` are appended. User names and passwords are refused: use a header.

Telemetry is off unless there is an endpoint or a transport. What belongs to a signal that is
compiled out is not looked at. In firmware a field out of bounds is reported without its bounds.
"""

RESOURCE = """\
## The resource

Later ones win, key by key: built-in attributes (`service.name`, `telemetry.sdk.*`,
`service.instance.id`, and unless `ignore_host` is set `process.pid`, `process.executable.name`,
`host.name`, `host.arch`, `os.type`), then the fallback's `resource` and `service_name`, then
`OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, then `resource` and `service_name` set in code.
"""


class Row(NamedTuple):
    """One setting: the columns of the lists."""
    field: str
    kind: str
    variable: str
    hosted: int
    firmware: int
    low: int
    high: int
    about: str


def macro_rows(text, name):
    """The arguments of each X(...) of an X-macro list, as strings, quotes kept."""
    body = re.search(rf"^#define {name}\(X\)((?:.*\\\n)*.*)$", text, re.M)[1]
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[\w.]+|[(),]|[^\s\\]', body)
    found, place = [], 0
    while place < len(tokens):
        end = tokens.index(")", place) if ")" in tokens[place:] else len(tokens)
        row = tokens[place:end]
        if row[:2] != ["X", "("] or set(row[3::2]) != {","} or len(row) % 2 == 0:
            sys.exit(f"configuration_doc.py: {SOURCE}: {name}: cannot read {' '.join(row)}")
        found.append(row[2::2])
        place = end + 1
    return found


def settings(root):
    """(rows with a value of their own, [field, about] of options handed on as they are)"""
    text = (root / SOURCE).read_text()

    def value(word):
        if word == "NULL":
            return ""
        return ast.literal_eval(word) if word[0] in '"0123456789' else word

    rows = [Row(*map(value, row)) for name in LISTS
            for row in macro_rows(text, f"OTEL__ENV_{name}")]
    given = [(row[0], value(row[2])) for row in macro_rows(text, "OTEL__ENV_GIVEN")]
    return rows, given


def words(root):
    """{field: the words of its numbers, from the row's lowest on}"""
    text = (root / SOURCE).read_text()
    return {field: ast.literal_eval(listed).split(",")
            for field, listed in macro_rows(text, "OTEL__ENV_WORDS")}


def default(row, firmware):
    """The default as the page shows it."""
    number = row.firmware if firmware else row.hosted
    if row.kind == "FLAG":
        return "false"
    if row.kind in ("TEXT", "URL", "HEADERS", "ATTRS"):
        return "-"
    if row.kind == "QUEUE" and not firmware:
        return f"256 x `{row.field.removesuffix('_bytes')}`, at least {number}"
    if row.kind == "BATCH":
        return f"{number}, at most the queue"
    return str(number)


def line(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


def page(root):
    """The text of docs/configuration.md."""
    rows, given = settings(root)
    out = [HEAD, "## Settings with a variable", "",
           line("variable", "option", "type", "for"), line(*["--"] * 4)]
    out += [line(f"`{r.variable}`", f"`{r.field}`", KINDS[r.kind][0], r.about)
            for r in rows if r.variable]
    out += ["", "## Numbers", "",
            line("option", "type", "default", "in firmware", "lowest", "highest", "`OTEL_ZERO`",
                 "`OTEL_NO_LIMIT`", "for"), line(*["--"] * 9)]
    for r in rows:
        name, zero, no_limit = KINDS[r.kind]
        if r.high and r.kind != "CHOICE":
            out.append(line(f"`{r.field}`", name, default(r, False), default(r, True), str(r.low),
                            "its queue" if r.kind == "BATCH" else str(r.high),
                            zero if r.low == 0 else "-", no_limit or "-", r.about))
    out += ["", "## Words", "",
            line("option", "default", "words", "for"), line(*["--"] * 4)]
    named = words(root)
    for r in rows:
        if r.kind == "CHOICE":
            out.append(line(f"`{r.field}`", f"`{named[r.field][r.hosted - r.low]}`",
                            ", ".join(f"`{word}`" for word in named[r.field]), r.about))
    out += ["", "## Texts and flags", "",
            line("option", "type", "default", "for"), line(*["--"] * 4)]
    out += [line(f"`{r.field}`", KINDS[r.kind][0], default(r, False), r.about)
            for r in rows if not r.high]
    out += ["", "## Handed on as they are", "",
            "From code when set there, else from the fallback. Pairs belong together: a transport",
            "and its user, a block and its size, a function and its user.", "",
            line("option", "for"), line("--", "--")]
    out += [line(f"`{field}`", about) for field, about in given]
    out += [line("`fallback`", "a program's own defaults; its own fallback is not looked at")]
    return "\n".join(out + ["", RESOURCE])


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("--check", action="store_true")
    options.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    args = options.parse_args()
    out, text = args.root / PAGE, page(args.root)
    stale = not out.exists() or out.read_text() != text
    if stale and args.check:
        sys.exit(f"configuration_doc.py: {PAGE} is stale: run it and commit the result")
    if stale:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)


if __name__ == "__main__":
    main()
