/* arena: the one block of memory, carved once by otel_open() and never grown.
 * A measuring arena (base NULL) takes the same path and only counts, so that otel_memory_needed()
 * and otel_open() cannot disagree. `used` may pass `size`: otel__arena_fits() is asked once at the
 * end, nothing is stored past the block before that. Single thread. */
#ifndef OTEL__CORE_ARENA_H
#define OTEL__CORE_ARENA_H

#include "platform.h"

#define OTEL__ARENA_ALIGN 16u /* every piece begins on such a boundary of the block */

typedef struct otel__arena {
    uint8_t *base; /* NULL to measure                          */
    size_t   size; /* bytes at base                            */
    size_t   used; /* bytes needed so far; sticks at SIZE_MAX  */
} otel__arena;

OTEL__FN otel__arena otel__arena_make(void *base, size_t size)
{
    otel__arena a;
    a.base = (uint8_t *)base;
    a.size = base != NULL ? size : 0;
    a.used = 0;
    return a;
}

OTEL__FN bool otel__arena_fits(const otel__arena *a)
{
    return a->base != NULL && a->used <= a->size;
}

/* Take `count` items of `size` bytes, aligned, not cleared.
 * Returns NULL when measuring, when the block is used up, or when the product overflows. */
OTEL__FN void *otel__arena_take(otel__arena *a, size_t count, size_t size)
{
    const size_t start = a->used;
    const size_t room = SIZE_MAX - (OTEL__ARENA_ALIGN - 1u);

    if (start == SIZE_MAX || (size != 0 && count > room / size) || count * size > room - start) {
        a->used = SIZE_MAX;
        return NULL;
    }
    a->used =
        start + ((count * size + (OTEL__ARENA_ALIGN - 1u)) & ~(size_t)(OTEL__ARENA_ALIGN - 1u));
    return otel__arena_fits(a) ? a->base + start : NULL;
}

#endif /* OTEL__CORE_ARENA_H */
