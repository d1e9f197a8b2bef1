"""Each rule that `make check` enforces is seen to fail: a copy of the tree gets one violation."""
import os
import re
import shutil
import subprocess
import sys

import pytest

COPIED = ["src", "tools/check", "amalgamate.py", "LICENSE", "Makefile", ".clang-format"]


class Tree:
    """A copy of the project that may be broken."""

    def __init__(self, root, top):
        self.top = top
        for name in COPIED:
            target = top / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (root / name).is_dir():
                shutil.copytree(root / name, target)
            else:
                shutil.copy(root / name, target)
        self.amalgamate()

    def run(self, *command, **environment):
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return subprocess.run([sys.executable, *command], cwd=self.top, env=environment,
                              capture_output=True, text=True)

    def amalgamate(self, *options):
        return self.run("amalgamate.py", *options)

    def parts(self):
        return re.findall(r'^#include "(.*)"', self.listing().read_text(), re.M)

    def listing(self):
        return self.top / "src" / "otel_lite.in.h"

    def part(self, index):
        """The file of one implementation part: 0 is the first, -1 the last."""
        return self.top / "src" / [part for part in self.parts() if part[:4] != "api/"][index]

    def fails(self, check, *words):
        """The check fails and its report contains every one of the words."""
        result = self.run("tools/check/run.py", check)
        assert result.returncode == 1, result.stdout
        assert f"not ok {check}" in result.stdout and "0 passed, 1 failed" in result.stdout
        for word in words:
            assert word in result.stdout


def change(file, old, new, count=1):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, count))


def after_guard(file, line):
    """Put a line right below the include guard of a part."""
    file.write_text(re.sub(r"(#define OTEL__\w+_H\n)", rf"\1{line}\n", file.read_text(), count=1))


@pytest.fixture
def tree(root, tmp_path):
    return Tree(root, tmp_path / "tree")


def test_an_unbroken_copy_has_a_fresh_header_in_the_order_of_the_list(tree):
    assert tree.amalgamate("--check").returncode == 0
    header = (tree.top / "otel_lite.h").read_text()
    assert re.findall(r"^/\* ---- src/(\S+) ---- \*/$", header, re.M) == tree.parts()[1:]
    assert not re.findall(r'^#include "', header, re.M)
    assert (tree.top / "LICENSE").read_text().split("\n")[0] in header[-2000:]


def test_the_source_id_names_the_parts_and_nothing_else(tree):
    def source_id():
        tree.amalgamate()
        header = (tree.top / "otel_lite.h").read_text()
        note = r"Generated from src/ by amalgamate\.py, source id (\w{16})\. Do not edit\."
        found = re.search(note, header[:header.index("*/")])
        assert found and f'#define OTEL_LITE_SOURCE_ID "{found[1]}"' in header
        return found[1]

    first = source_id()
    assert source_id() == first
    after_guard(tree.part(0), "/* one more comment */")
    assert source_id() != first


def test_line_marks_lead_to_the_parts(tree):
    after_guard(tree.part(-1), "#error seen here")
    assert tree.amalgamate("--lines").returncode == 0
    program = '#define OTEL_LITE_IMPLEMENTATION\n#include "build/lines/otel_lite.h"\n'
    result = subprocess.run(["gcc", "-x", "c", "-fsyntax-only", "-I.", "-"], cwd=tree.top,
                            input=program, capture_output=True, text=True)
    text = tree.part(-1).read_text().split("\n")
    place = f"{tree.part(-1).relative_to(tree.top)}:{text.index('#error seen here') + 1}:"
    assert place in result.stderr


def test_an_upward_include_is_refused(tree):
    last = tree.part(-1).relative_to(tree.top / "src")
    after_guard(tree.part(0), f'#include "../{last}"')
    tree.fails("header", "upward include", str(last), "listed above it", tree.part(0).name + ":")


def test_an_include_of_itself_is_refused(tree):
    after_guard(tree.part(0), f'#include "{tree.part(0).name}"')
    tree.fails("header", "upward include")


def test_a_stale_header_is_noticed(tree):
    after_guard(tree.part(0), "/* changed */")
    tree.fails("header", "otel_lite.h is stale", "make header")
    assert tree.amalgamate("--check").returncode == 1
    tree.amalgamate()
    assert tree.amalgamate("--check").returncode == 0


def test_a_hand_edited_header_is_noticed(tree):
    with (tree.top / "otel_lite.h").open("a") as header:
        header.write("/* quick fix */\n")
    tree.fails("header", "otel_lite.h is stale", "make header")


def test_a_missing_header_is_noticed(tree):
    (tree.top / "otel_lite.h").unlink()
    tree.fails("header", "otel_lite.h is stale", "make header")


def test_an_unlisted_part_is_refused(tree):
    (tree.top / "src/core/extra.h").write_text("/* extra */\n")
    tree.fails("header", "src/core/extra.h", "unlisted part", "otel_lite.in.h")


def test_an_include_of_an_unlisted_file_is_refused(tree):
    after_guard(tree.part(0), '#include "../core/nowhere.h"')
    tree.fails("header", "core/nowhere.h", "unlisted part")


