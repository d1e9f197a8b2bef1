/* render_traces: the spans of one request as a tree for each trace, with durations, a bar that
 * shows when in the trace a span ran, attributes, events and links. Spans may come in any order;
 * a parent that is not in the request makes its child a root that says so. */
#include "view.h"

#include <stdlib.h>

#define NAME_MAX_WIDTH 48 /* wider names move the rest of their line only */
#define INDENT_MAX     24 /* levels that are shown by indenting           */
#define BAR_WIDTH      20

typedef struct span {
    bytes        message;
    bytes        resource; /* the Resource* and Scope* around it */
    bytes        scope;
    bytes        trace_id; /* 16 bytes */
    bytes        id;       /* 8 bytes  */
    bytes        parent_id;
    uint64_t     start;
    uint64_t     end;      /* not before start */
    size_t       position; /* in the request   */
    struct span *parent;   /* in the request, else NULL */
    struct span *first_child;
    struct span *last_child;
    struct span *next; /* of the same parent */
    bool         shown;
} span;

typedef struct forest {
    span  *spans; /* owned; in the order they came */
    size_t count;
    size_t room;
    span **by_id;   /* owned; sorted by trace, id    */
    span **by_time; /* owned; sorted by trace, start */
} forest;

/* The spans of one trace, within by_time. */
typedef struct group {
    span **first;
    size_t count;
} group;

/* What the lines of one trace share. */
typedef struct frame {
    const span *top; /* its resource and scope are those of the heading */
    uint64_t    start;
    uint64_t    end;
    size_t      name_width; /* of indent and name */
} frame;

/* ---- collecting ---- */

static span read_span(bytes message)
{
    span s;

    memset(&s, 0, sizeof s);
    s.message = message;
    s.trace_id = view_find(message, OTEL__SPAN_traceId);
    s.id = view_find(message, OTEL__SPAN_spanId);
    s.parent_id = view_find(message, OTEL__SPAN_parentSpanId);
    s.start = view_number(message, OTEL__SPAN_startTimeUnixNano);
    s.end = view_number(message, OTEL__SPAN_endTimeUnixNano);
    return s;
}

static void keep_span(forest *f, const span *s)
{
    if (f->count == f->room) {
        f->room = f->room * 2 + 64;
        f->spans = (span *)text_memory(f->spans, f->room * sizeof(span));
    }
    f->spans[f->count] = *s;
    f->spans[f->count].position = f->count;
    f->count++;
}

/* ---- linking ---- */

static int compare_ids(const void *a, const void *b)
{
    const span *x = *(span *const *)a, *y = *(span *const *)b;
    const int   trace = memcmp(x->trace_id.p, y->trace_id.p, 16);

    return trace != 0 ? trace : memcmp(x->id.p, y->id.p, 8);
}

static int compare_numbers(uint64_t x, uint64_t y) { return x < y ? -1 : x > y; }

static int compare_times(const void *a, const void *b)
{
    const span *x = *(span *const *)a, *y = *(span *const *)b;
    const int   trace = memcmp(x->trace_id.p, y->trace_id.p, 16);
    const int   start = compare_numbers(x->start, y->start);

    return trace != 0 ? trace : start != 0 ? start : compare_numbers(x->position, y->position);
}

static span *find_parent(const forest *f, const span *s)
{
    span   wanted = *s, *key = &wanted;
    span **found;

    if (s->parent_id.n != 8) {
        return NULL;
    }
    wanted.id = s->parent_id;
    found = (span **)bsearch(&key, f->by_id, f->count, sizeof *f->by_id, compare_ids);
    return found != NULL && *found != s ? *found : NULL;
}

