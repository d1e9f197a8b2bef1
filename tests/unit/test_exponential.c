/* Base-2 exponential histograms: indexes against the rows of the specification and against the
 * long way round, accumulated buckets against a plain count, and every state in which another
 * caller can meet a recording that is under way. A million indexes against integers of any size:
 * tests/property/test_exponential.py; threads: tests/threads/exponential.c. */
/* flags: -lm */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#include <float.h>
#include <math.h>

#define BITS(value) otel__platform_double_bits(value)
#define SCALES      32 /* -11..20 */

static int32_t scale_of(unsigned i) { return (int32_t)i + OTEL__EXP_SCALE_MIN; }

/* ---- indexes ---- */

static void indexes_are_those_of_the_specification(void)
{
    static const double values[] = { 1,   1.5,   2, 3, 7.5, 10,     100,    0.3,
                                     0.5, 0.001, 0, 0, 0,   5e-324, DBL_MAX };
    static const struct {
        int32_t scale;
        int32_t want[COUNT(values)];
    } rows[] = {
        { 20,
          { -1, 613377, 1048575, 1661953, 3048095, 3483294, 6966588, -1821341, -1048577, -10449883,
            1048576, -1, -1071644673, -1126170625, 1073741823 } },
        { 10,
          { -1, 599, 1023, 1623, 2976, 3401, 6803, -1779, -1025, -10205, 1024, -1, -1046529,
            -1099777, 1048575 } },
        { 6, { -1, 37, 63, 101, 186, 212, 425, -112, -65, -638, 64, -1, -65409, -68737, 65535 } },
        { 3, { -1, 4, 7, 12, 23, 26, 53, -14, -9, -80, 8, -1, -8177, -8593, 8191 } },
        { 1, { -1, 1, 1, 3, 5, 6, 13, -4, -3, -20, 2, -1, -2045, -2149, 2047 } },
        { 0, { -1, 0, 0, 1, 2, 3, 6, -2, -2, -10, 1, -1, -1023, -1075, 1023 } },
        { -1, { -1, 0, 0, 0, 1, 1, 3, -1, -1, -5, 0, -1, -512, -538, 511 } },
        { -4, { -1, 0, 0, 0, 0, 0, 0, -1, -1, -1, 0, -1, -64, -68, 63 } },
        { -10, { -1, 0, 0, 0, 0, 0, 0, -1, -1, -1, 0, -1, -1, -2, 0 } },
        { -11, { -1, 0, 0, 0, 0, 0, 0, -1, -1, -1, 0, -1, -1, -1, 0 } },
    };
    size_t i, k;

    for (i = 0; i < COUNT(rows); i++) {
        for (k = 0; k < COUNT(values); k++) {
            const double v = k == 10   ? nextafter(2, 3)
                             : k == 11 ? nextafter(1, 0)
                             : k == 12 ? DBL_MIN
                                       : values[k];
            T_EQ_INT(otel__exp_index(BITS(v), rows[i].scale), rows[i].want[k]);
        }
    }
}

/* floor(n * 2^scale) */
static int32_t scaled(int32_t n, int32_t scale)
{
    return scale >= 0 ? n * (int32_t)(1u << scale) : (int32_t)floor(ldexp((double)n, (int)scale));
}

static void a_power_of_two_ends_its_bucket_at_every_scale(void)
{
    unsigned i;
    int      e;

    for (e = -1074; e <= 1023 && !t_bad; e++) {
        const uint64_t bits = BITS(ldexp(1, e));
        for (i = 0; i < SCALES; i++) {
            const int32_t s = scale_of(i);
            const int32_t below = s > 0 ? scaled(e, s) - 1 : scaled(e - 1, s);
            T_EQ_INT(otel__exp_index(bits, s), below);
            if (e >= -1022) { /* the distance to the next subnormal is larger than a bucket */
                T_EQ_INT(otel__exp_index(bits + 1, s), scaled(e, s));
                T_EQ_INT(otel__exp_index(bits - 1, s), below);
            }
        }
    }
}

/* The doubles that are nearest to a boundary of scale 20, as integers of 300 bits tell: relative
 * distances from 2^-77.7 on. */
