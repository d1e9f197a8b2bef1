/* board: what the example needs of a board; write these few functions for yours. */
#ifndef PUMP_BOARD_H
#define PUMP_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds since the start, never falling; callable wherever telemetry is recorded. */
uint64_t board_uptime_ns(void);

/* Nanoseconds since 1970: the uptime plus what the last time synchronisation found. */
uint64_t board_unix_ns(void);

/* Fill `buffer` from the random generator; without one mix the serial number and a boot counter.
 * Two devices that boot at the same moment must not get the same bytes. */
bool board_random(void *buffer, size_t n);

/* Send bytes to the gateway; here over a serial line, waiting until they are out. */
void board_send(const void *bytes, size_t n);

/* Sleep until the next interrupt or for `ms` at most. Returns false when the device is told to
 * stop. */
bool board_sleep(uint32_t ms);

/* The pressure sensor, in millibar. */
int board_pressure(void);

#endif /* PUMP_BOARD_H */
