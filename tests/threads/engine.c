/* The engine with everybody at it at once: a background thread, threads that record, poll, flush
 * and
 * read the counts, a transport that answers later from yet another thread, SDKs that are closed in
 * the middle of it all. No record is lost uncounted, and nothing spins. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#include <poll.h>
#include <stdint.h>

static unsigned long waits; /* of the library: to see whether something spins */

#define OTEL_LITE_WAIT(fds, n, ms)                                                                 \
    ((void)__atomic_add_fetch(&waits, 1, __ATOMIC_SEQ_CST), (void)poll(fds, (nfds_t)(n), (int)(ms)))
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

/* ---- a backend that answers later, from a thread of its own ---- */

static pthread_mutex_t mail_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  mail_there = PTHREAD_COND_INITIALIZER;
static otel_request   *mail; /* to be answered; NULL: none */
static bool            mail_stop;
static unsigned long   n_requests, n_logs_seen;
static int             hold; /* answers are held back */

static uint32_t last_number[THREADS]; /* of each thread's log records, in order */
static int      in_send;

static void check_log(void *user, const otel__pb_field *in, const otel__pb_field *m)
{
    const int64_t thread = attr_int(m, 6, "thread", -1), number = attr_int(m, 6, "number", -1);

    (void)user;
    (void)in;
    if (thread >= 0 && T_CHECK(thread < THREADS)) {
        T_CHECK(number > last_number[thread]);
        last_number[thread] = (uint32_t)number;
        (void)count_one(&n_logs_seen);
    }
}

static otel_transport_result later(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(__atomic_exchange_n(&in_send, 1, __ATOMIC_SEQ_CST), 0); /* one at a time */
    T_EQ_INT(each_record(request, request->signal == OTEL_SIGNAL_LOGS ? check_log : NULL, NULL),
             request->n_records);
    (void)pthread_mutex_lock(&mail_lock);
    T_CHECK(mail == NULL);
    mail = request;
    (void)pthread_cond_signal(&mail_there);
    (void)pthread_mutex_unlock(&mail_lock);
    (void)count_one(&n_requests);
    __atomic_store_n(&in_send, 0, __ATOMIC_SEQ_CST);
    return OTEL_TRANSPORT_PENDING;
}

static void *answer_mail(void *user)
{
    (void)user;
    (void)pthread_mutex_lock(&mail_lock);
    while (!mail_stop) {
        if (mail != NULL && !is_set(&hold)) {
            otel_request *request = mail;
            mail = NULL;
            (void)pthread_mutex_unlock(&mail_lock);
            otel_transport_complete(request, OTEL_TRANSPORT_SENT);
            (void)pthread_mutex_lock(&mail_lock);
        } else if (mail != NULL) {
            (void)pthread_mutex_unlock(&mail_lock);
            (void)usleep(100);
            (void)pthread_mutex_lock(&mail_lock);
        } else {
            (void)pthread_cond_wait(&mail_there, &mail_lock);
        }
    }
    (void)pthread_mutex_unlock(&mail_lock);
    return NULL;
}

static pthread_t answering;

static void start_answering(void)
{
    mail = NULL;
    mail_stop = false;
    hold = 0;
    T_EQ_INT(pthread_create(&answering, NULL, answer_mail, NULL), 0);
}

static void stop_answering(void)
{
    (void)pthread_mutex_lock(&mail_lock);
    mail_stop = true;
    (void)pthread_cond_signal(&mail_there);
    (void)pthread_mutex_unlock(&mail_lock);
    (void)pthread_join(answering, NULL);
}

/* ---- an SDK ---- */

static otel_sdk       *sdk;
static otel_scope     *scope;
static otel_counter   *counter;
static otel_histogram *histogram;
static int             stop;
static unsigned long   emitted, started;

static otel_options defaults(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = later;
    o.ignore_environment = true;
    o.background = true;
    o.log_batch = 50;
    o.log_delay_ms = 5;
    o.span_delay_ms = 5;
    o.metric_interval_ms = 7;
    return o;
}

static void open_with(const otel_options *o)
{
    memset(last_number, 0, sizeof last_number);
    stop = 0;
    emitted = started = n_requests = n_logs_seen = 0;
    sdk = otel_open(o);
    scope = otel_scope_get(sdk, "race", NULL);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    histogram = otel_histogram_create(scope, "h", NULL, NULL, NULL);
}

