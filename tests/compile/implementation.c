/* implementation: the one file of a program that holds the implementation. Also built as C++. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"