static void the_doubles_nearest_to_a_boundary_fall_on_their_side_of_it(void)
{
    static const struct {
        uint64_t bits;
        int32_t  index;
    } rows[] = {
        { UINT64_C(0x3ff39d283c3ba2a7), 308076 }, /* above */
        { UINT64_C(0x3ff39d283c3ba2a6), 308075 },
        { UINT64_C(0x3ff82cbdda791601), 624353 }, /* below */
        { UINT64_C(0x3ff82cbdda791602), 624354 },
        { UINT64_C(0x3ff1ab2362691fe7), 150060 },  /* above */
        { UINT64_C(0x3ff55b6682f95586), 436877 },  /* below */
        { UINT64_C(0x3ffcda3e3e495771), 891944 },  /* below */
        { UINT64_C(0x3ff8e3d16129bb42), 668456 },  /* above */
        { UINT64_C(0x3ff60a9cf36099ab), 484596 },  /* below */
        { UINT64_C(0x3fff7d40f5fa2fed), 1024237 }, /* above */
        { UINT64_C(0x3ff34db374d56fb9), 283945 },  /* below */
        { UINT64_C(0x3ffb1bf95468185e), 797666 },  /* below */
    };
    size_t   i;
    uint32_t by;

    for (i = 0; i < COUNT(rows); i++) {
        for (by = 0; by < SCALES; by++) {
            T_EQ_INT(otel__exp_index(rows[i].bits, 20 - (int32_t)by),
                     otel__exp_shift(rows[i].index, by));
        }
    }
}

/* Table, 64-bit and wide arithmetic: whichever is taken on a target, the bucket is the same; and
 * that of a coarser scale is that of a finer one shifted down. */
static void every_way_to_an_index_leads_to_the_same(void)
{
    uint64_t seed = 51;
    unsigned run, i;

    for (run = 0; run < 20000 && !t_bad; run++) {
        const uint64_t f = random_of(&seed) >> (12 + random_below(&seed, 40));
        const int32_t  e = (int32_t)random_below(&seed, 2046) - 1022;
        const uint64_t bits = (uint64_t)(e + 1023) << 52 | f;
        const int32_t  finest = otel__exp_index(bits, 20);
        if (f != 0) {
            T_EQ_INT(finest, e * 1048576 + otel__exp_log2_wide(f, 20));
        }
        for (i = 0; i < SCALES; i++) {
            T_EQ_INT(otel__exp_index(bits, scale_of(i)), otel__exp_shift(finest, SCALES - 1 - i));
        }
    }
}

static void indexes_never_decrease_from_the_smallest_double_to_the_largest(void)
{
    unsigned i;

    for (i = 0; i < SCALES; i++) {
        const int32_t s = scale_of(i);
        int32_t       last = otel__exp_index(1, s);
        uint64_t      bits;
        for (bits = 2; bits <= BITS(DBL_MAX); bits += 1 + (bits >> 12)) {
            const int32_t now = otel__exp_index(bits, s);
            T_CHECK(now >= last);
            last = now;
        }
    }
}

/* ---- a histogram, and what it should hold ---- */

/* A histogram in exactly its bytes; give it back with end(). */
static otel__exp *exp_of(uint32_t max_size, int32_t max_scale)
{
    otel__exp *h = (otel__exp *)malloc(otel__exp_bytes(max_size));

    memset((void *)h, 0xAA, otel__exp_bytes(max_size));
    otel__exp_init(h, max_size, max_scale);
    return h;
}

static void give(otel__exp *h)
{
    void *memory = malloc(otel__exp_negative_bytes(h->max_size));

    memset(memory, 0xAA, otel__exp_negative_bytes(h->max_size));
    T_CHECK(otel__exp_give_negative(h, memory));
}

static void end(otel__exp *h)
{
    free(otel__aptr_load(&h->negative));
    free(h);
}

static void record(otel__exp *h, double value)
{
    otel__exp_result r = otel__exp_record(h, value);

    if (r == OTEL__EXP_NEEDS_NEGATIVE) {
        T_CHECK(value < 0 && otel__aptr_load(&h->negative) == NULL);
        give(h);
        r = otel__exp_record(h, value);
    }
    T_EQ_INT(r, OTEL__EXP_OK);
}