static void link_spans(forest *f)
{
    f->by_id = (span **)text_memory(NULL, f->count * sizeof(span *));
    f->by_time = (span **)text_memory(NULL, f->count * sizeof(span *));
    for (size_t i = 0; i < f->count; i++) {
        f->by_id[i] = &f->spans[i];
        f->by_time[i] = &f->spans[i];
    }
    qsort(f->by_id, f->count, sizeof *f->by_id, compare_ids);
    qsort(f->by_time, f->count, sizeof *f->by_time, compare_times);
    for (size_t i = 0; i < f->count; i++) { /* in this order children end up sorted by time */
        span *s = f->by_time[i];

        s->parent = find_parent(f, s);
        if (s->parent == NULL) {
            continue;
        }
        if (s->parent->last_child != NULL) {
            s->parent->last_child->next = s;
        } else {
            s->parent->first_child = s;
        }
        s->parent->last_child = s;
    }
}

/* ---- walking: without recursion, senders choose the depth ---- */

static span *unshown(span *s)
{
    while (s != NULL && s->shown) { /* only a span in a circle was shown before its parent's turn */
        s = s->next;
    }
    return s;
}

/* The span after `s` in the tree under `top`, or NULL at its end; depth follows. */
static span *next_in_tree(const span *top, span *s, size_t *depth)
{
    span *next = unshown(s->first_child);

    if (next != NULL) {
        *depth += 1;
        return next;
    }
    while (s != top) {
        next = unshown(s->next);
        if (next != NULL) {
            return next;
        }
        s = s->parent;
        *depth -= 1;
    }
    return NULL;
}

/* ---- lines ---- */

static void put_indent(text *t, size_t depth)
{
    text_repeat(t, ' ', 2 + 2 * (depth < INDENT_MAX ? depth : INDENT_MAX));
}

/* When in the trace the span ran: |   ====    |. */
static void put_bar(text *t, const frame *f, const span *s)
{
    const double all = f->end > f->start ? (double)(f->end - f->start) : 1.0;
    size_t       from = (size_t)((double)(s->start - f->start) / all * BAR_WIDTH);
    size_t       to = (size_t)((double)(s->end - f->start) / all * BAR_WIDTH);

    from = from < BAR_WIDTH ? from : BAR_WIDTH - 1;
    to = to > from ? to : from + 1;
    text_style(t, STYLE_DIM);
    text_add(t, "|");
    text_repeat(t, ' ', from);
    text_repeat(t, '=', to - from);
    text_repeat(t, ' ', BAR_WIDTH - to);
    text_add(t, "|");
    text_style(t, STYLE_PLAIN);
}

static void put_kind(text *t, uint64_t kind)
{
    static const char *const names[] = { "unspecified", NULL,       "server",
                                         "client",      "producer", "consumer" };

    if (kind >= sizeof names / sizeof names[0]) {
        text_format(t, "  kind %lld", (long long)kind);
    } else if (names[kind] != NULL) { /* internal goes without saying */
        text_format(t, "  %s", names[kind]);
    }
}

static void put_status(text *t, bytes status)
{
    const uint64_t code = view_number(status, OTEL__STATUS_code);
    const bytes    message = view_find(status, OTEL__STATUS_message);

    if (code != 0) {
        text_style(t, code == 1 ? STYLE_GOOD : STYLE_BAD);
        text_add(t, code == 1 ? "  OK" : code == 2 ? "  ERROR" : "  status ");
        if (code > 2) {
            text_format(t, "%lld", (long long)code);
        }
        text_style(t, STYLE_PLAIN);
    }
    if (message.n > 0) {
        text_add(t, " \"");
        view_escape(t, message, '"');
        text_add(t, "\"");
    }
}

static bool same_bytes(bytes a, bytes b)
{
    return a.n == b.n && (a.n == 0 || a.p == b.p || memcmp(a.p, b.p, a.n) == 0);
}

/* The resource and scope of a span, where they are not those of the heading. */
static void put_origin(text *t, const span *top, const span *s)
{
    const bytes ours = view_find(s->resource, OTEL__RESOURCE_SPANS_resource);
    const bytes theirs = view_find(top->resource, OTEL__RESOURCE_SPANS_resource);

    if (!same_bytes(ours, theirs)) {
        text_add(t, "  resource=");
        view_attributes(t, ours, OTEL__RESOURCE_attributes);
    }
    if (s->scope.p != top->scope.p && !same_bytes(view_find(s->scope, OTEL__SCOPE_SPANS_scope),
                                                  view_find(top->scope, OTEL__SCOPE_SPANS_scope))) {
        text_add(t, "  scope=");
        view_scope(t, s->scope);
    }
}

