/* Fuzzes what reads the environment: numbers, booleans, the URL, the header list, the attribute
 * list. The input is the values of the variables, one a line, the last one with all that is left.
 * Asserted: nothing is read or written out of bounds, numbers keep to their rows' bounds, the
 * resource is one well-formed message of UTF-8 with each key once, as long as it was measured, and
 * the header lines hold no control characters but their line ends.
 *
 *   with libFuzzer:  clang -g -O1 -fsanitize=fuzzer,address,undefined -DFUZZ_LIBFUZZER -I. ...
 *   without:         the program replays the files named, or else runs 200000 inputs of its own */
static char *fuzz_getenv(const char *name);
#define OTEL_LITE_GETENV(name) fuzz_getenv(name)
#include "src/sdk/env.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C"
#endif
    int
    LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUES 16

static const char *names[VALUES];
static char       *values[VALUES];
static size_t      n_values;

static char *fuzz_getenv(const char *name)
{
    size_t i;

    for (i = 0; i < n_values; i++) {
        if (strcmp(names[i], name) == 0) {
            return values[i];
        }
    }
    return NULL;
}

static void must(bool held)
{
    if (!held) {
        abort();
    }
}

static void hear(void *user, otel_severity severity, const char *text)
{
    must(user == NULL && severity == OTEL_SEVERITY_WARN && strlen(text) < OTEL__DIAG_LINE);
}

/* Each value in memory of its own, so that a step past its NUL is seen. */
static void split(const uint8_t *data, size_t size)
{
    size_t i;

    n_values = 0;
    for (i = 0; i < OTEL__ENV_ROWS && size > 0; i++) {
        const uint8_t *end = (const uint8_t *)memchr(data, '\n', size);
        size_t         n = end != NULL ? (size_t)(end - data) : size;

        if (otel__env_rows[i].variable == NULL) {
            continue;
        }
        values[n_values] = (char *)malloc(n + 1);
        if (values[n_values] == NULL) {
            return;
        }
        memcpy(values[n_values], data, n);
        values[n_values][n] = '\0';
        names[n_values++] = otel__env_rows[i].variable;
        n += end != NULL ? 1 : 0;
        data += n;
        size -= n;
    }
}

static void check_numbers(const otel__env *env)
{
    size_t i;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        const otel__env_row *row = &otel__env_rows[i];
        uint32_t             v;

        if (row->kind < OTEL__ENV_FLAG) {
            memcpy(&v, (const char *)&env->options + row->offset, sizeof v);
            must((v >= row->min && v <= row->max) ||
                 (v == UINT32_MAX && row->kind == OTEL__ENV_TIMEOUT));
        }
    }
    must(env->options.span_batch <= env->options.span_queue);
}

static void check_resource(const otel__env *env, otel__diag_sink *sink)
{
    static const char *const keys[] = { "service.name", "telemetry.sdk.name", "k", "a" };
    otel__resource_facts     facts;
    otel__out                measure = otel__out_make(NULL, 0), out;
    otel__pb                 m;
    otel__pb_field           f, key;
    unsigned                 seen[4] = { 0, 0, 0, 0 }, i;
    int                      more;

    memset(&facts, 0, sizeof facts);
    facts.executable = "exe";
    otel__resource_encode(&measure, &env->resource, &facts, sink);
    out = otel__out_make(malloc(measure.len), measure.len);
    otel__resource_encode(&out, &env->resource, &facts, NULL);
    must(otel__out_fits(&out) && out.len == measure.len);
    m = otel__pb_open(out.buf, out.len);
    while ((more = otel__pb_next(&m, &f)) > 0) {
        otel__pb pair = otel__pb_open(f.data, f.length);

        must(f.number == 1 && otel__pb_next(&pair, &key) == 1 && key.number == 1);
        must(key.length > 0 && otel__text_utf8_valid((const char *)key.data, key.length));
        for (i = 0; i < 4; i++) {
            seen[i] += key.length == strlen(keys[i]) && memcmp(key.data, keys[i], key.length) == 0;
        }
        must(otel__pb_next(&pair, &f) == 1 && f.number == 2);
        pair = otel__pb_open(f.data, f.length);
        must(otel__pb_next(&pair, &f) == 1);
        must(f.number != 1 || otel__text_utf8_valid((const char *)f.data, f.length));
    }
    must(more == 0 && seen[0] == 1 && seen[1] == 1 && seen[2] <= 1 && seen[3] <= 1);
    free(out.buf);
}