/* What is accumulated, with the lock: it adds up, and no bucket outside the range is in use. */
static void check_shape(const otel__exp *h)
{
    uint64_t sum = h->zero;
    uint32_t sign, i;

    T_EQ_INT(otel__a32_peek(&h->gate) & OTEL__EXP_LOCK, OTEL__EXP_LOCK);
    for (sign = 0; sign < 2; sign++) {
        const uint32_t n = h->used.n[sign];
        T_CHECK(n <= h->max_size);
        if (n > 0) {
            T_CHECK(h->totals[sign][0] > 0 && h->totals[sign][n - 1] > 0);
            for (i = 0; i < n; i++) {
                sum += h->totals[sign][i];
            }
            for (i = n; i < h->max_size; i++) {
                T_EQ_INT(h->totals[sign][i], 0);
            }
        }
    }
    T_EQ_INT(sum, h->base.count);
}

/* The textbook: all values, then the scale, then the counts. */
static void check_textbook(const otel__exp *h, const double *values, unsigned n_values)
{
    int32_t  scale = h->max_scale, lo[2], hi[2];
    uint64_t zero = 0, n[2] = { 0, 0 };
    unsigned i, sign;

    for (i = 0; i < n_values; i++) { /* the range at the finest scale */
        if (values[i] != 0) {
            const int32_t at = otel__exp_index(BITS(fabs(values[i])), scale);
            sign = values[i] < 0;
            lo[sign] = n[sign] == 0 || at < lo[sign] ? at : lo[sign];
            hi[sign] = n[sign] == 0 || at > hi[sign] ? at : hi[sign];
            n[sign]++;
        } else {
            zero++;
        }
    }
    for (sign = 0; sign < 2; sign++) {
        while (n[sign] > 0 && (int64_t)otel__exp_shift(hi[sign], (uint32_t)(h->max_scale - scale)) -
                                      otel__exp_shift(lo[sign], (uint32_t)(h->max_scale - scale)) >=
                                  (int64_t)h->max_size) {
            scale--;
        }
    }
    T_EQ_INT(h->base.count, n_values);
    T_EQ_INT(h->zero, zero);
    T_EQ_INT(h->used.scale, scale);
    for (sign = 0; sign < 2; sign++) {
        const uint32_t by = (uint32_t)(h->max_scale - scale);
        if (n[sign] == 0) {
            T_EQ_INT(h->used.n[sign], 0);
            continue;
        }
        T_EQ_INT(h->used.first[sign], otel__exp_shift(lo[sign], by));
        T_EQ_INT(h->used.n[sign],
                 otel__exp_shift(hi[sign], by) - otel__exp_shift(lo[sign], by) + 1);
        for (i = 0; i < n_values && !t_bad; i++) { /* take each one away again */
            if (values[i] != 0 && (values[i] < 0) == (sign == 1)) {
                h->totals[sign]
                         [otel__exp_index(BITS(fabs(values[i])), scale) - h->used.first[sign]]--;
            }
        }
        for (i = 0; i < h->used.n[sign]; i++) {
            T_EQ_INT(h->totals[sign][i], 0);
        }
        for (i = 0; i < n_values; i++) { /* and put them back */
            if (values[i] != 0 && (values[i] < 0) == (sign == 1)) {
                h->totals[sign]
                         [otel__exp_index(BITS(fabs(values[i])), scale) - h->used.first[sign]]++;
            }
        }
    }
}

/* ---- recording and collecting ---- */

