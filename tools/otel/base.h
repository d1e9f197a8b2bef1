/* base: the first include of every file of the tool. It asks the C library for POSIX and brings in
 * otel_lite's own protobuf reader and table of OTLP, the parts that the library is made of. */
#ifndef OTEL_TOOL_BASE_H
#define OTEL_TOOL_BASE_H

#if !defined(_GNU_SOURCE) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#if !defined(_GNU_SOURCE) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

/* One thread: a compiler without atomics will do. */
#if !defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL_LITE_SINGLE_THREADED
#endif

#include "../../src/wire/otlp.h"

#endif /* OTEL_TOOL_BASE_H */
