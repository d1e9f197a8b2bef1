/* attr_same: attributes hashed, and compared with written ones: on the bytes where they stay,
 * without a second copy. Used by spans and metric series, and by attrs.h for lists.
 * Invariants: two lists are the same set in any order, and of equal keys, as they are once
 * repaired, the last one counts; what is read here was written by attr.h.
 * Spec: common/README.md "Attribute Collections"; requirements C-06, M-40. */
#ifndef OTEL__WIRE_ATTR_SAME_H
#define OTEL__WIRE_ATTR_SAME_H

#include "attr.h"

/* ---- attr: hashing, any order ---- */

OTEL__HOT uint64_t otel__attr_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: every input bit reaches the top */
    return h ^ (h >> 32);
}

#if defined(__OPTIMIZE_SIZE__)

/* Of a text: every byte. */
OTEL__FN OTEL__NOINLINE uint64_t otel__attr_hash_text(const char *s, size_t n, uint64_t h)
{
    h = otel__attr_mix(h, n);
    while (n-- > 0) {
        h = otel__attr_mix(h, (uint8_t)*s++);
    }
    return h;
}

OTEL__FN uint64_t otel__attr_hash_key(const otel_attr *a, size_t n)
{
    return otel__attr_hash_text(a->key, n, 0);
}

#else

/* Of a key: length, first and last eight bytes. Crafted keys can collide; the comparison is
 * exact. */
OTEL__HOT uint64_t otel__attr_hash_key(const otel_attr *a, size_t n)
{
    const uint8_t *p = (const uint8_t *)a->key;
    if (n < 8) {
        return otel__attr_mix(n, otel__attr_load_few(p, n));
    }
    return otel__attr_mix(otel__attr_mix(n, otel__attr_load64(p)), otel__attr_load64(p + n - 8));
}

/* Of a text value: every byte. */
OTEL__HOT uint64_t otel__attr_hash_text(const char *s, size_t n, uint64_t h)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t         i;

    h ^= n;
    if (n < 8) {
        return otel__attr_mix(h, otel__attr_load_few(p, n));
    }
    for (i = 0; i + 8 < n; i += 8) {
        h = otel__attr_mix(h, otel__attr_load64(p + i));
    }
    return otel__attr_mix(h, otel__attr_load64(p + n - 8));
}

#endif

/* Of a whole attribute whose key hashed to `key`, starting from a secret `seed`. */
OTEL__HOT uint64_t otel__attr_hash(const otel_attr *a, uint64_t key, uint64_t seed)
{
    const uint64_t h = otel__attr_mix(key ^ seed, a->type);
    if (a->type == OTEL_TYPE_STRING) {
        return otel__attr_hash_text(a->value.s, otel__attr_value_length(a), h);
    }
    return otel__attr_mix(h, (uint64_t)a->value.i); /* a double by its bits: 0.0 is not -0.0 */
}

/* One bit of 64 by the key's hash: two keys on one bit may be equal and are then compared. */
OTEL__HOT uint64_t otel__attr_key_bit(uint64_t key_hash) { return (uint64_t)1 << (key_hash >> 58); }

/* ---- attr: equality ---- */

#if defined(OTEL_LITE_NO_UTF8_REPAIR)
OTEL__FN bool otel__attr_same_repaired(otel__text a, otel__text b)
{
    return a.n == b.n && otel__attr_same_bytes(a.s, b.s, a.n);
}
#else
/* The next character of a text as it is once repaired, cut off its front. */
OTEL__FN otel__text otel__attr_next_repaired(otel__text *rest)
{
    bool         ok;
    const size_t n = otel__text_utf8_step(rest->s, rest->n, &ok);
    otel__text   c = otel__text_make(rest->s, n);

    rest->s += n;
    rest->n -= n;
    return ok ? c : otel__text_make("\xef\xbf\xbd", 3); /* U+FFFD */
}