static void a_histogram_lives_in_its_bytes(void)
{
    static const uint32_t sizes[] = { 2, 3, 20, 160, 161, 65535 };
    size_t                k;

    for (k = 0; k < COUNT(sizes); k++) {
        otel__exp *h = exp_of(sizes[k], 20);
        unsigned   sign, i;
        give(h);
        T_EQ_INT(otel__exp_bytes(sizes[k]) % 8, 0);
        T_EQ_INT(otel__exp_negative_bytes(sizes[k]) % 8, 0);
        T_CHECK(((uintptr_t)h->totals[0] & 7) == 0);
        record(h, 1);
        record(h, -1);
        for (sign = 0; sign < 2; sign++) {
            otel__a32 *const first = otel__exp_buckets(h, 0, sign);
            for (i = 0; i < sizes[k]; i++) { /* the sanitized build sees what lies outside */
                h->totals[sign][i] = 1;
                (void)otel__a32_swap(&first[i], 2);
                (void)otel__a32_swap(&otel__exp_buckets(h, 1, sign)[i], 3);
            }
            for (i = 0; i < sizes[k] && !t_bad; i++) { /* and no two overlap */
                T_EQ_INT(h->totals[sign][i], 1);
                T_EQ_INT(otel__a32_peek(&first[i]), 2);
            }
        }
        end(h);
    }
}

static void an_empty_histogram_collects_nothing_at_the_finest_scale(void)
{
    static const int32_t scales[] = { 20, 5, -11 };
    size_t               k;

    for (k = 0; k < COUNT(scales); k++) {
        otel__exp *h = exp_of(160, scales[k]);
        T_CHECK(otel__exp_collect(h));
        check_textbook(h, NULL, 0);
        T_CHECK(h->base.sum == 0 && h->base.min == HUGE_VAL && h->base.max == -HUGE_VAL);
        otel__exp_close(h, true);
        T_EQ_INT(otel__a32_peek(&h->gate), 0);
        end(h);
    }
}

static void worked_sequences_give_what_the_specification_says(void)
{
    static const struct {
        uint32_t max_size;
        unsigned n_values;
        double   values[6];
        int32_t  scale, offset;
        uint32_t n;
        int32_t  at[4];
        uint64_t counts[4];
    } rows[] = {
        { 4, 3, { 2, 4, 1 }, 0, -1, 3, { -1, 0, 1 }, { 1, 1, 1 } },
        { 4, 6, { 4, 4, 4, 2, 16, 1 }, -1, -1, 3, { -1, 0, 1 }, { 1, 4, 1 } },
        { 160, 1, { 1 }, 20, -1, 1, { -1 }, { 1 } },
        { 160, 4, { 1, 2, 3, 4 }, 6, -1, 129, { -1, 63, 101, 127 }, { 1, 1, 1, 1 } },
        { 160, 4, { 0, 1, 2, 0.5 }, 6, -65, 129, { -65, -1, 63 }, { 1, 1, 1 } },
        { 160, 2, { 0.001, 100 }, 3, -80, 134, { -80, 53 }, { 1, 1 } },
        { 2, 2, { 1e-300, 1e300 }, -10, -1, 2, { -1, 0 }, { 1, 1 } },
        { 2, 2, { 5e-324, 1e300 }, -11, -1, 2, { -1, 0 }, { 1, 1 } },
        { 160, 2, { 5e-324, DBL_MAX }, -4, -68, 132, { -68, 63 }, { 1, 1 } },
        { 160, 5, { 7, 7, 7, 7, 7 }, 20, 2943724, 1, { 2943724 }, { 5 } },
    };
    size_t   i, k;
    unsigned negative, collections;

    for (i = 0; i < COUNT(rows); i++) {
        for (negative = 0; negative < 2; negative++) {
            for (collections = 0; collections < 2; collections++) {
                otel__exp *h = exp_of(rows[i].max_size, 20);
                double     values[6], sum = 0;
                for (k = 0; k < rows[i].n_values; k++) {
                    values[k] = negative ? -rows[i].values[k] : rows[i].values[k];
                    sum += values[k];
                    record(h, values[k]);
                    if (collections != 0 && T_CHECK(otel__exp_collect(h))) {
                        otel__exp_close(h, false);
                    }
                }
                T_CHECK(otel__exp_collect(h));
                check_shape(h);
                T_EQ_INT(h->used.scale, rows[i].scale);
                T_EQ_INT(h->used.first[negative], rows[i].offset);
                T_EQ_INT(h->used.n[negative], rows[i].n);
                for (k = 0; k < 4 && rows[i].counts[k] > 0; k++) {
                    T_EQ_INT(h->totals[negative][rows[i].at[k] - rows[i].offset],
                             rows[i].counts[k]);
                }
                check_textbook(h, values, rows[i].n_values);
                T_CHECK(h->base.sum == sum);
                end(h);
            }
        }
    }
}

