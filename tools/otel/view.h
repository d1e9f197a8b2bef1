/* view: what the three renderers share. A request's bytes have passed otel__otlp_check(), so that
 * readers here take a field's wire type for granted; values are still any value. */
#ifndef OTEL_TOOL_VIEW_H
#define OTEL_TOOL_VIEW_H

#include "base.h"
#include "text.h"

/* Bytes inside the request: a message, a string, an id. */
typedef struct bytes {
    const uint8_t *p; /* NULL: absent */
    size_t         n;
} bytes;

typedef struct view {
    text     out;      /* what is shown of the request at hand                   */
    text     resource; /* the headings as last shown, to show changes only       */
    text     scope;
    bool     after_block; /* a tree or table was shown last: an empty line ends it */
    uint64_t spans;       /* records seen so far                                       */
    uint64_t metrics;
    uint64_t logs;
} view;

/* ---- reading ---- */

/* The bytes of a length-delimited field. */
bytes view_bytes(const otel__pb_field *f);

/* The last field `number` of a message, or absent. */
bytes view_find(bytes message, uint32_t number);

/* The last field `number` of a message as a number; 0 when absent. */
uint64_t view_number(bytes message, uint32_t number);

/* The next field `number` of a message, which must be length-delimited; false at the end. */
bool view_next(otel__pb *message, uint32_t number, bytes *found);

otel__pb view_open(bytes message);

/* ---- writing ---- */

void view_escape(text *t, bytes s, char quote);

/* An AnyValue: "text", 12, 2.5, true, 0xbytes, [array], {key=value}, empty. */
void view_value(text *t, bytes value);

/* The attributes that are the fields `number` of a message: {a=1, b="x"}; nothing when none. */
void view_attributes(text *t, bytes message, uint32_t number);

/* "  trace=<hex>", when the id is there. */
void view_id(text *t, const char *label, bytes id);

/* "  (3 attributes dropped)", when there were any. */
void view_dropped(text *t, uint64_t n, const char *what);

/* What follows "scope " in a heading: name, version, attributes. */
void view_scope(text *t, bytes scope_message);

/* The lines "resource {...}" and "scope name version", each when it differs from the last; true
 * when there was one. The messages are Resource* and Scope*, whose fields have the same numbers in
 * all three signals. */
bool view_headings(view *v, bytes resource_message, bytes scope_message);

/* Where lines below a record or point begin. */
#define VIEW_INDENT "      "

/* ---- the signals: render one Export*ServiceRequest into v->out ---- */

void render_traces(view *v, bytes request);
void render_metrics(view *v, bytes request);
void render_logs(view *v, bytes request);

/* Count, sum, least and greatest of a point that is a distribution, in one line. `data` is the
 * field of Metric it came in: OTEL__METRIC_histogram, _exponentialHistogram or _summary. */
void render_distribution(text *t, bytes point, uint32_t data);

/* The lines below a distribution's: its buckets or quantiles. */
void render_buckets(text *t, bytes point, uint32_t data);

#endif /* OTEL_TOOL_VIEW_H */
