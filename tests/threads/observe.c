/* Callbacks that come and go on four threads while two others read: none runs after it was
 * unregistered, each runs once in a reading, and its data may be freed at once. That data is
 * touched without any care: ThreadSanitizer sees whether the library orders the accesses. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "unit/points.h"
#include "race.h"

static int stop;

static bool open_with_callbacks(uint32_t max_callbacks)
{
    otel_options o = plain_options();

    o.max_callbacks = max_callbacks;
    o.max_instruments = 64;
    o.on_diagnostic = NULL; /* would be called by several threads */
    stop = 0;
    return open_sdk(&o);
}

/* ---- come and go ---- */

typedef struct guest {
    unsigned         runs, last_round;
    otel_observable *gauge;
    int64_t          thread;
    int              running; /* of several threads: for looking only */
} guest;

static unsigned         round_now; /* readings so far: of the callbacks, which run one by one */
static unsigned         transient_runs;
static unsigned long    n_registered, n_refused, n_left_while_running, n_readings;
static otel_observable *gauge_of[THREADS];

static void first_in_round(void *user, otel_observer *observer)
{
    (void)observer;
    round_now++;
    (*(unsigned *)user)++;
}

static void visit(void *user, otel_observer *observer)
{
    guest *g = (guest *)user;

    __atomic_store_n(&g->running, 1, __ATOMIC_RELAXED);
    T_CHECK(g->last_round != round_now); /* once in a reading */
    g->last_round = round_now;
    g->runs++;
    transient_runs++;
    otel_observe(observer, g->gauge, g->thread, OTEL_ATTRS(otel_int("thread", g->thread)));
    if (round_now % 4 == 0) {
        (void)usleep(50); /* so that it is met while it runs */
    } else {
        (void)sched_yield();
    }
    __atomic_store_n(&g->running, 0, __ATOMIC_RELAXED);
}

static void come_and_go(unsigned index)
{
    uint64_t seed = index + 1;

    while (!is_set(&stop)) {
        guest              *g = (guest *)calloc(1, sizeof *g);
        const otel_callback callback = { visit, g };
        otel_registration  *at;
        unsigned            patience = 0;
        g->thread = index;
        g->gauge = gauge_of[index];
        at = otel_callback_register(scope, &callback);
        if (at == NULL) {
            (void)count_one(&n_refused);
            (void)usleep(50);
        } else {
            (void)count_one(&n_registered);
            if (random_below(&seed, 2) == 0) { /* leave in the middle of a run, if there is one */
                while (__atomic_load_n(&g->running, __ATOMIC_RELAXED) == 0 && patience++ < 100) {
                    (void)sched_yield();
                }
            }
            if (__atomic_load_n(&g->running, __ATOMIC_RELAXED) != 0) {
                (void)count_one(&n_left_while_running);
            }
            otel_callback_unregister(at);
            g->runs++; /* nobody else's any more */
        }
        memset(g, 0xff, sizeof *g);
        free(g);
    }
}

static void read_on(unsigned index)
{
    (void)index;
    while (!is_set(&stop)) {
        if (otel_collect(sdk, 10000) == OTEL_OK) {
            (void)count_one(&n_readings);
        }
        (void)usleep(20);
    }
}

static void callbacks_come_and_go_on_four_threads_while_two_read(void)
{
    const double end = seconds() + PATIENCE;
    unsigned     faithful_runs = 0, i;
    runner       guests[THREADS], reader[1];
    char         name[16];

    if (!open_with_callbacks(4)) { /* fewer than come, with the one that stays */
        return;
    }
    round_now = transient_runs = 0;
    n_registered = n_refused = n_left_while_running = n_readings = 0;
    {
        const otel_callback faithful = { first_in_round, &faithful_runs };
        T_CHECK(otel_callback_register(scope, &faithful) != NULL);
    }
    for (i = 0; i < THREADS; i++) {
        (void)snprintf(name, sizeof name, "g%u", i);
        gauge_of[i] = otel_observable_gauge_create(scope, name, NULL, NULL, NULL);
    }
    start_threads(guests, THREADS, come_and_go);
    start_threads(reader, 1, read_on);
    while (!t_bad && T_CHECK(seconds() < end) &&
           (now_count(&n_readings) < 300 || now_count(&n_registered) < 1000 ||
            now_count(&n_left_while_running) < 50 || now_count(&n_refused) < 10)) {
        read_all();
        (void)count_one(&n_readings);
        for (i = 0; i < n_points; i++) {
            const metric_seen *m = &metrics[points[i].metric];
            T_EQ_INT(points[i].i, m->name[1] - '0'); /* what its guest told */
        }
    }
    set_flag(&stop);
    join_threads(guests, THREADS);
    join_threads(reader, 1);
    T_EQ_INT(faithful_runs, n_readings); /* M-12: once in each */
    i = transient_runs;
    read_all();
    T_EQ_INT(transient_runs, i); /* all are gone */
    T_EQ_INT(n_points, 0);
    T_CHECK(transient_runs > 0);
    printf("# %lu readings; %lu came, %lu found no place, %lu left while they ran, %u runs\n",
           n_readings, n_registered, n_refused, n_left_while_running, transient_runs);
    shut();
}

