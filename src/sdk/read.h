/* read: otel_read(), the door of the second reader, and otel_attrs_find(), which looks at what it
 * shows. One reading at a time is made, whoever asks: the thread that reads holds the engine.
 * Spec: metrics/sdk.md "MetricReader", "Collect". */
#ifndef OTEL__SDK_READ_H
#define OTEL__SDK_READ_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "../record/read.h"
#include "run.h"

OTEL_API const otel_attr *otel_attrs_find(otel_attrs attrs, const char *key)
{
    const size_t n = key != NULL ? otel__text_length(key) : 0;
    size_t       i = attrs.items != NULL && n > 0 ? attrs.count : 0;

    while (i-- > 0) { /* of equal keys the last one counts */
        const otel_attr *a = &attrs.items[i];
        if (otel__attr_key_length(a) == n && otel__attr_same_bytes(a->key, key, n)) {
            return a;
        }
    }
    return NULL;
}

#if defined(OTEL_LITE_NO_READER)
OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    (void)point;
    (void)user;
    (void)timeout_ms;
    return sdk == NULL || !otel__recorder_live(&sdk->e.r) ? OTEL_DISABLED : OTEL_INVALID;
}
#else

/* Enter the engine within `limit` ns. Returns OTEL_TIMEOUT, or OTEL_DISABLED when it was closed
 * meanwhile. */
OTEL__FN otel_status otel__sdk_read_enter(otel_sdk *sdk, uint64_t limit)
{
    const uint64_t begin = otel__mono_ns();

    while (otel__recorder_live(&sdk->e.r)) {
        if (otel__engine_enter(&sdk->e)) {
            return OTEL_OK;
        }
        if (otel__mono_ns() - begin >= limit) {
            return OTEL_TIMEOUT;
        }
        otel__sdk_nap(sdk, 1);
    }
    return OTEL_DISABLED;
}

OTEL_API otel_status otel_read(otel_sdk *sdk, otel_point_fn point, void *user, uint32_t timeout_ms)
{
    otel_status status = OTEL_DISABLED;
#if !defined(OTEL_LITE_FREESTANDING)
    const int   saved = errno;
#endif

    if (sdk == NULL || !otel__recorder_live(&sdk->e.r)) {
        return OTEL_DISABLED;
    }
    if (!sdk->metrics.readers[OTEL__READER_MANUAL].on) {
        return OTEL_INVALID;
    }
    status = otel__sdk_read_enter(sdk, otel__sdk_limit(timeout_ms));
    if (status == OTEL_OK) {
        status = otel__read_all(&sdk->e.r, point, user) ? OTEL_TIMEOUT : OTEL_OK;
        otel__engine_leave(&sdk->e);
    }
#if !defined(OTEL_LITE_FREESTANDING)
    errno = saved;
#endif
    return status;
}

#endif
#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__SDK_READ_H */
