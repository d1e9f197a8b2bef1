/* library: the library with a made-up clock and entropy, so that every run executes the same
 * instructions; in a file of its own, as a program has it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t ticks = 1000000000u;

static bool same_bytes(void *buffer, size_t n)
{
    unsigned char *p = (unsigned char *)buffer;
    while (n-- > 0) {
        *p++ = (unsigned char)(n * 37u + 1u);
    }
    return true;
}

#define OTEL_LITE_MONOTONIC_NS()         (ticks += 1000u)
#define OTEL_LITE_UNIX_NS()              (1800000000000000000u + ticks)
#define OTEL_LITE_ENTROPY(buffer, bytes) same_bytes(buffer, bytes)
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"
