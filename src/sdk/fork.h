/* fork: what a forked child starts with: the instruments and the configuration, nothing else.
 * Ids are seeded anew, queues are empty, series start at zero, the parent's socket is only let
 * go of. Runs once in the child, before the first call there does anything: see
 * otel__recorder_live().
 * Spec: requirements B-11, T-37, M-70. */
#ifndef OTEL__SDK_FORK_H
#define OTEL__SDK_FORK_H

#include "../record/observe.h"
#include "plan.h"

/* Seed what must differ between processes and between devices: ids, hashes, waits. */
#if defined(OTEL_LITE_NO_TRACES) && !defined(OTEL_LITE_EXEMPLARS) &&                               \
    (defined(OTEL_LITE_NO_METRICS) || defined(OTEL_LITE_SERIES_LIST))
OTEL__FN bool otel__sdk_seed(otel_sdk *sdk)
{
    return OTEL_LITE_ENTROPY(&sdk->e.random, sizeof sdk->e.random); /* no ids, hashes, samples */
}
#else
OTEL__FN bool otel__sdk_seed(otel_sdk *sdk)
{
    uint8_t bytes[40];
    size_t  i;

    if (!OTEL_LITE_ENTROPY(bytes, sizeof bytes)) {
        return false;
    }
    for (i = 0; i < 4; i++) {
        sdk->e.r.seed[i] = otel__pb_load_le64(bytes + 8 * i); /* the same on every byte order */
    }
    sdk->e.random = (uint32_t)otel__pb_load_le64(bytes + 32);
    return true;
}
#endif

#if defined(OTEL__FORKS)
/* In a forked child, before anything else is done there: another process, with nothing inherited
 * but the instruments and the configuration. Runs once, while every other caller is held off. */
OTEL__FN void otel__sdk_forked(otel__recorder *r)
{
    otel_sdk            *sdk = r->sdk;
    otel__resource_facts facts;
    char                 old_instance[37];
    uint32_t             i;

    memcpy(old_instance, sdk->host.instance, sizeof old_instance);
    otel__host_read(&sdk->host, &facts);
    otel__host_forked(&sdk->e.resource, &facts, old_instance);
    (void)otel__sdk_seed(sdk); /* entropy was there when the parent opened */
    memset(&r->losses, 0, sizeof r->losses);
    otel__a64_put(&r->serial, 0);
    otel__a32_put(&r->lock, 0);
    otel__a32_put(&r->sleeping, 0);
#if !defined(OTEL_LITE_NO_HTTP)
    if (sdk->e.use_http) {
        otel__net_forget(&sdk->e.net);
    }
#endif
#if !defined(OTEL_LITE_NO_THREADS)
    otel__a32_put(&sdk->thread.running, 0);
    otel__thread_wake_close(&sdk->thread);
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    otel__trace_forget(&sdk->trace);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__metrics_forget(&sdk->metrics);
    otel__observe_forget(&sdk->metrics);
    sdk->e.collect.series = 0;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__ring_reset(&sdk->logs.ring);
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &sdk->e.pipes[i];
        memset(pipe->dropped, 0, sizeof pipe->dropped);
        otel__a64_put(&pipe->delivered, 0);
        pipe->attempt = 0;
        pipe->resend = 0;
        pipe->failures = 0;
        pipe->retry_ns = 0;
    }
    sdk->e.in_flight = false;
    sdk->e.behind = false;
#if !defined(OTEL_LITE_NO_THREADS)
    sdk->e.wakes = false; /* no thread came along */
#endif
    sdk->e.flushes = 0;
    sdk->e.reading = 0;
    otel__a32_put(&sdk->e.lost, 0);
    sdk->e.reading_on = false;
    otel__a64_put(&sdk->e.requests, 0);
    otel__a64_put(&sdk->e.failed, 0);
    otel__a32_put(&sdk->e.answer, OTEL__ANSWER_NONE);
    otel__a32_put(&sdk->e.busy, 0);
    otel__a32_store(r->live,
                    otel__a32_peek(&sdk->closed) != 0 ? OTEL__LIVE_CLOSED : OTEL__LIVE_OPEN);
}
#endif

/* ---- fork: being told, where no page can be marked ---- */

#if !defined(OTEL_LITE_NO_FORK) && !defined(OTEL_LITE_NO_THREADS)

#define OTEL__FORK_SDKS 8u /* SDKs open at once that this way covers */

/* pthread_atfork() handlers cannot be taken back and get no argument: hence one static list. */
static otel__aptr otel__fork_list[OTEL__FORK_SDKS];
static otel__a32  otel__fork_installed;

OTEL__FN void otel__fork_child(void)
{
    uint32_t i;
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        otel__recorder *r = (otel__recorder *)otel__aptr_load(&otel__fork_list[i]);
        if (r != NULL) {
            otel__a32_store(r->live, OTEL__LIVE_FORKED);
        }
    }
}

/* Have the recorder told of forks. */
OTEL__FN bool otel__fork_watch(otel__recorder *r)
{
    uint32_t i;

    if (otel__a32_swap(&otel__fork_installed, 1u) == 0 &&
        pthread_atfork(NULL, NULL, otel__fork_child) != 0) {
        otel__a32_store(&otel__fork_installed, 0);
        return false;
    }
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        void *none = NULL;
        if (otel__aptr_cas(&otel__fork_list[i], &none, r)) {
            return true;
        }
    }
    return false;
}

OTEL__FN void otel__fork_unwatch(otel__recorder *r)
{
    uint32_t i;
    for (i = 0; i < OTEL__FORK_SDKS; i++) {
        void *mine = r;
        if (otel__aptr_cas(&otel__fork_list[i], &mine, NULL)) {
            return;
        }
    }
}

#else
OTEL__FN bool otel__fork_watch(otel__recorder *r)
{
    (void)r;
    return false;
}
OTEL__FN void otel__fork_unwatch(otel__recorder *r) { (void)r; }
#endif

#endif /* OTEL__SDK_FORK_H */
