/* attr: attributes as OTLP KeyValue bytes, measured and written.
 * Used by resource, spans, events, log records and metric series. A value is written once, straight
 * to where it stays.
 * Invariants: a key is non-empty; text is valid UTF-8 once written (repaired if it was not).
 * Spec: common/README.md "Attribute", "AnyValue"; requirements C-01..C-20, P-03, P-05, P-09. */
#ifndef OTEL__WIRE_ATTR_H
#define OTEL__WIRE_ATTR_H

#include "../core/text.h"
#include "proto.h"

#define OTEL__ATTRS_MAX 128u   /* attributes of one set that count                */
#define OTEL__KEY_MAX   16383u /* bytes of a key; a longer one is dropped, counted */

/* ---- attr: bytes ---- */

#define OTEL__ATTR_HIGH 0x8080808080808080u

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

/* Where size was asked for (-Os) there is one way instead of a fast and a general one: texts are
 * always looked at character by character, bytes one at a time. The bytes written are the same. */
#if defined(__OPTIMIZE_SIZE__)

/* Copy n bytes; returns bits of OTEL__ATTR_HIGH when one of them is not ASCII. */
OTEL__FN uint64_t otel__attr_copy(uint8_t *to, const void *from, size_t n)
{
    const uint8_t *p = (const uint8_t *)from;
    uint8_t        high = 0;

    while (n-- > 0) {
        high = (uint8_t)(high | *p);
        *to++ = *p++;
    }
    return high & OTEL__ATTR_HIGH;
}

OTEL__FN bool otel__attr_same_bytes(const void *x, const void *y, size_t n)
{
    const uint8_t *a = (const uint8_t *)x;
    const uint8_t *b = (const uint8_t *)y;

    while (n > 0 && *a == *b) {
        a++;
        b++;
        n--;
    }
    return n == 0;
}

/* Whether no byte has its highest bit set. */
OTEL__FN bool otel__attr_is_ascii(const char *s, size_t n)
{
    while (n > 0 && ((uint8_t)*s & 0x80u) == 0) {
        s++;
        n--;
    }
    return n == 0;
}

#else /* in words */

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

#endif

/* ---- attr: lengths ---- */

OTEL__INLINE size_t otel__attr_key_length(const otel_attr *a)
{
    return a->key_length != 0 || a->key == NULL ? a->key_length : otel__text_length(a->key);
}

OTEL__INLINE size_t otel__attr_value_length(const otel_attr *a)
{
    return a->length != OTEL_LENGTH_UNKNOWN ? a->length : otel__text_length(a->value.s);
}

/* Bytes of a varint below 2^35. */
OTEL__HOT size_t otel__attr_length_size(size_t n)
{
#if defined(__OPTIMIZE_SIZE__)
    return otel__pb_varint_size(n);
#else
    return n < 0x80u ? 1u : n < 0x4000u ? 2u : n < 0x200000u ? 3u : n < 0x10000000u ? 4u : 5u;
#endif
}

/* Bytes of a length-delimited field. */
OTEL__HOT size_t otel__attr_field_size(size_t n) { return 1u + otel__attr_length_size(n) + n; }

#if defined(__OPTIMIZE_SIZE__)

/* One attribute about to be written, or compared with a written one: behind the field's tag and
 * length come these parts. The texts are as they were given; all else is as it goes out. */
#define OTEL__KV_PARTS 5u
typedef struct otel__kv {
    otel__text part[OTEL__KV_PARTS]; /* head of the key, key, head of the value, value, text */
    size_t     key;                  /* bytes of the key, repaired                            */
    size_t     text;                 /* bytes of a string value, repaired                   */
    size_t     body;                 /* bytes of the KeyValue message                        */
    bool       broken;               /* perhaps: key or text is not UTF-8                    */
    uint8_t    bytes[24];            /* what the parts that are no texts point to            */
} otel__kv;

OTEL__FN OTEL__NOINLINE uint8_t *otel__kv_head(uint8_t *p, uint8_t tag, uint64_t n)
{
    *p++ = tag;
    return otel__pb_store_varint(p, n);
}

/* Write the AnyValue of `a` without its text, of which `n` bytes will follow. */
OTEL__FN uint8_t *otel__kv_value(uint8_t *p, const otel_attr *a, size_t n)
{
    switch (a->type) {
    case OTEL_TYPE_STRING: return otel__kv_head(p, OTEL__PB_TAG(1, OTEL__PB_LEN), n);
    case OTEL_TYPE_BOOL: return otel__kv_head(p, OTEL__PB_TAG(2, OTEL__PB_VARINT), a->value.i != 0);
    case OTEL_TYPE_INT:
        return otel__kv_head(p, OTEL__PB_TAG(3, OTEL__PB_VARINT), (uint64_t)a->value.i);
    case OTEL_TYPE_DOUBLE:
        *p++ = OTEL__PB_TAG(4, OTEL__PB_FIXED64);
        otel__pb_store_le64(p, otel__platform_double_bits(a->value.d));
        return p + 8;
    default: /* an empty value: P-04 */ return p;
    }
}

