/* Live spans under four threads and a timer signal whose handler ends, sets and starts spans in the
 * middle of other calls: see spans.h. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "spans.h"

#define NESTED 1500
#define ENDED  300

static __thread uint64_t storm_seed;

static void handler(int sig)
{
    (void)sig;
    if (ready) {
        interrupt_with((uint32_t)random_of(&storm_seed));
    }
}

static void body(unsigned index)
{
    me = index;
    my_seed = index + 1;
    storm_seed = index + 100;
    ready = 1;
    unblock_storm();
    while (!is_set(&stop)) {
        play();
    }
    block_storm();
    end_all();
}

static void each_span_is_delivered_once_and_whole(void)
{
    const double end = seconds() + PATIENCE;
    runner       runners[THREADS];

    open_sdk();
    begin_storm(handler);
    start_threads(runners, THREADS, body);
    while (!t_bad &&
           (n_delivered < 20000 || sum_counts().nested < NESTED || sum_counts().ended < ENDED) &&
           T_CHECK(seconds() < end)) {
        (void)otel_poll(sdk);
        if (otel_queue_free(sdk, OTEL_SIGNAL_TRACES) < 3500) {
            (void)otel_flush(sdk, 0);
        }
    }
    set_flag(&stop);
    end_storm();
    join_threads(runners, THREADS);
    settle();
    T_CHECK(sum_counts().nested >= NESTED && sum_counts().ended >= ENDED);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_span_is_delivered_once_and_whole);
    return t_end();
}
