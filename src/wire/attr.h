/* attr: attributes as OTLP KeyValue bytes: measured, written, hashed, compared with written ones.
 * Used by resource, spans, events, log records and metric series. A value is written once, straight
 * to where it stays; identity is compared on those bytes, without a second copy.
 * Invariants: a key is non-empty; text is valid UTF-8 once written (repaired if it was not); two
 * lists are the same set in any order, and of equal keys the last one counts.
 * Spec: common/README.md "Attribute", "AnyValue"; requirements C-01..C-20, P-03, P-05, P-09. */
#ifndef OTEL__WIRE_ATTR_H
#define OTEL__WIRE_ATTR_H

#include "../core/text.h"
#include "proto.h"

#define OTEL__ATTRS_MAX 128u   /* attributes of one set that count                */
#define OTEL__KEY_MAX   16383u /* bytes of a key; a longer one is dropped, counted */

/* ---- attr: bytes in words ---- */

OTEL__INLINE uint64_t otel__attr_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

OTEL__INLINE uint32_t otel__attr_load32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Up to seven bytes as a number that differs when they or n differ in any bit. */
OTEL__HOT uint64_t otel__attr_load_few(const uint8_t *p, size_t n)
{
    if (n >= 4) {
        return otel__attr_load32(p) | (uint64_t)otel__attr_load32(p + n - 4) << 32;
    }
    if (n > 0) {
        return p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
    }
    return 0;
}

#define OTEL__ATTR_HIGH 0x8080808080808080u

/* Copy n bytes; returns bits of OTEL__ATTR_HIGH when one of them is not ASCII. Short texts go in
 * words whose ends overlap: a call of memcpy costs more than the copy. */
OTEL__HOT uint64_t otel__attr_copy(uint8_t *to, const void *from, size_t n)
{
    const uint8_t *p = (const uint8_t *)from;
    uint64_t       high = 0;
    size_t         i;

    if (n >= 8) {
        const uint64_t last = otel__attr_load64(p + n - 8);
        for (i = 0; i + 8 < n; i += 8) {
            const uint64_t v = otel__attr_load64(p + i);
            memcpy(to + i, &v, 8);
            high |= v;
        }
        memcpy(to + n - 8, &last, 8);
        return (high | last) & OTEL__ATTR_HIGH;
    }
    if (n >= 4) {
        const uint32_t first = otel__attr_load32(p);
        const uint32_t last = otel__attr_load32(p + n - 4);
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
        return (first | last) & OTEL__ATTR_HIGH;
    }
    for (i = 0; i < n; i++) {
        to[i] = p[i];
        high |= p[i];
    }
    return high & OTEL__ATTR_HIGH;
}

OTEL__HOT bool otel__attr_same_bytes(const void *x, const void *y, size_t n)
{
    const uint8_t *a = (const uint8_t *)x;
    const uint8_t *b = (const uint8_t *)y;
    size_t         i;

    if (n < 8) {
        return otel__attr_load_few(a, n) == otel__attr_load_few(b, n);
    }
    for (i = 0; i + 8 < n; i += 8) {
        if (otel__attr_load64(a + i) != otel__attr_load64(b + i)) {
            return false;
        }
    }
    return otel__attr_load64(a + n - 8) == otel__attr_load64(b + n - 8);
}

/* Whether no byte has its highest bit set; words whose ends overlap, as in the copy. */
OTEL__HOT bool otel__attr_is_ascii(const char *s, size_t n)
{
    const uint8_t *p = (const uint8_t *)s;
    uint64_t       high;
    size_t         i;

    if (n < 8) {
        return (otel__attr_load_few(p, n) & OTEL__ATTR_HIGH) == 0;
    }
    high = otel__attr_load64(p + n - 8);
    for (i = 0; i + 8 < n; i += 8) {
        high |= otel__attr_load64(p + i);
    }
    return (high & OTEL__ATTR_HIGH) == 0;
}

/* ---- attr: lengths ---- */

OTEL__INLINE size_t otel__attr_key_length(const otel_attr *a)
{
    return a->key_length != 0 || a->key == NULL ? a->key_length : strlen(a->key);
}

OTEL__INLINE size_t otel__attr_value_length(const otel_attr *a)
{
    return a->length != OTEL_LENGTH_UNKNOWN ? a->length : strlen(a->value.s);
}

/* Bytes of a varint below 2^35. */
OTEL__HOT size_t otel__attr_length_size(size_t n)
{
    return n < 0x80u ? 1u : n < 0x4000u ? 2u : n < 0x200000u ? 3u : n < 0x10000000u ? 4u : 5u;
}

/* One attribute about to be written: its lengths, nested from the inside out. */
typedef struct otel__kv {
    size_t key;    /* bytes of the key, after repair                      */
    size_t text;   /* bytes of a string value, after repair               */
    size_t any;    /* bytes of the AnyValue message                       */
    size_t body;   /* bytes of the KeyValue message                       */
    bool   broken; /* key or text is not UTF-8 and is repaired on writing */
} otel__kv;

