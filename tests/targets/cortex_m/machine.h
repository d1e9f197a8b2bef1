/* machine: the emulated Cortex-M machine: its end, its timer, its serial line. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* End the emulator with this exit code. */
__attribute__((noreturn)) void machine_exit(int code);

/* Call tick() every `cycles` of the processor clock, at most 2^24 - 1. */
void machine_start_timer(uint32_t cycles);

/* Send bytes over the first serial line of an MPS2 board. */
void machine_serial_write(const void *bytes, size_t n);

#endif /* MACHINE_H */
