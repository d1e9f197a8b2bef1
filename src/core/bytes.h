/* bytes: copying bytes, with the C library's functions or, in firmware that is built for size
 * (-Os), without: a Cortex-M4's memcpy and memmove take 560 bytes. For lengths that the compiler
 * does not know; a few bytes it copies itself. */
#ifndef OTEL__CORE_BYTES_H
#define OTEL__CORE_BYTES_H

#include "platform.h"

#if defined(OTEL_LITE_FREESTANDING) && defined(__OPTIMIZE_SIZE__)

/* Copy n bytes, first to last. The fence keeps the compiler from calling memcpy() after all. */
OTEL__FN OTEL__NOINLINE void otel__bytes_copy(void *to, const void *from, size_t n)
{
    uint8_t       *p = (uint8_t *)to;
    const uint8_t *q = (const uint8_t *)from;

    while (n-- > 0) {
        *p++ = *q++;
        OTEL__COMPILER_FENCE();
    }
}

/* Copy to a lower address; the two may overlap. */
OTEL__INLINE void otel__bytes_move_down(void *to, const void *from, size_t n)
{
    otel__bytes_copy(to, from, n);
}

#else

/* Copy n bytes that do not overlap. */
OTEL__INLINE void otel__bytes_copy(void *to, const void *from, size_t n) { memcpy(to, from, n); }

/* Copy to a lower address; the two may overlap. */
OTEL__INLINE void otel__bytes_move_down(void *to, const void *from, size_t n)
{
    memmove(to, from, n);
}

#endif

#endif /* OTEL__CORE_BYTES_H */