OTEL__HOT size_t otel__kv_field_size(const otel__kv *kv)
{
    return 1u + otel__attr_length_size(kv->body) + kv->body;
}

OTEL__HOT void otel__kv_add_up(otel__kv *kv, const otel_attr *a)
{
    switch (a->type) {
    case OTEL_TYPE_STRING: kv->any = 1u + otel__attr_length_size(kv->text) + kv->text; break;
    case OTEL_TYPE_BOOL: kv->any = 2; break;
    case OTEL_TYPE_INT: kv->any = 1u + otel__pb_varint_size((uint64_t)a->value.i); break;
    case OTEL_TYPE_DOUBLE: kv->any = 9; break;
    default: /* an empty value: P-04 */ kv->any = 0; break;
    }
    kv->body = 1u + otel__attr_length_size(kv->key) + kv->key;
    kv->body += 1u + otel__attr_length_size(kv->any) + kv->any;
}

/* Measure as if the texts were UTF-8. Returns false for what is no attribute: without a key (C-01),
 * or with one longer than OTEL__KEY_MAX. */
OTEL__HOT bool otel__kv_measure(otel__kv *kv, const otel_attr *a)
{
    kv->key = otel__attr_key_length(a);
    kv->text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    kv->broken = false;
    otel__kv_add_up(kv, a);
    return kv->key != 0 && kv->key <= OTEL__KEY_MAX;
}

/* Look at the texts byte by byte, and measure anew if one needs repair. */
OTEL__FN OTEL__COLD void otel__kv_check(otel__kv *kv, const otel_attr *a)
{
    const size_t text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    const size_t key = otel__attr_key_length(a);

    if (otel__text_utf8_valid(a->key, key) && otel__text_utf8_valid(a->value.s, text)) {
        return;
    }
    kv->broken = true;
    kv->key = otel__text_utf8_repair(NULL, a->key, key);
    kv->text = text > 0 ? otel__text_utf8_repair(NULL, a->value.s, text) : 0;
    otel__kv_add_up(kv, a);
}

/* Measure exactly, for a caller that must know the size before it writes. */
OTEL__FN bool otel__kv_measure_checked(otel__kv *kv, const otel_attr *a)
{
    if (!otel__kv_measure(kv, a)) {
        return false;
    }
    if (!otel__attr_is_ascii(a->key, kv->key) || !otel__attr_is_ascii(a->value.s, kv->text)) {
        otel__kv_check(kv, a);
    }
    return true;
}

/* ---- attr: writing ---- */

/* Lengths below 128, which nearly all are, take one store. */
OTEL__HOT uint8_t *otel__kv_length(uint8_t *p, size_t n)
{
    if (OTEL__LIKELY(n < 0x80u)) {
        *p = (uint8_t)n;
        return p + 1;
    }
    return otel__pb_store_varint(p, n);
}

OTEL__HOT uint8_t *otel__kv_text(uint8_t *p, const char *s, size_t n, uint64_t *high)
{
    *high |= otel__attr_copy(p, s, n);
    return p + n;
}

/* Write the AnyValue of `a`, which takes kv->any bytes. */
OTEL__HOT uint8_t *otel__kv_store_any(uint8_t *p, const otel__kv *kv, const otel_attr *a,
                                      uint64_t *high)
{
    switch (a->type) {
    case OTEL_TYPE_STRING:
        *p++ = OTEL__PB_TAG(1, OTEL__PB_LEN);
        p = otel__kv_length(p, kv->text);
        if (OTEL__UNLIKELY(kv->broken)) {
            return p + otel__text_utf8_repair((char *)p, a->value.s, otel__attr_value_length(a));
        }
        return otel__kv_text(p, a->value.s, kv->text, high);
    case OTEL_TYPE_BOOL:
        *p++ = OTEL__PB_TAG(2, OTEL__PB_VARINT);
        *p++ = a->value.i != 0;
        return p;
    case OTEL_TYPE_INT:
        *p++ = OTEL__PB_TAG(3, OTEL__PB_VARINT);
        return otel__pb_store_varint(p, (uint64_t)a->value.i);
    case OTEL_TYPE_DOUBLE:
        *p++ = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(p, otel__platform_double_bits(a->value.d));
        return p + 8;
    default: return p;
    }
}

#define OTEL__KV_SHORT 112u /* bytes of key and text: then every length takes one byte */
#define OTEL__KV_ROOM  (OTEL__KV_SHORT + 20u)

/* Write a field with at most OTEL__KV_SHORT bytes of key and text, as they are, in one pass: its
 * lengths are filled in when they are known. Takes at most OTEL__KV_ROOM bytes. */
