/* The races of metrics.h with a pause or an interrupt possible before every single atomic operation
 * of the library: the moments that a timer hardly ever meets. */
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
#define __atomic_fetch_xor(p, v, order)  (shake(), __atomic_fetch_xor(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (shake(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_exchange_n
#undef __atomic_fetch_add
#undef __atomic_fetch_and
#undef __atomic_fetch_or
#undef __atomic_fetch_xor
#undef __atomic_compare_exchange_n
#include "t.h"
#include "metrics.h"

static __thread uint64_t shake_seed;
static __thread int      depth;

static void shake(void)
{
    const uint32_t dice = (uint32_t)random_of(&shake_seed);

    if (dice % 32 == 0) {
        (void)sched_yield();
    } else if (dice % 64 == 1 && ready && depth == 0) {
        depth++;
        handler(0);
        depth--;
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(totals_are_exact_and_each_reading_is_consistent);
    T_RUN(a_set_brought_by_four_threads_at_once_is_one_series);
    T_RUN(totals_stay_right_when_the_last_place_is_fought_for);
    T_RUN(an_instrument_asked_for_by_four_threads_at_once_is_made_once);
    return t_end();
}
