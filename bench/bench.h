/* bench: what the programs of this directory share: the floor's operations, the clock, one output
 * line for each sample. run.py compiles them, runs them and computes the figures. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* The work of one round, in operations; a quick run does a fraction of it. */
typedef struct bench_round {
    long scale; /* 1 = quick */
} bench_round;

/* What one workload took in one round, per operation. */
typedef struct bench_sample {
    double caller; /* ns of the recording calls                                   */
    double all;    /* ns with draining: the same thread, between the bursts       */
    double allocs; /* calls of malloc and its siblings, over everything           */
} bench_sample;

/* CPU time of this thread in ns: other programs on the machine do not count. */
static inline double bench_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline uint64_t bench_wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* floor.c: ns per operation of work that no SDK can avoid. */
double floor_clock(long scale);
double floor_atomic(long scale);
double floor_span(long scale);
double floor_memcpy(long scale);

#endif /* BENCH_H */
