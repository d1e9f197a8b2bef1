/* traceparent: the W3C header that carries a span's identity from process to process.
 * Pure functions over the caller's memory; nothing of the SDK is needed. What is read came from
 * outside: every byte is looked at before it is used, and none behind the length.
 * Spec: W3C Trace Context Level 2 "traceparent Header"; requirements X-30..X-44. */
#ifndef OTEL__RECORD_TRACEPARENT_H
#define OTEL__RECORD_TRACEPARENT_H

#include "../core/text.h"
#include "context.h"

#define OTEL__TRACEPARENT_LENGTH 55u /* of version 00: 00-<32>-<16>-<2> */
#define OTEL__TRACEPARENT_FLAGS  (OTEL_TRACE_FLAG_SAMPLED | OTEL_TRACE_FLAG_RANDOM)

/* ---- traceparent: reading ---- */

/* Decode 2 * n lowercase hexadecimal digits; false when there is anything else. */
OTEL__FN bool otel__traceparent_hex(uint8_t *to, const char *text, size_t n)
{
    size_t i;

    for (i = 0; i < 2u * n; i++) {
        const char     c = text[i];
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10u
                                                      : 16u;
        if (digit > 15u) {
            return false;
        }
        to[i / 2u] = (uint8_t)(i % 2u == 0 ? digit << 4 : to[i / 2u] | digit);
    }
    return true;
}

/* Whether the fields stand where they have to, for a version that is known or is yet to come. */
OTEL__FN bool otel__traceparent_has_form(otel__text t, uint8_t version)
{
    return version != 0xffu && t.s[2] == '-' && t.s[35] == '-' && t.s[52] == '-' &&
           (t.n == OTEL__TRACEPARENT_LENGTH ||
            (version != 0 && t.s[OTEL__TRACEPARENT_LENGTH] == '-'));
}

OTEL_API bool otel_traceparent_read(const char *text, size_t length, otel_context *context)
{
    otel__text   t = otel__text_trim(otel__text_make(text, text != NULL ? length : 0));
    otel_context c;
    uint8_t      version;

    memset(&c, 0, sizeof c);
    if (context == NULL) {
        return false;
    }
    memset(context, 0, sizeof *context);
    if (t.n < OTEL__TRACEPARENT_LENGTH || !otel__traceparent_hex(&version, t.s, 1) ||
        !otel__traceparent_has_form(t, version) ||
        !otel__traceparent_hex(c.trace_id, t.s + 3, 16) ||
        !otel__traceparent_hex(c.span_id, t.s + 36, 8) ||
        !otel__traceparent_hex(&c.trace_flags, t.s + 53, 1) || !otel__context_is_valid(&c)) {
        return false;
    }
    c.trace_flags &= OTEL__TRACEPARENT_FLAGS; /* others are not known: X-37 */
    c.remote = 1;
    *context = c;
    return true;
}

/* ---- traceparent: writing ---- */

OTEL_API size_t otel_traceparent_write(char *to, otel_context context)
{
    const uint8_t flags = (uint8_t)(context.trace_flags & OTEL__TRACEPARENT_FLAGS);

    if (to == NULL) {
        return 0;
    }
    to[0] = '\0';
    if (!otel__context_is_valid(&context)) {
        return 0; /* */
    }
    memcpy(to, "00-", 3);
    (void)otel__text_put_hex(to + 3, context.trace_id, 16);
    to[35] = '-';
    (void)otel__text_put_hex(to + 36, context.span_id, 8);
    to[52] = '-';
    (void)otel__text_put_hex(to + 53, &flags, 1);
    to[OTEL__TRACEPARENT_LENGTH] = '\0';
    return OTEL__TRACEPARENT_LENGTH;
}

#endif /* OTEL__RECORD_TRACEPARENT_H */
