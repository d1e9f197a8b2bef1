"""The header compiles without a warning in every dialect, with each compiler and whatever feature
macros are given; one file holds the implementation, two others use it, and the program works."""
import subprocess

import pytest
from conftest import ROOT, WARNINGS, WARNINGS_C, CompileError

HERE = ROOT / "tests" / "compile"
C, CPP = ["c99", "c11", "c17", "c2x"], ["c++11", "c++14", "c++17", "c++20", "c++23"]
SPELLING = {("clang", "c++23"): "c++2b"}
MACROS = {"none": [], "posix": ["-D_POSIX_C_SOURCE=200809L"], "gnu": ["-D_GNU_SOURCE"]}
PAIRS = {"gcc": ("gcc", "g++"), "clang": ("clang-14", "clang++-14")}


def dialect(family, standard):
    """Compiler and flags of one dialect, every warning an error."""
    plus = standard.startswith("c++")
    standard = SPELLING.get((family, standard), standard)
    warnings = ["-x", "c++", *WARNINGS] if plus else WARNINGS_C
    return PAIRS[family][plus], [f"-std={standard}", *warnings]


def complaint(compiler, flags, source):
    """What the compiler says about `source`, a path or the text of a program; "" when nothing."""
    text = source if isinstance(source, str) else source.read_text()
    command = [compiler, "-I", str(ROOT), "-I", str(HERE), "-fsyntax-only", *flags]
    command += ["-"] if "-x" in flags else ["-x", "c", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True).stderr


@pytest.fixture(scope="module")
def program(cc, need):
    """program(name, implementation, users, flags=[]) -> the linked program; implementation and
    users are (family, standard)."""
    def build_it(name, implementation, users, flags=()):
        objects = []
        chosen = {"implementation": implementation, "tank": users, "main": users}
        for source, (family, standard) in chosen.items():
            compiler, warnings = dialect(family, standard)
            need(compiler)
            out = f"compile/{source}.{family}.{standard}{''.join(flags)}.o".replace("+", "p")
            options = [*warnings, *flags, "-O0", "-c"]
            objects.append(cc(HERE / f"{source}.c", out, options, cc=compiler))
        linker = "g++" if "c++" in implementation[1] + users[1] else "gcc"
        return cc(objects, f"compile/{name}".replace("+", "p"), ["-pthread"], cc=linker)

    return build_it


@pytest.mark.parametrize("macros", MACROS)
@pytest.mark.parametrize("standard", C + CPP)
@pytest.mark.parametrize("family", PAIRS)
def test_no_warning_whatever_feature_macros_are_given(family, standard, macros, need):
    compiler, flags = dialect(family, standard)
    need(compiler)
    for source in ("implementation.c", "tank.c"):
        assert complaint(compiler, [*flags, *MACROS[macros]], HERE / source) == ""


@pytest.mark.parametrize("family, standard, level", [
    ("gcc", "c99", "-O2"), ("gcc", "c++17", "-O2"), ("gcc", "c11", "-Os"), ("clang", "c99", "-O2")])
def test_no_warning_that_only_the_optimiser_sees(family, standard, level, cc, need):
    compiler, flags = dialect(family, standard)
    need(compiler)
    out = f"compile/optimised.{family}.{standard}{level}.o".replace("+", "p")
    cc(HERE / "implementation.c", out, [*flags, level, "-c"], cc=compiler)


@pytest.mark.parametrize("standard", C + CPP)
@pytest.mark.parametrize("family", PAIRS)
def test_implemented_in_one_file_and_used_from_two(family, standard, program, run_c):
    one = (family, standard)
    assert run_c(program(f"two.{family}.{standard}", one, one)).returncode == 0


@pytest.mark.parametrize("implementation, users", [
    (("gcc", "c99"), ("gcc", "c++11")), (("gcc", "c++20"), ("gcc", "c11")),
    (("gcc", "c17"), ("clang", "c++17")), (("clang", "c2x"), ("gcc", "c99")),
], ids=str)
def test_implemented_in_one_language_and_used_from_another(implementation, users, program, run_c):
    name = "mixed." + ".".join(implementation + users)
    assert run_c(program(name, implementation, users)).returncode == 0


REMEDY = "include otel_lite.h before any system header in the implementing file, or compile it " \
         "with -D_GNU_SOURCE"
LATE = '#include <stdio.h>\n#define OTEL_LITE_IMPLEMENTATION\n#include "otel_lite.h"\n'


@pytest.mark.parametrize("compiler", ["gcc", "clang-14", "musl-gcc"])
@pytest.mark.parametrize("flags", [
    "-std=c99", "-std=c11 -D_POSIX_C_SOURCE=200809L", "-std=c11 -D_POSIX_C_SOURCE=199309L",
    "-std=c99 -D_XOPEN_SOURCE=700"])
def test_after_a_system_header_a_strict_dialect_names_the_remedy(compiler, flags, need):
    need(compiler)
    assert REMEDY in complaint(compiler, flags.split(), LATE)


@pytest.mark.parametrize("compiler", ["gcc", "clang-14", "musl-gcc"])
@pytest.mark.parametrize("flags", ["-std=gnu99", "-std=gnu17", "-std=c99 -D_GNU_SOURCE",
                                   "-std=c11 -D_DEFAULT_SOURCE"])
def test_after_a_system_header_all_others_work(compiler, flags, need):
    need(compiler)
    assert complaint(compiler, [*flags.split(), *WARNINGS_C], LATE) == ""


def test_a_file_that_only_uses_it_may_include_it_last():
    late = "#include <stdio.h>\n#include <poll.h>\n" + (HERE / "tank.c").read_text()
    for standard in C:
        assert complaint("gcc", [f"-std={standard}", *WARNINGS_C], late) == ""


def test_it_can_be_included_twice():
    again = '#include "otel_lite.h"\n'
    implementation = (HERE / "implementation.c").read_text()
    assert complaint("gcc", ["-std=c99", *WARNINGS_C], implementation + again) == ""
    assert complaint("gcc", ["-std=gnu99", *WARNINGS_C], again + implementation) == ""
    assert REMEDY in complaint("gcc", ["-std=c99"], again + implementation)


PARTS = [part for part in sorted(ROOT.glob("src/*/*.h"))
         if part.name not in ("doc.h", "disabled.h")]  # no declaration without a switch


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.parent.name}/{part.name}")
def test_each_part_includes_the_parts_it_uses(part):
    flags = ["-std=c99", *WARNINGS_C, "-Wno-unused-function", "-Wno-unused-const-variable",
             "-DOTEL_LITE_IMPLEMENTATION"]
    assert complaint("gcc", flags, f'#include "{part.relative_to(ROOT)}"\nint used;\n') == ""


def test_a_warning_would_be_seen():
    """The negative control: what these tests call clean is not everything."""
    assert "conversion" in complaint(*dialect("gcc", "c99"), "char c(int i) { return i; }\n")


def test_a_broken_user_would_be_seen(cc):
    with pytest.raises(CompileError):
        cc(HERE / "main.c", "compile/alone", ["-std=c99"])  # nobody holds the implementation
