"""docs/configuration.md, otel_options and the settings in src/sdk/env_table.h say the same."""
import re
import shutil
import subprocess
import sys

import pytest

UNITS = {"KiB": 1024, "MiB": 1024 ** 2, "": 1}


@pytest.fixture(scope="module")
def tool(root):
    sys.path.insert(0, str(root / "tools"))
    try:
        import configuration_doc
    finally:
        sys.path.pop(0)
    return configuration_doc


@pytest.fixture(scope="module")
def fields(root):
    """{field: its comment} of struct otel_options in the public header."""
    text = (root / "src/api/api.h").read_text()
    body = re.search(r"typedef struct otel_options \{\n(.*?)\n\} otel_options;", text, re.S)[1]
    found = re.findall(r"(\w+);(?:[ \t]*/\* *(.*?)\s*\*/)?", body, re.S)
    assert len(found) == body.count(";") - sum(comment.count(";") for _, comment in found)
    return dict(found)


def run(root, tree, *flags):
    command = [sys.executable, root / "tools/configuration_doc.py", "--root", tree, *flags]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_page_is_what_the_table_gives(root):
    done = run(root, root, "--check")
    assert done.returncode == 0, done.stderr


def test_a_change_of_the_table_makes_the_page_stale(root, tmp_path):
    (tmp_path / "src/sdk").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    shutil.copy(root / "docs/configuration.md", tmp_path / "docs")
    text = (root / "src/sdk/env_table.h").read_text()
    (tmp_path / "src/sdk/env_table.h").write_text(text)
    assert run(root, tmp_path, "--check").returncode == 0
    (tmp_path / "src/sdk/env_table.h").write_text(text.replace("60000, 60000", "60001, 60000"))
    done = run(root, tmp_path, "--check")
    assert done.returncode == 1 and "stale" in done.stderr
    assert run(root, tmp_path).returncode == 0
    assert run(root, tmp_path, "--check").returncode == 0
    assert "| 60001 | 60000 |" in (tmp_path / "docs/configuration.md").read_text()


def test_a_row_that_cannot_be_read_is_refused(root, tmp_path):
    (tmp_path / "src/sdk").mkdir(parents=True)
    text = (root / "src/sdk/env_table.h").read_text()
    text = text.replace("X(max_scopes,", "X(max_scopes + (1,", 1)
    (tmp_path / "src/sdk/env_table.h").write_text(text)
    done = run(root, tmp_path)
    assert done.returncode == 1 and "cannot read" in done.stderr


def test_every_option_has_one_row_and_every_row_an_option(root, tool, fields):
    rows, given = tool.settings(root)
    listed = [row.field for row in rows] + [field for field, about in given] + ["fallback"]
    assert sorted(listed) == sorted(fields)


def test_every_row_stands_in_the_page(root, tool):
    rows, given = tool.settings(root)
    page = (root / "docs/configuration.md").read_text()
    for name in [row.field for row in rows] + [field for field, about in given]:
        assert f"| `{name}` |" in page
    for row in rows:
        assert not row.variable or f"| `{row.variable}` | `{row.field}` |" in page
        assert row.kind in tool.KINDS


def test_the_public_header_names_each_variable(root, tool, fields):
    rows, _ = tool.settings(root)
    for row in rows:
        named = re.findall(r"\bOTEL_(?!LITE_|ZERO|NO_LIMIT)[A-Z_]+", fields[row.field])
        assert named == ([row.variable] if row.variable else []), row.field


def test_the_public_header_gives_each_default(root, tool, fields):
    rows, _ = tool.settings(root)
    named = tool.words(root)
    for row in rows:
        if not row.high:
            continue
        bracket = re.search(r"\[(.*)\]", fields[row.field])[1]
        hosted, _, firmware = bracket.partition("; firmware ")
        if row.kind == "CHOICE":
            word = named[row.field][row.hosted - row.low]
            assert word.startswith(bracket.split()[0]) and row.hosted == row.firmware
            continue
        hosted = "0" if hosted == "none" else hosted
        if row.kind == "QUEUE":
            queue = row.field.removesuffix("_bytes")
            assert hosted == f"256 x {queue}, at least {row.hosted // 1024} KiB"
        else:
            number, unit = re.fullmatch(r"(\d+) ?(KiB|MiB|)(?:, at most queue)?", hosted).groups()
            assert int(number) * UNITS[unit] == row.hosted, row.field
        assert int(firmware or row.hosted) == row.firmware, row.field


def test_numbers_keep_to_what_a_variable_can_hold(root, tool):
    rows, _ = tool.settings(root)
    for row in rows:
        assert 0 <= row.low <= row.high <= 2 ** 31 - 1
        assert max(row.low, row.firmware) < 2 ** 16  # what a row of firmware holds
        if row.high and row.kind != "CHOICE":
            assert row.low <= row.hosted <= row.high and row.low <= row.firmware <= row.high


def test_each_word_is_of_a_number_that_code_may_give(root, tool):
    rows, _ = tool.settings(root)
    named = tool.words(root)
    choices = [row for row in rows if row.kind == "CHOICE"]
    assert sorted(named) == sorted(row.field for row in choices)
    api = (root / "src/api/api.h").read_text()
    for row in choices:
        numbers = range(row.low, row.low + len(named[row.field]))
        assert row.hosted in numbers
        for number, word in zip(numbers, named[row.field]):
            assert row.high >> number & 1
            assert re.search(rf"OTEL_[A-Z_]+_{word.upper()} = {number}\b", api), word
        enum = row.field.removeprefix("histogram_").removeprefix("manual_")
        enum = enum.removeprefix("histogram_").upper()
        found = re.findall(rf"OTEL_{enum}_\w+ = (\d+)[^\n/]*(/\* in views)?", api)
        known = {int(n) for n, in_views in found if not in_views}
        assert {n for n in range(32) if row.high >> n & 1} == known - {0}
