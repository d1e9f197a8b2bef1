/* firmware: what the linker keeps of the library in a microcontroller's program that records and
 * sends over a callback. Only built for its size, never run: the clock is a register, main ends.
 * With OTEL_LITE_NO_TRACES and OTEL_LITE_NO_LOGS: metrics only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t board_ns(void);
bool     board_random(void *buffer, size_t n);

#if !defined(BENCH_HEADER)
#define BENCH_HEADER "otel_lite.h" /* size.py: src/otel_lite.in.h, to tell the parts apart */
#endif
#define OTEL_LITE_FREESTANDING
#define OTEL_LITE_MONOTONIC_NS()         board_ns()
#define OTEL_LITE_UNIX_NS()              (board_ns() + 1800000000000000000u)
#define OTEL_LITE_ENTROPY(buffer, bytes) board_random(buffer, bytes)

#if defined(BENCH_BARE)
int main(void) { return 0; }
#else
#define OTEL_LITE_IMPLEMENTATION
#include BENCH_HEADER

#define TICKS   (*(volatile uint32_t *)0xe000e018u) /* SysTick */
#define UART    (*(volatile uint32_t *)0x40004000u)
#define PRESSED (*(volatile uint32_t *)0x40010000u)

static uint64_t block[2048];

uint64_t board_ns(void) { return (uint64_t)TICKS * 40u; }

bool board_random(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;
    while (n-- > 0) {
        *p++ = (uint8_t)TICKS;
    }
    return true;
}

static otel_transport_result send(void *user, otel_request *request)
{
    (void)user;
    for (size_t i = 0; i < request->length; i++) {
        UART = request->body[i];
    }
    return OTEL_TRANSPORT_SENT;
}

int main(void)
{
    otel_options        options = { .service_name = "valve", .memory = block };
    otel_sdk           *sdk;
    otel_scope         *scope;
    otel_counter       *opened;
    otel_histogram_f64 *pressure;

    options.memory_bytes = sizeof block;
    options.transport.send = send;
    sdk = otel_open(&options);
    scope = otel_scope_get(sdk, "valve", "1");
    opened = otel_counter_create(scope, "valve.opened", "{time}", NULL);
    pressure = otel_histogram_create_f64(scope, "valve.pressure", "bar", NULL, NULL);
    while (PRESSED == 0) {
#if !defined(OTEL_LITE_NO_TRACES) && !defined(OTEL_LITE_NO_LOGS)
        const otel_span span = otel_span_start(scope, "open", NULL);
        otel_span_set(span, OTEL_ATTRS(otel_str("side", "left")));
        otel_span_add_event(span, "half", OTEL_NO_ATTRS);
        otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "stuck");
        otel_log(scope, OTEL_SEVERITY_WARN, "slow", OTEL_ATTRS(otel_int("ms", 12)));
        otel_span_end(span);
#endif
        otel_counter_add(opened, 1, OTEL_ATTRS(otel_str("side", "left")));
        otel_histogram_record_f64(pressure, 2.5, OTEL_ATTRS(otel_str("side", "left")));
        (void)otel_poll(sdk);
    }
    return otel_close(sdk, 0) == OTEL_OK ? 0 : 1;
}
#endif
