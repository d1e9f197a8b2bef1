/* platform: atomics, clock, entropy, critical section, thread-local storage, threads, host facts.
 * Everything that differs between a Cortex-M0 and a Linux server, each piece replaceable by a macro
 * the user defines first. Called by every part below; of those only send/net.h and sdk/ may touch
 * the system by themselves. Recording uses nothing from here that makes a system call.
 * Invariants: otel__a32 is atomic everywhere, in signal handlers and interrupts too; otel__a64 is
 * made atomic by the critical section where the processor cannot do it. */
#ifndef OTEL__CORE_PLATFORM_H
#define OTEL__CORE_PLATFORM_H

#include "../api/views.h"

#include <string.h>

#if !defined(OTEL_LITE_FREESTANDING)
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#if !defined(CLOCK_MONOTONIC) || !defined(O_CLOEXEC) ||                                            \
    (defined(__linux__) && !defined(MADV_NORMAL))
#error                                                                                             \
    "otel_lite: include otel_lite.h before any system header in the implementing file, or compile \
it with -D_GNU_SOURCE"
#endif
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/random.h>
#endif
#if !defined(OTEL_LITE_NO_THREADS)
#include <pthread.h>
#include <signal.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#endif
#if !defined(OTEL_LITE_NO_MALLOC)
#include <stdlib.h>
#endif
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
#define OTEL__STATIC_ASSERT(cond, name) static_assert(cond, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define OTEL__STATIC_ASSERT(cond, name) _Static_assert(cond, #name)
#else
#define OTEL__STATIC_ASSERT(cond, name)                                                            \
    typedef char otel__assert_##name[(cond) ? 1 : -1] OTEL__UNUSED
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__LIKELY(x)   __builtin_expect(!!(x), 1)
#define OTEL__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define OTEL__COLD        __attribute__((noinline, cold, unused))
#define OTEL__NOINLINE    __attribute__((noinline, unused))
#define OTEL__MUST_USE    __attribute__((warn_unused_result))
#else
#define OTEL__LIKELY(x)   (x)
#define OTEL__UNLIKELY(x) (x)
#define OTEL__COLD
#define OTEL__NOINLINE
#define OTEL__MUST_USE
#endif

/* A private function that a reduced build may not call. */
#define OTEL__FN static OTEL__UNUSED

/* A piece of a recording call: inlined for speed, shared where size was asked for (-Os). */
#if defined(__OPTIMIZE_SIZE__)
#define OTEL__HOT OTEL__FN
#else
#define OTEL__HOT OTEL__INLINE
#endif

OTEL__STATIC_ASSERT(sizeof(double) == 8, double_is_ieee_binary64);

/* ---- critical section: where the processor lacks an atomic operation ---- */

#if defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__ATOMIC_32                 0
#define OTEL__ATOMIC_64                 0
#define OTEL_LITE_CRITICAL_ENTER()      0u
#define OTEL_LITE_CRITICAL_LEAVE(state) ((void)(state))
#elif defined(__GCC_ATOMIC_INT_LOCK_FREE) && __GCC_ATOMIC_INT_LOCK_FREE == 2
#define OTEL__ATOMIC_32 1
#if __GCC_ATOMIC_LLONG_LOCK_FREE == 2 || !defined(OTEL_LITE_FREESTANDING)
#define OTEL__ATOMIC_64 1
#else
#define OTEL__ATOMIC_64 0
#endif
#else
#define OTEL__ATOMIC_32 0
#define OTEL__ATOMIC_64 0
#endif

#if (!OTEL__ATOMIC_32 || !OTEL__ATOMIC_64) && !defined(OTEL_LITE_CRITICAL_ENTER)
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
OTEL__INLINE uint32_t otel__platform_mask(void)
{
    uint32_t state;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(state) : : "memory");
    return state;
}
OTEL__INLINE void otel__platform_unmask(uint32_t state)
{
    __asm__ volatile("msr primask, %0" : : "r"(state) : "memory");
}
#define OTEL_LITE_CRITICAL_ENTER()      otel__platform_mask()
#define OTEL_LITE_CRITICAL_LEAVE(state) otel__platform_unmask(state)
#else
#error                                                                                             \
    "otel_lite: this target lacks atomics: define OTEL_LITE_CRITICAL_ENTER() (masks interrupts, \
returns the old state) and OTEL_LITE_CRITICAL_LEAVE(state), or OTEL_LITE_SINGLE_THREADED"
#endif
#endif

/* ---- atomics: one set of primitives, named by what they order ---- */

/* One instruction or a few; where it takes a loop or a critical section, size asks for sharing. */
#if defined(__OPTIMIZE_SIZE__) && !defined(__x86_64__) && !defined(__i386__)
#define OTEL__ATOMIC OTEL__FN
#else
#define OTEL__ATOMIC OTEL__INLINE
#endif

