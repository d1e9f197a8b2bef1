/* metric_points: answers of many words, and a point of otel_read() as one of them. readers.c and
 * views.c show what their program was shown; viewing.py reads it. */
#ifndef METRIC_POINTS_H
#define METRIC_POINTS_H

#include <stdarg.h>

/* A line that grows; begins as { NULL, 0, 0 }. */
typedef struct saying {
    char  *text;
    size_t length;
    size_t room;
} saying;

static void put(saying *to, const char *format, ...)
{
    const size_t most = 64; /* of one call */
    va_list      list;
    int          n;

    if (to->room - to->length < most) {
        to->room = 2 * to->room + 4 * most;
        to->text = (char *)need(realloc(to->text, to->room));
    }
    va_start(list, format);
    n = vsnprintf(to->text + to->length, most, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= most) {
        fail("a word is too long", format);
    }
    to->length += (size_t)n;
}

static void end_answer(saying *to)
{
    tell('V', to->text);
    free(to->text);
}

static void say(saying *to, const char *word) { put(to, to->length > 0 ? " %s" : "%s", word); }

static void say_int(saying *to, int64_t v) { put(to, " %lld", (long long)v); }

static void say_u64(saying *to, uint64_t v) { put(to, " %llu", (unsigned long long)v); }

static void say_double(saying *to, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put(to, " %016llx", (unsigned long long)bits);
}

static void say_hex(saying *to, const void *bytes, size_t n)
{
    size_t i;

    put(to, " x");
    for (i = 0; i < n; i++) {
        put(to, "%02x", ((const uint8_t *)bytes)[i]);
    }
}

static void say_text(saying *to, const char *text) { say_hex(to, text, strlen(text)); }

/* How many, then of each its key, its type and its value. */
static void say_attrs(saying *to, otel_attrs attrs)
{
    size_t i;

    say_u64(to, attrs.count);
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        say_hex(to, a->key, a->key_length != 0 ? a->key_length : strlen(a->key));
        say_int(to, a->type);
        if (a->type == OTEL_TYPE_STRING) {
            say_hex(to, a->value.s,
                    a->length != OTEL_LENGTH_UNKNOWN ? a->length : strlen(a->value.s));
        } else if (a->type == OTEL_TYPE_DOUBLE) {
            say_double(to, a->value.d);
        } else {
            say_int(to, a->value.i);
        }
    }
}

static void say_context(saying *to, const otel_context *context)
{
    say_hex(to, context->trace_id, sizeof context->trace_id);
    say_hex(to, context->span_id, sizeof context->span_id);
}

static void say_counts(saying *to, const uint64_t *counts, uint32_t n) /* N [COUNT]... */
{
    uint32_t i;

    say_u64(to, n);
    for (i = 0; i < n; i++) {
        say_u64(to, counts[i]);
    }
}

static void say_histogram(saying *to, const otel_point *p)
{
    const bool explicit_ = p->aggregation == OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    uint32_t   i;

    say_u64(to, p->count);
    say_int(to, p->has_sum);
    say_double(to, p->sum);
    say_int(to, p->has_min_max);
    say_double(to, p->min);
    say_double(to, p->max);
    say_u64(to, p->n_bounds);
    for (i = 0; i < p->n_bounds; i++) {
        say_double(to, p->bounds[i]);
    }
    say_counts(to, p->buckets, explicit_ ? p->n_bounds + 1 : 0);
    say_int(to, p->scale);
    say_u64(to, p->zero_count);
    say_int(to, p->positive.offset);
    say_counts(to, p->positive.counts, p->positive.n);
    say_int(to, p->negative.offset);
    say_counts(to, p->negative.counts, p->negative.n);
}

static void say_exemplar(saying *to, const otel_exemplar *e)
{
    say_u64(to, e->time_ns);
    say_int(to, e->is_double);
    say_int(to, e->i);
    say_double(to, e->d);
    say_context(to, &e->context);
    say_attrs(to, e->attrs);
}

/* For otel_read(). A value `point`: every field of it, those of other aggregations too. */
static void show_point(void *user, const otel_point *p)
{
    saying   to = { NULL, 0, 0 };
    uint32_t i;

    (void)user;
    say(&to, "point");
    say_text(&to, p->scope_name);
    say_text(&to, p->scope_version);
    say_text(&to, p->name);
    say_text(&to, p->unit);
    say_text(&to, p->description);
    say_int(&to, p->kind);
    say_int(&to, p->aggregation);
    say_int(&to, p->temporality);
    say_int(&to, p->is_monotonic);
    say_int(&to, p->is_double);
    say_u64(&to, p->start_ns);
    say_u64(&to, p->time_ns);
    say_attrs(&to, p->attrs);
    say_int(&to, p->i);
    say_double(&to, p->d);
    say_u64(&to, p->n_exemplars);
    for (i = 0; i < p->n_exemplars; i++) {
        say_exemplar(&to, &p->exemplars[i]);
    }
    say_histogram(&to, p);
    end_answer(&to);
}

#endif /* METRIC_POINTS_H */
