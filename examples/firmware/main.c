/* firmware: a pump controller without an operating system, a C library's heap or a network stack.
 * It records into one static block and hands finished OTLP requests to a serial line; a gateway
 * posts each body to a Collector: 0 to /v1/traces, 1 to /v1/metrics, 2 to /v1/logs.
 *
 *     arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -I. examples/firmware/main.c <your board>
 *
 * About 26 KiB of code and 13 KiB of RAM with all three signals and the default limits; leave
 * signals out (OTEL_LITE_NO_TRACES, _METRICS, _LOGS) and lower the limits for less. */
#include "board.h"

/* Without an operating system the header asks for a clock, the date and randomness, by macro. */
#define OTEL_LITE_MONOTONIC_NS()         board_uptime_ns()
#define OTEL_LITE_UNIX_NS()              board_unix_ns()
#define OTEL_LITE_ENTROPY(buffer, bytes) board_random(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

/* All the memory that telemetry ever uses; otel_memory_needed() tells how much it would take. */
static uint8_t memory[14 * 1024] __attribute__((aligned(16)));

/* The transport: signal and length, 4 bytes each, little endian, then the OTLP message. One that
 * sends by DMA answers OTEL_TRANSPORT_PENDING, and its interrupt calls otel_transport_complete().
 * One whose gateway is away answers OTEL_TRANSPORT_RETRY: the records stay queued. */
static otel_transport_result send_request(void *user, otel_request *request)
{
    const uint32_t head[2] = { (uint32_t)request->signal, (uint32_t)request->length };
    uint8_t        bytes[8];
    unsigned       i;

    (void)user;
    for (i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(head[i / 4] >> (8 * (i % 4)));
    }
    board_send(bytes, sizeof bytes);
    board_send(request->body, request->length);
    return OTEL_TRANSPORT_SENT;
}

static void pump_once(otel_scope *scope, otel_counter *strokes, otel_histogram *pressure)
{
    otel_span span = otel_span_start(scope, "stroke", NULL);
    const int now = board_pressure();

    otel_span_set(span, OTEL_ATTRS(otel_int("pressure", now)));
    otel_counter_add(strokes, 1, OTEL_ATTRS(otel_str("valve", "inlet")));
    otel_histogram_record(pressure, now, OTEL_NO_ATTRS);
    if (now < 900) {
        otel_span_add_event(span, "pressure low", OTEL_NO_ATTRS);
        otel_log(scope, OTEL_SEVERITY_WARN, "pressure low", OTEL_ATTRS(otel_int("mbar", now)));
    }
    otel_span_end(span);
}

int main(void)
{
    otel_options    options = { .service_name = "pump", .metric_interval_ms = 10000 };
    otel_status     status;
    otel_sdk       *sdk;
    otel_scope     *scope;
    otel_counter   *strokes;
    otel_histogram *pressure;
    uint32_t        wait;

    options.transport.send = send_request;
    options.memory = memory;
    options.memory_bytes = sizeof memory;
    options.status = &status;
    sdk = otel_open(&options); /* NULL is fine from here on: recording does nothing then */
    scope = otel_scope_get(sdk, "pump/control", "1.2.0");
    strokes = otel_counter_create(scope, "pump.strokes", "{stroke}", "Strokes made");
    pressure = otel_histogram_create(scope, "pump.pressure", "mbar", NULL, NULL);
    do {
        pump_once(scope, strokes, pressure);
        wait = otel_poll(sdk); /* sends what is due, never waits; 0: there is more to do */
    } while (board_sleep(wait < 100 ? wait : 100));
    return otel_close(sdk, 1000) == OTEL_OK && status == OTEL_OK ? 0 : 1;
}
