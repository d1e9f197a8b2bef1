/* The pool: runs of chunks by bitmap, against a naive model of it. Threads:
 * tests/threads/pool.c. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define CHUNK  24
#define CHUNKS 200

static uint64_t memory[8192 / sizeof(uint64_t)];

static otel__pool pool_of(uint32_t n)
{
    otel__arena a = otel__arena_make(memory, sizeof memory);
    otel__pool  p;

    memset(memory, 0, sizeof memory);
    memset(&p, 0, sizeof p);
    otel__pool_init(&p, &a, n, CHUNK);
    T_CHECK(otel__arena_fits(&a));
    return p;
}

static void measuring_a_pool_counts_what_it_takes(void)
{
    uint32_t n;

    for (n = 0; n <= 100; n++) {
        otel__arena measure = otel__arena_make(NULL, 0), carve = otel__arena_make(memory, 8192);
        otel__pool  p;

        otel__pool_init(&p, &measure, n, CHUNK);
        otel__pool_init(&p, &carve, n, CHUNK);
        T_EQ_INT(measure.used, carve.used);
        T_CHECK(measure.used >= n * CHUNK + (n + 31) / 32 * 4);
        T_EQ_INT(otel__pool_free_count(&p), n);
    }
}

static uint32_t naive_find(uint32_t word, uint32_t run)
{
    uint32_t bit, i;

    for (bit = 0; bit + run <= 32; bit++) {
        for (i = 0; i < run && (word >> (bit + i) & 1u) != 0; i++) {
        }
        if (i == run) {
            return bit;
        }
    }
    return 32;
}

static void the_first_run_of_free_bits_is_found(void)
{
    uint64_t seed = 2;
    unsigned i, run;

    for (i = 0; i < 100000 && !t_bad; i++) {
        uint32_t word = (uint32_t)random_of(&seed);
        word |= i % 2 != 0 ? (uint32_t)random_of(&seed) : 0; /* more free than taken */
        word |= i % 4 == 3 ? (uint32_t)random_of(&seed) : 0;
        run = 1 + random_below(&seed, 32);
        T_EQ_INT(otel__pool_find(word, run), naive_find(word, run));
    }
    for (run = 1; run <= 32; run++) {
        T_EQ_INT(otel__pool_find(0xffffffffu, run), 0);
        T_EQ_INT(otel__pool_find(0, run), 32);
        T_EQ_INT(otel__pool_find(otel__pool_mask(run) << (32 - run), run), 32 - run);
    }
}

static void every_chunk_is_given_once_and_then_none(void)
{
    static const uint32_t sizes[] = { 0, 1, 31, 32, 33, 63, 64, 65, CHUNKS };
    size_t                k;

    for (k = 0; k < COUNT(sizes); k++) {
        otel__pool p = pool_of(sizes[k]);
        bool       seen[CHUNKS] = { false };
        uint32_t   i;

        for (i = 0; i < sizes[k]; i++) {
            const uint32_t at = otel__pool_take(&p, 1);
            if (T_CHECK(at < sizes[k])) {
                T_CHECK(!seen[at]);
                seen[at] = true;
                memset(otel__pool_at(&p, at), (int)at, CHUNK);
            }
        }
        T_EQ_INT(otel__pool_take(&p, 1), OTEL__POOL_NONE);
        for (i = 0; i < sizes[k]; i++) { /* no two share a byte */
            const uint8_t *chunk = otel__pool_at(&p, i);
            T_CHECK(chunk[0] == (uint8_t)i && chunk[CHUNK - 1] == (uint8_t)i);
        }
        T_EQ_INT(otel__pool_free_count(&p), 0);
    }
}

