/* text: a buffer that grows, and everything the tool writes into one: escaped text, numbers,
 * durations, times of day, colours. What came from outside goes in by text_escape(), so that
 * nothing a sender chooses can move the cursor, recolour or reorder a terminal. */
#ifndef OTEL_TOOL_TEXT_H
#define OTEL_TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct text {
    char  *data; /* owned, not NUL-terminated; NULL while empty        */
    size_t length;
    size_t capacity;
    bool   colour; /* whether text_style() writes anything             */
} text;

typedef enum style {
    STYLE_PLAIN,
    STYLE_HEADING,
    STYLE_NAME,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD
} style;

/* Ends the program when there is no memory: n bytes, or `old` made that large. */
void *text_memory(void *old, size_t n);

void text_free(text *t);
void text_put(text *t, const void *bytes, size_t n);
void text_add(text *t, const char *s);
void text_repeat(text *t, char c, size_t n);

/* A short piece (under 128 bytes) by a printf format; for our own texts and numbers only. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void text_format(text *t, const char *format, ...);

/* Switch to a style; STYLE_PLAIN ends it. */
void text_style(text *t, style s);

/* Bytes from outside. Control characters, invisible and reordering ones and bytes that are no
 * UTF-8 become \n, \x1b, \u{202e} and so on; a backslash and `quote` (0: none) get a backslash. */
void text_escape(text *t, const void *bytes, size_t n, char quote);

void text_hex(text *t, const uint8_t *bytes, size_t n);

/* 15 digits, or as many as read back as `v`; `plain`: without the ".0" of a whole number. */
void text_double(text *t, double v, bool plain);

/* "350 ns", "12.345 ms", "2.500 s", "1 h 02 min". */
void text_duration(text *t, uint64_t ns);

/* Time of day, UTC: HH:MM:SS.mmm. */
void text_clock(text *t, uint64_t unix_ns);

/* Write all of it. The stream keeps what went wrong, see ferror(). */
void text_write(const text *t, FILE *to);

/* Columns taken by the bytes from `from` on: characters, styles not counted. */
size_t text_width(const text *t, size_t from);

/* Spaces until what stands from `from` on takes `width` columns. */
void text_pad(text *t, size_t from, size_t width);

#endif /* OTEL_TOOL_TEXT_H */