static void put_attributes(text *t, bytes message, uint32_t number)
{
    if (view_find(message, number).p != NULL) {
        text_add(t, "  ");
        view_attributes(t, message, number);
    }
}

/* Events, with the time since the span's start, and links. */
static void put_details(text *t, const span *s, size_t depth)
{
    otel__pb events = view_open(s->message), links = events;
    bytes    item;

    while (view_next(&events, OTEL__SPAN_events, &item)) {
        const uint64_t time = view_number(item, OTEL__EVENT_timeUnixNano);

        put_indent(t, depth);
        text_add(t, time < s->start ? "  * -" : "  * +");
        text_duration(t, time < s->start ? s->start - time : time - s->start);
        text_add(t, "  ");
        view_escape(t, view_find(item, OTEL__EVENT_name), 0);
        put_attributes(t, item, OTEL__EVENT_attributes);
        view_dropped(t, view_number(item, OTEL__EVENT_droppedAttributesCount), "attributes");
        text_add(t, "\n");
    }
    while (view_next(&links, OTEL__SPAN_links, &item)) {
        put_indent(t, depth);
        text_add(t, "  > link");
        view_id(t, "trace", view_find(item, OTEL__LINK_traceId));
        view_id(t, "span", view_find(item, OTEL__LINK_spanId));
        put_attributes(t, item, OTEL__LINK_attributes);
        view_dropped(t, view_number(item, OTEL__LINK_droppedAttributesCount), "attributes");
        text_add(t, "\n");
    }
}

static void put_span(text *t, const frame *f, const span *s, size_t depth)
{
    const size_t from = t->length;
    const bytes  message = s->message, state = view_find(message, OTEL__SPAN_traceState);
    text         duration = { NULL, 0, 0, false };

    put_indent(t, depth);
    text_style(t, STYLE_NAME);
    view_escape(t, view_find(message, OTEL__SPAN_name), 0);
    text_style(t, STYLE_PLAIN);
    text_pad(t, from, f->name_width);
    text_duration(&duration, s->end - s->start);
    text_repeat(t, ' ', duration.length < 12 ? 12 - duration.length : 1);
    text_put(t, duration.data, duration.length);
    text_free(&duration);
    text_add(t, "  ");
    put_bar(t, f, s);
    put_kind(t, view_number(message, OTEL__SPAN_kind));
    put_status(t, view_find(message, OTEL__SPAN_status));
    put_attributes(t, message, OTEL__SPAN_attributes);
    if (state.n > 0) {
        text_add(t, "  tracestate=");
        view_escape(t, state, 0);
    }
    put_origin(t, f->top, s);
    if (s->parent == NULL && s->parent_id.n > 0) { /* an orphan */
        view_id(t, "parent", s->parent_id);
        text_add(t, " (not in this request)");
    } else if (s->parent != NULL && !s->parent->shown) {
        text_add(t, "  (parents in a circle)");
    }
    if (view_number(message, OTEL__SPAN_endTimeUnixNano) < s->start) {
        text_add(t, "  (ends before its start)");
    }
    view_dropped(t, view_number(message, OTEL__SPAN_droppedAttributesCount), "attributes");
    view_dropped(t, view_number(message, OTEL__SPAN_droppedEventsCount), "events");
    view_dropped(t, view_number(message, OTEL__SPAN_droppedLinksCount), "links");
    text_add(t, "\n");
    put_details(t, s, depth);
}

/* ---- traces ---- */

/* The times of the spans, and the room their names take at the depth they will have. */
static frame measure(const group *g)
{
    frame f;
    text  name = { NULL, 0, 0, false };

    f.top = g->first[0];
    f.start = g->first[0]->start;
    f.end = f.start;
    f.name_width = 0;
    for (size_t i = 0; i < g->count; i++) {
        size_t depth = 0, width;

        for (const span *p = g->first[i]->parent; p != NULL && depth < INDENT_MAX; p = p->parent) {
            depth++;
        }
        name.length = 0;
        put_indent(&name, depth);
        view_escape(&name, view_find(g->first[i]->message, OTEL__SPAN_name), 0);
        width = text_width(&name, 0);
        width = width < NAME_MAX_WIDTH ? width : NAME_MAX_WIDTH;
        f.name_width = width > f.name_width ? width : f.name_width;
        f.end = g->first[i]->end > f.end ? g->first[i]->end : f.end;
    }
    text_free(&name);
    return f;
}

