/* machine: the emulated machine, through Arm's semihosting calls and a few registers; also
 * target_write(), which appends to requests.bin in the emulator's directory. */
#include "machine.h"
#include "../target.h"

#define SYS_OPEN          0x01
#define SYS_WRITE         0x05
#define SYS_EXIT_EXTENDED 0x20
#define EXIT_APPLICATION  0x20026u
#define MODE_WRITE_BINARY 5u

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYSTICK_CONTROL   REGISTER(0xe000e010u) /* bits: enable, interrupt, processor clock */
#define SYSTICK_RELOAD    REGISTER(0xe000e014u)
#define SYSTICK_VALUE     REGISTER(0xe000e018u)
#define UART_DATA         REGISTER(0x40004000u) /* CMSDK UART 0 of the MPS2 boards */
#define UART_STATE        REGISTER(0x40004004u) /* bit 0: transmit buffer full     */
#define UART_CONTROL      REGISTER(0x40004008u) /* bit 0: transmit enable          */
#define UART_DIVIDER      REGISTER(0x40004010u)

/* Semihosting specification, "The semihosting interface": r0 the operation, r1 its block. */
static uint32_t semihosting(uint32_t operation, const uint32_t *block)
{
    register uint32_t        r0 __asm__("r0") = operation;
    register const uint32_t *r1 __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void machine_exit(int code)
{
    const uint32_t block[2] = { EXIT_APPLICATION, (uint32_t)code };

    for (;;) {
        (void)semihosting(SYS_EXIT_EXTENDED, block);
    }
}

void target_write(const void *bytes, size_t n)
{
    static const char name[] = "requests.bin";
    static uint32_t   file;
    uint32_t          block[3];

    if (file == 0) {
        block[0] = (uint32_t)(uintptr_t)name;
        block[1] = MODE_WRITE_BINARY;
        block[2] = sizeof name - 1u;
        file = semihosting(SYS_OPEN, block);
    }
    block[0] = file;
    block[1] = (uint32_t)(uintptr_t)bytes;
    block[2] = (uint32_t)n;
    if (semihosting(SYS_WRITE, block) != 0) { /* bytes not written */
        machine_exit(98);
    }
}

void machine_start_timer(uint32_t cycles)
{
    SYSTICK_RELOAD = cycles - 1u;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7;
}

void machine_serial_write(const void *bytes, size_t n)
{
    const uint8_t *p = (const uint8_t *)bytes;

    UART_DIVIDER = 16;
    UART_CONTROL = 1;
    while (n-- > 0) {
        while ((UART_STATE & 1u) != 0) {
        }
        UART_DATA = *p++;
    }
}
