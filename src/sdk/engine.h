/* engine: the one stepped machine: collects, batches, sends, reads answers, waits before it tries
 * again. otel_poll() is its only door; whoever steps it holds the busy flag, so that it has one
 * user at a time. It never waits itself.
 * Invariants: at most one request is under way; records leave a ring when their request was
 * accepted or finally refused, not before; each signal waits for its own backend answers only,
 * none for another's.
 * Spec: trace/sdk.md "Batching processor", metrics/sdk.md "Periodic exporting MetricReader";
 * requirements B-01..B-09, T-73, T-74, M-101. */
#ifndef OTEL__SDK_ENGINE_H
#define OTEL__SDK_ENGINE_H

#include "../record/collect.h"
#include "../record/log.h"
#include "../record/metric.h"
#include "../record/trace.h"
#include "../send/batch.h"
#include "../send/net.h"
#include "../send/retry.h"
#include "env.h"

#define OTEL__ENGINE_NEVER  UINT64_MAX
#define OTEL__ENGINE_ROUNDS 64u /* requests answered at once that one step makes        */
#define OTEL__ENGINE_TELL   UINT64_C(60000000000) /* ns between two tellings of one kind */
#define OTEL__ENGINE_STALL  1000000u /* ns until an unfinished record is looked at again */
#define OTEL__ENGINE_LOOK   UINT64_C(10000000) /* ns between looks for records that want no delay */
#define OTEL__ENGINE_REPLY  1024u /* bytes of a reply's body that are kept               */

/* Signals from the first one that is compiled in to the last: each has a pipe. */
#if !defined(OTEL_LITE_NO_TRACES)
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_TRACES
#elif !defined(OTEL_LITE_NO_METRICS)
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_METRICS
#else
#define OTEL__ENGINE_FIRST OTEL_SIGNAL_LOGS
#endif
#if !defined(OTEL_LITE_NO_LOGS)
#define OTEL__ENGINE_LAST OTEL_SIGNAL_LOGS
#elif !defined(OTEL_LITE_NO_METRICS)
#define OTEL__ENGINE_LAST OTEL_SIGNAL_METRICS
#else
#define OTEL__ENGINE_LAST OTEL_SIGNAL_TRACES
#endif
#define OTEL__ENGINE_PIPES   ((uint32_t)OTEL__ENGINE_LAST - (uint32_t)OTEL__ENGINE_FIRST + 1u)
#define OTEL__ENGINE_METRICS ((uint32_t)OTEL_SIGNAL_METRICS - (uint32_t)OTEL__ENGINE_FIRST)

/* One signal's way out. The engine's, except `ring`. */
typedef struct otel__pipe {
    otel__ring *ring;     /* NULL: the signal is off                              */
    uint32_t    batch;    /* records of one request at most                       */
    uint32_t    resend;   /* records of the request that is tried again; 0: none  */
    uint32_t    failures; /* attempts failed in a row: the back-off, whatever was sent    */
    uint32_t    attempt;  /* of the request that is under way or waits            */
    bool        whole;    /* what became due goes out entirely, not a batch at a time     */
    bool        stalled;  /* the next record was reserved and is not written yet  */
    uint64_t    delay_ns; /* longest wait of a record for its batch               */
    uint64_t    due_ns;   /* when what is queued goes out, full or not            */
    uint64_t    retry_ns; /* not before: the backend asked for time               */
    uint64_t    told_ns;  /* last diagnostic about failures                       */
    otel__a64   delivered;
    otel__a64   dropped[OTEL_DROP_COUNT]; /* behind the queue */
#if !defined(OTEL_LITE_NO_HTTP)
    char *path; /* of the request, under the endpoint's own path */
#endif
} otel__pipe;

enum {                        /* otel__engine.answer: what a pending request has come to */
       OTEL__ANSWER_NONE = 0, /* no request, or it is not pending        */
       OTEL__ANSWER_WAIT = 1,
       OTEL__ANSWER_RESULT = 2 /* plus an otel_transport_result           */
};

