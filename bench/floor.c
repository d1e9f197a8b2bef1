/* floor: the work that no SDK can avoid, on this machine, in one thread: reading the clock, adding
 * atomically, and for a span two clock readings, three random numbers, 160 bytes copied to a buffer
 * and one atomic step. Nothing is encoded, nothing is safe; it is what the workloads are divided
 * by. */
#include "bench.h"

#include <stdatomic.h>
#include <string.h>

#define RING   (1u << 20)
#define RECORD 160u

static uint8_t           ring[RING + RECORD];
static uint8_t           record[RECORD];
static _Atomic uint64_t  count;
static volatile uint64_t sink;
static uint64_t          state = 88172645463325252u;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* xorshift64 (Marsaglia) */
static inline uint64_t number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The compiler may not leave out what was stored. */
static inline void stored(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

double floor_clock(long scale)
{
    const long   n = 100000 * scale;
    const double begin = bench_cpu_ns();
    for (long i = 0; i < n; i++) {
        sink = now();
    }
    return (bench_cpu_ns() - begin) / (double)n;
}

double floor_atomic(long scale)
{
    const long   n = 500000 * scale;
    const double begin = bench_cpu_ns();
    for (long i = 0; i < n; i++) {
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    }
    return (bench_cpu_ns() - begin) / (double)n;
}

double floor_memcpy(long scale)
{
    const long   n = 500000 * scale;
    const double begin = bench_cpu_ns();
    size_t       at = 0;
    for (long i = 0; i < n; i++) {
        memcpy(ring + at, record, RECORD);
        at = (at + RECORD) & (RING - 1u);
        stored(ring);
    }
    return (bench_cpu_ns() - begin) / (double)n;
}

double floor_span(long scale)
{
    const long   n = 50000 * scale;
    const double begin = bench_cpu_ns();
    size_t       at = 0;
    for (long i = 0; i < n; i++) {
        const uint64_t start = now();
        const uint64_t ids[3] = { number(), number(), number() };
        memcpy(ring + at, ids, sizeof ids);
        memcpy(ring + at + sizeof ids, record, RECORD - sizeof ids);
        const uint64_t end = now();
        memcpy(ring + at + 32, &start, 8);
        memcpy(ring + at + 40, &end, 8);
        at = (at + RECORD) & (RING - 1u);
        atomic_fetch_add_explicit(&count, 1, memory_order_release);
        stored(ring);
    }
    return (bench_cpu_ns() - begin) / (double)n;
}
