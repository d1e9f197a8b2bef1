/* open: otel_open(): resolves the settings, takes the block, wires the parts together.
 * Everything that can fail fails here, with a status and a diagnostic; recording cannot.
 * Spec: trace/sdk.md "Tracer Provider"; requirements C-23, C-24, H-05, B-09. */
#ifndef OTEL__SDK_OPEN_H
#define OTEL__SDK_OPEN_H

#include "fork.h"

#if !defined(OTEL_LITE_NO_MALLOC)
#if !defined(OTEL_LITE_ALLOC)
#define OTEL_LITE_ALLOC(bytes) calloc(1, bytes) /* zeroed; fresh pages stay untouched */
#define OTEL_LITE_FREE(p)      free(p)
#endif
#endif

/* ---- open ---- */

OTEL__FN void otel__sdk_pipe(otel__engine *e, otel_signal signal, otel__ring *ring, uint32_t batch,
                             uint32_t delay_ms)
{
    otel__pipe *pipe = &e->pipes[otel__engine_at(signal)];

    pipe->ring = ring;
    pipe->batch = batch;
    pipe->delay_ns = otel__sdk_ns(delay_ms);
    pipe->due_ns = e->now + pipe->delay_ns;
}

/* Connect the signals with their ways out. */
OTEL__FN void otel__sdk_wire_pipes(otel_sdk *sdk, const otel_options *o)
{
    otel__engine *e = &sdk->e;

#if !defined(OTEL_LITE_NO_TRACES)
    sdk->trace.batch = o->span_delay_ms == 0 ? 1u : o->span_batch;
    e->r.trace = &sdk->trace;
    otel__sdk_pipe(e, OTEL_SIGNAL_TRACES, &sdk->trace.ring, o->span_batch, o->span_delay_ms);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__sdk_pipe(e, OTEL_SIGNAL_METRICS, &sdk->metrics.ring, 0x7fffffffu, UINT32_MAX);
    e->pipes[OTEL__ENGINE_METRICS].whole = true;
    e->interval_ns = otel__sdk_ns(o->metric_interval_ms);
    e->collect_ns = e->now + e->interval_ns;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    sdk->logs.batch = o->log_delay_ms == 0 ? 1u : o->log_batch;
    e->r.logs = &sdk->logs;
    otel__sdk_pipe(e, OTEL_SIGNAL_LOGS, &sdk->logs.ring, o->log_batch, o->log_delay_ms);
#endif
}

/* Connect recorder, pipes and transport. */
OTEL__FN void otel__sdk_wire(otel_sdk *sdk, const otel_options *o)
{
    otel__engine   *e = &sdk->e;
    otel__recorder *r = &e->r;

    (void)otel__engine_enter(e); /* nobody else can be inside: sets the clocks */
    r->sdk = sdk;
#if !defined(OTEL_LITE_NO_TRACES) || !defined(OTEL_LITE_NO_LOGS)
    r->attribute_limit = o->attribute_limit;
#endif
    r->max_scopes = o->max_scopes;
#if !defined(OTEL_LITE_NO_METRICS)
    r->metrics = &sdk->metrics;
#endif
    e->transport = o->transport;
    e->collect_ns = OTEL__ENGINE_NEVER;
    if (otel__sdk_sends(o)) {
        otel__sdk_wire_pipes(sdk, o);
    }
    otel__engine_leave(e);
}

OTEL__FN void otel__sdk_wake(otel__recorder *r)
{
#if !defined(OTEL_LITE_NO_THREADS) && !defined(OTEL_LITE_NO_WAKE)
    otel__thread_wake(&r->sdk->thread);
#else
    (void)r;
#endif
}

#if !defined(OTEL_LITE_NO_THREADS)
/* The background thread: step, wait, until it is told to stop. */
OTEL__FN void *otel__sdk_thread(void *user)
{
    otel_sdk     *sdk = (otel_sdk *)user;
    struct pollfd fds[2];

#if defined(__linux__)
    (void)prctl(PR_SET_NAME, "otel_lite", 0, 0, 0);
#endif
    while (otel__a32_load(&sdk->thread.stop) == 0) {
        const uint32_t ms = otel_poll(sdk);
        const size_t   n = otel_poll_fds(sdk, fds, 2);
        if (ms > 0 && otel__a32_load(&sdk->thread.stop) == 0) {
            OTEL_LITE_WAIT(fds, n, ms < 0x7fffffffu ? ms : 0x7fffffffu);
            if (n > 0 && (fds[0].revents & POLLIN) != 0) {
                otel__thread_drain(&sdk->thread);
            }
        }
    }
    return NULL;
}
#endif

/* Start the thread if one is asked for; without threads otel__sdk_check() has refused. */
OTEL__FN bool otel__sdk_start_thread(otel_sdk *sdk, const otel_options *o)
{
#if defined(OTEL_LITE_NO_THREADS)
    (void)sdk;
    (void)o;
    return true;
#else
    if (!o->background) {
        return true;
    }
#if !defined(OTEL_LITE_NO_WAKE)
    sdk->e.wakes = true;
#endif
    return otel__thread_wake_open(&sdk->thread) &&
           otel__thread_start(&sdk->thread, otel__sdk_thread, sdk);
#endif
}

