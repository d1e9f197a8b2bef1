/* retry: OTLP's rules for an HTTP answer, and how long to wait before the next attempt.
 * Used by the engine for the built-in client and by transports that carry HTTP. No state.
 * Spec: OTLP "OTLP/HTTP Response", "Retryable Response Codes"; requirements H-20..H-23, H-27. */
#ifndef OTEL__SEND_RETRY_H
#define OTEL__SEND_RETRY_H

#include "http.h"

#define OTEL__RETRY_FIRST_MS 1000u   /* the wait's range doubles from here ...       */
#define OTEL__RETRY_LAST_MS  30000u  /* ... up to here                               */
#define OTEL__RETRY_DOUBLED  5u      /* times: from then on it would be more         */
#define OTEL__RETRY_AFTER_MS 300000u /* a backend may ask for this much, at most     */

/* What a status code means for the records that were sent. */
OTEL__FN otel_transport_result otel__retry_classify(int http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return OTEL_TRANSPORT_SENT;
    }
    if (http_status == 429 || http_status == 502 || http_status == 503 || http_status == 504) {
        return OTEL_TRANSPORT_RETRY;
    }
    return OTEL_TRANSPORT_REFUSED;
}

/* Milliseconds to wait after `attempt` (1 for the first) failed: full jitter over a doubling range,
 * so that many clients of one backend do not return together. `random`: any 32 bits. */
OTEL__FN uint32_t otel__retry_wait(uint32_t attempt, uint32_t retry_after_ms, uint32_t random)
{
    const uint32_t doubled = attempt > 1u ? attempt - 1u : 0u;
    const uint32_t range =
        doubled < OTEL__RETRY_DOUBLED ? OTEL__RETRY_FIRST_MS << doubled : OTEL__RETRY_LAST_MS;

    if (retry_after_ms > 0) {
        return retry_after_ms < OTEL__RETRY_AFTER_MS ? retry_after_ms : OTEL__RETRY_AFTER_MS;
    }
    return 1u + (uint32_t)(((uint64_t)random * range) >> 32);
}

OTEL_API otel_transport_result otel_transport_http(otel_request *request, int http_status,
                                                   const char *retry_after, const void *body,
                                                   size_t length)
{
    const otel_transport_result result = otel__retry_classify(http_status);

    (void)body; /* of an answer: only its status decides */
    (void)length;
    if (request != NULL && result == OTEL_TRANSPORT_RETRY && retry_after != NULL) {
        request->retry_after_ms = otel__http_retry_ms(
            otel__http_retry_parse(otel__text_of(retry_after)), otel__unix_ns() / 1000000000u);
    }
    return result;
}

#endif /* OTEL__SEND_RETRY_H */