static void record_all(unsigned index)
{
    uint32_t number = 0;

    while (!is_set(&stop)) {
        otel_span span = otel_span_start(scope, "span", NULL);
        otel_log(scope, OTEL_SEVERITY_INFO, "body",
                 OTEL_ATTRS(otel_int("thread", index), otel_int("number", ++number)));
        (void)count_one(&emitted);
        otel_span_set(span, OTEL_ATTRS(otel_int("number", number)));
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("k", number % 9)));
        otel_histogram_record(histogram, number % 1000, OTEL_NO_ATTRS);
        otel_span_end(span);
        if (span.slot != NULL) {
            (void)count_one(&started);
        }
        if (number % 64 == 0) {
            (void)usleep(50);
        }
    }
}

static void meddle(unsigned index)
{
    uint64_t seed = index + 7;

    while (!is_set(&stop)) {
        otel_stats s;
        switch (random_below(&seed, 5)) {
        case 0: (void)otel_flush(sdk, random_below(&seed, 4)); break;
        case 1: (void)otel_poll(sdk); break;
        case 2: otel_stats_get(sdk, &s); break;
        case 3: T_CHECK(otel_queue_free(sdk, OTEL_SIGNAL_LOGS) <= 2048); break;
        default: {
            const otel_scope *same = otel_scope_get(sdk, "race", NULL);
            T_CHECK(same == scope || (same == NULL && otel_poll(sdk) == UINT32_MAX)); /* closed */
            break;
        }
        }
        (void)usleep(random_below(&seed, 300));
    }
}

/* ---- all at once ---- */

static void everything_at_once_loses_nothing_uncounted(void)
{
    otel_options o = defaults();
    runner       recording[THREADS], meddling[3];
    otel_stats   s;
    const double end = seconds() + PATIENCE, enough = seconds() + 0.7;

    open_with(&o);
    start_answering();
    start_threads(recording, THREADS, record_all);
    start_threads(meddling, 3, meddle);
    while ((seconds() < enough || now_count(&n_requests) < 100) && !t_bad &&
           T_CHECK(seconds() < end)) {
        (void)usleep(1000);
    }
    set_flag(&stop);
    join_threads(recording, THREADS);
    join_threads(meddling, 3);
    T_EQ_INT(otel_flush(sdk, 20000), OTEL_OK);
    otel_stats_get(sdk, &s);
    T_CHECK(stats_add_up(sdk));
    T_EQ_INT(s.signal[OTEL_SIGNAL_LOGS].started, emitted);
    T_EQ_INT(s.signal[OTEL_SIGNAL_LOGS].delivered, n_logs_seen);
    T_EQ_INT(s.signal[OTEL_SIGNAL_LOGS].queued, 0);
    T_EQ_INT(s.signal[OTEL_SIGNAL_TRACES].ended - s.signal[0].dropped[OTEL_DROP_NO_SLOT], started);
    T_EQ_INT(s.signal[OTEL_SIGNAL_TRACES].open, 0);
    T_EQ_INT(otel_close(sdk, 20000), OTEL_OK);
    T_CHECK(stats_add_up(sdk));
    stop_answering();
    otel_release(sdk);
    printf("# %lu requests, %lu log records of %lu delivered\n", n_requests, n_logs_seen, emitted);
}

/* ---- closing in the middle ---- */

static void an_sdk_closed_in_the_middle_counts_what_is_left(void)
{
    otel_options o = defaults();
    unsigned     round;

    for (round = 0; round < 25 && !t_bad; round++) {
        runner     recording[THREADS], meddling[2];
        otel_stats s;

        o.background = round % 3 != 0;
        open_with(&o);
        start_answering();
        start_threads(recording, THREADS, record_all);
        start_threads(meddling, 2, meddle);
        (void)usleep(3000 + round * 500);
        if (round % 4 == 1) {
            set_flag(&hold); /* the last request is not answered in time */
        }
        (void)otel_close(sdk, round % 5);
        (void)usleep(1000);
        T_EQ_INT(otel_close(sdk, 100), OTEL_OK); /* closed is closed */
        set_flag(&stop);
        join_threads(recording, THREADS);
        join_threads(meddling, 2);
        T_CHECK(stats_add_up(sdk));
        otel_stats_get(sdk, &s);
        T_CHECK(s.signal[OTEL_SIGNAL_LOGS].started <= emitted);
        __atomic_store_n(&hold, 0, __ATOMIC_SEQ_CST);
        stop_answering();
        if (mail != NULL) {
            otel_transport_complete(mail, OTEL_TRANSPORT_SENT); /* too late: no effect */
        }
        T_CHECK(stats_add_up(sdk));
        otel_release(sdk);
    }
}

static otel_sdk *closers_sdk;

