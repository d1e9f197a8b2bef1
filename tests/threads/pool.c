/* The pool under four threads: a chunk has one owner at a time, who writes to it without any other
 * protection; all chunks come back. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

#define CHUNKS 100
#define CHUNK  64
#define ROUNDS 60000
#define HELD   12

static otel__pool    pool;
static uint64_t      memory[16384 / sizeof(uint64_t)];
static unsigned long taken[THREADS],
    none[THREADS]; /* each thread's own: sharing would order them */

typedef struct run {
    uint32_t first, n;
} run;

static void stamp(run r, uint8_t with)
{
    uint32_t i;

    for (i = 0; i < r.n; i++) {
        memset(otel__pool_at(&pool, r.first + i), with, CHUNK);
    }
}

static bool is_stamped(run r, uint8_t with)
{
    uint32_t i, k;
    bool     same = true;

    for (i = 0; i < r.n; i++) {
        for (k = 0; k < CHUNK; k++) {
            same = same && otel__pool_at(&pool, r.first + i)[k] == with;
        }
    }
    return same;
}

static void take_and_give(unsigned index)
{
    uint64_t      seed = index + 1;
    run           held[HELD];
    unsigned      n = 0, i;
    const uint8_t mark = (uint8_t)(index + 1);

    for (i = 0; i < ROUNDS && !t_bad; i++) {
        if (n == HELD || (n > 0 && random_below(&seed, 2) != 0)) {
            const uint32_t at = random_below(&seed, n);
            T_CHECK(is_stamped(held[at], mark));
            otel__pool_give(&pool, held[at].first, held[at].n);
            held[at] = held[--n];
        } else {
            held[n].n = 1 + random_below(&seed, random_below(&seed, 8) == 0 ? 32 : 3);
            held[n].first = otel__pool_take(&pool, held[n].n);
            if (held[n].first == OTEL__POOL_NONE) {
                none[index]++;
            } else {
                T_CHECK(held[n].first + held[n].n <= CHUNKS);
                stamp(held[n++], mark);
                taken[index]++;
            }
        }
    }
    while (n > 0) {
        n--;
        T_CHECK(is_stamped(held[n], mark));
        otel__pool_give(&pool, held[n].first, held[n].n);
    }
}

static void a_chunk_has_one_owner_at_a_time(void)
{
    otel__arena a = otel__arena_make(memory, sizeof memory);
    runner      runners[THREADS];
    unsigned    i;

    otel__pool_init(&pool, &a, CHUNKS, CHUNK);
    T_CHECK(otel__arena_fits(&a));
    start_threads(runners, THREADS, take_and_give);
    join_threads(runners, THREADS);
    T_EQ_INT(otel__pool_free_count(&pool), CHUNKS);
    for (i = 1; i < THREADS; i++) {
        taken[0] += taken[i];
        none[0] += none[i];
    }
    T_CHECK(taken[0] > 10000 && none[0] > 100); /* exhausted at times */
    printf("# %lu runs taken, %lu times there was none\n", taken[0], none[0]);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_chunk_has_one_owner_at_a_time);
    return t_end();
}