static void check_headers(const otel__env *env, otel__diag_sink *sink)
{
    const size_t   need = otel__http_headers_need(otel__text_of(env->options.headers));
    otel__text_buf lines = { (char *)malloc(need + 1), need, 0 };
    otel__text     rest, line;

    otel__env_headers(env, &lines, sink);
    must(lines.len <= need);
    rest = otel__text_make(lines.s, lines.len);
    while (otel__text_next(&rest, '\n', &line)) {
        must(line.n > 0 && line.s[line.n - 1] == '\r' && memchr(line.s, ':', line.n) != NULL);
        must(memchr(line.s, '\r', line.n - 1) == NULL && memchr(line.s, '\0', line.n) == NULL);
    }
    free(lines.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    otel_options    options;
    otel__env       env;
    otel__diag_sink sink;

    memset(&options, 0, sizeof options);
    options.on_diagnostic = hear;
    split(data, size);
    otel__env_sink(&options, &sink);
    must(otel__env_resolve(&options, &env, &sink) == OTEL_OK);
    check_numbers(&env);
    check_resource(&env, &sink);
    check_headers(&env, &sink);
    while (n_values > 0) {
        free(values[--n_values]);
    }
    return 0;
}

#if !defined(FUZZ_LIBFUZZER)

#define INPUT_MAX 2000
#define ROUNDS    200000

static const char *const seeds[] = {
    "pump\nservice.name=a,k=v%20w,%61=%C3%A9,k=2,,a=b=c\nhttp://localhost:4318/x\n"
    "api-key=secret,b=%41, c = d \n10000\n5000\n30000\n2048\n512\n60000\ntrue",
    "\nk=%ff,a=\xf0\x9f%98\x80",
    "\nk=1,b,=",
    "\n k\t=%4,a=%zz",
    "\n\nhttps://[::1]:443/p?q#f\nHost=x,a=%0d%0a,=,b",
    "x\n\n\n\n0\n0\n0\n1\n2\n0\n TRUE ",
    "\n\n\n\n2147483648\n-1\n+1\n99999999999999999999\n12x\n1 \nyes",
};

static uint64_t draw_state = 1;

/* A number below n, from a xorshift generator. */
static size_t draw(size_t n)
{
    draw_state ^= draw_state << 13;
    draw_state ^= draw_state >> 7;
    draw_state ^= draw_state << 17;
    return (size_t)((draw_state >> 11) % n);
}

/* Put a few pieces of a seed, or odd bytes, somewhere into the input. */
static size_t change(uint8_t *input, size_t n)
{
    size_t times = 1 + draw(4);

    while (times-- > 0) {
        const char  *seed = seeds[draw(sizeof seeds / sizeof seeds[0])];
        const size_t from = draw(strlen(seed)), len = 1 + draw(strlen(seed) - from);
        const size_t at = draw(n + 1);

        if (draw(2) == 0 && at < n) {
            input[at] = draw(2) == 0 ? (uint8_t)draw(256) : (uint8_t) "%,= \t\n0fF\xc3"[draw(10)];
        } else if (draw(2) == 0 && at < n) {
            const size_t less = 1 + draw(n - at);

            memmove(input + at, input + at + less, n - at - less);
            n -= less;
        } else if (n + len <= INPUT_MAX) {
            memmove(input + at + len, input + at, n - at);
            memcpy(input + at, seed + from, len);
            n += len;
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    static uint8_t input[65536];
    size_t         n = 0;
    int            i;

    for (i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");

        if (file == NULL) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
        (void)LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof input, file));
        (void)fclose(file);
    }
    for (i = 0; argc < 2 && i < ROUNDS; i++) {
        if (i % 50 == 0) { /* begin anew */
            const char *seed = seeds[draw(sizeof seeds / sizeof seeds[0])];

            n = strlen(seed);
            memcpy(input, seed, n);
        } else {
            n = change(input, n);
        }
        (void)LLVMFuzzerTestOneInput(input, n);
    }
    printf("%d inputs\n", argc < 2 ? ROUNDS : argc - 1);
    return 0;
}

#endif