/* Whether two texts are the same once repaired. */
OTEL__FN OTEL__NOINLINE bool otel__attr_same_repaired(otel__text a, otel__text b)
{
    if (a.n == b.n && otel__attr_same_bytes(a.s, b.s, a.n)) {
        return true; /* nearly always, and quicker */
    }
    while (a.n > 0 && b.n > 0) {
        const otel__text x = otel__attr_next_repaired(&a);
        const otel__text y = otel__attr_next_repaired(&b);
        if (x.n != y.n || !otel__attr_same_bytes(x.s, y.s, x.n)) {
            return false;
        }
    }
    return a.n == b.n;
}
#endif

/* A varint this library wrote itself. */
OTEL__FN OTEL__NOINLINE uint64_t otel__kv_read_varint(const uint8_t **p)
{
    uint64_t v = 0;
    unsigned shift = 0;

    for (;; shift += 7) {
        const uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            return v;
        }
    }
}

#if defined(__OPTIMIZE_SIZE__)
/* A length in bytes this library wrote itself. */
OTEL__FN OTEL__NOINLINE size_t otel__kv_read_length(const uint8_t **p)
{
    size_t   n = 0;
    unsigned shift = 0;
    uint8_t  byte;

    do {
        byte = *(*p)++;
        n |= (size_t)(byte & 0x7fu) << shift;
        shift += 7;
    } while (byte >= 0x80u);
    return n;
}
#else
/* A length in bytes this library wrote itself: minimal and inside its buffer. */
OTEL__HOT size_t otel__kv_read_length(const uint8_t **p)
{
    size_t   n = *(*p)++;
    unsigned shift = 7;
    if (OTEL__LIKELY(n < 0x80u)) {
        return n;
    }
    n &= 0x7fu;
    for (;;) {
        const uint8_t byte = *(*p)++;
        n |= (size_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            return n;
        }
        shift += 7;
    }
}
#endif

/* The key of a written field that begins at `p`; `*value` is where the AnyValue's field begins. */
OTEL__HOT const uint8_t *otel__kv_key(const uint8_t *p, size_t *n, const uint8_t **value)
{
    const uint8_t *q = p + 1;
    (void)otel__kv_read_length(&q);
    q++; /* tag of the key */
    *n = otel__kv_read_length(&q);
    *value = q + *n;
    return q;
}

#if defined(__OPTIMIZE_SIZE__)
OTEL__FN OTEL__NOINLINE const uint8_t *otel__kv_end(const uint8_t *p)
#else
OTEL__HOT const uint8_t *otel__kv_end(const uint8_t *p)
#endif
{
    const uint8_t *q = p + 1;
    const size_t   n = otel__kv_read_length(&q);
    return q + n;
}

OTEL__HOT bool otel__kv_same_key(const uint8_t *p, const otel_attr *a, size_t key_length)
{
    const uint8_t *value;
    size_t         n;
    const uint8_t *key = otel__kv_key(p, &n, &value);
    return n == key_length && otel__attr_same_bytes(key, a->key, n);
}

/* The same for a key that may need repair. */
OTEL__FN bool otel__kv_same_odd_key(const uint8_t *p, const otel_attr *a, size_t key_length)
{
    const uint8_t *value;
    size_t         n;
    const uint8_t *key = otel__kv_key(p, &n, &value);
    return otel__attr_same_repaired(otel__text_make((const char *)key, n),
                                    otel__text_make(a->key, key_length));
}

/* ---- attr: a written field back as an attribute ---- */

/* Read a written KeyValue field; the result borrows its bytes. */
OTEL__FN OTEL__NOINLINE otel_attr otel__kv_attr(const uint8_t *p)
{
    const uint8_t *value;
    size_t         n;
    uint64_t       v;
    otel_attr      a = otel_int(NULL, 0);

    a.key = (const char *)otel__kv_key(p, &n, &value);
    a.key_length = (uint16_t)n; /* at most OTEL__KEY_MAX, repaired: three times that */
    a.type = (uint8_t)OTEL_TYPE_EMPTY;
    value++;
    if (otel__kv_read_length(&value) == 0) {
        return a;
    }
    a.type = (uint8_t)(*value++ >> 3); /* the types are numbered as AnyValue's fields */
    if (a.type == OTEL_TYPE_STRING) {
        a.length = (uint32_t)otel__kv_read_length(&value);
        a.value.s = (const char *)value;
        return a;
    }
    v = a.type == OTEL_TYPE_DOUBLE ? otel__pb_load_le64(value) : otel__kv_read_varint(&value);
    memcpy(&a.value, &v, sizeof v);
    return a;
}

