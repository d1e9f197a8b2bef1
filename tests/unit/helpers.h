/* helpers.h: what several C tests share: a random generator with a fixed seed, a finder of
 * fields in
 * OTLP bytes that is independent of the code that wrote them, and the identity of the counts.
 * Include it after otel_lite and t.h. */
#ifndef HELPERS_H
#define HELPERS_H

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- random, the same in every run ---- */

/* 64 bits from a counter (splitmix64, public domain). */
static inline uint64_t random_of(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(random_of(state) % n);
}

/* ---- fields of a message ---- */

/* The nth field (0: the first) of that number in n bytes at p; false when there is none. */
static inline bool find_field(const uint8_t *p, size_t n, uint32_t number, unsigned nth,
                              otel__pb_field *f)
{
    otel__pb m = otel__pb_open(p, n);

    while (otel__pb_next(&m, f) == 1) {
        if (f->number == number && nth-- == 0) {
            return true;
        }
    }
    return false;
}

static inline unsigned count_fields(const uint8_t *p, size_t n, uint32_t number)
{
    otel__pb_field f;
    unsigned       count = 0;

    while (find_field(p, n, number, count, &f)) {
        count++;
    }
    return count;
}

/* The number in a field of a message, or `missing`. */
static inline uint64_t field_value(const otel__pb_field *m, uint32_t number, uint64_t missing)
{
    otel__pb_field f;
    return find_field(m->data, m->length, number, 0, &f) ? f.value : missing;
}

static inline bool field_is(const otel__pb_field *m, uint32_t number, const char *text)
{
    otel__pb_field f;
    return find_field(m->data, m->length, number, 0, &f) && f.length == strlen(text) &&
           memcmp(f.data, text, f.length) == 0;
}

/* The AnyValue of the attribute `key`; `number`: the field of m that holds attributes. */
static inline bool find_attr(const otel__pb_field *m, uint32_t number, const char *key,
                             otel__pb_field *any)
{
    otel__pb_field kv;
    unsigned       i;

    for (i = 0; find_field(m->data, m->length, number, i, &kv); i++) {
        if (field_is(&kv, 1, key)) {
            return find_field(kv.data, kv.length, 2, 0, any);
        }
    }
    return false;
}

/* The integer attribute `key`, or `missing`. */
static inline int64_t attr_int(const otel__pb_field *m, uint32_t number, const char *key,
                               int64_t missing)
{
    otel__pb_field any;

    return find_attr(m, number, key, &any) ? (int64_t)field_value(&any, 3, (uint64_t)missing)
                                           : missing;
}

/* ---- records of a request ---- */

/* Calls `each` for every span, metric or log record; the three requests have one shape. Returns the
 * number of records, or -1 when the bytes are not a well-formed request of that signal. */
static inline long each_record(const otel_request *request,
                               void (*each)(void *user, const otel__pb_field *scope,
                                            const otel__pb_field *record),
                               void *user)
{
    static const unsigned message[3] = { OTEL__OTLP_TRACE_REQUEST, OTEL__OTLP_METRICS_REQUEST,
                                         OTEL__OTLP_LOGS_REQUEST };
    otel__pb_field        resource, scopes, scope, record;
    unsigned              i, k, n = 0;

    if (!otel__otlp_check(request->body, request->length, message[request->signal], NULL) ||
        !find_field(request->body, request->length, 1, 0, &resource)) {
        return -1;
    }
    for (i = 0; find_field(resource.data, resource.length, 2, i, &scopes); i++) {
        otel__pb m = otel__pb_open(scopes.data, scopes.length);
        if (!find_field(scopes.data, scopes.length, 1, 0, &scope)) {
            return -1;
        }
        for (k = 0; otel__pb_next(&m, &record) == 1;) {
            if (record.number == 2) {
                n++;
                k++;
                if (each != NULL) {
                    each(user, &scope, &record);
                }
            }
        }
        if (k == 0) {
            return -1; /* an envelope without a record */
        }
    }
    return (long)n;
}

/* ---- counts ---- */

/* Whether the counts of one signal add up. */
static inline bool adds_up(const otel_signal_stats *s)
{
    uint64_t dropped = 0;
    unsigned i;

    for (i = 0; i < OTEL_DROP_COUNT; i++) {
        dropped += s->dropped[i];
    }
    return s->started == s->unsampled + s->open + s->ended &&
           s->ended == s->delivered + dropped + s->queued;
}

static inline bool stats_add_up(otel_sdk *sdk)
{
    otel_stats stats;
    unsigned   i;
    bool       all = true;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        if (!adds_up(s)) {
            printf("    signal %u: started %llu, unsampled %llu, open %llu, ended %llu, "
                   "delivered %llu, queued %llu\n",
                   i, (unsigned long long)s->started, (unsigned long long)s->unsampled,
                   (unsigned long long)s->open, (unsigned long long)s->ended,
                   (unsigned long long)s->delivered, (unsigned long long)s->queued);
            all = false;
        }
    }
    return all;
}

#endif /* HELPERS_H */
