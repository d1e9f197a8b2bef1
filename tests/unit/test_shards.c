/* OTEL_LITE_SHARDS: bound counters of int64 in several cells. Totals are exact in each temporality,
 * for both readers, whoever adds and whichever way; which streams have cells; what is left when
 * there are no places; fork. Also all cases of bound_cases.h, which know nothing of cells.
 * Readings meanwhile: tests/threads/shards.c. Requirements M-15, M-60, M-70, M-107. */
#define OTEL_LITE_SHARDS 4
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"
#include "bound_cases.h"

#include <pthread.h>

#define MANY  11u /* threads, more than cells */
#define CALLS 1000u

static otel_bound_counter shared;

/* ---- threads one after the other ---- */

static uint64_t *number_here[MANY];

static void *add_and_look(void *user)
{
    uint64_t **here = (uint64_t **)user;
    unsigned   i;

    for (i = 0; i < CALLS; i++) {
        otel_bound_counter_add(shared, 3);
    }
    *here = shared.shards != NULL ? otel__bound_number(shared) : NULL;
    return NULL;
}

/* Add from that many new threads, one at a time: each adds 3 * CALLS. */
static void add_from_threads(unsigned threads)
{
    pthread_t thread;
    unsigned  i;

    for (i = 0; i < threads && i < MANY; i++) {
        if (T_CHECK(pthread_create(&thread, NULL, add_and_look, &number_here[i]) == 0)) {
            (void)pthread_join(thread, NULL);
        }
    }
}

static size_t distance(const uint64_t *a, const uint64_t *b)
{
    const uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return x > y ? x - y : y - x;
}

static otel_bound_counter bind_new(const char *name)
{
    return otel_counter_bind(otel_counter_create(scope, name, NULL, NULL), OTEL_NO_ATTRS);
}

static void threads_add_in_turn_to_cells_that_share_no_cache_line(void)
{
    unsigned i, k;

    open_plain();
    shared = bind_new("c");
    otel_bound_counter_add(shared, 5); /* the first value is the library's */
    add_from_threads(MANY);
    for (i = 0; i < MANY; i++) {
        T_CHECK((uintptr_t)number_here[i] % 8 == 0);
        for (k = 0; k < i; k++) {
            if ((i - k) % 4 == 0) {
                T_CHECK(number_here[i] == number_here[k]);
            } else {
                T_CHECK(distance(number_here[i], number_here[k]) >= 8 + 128);
            }
        }
    }
    T_EQ_INT(otel__a64_peek(&shared.cell->number), 5);
    T_EQ_INT(*number_here[0], 3 * CALLS * 3);
    T_EQ_INT(*number_here[3], 3 * CALLS * 2);
    shut();
}

static void two_counters_have_two_cells_on_one_thread(void)
{
    otel_bound_counter a, b, c;

    open_plain();
    a = bind_new("a");
    b = bind_new("b");
    c = otel_counter_bind(a.counter, OTEL_ATTRS(otel_int("k", 1)));
    T_EQ_INT(distance(otel__bound_number(a), otel__bound_number(b)), 8);
    T_EQ_INT(distance(otel__bound_number(a), otel__bound_number(c)), 16);
    T_CHECK(bind_new("a").shards == a.shards && a.shards != NULL);
    shut();
}

/* ---- totals ---- */

/* What a reading shows of the counter "c" without attributes: its sum, or -1. */
static int64_t sum_shown;

static void show_sum(void *user, const otel_point *p)
{
    (void)user;
    if (strcmp(p->name, "c") == 0 && p->attrs.count == 0) {
        T_EQ_INT(sum_shown, -1);
        sum_shown = p->i;
    }
}

/* The reading's sum of "c"; -1: it has no point. */
static int64_t read_sum(bool manual)
{
    unsigned i;

    sum_shown = -1;
    if (manual) {
        T_EQ_INT(otel_read(sdk, show_sum, NULL, 1000), OTEL_OK);
        return sum_shown;
    }
    read_all();
    for (i = 0; i < n_points; i++) {
        if (strcmp(metrics[points[i].metric].name, "c") == 0 && points[i].attrs[0] == '\0') {
            T_EQ_INT(sum_shown, -1);
            sum_shown = points[i].i;
        }
    }
    return sum_shown;
}

/* Three rounds of what all ways of adding give, read in between. */
static void check_totals(bool manual, bool delta)
{
    otel_bound_counter again;
    int64_t            total = 0;
    unsigned           round;

    shared = bind_new("c");
    again = otel_counter_bind(shared.counter, OTEL_NO_ATTRS);
    T_EQ_INT(read_sum(manual), -1);
    for (round = 1; round <= 3; round++) {
        const int64_t once = 3 * MANY * CALLS + 7 + 11 + 13 + round;
        add_from_threads(MANY);
        otel_counter_add(shared.counter, 7, OTEL_NO_ATTRS);
        otel_bound_counter_add(again, 11);
        otel__bound_counter_add(shared.counter, shared.cell, 13);
        otel_bound_counter_add(shared, round);
        otel_bound_counter_add(shared, -1); /* is not counted */
        total = delta ? once : total + once;
        T_EQ_INT(read_sum(manual), total);
    }
    T_EQ_INT(bad_values(), 3);
    T_EQ_INT(read_sum(manual), delta ? -1 : total);
    add_from_threads(2);
    T_EQ_INT(read_sum(manual), (delta ? 0 : total) + 2 * 3 * CALLS);
    OTEL_UNBIND(shared);
    add_from_threads(1);
    T_EQ_INT(read_sum(manual), delta ? -1 : total + 2 * 3 * CALLS);
}

