/* render_metrics: data points as a table for each scope, one line a point. The points are walked
 * twice, to measure the columns and to write them, so that nothing is kept of them. */
#include "view.h"

#define COLUMNS    5  /* metric, kind, unit, attributes, value                       */
#define COLUMN_MAX 44 /* a wider cell moves the rest of its line, not of all lines   */

typedef struct table {
    text  *out;            /* NULL: measure                                          */
    size_t width[COLUMNS]; /* so far                                                 */
    text   line;           /* the cells of the point at hand, one after the other    */
    size_t end[COLUMNS];   /* where in `line` each cell ends                         */
} table;

/* A metric and its points; which of the five kinds it is stands in `data` as the field's number. */
typedef struct metric {
    bytes    message;
    bytes    data_message;
    uint32_t data; /* OTEL__METRIC_gauge, _sum, ...; 0: none */
} metric;

/* ---- cells ---- */

#define DELTA      1u /* AggregationTemporality */
#define CUMULATIVE 2u

static void put_temporality(text *t, uint64_t temporality)
{
    if (temporality != CUMULATIVE) { /* which goes without saying */
        text_add(t, temporality == DELTA ? " delta" : " (no temporality)");
    }
}

static bool is_delta(const metric *m)
{
    return m->data == OTEL__METRIC_sum
               ? view_number(m->data_message, OTEL__SUM_aggregationTemporality) == DELTA
               : (m->data == OTEL__METRIC_histogram ||
                  m->data == OTEL__METRIC_exponentialHistogram) &&
                     view_number(m->data_message, OTEL__HISTOGRAM_aggregationTemporality) == DELTA;
}

/* What a delta point covers: without it its value says little. The two times have the same numbers
 * in all kinds of points. */
static void put_interval(text *t, bytes point)
{
    const uint64_t start = view_number(point, OTEL__NUMBER_POINT_startTimeUnixNano);
    const uint64_t end = view_number(point, OTEL__NUMBER_POINT_timeUnixNano);

    if (start > 0 && start < end) {
        text_style(t, STYLE_DIM);
        text_add(t, " in ");
        text_duration(t, end - start);
        text_style(t, STYLE_PLAIN);
    }
}

static void put_kind(text *t, const metric *m)
{
    switch (m->data) {
    case OTEL__METRIC_gauge: text_add(t, "gauge"); break;
    case OTEL__METRIC_sum:
        text_add(t,
                 view_number(m->data_message, OTEL__SUM_isMonotonic) != 0 ? "counter" : "updown");
        put_temporality(t, view_number(m->data_message, OTEL__SUM_aggregationTemporality));
        break;
    case OTEL__METRIC_histogram:
    case OTEL__METRIC_exponentialHistogram:
        text_add(t, m->data == OTEL__METRIC_histogram ? "histogram" : "exphistogram");
        put_temporality(t, view_number(m->data_message, OTEL__HISTOGRAM_aggregationTemporality));
        break;
    case OTEL__METRIC_summary: text_add(t, "summary"); break;
    default: text_add(t, "none"); break;
    }
}

/* The numbers of the two fields are those of NumberDataPoint or of Exemplar. */
static void put_number(text *t, bytes point, uint32_t as_double, uint32_t as_int)
{
    otel__pb       m = view_open(point);
    otel__pb_field f, found = { 0, 0, 0, NULL, 0 };

    while (otel__pb_next(&m, &f) == 1) {
        found = f.number == as_double || f.number == as_int ? f : found;
    }
    if (found.number == 0) {
        text_add(t, "(no value)");
    } else if (found.number == as_int) {
        text_format(t, "%lld", (long long)found.value);
    } else {
        text_double(t, otel__platform_bits_double(found.value), false);
    }
}

static bool is_number(const metric *m)
{
    return m->data == OTEL__METRIC_gauge || m->data == OTEL__METRIC_sum;
}

/* The number of the field that holds the attributes, or the exemplars, of a point. */
static uint32_t attributes_of(const metric *m)
{
    return m->data == OTEL__METRIC_histogram              ? OTEL__HISTOGRAM_POINT_attributes
           : m->data == OTEL__METRIC_exponentialHistogram ? OTEL__EXPONENTIAL_POINT_attributes
                                                          : OTEL__NUMBER_POINT_attributes;
}

static uint32_t exemplars_of(const metric *m)
{
    return m->data == OTEL__METRIC_histogram              ? OTEL__HISTOGRAM_POINT_exemplars
           : m->data == OTEL__METRIC_exponentialHistogram ? OTEL__EXPONENTIAL_POINT_exemplars
                                                          : OTEL__NUMBER_POINT_exemplars;
}

static void put_value(text *t, const metric *m, bytes point)
{
    text_style(t, STYLE_HEADING);
    if (point.p == NULL) {
        text_add(t, "(no points)");
    } else if (is_number(m)) {
        put_number(t, point, OTEL__NUMBER_POINT_asDouble, OTEL__NUMBER_POINT_asInt);
    } else {
        render_distribution(t, point, m->data);
    }
    text_style(t, STYLE_PLAIN);
    if (is_delta(m)) {
        put_interval(t, point);
    }
}

/* ---- lines ---- */

