/* allocation: every allocator call after otel_open() aborts; recording from three threads, the
 * engine, HTTP, flush, close and release work nevertheless.
 *
 *   allocation <endpoint> [forbidden]    forbidden: allocates once, the control */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdlib.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

static otel__a32 armed; /* 1: no more */

static void allocates(void)
{
    if (otel__a32_load(&armed) != 0) {
        abort();
    }
}

void *malloc(size_t n)
{
    allocates();
    return __libc_malloc(n);
}
void *calloc(size_t n, size_t size)
{
    allocates();
    return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n)
{
    allocates();
    return __libc_realloc(p, n);
}
void *memalign(size_t align, size_t n);
void *memalign(size_t align, size_t n)
{
    allocates();
    return __libc_memalign(align, n);
}
void *aligned_alloc(size_t align, size_t n);
void *aligned_alloc(size_t align, size_t n) { return memalign(align, n); }
int   posix_memalign(void **p, size_t align, size_t n)
{
    *p = memalign(align, n);
    return *p != NULL ? 0 : ENOMEM;
}

#define ROUNDS  2000
#define THREADS 3

static otel_sdk       *sdk;
static otel_scope     *scope;
static otel_counter   *counter;
static otel_histogram *histogram;

static otel__a32 made; /* 1 once the threads may use the instruments */

static void *work(void *user)
{
    int i;

    while (otel__a32_load(&made) == 0) {
        (void)poll(NULL, 0, 1);
    }
    for (i = 0; i < ROUNDS; i++) {
        otel_span    span = otel_span_start(scope, "round", NULL);
        otel_context before = otel_span_attach(span);
        otel_span_set(span, OTEL_ATTRS(otel_int("round", i), otel_str("text", "value")));
        otel_span_add_event(span, "event", OTEL_NO_ATTRS);
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("round", i)));
        otel_histogram_record(histogram, i, OTEL_ATTRS(otel_int("slot", i % 16)));
        otel_log(scope, OTEL_SEVERITY_INFO, "round", OTEL_ATTRS(otel_int("round", i)));
        otel_span_detach(before);
        otel_span_end(span);
    }
    return user;
}

int main(int argc, char **argv)
{
    otel_options o;
    otel_stats   stats;
    pthread_t    threads[THREADS];
    int          i;

    memset(&o, 0, sizeof o);
    o.endpoint = argc > 1 ? argv[1] : NULL;
    o.background = true;
    o.span_queue = o.log_queue = 2 * THREADS * ROUNDS;
    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
            return 2;
        }
    }
    sdk = otel_open(&o);
    otel__a32_store(&armed, 1u);
    scope = otel_scope_get(sdk, "allocation", "1");
    counter = otel_counter_create(scope, "c", "1", "made after opening");
    histogram = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    if (argc > 2) {
        void *volatile p = malloc(1); /* volatile: not optimised away */
        free(p);
    }
    otel__a32_store(&made, 1u);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (otel_flush(sdk, 5000) != OTEL_OK || otel_close(sdk, 5000) != OTEL_OK) {
        return 3;
    }
    otel_stats_get(sdk, &stats);
    otel_release(sdk);
    return stats.signal[OTEL_SIGNAL_TRACES].delivered == THREADS * ROUNDS &&
                   stats.signal[OTEL_SIGNAL_LOGS].delivered == THREADS * ROUNDS &&
                   stats.signal[OTEL_SIGNAL_METRICS].delivered > 0
               ? 0
               : 4;
}
