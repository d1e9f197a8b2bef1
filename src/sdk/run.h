/* run: otel_poll(), otel_flush(), otel_close(), otel_release(): the doors to the engine, each of
 * which keeps errno. Flush and close are the same machine with a deadline.
 * Spec: trace/sdk.md, metrics/sdk.md, logs/sdk.md "Shutdown", "ForceFlush"; requirements
 * B-05..B-08. */
#ifndef OTEL__SDK_RUN_H
#define OTEL__SDK_RUN_H

#include "open.h"

/* ---- run: stepping ---- */

/* Milliseconds from `now` to `at`, rounded up: woken a little late, never in vain. */
OTEL__FN uint32_t otel__sdk_wait_ms(uint64_t at, uint64_t now)
{
    uint64_t left = at > now ? at - now : 0;
#if defined(OTEL_LITE_FREESTANDING) /* a 64-bit division would be linked for this alone */
    left = left < (uint64_t)1 << 38 ? left : ((uint64_t)1 << 38) - 1u; /* 274 s are enough */
    return left > 0 ? (uint32_t)((uint64_t)(uint32_t)(left >> 6) * 274878u >> 32) + 1u : 0u;
#else
    left = left / 1000000u + (left % 1000000u > 0 ? 1u : 0u);
    return left < 0xffffffffu ? (uint32_t)left : 0xfffffffeu;
#endif
}

/* Say whether a full batch is to wake the thread from now on. */
OTEL__FN void otel__sdk_sleep(otel__engine *e, bool sleeping)
{
    if (otel__engine_wakes(e)) {
        (void)otel__a32_swap(&e->r.sleeping, sleeping ? 1u : 0u);
    }
}

/* One step of the engine, which the caller has entered. Returns the wait. */
OTEL__FN uint32_t otel__sdk_step(otel__engine *e)
{
    otel__sdk_sleep(e, false);
    otel__engine_step(e);
    otel__sdk_sleep(e, true); /* from here on a full batch wakes the thread, or is seen here */
    return otel__sdk_wait_ms(otel__engine_wanted(e), e->now);
}

OTEL_API uint32_t otel_poll(otel_sdk *sdk)
{
    uint32_t ms = 1;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return UINT32_MAX;
    }
    if (otel__engine_enter(&sdk->e)) {
        ms = otel__sdk_step(&sdk->e);
        otel__engine_leave(&sdk->e);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return ms;
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The socket of the request under way, unless somebody is stepping, who then looks after it. */
OTEL__FN size_t otel__sdk_socket(otel_sdk *sdk, struct pollfd *fd)
{
    size_t n = 0;
#if !defined(OTEL_LITE_NO_HTTP)
    if (otel__engine_enter(&sdk->e)) {
        n = sdk->e.use_http && otel__net_pollfd(&sdk->e.net, fd) ? 1u : 0u;
        otel__engine_leave(&sdk->e);
    }
#else
    (void)sdk;
    (void)fd;
#endif
    return n;
}

OTEL_API size_t otel_poll_fds(otel_sdk *sdk, struct pollfd *fds, size_t capacity)
{
    size_t n = 0;

    if (sdk == NULL || fds == NULL || !otel__recorder_live(&sdk->e.r)) {
        return 0;
    }
#if !defined(OTEL_LITE_NO_THREADS)
    if (n < capacity && sdk->thread.wake[0] >= 0) {
        fds[n].fd = sdk->thread.wake[0];
        fds[n].events = POLLIN;
        fds[n].revents = 0;
        n++;
    }
#endif
    return n < capacity ? n + otel__sdk_socket(sdk, &fds[n]) : n;
}
#endif

/* Have the background thread look again, whatever it waits for. */
OTEL__FN void otel__sdk_nudge(otel_sdk *sdk)
{
    otel__sdk_sleep(&sdk->e, false);
    otel__sdk_wake(&sdk->e.r);
}

OTEL_API void otel_transport_complete(otel_request *request, otel_transport_result result)
{
    otel_sdk *sdk = request != NULL ? request->sdk : NULL; /* once: the answer ends the request */
    uint32_t  expected = OTEL__ANSWER_WAIT;

    if (sdk != NULL && (unsigned)result < (unsigned)OTEL_TRANSPORT_PENDING &&
        otel__a32_cas(&sdk->e.answer, &expected, OTEL__ANSWER_RESULT + (uint32_t)result)) {
        otel__sdk_nudge(sdk);
    }
}

/* ---- run: flush and close ---- */

/* A deadline as nanoseconds. */
OTEL__FN uint64_t otel__sdk_limit(uint32_t timeout_ms)
{
    return otel__sdk_ns(timeout_ms == OTEL_NO_LIMIT ? UINT32_MAX
                        : timeout_ms == OTEL_ZERO   ? 0
                                                    : timeout_ms);
}

#define OTEL__FLUSH_NAP 10u /* ms: another thread's steps and answers are looked at this often */

/* Wait a moment for a socket, or for whoever else steps. */
OTEL__FN void otel__sdk_nap(otel_sdk *sdk, uint32_t ms)
{
    ms = ms < OTEL__FLUSH_NAP ? ms : OTEL__FLUSH_NAP;
#if defined(OTEL_LITE_FREESTANDING)
    (void)sdk;
    OTEL_LITE_WAIT(NULL, 0, ms);
#else
    {
        struct pollfd fd;
        const size_t  n = otel__sdk_socket(sdk, &fd);
        OTEL_LITE_WAIT(&fd, n, ms);
    }
#endif
}

/* What one flush waits for: records ever taken from each ring. On its caller's stack. */
typedef struct otel__flush {
    uint32_t to[OTEL__ENGINE_PIPES];
    uint32_t steps; /* enough without answers to wait for: a request takes a record or more */
    uint32_t ms;    /* wait that the last step asked for                                    */
    bool     begun;
    bool     reads; /* metrics are being read still                                         */
} otel__flush;

/* Mark what is queued now as what this flush waits for, and let it be tried at once. */
OTEL__FN void otel__sdk_flush_begin(otel__engine *e, otel__flush *flush)
{
    uint32_t i;

    e->flushes++;
    flush->begun = true;
    flush->steps = 2;
#if !defined(OTEL_LITE_NO_METRICS)
    if (otel__pipe_is_on(&e->pipes[OTEL__ENGINE_METRICS])) {
        otel__engine_collect(e);
    }
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &e->pipes[i];
        if (otel__pipe_is_on(pipe)) {
            flush->to[i] = otel__ring_head_load(pipe->ring).count;
            flush->steps += 1u + otel__ring_queued(pipe->ring) / (OTEL__ENGINE_ROUNDS / 4u);
            pipe->retry_ns = 0;
        }
    }
}

