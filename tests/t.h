/* t.h: the C test harness. A test is a `static void` function whose name is a sentence; main lists
 * them with T_RUN and ends with `return t_end();`. A failed check prints both values with file and
 * line, fails the test and goes on, so that one run shows everything; each check is also an
 * expression, true when it held: `if (!T_CHECK(sdk != NULL)) return;`.
 * `./test word` runs only the tests whose name contains the word. C99 and C++11. */
#ifndef T_H
#define T_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int         t_passed, t_failed; /* tests, written by the main thread               */
static int         t_bad;              /* failed checks of the running test               */
static const char *t_only;             /* run only the names that contain this, or NULL   */

/* One check. When it fails: say where, and mark the test. Any thread may check: the mark is only
 * ever set, so a race on it loses nothing. */
static inline int t_check(const char *file, int line, const char *what, int held)
{
    if (!held) {
        t_bad = 1;
        printf("  %s:%d: %s\n", file, line, what);
    }
    return held;
}

static inline void t_hex(const char *name, const void *data, size_t size)
{
    const unsigned char *byte = (const unsigned char *)data;

    printf("    %s (%lu):", name, (unsigned long)size);
    for (size_t i = 0; i < size && i < 256; i++) {
        printf(" %02x", byte[i]);
    }
    printf("\n");
}

static inline int t_eq_int(const char *file, int line, const char *what, long long a, long long b)
{
    if (!t_check(file, line, what, a == b)) {
        printf("    is %lld (0x%llx), wanted %lld (0x%llx)\n", a, (unsigned long long)a, b,
               (unsigned long long)b);
    }
    return a == b;
}

static inline int t_eq_str(const char *file, int line, const char *what, const char *a,
                           const char *b)
{
    const int held = t_check(file, line, what, a && b ? strcmp(a, b) == 0 : a == b);

    if (!held) {
        printf("    is \"%s\", wanted \"%s\"\n", a ? a : "(NULL)", b ? b : "(NULL)");
    }
    return held;
}

static inline int t_eq_mem(const char *file, int line, const char *what, const void *a, size_t na,
                           const void *b, size_t nb)
{
    const int held = t_check(file, line, what, na == nb && (na == 0 || memcmp(a, b, na) == 0));

    if (!held) {
        t_hex("is    ", a, na);
        t_hex("wanted", b, nb);
    }
    return held;
}

static inline void t_run(const char *name, void (*test)(void))
{
    if (t_only != NULL && strstr(name, t_only) == NULL) {
        return;
    }
    t_bad = 0;
    test();
    printf("%s %s\n", t_bad ? "not ok" : "ok", name);
    fflush(stdout); /* what a crash in the next test must not swallow */
    t_failed += t_bad;
    t_passed += !t_bad;
}

static inline void t_begin(int argc, char **argv) { t_only = argc > 1 ? argv[1] : NULL; }

/* Print the counts; the exit code for main. Nothing run counts as failure. */
static inline int t_end(void)
{
    printf("%d passed, %d failed\n", t_passed, t_failed);
    return t_failed > 0 || t_passed == 0;
}

#define T_AT(what)             __FILE__, __LINE__, what
#define T_CHECK(cond)          t_check(T_AT(#cond), (cond) ? 1 : 0)
#define T_EQ_INT(a, b)         t_eq_int(T_AT(#a " == " #b), (long long)(a), (long long)(b))
#define T_EQ_STR(a, b)         t_eq_str(T_AT(#a " == " #b), a, b)
#define T_EQ_MEM(a, na, b, nb) t_eq_mem(T_AT(#a " == " #b), a, na, b, nb)
#define T_RUN(test)            t_run(#test, test)

#endif /* T_H */
