/* proto: protobuf, written once or only measured, and read within bounds.
 * The writer knows no message; the reader trusts nothing: every length is checked against the bytes
 * that are there, varints are at most ten bytes, groups are refused. Pure: no state, no system.
 * Spec: protobuf encoding guide; requirements P-01, P-05, P-06, P-10. */
#ifndef OTEL__WIRE_PROTO_H
#define OTEL__WIRE_PROTO_H

#include "../core/bytes.h"

/* ---- out: bytes written once, or only counted ---- */

/* Output cursor. One path measures and writes: with buf == NULL nothing is stored. len counts the
 * bytes needed and may pass cap; from then on nothing is stored, so that one otel__out_fits() at
 * the end replaces a check after every call. */
typedef struct otel__out {
    uint8_t *buf; /* destination, NULL to measure             */
    size_t   cap; /* bytes at buf                             */
    size_t   len; /* bytes needed so far; sticks at SIZE_MAX  */
} otel__out;

OTEL__FN otel__out otel__out_make(void *buf, size_t cap)
{
    otel__out o;
    o.buf = (uint8_t *)buf;
    o.cap = buf != NULL ? cap : 0;
    o.len = 0;
    return o;
}

OTEL__FN bool otel__out_fits(const otel__out *o) { return o->buf != NULL && o->len <= o->cap; }

OTEL__FN void otel__out_put(otel__out *o, const void *src, size_t n)
{
    if (n > 0 && otel__out_fits(o) && n <= o->cap - o->len) {
        otel__bytes_copy(o->buf + o->len, src, n);
    }
    o->len = n <= SIZE_MAX - o->len ? o->len + n : SIZE_MAX;
}

OTEL__FN void otel__out_byte(otel__out *o, uint8_t byte) { otel__out_put(o, &byte, 1); }

/* ---- writing ---- */

#define OTEL__VARINT_MAX 10 /* ceil(64 / 7) groups of seven bits */
OTEL__STATIC_ASSERT(OTEL__VARINT_MAX * 7 >= 64, varint_holds_a_u64);

enum { /* wire types */
       OTEL__PB_VARINT = 0,
       OTEL__PB_FIXED64 = 1,
       OTEL__PB_LEN = 2,
       OTEL__PB_FIXED32 = 5
};

/* Tag of a field whose number is below 16: one byte. */
#define OTEL__PB_TAG(number, wire) ((uint8_t)(((number) << 3) | (wire)))

OTEL__FN size_t otel__pb_varint_size(uint64_t v)
{
    size_t n = 1;
    while (v >= 0x80u) {
        v >>= 7;
        n++;
    }
    return n;
}

