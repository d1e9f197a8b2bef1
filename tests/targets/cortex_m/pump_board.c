/* pump_board: the functions of examples/firmware/board.h on the emulated MPS2 board: the timer's
 * interrupts are the clock, the first serial line leads to the test, a short list is the sensor. */
#include "machine.h"
#include "../../../examples/firmware/board.h"

#define CLOCK_HZ 25000000u /* of the MPS2 boards */
#define SLEEPS   200u      /* until the device is told to stop */

static volatile uint32_t ms;
static uint32_t          sleeps;

void tick(void);
void tick(void) { ms++; }

uint64_t board_uptime_ns(void) { return (uint64_t)ms * 1000000u; }

uint64_t board_unix_ns(void) { return board_uptime_ns() + UINT64_C(1700000000000000000); }

bool board_random(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;

    machine_start_timer(CLOCK_HZ / 1000u); /* the example's first call of the board */
    while (n-- > 0) {
        *p++ = (uint8_t)(n * 151u + 7u);
    }
    return true;
}

void board_send(const void *bytes, size_t n) { machine_serial_write(bytes, n); }

bool board_sleep(uint32_t wait)
{
    const uint32_t begin = ms;

    while (ms - begin < wait) {
        __asm__ volatile("wfi");
    }
    return ++sleeps < SLEEPS;
}

int board_pressure(void)
{
    static const int mbar[] = { 1013, 1000, 890, 950 };
    return mbar[sleeps % 4u];
}
