/* Explicit buckets: the search against a linear one, two copies against plain sums, and recordings
 * that are under way while the collector reads. Threads: tests/threads/metrics.c. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#include <float.h>
#include <math.h>

/* ---- buckets ---- */

static uint32_t linear_bucket(const double *bounds, uint32_t n, double value)
{
    uint32_t i = 0;

    while (i < n && value > bounds[i]) {
        i++;
    }
    return i;
}

/* M-45, with the default boundaries: an upper bound belongs to its bucket. */
static void default_buckets_are_those_of_the_specification(void)
{
    static const struct {
        double   value;
        uint32_t bucket;
    } rows[] = {
        { -1e300, 0 }, { -1, 0 },    { 0, 0 },     { 5e-324, 1 }, { 5, 1 },      { 5.0001, 2 },
        { 10, 2 },     { 25, 3 },    { 9999, 14 }, { 10000, 14 }, { 10001, 15 }, { 1e300, 15 },
        { -0.0, 0 },   { 7500, 13 }, { 7501, 14 }, { 499.9, 8 },  { 500, 8 },    { 500.1, 9 },
    };
    const uint32_t n = COUNT(otel__advice_bounds);
    size_t         i;

    T_EQ_INT(n, 15);
    for (i = 0; i < COUNT(rows); i++) {
        T_EQ_INT(otel__hist_bucket(otel__advice_bounds, n, rows[i].value), rows[i].bucket);
    }
}

/* The next double above v, or below it. */
static double next_to(double v, bool above)
{
    uint64_t bits = otel__platform_double_bits(v);

    if (v == 0) {
        return above ? 5e-324 : -5e-324;
    }
    bits += (v > 0) == above ? 1u : UINT64_MAX;
    return otel__platform_bits_double(bits);
}

/* Every number of bounds; values at, just below and just above each of them. */
static void halving_finds_what_a_linear_search_finds(void)
{
    double   bounds[OTEL__BOUNDS_MAX];
    uint64_t seed = 41;
    uint32_t n, i;

    for (n = 0; n <= OTEL__BOUNDS_MAX && !t_bad; n++) {
        double at = -(double)random_below(&seed, 1000);
        for (i = 0; i < n; i++) {
            bounds[i] = at;
            at = n % 2 != 0 ? at + 1 + random_below(&seed, 100) : next_to(at, true);
        }
        T_EQ_INT(otel__hist_bucket(bounds, n, -DBL_MAX), 0);
        T_EQ_INT(otel__hist_bucket(bounds, n, DBL_MAX), n);
        for (i = 0; i < n; i++) {
            const double v[3] = { next_to(bounds[i], false), bounds[i], next_to(bounds[i], true) };
            size_t       k;
            for (k = 0; k < 3; k++) {
                T_EQ_INT(otel__hist_bucket(bounds, n, v[k]), linear_bucket(bounds, n, v[k]));
            }
        }
    }
}

/* ---- recording and collecting ---- */

static const double bounds4[4] = { -10, 0, 10, 100 };

/* A histogram in exactly its bytes; give it back with free(). */
static otel__hist *hist_of(uint32_t n_buckets)
{
    otel__hist *h = (otel__hist *)malloc(otel__hist_bytes(n_buckets));

    memset(h, 0xAA, otel__hist_bytes(n_buckets));
    otel__hist_init(h, n_buckets);
    return h;
}

/* A recording in two halves, as when the second is held up: by a signal, by another thread. */
static otel__hist_copy *begin_recording(otel__hist *h)
{
    return &h->copy[otel__a32_add(&h->word, 2u) & 1u];
}

static void finish_recording(otel__hist_copy *c, uint32_t bucket, double value)
{
    otel__hist_add_double(&c->sum, value);
    otel__hist_lower(&c->min, value);
    otel__hist_raise(&c->max, value);
    (void)otel__a32_add(&c->buckets[bucket], 1u);
}