static void sums_are_exact_in_both_temporalities(void)
{
    otel_options o = plain_options();
    unsigned     delta;

    for (delta = 0; delta < 2; delta++) {
        o.temporality = delta != 0 ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE;
        open_sdk(&o);
        check_totals(false, delta != 0);
        T_CHECK(shared.shards != NULL);
        shut();
    }
}

static void the_manual_reader_alone_reads_cells(void)
{
    otel_options o = plain_options();
    unsigned     delta;

    o.transport.send = NULL;
    o.manual_reader = true;
    for (delta = 0; delta < 2; delta++) {
        o.manual_temporality = delta != 0 ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE;
        open_sdk(&o);
        check_totals(true, delta != 0);
        T_CHECK(shared.shards != NULL);
        shut();
    }
}

/* A delta point that found no room in the queue comes with the next reading, cells included. */
static void what_found_no_room_is_sent_with_the_next_reading(void)
{
    otel_options  o = plain_options();
    otel__series *s;
    bool          waiting = false;

    o.temporality = OTEL_TEMPORALITY_DELTA;
    open_sdk(&o);
    shared = bind_new("c");
    s = (otel__series *)(void *)shared.cell;
    add_from_threads(5);
    T_CHECK(shared.counter->in.ops->take(&shared.counter->in, s, &waiting));
    otel__collect_settle(&shared.counter->in, s, false);
    add_from_threads(3);
    T_EQ_INT(read_sum(false), 8 * 3 * CALLS);
    T_EQ_INT(read_sum(false), -1);
    shut();
}

/* ---- who has cells ---- */

static void two_readers_have_no_cells_and_exact_totals(void)
{
    otel_options o = plain_options();

    o.temporality = OTEL_TEMPORALITY_DELTA;
    o.manual_reader = true;
    open_sdk(&o);
    shared = bind_new("c");
    T_CHECK(shared.cell != NULL && shared.shards == NULL);
    add_from_threads(MANY);
    T_EQ_INT(read_sum(true), 3 * MANY * CALLS);
    T_EQ_INT(read_sum(false), 3 * MANY * CALLS);
    add_from_threads(1);
    T_EQ_INT(read_sum(false), 3 * CALLS);
    T_EQ_INT(read_sum(true), 3 * (MANY + 1) * CALLS);
    shut();
}

static void a_view_leaves_cells_to_a_single_sum(void)
{
    static const char *const none[] = { NULL };
    otel_view                views[4];
    otel_options             o = plain_options();
    const otel_attrs         attrs = OTEL_ATTRS(otel_int("k", 1));
    otel_bound_counter       filtered, twice, histogram;

    memset(views, 0, sizeof views);
    views[0].instrument_name = "c";
    views[0].keep = none;
    views[1].instrument_name = "twice";
    views[2].instrument_name = "twice";
    views[2].name = "other";
    views[3].instrument_name = "histogram";
    views[3].aggregation = OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    o.views = views;
    o.n_views = COUNT(views);
    open_sdk(&o);
    filtered = otel_counter_bind(otel_counter_create(scope, "c", NULL, NULL), attrs);
    twice = otel_counter_bind(otel_counter_create(scope, "twice", NULL, NULL), attrs);
    histogram = otel_counter_bind(otel_counter_create(scope, "histogram", NULL, NULL), attrs);
    T_CHECK(filtered.shards != NULL && twice.shards == NULL && histogram.shards == NULL);
    shared = filtered;
    add_from_threads(3);
    otel_counter_add(filtered.counter, 1, OTEL_ATTRS(otel_int("k", 2)));
    shared = twice;
    add_from_threads(3);
    shared = histogram;
    add_from_threads(3);
    T_EQ_INT(read_sum(false), 3 * 3 * CALLS + 1);
    T_EQ_INT(point_of("twice", "k=1")->i, 3 * 3 * CALLS);
    T_EQ_INT(point_of("other", "k=1")->i, 3 * 3 * CALLS);
    T_EQ_INT(point_of("histogram", "k=1")->count, 3 * CALLS);
    shut();
}