/* Whether everything that the flush waits for has left the queues. A reading of metrics that was
 * superseded is not delivered: the newest one counts, whoever made it. */
OTEL__FN bool otel__sdk_flushed(const otel__engine *e, const otel__flush *flush)
{
    bool     all = !e->behind && !e->reading_on;
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        const otel__pipe *pipe = &e->pipes[i];
        const uint32_t    to = i == OTEL__ENGINE_METRICS ? e->reading : flush->to[i];
        if (otel__pipe_is_on(pipe)) {
            const uint32_t left = to - otel__a32_peek(&pipe->ring->taken);
            all = all && (left == 0 || left >= 0x80000000u); /* counted modulo 2^32 */
        }
    }
    return all;
}

/* One step for a flush; the first one begins it. Returns whether that is done. */
OTEL__FN bool otel__sdk_flush_step(otel__engine *e, otel__flush *flush)
{
    bool done;

    flush->ms = 1;
    if (!otel__engine_enter(e)) {
        return false;
    }
    if (!flush->begun) {
        otel__sdk_flush_begin(e, flush);
#if !defined(OTEL_LITE_NO_HTTP)
        e->now = otel__mono_ns(); /* callbacks took their time: not from the request's timeout */
#endif
    }
    flush->ms = otel__sdk_step(e);
#if !defined(OTEL_LITE_NO_METRICS)
    if (e->behind && !e->reading_on) {
        otel__engine_collect(e);
    }
#endif
    flush->reads = e->reading_on;
    done = otel__sdk_flushed(e, flush);
    otel__engine_leave(e);
    return done;
}

/* This caller waits no more: what is left goes out in its own time. */
OTEL__FN void otel__sdk_flush_end(otel_sdk *sdk)
{
    while (!otel__engine_enter(&sdk->e)) {
        if (otel__a32_load(sdk->e.r.live) != OTEL__LIVE_OPEN) {
            return; /* closed by another thread, which keeps the engine */
        }
        otel__sdk_nap(sdk, 1); /* a step of another thread: it never waits itself */
    }
    sdk->e.flushes--;
    otel__engine_leave(&sdk->e);
    otel__sdk_nudge(sdk); /* the request under way is the thread's again */
}

/* The loop of a flush that has `limit` ns from `begin`. */
OTEL__FN otel_status otel__sdk_flush_wait(otel_sdk *sdk, otel__flush *flush, uint64_t limit)
{
    const uint64_t begin = otel__mono_ns();

    while (!otel__sdk_flush_step(&sdk->e, flush)) {
        uint64_t passed;
        if (otel__a32_load(sdk->e.r.live) != OTEL__LIVE_OPEN) {
            return OTEL_TIMEOUT; /* closed by another thread: what was left is counted there */
        }
        passed = otel__mono_ns() - begin;
        if (passed >= limit &&
            (limit > 0 || flush->ms > 0 || (!flush->reads && flush->steps-- == 0))) {
            return OTEL_TIMEOUT; /* without any time: everything that needs no waiting is done */
        }
        if (flush->ms > 0) {
            const uint32_t left = otel__sdk_wait_ms(limit, passed);
            otel__sdk_nap(sdk, flush->ms < left ? flush->ms : left);
        }
    }
    return OTEL_OK;
}