static void close_it(unsigned index)
{
    if (index % 2 == 0) {
        (void)otel_close(closers_sdk, 30000);
    } else {
        (void)otel_flush(closers_sdk, index == 1 ? 30000 : OTEL_NO_LIMIT);
    }
}

static void four_threads_that_close_and_flush_at_once_all_return(void)
{
    otel_options o = defaults();
    const double end = seconds() + 20;
    unsigned     round;

    for (round = 0; round < 20 && T_CHECK(seconds() < end); round++) {
        runner runners[THREADS];
        open_with(&o);
        start_answering();
        otel_log(scope, OTEL_SEVERITY_INFO, "body", OTEL_NO_ATTRS);
        otel_counter_add(counter, 1, OTEL_NO_ATTRS);
        closers_sdk = sdk;
        start_threads(runners, THREADS, close_it);
        join_threads(runners, THREADS);
        T_CHECK(stats_add_up(sdk));
        stop_answering(); /* nobody may be inside any more */
        otel_release(sdk);
    }
}

/* ---- two flushes ---- */

static otel_status long_status, short_status;

static void flush_long_or_short(unsigned index)
{
    if (index == 0) {
        long_status = otel_flush(sdk, 150);
    } else {
        (void)usleep(20000);
        short_status = otel_flush(sdk, 20);
    }
}

static otel_transport_result not_now(void *user, otel_request *request)
{
    (void)user;
    request->retry_after_ms = 60000;
    return OTEL_TRANSPORT_RETRY;
}

static void a_flush_that_gives_up_does_not_end_another(void)
{
    otel_options o = defaults();
    runner       runners[2];

    o.background = false;
    o.transport.send = not_now;
    open_with(&o);
    otel_log(scope, OTEL_SEVERITY_INFO, "body", OTEL_NO_ATTRS);
    start_threads(runners, 2, flush_long_or_short);
    join_threads(runners, 2);
    T_EQ_INT(short_status, OTEL_TIMEOUT);
    T_EQ_INT(long_status, OTEL_TIMEOUT);
    otel_release(sdk);
}

/* ---- waking and sleeping ---- */

static bool reaches(const unsigned long *n, unsigned long least)
{
    const double end = seconds() + 10;

    while (now_count(n) < least && seconds() < end) {
        (void)usleep(200);
    }
    return now_count(n) >= least;
}

/* With delays of hours only the wake-ups make anything happen: one by each full batch, one by each
 * answer that comes later. */
static void a_full_batch_and_a_late_answer_wake_the_thread(void)
{
    otel_options  o = defaults();
    unsigned long before;
    unsigned      i, round;

    o.log_delay_ms = o.span_delay_ms = o.metric_interval_ms = 3600000;
    o.log_batch = 10;
    open_with(&o);
    start_answering();
    for (round = 1; round <= 60 && !t_bad; round++) {
        before = n_requests;
        for (i = 0; i < 30; i++) {
            otel_log(scope, OTEL_SEVERITY_INFO, "body", OTEL_NO_ATTRS);
            if (round % 2 == 0) {
                (void)usleep(30);
            }
        }
        T_CHECK(reaches(&n_requests, before + 3)); /* the later ones after the answers */
    }
    stop_answering();
    otel_release(sdk);
}

/* After a storm of wake-ups the thread sleeps: a descriptor left readable would make it spin. */
static void after_a_storm_the_thread_sleeps(void)
{
    otel_options o = defaults();
    unsigned     round;

    o.log_delay_ms = o.span_delay_ms = o.metric_interval_ms = 3600000;
    o.log_batch = 2;
    open_with(&o);
    start_answering();
    for (round = 0; round < 8 && !t_bad; round++) {
        runner        recording[THREADS];
        unsigned long before;
        stop = 0;
        memset(last_number, 0, sizeof last_number);
        start_threads(recording, THREADS, record_all);
        (void)usleep(20000);
        set_flag(&stop);
        join_threads(recording, THREADS);
        T_EQ_INT(otel_flush(sdk, 20000), OTEL_OK);
        (void)usleep(5000);
        before = now_count(&waits);
        (void)usleep(30000);
        T_CHECK(now_count(&waits) - before < 10);
    }
    stop_answering();
    otel_release(sdk);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(everything_at_once_loses_nothing_uncounted);
    T_RUN(an_sdk_closed_in_the_middle_counts_what_is_left);
    T_RUN(four_threads_that_close_and_flush_at_once_all_return);
    T_RUN(a_flush_that_gives_up_does_not_end_another);
    T_RUN(a_full_batch_and_a_late_answer_wake_the_thread);
    T_RUN(after_a_storm_the_thread_sleeps);
    return t_end();
}
