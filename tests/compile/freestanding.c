/* freestanding: implementation and use with the hooks that a target without an operating system
 * needs, here on the building machine, to see that nothing else of it is used. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t board_ns = 1000000000u;
static bool     board_random(void *buffer, size_t n);

#define OTEL_LITE_FREESTANDING
#define OTEL_LITE_MONOTONIC_NS()         (board_ns += 1000u)
#define OTEL_LITE_UNIX_NS()              (board_ns + UINT64_C(1700000000000000000))
#define OTEL_LITE_ENTROPY(buffer, bytes) board_random(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

static bool board_random(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;
    while (n-- > 0) {
        *p++ = (uint8_t)(n * 37u + 11u);
    }
    return true;
}

static otel_transport_result deliver(void *user, otel_request *request)
{
    *(uint32_t *)user += request->n_records;
    return OTEL_TRANSPORT_SENT;
}

#if defined(OTEL_LITE_READER)
static void add(void *user, const otel_point *point) { *(int64_t *)user += point->i; }

/* What the second reader sees of a counter, whose attributes a view leaves out. */
static int64_t read_back(otel_sdk *sdk, otel_scope *scope)
{
    otel_counter *valves = otel_counter_create(scope, "valves", NULL, NULL);
    int64_t       sum = 0;

    otel_counter_add(valves, 2, OTEL_ATTRS(otel_int("valve", 1)));
    otel_counter_add(valves, 3, OTEL_ATTRS(otel_int("valve", 2)));
    return otel_read(sdk, add, &sum, 0) == OTEL_OK ? sum : -1;
}
#endif

int main(void)
{
    static uint64_t block[2048]; /* 16 KiB: the firmware's default limits */
    static uint32_t records;
    otel_options    options;
    otel_sdk       *sdk;
    otel_scope     *scope;
    uint32_t        wanted = 0;

    memset(&options, 0, sizeof options);
    options.transport.send = deliver;
    options.transport.user = &records;
    options.memory = block;
    options.memory_bytes = sizeof block;
#if defined(OTEL_LITE_READER)
    static const char *const nothing[] = { NULL };
    static const otel_view   view = { "valves", 0,    NULL, NULL, NULL, NULL, NULL, nothing, NULL,
                                      0,        NULL, 0,    0,    0,    0,    0,    NULL };
    options.manual_reader = true;
    options.views = &view;
    options.n_views = 1;
#endif
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "board", NULL);
#if !defined(OTEL_LITE_NO_METRICS)
    wanted++;
    otel_counter_add(otel_counter_create(scope, "boots", NULL, NULL), 1, OTEL_NO_ATTRS);
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    wanted++;
    otel_log(scope, OTEL_SEVERITY_INFO, "up", OTEL_NO_ATTRS);
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    wanted++;
    otel_span_end(otel_span_start(scope, "boot", NULL));
#endif
#if defined(OTEL_LITE_READER)
    wanted++;
    if (read_back(sdk, scope) != 5 + 1) { /* and one boot */
        return 2;
    }
#endif
    return otel_close(sdk, 0) == OTEL_OK && records == wanted ? 0 : 1;
}
