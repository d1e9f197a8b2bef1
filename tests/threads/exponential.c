/* An exponential histogram under one to eight threads, a timer signal that records in the middle of
 * recordings, and a collector that reads all the while, with and without resets; first as it is,
 * then with a pause or an interrupt possible before every single atomic operation.
 *
 * Values are powers of two, and there are buckets enough for scale 0: so what was recorded follows
 * from the buckets of each reading, and all of it can be counted and added up exactly. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#include <stdint.h>

static void shake(void);

#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (shake(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (shake(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (shake(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (shake(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_or(p, v, order)   (shake(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_xor(p, v, order)  (shake(), __atomic_fetch_xor(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (shake(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_exchange_n
#undef __atomic_fetch_add
#undef __atomic_fetch_or
#undef __atomic_fetch_xor
#undef __atomic_compare_exchange_n
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

#define MOST    8    /* threads                                           */
#define OCTAVES 27   /* values: 0, and 2^0..2^26 with either sign         */
#define SIZE    32u  /* buckets: scale 0 is always fine enough            */
#define CALLS   2000 /* of each thread in a round                         */
#define NESTED  50   /* recordings inside another, at least, in each test */

typedef struct tally {
    uint64_t n[2][OCTAVES];
    uint64_t zero;
    uint64_t lost;
    uint64_t calls;
    void    *spare; /* memory for negative values */
} tally;

static otel__exp *h;
static tally      tallies[2 * MOST]; /* of threads, then of what interrupts them */
static tally      seen;              /* in readings that were reset after         */
static uint64_t   seen_count;        /* in the newest reading of those that are not */
static bool       forced, resets;
static uint64_t   round_seed;

static unsigned long done, nested, readings, missed_readings, lost, recorded;

static __thread volatile sig_atomic_t ready, inside, handling;
static __thread unsigned              me;
static __thread uint64_t              my_seed, storm_seed, shake_seed;

/* ---- recording ---- */

/* Values start in the middle, and spread with time, or drift where readings are reset. */
static double choose(uint64_t *seed, unsigned call, uint32_t *sign, unsigned *octave)
{
    const unsigned spread = resets ? 4 : 1 + call * (OCTAVES - 1) / CALLS;
    const unsigned low = resets ? call * (OCTAVES - 4) / CALLS : (OCTAVES - spread) / 2;

    *octave = low + random_below(seed, spread);
    *sign = call > CALLS / 10 ? random_below(seed, 2) : 0;
    return otel__platform_bits_double((uint64_t)*sign << 63 | (uint64_t)(1023 + *octave) << 52);
}

static void record(uint64_t *seed, unsigned call, tally *mine)
{
    unsigned         octave;
    uint32_t         sign;
    const double     value = choose(seed, call, &sign, &octave);
    const bool       zero = random_below(seed, 16) == 0;
    otel__exp_result r = otel__exp_record(h, zero ? 0 : value);

    mine->calls++;
    if (r == OTEL__EXP_NEEDS_NEGATIVE) {
        if (otel__exp_give_negative(h, mine->spare)) {
            mine->spare = NULL; /* it asks only once */
        }
        r = otel__exp_record(h, value);
    }
    if (r == OTEL__EXP_LOST) {
        mine->lost++;
    } else if (zero) {
        mine->zero++;
    } else {
        mine->n[sign][octave]++;
    }
}

static __thread unsigned my_call;

static void handler(int sig)
{
    (void)sig;
    if (ready && !handling) { /* its own tally bears no second one */
        handling = 1;
        if (inside) {
            (void)count_one(&nested);
        }
        record(&storm_seed, my_call, &tallies[MOST + me]);
        handling = 0;
    }
}

static void shake(void)
{
    uint32_t dice;

    if (forced) {
        dice = (uint32_t)random_of(&shake_seed);
        if (dice % 32 == 0) {
            (void)sched_yield();
        } else if (dice % 64 == 1) {
            handler(0);
        }
    }
}

static void body(unsigned index)
{
    me = index;
    my_seed = round_seed + index;
    storm_seed = shake_seed = ~my_seed;
    unblock_storm();
    ready = 1;
    for (my_call = 0; my_call < CALLS; my_call++) {
        inside = 1;
        record(&my_seed, my_call, &tallies[index]);
        inside = 0;
    }
    ready = 0;
    block_storm();
    (void)count_one(&done);
}

/* ---- readings ---- */

/* With the lock: count, sum, least and greatest value follow from the buckets. */
static void check_reading(void)
{
    uint64_t count = h->zero;
    double   sum = 0;
    int      greatest[2] = { -1, -1 };
    uint32_t sign, i;

    T_CHECK(h->used.scale >= 0 && h->used.scale <= 20);
    for (sign = 0; sign < 2; sign++) {
        T_CHECK(h->used.n[sign] <= SIZE);
        for (i = 0; i < h->used.n[sign]; i++) {
            const uint64_t n = h->totals[sign][i];
            const int32_t  end = h->used.first[sign] + (int32_t)i + 1;
            const int32_t  octave = end >> h->used.scale;
            if (n > 0 && T_CHECK(octave >= 0 && octave < OCTAVES) &&
                T_CHECK(octave * (int32_t)(1u << h->used.scale) == end)) {
                count += n;
                sum += (sign == 0 ? 1.0 : -1.0) * (double)n * (double)(1u << octave);
                greatest[sign] = octave;
                seen.n[sign][octave] += resets ? n : 0;
            }
        }
    }
    T_EQ_INT(h->base.count, count);
    T_CHECK(h->base.sum == sum);
    T_CHECK(greatest[0] < 0 || h->base.max == (double)(1u << greatest[0]));
    T_CHECK(greatest[1] < 0 || h->base.min == -(double)(1u << greatest[1]));
    if (resets) {
        seen.zero += h->zero;
    } else {
        T_CHECK(h->base.count >= seen_count);
        seen_count = h->base.count;
    }
}

