"""Builds firmware from tests/targets/cortex_m and runs it in the emulator."""
import subprocess

from conftest import ROOT, WARNINGS_C

HERE = ROOT / "tests" / "targets" / "cortex_m"
BOARDS = {  # processor, the emulator's machine, flash, RAM
    "m3": ("cortex-m3", "mps2-an385", "4096K", "4096K"),
    "m0": ("cortex-m0", "microbit", "256K", "16K"),  # no atomics: the critical section
}
COMPILER = "arm-none-eabi-gcc"


def flags_of(processor):
    return ["-std=c99", *WARNINGS_C, f"-mcpu={processor}", "-mthumb", "-Os",
            "-ffunction-sections", "-fdata-sections", "-I", HERE]


def firmware(board, sources, name, cc, need, flags=()):
    """Build a program for the board; returns run(folder, serial="none") -> CompletedProcess. The
    program writes requests.bin in that folder; the instruction counter is the clock, so that
    interrupts come at the same instructions each time."""
    processor, machine, flash, ram = BOARDS[board]
    need(COMPILER)
    emulator = need("qemu-system-arm")
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-T", HERE / "link.ld",
            f"-Wl,--defsym=FLASH_BYTES={flash}", f"-Wl,--defsym=RAM_BYTES={ram}"]
    program = cc([HERE / "startup.c", HERE / "machine.c", *sources], f"targets/{name}.{board}.elf",
                 [*flags_of(processor), *link, *flags], cc=COMPILER)

    def run(folder, serial="none"):
        command = [emulator, "-M", machine, "-nographic", "-monitor", "none", "-serial", serial,
                   "-icount", "shift=5,sleep=off", "-semihosting-config",
                   "enable=on,target=native", "-kernel", program]
        return subprocess.run(command, cwd=folder, timeout=60, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)

    return run