/* Measure exactly. Returns false for what is no attribute: without a key (C-01), or with one longer
 * than OTEL__KEY_MAX. */
OTEL__FN OTEL__NOINLINE bool otel__kv_measure(otel__kv *kv, const otel_attr *a)
{
    const size_t key = otel__attr_key_length(a);
    const size_t text = a->type == OTEL_TYPE_STRING ? otel__attr_value_length(a) : 0;
    const size_t key_size = otel__text_utf8_repair(NULL, a->key, key);
    const size_t text_size = otel__text_utf8_repair(NULL, a->value.s, text);
    uint8_t     *value = kv->bytes;
    uint8_t     *p = otel__kv_value(value, a, text_size);
    uint8_t *q = otel__kv_head(p, OTEL__PB_TAG(2, OTEL__PB_LEN), (size_t)(p - value) + text_size);
    uint8_t *r = otel__kv_head(q, OTEL__PB_TAG(1, OTEL__PB_LEN), key_size);

    kv->key = key_size;
    kv->text = text_size;
    kv->part[0] = otel__text_make((const char *)q, (size_t)(r - q));
    kv->part[1] = otel__text_make(a->key, key);
    kv->part[2] = otel__text_make((const char *)p, (size_t)(q - p));
    kv->part[3] = otel__text_make((const char *)value, (size_t)(p - value));
    kv->part[4] = otel__text_make(a->value.s, text);
    kv->body = (size_t)(r - value) + key_size + text_size;
    kv->broken = true;
    return key != 0 && key <= OTEL__KEY_MAX;
}

/* Whether a part is text, which may need repair. */
#if defined(OTEL_LITE_NO_UTF8_REPAIR)
#define OTEL__KV_IS_TEXT(i) false
#else
#define OTEL__KV_IS_TEXT(i) ((i) == 1 || (i) == 4)
#endif

#define otel__kv_measure_checked(kv, a) otel__kv_measure(kv, a)
#define otel__kv_check(kv, a)           ((void)(kv), (void)(a))

OTEL__FN size_t otel__kv_field_size(const otel__kv *kv) { return otel__attr_field_size(kv->body); }

#else

/* One attribute about to be written: its lengths, nested from the inside out. */
typedef struct otel__kv {
    size_t key;    /* bytes of the key, after repair                      */
    size_t text;   /* bytes of a string value, after repair               */
    size_t any;    /* bytes of the AnyValue message                       */
    size_t body;   /* bytes of the KeyValue message                       */
    bool   broken; /* key or text is not UTF-8 and is repaired on writing */
} otel__kv;

OTEL__HOT size_t otel__kv_field_size(const otel__kv *kv) { return otel__attr_field_size(kv->body); }

OTEL__HOT void otel__kv_add_up(otel__kv *kv, const otel_attr *a)
{
    switch (a->type) {
    case OTEL_TYPE_STRING: kv->any = otel__attr_field_size(kv->text); break;
    case OTEL_TYPE_BOOL: kv->any = 2; break;
    case OTEL_TYPE_INT: kv->any = 1u + otel__pb_varint_size((uint64_t)a->value.i); break;
    case OTEL_TYPE_DOUBLE: kv->any = 9; break;
    default: /* an empty value: P-04 */ kv->any = 0; break;
    }
    kv->body = otel__attr_field_size(kv->key) + otel__attr_field_size(kv->any);
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

#endif

/* ---- attr: writing ---- */

/* Lengths below 128, which nearly all are, take one store. */
OTEL__HOT uint8_t *otel__kv_length(uint8_t *p, size_t n)
{
#if !defined(__OPTIMIZE_SIZE__)
    if (OTEL__LIKELY(n < 0x80u)) {
        *p = (uint8_t)n;
        return p + 1;
    }
#endif
    return otel__pb_store_varint(p, n);
}

OTEL__HOT uint8_t *otel__kv_text(uint8_t *p, const char *s, size_t n, uint64_t *high)
{
    *high |= otel__attr_copy(p, s, n);
    return p + n;
}

#if defined(__OPTIMIZE_SIZE__)

/* Write the whole field: otel__kv_field_size() bytes. Measured exactly: `high` is not needed. */
OTEL__FN OTEL__NOINLINE uint8_t *otel__kv_store(uint8_t *p, uint8_t tag, const otel__kv *kv,
                                                const otel_attr *a, uint64_t *high)
{
    uint32_t i;

    (void)a;
    (void)high;
    p = otel__kv_head(p, tag, kv->body);
    for (i = 0; i < OTEL__KV_PARTS; i++) {
        const otel__text t = kv->part[i];
        if (OTEL__KV_IS_TEXT(i)) {
            p += otel__text_utf8_repair((char *)p, t.s, t.n);
        } else if (t.n > 0) {
            otel__bytes_copy(p, t.s, t.n);
            p += t.n;
        }
    }
    return p;
}

#else

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
    if (OTEL__LIKELY(kv->key + kv->text <= OTEL__KV_SHORT) && OTEL__LIKELY(!kv->broken)) {
        return otel__kv_store_short(p, tag, kv, a, high);
    }
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

#endif

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

#endif /* OTEL__WIRE_ATTR_H */
