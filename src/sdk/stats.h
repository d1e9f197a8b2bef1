/* stats: the counts, the texts of closed lists, and otel_scope_get().
 * Reads atomics and the engine's counters; exact at rest.
 * Spec: self-observability; requirements H-28, C-21, C-22. */
#ifndef OTEL__SDK_STATS_H
#define OTEL__SDK_STATS_H

#include "run.h"

/* ---- stats ---- */

OTEL__FN void otel__sdk_signal_stats(const otel_sdk *sdk, uint32_t signal, otel_signal_stats *s)
{
    const uint32_t    at = signal - (uint32_t)OTEL__ENGINE_FIRST;
    const otel__pipe *pipe = &sdk->e.pipes[at];
    uint64_t          lost = 0;
    uint32_t          i;

    if (at >= OTEL__ENGINE_PIPES || !otel__pipe_is_on(pipe)) {
        return;
    }
    for (i = 0; i < OTEL_DROP_COUNT; i++) {
        const uint64_t before = otel__a64_peek(&sdk->e.r.losses.dropped[signal][i]);
        s->dropped[i] = otel__a64_peek(&pipe->dropped[i]) + before;
        lost += s->dropped[i];
    }
    s->delivered = otel__a64_peek(&pipe->delivered);
    s->queued = otel__ring_queued(pipe->ring);
    s->ended = s->delivered + lost + s->queued; /* spans: counted apart, see below */
    s->started = s->ended;
}

#if !defined(OTEL_LITE_NO_TRACES)
/* Spans are counted where they start, apart from the queue: the identity is a check. */
OTEL__FN void otel__sdk_span_stats(const otel_sdk *sdk, otel_signal_stats *s)
{
    const otel__losses *l = &sdk->e.r.losses;
    uint64_t            slots;
    uint64_t            no_slot;

    otel__trace_count(&sdk->trace, &slots, &s->open);
    no_slot = otel__a64_peek(&l->dropped[OTEL_SIGNAL_TRACES][OTEL_DROP_NO_SLOT]);
    s->started = slots + otel__a64_peek(&sdk->e.r.serial);
    s->unsampled = otel__a64_peek(&sdk->e.r.serial) - no_slot;
    s->ended = slots + no_slot - s->open;
}
#endif

OTEL_API void otel_stats_get(otel_sdk *sdk, otel_stats *stats)
{
    const otel__losses *l;
    uint32_t            i;

    if (stats == NULL) {
        return;
    }
    memset(stats, 0, sizeof *stats);
    if (sdk == NULL) {
        return;
    }
    (void)otel__recorder_live(&sdk->e.r); /* a forked child counts for itself */
    l = &sdk->e.r.losses;
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        otel__sdk_signal_stats(sdk, i, &stats->signal[i]);
    }
#if !defined(OTEL_LITE_NO_TRACES)
    otel__sdk_span_stats(sdk, &stats->signal[OTEL_SIGNAL_TRACES]);
#endif
    stats->dropped_attributes = otel__a32_peek(&l->attributes);
    stats->dropped_events = otel__a32_peek(&l->events);
    stats->bad_values = otel__a32_peek(&l->bad_values);
    stats->busy_handles = otel__a32_peek(&l->busy_handles);
    stats->lost_values = otel__a32_peek(&l->lost_values);
    stats->requests = otel__a64_peek(&sdk->e.requests);
    stats->failed_requests = otel__a64_peek(&sdk->e.failed);
    stats->memory_bytes = sdk->memory_bytes;
#if !defined(OTEL_LITE_NO_METRICS)
    stats->series = otel__a32_peek(&sdk->metrics.n_filled) -
                    otel__a32_peek(&sdk->metrics.n_instruments); /* an overflow series each */
    stats->overflowing_instruments = otel__metrics_overflowing(&sdk->metrics);
    stats->series_bytes_used = (size_t)otel__a32_peek(&sdk->metrics.pool_used) * OTEL__SERIES_UNIT;
#endif
}

OTEL_API uint32_t otel_queue_free(otel_sdk *sdk, otel_signal signal)
{
    const uint32_t    at = (uint32_t)signal - (uint32_t)OTEL__ENGINE_FIRST;
    const otel__pipe *pipe;

    if (sdk == NULL || at >= OTEL__ENGINE_PIPES || !otel__recorder_live(&sdk->e.r)) {
        return 0;
    }
    pipe = &sdk->e.pipes[at];
    return otel__pipe_is_on(pipe) ? pipe->ring->max_records - otel__ring_queued(pipe->ring) : 0;
}

OTEL_API otel_scope *otel_scope_get(otel_sdk *sdk, const char *name, const char *version)
{
    otel_scope *scope;

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return NULL;
    }
    if (name == NULL || name[0] == '\0') { /* C-22 */
        otel__diag(&sdk->e.r.sink, OTEL_SEVERITY_WARN, "an instrumentation scope has no name", NULL,
                   NULL);
    }
    scope = otel__scope_find(&sdk->e.r, name, version);
    if (scope == NULL) {
        otel__diag(&sdk->e.r.sink, OTEL_SEVERITY_ERROR, "no room for the scope ", name,
                   ": raise max_scopes or text_bytes");
    }
    return scope;
}

OTEL_API const char *otel_status_text(otel_status status)
{
    static const signed char numbers[] = {
#define OTEL__STATUS_NUMBER(name, number, text) number,
        OTEL_STATUS_LIST(OTEL__STATUS_NUMBER)
#undef OTEL__STATUS_NUMBER
    };
#define OTEL__STATUS_TEXT(name, number, text) text "\0"
    static const char texts[] = OTEL_STATUS_LIST(OTEL__STATUS_TEXT) "unknown status";
#undef OTEL__STATUS_TEXT
    size_t i = 0;

    while (i < sizeof numbers && numbers[i] != (int)status) {
        i++;
    }
    return otel__text_nth(texts, i);
}

OTEL_API const char *otel_drop_text(otel_drop reason)
{
#define OTEL__DROP_TEXT(name, number, text) text "\0"
    static const char texts[] = OTEL_DROP_LIST(OTEL__DROP_TEXT) "unknown reason";
#undef OTEL__DROP_TEXT

    return otel__text_nth(texts, (unsigned)reason < OTEL_DROP_COUNT ? (size_t)reason
                                                                    : (size_t)OTEL_DROP_COUNT);
}

#endif /* OTEL__SDK_STATS_H */
