/* race.h: threads, a storm of timer signals, and time limits for the tests of this folder.
 * Include it
 * after otel_lite, t.h and unit/helpers.h.
 *
 * Every test goes on until it has seen enough (rounds, nested signals) and fails when that takes
 * longer
 * than PATIENCE: it can neither hang nor pass without having raced.
 *
 * The files of this folder are compiled with -fno-builtin-memset and -memcpy: ThreadSanitizer
 * does not
 * see those that gcc expands in place. */
#ifndef RACE_H
#define RACE_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define THREADS  4
#define PATIENCE 60.0 /* seconds */

static inline double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- threads ---- */

typedef struct runner {
    pthread_t thread;
    unsigned  index;
    void (*body)(unsigned index);
} runner;

static inline void *runner_main(void *user)
{
    runner *r = (runner *)user;

    r->body(r->index);
    return NULL;
}

static inline void start_threads(runner *runners, unsigned n, void (*body)(unsigned))
{
    unsigned i;

    for (i = 0; i < n; i++) {
        runners[i].index = i;
        runners[i].body = body;
        if (pthread_create(&runners[i].thread, NULL, runner_main, &runners[i]) != 0) {
            T_CHECK(!"a thread could be started");
            abort();
        }
    }
}

static inline void join_threads(runner *runners, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        (void)pthread_join(runners[i].thread, NULL);
    }
}

/* Counters of the tests themselves: sequentially consistent, apart from what is tested. */
static inline unsigned long now_count(const unsigned long *n)
{
    return __atomic_load_n(n, __ATOMIC_SEQ_CST);
}

static inline unsigned long count_one(unsigned long *n)
{
    return __atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
}

static inline void set_flag(int *flag) { __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST); }

static inline int is_set(const int *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }

/* ---- a storm of signals ---- */

/* The handler runs on threads that have not blocked SIGALRM. */
static inline void block_storm(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static inline void unblock_storm(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static inline void set_storm(long microseconds)
{
    struct itimerval every;

    memset(&every, 0, sizeof every);
    every.it_value.tv_usec = microseconds;
    every.it_interval.tv_usec = microseconds;
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

/* Blocks the signal here, so that the threads which are started next have to ask for it. */
static inline void begin_storm(void (*handler)(int))
{
    struct sigaction action;

    block_storm();
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGALRM, &action, NULL);
    set_storm(25);
}

static inline void end_storm(void)
{
    set_storm(0);
    (void)signal(SIGALRM, SIG_IGN);
}

#endif /* RACE_H */
