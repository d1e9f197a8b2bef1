/* text: UTF-8, numbers and small comparisons over bytes, without locale and without the C library.
 * Used by every part that reads or writes text: attributes, environment, HTTP.
 *
 * A text is a pointer and a length, never NUL-terminated by contract; NULL goes with length 0.
 * Nothing here allocates, fails halfway or reads past the length given. Where a destination may be
 * too small its size is a parameter; the other writers have a fixed or measured need, which their
 * comments state.
 * Spec: RFC 3629 and Unicode 15 section 3.9 (UTF-8), RFC 3986 section 2.1 (percent-encoding). */
#ifndef OTEL__CORE_TEXT_H
#define OTEL__CORE_TEXT_H

#include "bytes.h"

/* Bytes that somebody else owns. */
typedef struct otel__text {
    const char *s;
    size_t      n;
} otel__text;

/* ---- text: spans ---- */

OTEL__FN otel__text otel__text_make(const char *s, size_t n)
{
    otel__text t;

    t.s = s;
    t.n = n;
    return t;
}

/* strlen(); in firmware without the C library's, which takes 220 bytes on a Cortex-M4. */
OTEL__FN size_t otel__text_length(const char *s)
{
#if defined(OTEL_LITE_FREESTANDING)
    size_t n = 0;

    while (*(const volatile char *)(s + n) != '\0') { /* volatile: or it becomes a strlen() */
        n++;
    }
    return n;
#else
    return strlen(s);
#endif
}

/* A C string as a text; NULL gives the empty one. */
OTEL__FN otel__text otel__text_of(const char *s)
{
    return otel__text_make(s, s != NULL ? otel__text_length(s) : 0);
}

static bool otel__text_is_blank(char c) { return c == ' ' || c == '\t'; }

/* Without the spaces and tabs at both ends. */
OTEL__FN otel__text otel__text_trim(otel__text t)
{
    while (t.n > 0 && otel__text_is_blank(t.s[0])) {
        t.s++;
        t.n--;
    }
    while (t.n > 0 && otel__text_is_blank(t.s[t.n - 1])) {
        t.n--;
    }
    return t;
}

/* Where `c` first stands in `t`, or t.n. */
static size_t otel__text_find(otel__text t, char c)
{
    size_t i = 0;

    while (i < t.n && t.s[i] != c) {
        i++;
    }
    return i;
}

/* Cut the piece before the first `separator` off the front of `rest`; without one, all of it.
 * Returns false when nothing was left. "a,,b," gives a, an empty piece, b. */
OTEL__FN bool otel__text_next(otel__text *rest, char separator, otel__text *piece)
{
    size_t at;

    if (rest->n == 0) {
        return false;
    }
    at = otel__text_find(*rest, separator);
    *piece = otel__text_make(rest->s, at);
    at += at < rest->n ? 1u : 0u; /* the separator goes too */
    rest->s += at;
    rest->n -= at;
    return true;
}

/* The n-th of a list of C strings, each behind the other's NUL: a table that takes no pointers, and
 * that the linker drops with its only user. */
OTEL__FN const char *otel__text_nth(const char *list, size_t n)
{
    for (; n > 0; n--) {
        list += otel__text_length(list) + 1;
    }
    return list;
}

/* Whether two C strings are the same. */
OTEL__FN OTEL__NOINLINE bool otel__text_same(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return *a == *b;
}

static char otel__text_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Whether two texts are the same when ASCII letters of either case are the same. */
OTEL__FN bool otel__text_same_nocase(otel__text a, otel__text b)
{
    size_t i = 0;

    while (i < a.n && i < b.n && otel__text_lower(a.s[i]) == otel__text_lower(b.s[i])) {
        i++;
    }
    return i == a.n && i == b.n;
}

/* The same for a C string. */
OTEL__FN bool otel__text_is_nocase(otel__text t, const char *other)
{
    return otel__text_same_nocase(t, otel__text_of(other));
}

/* ---- text: bounded writing ---- */

/* A buffer that text is added to. What does not fit whole is not stored, and nothing after it is:
 * `len` counts on past `cap`, so one look at otel__text_fits() at the end is enough. */