typedef struct otel__engine {
    otel__a32 busy;   /* 1 while somebody steps                          */
    otel__a32 answer; /* OTEL__ANSWER_*, set from anywhere when pending  */
    bool      in_flight;
    bool      behind;     /* a flush met a histogram being recorded into: it reads again  */
    bool      reading_on; /* the newest reading goes on when its queue has room           */
#if !defined(OTEL_LITE_NO_THREADS)
    bool wakes; /* there is a thread that recording calls wake */
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    bool use_http;
#endif
    uint32_t       flushes; /* under way                                              */
    uint32_t       reading; /* metrics ever queued up to the end of the newest reading */
    uint32_t       turn;    /* index of the pipe whose turn it is                     */
    uint32_t       random;
    otel__a32      lost; /* records refused for good, or too large                 */
    otel_transport transport;
    otel__out      resource; /* the encoded Resource                                   */
    otel__batch    batch;
    otel__pipe     pipes[OTEL__ENGINE_PIPES]; /* by signal, see otel__engine_at()      */
    otel_request   request;                   /* the one under way                     */
#if !defined(OTEL_LITE_NO_METRICS)
    otel__collect collect;
#endif
    uint64_t       now; /* monotonic ns, since otel__engine_enter()                    */
    uint64_t       interval_ns;
    uint64_t       collect_ns; /* when metrics are read next                           */
    otel__a64      requests;
    otel__a64      failed;
    otel__recorder r;
    uint64_t       tell_ns; /* when losses may be told again                           */
    uint32_t       told[6]; /* counts at the last telling                              */
#if !defined(OTEL_LITE_NO_HTTP)
    otel__net net;
#endif
} otel__engine;

static const char *const otel__engine_paths[OTEL_SIGNAL_COUNT] = { "/v1/traces", "/v1/metrics",
                                                                   "/v1/logs" };

/* Milliseconds as nanoseconds; UINT32_MAX: longer than anything lasts. */
OTEL__FN uint64_t otel__sdk_ns(uint32_t ms)
{
    return ms == UINT32_MAX ? (uint64_t)1 << 62 : (uint64_t)ms * 1000000u;
}

OTEL__FN uint32_t otel__engine_random(otel__engine *e)
{
    e->random = e->random * 1664525u + 1013904223u; /* the high bits are used: retry.h */
    return e->random;
}

/* Whether there is a thread that recording calls wake. */
OTEL__FN bool otel__engine_wakes(const otel__engine *e)
{
#if defined(OTEL_LITE_NO_THREADS)
    (void)e;
    return false;
#else
    return e->wakes;
#endif
}

/* Whether the signal of that pipe is on: with a manual reader alone none is. */
OTEL__FN bool otel__pipe_is_on(const otel__pipe *pipe)
{
#if defined(OTEL_LITE_NO_READER) && !defined(OTEL_LITE_NO_METRICS)
    (void)pipe;
    return true;
#else
    return pipe->ring != NULL; /* without metrics there is a gap between traces and logs */
#endif
}

/* The index of the pipe of a signal that is compiled in. */
OTEL__FN uint32_t otel__engine_at(otel_signal signal)
{
    return OTEL__ENGINE_PIPES > 1u ? (uint32_t)signal - (uint32_t)OTEL__ENGINE_FIRST : 0;
}

/* ---- engine: one user at a time ---- */

/* Enter and look at the clocks. Returns false when somebody else is inside. */
OTEL__FN OTEL__NOINLINE bool otel__engine_enter(otel__engine *e)
{
    if (otel__a32_swap(&e->busy, 1u) != 0) {
        return false;
    }
    e->now = otel__mono_ns();
    otel__a64_put(&e->r.anchor, otel__unix_ns() - e->now); /* a step of the wall clock is seen */
    return true;
}

OTEL__INLINE void otel__engine_leave(otel__engine *e) { otel__a32_store(&e->busy, 0); }

/* ---- engine: telling ---- */

#if defined(OTEL_LITE_NO_DIAGNOSTICS)
OTEL__FN void otel__engine_tell_failure(otel__engine *e, otel_signal signal, const char *why)
{
    (void)e;
    (void)signal;
    (void)why;
}

OTEL__FN void otel__engine_tell_losses(otel__engine *e) { (void)e; }
#else