static void a_histogram_lives_in_its_bytes(void)
{
    uint32_t n, i;

    for (n = 1; n <= OTEL__BOUNDS_MAX + 1; n++) {
        otel__hist *h = hist_of(n);
        T_EQ_INT(otel__hist_bytes(n) % 8, 0);
        for (i = 0; i < n; i++) { /* the sanitized build sees what lies outside */
            (void)otel__a32_add(&h->copy[0].buckets[i], 1);
            (void)otel__a32_add(&h->copy[1].buckets[i], 1);
            h->buckets[i]++;
        }
        for (i = 0; i < n; i++) { /* and no two overlap */
            T_CHECK(h->buckets[i] == 1 && otel__a32_peek(&h->copy[0].buckets[i]) == 1);
            T_CHECK(otel__a32_peek(&h->copy[1].buckets[i]) == 1);
        }
        T_CHECK(((uintptr_t)h->buckets & 7) == 0);
        free(h);
    }
}

static void an_empty_histogram_collects_nothing(void)
{
    otel__hist *h = hist_of(5);

    T_CHECK(otel__hist_collect(h, 5));
    T_CHECK(otel__hist_collect(h, 5));
    T_EQ_INT(h->count, 0);
    T_CHECK(h->sum == 0 && h->min == HUGE_VAL && h->max == -HUGE_VAL);
    free(h);
}

static void totals_are_exact_over_any_number_of_collections(void)
{
    otel__hist *h = hist_of(5);
    uint64_t    seed = 43, buckets[5] = { 0 }, count = 0;
    double      sum = 0, min = HUGE_VAL, max = -HUGE_VAL;
    unsigned    i, k;

    for (i = 0; i < 20000 && !t_bad; i++) {
        const double v = (double)random_below(&seed, 250) - 50;
        if (random_below(&seed, 7) == 0) {
            T_CHECK(otel__hist_collect(h, 5));
            T_CHECK(h->count == count && h->sum == sum && h->min == min && h->max == max);
            for (k = 0; k < 5; k++) {
                T_EQ_INT(h->buckets[k], buckets[k]);
            }
        }
        otel__hist_record(h, bounds4, 4, v);
        buckets[linear_bucket(bounds4, 4, v)]++;
        count++;
        sum += v;
        min = v < min ? v : min;
        max = v > max ? v : max;
    }
    free(h);
}

static void the_smallest_and_largest_doubles_are_kept(void)
{
    static const double values[] = { -DBL_MAX, -5e-324, -0.0, 0.0, 5e-324, DBL_MAX };
    size_t              i;

    for (i = 0; i < COUNT(values); i++) {
        otel__hist *h = hist_of(5);
        otel__hist_record(h, bounds4, 4, values[i]);
        T_CHECK(otel__hist_collect(h, 5));
        T_CHECK(h->count == 1 && h->min == values[i] && h->max == values[i]);
        T_CHECK(h->sum == values[i]);
        free(h);
    }
}

static void a_collection_that_meets_a_recording_keeps_the_state_before_it(void)
{
    otel__hist      *h = hist_of(5);
    otel__hist_copy *c;

    otel__hist_record(h, bounds4, 4, 1);
    T_CHECK(otel__hist_collect(h, 5));
    otel__hist_record(h, bounds4, 4, 2);
    c = begin_recording(h);
    T_CHECK(!otel__hist_collect(h, 5));
    T_CHECK(h->count == 1 && h->sum == 1 && h->max == 1 && h->buckets[2] == 1);
    T_CHECK(!otel__hist_collect(h, 5)); /* still */
    T_CHECK(h->count == 1 && h->sum == 1 && h->max == 1);
    finish_recording(c, 4, 1000);
    T_CHECK(otel__hist_collect(h, 5));
    T_CHECK(h->count == 3 && h->sum == 1003 && h->max == 1000 && h->buckets[4] == 1);
    free(h);
}

