/* plan: what an SDK consists of, and how its one block of memory is carved. One function carves and
 * measures, so that otel_memory_needed() is exact. Used by open.h.
 * Spec: requirements C-24, E-02, R-05. */
#ifndef OTEL__SDK_PLAN_H
#define OTEL__SDK_PLAN_H

#include "host.h"

struct otel_sdk {
    otel__engine e;
#if !defined(OTEL_LITE_NO_TRACES)
    otel__trace trace;
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__metrics metrics;
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__logs logs;
#endif
#if !defined(OTEL_LITE_NO_THREADS)
    otel__thread thread;
#endif
#if defined(OTEL__FORK_PAGE)
    otel__a32 *fork_page;
#endif
    otel__a32 closed; /* 1 from the first otel_close() on */
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host host;
#endif
    size_t memory_bytes;
#if !defined(OTEL_LITE_NO_MALLOC)
    bool owned; /* the block came from OTEL_LITE_ALLOC */
#endif
};

/* ---- plan: carving the block ---- */

/* What otel_open() and otel_memory_needed() both work out first. */
typedef struct otel__plan {
    otel__env env;
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host host;
#endif
    otel__resource_facts facts; /* firmware: none */
    otel__diag_sink      sink;
    size_t               resource; /* bytes of the encoded Resource */
} otel__plan;

#define OTEL__PLAN_SLACK 16u /* for a longer process.pid in a forked child */

OTEL__FN otel_status otel__plan_make(otel__plan *plan, const otel_options *options)
{
    otel__out   measure = otel__out_make(NULL, 0);
    otel_status status;

    otel__env_sink(options, &plan->sink);
    status = otel__env_resolve(options, &plan->env, &plan->sink);
    if (status < OTEL_OK) {
        return status;
    }
    if (plan->env.options.disabled || !plan->env.configured) {
        return OTEL_DISABLED;
    }
#if !defined(OTEL_LITE_FREESTANDING)
    otel__host_read(&plan->host, &plan->facts);
#endif
    otel__resource_encode(&measure, &plan->env.resource, &plan->facts, NULL);
    plan->resource = measure.len;
    if (otel__batch_overhead(plan->resource) + 64u > plan->env.options.max_request_bytes) {
        otel__diag(&plan->sink, OTEL_SEVERITY_ERROR,
                   "max_request_bytes: the resource attributes alone are larger", NULL, NULL);
        return OTEL_INVALID;
    }
    return OTEL_OK;
}

/* Whether anything is to be sent; else there is a manual reader alone. */
OTEL__FN bool otel__sdk_sends(const otel_options *o)
{
#if defined(OTEL_LITE_NO_READER)
    (void)o;
    return true;
#else
    return o->transport.send != NULL || o->endpoint != NULL;
#endif
}

OTEL__FN void otel__sdk_carve_ring(otel__arena *a, otel__ring *ring, uint32_t bytes,
                                   uint32_t max_records)
{
    const uint32_t capacity = otel__ring_capacity(bytes);
    uint8_t       *p = (uint8_t *)otel__arena_take(a, capacity, 1);
    if (p != NULL) {
        otel__ring_init(ring, p, capacity, max_records, 0);
    }
}

#if !defined(OTEL_LITE_NO_HTTP)
/* The client: its URL, paths, header lines and reply buffer. */
OTEL__FN void otel__sdk_carve_http(otel__arena *a, otel__engine *e, otel__plan *plan)
{
    const otel_options *o = &plan->env.options;
    const size_t        n_url = strlen(o->endpoint);
    const size_t        n_headers = otel__http_headers_need(otel__text_of(o->headers));
    char               *url = (char *)otel__arena_take(a, n_url + 1u, 1);
    char               *headers = (char *)otel__arena_take(a, n_headers + 1u, 1);
    char               *reply = (char *)otel__arena_take(a, OTEL__ENGINE_REPLY, 1);
    otel__text_buf      lines = { headers, n_headers, 0 };
    otel__net_config    config;
    uint32_t            i;

    memset(&config, 0, sizeof config);
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        e->pipes[i].path = (char *)otel__arena_take(a, n_url + 16u, 1);
    }
    if (!otel__arena_fits(a)) {
        return;
    }
    memcpy(url, o->endpoint, n_url + 1u);
    (void)otel__http_url_parse(otel__text_make(url, n_url), &config.url); /* was valid: env.h */
    otel__env_headers(&plan->env, &lines, &plan->sink);
    for (i = 0; i < OTEL__ENGINE_PIPES; i++) {
        (void)otel__http_path(&config.url, otel__engine_paths[(uint32_t)OTEL__ENGINE_FIRST + i],
                              e->pipes[i].path, n_url + 16u);
    }
    config.headers = otel__text_make(headers, lines.len);
    config.timeout_ms = o->timeout_ms == UINT32_MAX ? 0 : o->timeout_ms;
    config.reply_max = 4u * 1024u * 1024u; /* H-25 */
    config.reply = reply;
    config.reply_cap = OTEL__ENGINE_REPLY;
    otel__net_init(&e->net, &config);
    e->use_http = true;
}
#endif