/* Say once a minute at most that requests of a signal fail. */
OTEL__FN OTEL__COLD void otel__engine_tell_failure(otel__engine *e, otel_signal signal,
                                                   const char *why)
{
    static const char *const begin[OTEL_SIGNAL_COUNT] = { "traces: ", "metrics: ", "logs: " };
    otel__pipe *pipe = &e->pipes[otel__engine_at(signal)];

    if (pipe->told_ns == 0 || e->now - pipe->told_ns >= OTEL__ENGINE_TELL) {
        pipe->told_ns = e->now;
        otel__diag(&e->r.sink, OTEL_SEVERITY_WARN,
                   begin[(uint32_t)OTEL__ENGINE_FIRST + otel__engine_at(signal)], why,
                   pipe->attempt > 0 ? "; kept and tried again" : "; the records are dropped");
    }
}

#if defined(OTEL_LITE_NO_TRACES)
#define OTEL__ENGINE_OR_SPANS ""
#else
#define OTEL__ENGINE_OR_SPANS ", or too many spans were open"
#endif

enum { /* of otel__engine.told */
       OTEL__TOLD_ATTRIBUTES,
       OTEL__TOLD_EVENTS,
       OTEL__TOLD_BAD,
       OTEL__TOLD_OVERFLOW,
       OTEL__TOLD_FULL,
       OTEL__TOLD_WINDOW
};

/* Tell of one kind of loss, when there are more than were told. */
OTEL__FN OTEL__NOINLINE void otel__engine_tell(otel__engine *e, unsigned kind, uint32_t count,
                                               const char *what)
{
    if (count != e->told[kind]) {
        e->told[kind] = count;
        e->tell_ns = e->now + OTEL__ENGINE_TELL;
        otel__diag(&e->r.sink, OTEL_SEVERITY_WARN, what, NULL, NULL);
    }
}

/* Records that did not get into a queue. */
OTEL__FN uint32_t otel__engine_refused(const otel__engine *e)
{
    uint32_t n = 0;
    uint32_t i;
    uint32_t k;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            n +=
                (uint32_t)otel__a64_peek(&e->r.losses.dropped[(uint32_t)OTEL__ENGINE_FIRST + i][k]);
        }
    }
    return n;
}

/* Say what recording calls could not keep: they count, the engine tells. */
OTEL__FN void otel__engine_tell_losses(otel__engine *e)
{
    const otel__losses *l = &e->r.losses;

    if (e->now < e->tell_ns) {
        return;
    }
#if !defined(OTEL_LITE_NO_TRACES) || !defined(OTEL_LITE_NO_LOGS) || !defined(OTEL_LITE_NO_VIEWS)
    otel__engine_tell(e, OTEL__TOLD_ATTRIBUTES, otel__a32_peek(&l->attributes),
                      "attributes were dropped: over the limit, without a key, or no room in the "
                      "span");
#endif
#if !defined(OTEL_LITE_NO_TRACES)
    otel__engine_tell(e, OTEL__TOLD_EVENTS, otel__a32_peek(&l->events),
                      "span events were dropped: over the limit, or no room in the span");
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__engine_tell(e, OTEL__TOLD_BAD, otel__a32_peek(&l->bad_values),
                      "values were dropped: not finite, or negative for a counter");
    otel__engine_tell(e, OTEL__TOLD_OVERFLOW, otel__metrics_overflowing(e->r.metrics),
                      "attribute sets over the limit are counted in otel.metric.overflow");
#endif
    otel__engine_tell(e, OTEL__TOLD_FULL, otel__engine_refused(e),
                      "records were dropped: the queue was full" OTEL__ENGINE_OR_SPANS);
#if !defined(OTEL_LITE_NO_METRICS) && !defined(OTEL_LITE_NO_EXPONENTIAL)
    otel__engine_tell(
        e, OTEL__TOLD_WINDOW, otel__a32_peek(&l->lost_values),
        "exponential histograms lost values that came while their window was widened");
#endif
}
#endif

/* ---- engine: collecting ---- */

