/* startup: the first instructions of a Cortex-M program: the table of vectors, memory as C expects
 * it, main(), and the emulator's end with main's result. Faults end it with 99. A program that
 * wants the system timer defines tick(). */
#include "machine.h"

#include <stdint.h>

extern uint32_t       data_begin[], data_end[], bss_begin[], bss_end[];
extern const uint32_t initial_values[];
extern uint32_t       stack_end[];

int  main(void);
void reset(void);
void fault(void);
void tick(void);

__attribute__((weak)) void tick(void) {}

void fault(void) { machine_exit(99); }

void reset(void)
{
    const uint32_t *from = initial_values;
    uint32_t       *to;

    for (to = data_begin; to < data_end; to++) {
        *to = *from++;
    }
    for (to = bss_begin; to < bss_end; to++) {
        *to = 0;
    }
    machine_exit(main());
}

/* Entry 0 is the first stack pointer, 1 reset, 3 the hard fault, 15 the system timer; those between
 * end as a fault, or are reserved. */
typedef union entry {
    uint32_t *stack;
    void (*code)(void);
} entry;

extern const entry vectors[16];

__attribute__((section(".vectors"), used)) const entry vectors[16] = {
    { .stack = stack_end }, { .code = reset }, { .code = fault }, { .code = fault },
    { .code = fault },      { .code = fault }, { .code = fault }, { .code = 0 },
    { .code = 0 },          { .code = 0 },     { .code = 0 },     { .code = fault },
    { .code = fault },      { .code = 0 },     { .code = fault }, { .code = tick },
};