def test_a_listed_part_that_does_not_exist_is_refused(tree):
    tree.part(-1).unlink()
    tree.fails("header", "No such file", tree.parts()[-1])


def test_a_double_listing_is_refused(tree):
    first = f'#include "{tree.parts()[0]}"\n'
    change(tree.listing(), first, first + first)
    tree.fails("header", "double listing", tree.parts()[0])


def test_a_list_that_leaves_the_order_of_the_rooms_is_refused(tree):
    last = tree.parts()[-1]
    change(tree.listing(), f'#include "{last}"\n', "")
    first = f'#include "{tree.part(0).relative_to(tree.top / "src")}"\n'
    change(tree.listing(), first, f'#include "{last}"\n{first}')
    tree.fails("header", "out of order", "api -> core -> wire -> record -> send -> sdk")


def test_an_unknown_room_is_refused(tree):
    change(tree.listing(), f'#include "{tree.parts()[-1]}"', '#include "attic/old.h"')
    tree.fails("header", "attic/old.h", "unknown room")


@pytest.mark.parametrize("character", ["\u00e9", "\t", "\r"])
def test_a_character_that_is_not_plain_ascii_is_refused(tree, character):
    after_guard(tree.part(0), f"/* caf{character} */")
    tree.fails("header", "a tab or non-ASCII byte", tree.part(0).name + ":")


def test_a_part_without_its_guard_is_refused(tree):
    change(tree.part(0), "#ifndef OTEL__", "#ifndef OTHER__")
    tree.fails("header", "include guard OTEL__")


def test_a_part_without_its_first_comment_is_refused(tree):
    file = tree.part(-1)
    file.write_text(re.sub(r"\A/\*.*?\*/\n", "", file.read_text(), flags=re.S))
    tree.fails("parts", f"{tree.parts()[-1]}:1: begin with a comment")


def test_a_long_part_is_refused(tree):
    after_guard(tree.part(0), "\n".join(["/* filler */"] * 600))
    tree.fails("parts", "over 600: split by meaning")


def test_a_long_function_is_refused(tree):
    body = "\n".join(["    otel__value++;"] * 68)
    after_guard(tree.part(0), f"static void otel__long(void)\n{{\n{body}\n}}")
    tree.fails("parts", "a function of 71 lines, over 70")


def test_a_long_parameter_list_is_refused(tree):
    head = "static void otel__wide(int a, int b, int (*c)(int, int),\n" + 23 * " "
    after_guard(tree.part(0), head + "int d, int e, int f)\n{\n}")
    tree.fails("parts", "6 parameters, over 5")


def test_an_exported_symbol_without_the_prefix_is_refused(tree):
    after_guard(tree.part(0), "int helper(void);\nint helper(void) { return 1; }")
    tree.fails("symbols", "helper: exported without the prefix otel_")


def test_an_exported_variable_is_refused_too(tree):
    after_guard(tree.part(0), "int errors_seen;")
    tree.fails("symbols", "errors_seen: exported without the prefix otel_")


def test_an_exported_private_symbol_is_refused(tree):
    after_guard(tree.part(0), "int otel__helper(void);\nint otel__helper(void) { return 1; }")
    tree.fails("symbols", "otel__helper: a private name is exported")


def test_an_implementation_that_does_not_compile_is_refused(tree):
    after_guard(tree.part(0), "#error broken")
    tree.fails("symbols", "does not compile", "broken")


def test_a_public_declaration_without_its_comment_is_refused(tree):
    text = "/* a comment, but not directly above */\n\nOTEL_API int otel_quiet(void);"
    after_guard(tree.top / "src/api/api.h", text)
    tree.fails("documentation", "api.h:", "otel_quiet", "directly above")


def test_a_formatting_difference_is_refused(tree, need):
    need("clang-format-14")
    after_guard(tree.part(0), "static int   otel__odd( void ){return 1;}")
    tree.fails("formatting", tree.part(0).name + ":", "make format")


def test_formatting_is_left_out_aloud_where_the_tool_is_missing_and_fails_in_ci(tree):
    nowhere = {"PATH": str(tree.top)}
    alone = tree.run("tools/check/run.py", "formatting", **nowhere, CI="")
    assert alone.returncode == 0 and "left out: formatting (no clang-format" in alone.stdout
    in_ci = tree.run("tools/check/run.py", "formatting", **nowhere, CI="true")
    assert in_ci.returncode == 1 and "0 passed, 1 failed" in in_ci.stdout


@pytest.mark.parametrize("line, word", [
    ("/* see .." + "/shared/design.md */", "outside the project"),
    ("/* see /" + "work/main/notes */", "a path of one machine"),
    ("/* see /" + "home/me/notes */", "a path of one machine"),
    ("/* TO" + "DO: later */", "work left undone"),
    ("/* FIX" + "ME */", "work left undone"),
    ("/* " + "x" * 100 + " */", "106 characters, over 100"),
    ("int x; ", "trailing blanks"),
])
def test_a_line_that_means_nothing_to_a_stranger_is_refused(tree, line, word):
    after_guard(tree.part(0), line)
    tree.fails("text", tree.part(0).name + ":", word)