/* Drop records from the front of the queue, as long as their prefix has all bits of `which`. */
OTEL__FN OTEL__NOINLINE void otel__engine_drop(otel__pipe *pipe, uint32_t which, otel_drop reason)
{
    otel__ring_cursor gone = otel__ring_begin(pipe->ring);
    otel__ring_cursor next = gone;
    const uint8_t    *data;
    uint32_t          n;
    uint32_t          word;

    while (otel__ring_next(pipe->ring, &next, &data, &n)) {
        memcpy(&word, data, sizeof word);
        if ((word & which) != which) {
            break;
        }
        gone = next;
    }
    if (gone.records > 0) {
        otel__a64_bump(&pipe->dropped[reason], gone.records);
        otel__ring_release(pipe->ring, &gone);
        pipe->attempt = 0;
        pipe->resend = 0;
    }
}

#if !defined(OTEL_LITE_NO_METRICS)
/* Whether the newest reading is to go on. */
OTEL__FN bool otel__engine_has_room(const otel__engine *e)
{
    return e->reading_on && otel__ring_queued(e->pipes[OTEL__ENGINE_METRICS].ring) == 0;
}

/* Read on into the ring. */
OTEL__FN void otel__engine_read_on(otel__engine *e)
{
    otel__pipe *pipe = &e->pipes[OTEL__ENGINE_METRICS];

    e->reading_on = !otel__collect_go_on(&e->collect);
    (void)otel__a32_count(&e->lost, e->collect.n_large);
    e->collect.n_large = 0;
    e->behind = e->collect.waiting;
    pipe->due_ns = e->now;
    e->reading = otel__ring_head_load(pipe->ring).count;
}

/* Read all metrics into their ring. Cumulative ones that were not sent are worth nothing once there
 * is a newer reading: those at the front of the queue make room for it now, others are passed over
 * when they are batched. */
OTEL__FN void otel__engine_collect(otel__engine *e)
{
    e->collect_ns = e->now + e->interval_ns;
    if (!e->in_flight || otel__engine_at(e->request.signal) != OTEL__ENGINE_METRICS) {
        otel__engine_drop(&e->pipes[OTEL__ENGINE_METRICS], OTEL__RECORD_CUMULATIVE,
                          OTEL_DROP_SUPERSEDED);
    }
    e->batch.newest =
        ((e->batch.newest + OTEL__RECORD_READING) & ~OTEL__RECORD_SCOPE) | OTEL__RECORD_CUMULATIVE;
    e->collect.tag = e->batch.newest;
    e->collect.request = e->batch.cap - otel__batch_overhead(e->resource.len);
    otel__collect_begin(&e->collect, &e->r);
    otel__engine_read_on(e);
}
#endif

/* ---- engine: answers ---- */

/* The records of the request leave the queue. */
OTEL__FN void otel__engine_release(otel__engine *e, otel__pipe *pipe)
{
    otel__ring_release(pipe->ring, &e->batch.cursor);
    otel__a64_bump(&pipe->dropped[OTEL_DROP_TOO_LARGE], e->batch.n_large);
    (void)otel__a32_count(&e->lost, e->batch.n_large);
    otel__a64_bump(&pipe->dropped[OTEL_DROP_SUPERSEDED], e->batch.n_stale);
    pipe->attempt = 0;
    pipe->resend = 0;
    pipe->failures = 0;
    pipe->retry_ns = 0;
    if (!pipe->whole || otel__ring_queued(pipe->ring) == 0) {
        pipe->due_ns = e->now + pipe->delay_ns;
    }
}

/* Act on an answer. `why` is told when it is not a success. */
OTEL__FN void otel__engine_answered(otel__engine *e, otel_transport_result result, const char *why)
{
    otel__pipe *pipe = &e->pipes[otel__engine_at(e->request.signal)];

    e->in_flight = false;
    otel__a32_store(&e->answer, OTEL__ANSWER_NONE);
    if (result == OTEL_TRANSPORT_SENT) {
        otel__a64_bump(&pipe->delivered, e->batch.n_records);
        pipe->told_ns = 0;
        otel__engine_release(e, pipe);
        return;
    }
    otel__a64_bump(&e->failed, 1u);
    if (result == OTEL_TRANSPORT_RETRY) {
        const uint32_t ms =
            otel__retry_wait(++pipe->failures, e->request.retry_after_ms, otel__engine_random(e));
        pipe->retry_ns = e->now + (uint64_t)ms * 1000000u;
    } else {
        otel__a64_bump(&pipe->dropped[OTEL_DROP_REFUSED], e->batch.n_records);
        (void)otel__a32_count(&e->lost, e->batch.n_records);
        otel__engine_release(e, pipe);
    }
    otel__engine_tell_failure(e, e->request.signal, why);
}