/* A value of a random size: widths from nothing to all doubles. */
static double any_value(uint64_t *seed, unsigned kind)
{
    const double sign = kind % 3 != 0 || random_below(seed, 2) == 0 ? 1 : -1;
    const double m = 1 + (double)random_below(seed, 1u << 30) / (double)(1u << 30);

    if (random_below(seed, 20) == 0) {
        return sign * 0.0;
    }
    switch (kind % 5) {
    case 0: return sign * ldexp(m, (int)random_below(seed, 2098) - 1074); /* all */
    case 1: return sign * ldexp(m, (int)random_below(seed, 12));          /* times */
    case 2: return sign * m;                                              /* one octave */
    case 3: return sign * (1 + (m - 1) / 1e4);                            /* a constant, nearly */
    default: return sign * (1 + random_below(seed, 300));                 /* small integers */
    }
}

static void any_sequence_gives_what_the_textbook_gives(void)
{
    static const uint32_t sizes[] = { 2, 4, 20, 160 };
    static double         values[400];
    uint64_t              seed = 53;
    unsigned              run, i;

    for (run = 0; run < 600 && !t_bad; run++) {
        otel__exp *h = exp_of(sizes[run % COUNT(sizes)], run % 7 == 0 ? 3 : 20);
        for (i = 0; i < COUNT(values) && !t_bad; i++) {
            values[i] = any_value(&seed, run);
            record(h, values[i]);
            if (random_below(&seed, 40) == 0) {
                T_CHECK(otel__exp_collect(h));
                check_shape(h);
                check_textbook(h, values, i + 1);
                otel__exp_close(h, false);
            }
        }
        end(h);
    }
}

static void after_a_reset_only_what_came_since_is_there(void)
{
    otel__exp *h = exp_of(160, 20);
    uint64_t   seed = 57, total = 0, zeros = 0;
    unsigned   run, i;

    for (run = 0; run < 200 && !t_bad; run++) {
        const unsigned n = random_below(&seed, 100);
        double         sum = 0;
        for (i = 0; i < n; i++) {
            const double v = any_value(&seed, 4);
            record(h, v);
            sum += v;
            zeros += v == 0;
        }
        T_CHECK(otel__exp_collect(h));
        check_shape(h);
        T_EQ_INT(h->base.count, n);
        T_CHECK(h->base.sum == sum);
        T_CHECK(n == 0 || (h->base.min >= 0 && h->base.max <= 300));
        total += h->zero;
        otel__exp_close(h, true);
        T_EQ_INT(otel__a32_peek(&h->gate), 0);
    }
    T_EQ_INT(total, zeros);
    end(h);
}

/* An interval begins with the window of the one before, which knows no more of the range than its
 * buckets tell: so the scale gets finer step by step. */
static void windows_become_finer_again_when_resets_leave_a_narrower_range(void)
{
    static const int32_t scales[] = { -4, -4, 2, 7, 8, 8, 8 };
    otel__exp           *h = exp_of(160, 20);
    size_t               i;

    for (i = 0; i < COUNT(scales); i++) {
        record(h, i == 0 ? 1e-300 : 1);
        record(h, i == 0 ? 1e300 : 1.5);
        T_CHECK(otel__exp_collect(h));
        check_shape(h);
        T_EQ_INT(h->base.count, 2);
        T_EQ_INT(h->used.scale, scales[i]);
        otel__exp_close(h, true);
    }
    T_CHECK(otel__exp_collect(h)); /* an interval without values forgets the window */
    otel__exp_close(h, true);
    record(h, 5);
    record(h, 5);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->used.scale, 20);
    T_EQ_INT(h->used.n[0], 1);
    T_EQ_INT(h->totals[0][0], 2);
    end(h);
}