static void runs_that_cannot_be_are_refused(void)
{
    otel__pool p = pool_of(CHUNKS);

    T_EQ_INT(otel__pool_take(&p, 0), OTEL__POOL_NONE);
    T_EQ_INT(otel__pool_take(&p, 33), OTEL__POOL_NONE);
    T_EQ_INT(otel__pool_take(&p, UINT32_MAX), OTEL__POOL_NONE);
    T_EQ_INT(otel__pool_free_count(&p), CHUNKS);
    p = pool_of(31);
    T_EQ_INT(otel__pool_take(&p, 32), OTEL__POOL_NONE);
    T_EQ_INT(otel__pool_take(&p, 31), 0);
}

static void the_longest_run_is_a_whole_word(void)
{
    otel__pool p = pool_of(64);

    T_EQ_INT(otel__pool_take(&p, 1), 0);
    T_EQ_INT(otel__pool_take(&p, 32), 32); /* a run never crosses two words */
    T_EQ_INT(otel__pool_take(&p, 32), OTEL__POOL_NONE);
    T_EQ_INT(otel__pool_take(&p, 31), 1);
    otel__pool_give(&p, 32, 32);
    T_EQ_INT(otel__pool_take(&p, 32), 32);
}

static void a_pool_never_has_more_chunks_than_an_index_can_say(void)
{
    otel__arena measure = otel__arena_make(NULL, 0);
    otel__pool  p;

    otel__pool_init(&p, &measure, UINT32_MAX, 64);
    T_EQ_INT(p.n, OTEL__POOL_LIMIT);
    T_CHECK(p.n - 1 < OTEL__POOL_NONE);
}

/* Random takes and gives against an array that says who holds what. */
static void runs_never_overlap_and_all_come_back(void)
{
    otel__pool p = pool_of(CHUNKS);
    struct {
        uint32_t first, run;
    } held[CHUNKS];
    uint8_t  owned[CHUNKS] = { 0 };
    uint32_t n = 0, i, step, taken = 0;
    uint64_t seed = 3;

    for (step = 0; step < 200000 && !t_bad; step++) {
        if (n > 0 && random_below(&seed, 100) < 48) {
            const uint32_t at = random_below(&seed, n);
            for (i = 0; i < held[at].run; i++) {
                owned[held[at].first + i] = 0;
            }
            taken -= held[at].run;
            otel__pool_give(&p, held[at].first, held[at].run);
            held[at] = held[--n];
        } else {
            const uint32_t run = 1 + random_below(&seed, step % 5 == 0 ? 32 : 4);
            const uint32_t first = otel__pool_take(&p, run);
            if (first == OTEL__POOL_NONE) {
                for (i = 0; i < CHUNKS / 32; i++) { /* then there was none: the model looks too */
                    uint32_t word = 0, bit;
                    for (bit = 0; bit < 32; bit++) {
                        word |= owned[i * 32 + bit] == 0 ? 1u << bit : 0;
                    }
                    T_EQ_INT(naive_find(word, run), 32);
                }
                continue;
            }
            T_CHECK(first + run <= CHUNKS && first / 32 == (first + run - 1) / 32);
            for (i = 0; i < run && first + i < CHUNKS; i++) {
                T_CHECK(owned[first + i] == 0);
                owned[first + i] = 1;
            }
            taken += run;
            held[n].first = first;
            held[n++].run = run;
        }
        T_EQ_INT(otel__pool_free_count(&p), CHUNKS - taken);
    }
    while (n > 0) {
        n--;
        otel__pool_give(&p, held[n].first, held[n].run);
    }
    T_EQ_INT(otel__pool_free_count(&p), CHUNKS);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(measuring_a_pool_counts_what_it_takes);
    T_RUN(the_first_run_of_free_bits_is_found);
    T_RUN(every_chunk_is_given_once_and_then_none);
    T_RUN(runs_that_cannot_be_are_refused);
    T_RUN(the_longest_run_is_a_whole_word);
    T_RUN(a_pool_never_has_more_chunks_than_an_index_can_say);
    T_RUN(runs_never_overlap_and_all_come_back);
    return t_end();
}