OTEL__HOT uint8_t *otel__kv_store_short(uint8_t *p, uint8_t tag, const otel__kv *kv,
                                        const otel_attr *a, uint64_t *high)
{
    uint8_t *value = p + 4 + kv->key;
    uint8_t *end = value + 2;

    p[0] = tag;
    p[2] = OTEL__PB_TAG(1, OTEL__PB_LEN);
    p[3] = (uint8_t)kv->key;
    *high |= otel__attr_copy(p + 4, a->key, kv->key);
    end = otel__kv_store_any(end, kv, a, high);
    value[0] = OTEL__PB_TAG(2, OTEL__PB_LEN);
    value[1] = (uint8_t)(end - value - 2);
    p[1] = (uint8_t)(end - p - 2);
    return end;
}

/* Write the whole field: otel__kv_field_size() bytes. `high` gathers non-ASCII bits. */
OTEL__HOT uint8_t *otel__kv_store(uint8_t *p, uint8_t tag, const otel__kv *kv, const otel_attr *a,
                                  uint64_t *high)
{
#if !defined(__OPTIMIZE_SIZE__)
    if (OTEL__LIKELY(kv->key + kv->text <= OTEL__KV_SHORT) && OTEL__LIKELY(!kv->broken)) {
        return otel__kv_store_short(p, tag, kv, a, high);
    }
#endif
    *p++ = tag;
    p = otel__kv_length(p, kv->body);
    *p++ = OTEL__PB_TAG(1, OTEL__PB_LEN);
    p = otel__kv_length(p, kv->key);
    if (OTEL__UNLIKELY(kv->broken)) {
        p += otel__text_utf8_repair((char *)p, a->key, otel__attr_key_length(a));
    } else {
        p = otel__kv_text(p, a->key, kv->key, high);
    }
    *p++ = OTEL__PB_TAG(2, OTEL__PB_LEN);
    p = otel__kv_length(p, kv->any);
    return otel__kv_store_any(p, kv, a, high);
}

/* Write the field of tag `tag` if it fits `room` bytes.
 * Returns the bytes it needs: more than `room` means that nothing counts as written; 0: no key. */
OTEL__FN OTEL__NOINLINE size_t otel__kv_put(uint8_t *p, size_t room, uint8_t tag,
                                            const otel_attr *a)
{
    otel__kv kv;
    uint64_t high = 0;
    size_t   need;

    if (!otel__kv_measure(&kv, a)) {
        return 0;
    }
    need = otel__kv_field_size(&kv);
    if (need > room) {
        return need;
    }
    (void)otel__kv_store(p, tag, &kv, a, &high);
    if (OTEL__UNLIKELY(high != 0)) {
        otel__kv_check(&kv, a);
        need = otel__kv_field_size(&kv);
        if (kv.broken && need <= room) {
            (void)otel__kv_store(p, tag, &kv, a, &high);
        }
    }
    return need;
}

/* ---- attr: hashing, any order ---- */

OTEL__HOT uint64_t otel__attr_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 / golden ratio: every input bit reaches the top */
    return h ^ (h >> 32);
}

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
    while (a.n > 0 && b.n > 0) {
        const otel__text x = otel__attr_next_repaired(&a);
        const otel__text y = otel__attr_next_repaired(&b);
        if (x.n != y.n || memcmp(x.s, y.s, x.n) != 0) {
            return false;
        }
    }
    return a.n == b.n;
}

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

OTEL__HOT const uint8_t *otel__kv_end(const uint8_t *p)
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

/* ---- attr: a written field back as an attribute ---- */

/* Read a written KeyValue field; the result borrows its bytes. */
OTEL__FN otel_attr otel__kv_attr(const uint8_t *p)
{
    const uint8_t *value;
    size_t         n;
    otel_attr      a;

    memset(&a, 0, sizeof a);
    a.key = (const char *)otel__kv_key(p, &n, &value);
    a.key_length = (uint16_t)(n <= 0xffffu ? n : 0);
    value++;
    n = otel__kv_read_length(&value);
    if (n == 0) {
        return a;
    }
    switch (*value++ >> 3) {
    case 1:
        a.type = (uint8_t)OTEL_TYPE_STRING;
        a.length = (uint32_t)otel__kv_read_length(&value);
        a.value.s = (const char *)value;
        break;
    case 2:
        a.type = (uint8_t)OTEL_TYPE_BOOL;
        a.value.i = *value;
        break;
    case 3: {
        otel__pb m = otel__pb_open(value, OTEL__VARINT_MAX);
        uint64_t v = 0;
        a.type = (uint8_t)OTEL_TYPE_INT;
        if (otel__pb_read_varint(&m, &v)) {
            memcpy(&a.value.i, &v, sizeof v);
        }
        break;
    }
    default: {
        otel__pb m = otel__pb_open(value, 8);
        uint64_t v = 0;
        a.type = (uint8_t)OTEL_TYPE_DOUBLE;
        if (otel__pb_read_fixed(&m, 8, &v)) {
            a.value.d = otel__platform_bits_double(v);
        }
        break;
    }
    }
    return a;
}

#endif /* OTEL__WIRE_ATTR_H */
