/* config: the compile-time switches, their defaults and the combinations that cannot work.
 * Read by every other part; holds no code. A switch is defined (to nothing or to 1) before the
 * header is included, the same in every file of a program. What each one saves stands in doc.h. */
#ifndef OTEL__API_CONFIG_H
#define OTEL__API_CONFIG_H

/* The implementing file asks the C library for POSIX and its usual extensions (clock_gettime,
 * madvise, getrandom), whatever -std= says. That works only before the first system header. */
#if defined(OTEL_LITE_IMPLEMENTATION) && !defined(OTEL_LITE_DISABLE) &&                            \
    !defined(OTEL_LITE_FREESTANDING)
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#if !defined(_POSIX_C_SOURCE) && !defined(_GNU_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE 1
#endif
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTEL_LITE_VERSION       "0.1.0"
#define OTEL_LITE_VERSION_MAJOR 0
#define OTEL_LITE_VERSION_MINOR 1
#define OTEL_LITE_VERSION_PATCH 0

/* A target with an operating system that speaks POSIX; everything else is firmware. */
#if !defined(OTEL_LITE_FREESTANDING)
#if !defined(__unix__) && !defined(__linux__) && !defined(__APPLE__)
#define OTEL_LITE_FREESTANDING
#endif
#endif

#if defined(OTEL_LITE_FREESTANDING)
#if !defined(OTEL_LITE_NO_THREADS)
#define OTEL_LITE_NO_THREADS
#endif
#if !defined(OTEL_LITE_NO_HTTP)
#define OTEL_LITE_NO_HTTP
#endif
#if !defined(OTEL_LITE_NO_ENV)
#define OTEL_LITE_NO_ENV
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
#define OTEL_LITE_NO_MALLOC
#endif
#if !defined(OTEL_LITE_SERIES_TABLE) && !defined(OTEL_LITE_SERIES_LIST)
#define OTEL_LITE_SERIES_LIST
#endif
#if !defined(OTEL_LITE_NO_EXPONENTIAL) && !defined(OTEL_LITE_EXPONENTIAL)
#define OTEL_LITE_NO_EXPONENTIAL
#endif
#if !defined(OTEL_LITE_NO_VIEWS) && !defined(OTEL_LITE_VIEWS)
#define OTEL_LITE_NO_VIEWS
#endif
#if !defined(OTEL_LITE_NO_READER) && !defined(OTEL_LITE_READER)
#define OTEL_LITE_NO_READER
#endif
#endif

#if defined(OTEL_LITE_SINGLE_THREADED) && !defined(OTEL_LITE_NO_THREADS)
#define OTEL_LITE_NO_THREADS
#endif

#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_METRICS) && defined(OTEL_LITE_NO_LOGS)
#error "otel_lite: every signal is compiled out; define OTEL_LITE_DISABLE instead"
#endif

/* Bytes of encoded attributes, events and status that a span holds before it takes a chunk. */
#if !defined(OTEL_LITE_SPAN_BYTES)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_SPAN_BYTES 256
#else
#define OTEL_LITE_SPAN_BYTES 512
#endif
#endif

/* Bytes of one chunk that a bigger span takes from the pool shared by all open spans. */
#if !defined(OTEL_LITE_CHUNK_BYTES)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_CHUNK_BYTES 128
#else
#define OTEL_LITE_CHUNK_BYTES 1024
#endif
#endif

#if OTEL_LITE_SPAN_BYTES < 192 || OTEL_LITE_SPAN_BYTES > 4096
#error "otel_lite: OTEL_LITE_SPAN_BYTES must be from 192 (ids, times and a short name) to 4096"
#endif
#if OTEL_LITE_CHUNK_BYTES < 64 || OTEL_LITE_CHUNK_BYTES > 4096
#error "otel_lite: OTEL_LITE_CHUNK_BYTES must be from 64 to 4096"
#endif

#if defined(OTEL_LITE_SHARDS) && (OTEL_LITE_SHARDS + 0 < 2 || OTEL_LITE_SHARDS + 0 > 64)
#error "otel_lite: OTEL_LITE_SHARDS must be from 2 to 64: cells of a bound counter, such as 8"
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__INLINE static inline __attribute__((always_inline, unused))
#define OTEL__UNUSED __attribute__((unused))
#else
#define OTEL__INLINE static inline
#define OTEL__UNUSED
#endif

#if defined(OTEL_LITE_DISABLE)
#define OTEL_API OTEL__INLINE
#elif defined(OTEL_LITE_STATIC)
#define OTEL_API static OTEL__UNUSED
#else
#define OTEL_API extern
#endif

#endif /* OTEL__API_CONFIG_H */
