/* main: the first of two files that use the header: opens, records through tank.c, and ends with 0
 * when each signal that is compiled in was delivered whole. */
#include "pump.h"

#include <string.h>

static uint32_t delivered[OTEL_SIGNAL_COUNT]; /* records */

static otel_transport_result deliver(void *user, otel_request *request)
{
    uint32_t *counts = (uint32_t *)user;
    counts[request->signal] += request->n_records;
    return OTEL_TRANSPORT_SENT;
}

#if defined(OTEL_LITE_NO_MALLOC)
static char block[5 << 20]; /* more than the default limits ask for */
#endif

/* The lowest signal of which not all records arrived, plus one; 0 when all did. */
static int missing(void)
{
    uint32_t wanted[OTEL_SIGNAL_COUNT] = { PUMP_RECORDS, PUMP_RECORDS, PUMP_RECORDS };
    int      i;

#if defined(OTEL_LITE_NO_TRACES)
    wanted[OTEL_SIGNAL_TRACES] = 0;
#endif
#if defined(OTEL_LITE_NO_METRICS)
    wanted[OTEL_SIGNAL_METRICS] = 0;
#endif
#if defined(OTEL_LITE_NO_LOGS)
    wanted[OTEL_SIGNAL_LOGS] = 0;
#endif
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        if (delivered[i] != wanted[i]) {
            return i + 1;
        }
    }
    return 0;
}

int main(void)
{
    otel_options options;
    otel_sdk    *sdk;

    memset(&options, 0, sizeof options);
    options.service_name = "pump";
    options.ignore_environment = true;
    options.transport.send = deliver;
    options.transport.user = delivered;
#if defined(OTEL_LITE_NO_MALLOC)
    options.memory = block + (16u - (uintptr_t)block % 16u);
    options.memory_bytes = sizeof block - 16u;
#endif
    sdk = otel_open(&options);
    if (sdk == NULL) {
        return 10;
    }
    tank_fill(otel_scope_get(sdk, "pump/control", "1.2.0"));
    if (otel_close(sdk, 1000) != OTEL_OK) {
        return 11;
    }
    otel_release(sdk);
    return missing();
}