/* What had finished when the collection began is in it, whatever earlier ones met. */
static void a_collection_that_says_yes_has_all_that_had_finished(void)
{
    otel__hist      *h = hist_of(5);
    otel__hist_copy *late;
    unsigned         i;

    late = begin_recording(h);
    T_CHECK(!otel__hist_collect(h, 5));
    for (i = 0; i < 10; i++) {
        otel__hist_record(h, bounds4, 4, 7);
    }
    finish_recording(late, 2, 3);
    T_CHECK(otel__hist_collect(h, 5));
    T_EQ_INT(h->count, 11);
    T_CHECK(h->sum == 73 && h->min == 3 && h->max == 7);
    free(h);
}

static void recordings_may_overtake_one_that_sleeps_through_many_collections(void)
{
    otel__hist      *h = hist_of(5);
    otel__hist_copy *late = begin_recording(h);
    unsigned         i, yes = 0;

    for (i = 1; i <= 100; i++) {
        otel__hist_record(h, bounds4, 4, 1);
        yes += otel__hist_collect(h, 5);
        T_CHECK(h->count == h->buckets[2] && h->sum == (double)h->count); /* always consistent */
    }
    T_EQ_INT(yes, 0); /* the copy it is in cannot be read */
    finish_recording(late, 4, 500);
    T_CHECK(otel__hist_collect(h, 5));
    T_EQ_INT(h->count, 101);
    T_CHECK(h->sum == 600 && h->buckets[4] == 1 && h->buckets[2] == 100);
    free(h);
}

/* Random halves of recordings between random collections: what a collection says yes to is
 * exact. */
static void interrupted_recordings_never_show_in_part(void)
{
    enum { OPEN = 6 };
    uint64_t seed = 47;
    unsigned run, i, yes = 0, no = 0;

    for (run = 0; run < 300 && !t_bad; run++) {
        otel__hist      *h = hist_of(5);
        otel__hist_copy *open[OPEN] = { NULL };
        uint32_t         finished = 0, begun = 0;

        if (run % 3 == 0) { /* the count of beginnings passes 2^31 */
            otel__a32_put(&h->word, 0xffffffc0u);
            h->flipped_at = 0x7fffffe0u;
        }
        for (i = 0; i < 200; i++) {
            const uint32_t k = random_below(&seed, OPEN);
            switch (random_below(&seed, 4)) {
            case 0:
                if (otel__hist_collect(h, 5)) {
                    T_CHECK(h->count <= begun);
                    yes++;
                } else {
                    no++;
                }
                T_CHECK(h->sum == (double)h->count && h->buckets[2] == h->count);
                break;
            case 1:
                if (open[k] == NULL) {
                    open[k] = begin_recording(h);
                    begun++;
                }
                break;
            default:
                if (open[k] != NULL) {
                    finish_recording(open[k], 2, 1);
                    open[k] = NULL;
                    finished++;
                }
                break;
            }
        }
        for (i = 0; i < OPEN; i++) {
            if (open[i] != NULL) {
                finish_recording(open[i], 2, 1);
                finished++;
            }
        }
        T_CHECK(otel__hist_collect(h, 5));
        T_EQ_INT(h->count, finished);
        T_EQ_INT(finished, begun);
        free(h);
    }
    T_CHECK(yes > 1000 && no > 1000);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(default_buckets_are_those_of_the_specification);
    T_RUN(halving_finds_what_a_linear_search_finds);
    T_RUN(a_histogram_lives_in_its_bytes);
    T_RUN(an_empty_histogram_collects_nothing);
    T_RUN(totals_are_exact_over_any_number_of_collections);
    T_RUN(the_smallest_and_largest_doubles_are_kept);
    T_RUN(a_collection_that_meets_a_recording_keeps_the_state_before_it);
    T_RUN(a_collection_that_says_yes_has_all_that_had_finished);
    T_RUN(recordings_may_overtake_one_that_sleeps_through_many_collections);
    T_RUN(interrupted_recordings_never_show_in_part);
    return t_end();
}
