/* Exponential histograms for test_exponential.py: reads requests from standard input, writes
 * answers to standard output, numbers as this machine stores them.
 *
 *   1, n, n x (bits: u64, scale: i64)       n x (index: i32, index without the short cuts: i32)
 *   2, n, max_size, max_scale, every, reset, n x value
 *      after each `every` values and at the end:
 *      count, zero: u64; sum, min, max: double; scale, 2 x first, 2 x n: i32; counts: u64 */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"

#include <stdio.h>

static void need(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static void get(void *to, size_t bytes) { need(fread(to, bytes, 1, stdin) == 1, "too few bytes"); }

static void put(const void *from, size_t bytes)
{
    need(fwrite(from, bytes, 1, stdout) == 1, "cannot write");
}

/* ---- indexes ---- */

/* As where there is no table and no multiplication of 64 bits. */
static int32_t plain_index(uint64_t bits, int32_t scale)
{
    const uint32_t finer = scale > 0 ? (uint32_t)scale : 0;
    int32_t        e = (int32_t)(bits >> 52) - 1023;
    uint64_t       f = bits & ((UINT64_C(1) << 52) - 1);

    if (e == -1023) {
        e = otel__exp_normalize(&f);
    }
    e = e * (int32_t)(1u << finer) + (f == 0 ? -1 : otel__exp_log2_wide(f, finer));
    return otel__exp_shift(e, scale < 0 ? (uint32_t)-scale : 0);
}

static void answer_indexes(uint32_t n)
{
    while (n-- > 0) {
        uint64_t question[2];
        int32_t  answer[2];
        get(question, sizeof question);
        answer[0] = otel__exp_index(question[0], (int32_t)(int64_t)question[1]);
        answer[1] = plain_index(question[0], (int32_t)(int64_t)question[1]);
        put(answer, sizeof answer);
    }
}

/* ---- histograms ---- */

static void report(otel__exp *h, bool reset)
{
    const int32_t numbers[5] = { h->used.scale, h->used.first[0], h->used.first[1],
                                 (int32_t)h->used.n[0], (int32_t)h->used.n[1] };
    unsigned      sign, i;

    put(&h->base.count, 8);
    put(&h->zero, 8);
    put(&h->base.sum, 8);
    put(&h->base.min, 8);
    put(&h->base.max, 8);
    put(numbers, sizeof numbers);
    for (sign = 0; sign < 2; sign++) {
        for (i = 0; i < h->used.n[sign]; i++) {
            put(&h->totals[sign][i], 8);
        }
    }
    otel__exp_close(h, reset);
}

static void play(uint32_t n)
{
    int32_t    options[4]; /* max_size, max_scale, every, reset */
    uint32_t   i;
    otel__exp *h;
    double     value;

    get(options, sizeof options);
    h = (otel__exp *)malloc(otel__exp_bytes((uint32_t)options[0]));
    need(h != NULL, "no memory");
    otel__exp_init(h, (uint32_t)options[0], options[1]);
    for (i = 1; i <= n; i++) {
        otel__exp_result r;
        get(&value, sizeof value);
        r = otel__exp_record(h, value);
        if (r == OTEL__EXP_NEEDS_NEGATIVE) {
            need(otel__exp_give_negative(h, malloc(otel__exp_negative_bytes(h->max_size))),
                 "twice");
            r = otel__exp_record(h, value);
        }
        need(r == OTEL__EXP_OK, "not recorded");
        if (i == n || (options[2] > 0 && i % (uint32_t)options[2] == 0)) {
            need(otel__exp_collect(h), "not collected");
            report(h, options[3] != 0);
        }
    }
    free(otel__aptr_load(&h->negative));
    free(h);
}

int main(void)
{
    uint32_t request[2];

    while (fread(request, sizeof request, 1, stdin) == 1) {
        if (request[0] == 1) {
            answer_indexes(request[1]);
        } else {
            play(request[1]);
        }
    }
    return 0;
}