/* Where the recorder's state word lives: in the page a child finds wiped, else in the block. */
OTEL__FN void otel__sdk_make_live(otel_sdk *sdk)
{
    otel__recorder *r = &sdk->e.r;

    r->live = &r->live_local;
#if !defined(OTEL_LITE_NO_THREADS)
    r->wake = otel__sdk_wake;
#endif
#if defined(OTEL__FORKS)
    r->forked = otel__sdk_forked;
#endif
#if defined(OTEL__FORK_PAGE)
    sdk->fork_page = otel__platform_fork_page();
    if (sdk->fork_page != NULL) {
        r->live = sdk->fork_page;
    }
#endif
    otel__a32_store(r->live, OTEL__LIVE_OPEN);
#if defined(OTEL__FORKS)
    if (r->live == &r->live_local && !otel__fork_watch(r)) {
        otel__diag(&r->sink, OTEL_SEVERITY_WARN,
                   "fork is not noticed here: a child must not use the SDK", NULL, NULL);
    }
#endif
}

/* The block: the user's, zeroed, or a new one. NULL when there is none large enough. The user's is
 * measured with its own first bytes as scratch: a microcontroller's stack is small. */
OTEL__FN void *otel__sdk_block(otel__plan *plan, size_t *need)
{
    const otel_options *o = &plan->env.options;

    if (o->memory != NULL) {
        if (o->memory_bytes < sizeof(otel_sdk) ||
            ((uintptr_t)o->memory & (OTEL__ARENA_ALIGN - 1u)) != 0) {
            return NULL;
        }
        *need = otel__sdk_lay_out(plan, (otel_sdk *)o->memory, 0);
        if (o->memory_bytes < *need) {
            return NULL;
        }
        memset(o->memory, 0, *need);
        return o->memory;
    }
#if defined(OTEL_LITE_NO_MALLOC)
    return NULL;
#else
    {
        otel_sdk scratch;
        *need = otel__sdk_lay_out(plan, &scratch, 0);
        return OTEL_LITE_ALLOC(*need);
    }
#endif
}

OTEL__FN otel_status otel__sdk_check(const otel_options *o)
{
#if defined(OTEL_LITE_NO_THREADS)
    if (o->background) {
        return OTEL_UNSUPPORTED;
    }
#endif
#if defined(OTEL_LITE_NO_READER)
    if (o->manual_reader) {
        return OTEL_UNSUPPORTED;
    }
#endif
#if defined(OTEL_LITE_NO_VIEWS)
    if (o->views != NULL) {
        return OTEL_UNSUPPORTED;
    }
#endif
    if (o->transport.send != NULL || (o->endpoint == NULL && o->manual_reader)) {
        return OTEL_OK;
    }
#if defined(OTEL_LITE_NO_HTTP)
    return OTEL_UNSUPPORTED;
#else
    otel__http_url url;
    if (otel__http_url_parse(otel__text_of(o->endpoint), &url) != OTEL__HTTP_URL_OK || url.https) {
        return OTEL_UNSUPPORTED; /* H-05: never plain where TLS was asked for */
    }
    return OTEL_OK;
#endif
}

OTEL__FN otel_sdk *otel__sdk_open(otel__plan *plan, otel_status *status)
{
    const otel_options *o = &plan->env.options;
    size_t              need = 0;
    otel_sdk           *sdk;

    *status = otel__sdk_check(o);
    if (*status != OTEL_OK) {
        return NULL;
    }
    sdk = (otel_sdk *)otel__sdk_block(plan, &need);
    if (sdk == NULL) {
        *status = OTEL_NO_MEMORY;
        return NULL;
    }
    (void)otel__sdk_lay_out(plan, sdk, need);
    sdk->memory_bytes = need;
#if !defined(OTEL_LITE_NO_MALLOC)
    sdk->owned = o->memory == NULL;
#endif
#if !defined(OTEL_LITE_NO_DIAGNOSTICS)
    sdk->e.r.sink = plan->sink;
#endif
#if !defined(OTEL_LITE_FREESTANDING)
    sdk->host = plan->host;
#endif
    otel__resource_encode(&sdk->e.resource, &plan->env.resource, &plan->facts, &sdk->e.r.sink);
    otel__sdk_wire(sdk, o);
    otel__sdk_make_live(sdk);
#if !defined(OTEL_LITE_NO_THREADS)
    sdk->thread.wake[0] = sdk->thread.wake[1] = -1;
#endif
    if (!otel__sdk_seed(sdk) || !otel__sdk_start_thread(sdk, o)) {
        *status = OTEL_SYSTEM;
        otel_release(sdk);
        return NULL;
    }
    return sdk;
}

OTEL_API otel_sdk *otel_open(const otel_options *options)
{
    otel__plan  plan;
    otel_sdk   *sdk = NULL;
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    status = otel__plan_make(&plan, options);
    if (status == OTEL_OK) {
        sdk = otel__sdk_open(&plan, &status);
        if (sdk == NULL) {
            otel__diag(&plan.sink, OTEL_SEVERITY_ERROR, "otel_open: ", otel_status_text(status),
                       NULL);
        }
    }
    if (plan.env.options.status != NULL) {
        *plan.env.options.status = status;
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return sdk;
}

#endif /* OTEL__SDK_OPEN_H */