static void only_zeros_leave_the_finest_scale(void)
{
    otel__exp *h = exp_of(160, 20);
    unsigned   i;

    for (i = 0; i < 10; i++) {
        record(h, i % 2 == 0 ? -0.0 : 0.0);
    }
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 10);
    T_EQ_INT(h->zero, 10);
    T_EQ_INT(h->used.scale, 20);
    T_EQ_INT(h->used.n[0] + h->used.n[1], 0);
    T_CHECK(h->base.min == 0 && h->base.max == 0 && h->base.sum == 0);
    T_CHECK(!signbit(h->base.min) && !signbit(h->base.max) && !signbit(h->base.sum));
    T_CHECK(otel__aptr_load(&h->negative) == NULL);
    end(h);
}

/* No turn of the copies: the word only counts beginnings. The window's middle is the value. */
static void values_inside_the_window_leave_it_alone(void)
{
    otel__exp *h = exp_of(160, 0);
    uint32_t   word;
    int        e;

    record(h, 1);
    word = otel__a32_peek(&h->base.word);
    for (e = -79; e <= 80; e++) {
        record(h, ldexp(1, e));
        T_EQ_INT(otel__a32_peek(&h->base.word), word += 2);
    }
    record(h, ldexp(1, 81)); /* outside */
    T_CHECK(otel__a32_peek(&h->base.word) != word + 2);
    end(h);
}

/* ---- negative values ---- */

static void a_negative_value_asks_for_memory_once_and_records_nothing_before(void)
{
    otel__exp  *h = exp_of(20, 20);
    void *const other = malloc(otel__exp_negative_bytes(20));

    T_EQ_INT(otel__exp_record(h, 3), OTEL__EXP_OK);
    T_EQ_INT(otel__exp_record(h, -2), OTEL__EXP_NEEDS_NEGATIVE);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 1);
    otel__exp_close(h, false);
    give(h);
    T_CHECK(!otel__exp_give_negative(h, other)); /* the caller keeps it */
    T_EQ_INT(otel__exp_record(h, -2), OTEL__EXP_OK);
    T_EQ_INT(otel__exp_record(h, -2), OTEL__EXP_OK);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 3);
    T_EQ_INT(h->used.first[1], 1048575);
    T_EQ_INT(h->used.n[1], 1);
    T_EQ_INT(h->totals[1][0], 2);
    T_CHECK(h->base.min == -2 && h->base.max == 3 && h->base.sum == -1);
    otel__exp_close(h, false);
    free(other);
    end(h);
}

static void both_signs_share_the_scale_that_the_wider_one_needs(void)
{
    static const double values[] = { 5, -1, -1e9, 5.1, 0, -3 };
    otel__exp          *h = exp_of(20, 20);
    size_t              i;

    for (i = 0; i < COUNT(values); i++) {
        record(h, values[i]);
    }
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->used.scale, -1);
    check_textbook(h, values, COUNT(values));
    end(h);
}

/* ---- the lock is taken ---- */

static void values_outside_the_window_wait_while_the_lock_is_taken(void)
{
    otel__exp *h = exp_of(160, 20);
    unsigned   i;
    double     sum = 1;

    give(h);
    record(h, 1);
    T_CHECK(otel__exp_open(h));
    T_CHECK(!otel__exp_open(h) && !otel__exp_collect(h));
    for (i = 0; i < OTEL__EXP_PLACES; i++) {
        const double v = ldexp(i % 2 == 0 ? 1 : -1, 1 + (int)i);
        T_EQ_INT(otel__exp_record(h, v), OTEL__EXP_OK);
        sum += v;
        T_EQ_INT(otel__exp_record(h, 1), OTEL__EXP_OK); /* inside: as ever */
        T_EQ_INT(otel__exp_record(h, 0), OTEL__EXP_OK);
        sum += 1;
    }
    T_EQ_INT(h->base.count, 1); /* the holder reads in peace */
    for (i = 0; i < 3; i++) {
        T_EQ_INT(otel__exp_record(h, 1e9), OTEL__EXP_LOST);
        T_EQ_INT(otel__exp_record(h, -1e9), OTEL__EXP_LOST);
    }
    otel__exp_close(h, false);
    T_EQ_INT(otel__a32_peek(&h->gate), 0);
    T_EQ_INT(otel__exp_record(h, 1e9), OTEL__EXP_OK);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 2 + 3 * OTEL__EXP_PLACES);
    T_EQ_INT(h->zero, OTEL__EXP_PLACES);
    T_CHECK(h->base.sum == sum + 1e9);
    check_shape(h);
    end(h);
}