static void show_tree(text *t, const frame *f, span *top)
{
    size_t depth = 0;

    for (span *s = top; s != NULL; s = next_in_tree(top, s, &depth)) {
        put_span(t, f, s, depth);
        s->shown = true;
    }
}

static void show_trace(view *v, const group *g)
{
    const frame f = measure(g);
    text       *t = &v->out;

    v->after_block = true;
    if (!view_headings(v, f.top->resource, f.top->scope)) {
        text_add(t, "\n");
    }
    text_style(t, STYLE_HEADING);
    text_add(t, "trace ");
    text_hex(t, f.top->trace_id.p, 16);
    text_style(t, STYLE_PLAIN);
    text_format(t, "  %lu span%s  ", (unsigned long)g->count, g->count == 1 ? "" : "s");
    text_duration(t, f.end - f.start);
    text_add(t, "\n");
    for (size_t i = 0; i < g->count; i++) {
        if (g->first[i]->parent == NULL) {
            show_tree(t, &f, g->first[i]);
        }
    }
    for (size_t i = 0; i < g->count; i++) { /* what no root leads to */
        if (!g->first[i]->shown) {
            show_tree(t, &f, g->first[i]);
        }
    }
}

/* A span that cannot be in a tree: its ids are not 16 and 8 bytes. Shown by itself. */
static void show_stray(view *v, const span *s)
{
    frame f;

    f.top = s;
    f.start = s->start;
    f.end = s->end;
    f.name_width = 0;
    (void)view_headings(v, s->resource, s->scope);
    text_add(&v->out, "span without valid ids\n");
    put_span(&v->out, &f, s, 0);
}

static int compare_groups(const void *a, const void *b)
{
    const span *x = ((const group *)a)->first[0], *y = ((const group *)b)->first[0];
    const int   start = compare_numbers(x->start, y->start);

    return start != 0 ? start : compare_numbers(x->position, y->position);
}

/* Show the traces by the start of their first spans. */
static void show_forest(view *v, const forest *f)
{
    group *groups = (group *)text_memory(NULL, f->count * sizeof(group));
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++) {
        span **at = &f->by_time[i];

        if (i == 0 || memcmp(at[0]->trace_id.p, at[-1]->trace_id.p, 16) != 0) {
            groups[n].first = at;
            groups[n++].count = 0;
        }
        groups[n - 1].count++;
    }
    qsort(groups, n, sizeof *groups, compare_groups);
    for (size_t i = 0; i < n; i++) {
        show_trace(v, &groups[i]);
    }
    free(groups);
}

void render_traces(view *v, bytes request)
{
    otel__pb resources = view_open(request);
    forest   f = { NULL, 0, 0, NULL, NULL };
    bytes    resource, scope, message;

    while (view_next(&resources, OTEL__TRACE_REQUEST_resourceSpans, &resource)) {
        otel__pb scopes = view_open(resource);

        while (view_next(&scopes, OTEL__RESOURCE_SPANS_scopeSpans, &scope)) {
            otel__pb spans = view_open(scope);

            while (view_next(&spans, OTEL__SCOPE_SPANS_spans, &message)) {
                span s = read_span(message);

                s.resource = resource;
                s.scope = scope;
                s.end = s.end > s.start ? s.end : s.start;
                v->spans++;
                if (s.trace_id.n == 16 && s.id.n == 8) {
                    keep_span(&f, &s);
                } else {
                    show_stray(v, &s);
                }
            }
        }
    }
    if (f.count > 0) {
        link_spans(&f);
        show_forest(v, &f);
    }
    free(f.spans);
    free(f.by_id);
    free(f.by_time);
}