OTEL__FN otel_status otel__sdk_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    const uint32_t lost = otel__a32_peek(&sdk->e.lost);
    otel__flush    flush;
    otel_status    status;

    flush.begun = false; /* the steps set the rest */
    status = otel__sdk_flush_wait(sdk, &flush, otel__sdk_limit(timeout_ms));
    if (flush.begun) {
        otel__sdk_flush_end(sdk);
    }
    return status == OTEL_OK && otel__a32_peek(&sdk->e.lost) != lost ? OTEL_LOST : status;
}

#if !defined(OTEL_LITE_NO_METRICS)
/* One try to read all metrics. */
OTEL__FN otel_status otel__sdk_collect(otel_sdk *sdk)
{
    otel_status status;

    if (!otel__engine_enter(&sdk->e)) {
        return OTEL_TIMEOUT;
    }
    otel__engine_collect(&sdk->e);
    status = sdk->e.behind ? OTEL_TIMEOUT : OTEL_OK;
    otel__engine_leave(&sdk->e);
    otel__sdk_nudge(sdk);
    return status;
}
#endif

OTEL_API otel_status otel_collect(otel_sdk *sdk, uint32_t timeout_ms)
{
#if defined(OTEL_LITE_NO_METRICS)
    (void)sdk;
    (void)timeout_ms;
    return OTEL_DISABLED;
#else
    const uint64_t limit = otel__sdk_limit(timeout_ms);
    const uint64_t begin = otel__mono_ns();
    otel_status    status = OTEL_DISABLED;

    while (sdk != NULL && otel__recorder_live(&sdk->e.r) &&
           otel__pipe_is_on(&sdk->e.pipes[OTEL__ENGINE_METRICS])) { /* not a manual reader alone */
        status = otel__sdk_collect(sdk);
        if (status != OTEL_TIMEOUT || otel__mono_ns() - begin >= limit) {
            break;
        }
        otel__sdk_nap(sdk, 1);
    }
    return status;
#endif
}

OTEL_API otel_status otel_flush(otel_sdk *sdk, uint32_t timeout_ms)
{
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return OTEL_DISABLED;
    }
    status = otel__sdk_flush(sdk, timeout_ms);
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

OTEL__FN void otel__sdk_stop_thread(otel_sdk *sdk)
{
#if !defined(OTEL_LITE_NO_THREADS)
    if (otel__a32_swap(&sdk->thread.running, 0) == 1u) {
        otel__a32_store(&sdk->thread.stop, 1u);
        otel__thread_wake(&sdk->thread);
        (void)pthread_join(sdk->thread.id, NULL);
    }
#else
    (void)sdk;
#endif
}

/* Count what is left in the queues as lost, and let go of the system. */
OTEL__FN void otel__sdk_shut(otel_sdk *sdk)
{
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        otel__pipe *pipe = &sdk->e.pipes[i];
        if (otel__pipe_is_on(pipe)) {
            otel__engine_drop(pipe, 0, OTEL_DROP_SHUTDOWN);
        }
    }
#if !defined(OTEL_LITE_NO_METRICS)
    if (sdk->e.reading_on) { /* what it did not get to would have been a record each, at least */
        otel__a64_bump(&sdk->e.pipes[OTEL__ENGINE_METRICS].dropped[OTEL_DROP_SHUTDOWN],
                       otel__collect_left(&sdk->e.collect));
    }
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    if (sdk->e.use_http) {
        otel__net_close(&sdk->e.net);
    }
#endif
    otel__sdk_sleep(&sdk->e, false); /* the wake-up's descriptor stays until the release:
                                               a recording call may be about to write to it */
}

OTEL_API otel_status otel_close(otel_sdk *sdk, uint32_t timeout_ms)
{
    otel_status status;
#if !defined(OTEL_LITE_FREESTANDING)
    const int saved = errno;
#endif

    if (sdk == NULL) {
        return OTEL_DISABLED;
    }
#if defined(OTEL__FORKS)
    (void)otel__recorder_live(&sdk->e.r); /* a forked child settles first */
#endif
    if (otel__a32_swap(&sdk->closed, 1u) != 0) {
        return OTEL_OK;
    }
    otel__sdk_stop_thread(sdk);
    status = otel__sdk_flush(sdk, timeout_ms);
    while (!otel__engine_enter(&sdk->e)) { /* kept: nobody steps a closed engine */
        otel__sdk_nap(sdk, 1);
    }
    otel__a32_store(sdk->e.r.live, OTEL__LIVE_CLOSED);
    otel__sdk_shut(sdk);
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

OTEL_API void otel_release(otel_sdk *sdk)
{
    if (sdk == NULL) {
        return;
    }
    (void)otel_close(sdk, 0);
    otel__fork_unwatch(&sdk->e.r);
#if !defined(OTEL_LITE_NO_THREADS)
    otel__thread_wake_close(&sdk->thread);
#endif
#if defined(OTEL__FORK_PAGE)
    otel__platform_fork_page_free(sdk->fork_page);
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
    if (sdk->owned) {
        OTEL_LITE_FREE(sdk);
    }
#endif
}

#endif /* OTEL__SDK_RUN_H */
