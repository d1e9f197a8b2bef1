/* hosted: target_write() where there is an operating system: standard output. */
#include "target.h"

#include <stdio.h>

void target_write(const void *bytes, size_t n) { (void)fwrite(bytes, 1, n, stdout); }