#if !defined(OTEL_LITE_NO_HTTP)
/* The client's exchange is over: turn what came into a result. */
OTEL__FN void otel__engine_http_done(otel__engine *e, otel__net_result result)
{
    const otel__reply    *reply = &e->net.reply;
    otel_transport_result answer = OTEL_TRANSPORT_RETRY; /* no reply: H-24 */
    const char           *why = e->net.error_text;

    if (result == OTEL__NET_DONE) {
        answer = otel__retry_classify(reply->status);
        why = reply->status == 404   ? "the backend answered 404: is the endpoint's path right?"
              : reply->status == 401 ? "the backend answered 401: credentials are missing"
              : reply->status == 413 ? "the backend answered 413: lower max_request_bytes"
              : reply->status >= 500 ? "the backend answered with a server error"
                                     : "the backend refused the request";
        e->request.retry_after_ms = otel__reply_wait_ms(reply, otel__unix_ns() / 1000000000u);
    } else if (e->net.error == OTEL__NET_E_REPLY_LARGE || e->net.error == OTEL__NET_E_HEAD ||
               e->net.error == OTEL__NET_E_TLS) {
        answer = OTEL_TRANSPORT_REFUSED; /* H-25: trying again would not help */
    }
    otel__engine_answered(e, answer, why);
}
#endif

/* Go on with the request under way. Returns true when it is over. */
OTEL__FN bool otel__engine_advance(otel__engine *e)
{
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->use_http) {
        const otel__net_result result = otel__net_step(&e->net, e->now);
        if (result != OTEL__NET_BUSY) {
            otel__engine_http_done(e, result);
        }
        return result != OTEL__NET_BUSY;
    }
#endif
    {
        const uint32_t answer = otel__a32_load(&e->answer);
        if (answer < OTEL__ANSWER_RESULT) {
            return false;
        }
        otel__engine_answered(e, (otel_transport_result)(answer - OTEL__ANSWER_RESULT),
                              "the transport reported a failure");
    }
    return true;
}

/* ---- engine: requests ---- */

/* Whether the signal has something that should go out now. */
OTEL__FN OTEL__NOINLINE bool otel__engine_ready(const otel__engine *e, const otel__pipe *pipe)
{
    uint32_t queued;

    if (!otel__pipe_is_on(pipe) || e->now < pipe->retry_ns) {
        return false;
    }
    queued = otel__ring_queued(pipe->ring);
    return queued > 0 &&
           (queued >= pipe->batch || e->now >= pipe->due_ns || pipe->delay_ns == 0 ||
            e->flushes > 0 || otel__ring_bytes(pipe->ring) > pipe->ring->capacity / 2u);
}

/* Hand the built request over. */
OTEL__FN void otel__engine_send(otel__engine *e, otel_signal signal)
{
    otel__pipe           *pipe = &e->pipes[otel__engine_at(signal)];
    otel_transport_result result;

    pipe->attempt++;
    e->in_flight = true;
    otel__a64_bump(&e->requests, 1u);
    e->request.sdk = e->r.sdk;
    e->request.signal = signal;
    e->request.path = otel__engine_paths[signal];
    e->request.content_type = "application/x-protobuf";
    e->request.body = e->batch.buf;
    e->request.length = e->batch.length;
    e->request.n_records = e->batch.n_records;
    e->request.attempt = pipe->attempt;
    e->request.retry_after_ms = 0;
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->use_http) {
        otel__net_start(&e->net, pipe->path, e->request.content_type, e->batch.buf,
                        e->batch.length);
        return;
    }
