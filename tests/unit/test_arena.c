/* The arena: what is measured is what is carved, and nothing is handed out beyond the block. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define BLOCK 4096

static uint64_t block[BLOCK / sizeof(uint64_t)];

static void pieces_are_aligned_and_lie_one_behind_the_other(void)
{
    static const size_t sizes[] = { 1, 15, 16, 17, 0, 8, 31, 32, 33, 100 };
    otel__arena         a = otel__arena_make(block, BLOCK);
    uint8_t            *end = (uint8_t *)block;
    size_t              i;

    for (i = 0; i < COUNT(sizes); i++) {
        uint8_t *p = (uint8_t *)otel__arena_take(&a, sizes[i], 1);
        if (!T_CHECK(p != NULL)) {
            return;
        }
        T_EQ_INT((p - (uint8_t *)block) % (long)OTEL__ARENA_ALIGN, 0);
        T_CHECK(p >= end && p < end + OTEL__ARENA_ALIGN);
        memset(p, 0xAA, sizes[i]); /* the sanitized build sees what is past the block */
        end = p + sizes[i];
    }
    T_CHECK(a.used >= (size_t)(end - (uint8_t *)block));
}

static void count_times_size_is_taken(void)
{
    otel__arena    a = otel__arena_make(block, BLOCK);
    const uint8_t *first = (const uint8_t *)otel__arena_take(&a, 3, 7); /* 21 bytes */
    const uint8_t *second = (const uint8_t *)otel__arena_take(&a, 7, 3);

    T_EQ_INT(second - first, 32);
    T_EQ_INT(a.used, 64);
}

static void measuring_counts_what_carving_takes(void)
{
    uint64_t seed = 1;
    unsigned run, i;

    for (run = 0; run < 2000 && !t_bad; run++) {
        otel__arena    measure = otel__arena_make(NULL, 0), exact, tight;
        const uint64_t begin = seed;
        const unsigned n = 1 + random_below(&seed, 12);
        uint64_t       again;
        const void    *last_exact = NULL, *last_tight = NULL;

        for (i = 0; i < n; i++) {
            const uint32_t count = random_below(&seed, 20), size = random_below(&seed, 12);
            T_CHECK(otel__arena_take(&measure, count, size) == NULL);
        }
        exact = otel__arena_make(block, measure.used);
        tight = otel__arena_make(block, measure.used > 0 ? measure.used - 1 : 0);
        again = begin;
        (void)random_below(&again, 12);
        for (i = 0; i < n; i++) {
            const uint32_t count = random_below(&again, 20), size = random_below(&again, 12);
            last_exact = otel__arena_take(&exact, count, size);
            last_tight = otel__arena_take(&tight, count, size);
        }
        T_CHECK(!otel__arena_fits(&measure)); /* nothing was carved */
        T_CHECK(otel__arena_fits(&exact) && exact.used == measure.used && last_exact != NULL);
        T_CHECK(tight.used == measure.used);
        T_CHECK(measure.used == 0 || (!otel__arena_fits(&tight) && last_tight == NULL));
    }
}

static void a_full_block_gives_nothing_more(void)
{
    otel__arena a = otel__arena_make(block, 64);

    T_CHECK(otel__arena_take(&a, 48, 1) != NULL);
    T_CHECK(otel__arena_take(&a, 17, 1) == NULL);
    T_CHECK(!otel__arena_fits(&a));
    T_EQ_INT(a.used, 80); /* what would have been needed */
    T_CHECK(otel__arena_take(&a, 1, 1) == NULL);
    T_CHECK(otel__arena_take(&a, 0, 1) == NULL);
}

static const struct {
    size_t count, size;
} too_much[] = {
    { SIZE_MAX, 1 },
    { 1, SIZE_MAX },
    { SIZE_MAX, SIZE_MAX },
    { SIZE_MAX / 2 + 1, 2 },
    { 2, SIZE_MAX / 2 + 1 },
    { SIZE_MAX - (OTEL__ARENA_ALIGN - 2), 1 }, /* rounded up it is 0 */
    { (size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4) },
};

