/* drive_words: reads the words of drive.c's instructions and writes its frames. A text is a block
 * of exactly its size that lives until its instruction is done. */
#ifndef DRIVE_WORDS_H
#define DRIVE_WORDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTRS 1024
#define MAX_TEXTS (2 * MAX_ATTRS + 64)

static void fail(const char *what, const char *word)
{
    fprintf(stderr, "drive: %s: %s\n", what, word != NULL ? word : "the line ends");
    exit(2);
}

static void *need(void *memory)
{
    if (memory == NULL) {
        fail("no memory", "");
    }
    return memory;
}

/* ---- frames ---- */

static struct {
    uint8_t *bytes;
    size_t   length;
    size_t   room;
} out;

static void out_bytes(const void *bytes, size_t n)
{
    if (n > out.room - out.length) {
        out.room = 2 * out.room + n;
        out.bytes = (uint8_t *)need(realloc(out.bytes, out.room));
    }
    if (n > 0) {
        memcpy(out.bytes + out.length, bytes, n);
    }
    out.length += n;
}

static void out_u32(uint32_t v)
{
    const uint8_t bytes[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
                               (uint8_t)(v >> 24) };
    out_bytes(bytes, sizeof bytes);
}

static void out_text(char kind, const char *text)
{
    out_bytes(&kind, 1);
    out_u32((uint32_t)strlen(text));
    out_bytes(text, strlen(text));
}

static void out_value(const char *name, uint64_t value)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%s %llu", name, (unsigned long long)value);
    out_text('V', text);
}

/* ---- words of the current instruction ---- */

static char *cursor;
static void *texts[MAX_TEXTS];
static int   n_texts;

static char *next_word(void)
{
    char *word = cursor;

    if (word == NULL || *word == '\0') {
        fail("a word is missing", NULL);
    }
    cursor = strchr(word, ' ');
    if (cursor != NULL) {
        *cursor++ = '\0';
    }
    return word;
}

static bool more_words(void) { return cursor != NULL && *cursor != '\0'; }

/* Step over the next word if it is `word`. */
static bool next_is(const char *word)
{
    const size_t n = strlen(word);
    const bool   same = cursor != NULL && strncmp(cursor, word, n) == 0 && cursor[n] == ' ';

    if (same) {
        cursor += n + 1;
    }
    return same;
}

/* Whether the next word is the empty text. */
static bool next_is_empty(void)
{
    return cursor != NULL && cursor[0] == 'x' && (cursor[1] == ' ' || cursor[1] == '\0');
}

static uint64_t next_number(int base)
{
    char    *word = next_word();
    char    *end;
    uint64_t v =
        word[0] == '-' ? (uint64_t)strtoll(word, &end, base) : (uint64_t)strtoull(word, &end, base);
    if (*end != '\0') {
        fail("not a number", word);
    }
    return v;
}

static uint64_t next_u64(void) { return next_number(10); }

static int64_t next_i64(void) { return (int64_t)next_number(10); }

static double next_double(void)
{
    const uint64_t bits = next_number(16);
    double         v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* A number below `limit`. */
static size_t next_index(size_t limit)
{
    const uint64_t v = next_u64();

    if (v >= limit) {
        fail("number too large", "");
    }
    return (size_t)v;
}

static int hex_digit(char c)
{
    const char  digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    if (at == NULL) {
        fail("not hexadecimal", "");
        return 0;
    }
    return (int)(at - digits);
}

/* A text as a block of its own; `tail` more bytes, zero, follow its *n bytes. NULL for "-". */
static char *next_bytes(size_t *n, size_t tail)
{
    const char *word = next_word();
    char       *bytes;
    size_t      i;

    *n = 0;
    if (strcmp(word, "-") == 0) {
        return NULL;
    }
    if (word[0] != 'x' || n_texts == MAX_TEXTS) {
        fail("not a text, or one too many", word);
    }
    *n = strlen(word + 1) / 2;
    bytes = (char *)need(malloc(*n + tail > 0 ? *n + tail : 1));
    texts[n_texts++] = bytes;
    for (i = 0; i < *n; i++) {
        bytes[i] = (char)(hex_digit(word[1 + 2 * i]) * 16 + hex_digit(word[2 + 2 * i]));
    }
    memset(bytes + *n, 0, tail);
    return bytes;
}

static const char *next_text(void)
{
    size_t n;

    return next_bytes(&n, 1);
}

static void free_texts(void)
{
    while (n_texts > 0) {
        free(texts[--n_texts]);
    }
}

/* One attribute: type, key, value. Types: s text, n text without NUL, i integer, d double, b 0 or
 * 1, e nothing (no value follows). A k behind it: the key has its length with it and no NUL,
 * unless it is empty, which is how a length says that it is not known. */
static otel_attr next_attr(void)
{
    const char *type = next_word();
    const bool  measured = type[0] != '\0' && type[1] == 'k' && !next_is_empty();
    size_t      n_key;
    size_t      n;
    const char *key = next_bytes(&n_key, measured ? 0 : 1);
    const char *text;
    otel_attr   attr = otel_str(NULL, NULL);

    switch (type[0]) {
    case 's': attr = otel_str(NULL, next_text()); break;
    case 'n':
        text = next_bytes(&n, 0);
        attr = otel_strn(NULL, text, n);
        break;
    case 'i': attr = otel_int(NULL, next_i64()); break;
    case 'd': attr = otel_f64(NULL, next_double()); break;
    case 'b': attr = otel_bool(NULL, next_u64() != 0); break;
    case 'e': break;
    default: fail("unknown type of attribute", type);
    }
    attr.key = key;
    attr.key_length = (uint16_t)(measured && n_key <= 0xffffu ? n_key : 0);
    return attr;
}

static otel_attrs next_attrs(void)
{
    const size_t count = next_index(MAX_ATTRS + 1);
    otel_attr   *items;
    size_t       i;

    if (count == 0) {
        return OTEL_NO_ATTRS;
    }
    items = (otel_attr *)need(malloc(count * sizeof *items));
    texts[n_texts++] = items;
    for (i = 0; i < count; i++) {
        items[i] = next_attr();
    }
    return otel_attrs_of(items, count);
}

#endif /* DRIVE_WORDS_H */
