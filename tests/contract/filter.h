/* filter: forbids system calls to the calling thread, by seccomp: whatever is not allowed kills the
 * process with SIGSYS. Linux on x86-64 only; used by the programs of this directory. */
#ifndef FILTER_H
#define FILTER_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILTER_DATA(field) (uint32_t) offsetof(struct seccomp_data, field)
#define FILTER_LOAD(field)                                                                         \
    {                                                                                              \
        BPF_LD | BPF_W | BPF_ABS, 0, 0, FILTER_DATA(field)                                         \
    }
#define FILTER_IF(value, then, otherwise)                                                          \
    {                                                                                              \
        BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, (uint32_t)(value)                              \
    }
#define FILTER_DO(action)                                                                          \
    {                                                                                              \
        BPF_RET | BPF_K, 0, 0, (uint32_t)(action)                                                  \
    }

/* From now on this thread may only exit, and write one word of 8 bytes to any descriptor if
 * `one_word`. Returns 0 on success. */
static inline int filter_forbid(int one_word)
{
    struct sock_filter code[] = {
        FILTER_LOAD(arch),
        FILTER_IF(AUDIT_ARCH_X86_64, 0, 7),
        FILTER_LOAD(nr),
        FILTER_IF(SYS_exit_group, 4, 0),
        FILTER_IF(SYS_exit, 3, 0),
        FILTER_IF(one_word ? SYS_write : -1, 0, 3),
        FILTER_LOAD(args[2]), /* the low half, on this byte order */
        FILTER_IF(8, 0, 1),
        FILTER_DO(SECCOMP_RET_ALLOW),
        FILTER_DO(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = { (unsigned short)(sizeof code / sizeof code[0]), code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#endif /* FILTER_H */