/* The line's cells have been written: measure them, or copy them into their columns. */
static void end_line(table *t)
{
    size_t from = 0;

    for (int i = 0; i < COLUMNS; i++) {
        text         cell = t->line;
        const size_t start = t->out != NULL ? t->out->length : 0;
        size_t       width;

        cell.length = t->end[i];
        width = text_width(&cell, from);
        if (t->out == NULL) {
            width = width < COLUMN_MAX ? width : COLUMN_MAX;
            t->width[i] = width > t->width[i] ? width : t->width[i];
        } else if (i + 1 < COLUMNS || width > 0) {
            text_put(t->out, t->line.data + from, t->end[i] - from);
            text_pad(t->out, start, i + 1 < COLUMNS ? t->width[i] : 0);
            text_add(t->out, i + 1 < COLUMNS ? "  " : "");
        }
        from = t->end[i];
    }
    if (t->out != NULL) {
        text_add(t->out, "\n");
    }
    t->line.length = 0;
}

static void head_line(table *t)
{
    static const char *const titles[COLUMNS] = { "metric", "kind", "unit", "attributes", "value" };

    for (int i = 0; i < COLUMNS; i++) {
        text_style(&t->line, STYLE_DIM);
        text_add(&t->line, i == 0 ? "  " : "");
        text_add(&t->line, titles[i]);
        text_style(&t->line, STYLE_PLAIN);
        t->end[i] = t->line.length;
    }
    end_line(t);
}

static void point_line(table *t, const metric *m, bytes point)
{
    text *line = &t->line;

    text_add(line, "  ");
    text_style(line, STYLE_NAME);
    view_escape(line, view_find(m->message, OTEL__METRIC_name), 0);
    text_style(line, STYLE_PLAIN);
    t->end[0] = line->length;
    put_kind(line, m);
    t->end[1] = line->length;
    view_escape(line, view_find(m->message, OTEL__METRIC_unit), 0);
    t->end[2] = line->length;
    view_attributes(line, point, attributes_of(m));
    t->end[3] = line->length;
    put_value(line, m, point);
    t->end[4] = line->length;
    end_line(t);
}

static void put_exemplars(text *t, bytes point, uint32_t number)
{
    otel__pb m = view_open(point);
    bytes    exemplar;

    while (view_next(&m, number, &exemplar)) {
        text_add(t, VIEW_INDENT "exemplar ");
        put_number(t, exemplar, OTEL__EXEMPLAR_asDouble, OTEL__EXEMPLAR_asInt);
        text_add(t, "  ");
        text_clock(t, view_number(exemplar, OTEL__EXEMPLAR_timeUnixNano));
        view_id(t, "trace", view_find(exemplar, OTEL__EXEMPLAR_traceId));
        view_id(t, "span", view_find(exemplar, OTEL__EXEMPLAR_spanId));
        text_add(t, "  ");
        view_attributes(t, exemplar, OTEL__EXEMPLAR_filteredAttributes);
        text_add(t, "\n");
    }
}

/* ---- walking ---- */

static metric read_metric(bytes message)
{
    otel__pb       m = view_open(message);
    otel__pb_field f;
    metric         found = { { NULL, 0 }, { NULL, 0 }, 0 };

    found.message = message;
    while (otel__pb_next(&m, &f) == 1) {
        const otel__otlp_row *row = otel__otlp_find(OTEL__OTLP_METRIC, f.number);

        if (row != NULL && row->presence == OTEL__HAS_CHOICE) {
            found.data = f.number;
            found.data_message = view_bytes(&f);
        }
    }
    return found;
}

/* Every point of every metric of a scope; a metric without one gets a line too. */
static void walk_points(table *t, bytes scope)
{
    otel__pb metrics = view_open(scope);
    bytes    message, point, none = { NULL, 0 };

    while (view_next(&metrics, OTEL__SCOPE_METRICS_metrics, &message)) {
        const metric m = read_metric(message);
        otel__pb     points = view_open(m.data_message);
        bool         any = false;

        /* dataPoints has the same number in all five kinds */
        while (view_next(&points, OTEL__SUM_dataPoints, &point)) {
            any = true;
            point_line(t, &m, point);
            if (t->out != NULL && !is_number(&m)) {
                render_buckets(t->out, point, m.data);
            }
            if (t->out != NULL && m.data != OTEL__METRIC_summary) {
                put_exemplars(t->out, point, exemplars_of(&m));
            }
        }
        if (!any) {
            point_line(t, &m, none);
        }
    }
}

static uint64_t count_metrics(bytes scope)
{
    otel__pb metrics = view_open(scope);
    bytes    message;
    uint64_t n = 0;

    while (view_next(&metrics, OTEL__SCOPE_METRICS_metrics, &message)) {
        n++;
    }
    return n;
}

static void render_scope(view *v, bytes scope)
{
    table t;

    memset(&t, 0, sizeof t);
    t.line.colour = v->out.colour;
    head_line(&t);
    walk_points(&t, scope);
    t.out = &v->out;
    head_line(&t);
    walk_points(&t, scope);
    text_free(&t.line);
}

void render_metrics(view *v, bytes request)
{
    otel__pb resources = view_open(request);
    bytes    resource, scope;

    while (view_next(&resources, OTEL__METRICS_REQUEST_resourceMetrics, &resource)) {
        otel__pb scopes = view_open(resource);

        while (view_next(&scopes, OTEL__RESOURCE_METRICS_scopeMetrics, &scope)) {
            const uint64_t n = count_metrics(scope);

            v->metrics += n;
            if (n > 0) {
                if (!view_headings(v, resource, scope)) {
                    text_add(&v->out, "\n");
                }
                render_scope(v, scope);
                v->after_block = true;
            }
        }
    }
}
