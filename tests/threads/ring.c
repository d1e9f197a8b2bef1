/* The ring under four producers, a consumer, and a signal handler that puts records into the
 * middle of
 * puts: nothing is lost, doubled, torn or out of its producer's order. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

#define SOURCES (2 * THREADS) /* each thread, and the handler on each thread */
#define NESTED  400           /* in each race */

static otel__ring ring;
static uint64_t   memory[65536 / sizeof(uint64_t)];
static uint32_t   longest; /* words of a record's payload */

static int           stop;
static unsigned long put_count[SOURCES]; /* records that went in, by source      */
static unsigned long refused, nested, all_nested;

static __thread unsigned              me;
static __thread uint64_t              my_seed;
static __thread volatile sig_atomic_t inside; /* a put is under way on this thread */
static __thread volatile sig_atomic_t ready;  /* `me` is set                       */

/* Bytes that say where they come from: source, number, and words that follow from both. */
static bool put_from(unsigned source, uint32_t n_words)
{
    otel__ring_slot slot;
    const uint32_t  number = (uint32_t)put_count[source];
    uint32_t        i;

    if (otel__ring_reserve(&ring, 8 + n_words * 4, &slot) != OTEL__RING_OK) {
        (void)count_one(&refused);
        return false;
    }
    memcpy(slot.data, &source, 4);
    memcpy(slot.data + 4, &number, 4);
    for (i = 0; i < n_words; i++) {
        const uint32_t word = (number * 2654435761u) ^ (i * 40503u) ^ source;
        memcpy(slot.data + 8 + i * 4, &word, 4);
    }
    otel__ring_commit(&slot);
    (void)count_one(&put_count[source]);
    return true;
}

static void handler(int sig)
{
    (void)sig;
    if (ready && put_from(THREADS + me, (uint32_t)put_count[THREADS + me] % (longest + 1)) &&
        inside) {
        (void)count_one(&nested);
    }
}

static void produce(unsigned index)
{
    me = index;
    my_seed = index + 1;
    ready = 1;
    unblock_storm();
    while (!is_set(&stop)) {
        const uint32_t n = random_below(&my_seed, longest + 1);
        bool           done;
        inside = 1;
        done = put_from(me, n);
        inside = 0;
        if (!done) {
            (void)sched_yield();
        }
    }
    block_storm();
}

static uint32_t taken[SOURCES];

/* Reads what is there; the number of records. */
static uint32_t consume(uint32_t most)
{
    otel__ring_cursor c = otel__ring_begin(&ring);
    const uint8_t    *data;
    uint32_t          n = 0, i;

    while (c.records < most && otel__ring_next(&ring, &c, &data, &n)) {
        uint32_t source = 99, number = 0, word;
        T_CHECK(n >= 8);
        memcpy(&source, data, 4);
        memcpy(&number, data + 4, 4);
        if (!T_CHECK(source < SOURCES)) {
            break;
        }
        T_EQ_INT(number, taken[source]); /* the next one of its source */
        taken[source] = number + 1;
        for (i = 0; i * 4 + 8 < n; i++) {
            memcpy(&word, data + 8 + i * 4, 4);
            T_CHECK(word == ((number * 2654435761u) ^ (i * 40503u) ^ source));
        }
        if (t_bad) {
            break;
        }
    }
    otel__ring_release(&ring, &c);
    return c.records;
}

static void race(uint32_t capacity, uint32_t max_records, uint32_t words, unsigned long least)
{
    runner        runners[THREADS];
    const double  end = seconds() + PATIENCE;
    unsigned long total = 0;
    uint64_t      seed = 5;
    unsigned      i;

    memset(memory, 0, sizeof memory);
    memset(put_count, 0, sizeof put_count);
    memset(taken, 0, sizeof taken);
    stop = 0;
    refused = nested = 0;
    longest = words;
    otel__ring_init(&ring, (uint8_t *)memory, capacity, max_records, 0u - 4 * capacity);
    begin_storm(handler);
    start_threads(runners, THREADS, produce);
    while (!t_bad && (total < least || now_count(&nested) < NESTED)) {
        const uint32_t n = consume(1 + random_below(&seed, 40));
        total += n;
        T_CHECK(otel__ring_queued(&ring) <= max_records);
        T_CHECK(otel__ring_bytes(&ring) <= capacity);
        if (n == 0) {
            (void)sched_yield();
        }
        if (!T_CHECK(seconds() < end)) {
            break;
        }
    }
    set_flag(&stop);
    end_storm();
    while (consume(1000) > 0) { /* producers may be waiting for room */
    }
    join_threads(runners, THREADS);
    while (!t_bad && consume(1000) > 0) {
    }
    for (i = 0; i < SOURCES; i++) {
        T_EQ_INT(taken[i], put_count[i]);
    }
    T_EQ_INT(otel__ring_queued(&ring), 0);
    for (i = 0; i < capacity / 8; i++) {
        T_CHECK(memory[i] == 0);
    }
    all_nested += nested;
    printf("# %lu records, %lu refused, %lu put by a handler inside a put\n", total, refused,
           nested);
}

static void a_small_ring_that_is_nearly_always_full_loses_nothing(void)
{
    race(512, 0x7fffffffu, 12, 40000);
}

static void a_large_ring_loses_nothing(void) { race(65536, 0x7fffffffu, 60, 40000); }

static void a_ring_bounded_in_records_loses_nothing(void) { race(4096, 24, 20, 40000); }

static void a_thousand_puts_were_made_inside_another(void) { T_CHECK(all_nested > 1000); }

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_small_ring_that_is_nearly_always_full_loses_nothing);
    T_RUN(a_large_ring_loses_nothing);
    T_RUN(a_ring_bounded_in_records_loses_nothing);
    T_RUN(a_thousand_puts_were_made_inside_another);
    return t_end();
}