static void counters_beyond_the_places_are_counted_as_without_cells(void)
{
    static otel_bound_counter bound[300];
    char                      attrs[32];
    otel_counter             *c;
    unsigned                  i, n = 0;

    open_plain();
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < COUNT(bound); i++) {
        bound[i] = otel_counter_bind(c, OTEL_ATTRS(otel_int("k", i)));
        T_CHECK(bound[i].cell != NULL && (bound[i].shards != NULL) == (i < 256));
        n += bound[i].shards != NULL;
    }
    T_EQ_INT(n, 256);
    T_CHECK(otel_counter_bind(c, OTEL_ATTRS(otel_int("k", 0))).shards == bound[0].shards);
    for (i = 0; i < COUNT(bound); i++) {
        otel_bound_counter_add(bound[i], i + 1);
        otel_bound_counter_add(bound[i], 1000);
    }
    shared = bound[255]; /* the last place, in each row */
    add_from_threads(4);
    shared = bound[256];
    add_from_threads(4);
    read_all();
    T_EQ_INT(n_points, COUNT(bound));
    for (i = 0; i < COUNT(bound); i++) {
        const int64_t more = i == 255 || i == 256 ? 4 * 3 * CALLS : 0;
        (void)snprintf(attrs, sizeof attrs, "k=%u", i);
        T_EQ_INT(point_of("c", attrs)->i, i + 1 + 1000 + more);
    }
    shut();
}

static void the_rows_are_part_of_the_block(void)
{
    static const size_t rows = 4u * 2240u;
    const otel_options  o = plain_options();
    const size_t        need = otel_memory_needed(&o);
    const uint8_t      *begin, *end;
    unsigned            i;

    T_EQ_INT(sizeof(otel_bound_counter), 4 * sizeof(void *));
    open_sdk(&o);
    begin = sdk->metrics.shards.rows;
    end = begin + rows;
    T_CHECK(begin > (const uint8_t *)sdk && end <= (const uint8_t *)sdk + need);
    shared = bind_new("c");
    add_from_threads(4);
    for (i = 0; i < 4; i++) {
        const uint8_t *p = (const uint8_t *)number_here[i];
        T_CHECK(p >= begin + 64 && p + 8 + 64 <= end);
    }
    shut();
}

/* ---- fork ---- */

static void be_a_child_of_cells(bool read_first, unsigned generations)
{
    if (read_first) {
        T_EQ_INT(read_sum(false), -1);
    }
    add_from_threads(5);
    otel_bound_counter_add(shared, 1); /* in the row that the parent's thread had */
    otel_counter_add(shared.counter, 2, OTEL_NO_ATTRS);
    T_EQ_INT(read_sum(false), 5 * 3 * CALLS + 3);
    T_EQ_INT(otel_counter_bind(shared.counter, OTEL_NO_ATTRS).shards == shared.shards, 1);
    if (generations > 1) {
        const pid_t pid = fork();
        int         status = -1;
        if (pid == 0) {
            be_a_child_of_cells(read_first, generations - 1);
            fflush(stdout);
            _exit(t_bad);
        }
        T_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
}

static void a_forked_child_begins_with_empty_cells(void)
{
    unsigned delta, first;

    for (delta = 0; delta < 2; delta++) {
        otel_options o = plain_options();
        o.temporality = delta != 0 ? OTEL_TEMPORALITY_DELTA : OTEL_TEMPORALITY_CUMULATIVE;
        open_sdk(&o);
        shared = bind_new("c");
        add_from_threads(MANY);
        otel_bound_counter_add(shared, 100);
        for (first = 0; first < 2; first++) {
            pid_t pid;
            int   status = -1;
            fflush(stdout);
            pid = fork();
            if (pid == 0) {
                be_a_child_of_cells(first != 0, 2);
                fflush(stdout);
                _exit(t_bad);
            }
            T_CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
        }
        T_EQ_INT(read_sum(false), 3 * MANY * CALLS + 100);
        shut();
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(threads_add_in_turn_to_cells_that_share_no_cache_line);
    T_RUN(two_counters_have_two_cells_on_one_thread);
    T_RUN(sums_are_exact_in_both_temporalities);
    T_RUN(the_manual_reader_alone_reads_cells);
    T_RUN(what_found_no_room_is_sent_with_the_next_reading);
    T_RUN(two_readers_have_no_cells_and_exact_totals);
    T_RUN(a_view_leaves_cells_to_a_single_sum);
    T_RUN(counters_beyond_the_places_are_counted_as_without_cells);
    T_RUN(the_rows_are_part_of_the_block);
    T_RUN(a_forked_child_begins_with_empty_cells);
    T_RUN(a_handle_records_what_a_call_with_its_attributes_would);
    T_RUN(the_inline_calls_and_the_librarys_own_agree);
    T_RUN(binding_a_set_again_gives_the_same_series);
    T_RUN(a_zeroed_handle_and_one_of_null_do_nothing);
    T_RUN(a_handle_that_was_given_up_does_nothing_and_its_values_stay);
    T_RUN(a_series_has_no_point_before_its_first_value);
    T_RUN(a_handle_bound_during_overflow_stays_with_the_overflow);
    T_RUN(a_handle_that_finds_no_memory_is_bound_to_the_overflow);
    T_RUN(a_handle_survives_the_close_and_does_nothing);
    T_RUN(a_forked_child_counts_through_the_parents_handles_from_zero);
    return t_end();
}