/* ---- attr: a written field compared ---- */

#if defined(__OPTIMIZE_SIZE__)

/* Whether the written field at `p` is `a`, key and value, as it is once repaired. */
OTEL__FN OTEL__NOINLINE bool otel__kv_same(const uint8_t *p, const otel_attr *a)
{
    otel__kv kv;
    uint32_t i;

    (void)otel__kv_measure(&kv, a);
    p++; /* tag */
    if (otel__kv_read_length(&p) != kv.body) {
        return false;
    }
    for (i = 0; i < OTEL__KV_PARTS; i++) {
        otel__text t = kv.part[i];
        size_t     n = t.n;
        if (OTEL__KV_IS_TEXT(i)) {
            n = otel__text_utf8_repair(NULL, t.s, t.n);
            if (!otel__attr_same_repaired(otel__text_make((const char *)p, n), t)) {
                return false;
            }
        } else if (!otel__attr_same_bytes(p, t.s, n)) {
            return false;
        }
        p += n;
    }
    return true;
}

#define otel__kv_same_repaired(p, a) otel__kv_same(p, a)

#else

/* Whether the written AnyValue at `p` (n bytes) is the value of `a`. */
OTEL__HOT bool otel__kv_same_any(const uint8_t *p, size_t n, const otel_attr *a)
{
    uint8_t tmp[1 + OTEL__VARINT_MAX];
    size_t  length;

    switch (a->type) {
    case OTEL_TYPE_STRING:
        if (n == 0 || *p++ != OTEL__PB_TAG(1, OTEL__PB_LEN)) {
            return false;
        }
        length = otel__kv_read_length(&p);
        return length == otel__attr_value_length(a) && otel__attr_same_bytes(p, a->value.s, length);
    case OTEL_TYPE_BOOL:
        return n == 2 && p[0] == OTEL__PB_TAG(2, OTEL__PB_VARINT) &&
               (p[1] != 0) == (a->value.i != 0);
    case OTEL_TYPE_INT:
        tmp[0] = OTEL__PB_TAG(3, OTEL__PB_VARINT);
        length = (size_t)(otel__pb_store_varint(tmp + 1, (uint64_t)a->value.i) - tmp);
        return n == length && otel__attr_same_bytes(p, tmp, n);
    case OTEL_TYPE_DOUBLE:
        tmp[0] = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(tmp + 1, otel__platform_double_bits(a->value.d));
        return n == 9 && otel__attr_same_bytes(p, tmp, 9);
    default: return n == 0;
    }
}

/* Whether the written field at `p` is `a`, key and value. */
OTEL__HOT bool otel__kv_same(const uint8_t *p, const otel_attr *a)
{
    const uint8_t *value;
    size_t         n;
    const size_t   key_length = otel__attr_key_length(a);
    const uint8_t *key = otel__kv_key(p, &n, &value);

    if (n != key_length || !otel__attr_same_bytes(key, a->key, n)) {
        return false;
    }
    value++; /* tag of the value */
    n = otel__kv_read_length(&value);
    return otel__kv_same_any(value, n, a);
}

/* The same for an attribute whose texts may need repair. */
OTEL__FN bool otel__kv_same_repaired(const uint8_t *p, const otel_attr *a)
{
    const otel_attr b = otel__kv_attr(p);
    otel_attr       c = *a;

    if (!otel__attr_same_repaired(otel__text_make(a->key, otel__attr_key_length(a)),
                                  otel__text_make(b.key, b.key_length))) {
        return false;
    }
    if (a->type == OTEL_TYPE_STRING) {
        return b.type == OTEL_TYPE_STRING &&
               otel__attr_same_repaired(otel__text_make(a->value.s, otel__attr_value_length(a)),
                                        otel__text_make(b.value.s, b.length));
    }
    c.key = b.key;
    c.key_length = b.key_length;
    return otel__kv_same(p, &c);
}

#endif

#endif /* OTEL__WIRE_ATTR_SAME_H */
