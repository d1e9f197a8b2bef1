/* text: see text.h. */
#include "base.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

void *text_memory(void *old, size_t n)
{
    void *p = realloc(old, n > 0 ? n : 1);

    if (p == NULL) {
        fputs("otel: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return p;
}

void text_free(text *t)
{
    free(t->data);
    t->data = NULL;
    t->length = 0;
    t->capacity = 0;
}

/* ---- writing ---- */

void text_put(text *t, const void *bytes, size_t n)
{
    if (n > t->capacity - t->length) {
        const size_t doubled = t->capacity < SIZE_MAX / 2 ? t->capacity * 2 : SIZE_MAX;
        size_t       need = n <= SIZE_MAX - t->length ? t->length + n : SIZE_MAX;

        need = need < 256 ? 256 : need;
        t->capacity = need > doubled ? need : doubled;
        t->data = (char *)text_memory(t->data, t->capacity);
    }
    if (n > 0) {
        memcpy(t->data + t->length, bytes, n);
        t->length += n;
    }
}

void text_add(text *t, const char *s) { text_put(t, s, strlen(s)); }

void text_repeat(text *t, char c, size_t n)
{
    while (n-- > 0) {
        text_put(t, &c, 1);
    }
}

void text_format(text *t, const char *format, ...)
{
    char    piece[128];
    va_list args;
    int     n;

    va_start(args, format);
    n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (n > 0) {
        text_put(t, piece, (size_t)n < sizeof piece ? (size_t)n : sizeof piece - 1);
    }
}

void text_write(const text *t, FILE *to)
{
    if (t->length > 0) {
        (void)fwrite(t->data, 1, t->length, to);
    }
}

void text_style(text *t, style s)
{
    static const char *const codes[] = {
        "\033[0m",  /* STYLE_PLAIN                */
        "\033[1m",  /* STYLE_HEADING: bold        */
        "\033[36m", /* STYLE_NAME: cyan           */
        "\033[2m",  /* STYLE_DIM: faint           */
        "\033[32m", /* STYLE_GOOD: green          */
        "\033[33m", /* STYLE_WARN: yellow         */
        "\033[31m"  /* STYLE_BAD: red             */
    };
    if (t->colour) {
        text_add(t, codes[s]);
    }
}

/* ---- text from outside ---- */

/* The character that the `n` bytes of a well-formed sequence stand for. */
static uint32_t code_point(const uint8_t *s, size_t n)
{
    uint32_t c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++) {
        c = (c << 6) | (s[i] & 0x3fu);
    }
    return c;
}

/* Characters that a terminal acts on instead of showing them, or that change how others are shown:
 * controls, zero-width and direction marks, line and paragraph separators, tags. */
static bool is_unsafe(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = { { 0, 0x1f },        { 0x7f, 0x9f },     { 0xad, 0xad },      { 0x61c, 0x61c },
                   { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },  { 0x2060, 0x206f },
                   { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static void escape_one(text *t, uint32_t c)
{
    if (c == '\n' || c == '\r' || c == '\t') {
        text_add(t, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c < 0x80) {
        text_format(t, "\\x%02x", (unsigned)c);
    } else {
        text_format(t, "\\u{%x}", (unsigned)c);
    }
}

void text_escape(text *t, const void *bytes, size_t n, char quote)
{
    const uint8_t *s = (const uint8_t *)bytes;

    for (size_t i = 0; i < n;) {
        bool           ok;
        const size_t   step = otel__text_utf8_step((const char *)s + i, n - i, &ok);
        const uint32_t c = ok ? code_point(s + i, step) : 0;

        if (!ok) {
            for (size_t k = 0; k < step; k++) {
                text_format(t, "\\x%02x", s[i + k]);
            }
        } else if (is_unsafe(c)) {
            escape_one(t, c);
        } else {
            if (c == '\\' || (quote != 0 && c == (uint8_t)quote)) {
                text_add(t, "\\");
            }
            text_put(t, s + i, step);
        }
        i += step;
    }
}

void text_hex(text *t, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char digits[2];
        text_put(t, digits, otel__text_put_hex(digits, bytes + i, 1));
    }
}

/* ---- numbers and times ---- */

void text_double(text *t, double v, bool plain)
{
    char shown[40];

    if (isnan(v) || isinf(v)) {
        text_add(t, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* 17 always read back as the same number */
        snprintf(shown, sizeof shown, "%.*g", digits, v);
        if (otel__platform_double_bits(strtod(shown, NULL)) == otel__platform_double_bits(v)) {
            break;
        }
    }
    text_add(t, shown);
    if (!plain && strpbrk(shown, ".e") == NULL) {
        text_add(t, ".0");
    }
}

void text_duration(text *t, uint64_t ns)
{
    const uint64_t us = 1000, ms = 1000 * us, s = 1000 * ms, minutes = ns / s / 60;

    if (ns < us) {
        text_format(t, "%u ns", (unsigned)ns);
    } else if (ns < ms) {
        text_format(t, "%u.%03u us", (unsigned)(ns / us), (unsigned)(ns % us));
    } else if (ns < s) {
        text_format(t, "%u.%03u ms", (unsigned)(ns / ms), (unsigned)(ns % ms / us));
    } else if (minutes == 0) {
        text_format(t, "%u.%03u s", (unsigned)(ns / s), (unsigned)(ns % s / ms));
    } else if (minutes < 60) {
        text_format(t, "%u min %02u s", (unsigned)minutes, (unsigned)(ns / s % 60));
    } else {
        text_format(t, "%lu h %02u min", (unsigned long)(minutes / 60), (unsigned)(minutes % 60));
    }
}

void text_clock(text *t, uint64_t unix_ns)
{
    const unsigned ms = (unsigned)(unix_ns / 1000000u % 86400000u); /* of the day */

    text_format(t, "%02u:%02u:%02u.%03u", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

/* ---- columns ---- */

size_t text_width(const text *t, size_t from)
{
    size_t width = 0;

    for (size_t i = from; i < t->length; i++) {
        if (t->data[i] == '\033') { /* one of our own styles: text_escape() lets no other in */
            while (i < t->length && t->data[i] != 'm') {
                i++;
            }
        } else if (((uint8_t)t->data[i] & 0xc0u) != 0x80u) {
            width++;
        }
    }
    return width;
}

void text_pad(text *t, size_t from, size_t width)
{
    const size_t have = text_width(t, from);

    text_repeat(t, ' ', have < width ? width - have : 0);
}