/* What waited while a delta report was read belongs to the next one. */
static void what_waits_during_a_report_is_in_the_next(void)
{
    otel__exp *h = exp_of(160, 20);

    record(h, 1);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(otel__exp_record(h, 64), OTEL__EXP_OK);
    T_EQ_INT(h->base.count, 1);
    otel__exp_close(h, true);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 1);
    T_CHECK(h->base.sum == 64 && h->base.min == 64);
    T_EQ_INT(h->used.scale, 20);
    end(h);
}

/* A recorder that was stopped between claiming its place and putting the value there. */
static void a_place_that_is_only_claimed_is_left_until_it_is_ready(void)
{
    otel__exp *h = exp_of(160, 20);
    uint32_t   bit;
    unsigned   i;

    record(h, 1);
    T_CHECK(otel__exp_open(h));
    bit = otel__exp_enter(h, OTEL__EXP_CLAIMED);
    T_EQ_INT(bit, 2);
    otel__exp_close(h, false);
    for (i = 0; i < 3; i++) {
        T_CHECK(otel__exp_collect(h));
        T_EQ_INT(h->base.count, 1);
        otel__exp_close(h, false);
    }
    T_EQ_INT(otel__a32_peek(&h->gate), 2);
    otel__a64_put(&h->pending[0], BITS(1024.0));
    (void)otel__a32_or(&h->gate, bit << 15);
    T_CHECK(otel__exp_collect(h)); /* nobody was outside since: the collector takes it in */
    T_EQ_INT(h->base.count, 2);
    T_CHECK(h->base.sum == 1025);
    otel__exp_close(h, false);
    T_EQ_INT(otel__a32_peek(&h->gate), 0);
    end(h);
}

/* ---- a recording is under way ---- */

/* A recording in two halves, as when the second is held up: by a signal, by another thread. */
static uint32_t begin_recording(otel__exp *h) { return otel__hist_begin(&h->base); }

static void finish_recording(otel__exp *h, uint32_t which, double value)
{
    otel__exp_copy *c = &h->copy[which];
    const uint32_t  at = otel__exp_place(&c->window, BITS(value), 0);

    if (at < c->window.n[0]) {
        otel__hist_touch(&h->base.copy[which], value);
        (void)otel__a32_add(&c->buckets[0][at], 1u);
    } else {
        (void)otel__a32_add(&c->missed, 1u);
        T_EQ_INT(otel__exp_outside(h, BITS(value)), OTEL__EXP_OK);
    }
}

static void a_collection_that_meets_a_recording_keeps_the_state_before_it(void)
{
    otel__exp *h = exp_of(160, 20);
    uint32_t   which;
    unsigned   i;

    record(h, 1);
    T_CHECK(otel__exp_collect(h));
    otel__exp_close(h, false);
    record(h, 1);
    which = begin_recording(h);
    for (i = 0; i < 3; i++) {
        T_CHECK(!otel__exp_collect(h));
        T_EQ_INT(otel__a32_peek(&h->gate), 0);
        T_CHECK(otel__exp_open(h));
        check_shape(h);
        T_EQ_INT(h->base.count, 1);
        T_CHECK(h->base.sum == 1 && h->totals[0][0] == 1);
        otel__exp_close(h, false);
    }
    finish_recording(h, which, 1);
    T_CHECK(otel__exp_collect(h));
    T_EQ_INT(h->base.count, 3);
    T_EQ_INT(h->totals[0][0], 3);
    end(h);
}

/* While one sleeps in the copy that is to be read, values from outside the window have nowhere to
 * go but the accumulators; nothing is lost, and the scale is the one that all of them need. */