/* One reading; false when not everything could be brought up to date. */
static bool read_it(void)
{
    const bool all = otel__exp_collect(h);

    if (all || otel__exp_open(h)) {
        check_reading();
        otel__exp_close(h, resets);
    }
    (void)count_one(all ? &readings : &missed_readings);
    return all;
}

/* ---- rounds ---- */

/* What was recorded is what has been read, neither more nor less. */
static void check_totals(unsigned threads)
{
    tally    want;
    uint64_t total = 0;
    uint32_t sign, k;
    unsigned i;

    memset(&want, 0, sizeof want);
    for (i = 0; i < 2 * MOST; i++) {
        for (sign = 0; sign < 2; sign++) {
            for (k = 0; k < OCTAVES; k++) {
                want.n[sign][k] += tallies[i].n[sign][k];
                total += tallies[i].n[sign][k];
            }
        }
        want.zero += tallies[i].zero;
        want.lost += tallies[i].lost;
        want.calls += tallies[i].calls;
    }
    total += want.zero;
    T_EQ_INT(total + want.lost, want.calls);
    T_CHECK(want.calls >= threads * CALLS);
    recorded += total;
    lost += want.lost;
    T_EQ_INT(seen.zero, want.zero);
    for (sign = 0; sign < 2; sign++) {
        for (k = 0; k < OCTAVES; k++) {
            T_EQ_INT(seen.n[sign][k], want.n[sign][k]);
        }
    }
}

/* The scale is the largest at which the recorded range fits. */
static void check_scale(void)
{
    unsigned octaves = 0, sign, k;
    int32_t  scale = 20;

    for (sign = 0; sign < 2; sign++) {
        unsigned low = OCTAVES, high = 0;
        for (k = 0; k < OCTAVES; k++) {
            if (seen.n[sign][k] > 0) {
                low = low == OCTAVES ? k : low;
                high = k;
            }
        }
        octaves = high > low && high - low > octaves ? high - low : octaves;
    }
    while ((octaves << scale) + 1 > SIZE) {
        scale--;
    }
    T_EQ_INT(h->used.scale, scale);
}

static void play_round(unsigned threads)
{
    runner   runners[MOST];
    unsigned i;

    memset(&seen, 0, sizeof seen);
    memset(tallies, 0, sizeof tallies);
    for (i = 0; i < 2 * MOST; i++) {
        tallies[i].spare = malloc(otel__exp_negative_bytes(SIZE));
    }
    h = (otel__exp *)malloc(otel__exp_bytes(SIZE));
    otel__exp_init(h, SIZE, 20);
    done = 0;
    round_seed += 1000;
    start_threads(runners, threads, body);
    while (now_count(&done) < threads) {
        (void)read_it();
        (void)sched_yield();
    }
    join_threads(runners, threads);
    for (i = 0; i < 3 && !read_it();) {
        i++;
    }
    T_CHECK(i == 0); /* nobody is under way */
    if (!resets && T_CHECK(otel__exp_open(h))) {
        resets = true; /* let the last reading count as seen */
        check_reading();
        resets = false;
        check_scale();
        otel__exp_close(h, false);
    }
    seen_count = 0;
    check_totals(threads);
    for (i = 0; i < 2 * MOST; i++) {
        free(tallies[i].spare);
    }
    free(otel__aptr_load(&h->negative));
    free(h);
}

static void play(bool with_resets, bool with_force)
{
    const double end = seconds() + PATIENCE, enough = seconds() + 0.5;
    unsigned     threads = 1, rounds = 0;

    resets = with_resets;
    forced = with_force;
    nested = readings = missed_readings = lost = recorded = 0;
    begin_storm(handler);
    while (!t_bad && (rounds < 8 || readings < 200 || nested < NESTED || seconds() < enough) &&
           T_CHECK(seconds() < end)) {
        play_round(threads);
        threads = threads == MOST ? 1 : threads * 2;
        rounds++;
    }
    end_storm();
    forced = false;
    printf("# %u rounds, %lu readings and %lu incomplete, %lu recordings of which %lu nested, "
           "%lu lost\n",
           rounds, readings, missed_readings, recorded, nested, lost);
    T_CHECK(4 * recorded > lost); /* much is: there are more readings here than recordings */
}

static void readings_without_resets_are_consistent_and_end_exact(void) { play(false, false); }

static void readings_with_resets_are_consistent_and_add_up(void) { play(true, false); }

static void readings_without_resets_are_exact_with_forced_interruptions(void) { play(false, true); }

static void readings_with_resets_add_up_with_forced_interruptions(void) { play(true, true); }

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(readings_without_resets_are_consistent_and_end_exact);
    T_RUN(readings_with_resets_are_consistent_and_add_up);
    T_RUN(readings_without_resets_are_exact_with_forced_interruptions);
    T_RUN(readings_with_resets_add_up_with_forced_interruptions);
    return t_end();
}
