/* target: what a test program needs of the machine it runs on; hosted.c and cortex_m/machine.c. */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Hand bytes to the test: standard output, or a file of the emulator. */
void target_write(const void *bytes, size_t n);

#endif /* TARGET_H */