static void values_outside_are_kept_while_a_recording_sleeps(void)
{
    static double values[66];
    otel__exp    *h = exp_of(160, 20);
    uint32_t      which;
    unsigned      i;

    record(h, values[0] = 1);
    which = begin_recording(h);
    for (i = 1; i <= 64; i++) {
        record(h, values[i] = ldexp(1.0, (int)i));
    }
    T_CHECK(!otel__exp_collect(h));
    T_CHECK(otel__exp_open(h));
    check_shape(h);
    T_CHECK(h->base.count >= 60);
    otel__exp_close(h, false);
    finish_recording(h, which, values[65] = 1e-9);
    T_CHECK(otel__exp_collect(h));
    check_textbook(h, values, COUNT(values));
    end(h);
}

/* Random halves of recordings between random collections and values from outside. */
static void interrupted_recordings_never_show_in_part(void)
{
    enum { OPEN = 6 };
    static double values[400];
    uint64_t      seed = 59;
    unsigned      run, i, yes = 0, no = 0;

    for (run = 0; run < 300 && !t_bad; run++) {
        otel__exp *h = exp_of(run % 2 == 0 ? 20 : 160, 20);
        uint32_t   open[OPEN] = { 0 }; /* 1 + the copy it is in */
        unsigned   finished = 0;

        if (run % 3 == 0) { /* the count of beginnings passes 2^31 */
            otel__a32_put(&h->base.word, 0xffffffc0u);
            h->base.flipped_at = 0x7fffffe0u;
        }
        for (i = 0; i < 300; i++) {
            const uint32_t k = random_below(&seed, OPEN);
            switch (random_below(&seed, 4)) {
            case 0:
                if (otel__exp_collect(h)) {
                    T_CHECK(h->base.count <= finished);
                    yes++;
                } else {
                    T_CHECK(otel__exp_open(h));
                    no++;
                }
                check_shape(h);
                otel__exp_close(h, false);
                break;
            case 1:
                if (open[k] == 0) {
                    open[k] = 1 + begin_recording(h);
                } else {
                    finish_recording(h, open[k] - 1,
                                     values[finished] = 1 + fabs(any_value(&seed, 1)));
                    open[k] = 0;
                    finished++;
                }
                break;
            default:
                values[finished] = any_value(&seed, run % 4);
                record(h, values[finished++]);
                break;
            }
        }
        for (i = 0; i < OPEN; i++) {
            if (open[i] != 0) {
                finish_recording(h, open[i] - 1, values[finished++] = 3);
            }
        }
        T_CHECK(otel__exp_collect(h));
        check_textbook(h, values, finished);
        end(h);
    }
    T_CHECK(yes > 500 && no > 500);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(indexes_are_those_of_the_specification);
    T_RUN(a_power_of_two_ends_its_bucket_at_every_scale);
    T_RUN(the_doubles_nearest_to_a_boundary_fall_on_their_side_of_it);
    T_RUN(every_way_to_an_index_leads_to_the_same);
    T_RUN(indexes_never_decrease_from_the_smallest_double_to_the_largest);
    T_RUN(a_histogram_lives_in_its_bytes);
    T_RUN(an_empty_histogram_collects_nothing_at_the_finest_scale);
    T_RUN(worked_sequences_give_what_the_specification_says);
    T_RUN(any_sequence_gives_what_the_textbook_gives);
    T_RUN(after_a_reset_only_what_came_since_is_there);
    T_RUN(windows_become_finer_again_when_resets_leave_a_narrower_range);
    T_RUN(only_zeros_leave_the_finest_scale);
    T_RUN(values_inside_the_window_leave_it_alone);
    T_RUN(a_negative_value_asks_for_memory_once_and_records_nothing_before);
    T_RUN(both_signs_share_the_scale_that_the_wider_one_needs);
    T_RUN(values_outside_the_window_wait_while_the_lock_is_taken);
    T_RUN(what_waits_during_a_report_is_in_the_next);
    T_RUN(a_place_that_is_only_claimed_is_left_until_it_is_ready);
    T_RUN(a_collection_that_meets_a_recording_keeps_the_state_before_it);
    T_RUN(values_outside_are_kept_while_a_recording_sleeps);
    T_RUN(interrupted_recordings_never_show_in_part);
    return t_end();
}
