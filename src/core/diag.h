/* diag: telling the user what went wrong, and counting what was lost.
 * The sink calls the user's function with one bounded line; parts above the engine never call it
 * from a recording call, they count and the engine tells once. Counters are relaxed atomics: exact
 * at rest. Spec: error-handling.md "Configuring Error Handlers". */
#ifndef OTEL__CORE_DIAG_H
#define OTEL__CORE_DIAG_H

#include "platform.h"

#define OTEL__DIAG_LINE 192 /* bytes of the longest line, NUL included; longer ones are cut */
#define OTEL__DIAG_NAME 72  /* bytes of a name before a reason, which is to be read, too     */

typedef struct otel__diag_sink {
    otel_diagnostic_fn fn; /* NULL: nobody listens                                */
    void              *user;
    otel__a32          busy; /* 1 while the user's function runs: never recursive */
} otel__diag_sink;

#if defined(OTEL_LITE_NO_DIAGNOSTICS)
/* Nothing is evaluated, so that no text is linked. */
#define otel__diag(sink, severity, a, b, c)                                                        \
    ((void)sizeof(sink), (void)sizeof(severity), (void)sizeof(a), (void)sizeof(b), (void)sizeof(c))
#else
/* Append a text up to `end`. */
#if defined(OTEL_LITE_NO_DIAGNOSTICS)

/* Nobody is told anything: the texts are not even compiled in. */
#define otel__diag(sink, severity, a, b, c)                                                        \
    ((void)(sink), (void)(severity), (void)sizeof(a), (void)sizeof(b), (void)sizeof(c))

#else

OTEL__FN size_t otel__diag_append(char *line, size_t n, const char *text, size_t end)
{
    while (text != NULL && *text != '\0' && n < end) {
        const char c = *text++;
        line[n++] = (c >= 0x20 && c < 0x7f) ? c : '?'; /* a backend's text may hold anything */
    }
    return n;
}

/* Tell the user: the line is a, b and c joined; each may be NULL. Never pass a secret. */
OTEL__FN OTEL__COLD void otel__diag(otel__diag_sink *sink, otel_severity severity, const char *a,
                                    const char *b, const char *c)
{
    char   line[OTEL__DIAG_LINE];
    size_t end = OTEL__DIAG_LINE - 1u;
    size_t n = 0;

    if (sink == NULL || sink->fn == NULL || otel__a32_swap(&sink->busy, 1) != 0) {
        return;
    }
    n = otel__diag_append(line, n, a, OTEL__DIAG_LINE - 1u);
    end = c != NULL && n + OTEL__DIAG_NAME < end ? n + OTEL__DIAG_NAME : end;
    n = otel__diag_append(line, n, b, end);
    n = otel__diag_append(line, n, c, OTEL__DIAG_LINE - 1u);
    line[n] = '\0';
    sink->fn(sink->user, severity, line);
    otel__a32_store(&sink->busy, 0);
}

#endif
#endif

/* What a recording call could not keep, by reason. One per SDK. */
typedef struct otel__losses {
    otel__a64 dropped[OTEL_SIGNAL_COUNT][OTEL_DROP_COUNT]; /* before the queue */
    otel__a32 attributes;
    otel__a32 events;
    otel__a32 bad_values;
    otel__a32 busy_handles;
    otel__a32 lost_values;
} otel__losses;

OTEL__INLINE void otel__losses_drop(otel__losses *l, otel_signal signal, otel_drop reason)
{
    (void)otel__a64_count(&l->dropped[signal][reason], 1u);
}

#endif /* OTEL__CORE_DIAG_H */
