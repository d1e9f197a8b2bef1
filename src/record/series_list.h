/* series_list: from attribute sets to series without a table: the instrument's own list is searched
 * from its begin. Smaller in code and memory, and quick enough for the few sets that a
 * microcontroller has; hosted programs use series_table.h.
 * A series is appended at the end of the list by compare-and-swap; who finds another there first
 * looks at it and goes on, so that equal sets always meet. Limits are as in series_table.h.
 * Spec: metrics/sdk.md "Cardinality limits"; requirements C-08, M-80..M-84, M-109. */
#ifndef OTEL__RECORD_SERIES_LIST_H
#define OTEL__RECORD_SERIES_LIST_H

#include "series.h"

#if !defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_SERIES_LIST)

/* Whether an attribute of the list that ends at `end` counts: it has a key, and no later one has
 * that key. */
OTEL__FN OTEL__NOINLINE bool otel__series_counts(const otel_attr *a, const otel_attr *end)
{
    const size_t     n = otel__attr_key_length(a);
    const otel_attr *later = a + 1;

    while (later < end && !otel__attr_same_key(a, later)) {
        later++;
    }
    return later >= end && n != 0 && n <= OTEL__KEY_MAX;
}

/* Encode what counts behind the series' value; without a series only count its bytes. */
OTEL__FN OTEL__NOINLINE size_t otel__series_encode(otel__series *s, const otel_attr *a,
                                                   const otel_attr *end, uint8_t tag)
{
    size_t   bytes = 0;
    uint64_t high = 0;

    for (; a < end; a++) {
        otel__kv kv;
        if (otel__series_counts(a, end) && otel__kv_measure_checked(&kv, a)) {
            if (s != NULL) {
                (void)otel__kv_store(otel__series_attrs(s) + bytes, tag, &kv, a, &high);
                s->n_attrs++;
            }
            bytes += otel__kv_field_size(&kv);
        }
    }
    return bytes;
}

/* Build a series that nobody sees yet. Returns its offset, or 0 when the pool is used up. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_build(otel__metrics *m, const otel__instrument *in,
                                                    const otel_attr *a, const otel_attr *end)
{
    const uint32_t offset = otel__series_make(m, in, otel__series_encode(NULL, a, end, 0));

    if (offset != 0) {
        otel__series *s = otel__series_at(m, offset);
        s->n_attrs = 0;
        s->attrs_bytes = (uint32_t)otel__series_encode(s, a, end, in->ops->tag);
    }
    return offset;
}

#if defined(OTEL__STREAMS)
/* Build what holds a set but is in no list: see stream.h. Returns its offset, or 0. */
OTEL__FN uint32_t otel__series_build_apart(otel__metrics *m, const otel__instrument *in,
                                           otel_attrs attrs)
{
    const size_t n = attrs.count < OTEL__ATTRS_MAX ? attrs.count : OTEL__ATTRS_MAX;

    return otel__series_build(m, in, attrs.items, n > 0 ? attrs.items + n : attrs.items);
}
#endif

/* Whether the list is the series' set in any order. */
OTEL__FN bool otel__series_same_any(otel__series *s, const otel_attr *a, const otel_attr *end)
{
    uint32_t missing = s->n_attrs;

    for (; a < end; a++) {
        if (otel__series_counts(a, end)) {
            const uint8_t *p = otel__series_attrs(s);
            uint32_t       k = s->n_attrs;
            while (k > 0 && !otel__kv_same_repaired(p, a)) {
                p = otel__kv_end(p);
                k--;
            }
            if (k == 0) {
                return false;
            }
            missing--;
        }
    }
    return missing == 0;
}

/* A series for a set that the list does not hold, or 0 when there is no room for it. */
OTEL__FN uint32_t otel__series_new(otel__metrics *m, otel__instrument *in, const otel_attr *a,
                                   const otel_attr *end)
{
    uint32_t offset = 0;

    if (otel__a32_peek(&in->full) == 0 && otel__series_claim(&in->n_series, in->max_series)) {
        offset = otel__series_build(m, in, a, end);
        if (offset == 0) {
            (void)otel__a32_count(&in->n_series, 0xffffffffu); /* minus one */
            otel__a32_put(&in->full, 1u);
        }
    }
    return offset;
}

/* Find the series of a set that is not the one used last. At the end of the list a new one is
 * made and appended, unless another thread appends one there first: that is looked at too. A set
 * for which there is no room shares the overflow series. */
OTEL__FN OTEL__NOINLINE uint32_t otel__series_search(otel__metrics *m, otel__instrument *in,
                                                     otel_attrs attrs)
{
    const size_t     n = attrs.count < OTEL__ATTRS_MAX ? attrs.count : OTEL__ATTRS_MAX;
    const otel_attr *end = n > 0 ? attrs.items + n : attrs.items;
    uint32_t         built = 0;
    uint32_t         at = in->overflow;

    while (at != 0) {
        otel__series *s = otel__series_at(m, at);
        uint32_t      next;
        if (otel__series_same_any(s, attrs.items, end)) {
            break;
        }
        next = otel__series_next(s);
        if (next == 0) {
            built = built != 0 ? built : otel__series_new(m, in, attrs.items, end);
            if (built == 0) {
                next = otel__series_next(s);
            } else if (otel__a32_cas(&s->cell.next, &next, built)) {
                (void)otel__a32_count(&m->n_filled, 1u);
                return built;
            }
        }
        at = next;
    }
    if (built != 0) {
        (void)otel__a32_count(&in->n_series, 0xffffffffu);
        otel__series_give(m, built);
    }
    return at != 0 ? at : in->overflow;
}

OTEL__FN void otel__series_init_table(otel__metrics *m, otel__arena *a, uint32_t pool_bytes)
{
    (void)m;
    (void)a;
    (void)pool_bytes;
}

/* Make the first series of an instrument, that of a set for all others. Under the lock. */
OTEL__FN bool otel__series_found(otel__metrics *m, otel__instrument *in, otel_attrs attrs)
{
    in->overflow = otel__series_build(m, in, attrs.items, attrs.items + attrs.count);
    (void)otel__a32_count(&m->n_filled, in->overflow != 0 ? 1u : 0u);
    return in->overflow != 0;
}

/* In a forked child: lists are whole at any moment. */
OTEL__FN void otel__series_relink(otel__metrics *m) { (void)m; }

OTEL__FN void otel__series_reseed(otel__metrics *m, const otel__instrument *in, uint32_t offset)
{
    (void)m;
    (void)in;
    (void)offset;
}

#endif
#endif /* OTEL__RECORD_SERIES_LIST_H */
