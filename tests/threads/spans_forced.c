/* The race of spans.h with an interrupt or a pause possible before every single atomic operation of
 * the library: the moments that a timer hardly ever meets. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#include <stdint.h>

static void shake(void);

#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (shake(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (shake(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (shake(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (shake(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order)  (shake(), __atomic_fetch_and(p, v, order))
#define __atomic_fetch_or(p, v, order)   (shake(), __atomic_fetch_or(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (shake(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_exchange_n
#undef __atomic_fetch_add
#undef __atomic_fetch_and
#undef __atomic_fetch_or
#undef __atomic_compare_exchange_n
#include "t.h"
#include "spans.h"

static __thread uint64_t shake_seed;
static __thread int      depth; /* of interrupts: one may be interrupted itself */

static void shake(void)
{
    uint32_t dice;

    if (!ready || depth >= 2) {
        return;
    }
    dice = (uint32_t)random_of(&shake_seed);
    if (dice % 16 == 0) {
        depth++;
        interrupt_with(dice / 16);
        depth--;
    } else if (dice % 16 == 1) {
        (void)sched_yield();
    }
}

static void body(unsigned index)
{
    me = index;
    my_seed = index + 1;
    shake_seed = index + 1000;
    ready = 1;
    while (!is_set(&stop)) {
        play();
    }
    ready = 0;
    end_all();
}

static void each_span_survives_an_interrupt_at_every_step(void)
{
    const double end = seconds() + PATIENCE;
    runner       runners[THREADS];

    open_sdk();
    start_threads(runners, THREADS, body);
    while (!t_bad && sum_counts().recorded < 20000 && T_CHECK(seconds() < end)) {
        (void)otel_poll(sdk);
        if (otel_queue_free(sdk, OTEL_SIGNAL_TRACES) < 3500) {
            (void)otel_flush(sdk, 0);
        }
    }
    set_flag(&stop);
    join_threads(runners, THREADS);
    settle();
    T_CHECK(sum_counts().nested > 5000 && sum_counts().ended > 1000);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_span_survives_an_interrupt_at_every_step);
    return t_end();
}