/* ---- leaving waits ---- */

#define ROUNDS 30

static int  entered, leaving; /* of several threads */
static long finished;         /* the callback's, then the unregistering thread's */

static void dawdle(void *user, otel_observer *observer)
{
    (void)user;
    (void)observer;
    set_flag(&entered);
    while (!is_set(&leaving)) {
        (void)sched_yield();
    }
    (void)usleep(3000); /* the other thread waits in otel_callback_unregister() by now */
    finished++;
}

static otel_registration *dawdler;

static void leave_while_it_runs(unsigned index)
{
    (void)index;
    while (!is_set(&entered)) {
        (void)sched_yield();
    }
    set_flag(&leaving);
    otel_callback_unregister(dawdler);
    T_EQ_INT(finished, 1);
    finished = 2;
}

static void unregistering_returns_only_when_the_callback_has_ended(void)
{
    unsigned i;

    if (!open_with_callbacks(1)) {
        return;
    }
    for (i = 0; i < ROUNDS && !t_bad; i++) {
        const otel_callback callback = { dawdle, NULL };
        runner              other[1];
        entered = leaving = 0;
        finished = 0;
        dawdler = otel_callback_register(scope, &callback); /* in the one place, freed each time */
        if (!T_CHECK(dawdler != NULL)) {
            break;
        }
        start_threads(other, 1, leave_while_it_runs);
        T_EQ_INT(otel_collect(sdk, 10000), OTEL_OK);
        join_threads(other, 1);
        T_EQ_INT(finished, 2);
    }
    T_EQ_INT(i, ROUNDS);
    shut();
}

/* ---- the background thread ---- */

static unsigned long background_runs;

static void count_background(void *user, otel_observer *observer)
{
    otel_counter *made = otel_counter_create(scope, "made", NULL, NULL);

    (void)user;
    otel_counter_add(made, 1, OTEL_NO_ATTRS);
    otel_observe(observer, gauge_of[0], 1, OTEL_NO_ATTRS);
    (void)count_one(&background_runs);
}

static otel_transport_result discard(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

/* It runs callbacks on its own; the program registers, unregisters and closes meanwhile. */
static void callbacks_run_on_the_background_thread(void)
{
    const otel_callback callback = { count_background, NULL };
    const double        end = seconds() + PATIENCE;
    otel_options        o = plain_options();
    unsigned long       runs;
    unsigned            round;

    o.background = true;
    o.metric_interval_ms = 1;
    o.on_diagnostic = NULL;
    o.transport.send = discard;
    for (round = 0; round < 5 && open_sdk(&o); round++) {
        background_runs = 0;
        gauge_of[0] = otel_observable_gauge_create(scope, "g", NULL, NULL, NULL);
        while (now_count(&background_runs) < 20 && T_CHECK(seconds() < end)) {
            otel_registration *at = otel_callback_register(scope, &callback);
            (void)usleep(1500);
            otel_callback_unregister(at);
            runs = now_count(&background_runs);
            (void)usleep(1500);
            T_EQ_INT(now_count(&background_runs), runs);
        }
        (void)otel_callback_register(scope, &callback); /* is there when it is closed */
        T_EQ_INT(otel_close(sdk, 10000), OTEL_OK);
        runs = now_count(&background_runs);
        (void)usleep(2000);
        T_EQ_INT(now_count(&background_runs), runs);
        shut();
    }
    T_EQ_INT(round, 5);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(callbacks_come_and_go_on_four_threads_while_two_read);
    T_RUN(unregistering_returns_only_when_the_callback_has_ended);
    T_RUN(callbacks_run_on_the_background_thread);
    return t_end();
}