typedef struct otel__text_buf {
    char  *s;   /* the destination, the caller's                        */
    size_t cap; /* bytes at s                                           */
    size_t len; /* bytes stored while <= cap, else needed; sticks at max */
} otel__text_buf;

static bool otel__text_fits(const otel__text_buf *b) { return b->len <= b->cap; }

OTEL__FN void otel__text_add(otel__text_buf *b, otel__text t)
{
    if (t.n > 0 && otel__text_fits(b) && t.n <= b->cap - b->len) {
        otel__bytes_copy(b->s + b->len, t.s, t.n);
    }
    b->len = t.n <= SIZE_MAX - b->len ? b->len + t.n : SIZE_MAX;
}

OTEL__FN void otel__text_add_c(otel__text_buf *b, const char *s)
{
    otel__text_add(b, otel__text_of(s));
}

/* ---- text: UTF-8 ---- */

/* The number of ASCII bytes at the front of `s`, looked at eight at a time; may stop early, but
 * not when another eight of them follow. */
OTEL__FN size_t otel__text_ascii_run(const char *s, size_t n)
{
    size_t i = 0;

    while (n - i >= sizeof(uint64_t)) {
        uint64_t eight;

        memcpy(&eight, s + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        i += sizeof eight;
    }
    return i;
}

#if defined(OTEL_LITE_NO_UTF8_REPAIR)

/* Text is taken to be UTF-8 as it is. */
OTEL__INLINE bool otel__text_utf8_valid(const char *s, size_t n)
{
    (void)s;
    (void)n;
    return true;
}

OTEL__INLINE size_t otel__text_utf8_step(const char *s, size_t n, bool *ok)
{
    (void)s;
    (void)n;
    *ok = true;
    return 1;
}

OTEL__INLINE size_t otel__text_utf8_repair(char *dst, const char *src, size_t n)
{
    if (dst != NULL) {
        otel__bytes_copy(dst, src, n);
    }
    return n;
}

#else

/* Measure the sequence at `s`, where n > 0 bytes can be read. Returns its length, 1 to 4, and
 * tells in `ok` whether it is well formed; if not, the length is that of its longest beginning
 * that could have become a character, at least 1 ("maximal subpart", Unicode 3.9, D93b). */
static size_t otel__text_utf8_step(const char *s, size_t n, bool *ok)
{
    const uint8_t lead = (uint8_t)s[0];
    uint8_t low = 0x80, high = 0xbf; /* of the second byte */
    size_t want = lead < 0xe0u ? 2u : lead < 0xf0u ? 3u : 4u, i;

    *ok = lead < 0x80u;
    if (lead < 0xc2u || lead > 0xf4u) { /* ASCII, a stray continuation, or no lead byte at all */
        return 1;
    }
    if (lead == 0xe0u || lead == 0xf0u) {
        low = lead == 0xe0u ? 0xa0 : 0x90; /* lower ones are overlong */
    } else if (lead == 0xedu || lead == 0xf4u) {
        high = lead == 0xedu ? 0x9f : 0x8f; /* higher ones are surrogates, or above U+10FFFF */
    }
    for (i = 1; i < want; i++) {
        if (i >= n || (uint8_t)s[i] < low || (uint8_t)s[i] > high) {
            return i;
        }
        low = 0x80;
        high = 0xbf;
    }
    *ok = true;
    return want;
}

/* Whether all n bytes are well-formed UTF-8. NUL is a character like any other. */
OTEL__FN bool otel__text_utf8_valid(const char *s, size_t n)
{
    size_t i = 0;
    bool ok = true;

    while (i < n && ok) {
#if !defined(__OPTIMIZE_SIZE__)
        i += otel__text_ascii_run(s + i, n - i);
#endif
        if (i < n) {
            i += otel__text_utf8_step(s + i, n - i, &ok);
        }
    }
    return ok;
}

/* Copy n bytes, each ill-formed sequence replaced by U+FFFD.
 *   dst  room for the length that a call with NULL returns, at most 3 * n; must not overlap src
 * Returns the length of the repaired text, which sticks at SIZE_MAX. */
OTEL__FN size_t otel__text_utf8_repair(char *dst, const char *src, size_t n)
{
    size_t i = 0, len = 0;

    while (i < n) {
        bool ok;
        const size_t step = otel__text_utf8_step(src + i, n - i, &ok);
        const size_t put = ok ? step : 3u;

        if (dst != NULL) {
            otel__bytes_copy(dst + len, ok ? src + i : "\xef\xbf\xbd", put);
        }
        len = put <= SIZE_MAX - len ? len + put : SIZE_MAX;
        i += step;
    }
    return len;
}

#endif

/* The length of the longest beginning of at most `max` bytes that ends between two characters.
 * In text that is not UTF-8 the result is still within `max`, and within 3 bytes of it. */
OTEL__FN size_t otel__text_utf8_cut(const char *s, size_t n, size_t max)
{
    size_t cut = max;

    if (n <= max) {
        return n;
    }
    while (cut > 0 && max - cut < 3 && ((uint8_t)s[cut] & 0xc0u) == 0x80u) {
        cut--;
    }
    return cut;
}

/* ---- text: numbers ---- */

/* Read a decimal number: digits only, all of the text, no sign, at most UINT64_MAX.
 * `out` is untouched when it returns false. */
OTEL__FN bool otel__text_parse_u64(const char *s, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t   i;

    for (i = 0; i < n; i++) {
        const unsigned digit = (unsigned)(uint8_t)s[i] - '0';

        if (digit > 9 || v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit) {
            return false;
        }
        v = v * 10 + digit;
    }
    if (n > 0) {
        *out = v;
    }
    return n > 0;
}

#define OTEL__TEXT_U64_MAX 20 /* digits of UINT64_MAX, 18446744073709551615 */

/* Write v in decimal to dst, which has room for OTEL__TEXT_U64_MAX bytes; no NUL is added.
 * Returns the number of digits. */
OTEL__FN size_t otel__text_put_u64(char *dst, uint64_t v)
{
    char   digits[OTEL__TEXT_U64_MAX];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + (char)(v % 10));
        v /= 10;
    } while (v > 0);
    otel__bytes_copy(dst, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

/* Write n bytes in lowercase hexadecimal to dst, which has room for 2 * n; no NUL is added.
 * Returns 2 * n. */
OTEL__FN size_t otel__text_put_hex(char *dst, const uint8_t *src, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        dst[2 * i] = "0123456789abcdef"[src[i] >> 4];
        dst[2 * i + 1] = "0123456789abcdef"[src[i] & 0x0fu];
    }
    return 2 * n;
}