#endif
    otel__a32_store(&e->answer, OTEL__ANSWER_WAIT); /* it may complete before send() returns */
    result = e->transport.send(e->transport.user, &e->request);
    if (result != OTEL_TRANSPORT_PENDING) {
        otel__engine_answered(e, result, "the transport reported a failure");
    }
}

/* Start the next request, if a signal has one. Returns false when there is nothing to send. */
OTEL__FN bool otel__engine_start(otel__engine *e)
{
    uint32_t i;

#if !defined(OTEL_LITE_NO_METRICS)
    if (otel__engine_has_room(e)) {
        otel__engine_read_on(e);
    }
#endif
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        const uint32_t at = (e->turn + i) % OTEL__ENGINE_PIPES;
        otel__pipe    *pipe = &e->pipes[at];
        if (!otel__engine_ready(e, pipe)) {
            continue;
        }
        pipe->stalled = false;
        if (otel__batch_build(&e->batch, &e->r, pipe->ring, &e->resource,
                              pipe->resend > 0 ? pipe->resend : pipe->batch)) {
            pipe->resend = e->batch.n_records;
            e->turn = at + 1u;
            otel__engine_send(e, (otel_signal)((uint32_t)OTEL__ENGINE_FIRST + at));
            return true;
        }
        if (e->batch.n_large > 0 || e->batch.n_stale > 0) {
            otel__engine_release(e, pipe);
        } else {
            pipe->stalled = true; /* its producer was interrupted and must get to run */
        }
    }
    return false;
}

/* ---- engine: stepping ---- */

/* When the pipe wants to be looked at: `now` is at once. The wait that a record put into an empty
 * queue counts from: nobody notes its time, so that it is at most one delay behind the last step
 * that saw the queue empty. Without any delay each record wakes the thread, or, where there is
 * none, is looked for now and then. */
OTEL__FN uint64_t otel__engine_due(const otel__engine *e, otel__pipe *pipe)
{
    if (otel__engine_ready(e, pipe)) {
        return pipe->stalled ? e->now + OTEL__ENGINE_STALL : e->now;
    }
    if (e->now < pipe->retry_ns) {
        return pipe->retry_ns;
    }
    if (e->now >= pipe->due_ns) { /* nothing is queued, or it would be ready */
        const uint64_t none = otel__engine_wakes(e) ? otel__sdk_ns(UINT32_MAX) : OTEL__ENGINE_LOOK;
        pipe->due_ns = e->now + (pipe->delay_ns > 0 ? pipe->delay_ns : none);
    }
    return pipe->due_ns; /* whatever is queued: a record may come meanwhile */
}

/* When the engine wants to be stepped next, in monotonic ns. */
OTEL__FN uint64_t otel__engine_wanted(otel__engine *e)
{
    uint64_t at = OTEL__ENGINE_NEVER;
    uint32_t i;

    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        if (otel__pipe_is_on(&e->pipes[i])) {
            const uint64_t due = otel__engine_due(e, &e->pipes[i]);
            at = due < at ? due : at;
        }
    }
    if (e->in_flight) {
        at = OTEL__ENGINE_NEVER; /* only its answer lets another one go out */
    }
#if !defined(OTEL_LITE_NO_HTTP)
    if (e->in_flight && e->use_http) {
        at = otel__net_deadline(&e->net);
    }
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    if (!e->in_flight && otel__engine_has_room(e)) {
        at = e->now;
    }
    if (e->flushes == 0 && e->collect_ns < at) {
        at = e->collect_ns;
    }
#endif
    return at;
}

/* Do everything that can be done without waiting. The caller holds the busy flag. */
OTEL__FN void otel__engine_step(otel__engine *e)
{
    uint32_t rounds;

#if !defined(OTEL_LITE_NO_METRICS)
    if (e->now >= e->collect_ns && e->flushes == 0) {
        otel__engine_collect(e); /* a flush reads by itself */
    }
#endif
    for (rounds = 0; rounds < OTEL__ENGINE_ROUNDS; rounds++) {
        if (e->in_flight) {
            if (!otel__engine_advance(e)) {
                break;
            }
        } else if (!otel__engine_start(e)) {
            break;
        }
    }
    otel__engine_tell_losses(e);
}

#endif /* OTEL__SDK_ENGINE_H */
