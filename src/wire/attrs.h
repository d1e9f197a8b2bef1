/* attrs: lists of attributes as a program gives them: which items count, and writing the usual list
 * in one go. Used by events, log records and metric series.
 * Invariants: of items with one key, as it is once repaired, the last counts; an item without a
 * key is none. Pure.
 * Spec: common/README.md "Attribute Collections", "Attribute Limits"; requirements C-06, C-09,
 * C-10. */
#ifndef OTEL__WIRE_ATTRS_H
#define OTEL__WIRE_ATTRS_H

#include "attr_same.h"

OTEL__HOT bool otel__attr_same_key(const otel_attr *a, const otel_attr *b)
{
    const size_t n = otel__attr_key_length(a);
    const size_t m = otel__attr_key_length(b);
#if defined(__OPTIMIZE_SIZE__)
    return otel__attr_same_repaired(otel__text_make(a->key, n), otel__text_make(b->key, m));
#else
    if (n == m && otel__attr_same_bytes(a->key, b->key, n)) {
        return true;
    }
    return !(otel__attr_is_ascii(a->key, n) && otel__attr_is_ascii(b->key, m)) &&
           otel__attr_same_repaired(otel__text_make(a->key, n), otel__text_make(b->key, m));
#endif
}

/* Whether a later item has the key of item i, which then does not count. */
OTEL__FN bool otel__attrs_is_shadowed(otel_attrs attrs, size_t i)
{
    size_t j;
    for (j = i + 1; j < attrs.count; j++) {
        if (otel__attr_same_key(&attrs.items[i], &attrs.items[j])) {
            return true;
        }
    }
    return false;
}

/* Whether two items may have one key: 64 bits of key hashes, so that the scan over all pairs is
 * needed rarely. Keys that are not ASCII may become the same when they are repaired. */
OTEL__FN bool otel__attrs_may_repeat(otel_attrs attrs)
{
    uint64_t seen = 0;
    size_t   i;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        const size_t     n = otel__attr_key_length(a);
        const uint64_t   bit = otel__attr_key_bit(otel__attr_hash_key(a, n));
        if ((seen & bit) != 0 || !otel__attr_is_ascii(a->key, n)) {
            return true;
        }
        seen |= bit;
    }
    return false;
}

/* Whether every item is kept as it is: its key differs from the others, its texts are ASCII, and
 * there are at most `limit`. Nearly every list is; `bytes` is then what its fields take. */
OTEL__HOT bool otel__attrs_are_plain(otel_attrs attrs, uint32_t limit, size_t *bytes)
{
    uint64_t seen = 0;
    size_t   i;

    *bytes = 0;
    for (i = 0; i < attrs.count; i++) {
        const otel_attr *a = &attrs.items[i];
        otel__kv         kv;
        uint64_t         bit;
        if (!otel__kv_measure(&kv, a) || kv.broken) { /* then its lengths are those once repaired */
            return false;
        }
        bit = otel__attr_key_bit(otel__attr_hash_key(a, kv.key));
        if ((seen & bit) != 0 || !otel__attr_is_ascii(a->key, kv.key) ||
            !otel__attr_is_ascii(a->value.s, kv.text)) {
            return false;
        }
        seen |= bit;
        *bytes += otel__kv_field_size(&kv);
    }
    return attrs.count <= limit;
}

/* Write a plain list. */
OTEL__HOT uint8_t *otel__attrs_store_plain(uint8_t *p, uint8_t tag, otel_attrs attrs)
{
    uint64_t high = 0;
    size_t   i;

    for (i = 0; i < attrs.count; i++) {
        otel__kv kv;
        (void)otel__kv_measure(&kv, &attrs.items[i]);
        p = otel__kv_store(p, tag, &kv, &attrs.items[i], &high);
    }
    return p;
}

/* Whether item i of an event's or log record's attributes is kept; `kept` counts them. */
OTEL__FN bool otel__attrs_keeps(otel_attrs attrs, size_t i, bool repeats, uint32_t limit,
                                uint32_t *kept)
{
    if (repeats && otel__attrs_is_shadowed(attrs, i)) {
        return false; /* not a loss: the later one is kept */
    }
    if (*kept >= limit) {
        return false;
    }
    (*kept)++;
    return true;
}

#endif /* OTEL__WIRE_ATTRS_H */
