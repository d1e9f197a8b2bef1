"""What a build leaves in an object: nothing with OTEL_LITE_DISABLE, nothing exported with
OTEL_LITE_STATIC, and else exactly the public functions."""
import re
import subprocess

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C
from declarations import HEADERS, functions, inner_functions

HERE = ROOT / "tests" / "compile"
DISABLED = ROOT / "src/api/disabled.h"


def symbols(path, *flags):
    listed = subprocess.run(["nm", "-P", *flags, path], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.splitlines()]


def test_the_declarations_are_found():
    names = [function.name for function in functions()]
    marks = sum(header.read_text().count("OTEL_API ") for header in HEADERS)
    inner = [function.name for function in inner_functions()]
    assert len(names) == len(set(names)) > 60 and len(names) + len(inner) == marks
    assert {"otel_open", "otel_log_emit", "otel_observe", "otel_counter_bind"} <= set(names)
    assert all(name.startswith("otel__bound_") for name in inner)


@pytest.mark.parametrize("compiler, warnings", [
    ("gcc", WARNINGS_C), ("clang-14", WARNINGS_C)], ids=["gcc", "clang"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("debug", ["", "-g"])
def test_disabled_the_quickstart_leaves_no_symbol(compiler, warnings, level, debug, cc, need):
    need(compiler)
    flags = ["-DOTEL_LITE_DISABLE", "-std=c99", *warnings, level, *debug.split(), "-c"]
    out = cc(ROOT / "examples/quickstart.c", f"compile/off{level}{debug}.{compiler}.o", flags,
             cc=compiler)
    assert [name for name in symbols(out) if "otel" in name.lower()] == []
    assert "main" in symbols(out)


def test_enabled_the_quickstart_has_symbols(cc):
    """The negative control of the test above."""
    out = cc(ROOT / "examples/quickstart.c", "compile/on.o", ["-std=c99", "-c"])
    assert {"otel_open", "otel_span_start"} <= set(symbols(out))


def test_disabled_the_quickstart_runs_and_links_nothing(cc, run_c):
    program = cc(ROOT / "examples/quickstart.c", "compile/off", ["-DOTEL_LITE_DISABLE"])
    result = run_c(program)
    assert result.returncode == 0 and "telemetry is compiled out" in result.stdout


@pytest.mark.parametrize("compiler, flags", [
    ("gcc", ["-std=c99", *WARNINGS_C]), ("clang-14", ["-std=c2x", *WARNINGS_C]),
    ("g++", ["-x", "c++", "-std=c++11", *WARNINGS]),
], ids=["gcc", "clang", "g++"])
def test_disabled_a_program_of_several_files_compiles_without_a_warning(
        compiler, flags, cc, need):
    need(compiler)
    for source in ("implementation.c", "tank.c", "main.c"):
        out = f"compile/off_{source}.{compiler.replace('+', 'p')}.o"
        built = cc(HERE / source, out, ["-DOTEL_LITE_DISABLE", *flags, "-c"], cc=compiler)
        assert [name for name in symbols(built) if "otel" in name.lower()] == [] or \
            compiler == "g++"  # a C++ name spells its parameters' types


def test_each_declaration_has_its_disabled_twin():
    declared, twins = functions(), functions(DISABLED)
    assert sorted(twins) == sorted(declared)


def test_an_object_exports_the_public_functions_and_nothing_else(cc):
    """But for what the inline ones among them call."""
    out = cc(HERE / "implementation.c", "compile/exports.o", ["-std=c99", "-c"])
    every = functions() + inner_functions()
    assert sorted(symbols(out, "-g", "--defined-only")) == sorted(f.name for f in every)


COPY = """#define OTEL_LITE_STATIC
#define OTEL_LITE_IMPLEMENTATION
#define main      {0}
#define tank_fill {0}_tank_fill
int {0}(void);
#include "main.c"
#include "tank.c"
"""


def test_static_exports_nothing_and_two_copies_live_side_by_side(cc, run_c, build):
    objects = []
    for name in ("one", "two"):
        source = build / "compile" / f"static_{name}.c"
        source.parent.mkdir(exist_ok=True)
        source.write_text(COPY.format(name))
        flags = ["-std=c99", *WARNINGS_C, "-I", HERE, "-c"]
        objects.append(cc(source, f"compile/static_{name}.o", flags))
        exported = symbols(objects[-1], "-g", "--defined-only")
        assert sorted(exported) == [name, f"{name}_tank_fill"]
    main = build / "compile" / "static_main.c"
    main.write_text("int one(void);\nint two(void);\n"
                    "int main(void) { return one() != 0 ? 1 : two() != 0 ? 2 : 0; }\n")
    assert run_c(cc([main, *objects], "compile/static", ["-pthread"])).returncode == 0


def test_the_documentation_names_every_switch_that_the_code_reads():
    code = "".join(path.read_text() for path in sorted(ROOT.glob("src/*/*.h"))
                   if path.name != "doc.h")
    read = set(re.findall(r"\bdefined\((OTEL_LITE_\w+)\)", code))
    documented = set(re.findall(r"\bOTEL_LITE_\w+", (ROOT / "src/api/doc.h").read_text()))
    assert read - documented == set()
