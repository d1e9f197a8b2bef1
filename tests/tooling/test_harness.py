"""t.h reports what it should: a check that fails fails the test, the program and its exit code."""
import pytest

PROGRAM = """
#include "t.h"

static void one_is_one(void) { T_CHECK(1 == 1); T_EQ_STR("a", "a"); T_EQ_MEM("ab", 2, "ab", 2); }
static void two_is_three(void) { T_CHECK(%s); }

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(one_is_one);
    T_RUN(two_is_three);
    return t_end();
}
"""
FAILING = [
    ("2 == 3", "2 == 3"),
    ("T_EQ_INT(2, 3)", "is 2 (0x2), wanted 3 (0x3)"),
    ("T_EQ_INT(-1, 3u)", "is -1 (0xffffffffffffffff), wanted 3 (0x3)"),
    ('T_EQ_STR("two", "three")', 'is "two", wanted "three"'),
    ('T_EQ_STR("two", NULL)', 'is "two", wanted "(NULL)"'),
    ('T_EQ_MEM("ab", 2, "ac", 2)', "wanted (2): 61 63"),
    ('T_EQ_MEM("ab", 2, "ab", 1)', "wanted (1): 61"),
]


@pytest.mark.parametrize("language, standard", [("c", "-std=c99"), ("c++", "-std=c++11")])
@pytest.mark.parametrize("check, report", FAILING, ids=range(len(FAILING)))
def test_a_failed_check_shows_both_values_and_fails(
        cc, build, run_c, need, language, standard, check, report):
    compiler = {"c": "gcc", "c++": "g++"}[language]
    need(compiler)
    name = f"harness/{FAILING.index((check, report))}.{compiler}"
    source = build / f"{name}.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text(PROGRAM % check)
    flags = ["-x", language, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    program = cc(source, name, flags, cc=compiler)

    result = run_c(program)
    assert result.returncode == 1
    assert f"{source.name}:5: " in result.stdout and report in result.stdout
    assert result.stdout.endswith("not ok two_is_three\n1 passed, 1 failed\n")
    assert "ok one_is_one\n" in result.stdout

    chosen = run_c(program, "one_is")
    assert chosen.returncode == 0 and chosen.stdout == "ok one_is_one\n1 passed, 0 failed\n"
    assert run_c(program, "no_such_test").returncode == 1


@pytest.mark.parametrize("fault, flag, report", [
    ("char *p = (char *)malloc(4); free(p); T_CHECK(p[0] == 0)", "address", "use-after-free"),
    ("char *volatile p = (char *)malloc(4); p = NULL; T_CHECK(p == NULL)", "address", "LeakSan"),
    ("volatile int big = INT32_MAX; big = big + 1; T_CHECK(big < 0)", "undefined", "overflow"),
    ("other_thread()", "thread", "data race"),
])
def test_a_fault_is_found_by_its_sanitizer(cc, build, run_c, fault, flag, report):
    source = build / f"harness/fault_{flag}_{len(fault)}.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text(f"""
#include <pthread.h>
#include <stdlib.h>
#include "t.h"
static int shared;
static void *writer(void *unused) {{ shared++; return unused; }}
static inline void other_thread(void)
{{
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    shared++;
    pthread_join(thread, NULL);
}}
static void fault(void) {{ {fault}; }}
int main(int argc, char **argv) {{ t_begin(argc, argv); T_RUN(fault); return t_end(); }}
""")
    program = cc(source, f"harness/{source.stem}", ["-g", f"-fsanitize={flag}", "-pthread"])
    result = run_c(program, tsan=flag == "thread")
    assert result.returncode != 0
    assert report in result.stderr