/* Add v in decimal. */
OTEL__FN void otel__text_add_u64(otel__text_buf *b, uint64_t v)
{
    char digits[OTEL__TEXT_U64_MAX];

    otel__text_add(b, otel__text_make(digits, otel__text_put_u64(digits, v)));
}

/* The value of a hexadecimal digit of either case, or 16. */
static unsigned otel__text_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c = otel__text_lower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u : 16u;
}

/* Decode percent-encoded text into dst, which has room for `cap` bytes. '+' stays itself.
 * Returns false, with *length undefined, when an escape is not % and two hexadecimal digits or the
 * result does not fit; otherwise *length is the number of bytes written, at most t.n. */
OTEL__FN bool otel__text_percent_decode(otel__text t, char *dst, size_t cap, size_t *length)
{
    size_t i = 0, len = 0;

    while (i < t.n) {
        char   c = t.s[i];
        size_t used = 1;

        if (c == '%') {
            const bool     whole = t.n - i >= 3;
            const unsigned high = whole ? otel__text_hex_digit(t.s[i + 1]) : 16u;
            const unsigned low = whole ? otel__text_hex_digit(t.s[i + 2]) : 16u;

            if (high > 15 || low > 15) {
                return false;
            }
            c = (char)(uint8_t)(high * 16 + low);
            used = 3;
        }
        if (len == cap) {
            return false;
        }
        dst[len++] = c;
        i += used;
    }
    *length = len;
    return true;
}

#endif /* OTEL__CORE_TEXT_H */