/* Store v at p, least significant group first; returns the byte behind it. p has room for ten. */
OTEL__FN uint8_t *otel__pb_store_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80u) {
        *p++ = (uint8_t)((v & 0x7fu) | 0x80u);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* Store v in exactly `width` bytes, padded with empty groups: a length filled in afterwards. */
OTEL__FN void otel__pb_store_padded(uint8_t *p, uint32_t v, size_t width)
{
    size_t i;
    for (i = 0; i + 1 < width; i++) {
        p[i] = (uint8_t)((v & 0x7fu) | 0x80u);
        v >>= 7;
    }
    p[i] = (uint8_t)(v & 0x7fu);
}

OTEL__INLINE void otel__pb_store_le64(uint8_t *p, uint64_t v)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(p, &v, 8);
#else
    int i;
    for (i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
#endif
}

OTEL__INLINE uint64_t otel__pb_load_le64(const uint8_t *p)
{
    uint64_t v = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&v, p, 8);
#else
    int i;
    for (i = 0; i < 8; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
#endif
    return v;
}

OTEL__INLINE void otel__pb_store_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* Append v as a base-128 varint. Negative int64 fields are passed as (uint64_t)v: ten bytes. */
OTEL__FN void otel__pb_varint(otel__out *o, uint64_t v)
{
    uint8_t        tmp[OTEL__VARINT_MAX];
    const uint8_t *end = otel__pb_store_varint(tmp, v);
    otel__out_put(o, tmp, (size_t)(end - tmp));
}

OTEL__FN void otel__pb_tag(otel__out *o, uint32_t number, uint32_t wire)
{
    otel__pb_varint(o, ((uint64_t)number << 3) | wire);
}

OTEL__FN void otel__pb_uint(otel__out *o, uint32_t number, uint64_t v)
{
    otel__pb_tag(o, number, OTEL__PB_VARINT);
    otel__pb_varint(o, v);
}

OTEL__FN void otel__pb_fixed64(otel__out *o, uint32_t number, uint64_t v)
{
    uint8_t tmp[8];
    otel__pb_store_le64(tmp, v);
    otel__pb_tag(o, number, OTEL__PB_FIXED64);
    otel__out_put(o, tmp, 8);
}

OTEL__FN void otel__pb_fixed32(otel__out *o, uint32_t number, uint32_t v)
{
    uint8_t tmp[4];
    otel__pb_store_le32(tmp, v);
    otel__pb_tag(o, number, OTEL__PB_FIXED32);
    otel__out_put(o, tmp, 4);
}

OTEL__FN void otel__pb_double(otel__out *o, uint32_t number, double v)
{
    otel__pb_fixed64(o, number, otel__platform_double_bits(v));
}

/* Tag and length of a message, string or bytes field whose `n` bytes follow. */
OTEL__FN void otel__pb_head(otel__out *o, uint32_t number, size_t n)
{
    otel__pb_tag(o, number, OTEL__PB_LEN);
    otel__pb_varint(o, n);
}

OTEL__FN void otel__pb_bytes(otel__out *o, uint32_t number, const void *data, size_t n)
{
    otel__pb_head(o, number, n);
    otel__out_put(o, data, n);
}

/* Bytes that a length-delimited field of a number below 16 takes around and with its content. */
OTEL__FN size_t otel__pb_field_size(size_t n)
{
    size_t size = 2u + n; /* the length takes one byte, or more: */

    for (; n >= 0x80u; n >>= 7) {
        size++;
    }
    return size;
}

/* ---- reading ---- */

/* A message being read: the bytes not yet looked at. */
typedef struct otel__pb {
    const uint8_t *p;
    const uint8_t *end;
} otel__pb;

typedef struct otel__pb_field {
    uint32_t       number;
    uint32_t       wire;   /* OTEL__PB_*                                  */
    uint64_t       value;  /* of a varint or fixed field                  */
    const uint8_t *data;   /* of a length-delimited one: inside the input */
    size_t         length; /* bytes at data                               */
} otel__pb_field;

OTEL__FN otel__pb otel__pb_open(const uint8_t *data, size_t n)
{
    otel__pb m;
    m.p = data;
    m.end = n > 0 ? data + n : data;
    return m;
}

/* Read a varint of at most ten bytes and 64 bits. Returns false at the end or when too long. */
OTEL__FN OTEL__MUST_USE bool otel__pb_read_varint(otel__pb *m, uint64_t *v)
{
    uint64_t value = 0;
    unsigned shift;

    for (shift = 0; shift < 70 && m->p < m->end; shift += 7) {
        const uint8_t byte = *m->p++;
        if (shift == 63 && byte > 1) {
            return false; /* more than 64 bits */
        }
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u) {
            *v = value;
            return true;
        }
    }
    return false;
}

OTEL__FN OTEL__MUST_USE bool otel__pb_read_fixed(otel__pb *m, size_t n, uint64_t *v)
{
    size_t i;
    if ((size_t)(m->end - m->p) < n) {
        return false;
    }
    *v = 0;
    for (i = 0; i < n; i++) {
        *v |= (uint64_t)m->p[i] << (8 * i);
    }
    m->p += n;
    return true;
}

/* Step to the next field. Returns 1 with a field, 0 at the end, -1 when the bytes are no
 * message. */
OTEL__FN OTEL__MUST_USE int otel__pb_next(otel__pb *m, otel__pb_field *f)
{
    uint64_t tag;
    bool     ok = false;

    if (m->p >= m->end) {
        return 0;
    }
    if (!otel__pb_read_varint(m, &tag) || (tag >> 3) == 0 || (tag >> 3) > 0x1fffffffu) {
        return -1;
    }
    f->number = (uint32_t)(tag >> 3);
    f->wire = (uint32_t)(tag & 7u);
    f->value = 0;
    f->data = m->p;
    f->length = 0;
    switch (f->wire) {
    case OTEL__PB_VARINT: ok = otel__pb_read_varint(m, &f->value); break;
    case OTEL__PB_FIXED64: ok = otel__pb_read_fixed(m, 8, &f->value); break;
    case OTEL__PB_FIXED32: ok = otel__pb_read_fixed(m, 4, &f->value); break;
    case OTEL__PB_LEN:
        ok = otel__pb_read_varint(m, &f->value) && f->value <= (uint64_t)(m->end - m->p);
        f->data = m->p;
        f->length = ok ? (size_t)f->value : 0;
        m->p += f->length;
        break;
    default: break; /* groups, and wire types 6 and 7, which do not exist */
    }
    return ok ? 1 : -1;
}

#endif /* OTEL__WIRE_PROTO_H */
