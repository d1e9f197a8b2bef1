/* library: the implementation in a file of its own, as a program has it: no call is inlined into the
 * measured loops. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"