#if !defined(OTEL_LITE_NO_METRICS)
OTEL__FN OTEL__NOINLINE void otel__sdk_carve_metrics(otel__arena *a, otel__metrics *m,
                                                     const otel_options *o)
{
    m->max_instruments = o->max_instruments;
    m->max_callbacks = o->max_callbacks;
    m->readers[OTEL__READER_PUSH].on = otel__sdk_sends(o);
    m->readers[OTEL__READER_PUSH].temporality = o->temporality;
    m->readers[OTEL__READER_PUSH].histogram_aggregation = o->histogram_aggregation;
    m->readers[OTEL__READER_PUSH].max_series = o->max_series;
#if !defined(OTEL_LITE_NO_READER)
    m->readers[OTEL__READER_MANUAL].on = o->manual_reader;
    m->readers[OTEL__READER_MANUAL].temporality = o->manual_temporality;
    m->readers[OTEL__READER_MANUAL].histogram_aggregation = o->manual_histogram_aggregation;
    m->readers[OTEL__READER_MANUAL].max_series = o->manual_max_series;
#endif
#if !defined(OTEL_LITE_NO_VIEWS)
    m->views = o->views;
    m->n_views = o->views != NULL ? o->n_views : 0;
#endif
#if defined(OTEL_LITE_EXEMPLARS)
    m->exemplar_filter = o->exemplar_filter;
#endif
    m->exponential_max_size = o->exponential_max_size;
    m->drop_instruments = o->drop_instruments;
    otel__sdk_carve_ring(a, &m->ring, o->metric_queue_bytes, 0x7fffffffu);
    otel__metrics_init(m, a, o->series_bytes);
}
#endif

/* Take every piece of the block. In an arena without bytes `sdk` is a scratch object. */
OTEL__FN void otel__sdk_carve(otel__arena *a, otel_sdk *sdk, otel__plan *plan)
{
    const otel_options *o = &plan->env.options;
    otel__recorder     *r = &sdk->e.r;
    uint8_t            *text;

    r->scopes = (otel_scope *)otel__arena_take(a, o->max_scopes, sizeof *r->scopes);
    text = (uint8_t *)otel__arena_take(a, o->text_bytes, 1);
    r->text = otel__arena_make(text, o->text_bytes);
    sdk->e.resource.cap = plan->resource + OTEL__PLAN_SLACK;
    sdk->e.resource.buf = (uint8_t *)otel__arena_take(a, sdk->e.resource.cap, 1);
    sdk->e.batch.cap = o->max_request_bytes;
    sdk->e.batch.buf = (uint8_t *)otel__arena_take(a, sdk->e.batch.cap, 1);
#if !defined(OTEL_LITE_NO_TRACES)
    otel__sdk_carve_ring(a, &sdk->trace.ring, o->span_queue_bytes, o->span_queue);
    otel__trace_init(&sdk->trace, a, r, o->max_open_spans, o->span_chunks);
#endif
#if !defined(OTEL_LITE_NO_METRICS)
    otel__sdk_carve_metrics(a, &sdk->metrics, o);
#endif
#if !defined(OTEL_LITE_NO_LOGS)
    otel__sdk_carve_ring(a, &sdk->logs.ring, o->log_queue_bytes, o->log_queue);
#endif
#if !defined(OTEL_LITE_NO_HTTP)
    if (o->transport.send == NULL && o->endpoint != NULL) {
        otel__sdk_carve_http(a, &sdk->e, plan);
    }
#endif
}

/* Clear `sdk`, the beginning of a block of `size` bytes, all zero, and carve that. Returns the
 * bytes of the whole block for the plan; with size 0 nothing but `sdk` is written, to measure. */
OTEL__FN size_t otel__sdk_lay_out(otel__plan *plan, otel_sdk *sdk, size_t size)
{
    otel__arena block = otel__arena_make(sdk, size);

    memset(sdk, 0, sizeof *sdk);
    (void)otel__arena_take(&block, 1, sizeof *sdk);
    otel__sdk_carve(&block, sdk, plan);
    return block.used;
}

OTEL_API size_t otel_memory_needed(const otel_options *options)
{
    otel__plan plan;
    otel_sdk   scratch;

    if (otel__plan_make(&plan, options) != OTEL_OK) {
        return 0;
    }
    return otel__sdk_lay_out(&plan, &scratch, 0);
}

#endif /* OTEL__SDK_PLAN_H */