typedef struct otel__aptr {
    void *v;
} otel__aptr;

#if defined(__GNUC__) || defined(__clang__)
#define OTEL__COMPILER_FENCE() __asm__ volatile("" : : : "memory")
#else
#define OTEL__COMPILER_FENCE() ((void)0)
#endif

#if OTEL__ATOMIC_32
/* With one core only the compiler has to keep the order: an interrupt sees what the processor
 * did. */
#if defined(OTEL_LITE_SINGLE_CORE)
#define OTEL__ORDER(order)  __ATOMIC_RELAXED
#define OTEL__ORDER_FENCE() OTEL__COMPILER_FENCE()
#else
#define OTEL__ORDER(order)  __ATOMIC_##order
#define OTEL__ORDER_FENCE() ((void)0)
#endif

OTEL__INLINE uint32_t otel__a32_load(const otel__a32 *a)
{
    const uint32_t v = __atomic_load_n(&a->v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return v;
}
OTEL__INLINE uint32_t otel__a32_peek(const otel__a32 *a)
{
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
OTEL__INLINE void otel__a32_store(otel__a32 *a, uint32_t v)
{
    OTEL__ORDER_FENCE();
    __atomic_store_n(&a->v, v, OTEL__ORDER(RELEASE));
}
OTEL__INLINE void otel__a32_put(otel__a32 *a, uint32_t v)
{
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint32_t otel__a32_add(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_add(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_count(otel__a32 *a, uint32_t v)
{
    return __atomic_fetch_add(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint32_t otel__a32_and(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_and(&a->v, v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_or(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_or(&a->v, v, OTEL__ORDER(RELEASE));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_xor(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_fetch_xor(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC uint32_t otel__a32_swap(otel__a32 *a, uint32_t v)
{
    uint32_t old;
    OTEL__ORDER_FENCE();
    old = __atomic_exchange_n(&a->v, v, OTEL__ORDER(ACQ_REL));
    OTEL__ORDER_FENCE();
    return old;
}
OTEL__ATOMIC bool otel__a32_cas(otel__a32 *a, uint32_t *expected, uint32_t v)
{
    bool done;
    OTEL__ORDER_FENCE();
    done = __atomic_compare_exchange_n(&a->v, expected, v, false, OTEL__ORDER(ACQ_REL),
                                       OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return done;
}
OTEL__INLINE void *otel__aptr_load(const otel__aptr *a)
{
    void *v = __atomic_load_n(&a->v, OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return v;
}
OTEL__INLINE void otel__aptr_store(otel__aptr *a, void *v)
{
    OTEL__ORDER_FENCE();
    __atomic_store_n(&a->v, v, OTEL__ORDER(RELEASE));
}
OTEL__ATOMIC bool otel__aptr_cas(otel__aptr *a, void **expected, void *v)
{
    bool done;
    OTEL__ORDER_FENCE();
    done = __atomic_compare_exchange_n(&a->v, expected, v, false, OTEL__ORDER(ACQ_REL),
                                       OTEL__ORDER(ACQUIRE));
    OTEL__ORDER_FENCE();
    return done;
}
#else /* aligned 32-bit loads and stores are whole; everything else is masked */
#define OTEL__MASKED_32(name, expression)                                                          \
    OTEL__ATOMIC uint32_t name(otel__a32 *a, uint32_t v)                                           \
    {                                                                                              \
        const uint32_t state = OTEL_LITE_CRITICAL_ENTER();                                         \
        const uint32_t old = *(volatile uint32_t *)&a->v;                                          \
        *(volatile uint32_t *)&a->v = (expression);                                                \
        OTEL_LITE_CRITICAL_LEAVE(state);                                                           \
        return old;                                                                                \
    }
OTEL__MASKED_32(otel__a32_add, old + v)
OTEL__MASKED_32(otel__a32_count, old + v)
OTEL__MASKED_32(otel__a32_and, old &v)
OTEL__MASKED_32(otel__a32_or, old | v)
OTEL__MASKED_32(otel__a32_xor, old ^ v)
OTEL__MASKED_32(otel__a32_swap, v)
OTEL__INLINE uint32_t otel__a32_load(const otel__a32 *a)
{
    const uint32_t v = *(const volatile uint32_t *)&a->v;
    OTEL__COMPILER_FENCE();
    return v;
}
OTEL__INLINE uint32_t otel__a32_peek(const otel__a32 *a)
{
    return *(const volatile uint32_t *)&a->v;
}
OTEL__INLINE void otel__a32_store(otel__a32 *a, uint32_t v)
{
    OTEL__COMPILER_FENCE();
    *(volatile uint32_t *)&a->v = v;
}
OTEL__INLINE void otel__a32_put(otel__a32 *a, uint32_t v) { *(volatile uint32_t *)&a->v = v; }
OTEL__ATOMIC bool otel__a32_cas(otel__a32 *a, uint32_t *expected, uint32_t v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint32_t old = *(volatile uint32_t *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(volatile uint32_t *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
OTEL__INLINE void *otel__aptr_load(const otel__aptr *a)
{
    void *v = *(void *const volatile *)&a->v;
    OTEL__COMPILER_FENCE();
    return v;
}
OTEL__INLINE void otel__aptr_store(otel__aptr *a, void *v)
{
    OTEL__COMPILER_FENCE();
    *(void *volatile *)&a->v = v;
}
OTEL__ATOMIC bool otel__aptr_cas(otel__aptr *a, void **expected, void *v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    void          *old = *(void *volatile *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(void *volatile *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
#endif

#if OTEL__ATOMIC_64
OTEL__ATOMIC uint64_t otel__a64_peek(const otel__a64 *a)
{
    return __atomic_load_n(&a->v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC void otel__a64_put(otel__a64 *a, uint64_t v)
{
    __atomic_store_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint64_t otel__a64_count(otel__a64 *a, uint64_t v)
{
    return __atomic_fetch_add(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC uint64_t otel__a64_swap(otel__a64 *a, uint64_t v)
{
    return __atomic_exchange_n(&a->v, v, __ATOMIC_RELAXED);
}
OTEL__ATOMIC bool otel__a64_cas(otel__a64 *a, uint64_t *expected, uint64_t v)
{
    return __atomic_compare_exchange_n(&a->v, expected, v, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}
#else
/* A call is shorter than a critical section. */
#if defined(__OPTIMIZE_SIZE__)
#define OTEL__MASKED OTEL__FN OTEL__NOINLINE
#else
#define OTEL__MASKED OTEL__ATOMIC
#endif
OTEL__MASKED uint64_t otel__a64_peek(const otel__a64 *a)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint64_t v = *(const volatile uint64_t *)&a->v;
    OTEL_LITE_CRITICAL_LEAVE(state);
    return v;
}
#define OTEL__MASKED_64(name, expression)                                                          \
    OTEL__MASKED uint64_t name(otel__a64 *a, uint64_t v)                                           \
    {                                                                                              \
        const uint32_t state = OTEL_LITE_CRITICAL_ENTER();                                         \
        const uint64_t old = *(volatile uint64_t *)&a->v;                                          \
        *(volatile uint64_t *)&a->v = (expression);                                                \
        OTEL_LITE_CRITICAL_LEAVE(state);                                                           \
        return old;                                                                                \
    }
OTEL__MASKED_64(otel__a64_count, old + v)
OTEL__MASKED_64(otel__a64_swap, v)
OTEL__MASKED void otel__a64_put(otel__a64 *a, uint64_t v) { (void)otel__a64_swap(a, v); }
OTEL__MASKED bool otel__a64_cas(otel__a64 *a, uint64_t *expected, uint64_t v)
{
    const uint32_t state = OTEL_LITE_CRITICAL_ENTER();
    const uint64_t old = *(volatile uint64_t *)&a->v;
    const bool     same = old == *expected;
    if (same) {
        *(volatile uint64_t *)&a->v = v;
    }
    OTEL_LITE_CRITICAL_LEAVE(state);
    *expected = old;
    return same;
}
#endif

/* Add to a counter that has one writer and any readers: no read-modify-write needed. */
OTEL__ATOMIC void otel__a64_bump(otel__a64 *a, uint64_t v)
{
    otel__a64_put(a, otel__a64_peek(a) + v);
}

/* ---- bits ---- */

/* The index of the lowest set bit; v != 0. */
OTEL__INLINE uint32_t otel__platform_lowest_bit(uint32_t v)
{
#if defined(__GNUC__) || defined(__clang__)
    return (uint32_t)__builtin_ctz(v);
#else
    uint32_t n = 0;
    while ((v & 1u) == 0) {
        v >>= 1;
        n++;
    }
    return n;
#endif
}

OTEL__INLINE uint64_t otel__platform_double_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

OTEL__INLINE double otel__platform_bits_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Whether a < b, neither of them NaN. A processor without doubles compares the bits, which are in
 * order but for the sign, instead of calling a routine. */
#if defined(__arm__) && !(defined(__ARM_FP) && (__ARM_FP & 8) != 0)
OTEL__FN OTEL__NOINLINE bool otel__platform_less(double a, double b)
{
    uint64_t x = otel__platform_double_bits(a);
    uint64_t y = otel__platform_double_bits(b);
    x = (x >> 63) != 0 ? (UINT64_C(1) << 63) - x : x; /* -0.0 is 0 */
    y = (y >> 63) != 0 ? (UINT64_C(1) << 63) - y : y;
    return (int64_t)x < (int64_t)y;
}
#else
OTEL__INLINE bool otel__platform_less(double a, double b) { return a < b; }
#endif

/* Finite, decided on the bits: -ffast-math must not remove the test. */
OTEL__INLINE bool otel__platform_is_finite(double d)
{
    return ((otel__platform_double_bits(d) >> 52) & 0x7ffu) != 0x7ffu;
}

/* ---- thread-local storage ---- */

#if defined(OTEL_LITE_NO_THREADS) || defined(OTEL_LITE_SINGLE_THREADED)
#define OTEL__TLS static
#elif defined(__GNUC__) || defined(__clang__)
/* initial-exec: reaching it from a signal handler must not allocate */
#define OTEL__TLS static __thread __attribute__((tls_model("initial-exec")))
#else
#define OTEL__TLS static _Thread_local
#endif

/* ---- clock and entropy ---- */

#if !defined(OTEL_LITE_FREESTANDING)
OTEL__FN uint64_t otel__platform_clock(clockid_t id)
{
    struct timespec t;
    t.tv_sec = 0;
    t.tv_nsec = 0;
    (void)clock_gettime(id, &t); /* cannot fail for the clocks used here */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

#if !defined(OTEL_LITE_MONOTONIC_NS)
#if defined(OTEL_LITE_FREESTANDING)
#error "otel_lite: firmware has no clock of its own: define OTEL_LITE_MONOTONIC_NS() as uint64_t \
nanoseconds since start, and OTEL_LITE_UNIX_NS() as nanoseconds since 1970"
#endif
#define OTEL_LITE_MONOTONIC_NS() otel__platform_clock(CLOCK_MONOTONIC)
#endif
#if !defined(OTEL_LITE_UNIX_NS)
#if defined(OTEL_LITE_FREESTANDING)
#error "otel_lite: firmware has no wall clock of its own: define OTEL_LITE_UNIX_NS() as uint64_t \
nanoseconds since 1970"
#endif
#define OTEL_LITE_UNIX_NS() otel__platform_clock(CLOCK_REALTIME)
#endif

OTEL__INLINE uint64_t otel__mono_ns(void) { return OTEL_LITE_MONOTONIC_NS(); }

OTEL__INLINE uint64_t otel__unix_ns(void) { return OTEL_LITE_UNIX_NS(); }

#if !defined(OTEL_LITE_ENTROPY)
#if defined(OTEL_LITE_FREESTANDING)
#error                                                                                             \
    "otel_lite: define OTEL_LITE_ENTROPY(buffer, bytes): fills it with random bytes, returns true; \
a device without a generator mixes its serial number and a boot counter"
#endif
OTEL__FN bool otel__platform_entropy(void *buffer, size_t n)
{
    uint8_t *p = (uint8_t *)buffer;
    int      fd;
#if defined(__linux__)
    if (getrandom(p, n, 0) == (ssize_t)n) { /* n <= 256: never short, see getrandom(2) */
        return true;
    }
#endif
    fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n > 0) {
        const ssize_t got = read(fd, p, n);
        if (got <= 0) {
            break;
        }
        p += got;
        n -= (size_t)got;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return n == 0;
}
#define OTEL_LITE_ENTROPY(buffer, bytes) otel__platform_entropy(buffer, bytes)
#endif

/* ---- waiting: only flush, close and the background thread do ---- */

/* Wait up to `ms` for one of `n` descriptors. A test with a clock of its own moves it here. */
#if !defined(OTEL_LITE_WAIT)
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL_LITE_WAIT(fds, n, ms) ((void)(ms)) /* firmware: the flush loop is the wait */
#else
#define OTEL_LITE_WAIT(fds, n, ms) ((void)poll(fds, (nfds_t)(n), (int)(ms)))
#endif
#endif

/* ---- noticing fork without a system call ---- */

#if defined(__linux__) && !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK) &&       \
    !defined(OTEL_LITE_ATFORK)
#define OTEL__FORK_PAGE 4096u /* the word lives in a page of its own */
#if !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif
/* A page whose bytes read as zero in a forked child, or NULL. Never given back while the SDK
 * lives. */
OTEL__FN otel__a32 *otel__platform_fork_page(void)
{
    void *page =
        mmap(NULL, OTEL__FORK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, OTEL__FORK_PAGE, MADV_WIPEONFORK) != 0) {
        (void)munmap(page, OTEL__FORK_PAGE);
        return NULL;
    }
    return (otel__a32 *)page;
}
OTEL__FN void otel__platform_fork_page_free(otel__a32 *page)
{
    if (page != NULL) {
        (void)munmap(page, OTEL__FORK_PAGE);
    }
}
#endif

#endif /* OTEL__CORE_PLATFORM_H */
