/* firmware: what the linker keeps of the library in a microcontroller's program that records and
 * sends over a callback. Only built for its size, never run: the clock is a register, main ends.
 * It has one counter, and what size.py defines: BENCH_HISTOGRAM, BENCH_UPDOWN, BENCH_BOUND,
 * BENCH_OBSERVABLE, BENCH_F64, BENCH_READER; without OTEL_LITE_NO_TRACES and OTEL_LITE_NO_LOGS
 * also a span and a log record. BENCH_HOSTED builds the same for this machine. All that is the
 * program's own is called main or board_*. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t board_ns(void);
bool     board_random(void *buffer, size_t n);

#if !defined(BENCH_HEADER)
#define BENCH_HEADER "otel_lite.h" /* size.py: src/otel_lite.in.h, to tell the parts apart */
#endif
#if !defined(BENCH_HOSTED)
#define OTEL_LITE_FREESTANDING
#define OTEL_LITE_MONOTONIC_NS()         board_ns()
#define OTEL_LITE_UNIX_NS()              (board_ns() + 1800000000000000000u)
#define OTEL_LITE_ENTROPY(buffer, bytes) board_random(buffer, bytes)
#endif

#if defined(BENCH_BARE)
int main(void) { return 0; }
#else
#define OTEL_LITE_IMPLEMENTATION
#include BENCH_HEADER

#define TICKS   (*(volatile uint32_t *)0xe000e018u) /* SysTick */
#define UART    (*(volatile uint32_t *)0x40004000u)
#define PRESSED (*(volatile uint32_t *)0x40010000u)
#define LEFT    OTEL_ATTRS(otel_str("side", "left"))

static uint64_t board_block[2048];

uint64_t board_ns(void) { return (uint64_t)TICKS * 40u; }

bool board_random(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;
    while (n-- > 0) {
        *p++ = (uint8_t)TICKS;
    }
    return true;
}

static otel_transport_result board_send(void *user, otel_request *request)
{
    (void)user;
    for (size_t i = 0; i < request->length; i++) {
        UART = request->body[i];
    }
    return OTEL_TRANSPORT_SENT;
}

#if defined(BENCH_OBSERVABLE)
static otel_observable *board_level;

static void board_observe(void *user, otel_observer *observer)
{
    (void)user;
    otel_observe(observer, board_level, (int64_t)TICKS, LEFT);
}
#endif

#if defined(BENCH_READER)
static void board_show(void *user, const otel_point *point)
{
    (void)user;
    UART = (uint32_t)point->i;
}
#endif

/* Creating an instrument again gives the one that is there: what counts here is the code. */
static void board_measure(otel_scope *scope)
{
    otel_counter_add(otel_counter_create(scope, "valve.opened", "{time}", NULL), 1, LEFT);
#if defined(BENCH_HISTOGRAM)
    otel_histogram_record_f64(otel_histogram_create_f64(scope, "valve.pressure", "bar", NULL, NULL),
                              2.5, LEFT);
#endif
#if defined(BENCH_UPDOWN)
    otel_updown_add(otel_updown_create(scope, "valve.open", "{valve}", NULL), -1, LEFT);
    otel_gauge_set(otel_gauge_create(scope, "valve.angle", "deg", NULL), 7, LEFT);
#endif
#if defined(BENCH_BOUND)
    otel_bound_counter_add(
        otel_counter_bind(otel_counter_create(scope, "valve.closed", "{time}", NULL), LEFT), 1);
#endif
#if defined(BENCH_F64)
    otel_counter_add_f64(otel_counter_create_f64(scope, "valve.flow", "l", NULL), 0.5, LEFT);
    otel_updown_add_f64(otel_updown_create_f64(scope, "valve.volume", "l", NULL), 0.5, LEFT);
    otel_gauge_set_f64(otel_gauge_create_f64(scope, "valve.heat", "Cel", NULL), 0.5, LEFT);
#endif
#if defined(BENCH_OBSERVABLE)
    const otel_callback callback = { board_observe, NULL };
    board_level = otel_observable_gauge_create(scope, "valve.level", "mm", NULL, &callback);
#endif
}

static void board_record(otel_scope *scope)
{
#if !defined(OTEL_LITE_NO_TRACES)
    const otel_span span = otel_span_start(scope, "open", NULL);
    otel_span_set(span, LEFT);
    otel_span_add_event(span, "half", OTEL_NO_ATTRS);
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "stuck");
    otel_span_end(span);
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel_log(scope, OTEL_SEVERITY_WARN, "slow", OTEL_ATTRS(otel_int("ms", 12)));
#endif
    (void)scope;
}

int main(void)
{
    otel_options options = { .service_name = "valve", .memory = board_block };
    otel_sdk    *sdk;
    otel_scope  *scope;

    options.memory_bytes = sizeof board_block;
    options.transport.send = board_send;
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "valve", "1");
    while (PRESSED == 0) {
        board_measure(scope);
        board_record(scope);
#if defined(BENCH_READER)
        (void)otel_read(sdk, board_show, NULL, 0);
#endif
        (void)otel_poll(sdk);
    }
    return otel_close(sdk, 0) == OTEL_OK ? 0 : 1;
}
#endif
