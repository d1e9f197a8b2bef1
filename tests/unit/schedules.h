/* schedules.h: three callers at once: the first is stopped at each of its atomic operations,
 * then the second at each of its own, the third goes before or after that, and they are finished
 * in every order. Callers are coroutines on stacks of their own, so that a case takes
 * microseconds and the same ones are tried each time. Sequentially consistent: memory orders are
 * for tests/threads and ThreadSanitizer.
 *
 * The includer lets the library's atomic operations call step() first. */
#ifndef SCHEDULES_H
#define SCHEDULES_H

#include <ucontext.h>

/* ---- callers ---- */

#define CALLERS 3
#define STACK   131072
#define FOREVER 0x7fffffff

typedef struct caller {
    ucontext_t context;
    void (*body)(unsigned index);
    int  steps; /* atomic operations begun                */
    int  limit; /* where it stops                         */
    bool done;
} caller;

static caller     callers[CALLERS];
static char       stacks[CALLERS][STACK];
static ucontext_t director;
static int        playing = -1; /* the caller that runs, or -1 */

static void step(void)
{
    caller *c = playing >= 0 ? &callers[playing] : NULL;

    if (c == NULL) {
        return;
    }
    while (c->steps >= c->limit) {
        (void)swapcontext(&c->context, &director);
    }
    c->steps++;
}

static void enter(int index)
{
    callers[index].body((unsigned)index);
    callers[index].done = true;
}

static void prepare(unsigned index, void (*body)(unsigned))
{
    caller *c = &callers[index];

    memset(&c->steps, 0, sizeof *c - offsetof(caller, steps));
    c->body = body;
    (void)getcontext(&c->context);
    c->context.uc_stack.ss_sp = stacks[index];
    c->context.uc_stack.ss_size = STACK;
    c->context.uc_link = &director;
    makecontext(&c->context, (void (*)(void))enter, 1, (int)index);
}

/* Lets a caller go on up to that many operations; whether it is still under way then. */
static bool go_on(unsigned index, int limit)
{
    caller *c = &callers[index];

    if (!c->done) {
        c->limit = limit;
        playing = (int)index;
        (void)swapcontext(&director, &c->context);
        playing = -1;
    }
    return !c->done;
}

/* The last two: the third is through before the second begins. */
static const unsigned orders[8][CALLERS] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
                                             { 2, 0, 1 }, { 2, 1, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

static unsigned long cases;

typedef struct trio {
    void (*bodies[CALLERS])(unsigned);
    void (*begin)(void);
    void (*check)(void);
} trio;

/* One case; tells whether the first and the second did stop. */
static void try_one(const trio *t, const int stops[2], unsigned order, bool more[2])
{
    unsigned k;

    t->begin();
    for (k = 0; k < CALLERS; k++) {
        prepare(k, t->bodies[k]);
    }
    more[0] = go_on(0, stops[0]);
    if (order >= 6) {
        (void)go_on(2, FOREVER);
    }
    more[1] = go_on(1, stops[1]);
    for (k = 0; k < CALLERS; k++) {
        (void)go_on(orders[order][k], FOREVER);
    }
    t->check();
    cases++;
    if (t_bad) {
        printf("    the first stopped at %d, the second at %d, order %u\n", stops[0], stops[1],
               order);
    }
}

/* Everything there is to try with these three. */
static void try_all(const trio *t)
{
    int      stops[2];
    bool     more[2] = { true, true }, more_second;
    unsigned order;

#if defined(__SANITIZE_ADDRESS__)
    return; /* it knows nothing of stacks that are switched like this */
#endif
    for (stops[0] = 0; more[0] && !t_bad; stops[0]++) {
        more_second = true;
        for (stops[1] = 0; more_second && !t_bad; stops[1]++) {
            more_second = false;
            for (order = 0; order < COUNT(orders) && !t_bad; order++) {
                try_one(t, stops, order, more);
                more_second = more_second || more[1];
            }
        }
    }
}

static void tell_cases(unsigned long least)
{
    printf("# %lu cases\n", cases);
#if !defined(__SANITIZE_ADDRESS__)
    T_CHECK(cases > least);
#else
    (void)least;
#endif
    cases = 0;
}

#endif /* SCHEDULES_H */
