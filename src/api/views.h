/* views: what becomes of measurements on their way to a backend: views, exemplars, and a second
 * reader whose points a program looks at as C structs, in its tests or to show them itself.
 * Spec: metrics/sdk.md "View", "Exemplar", "MetricReader". */
#ifndef OTEL__API_VIEWS_H
#define OTEL__API_VIEWS_H

#include "bound.h"

#if !defined(OTEL_LITE_NO_METRICS)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- views: exemplars ---- */

/* A measurement on its way into a series. */
typedef struct otel_measurement {
    uint64_t     time_ns; /* Unix */
    bool         is_double;
    int64_t      i;       /* the value, of integer instruments     */
    double       d;       /* the value, of all                     */
    otel_attrs   attrs;   /* as they were recorded, before a view  */
    otel_context context; /* of the current span; zeroed when none */
} otel_measurement;

#define OTEL_EXEMPLAR_SKIP 0xffffffffu

/* A place for the exemplars of one series, and who chooses them, instead of the standard ones: the
 * last value of each bucket for explicit buckets, a fair sample for the rest.
 *   size   exemplars of one series, from 1 to 64
 *   offer  called while recording, for each measurement that passes the filter; returns which of
 *          the `size` places it takes, or OTEL_EXEMPLAR_SKIP. `seen` counts those before it since
 *          the last reading. Like recording it runs on any thread and in signal handlers: it must
 *          not wait and not record. */
typedef struct otel_exemplar_reservoir {
    uint32_t size;
    uint32_t (*offer)(void *user, const otel_measurement *measurement, uint32_t seen);
    void *user;
} otel_exemplar_reservoir;

/* ---- views ---- */

/* Instruments, and what becomes of their measurements. Each view that matches an instrument makes a
 * stream of it, with its own series and one of max_instruments; without one it has the stream that
 * its creation asked for. All that is set has to match; what is zero matches all, or changes
 * nothing. One that does not make sense for an instrument is ignored there, and reported.
 *   instrument_name   as created, in any case; * stands for any text, ? for one byte
 *   instrument_kinds  bits 1u << enum otel_instrument
 *   name              of the stream; may be any text
 *   keep              keys that stay, ended by NULL; the others are left out, and values whose
 *                     attributes are then equal become one series. With exemplars compiled in, what
 *                     is left out may still leave the program on them. At most 32 can stay, in
 *                     firmware 16; what is more counts as dropped
 *   exclude           keys that are left out, ended by NULL, after `keep`
 *   aggregation       enum otel_aggregation; bounds to no_min_max as in otel_histogram_options
 *   max_series        attribute sets, before the overflow series
 *   reservoir         NULL: the standard one */
typedef struct otel_view {
    const char *instrument_name;
    uint32_t    instrument_kinds;
    const char *instrument_unit;
    const char *scope_name;
    const char *scope_version;

    const char                    *name;
    const char                    *description;
    const char *const             *keep;
    const char *const             *exclude;
    uint32_t                       aggregation;
    const double                  *bounds;
    size_t                         n_bounds;
    uint32_t                       max_size;
    int32_t                        max_scale;
    bool                           no_min_max;
    uint32_t                       max_series;
    const otel_exemplar_reservoir *reservoir;
} otel_view;

/* ---- views: the second reader ---- */

/* A sampled measurement of a point. */
typedef struct otel_exemplar {
    uint64_t     time_ns; /* Unix */
    bool         is_double;
    int64_t      i;
    double       d;
    otel_context context; /* trace_id and span_id; zeroed when no span was current */
    otel_attrs   attrs;   /* those that a view left out */
} otel_exemplar;

/* Buckets of one sign of an exponential histogram: counts[i] is that of index offset + i. */
typedef struct otel_buckets {
    int32_t         offset;
    uint32_t        n;
    const uint64_t *counts;
} otel_buckets;

/* One point of a reading. Everything is borrowed for the call; texts of attributes have lengths and
 * no terminating NUL. Numbers are OTLP's. */
typedef struct otel_point {
    const char      *scope_name;
    const char      *scope_version;
    const char      *name; /* of the metric */
    const char      *unit;
    const char      *description;
    otel_instrument  kind;
    otel_aggregation aggregation; /* SUM, LAST_VALUE or one of the histograms       */
    otel_temporality temporality; /* DELTA or CUMULATIVE; DEFAULT for a last value  */
    bool             is_monotonic;
    bool             is_double; /* which of `i` and `d` was recorded; both are set  */
    uint64_t         start_ns;  /* Unix */
    uint64_t         time_ns;
    otel_attrs       attrs;
    /* sum, last value */
    int64_t i;
    double  d;
    /* histograms */
    uint64_t        count;
    bool            has_sum; /* not when it could fall: negative values, up-down counters, gauges */
    double          sum;
    bool            has_min_max;
    double          min;
    double          max;
    const double   *bounds; /* explicit */
    uint32_t        n_bounds;
    const uint64_t *buckets; /* n_bounds + 1 */
    int32_t         scale;   /* exponential */
    uint64_t        zero_count;
    otel_buckets    positive;
    otel_buckets    negative;
    /* compiled with OTEL_LITE_EXEMPLARS: at most 64; `attrs` and theirs are 128 at most */
    const otel_exemplar *exemplars;
    uint32_t             n_exemplars;
} otel_point;

/* Takes one point. Runs on the thread that reads; may record, must not poll, read, flush or close.
 * While it looks at an exponential histogram, recorders are held off from widening that series'
 * window: values may be lost (otel_stats: lost_values) when it takes its time. */
typedef void (*otel_point_fn)(void *user, const otel_point *point);

/* Read all metrics for the second reader (options.manual_reader), callbacks included, and look at
 * each point. What it reads is its own: other readings go on undisturbed, and each reader sees
 * every measurement once.
 *
 *   point       called for each point; NULL to let a delta reading pass
 *   timeout_ms  how long to wait for another thread that is inside the engine; 0 = one try;
 *               OTEL_NO_LIMIT is possible
 * Returns  OTEL_OK; OTEL_TIMEOUT (another thread stayed inside and nothing was read, or a histogram
 *          is a moment behind: the rest of its values comes with the next reading); OTEL_DISABLED;
 *          OTEL_INVALID without options.manual_reader.
 * Threads  as otel_flush().
 * Spec     metrics/sdk.md "MetricReader", "Collect". */
OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms);

/* The attribute with that key, or NULL. Any thread. */
OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key);

#ifdef __cplusplus
}
#endif

#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__API_VIEWS_H */