static void an_overflow_sticks(void)
{
    size_t i;

    for (i = 0; i < COUNT(too_much); i++) {
        otel__arena a = otel__arena_make(block, BLOCK), measure = otel__arena_make(NULL, 0);
        otel__arena begun = otel__arena_make(block, BLOCK);

        T_CHECK(otel__arena_take(&a, too_much[i].count, too_much[i].size) == NULL);
        T_CHECK(a.used == SIZE_MAX && !otel__arena_fits(&a));
        T_CHECK(otel__arena_take(&a, 1, 1) == NULL && a.used == SIZE_MAX);
        T_CHECK(otel__arena_take(&a, 0, 0) == NULL && a.used == SIZE_MAX);
        T_CHECK(otel__arena_take(&measure, too_much[i].count, too_much[i].size) == NULL);
        T_CHECK(measure.used == SIZE_MAX);
        (void)otel__arena_take(&begun, 16, 1);
        T_CHECK(otel__arena_take(&begun, too_much[i].count, too_much[i].size) == NULL);
        T_CHECK(begun.used == SIZE_MAX);
    }
}

static void pieces_that_overflow_together_stick_too(void)
{
    otel__arena measure = otel__arena_make(NULL, 0);

    (void)otel__arena_take(&measure, SIZE_MAX / 2, 1);
    T_CHECK(measure.used == SIZE_MAX / 2 + 1); /* rounded up */
    (void)otel__arena_take(&measure, SIZE_MAX / 2 - 31, 1);
    T_CHECK(measure.used == SIZE_MAX - 31); /* the most that can be said */
    (void)otel__arena_take(&measure, 17, 1);
    T_CHECK(measure.used == SIZE_MAX);
}

static void the_largest_piece_that_does_not_overflow_is_counted(void)
{
    otel__arena measure = otel__arena_make(NULL, 0);

    (void)otel__arena_take(&measure, SIZE_MAX - 15, 1);
    T_CHECK(measure.used == SIZE_MAX - 15);
    (void)otel__arena_take(&measure, 0, 1);
    T_CHECK(measure.used == SIZE_MAX - 15);
}

/* ---- the SDK's block ---- */

static otel_transport_result refuse(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_REFUSED;
}

static otel_options options_of(unsigned variant)
{
    static const otel_options zero;
    otel_options              o = zero;

    o.transport.send = refuse;
    o.ignore_environment = true;
    o.ignore_host = true; /* the same resource each time */
    if (variant > 0) {
        o.max_open_spans = variant;
        o.span_chunks = variant % 3 == 0 ? OTEL_ZERO : variant * 7;
        o.span_queue = 1 + variant * 3;
        o.series_bytes = 1000 * variant + 256;
        o.max_scopes = variant;
        o.text_bytes = 64 + variant;
        o.max_request_bytes = 1024 + variant;
    }
    return o;
}

static void an_sdk_opens_in_exactly_the_memory_it_asked_for(void)
{
    unsigned variant;

    for (variant = 0; variant < 40; variant++) {
        otel_options o = options_of(variant);
        otel_status  status = OTEL_OK;
        size_t       need;
        otel_sdk    *sdk;

        o.status = &status;
        need = otel_memory_needed(&o);
        T_CHECK(need > 0);
        o.memory = aligned_alloc(16, (need + 15) & ~(size_t)15);
        o.memory_bytes = need - 1;
        T_CHECK(otel_open(&o) == NULL);
        T_EQ_INT(status, OTEL_NO_MEMORY);
        o.memory_bytes = need;
        sdk = otel_open(&o);
        if (T_CHECK(sdk != NULL)) {
            otel_stats stats;
            otel_stats_get(sdk, &stats);
            T_EQ_INT(stats.memory_bytes, need);
            T_CHECK((void *)sdk == o.memory);
            otel_release(sdk);
        }
        free(o.memory);
    }
}

static void a_block_that_is_not_aligned_is_refused(void)
{
    otel_options o = options_of(3);
    otel_status  status = OTEL_OK;
    const size_t need = otel_memory_needed(&o);
    char        *p = (char *)aligned_alloc(16, (need + 47) & ~(size_t)15);

    o.status = &status;
    o.memory = p + 8;
    o.memory_bytes = need + 16;
    T_CHECK(otel_open(&o) == NULL);
    T_EQ_INT(status, OTEL_NO_MEMORY);
    free(p);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(pieces_are_aligned_and_lie_one_behind_the_other);
    T_RUN(count_times_size_is_taken);
    T_RUN(measuring_counts_what_carving_takes);
    T_RUN(a_full_block_gives_nothing_more);
    T_RUN(an_overflow_sticks);
    T_RUN(pieces_that_overflow_together_stick_too);
    T_RUN(the_largest_piece_that_does_not_overflow_is_counted);
    T_RUN(an_sdk_opens_in_exactly_the_memory_it_asked_for);
    T_RUN(a_block_that_is_not_aligned_is_refused);
    return t_end();
}
