/* Three callers at once on one exponential histogram, stopped at every atomic operation: see
 * schedules.h. Windows of four buckets, so that nearly every value has to widen one. */
#include <stdbool.h>
#include <stddef.h>

#include <stdint.h>

static void     step(void);
static uint64_t ticks; /* nanoseconds: no two readings of the clock are the same */

#define OTEL_LITE_MONOTONIC_NS() (++ticks)
#define OTEL_LITE_UNIX_NS()      (++ticks)
#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (step(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (step(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (step(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (step(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order)  (step(), __atomic_fetch_and(p, v, order))
#define __atomic_fetch_or(p, v, order)   (step(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_xor(p, v, order)  (step(), __atomic_fetch_xor(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (step(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#include "schedules.h"

#define SIZE 4u

static otel__exp *h;
static uint64_t   memory[64], negatives[CALLERS][32];
static unsigned   recorded;
static double     sum, lowest[2], highest[2]; /* of what was recorded, without its sign */

static bool     reset; /* readings take what they have seen away */
static uint64_t taken;
static double   taken_sum;

static void record(unsigned index, double value)
{
    const unsigned   sign = value < 0;
    const double     size = sign ? -value : value;
    otel__exp_result result = otel__exp_record(h, value);

    if (result == OTEL__EXP_NEEDS_NEGATIVE) {
        (void)otel__exp_give_negative(h, negatives[index]);
        result = otel__exp_record(h, value);
    }
    T_EQ_INT(result, OTEL__EXP_OK); /* three callers never fill the list */
    recorded++;
    sum += value;
    if (size > 0) {
        lowest[sign] = lowest[sign] == 0 || size < lowest[sign] ? size : lowest[sign];
        highest[sign] = size > highest[sign] ? size : highest[sign];
    }
}

static void record_wide(unsigned index)
{
    record(index, 1);
    record(index, 64);
}

static void record_negative(unsigned index)
{
    record(index, -4);
    record(index, 1);
}

static void record_zero(unsigned index)
{
    record(index, 0);
    record(index, 1024);
}

/* What is accumulated agrees with itself. */
static void check_totals(void)
{
    uint64_t count = h->zero;
    unsigned sign, i;

    for (sign = 0; sign < 2; sign++) {
        T_CHECK(h->used.n[sign] <= SIZE);
        for (i = 0; i < h->used.n[sign]; i++) {
            count += h->totals[sign][i];
        }
    }
    T_EQ_INT(count, h->base.count);
}

/* A reading that says yes has all that had been recorded when it began. */
static void read_some(unsigned index)
{
    unsigned i;

    (void)index;
    for (i = 0; i < 2; i++) {
        const unsigned before = recorded;
        const bool     all = otel__exp_collect(h);
        if (all || otel__exp_open(h)) {
            check_totals();
            T_CHECK(!all || h->base.count + taken >= before);
            if (reset) {
                taken += h->base.count;
                taken_sum += h->base.sum;
            }
            otel__exp_close(h, reset);
        }
    }
}

static void begin_empty(void)
{
    T_CHECK(otel__exp_bytes(SIZE) <= sizeof memory);
    h = (otel__exp *)(void *)memory;
    otel__exp_init(h, SIZE, 20);
    recorded = 0;
    sum = taken_sum = 0;
    taken = 0;
    memset(lowest, 0, sizeof lowest);
    memset(highest, 0, sizeof highest);
}

static void begin_with_values(void)
{
    begin_empty();
    record(0, 1);
    record(0, 2);
}

static int32_t index_of(double size, int scale)
{
    return otel__exp_index(otel__platform_double_bits(size), scale);
}

/* M-51: the largest scale at which all values fit. */
static int ideal_scale(void)
{
    int      scale = 20;
    unsigned sign;

    for (sign = 0; sign < 2; sign++) {
        while (highest[sign] > 0 &&
               index_of(highest[sign], scale) - index_of(lowest[sign], scale) >= (int32_t)SIZE) {
            scale--;
        }
    }
    return scale;
}

static void check_all(void)
{
    if (!T_CHECK(otel__exp_collect(h))) {
        return;
    }
    check_totals();
    T_EQ_INT(h->base.count + taken, recorded);
    T_CHECK(h->base.sum + taken_sum == sum);
    if (!reset) {
        T_EQ_INT(h->used.scale, ideal_scale());
    }
    otel__exp_close(h, false);
    T_EQ_INT(otel__a32_peek(&h->gate), 0); /* no lock, nothing pending */
}

/* One collector at a time: at most one of the three reads. */
static void try_trios(void)
{
    static void (*const acts[])(unsigned) = { record_wide, record_negative, record_zero,
                                              read_some };
    unsigned a, b, c;

    for (a = 0; a < COUNT(acts); a++) {
        for (b = 0; b < COUNT(acts); b++) {
            for (c = 0; c < COUNT(acts) && !t_bad; c++) {
                const trio t = { { acts[a], acts[b], acts[c] }, begin_with_values, check_all };
                if ((a == 3) + (b == 3) + (c == 3) == 1) {
                    try_all(&t);
                }
            }
        }
    }
    tell_cases(100000);
}

static void nothing_is_lost_or_counted_twice_cumulative(void)
{
    reset = false;
    try_trios();
}

static void nothing_is_lost_or_counted_twice_delta(void)
{
    reset = true;
    try_trios();
}

static void the_first_values_of_three_callers_are_all_kept(void)
{
    const trio t = { { record_wide, record_negative, record_zero }, begin_empty, check_all };

    reset = false;
    try_all(&t);
    tell_cases(1000);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(nothing_is_lost_or_counted_twice_cumulative);
    T_RUN(nothing_is_lost_or_counted_twice_delta);
    T_RUN(the_first_values_of_three_callers_are_all_kept);
    return t_end();
}
