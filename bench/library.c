/* library: the implementation in a file of its own, as a program has it: no call is inlined into
 * the measured loops. */
#if !defined(BENCH_HEADER)
#define BENCH_HEADER "otel_lite.h" /* size.py: src/otel_lite.in.h, to tell the parts apart */
#endif
#define OTEL_LITE_IMPLEMENTATION
#include BENCH_HEADER
