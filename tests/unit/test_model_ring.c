/* Every interleaving of small programs on the ring's own code: 2 or 3 producers and the
 * consumer, one
 * shared access at a time, all schedules, the invariants looked at in every state.
 *
 * The compiler's atomic operations and memset are replaced by hooks. A thread is a list of
 * actions (a
 * put, a take); it is stepped by running its action again from the start with the results that its
 * accesses had before, up to one access more. So the whole state is the ring's memory and those
 * results, can be copied and compared, and needs no stacks. Sequentially consistent: what
 * depends on
 * memory orders is for ThreadSanitizer (tests/threads/ring.c). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static uint64_t hook_load(const void *p, size_t size);
static uint64_t hook_swap(void *p, size_t size, uint64_t v);
static uint64_t hook_add(void *p, size_t size, uint64_t v);
static bool     hook_cas(void *p, void *expected, size_t size, uint64_t v);
static void     hook_clear(void *p, size_t n);

#define OTEL_LITE_IMPLEMENTATION
#include <string.h>
#define __atomic_load_n(p, order)        ((__typeof__(*(p)))hook_load(p, sizeof *(p)))
#define __atomic_store_n(p, v, order)    ((void)hook_swap(p, sizeof *(p), (uint64_t)(v)))
#define __atomic_exchange_n(p, v, order) ((__typeof__(*(p)))hook_swap(p, sizeof *(p), (v)))
#define __atomic_fetch_add(p, v, order)  ((__typeof__(*(p)))hook_add(p, sizeof *(p), (v)))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    hook_cas(p, e, sizeof *(p), (uint64_t)(v))
#define memset(p, v, n) ((v) == 0 ? hook_clear(p, n) : (void)(memset)(p, v, n))
#include "src/otel_lite.in.h"
#undef memset
#include "t.h"
#include "helpers.h"

#include <setjmp.h>

#define THREADS   4 /* three producers at most, then the consumer */
#define CONSUMER  3
#define PUTS      3 /* of one producer at most                    */
#define LOG       48
#define MAX_BYTES 128
#if defined(__SANITIZE_ADDRESS__)
#define MAX_STATES (1u << 13) /* a jump out of a function is slow there: only a beginning */
#define ALL_STATES false
#else
#define MAX_STATES (1u << 20)
#define ALL_STATES true
#endif

/* ---- the program and the state ---- */

typedef struct scenario {
    const char *name;
    uint32_t    capacity, max_records, start;
    uint32_t    lengths[CONSUMER][PUTS]; /* of the payloads, multiples of 8; NONE: no put */
    uint32_t    takes;                   /* of the consumer                               */
    uint32_t    most;                    /* records of one take                           */
} scenario;

#define NONE 0xffu

typedef struct thread {
    uint32_t action;     /* index of the one under way, or to come        */
    uint32_t n_log;      /* accesses that it made                         */
    uint32_t was_full;   /* a put: the ring was too full for it at a time */
    uint32_t done[PUTS]; /* of a producer: 1 put, 2 refused               */
    uint64_t log[LOG];
} thread;

typedef struct world {
    uint64_t   bytes[MAX_BYTES / 8];
    otel__ring ring;
    thread     threads[THREADS];
    uint32_t   taken[CONSUMER]; /* puts of each producer that the consumer has seen */
    uint32_t   next[CONSUMER];  /* index of the producer's next put to be seen       */
} world;

static const scenario *plan;
static world           now;

static uint64_t payload_word(uint32_t producer, uint32_t put, uint32_t word)
{
    return UINT64_C(0x8000000180000001) + (uint64_t)producer * 0x1000000 + put * 0x10000u +
           ((uint64_t)word << 4);
}

/* ---- stepping ---- */

static jmp_buf  out_of_steps;
static thread  *running; /* NULL: hooks act at once */
static uint32_t replayed;
static bool     stepped;

/* Whether the access is to be made; if not, `result` is what it gave before. */
static bool is_new(uint64_t *result)
{
    if (running == NULL) {
        return true;
    }
    if (replayed < running->n_log) {
        *result = running->log[replayed++];
        return false;
    }
    if (stepped) {
        longjmp(out_of_steps, 1);
    }
    stepped = true;
    return true;
}

static uint64_t note(uint64_t result)
{
    if (running != NULL) {
        T_CHECK(running->n_log < LOG);
        running->log[running->n_log++ % LOG] = result;
        replayed++;
    }
    return result;
}

static uint64_t plain_load(const void *p, size_t size)
{
    uint64_t v = 0;
    uint32_t narrow = 0;

    if (size == 8) {
        memcpy(&v, p, 8);
        return v;
    }
    memcpy(&narrow, p, 4);
    return narrow;
}

static void plain_store(void *p, size_t size, uint64_t v)
{
    const uint32_t narrow = (uint32_t)v;

    if (size == 8) {
        memcpy(p, &v, 8);
    } else {
        memcpy(p, &narrow, 4);
    }
}

static uint64_t hook_load(const void *p, size_t size)
{
    uint64_t v;
    return is_new(&v) ? note(plain_load(p, size)) : v;
}

static uint64_t hook_swap(void *p, size_t size, uint64_t v)
{
    uint64_t old;

    if (!is_new(&old)) {
        return old;
    }
    old = plain_load(p, size);
    plain_store(p, size, v);
    return note(old);
}

static uint64_t hook_add(void *p, size_t size, uint64_t v)
{
    uint64_t old;

    if (!is_new(&old)) {
        return old;
    }
    old = plain_load(p, size);
    plain_store(p, size, old + v);
    return note(old);
}

/* Notes the value found: it tells whether the exchange took place. */
static bool hook_cas(void *p, void *expected, size_t size, uint64_t v)
{
    const uint64_t wanted = plain_load(expected, size);
    uint64_t       found;

    if (is_new(&found)) {
        found = plain_load(p, size);
        if (found == wanted) {
            plain_store(p, size, v);
        }
        (void)note(found);
    }
    plain_store(expected, size, found);
    return found == wanted;
}

/* One access, however long. Only the ring's release clears while a thread runs. */
static void hook_clear(void *p, size_t n)
{
    uint64_t ignored;

    if (n > 0 && is_new(&ignored)) {
        memset(p, 0, n);
        (void)note(0);
    }
}

/* ---- actions ---- */

static void put_action(uint32_t producer, uint32_t put)
{
    const uint32_t    length = plan->lengths[producer][put];
    otel__ring_slot   slot;
    otel__ring_result result = otel__ring_reserve(&now.ring, length, &slot);
    uint32_t          i;

    if (result == OTEL__RING_OK) {
        for (i = 0; i < length / 8; i++) {
            (void)hook_swap(slot.data + i * 8, 8, payload_word(producer, put, i));
        }
        otel__ring_commit(&slot);
    }
    running->done[put] = result == OTEL__RING_OK ? 1 : 2;
}

/* Which put a record is: producer * PUTS + put, or -1 for none that was made. */
static int identify(const uint8_t *data, uint32_t n)
{
    uint32_t producer, put, i;

    for (producer = 0; producer < CONSUMER; producer++) {
        for (put = 0; put < PUTS; put++) {
            if (plan->lengths[producer][put] == n) {
                for (i = 0; i < n / 8; i++) {
                    if (plain_load(data + i * 8, 8) != payload_word(producer, put, i)) {
                        break;
                    }
                }
                if (i == n / 8) {
                    return (int)(producer * PUTS + put);
                }
            }
        }
    }
    return -1;
}

static bool is_next(int who)
{
    const uint32_t producer = (uint32_t)who / PUTS, put = (uint32_t)who % PUTS;
    uint32_t      *next = &now.next[producer];

    if (who < 0) {
        return false;
    }
    while (*next < put && now.threads[producer].done[*next] == 2) {
        (*next)++; /* was refused */
    }
    if (*next != put) {
        return false;
    }
    (*next)++;
    now.taken[producer]++;
    return true;
}

static void take_action(void)
{
    otel__ring_cursor c = otel__ring_begin(&now.ring);
    const uint8_t    *data;
    uint32_t          n = 0, i;

    for (i = 0; i < plan->most && otel__ring_next(&now.ring, &c, &data, &n); i++) {
        uint64_t ok;
        if (is_new(&ok)) { /* the bytes are read later than the header */
            ok = note(is_next(identify(data, n)));
        }
        T_CHECK(ok != 0);
    }
    otel__ring_release(&now.ring, &c);
}

static bool is_over(uint32_t i)
{
    const uint32_t action = now.threads[i].action;

    return i == CONSUMER ? action >= plan->takes
                         : action >= PUTS || plan->lengths[i][action] == NONE;
}

/* Whether a put of that length could not be taken in the present state. */
static bool is_full_for(uint32_t length)
{
    const otel__ring_head head = otel__ring_head_load(&now.ring);
    const uint32_t        size = otel__ring_size(length);

    return head.count - otel__a32_peek(&now.ring.taken) >= plan->max_records ||
           head.position + otel__ring_padding(&now.ring, head.position, size) + size -
                   otel__a32_peek(&now.ring.tail) >
               plan->capacity;
}

static void note_full(void)
{
    uint32_t i;

    for (i = 0; i < CONSUMER; i++) {
        if (!is_over(i) && is_full_for(plan->lengths[i][now.threads[i].action])) {
            now.threads[i].was_full = 1;
        }
    }
}

static uint32_t refused_in_vain;

/* One shared access of thread i. */
static void step(uint32_t i)
{
    running = &now.threads[i];
    replayed = 0;
    stepped = false;
    if (setjmp(out_of_steps) == 0) {
        if (i == CONSUMER) {
            take_action();
        } else {
            put_action(i, running->action);
        }
        if (i != CONSUMER && running->done[running->action] == 2 && !running->was_full) {
            refused_in_vain++;
        }
        memset(running->log, 0, sizeof running->log);
        running->n_log = 0;
        running->was_full = 0;
        running->action++;
    }
    running = NULL;
    note_full();
}

/* ---- every schedule ---- */

static uint64_t *seen; /* hashes of states, 0: free */
static uint32_t  n_states, n_ends;

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    size_t   i;
    uint32_t v;

    for (i = 0; i < n; i += 4) {
        memcpy(&v, (const uint8_t *)p + i, 4);
        h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

/* Whether the present state was not seen before. */
static bool is_fresh(void)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    uint32_t i;

    h = hash_bytes(h, now.bytes, plan->capacity);
    h = hash_bytes(h, &now.ring.head, sizeof now.ring.head);
    h = hash_bytes(h, &now.ring.tail, sizeof now.ring.tail);
    h = hash_bytes(h, &now.ring.taken, sizeof now.ring.taken);
    h = hash_bytes(h, now.next, sizeof now.next);
    for (i = 0; i < THREADS; i++) {
        const thread *t = &now.threads[i];
        h = hash_bytes(h, t, offsetof(thread, log));
        h = hash_bytes(h, t->log, t->n_log * sizeof t->log[0]);
    }
    h |= 1;
    for (i = (uint32_t)(h >> 32) % (2 * MAX_STATES);; i = (i + 1) % (2 * MAX_STATES)) {
        if (seen[i] == h) {
            return false;
        }
        if (seen[i] == 0) {
            seen[i] = h;
            n_states++;
            return true;
        }
    }
}

static void check_state(void)
{
    const otel__ring_head head = otel__ring_head_load(&now.ring);
    const uint32_t        tail = otel__a32_peek(&now.ring.tail), used = head.position - tail;
    uint32_t              i;

    T_CHECK(used <= plan->capacity);
    T_CHECK(head.count - otel__a32_peek(&now.ring.taken) <= plan->max_records);
    for (i = used; i < plan->capacity; i += 8) { /* nothing outside the live range */
        T_CHECK(plain_load((uint8_t *)now.bytes + ((tail + i) & (plan->capacity - 1)), 8) == 0);
    }
}

/* All threads are through: what was put and not yet taken is there, and then the ring is empty. */
static void check_end(void)
{
    const world keep = now;
    uint32_t    i, k;

    n_ends++;
    for (;;) {
        otel__ring_cursor c = otel__ring_begin(&now.ring);
        const uint8_t    *data;
        uint32_t          n;
        if (!otel__ring_next(&now.ring, &c, &data, &n)) {
            break;
        }
        T_CHECK(is_next(identify(data, n)));
        otel__ring_release(&now.ring, &c);
    }
    for (i = 0; i < CONSUMER; i++) {
        uint32_t put = 0;
        for (k = 0; k < PUTS; k++) {
            put += now.threads[i].done[k] == 1;
        }
        T_EQ_INT(now.taken[i], put);
    }
    T_EQ_INT(otel__ring_bytes(&now.ring), 0);
    T_EQ_INT(otel__ring_queued(&now.ring), 0);
    check_state();
    now = keep;
}

static void explore(void)
{
    const world here = now;
    uint32_t    i, over = 0;

    for (i = 0; i < THREADS && !t_bad && n_states < MAX_STATES; i++) {
        if (is_over(i)) {
            over++;
            continue;
        }
        step(i);
        check_state();
        if (is_fresh()) {
            explore();
        }
        now = here;
    }
    if (over == THREADS) {
        check_end();
    }
}

static void explore_plan(const scenario *s)
{
    plan = s;
    seen = (uint64_t *)calloc(2 * MAX_STATES, sizeof *seen);
    n_states = n_ends = refused_in_vain = 0;
    memset(&now, 0, sizeof now);
    otel__ring_init(&now.ring, (uint8_t *)now.bytes, s->capacity, s->max_records, s->start);
    note_full();
    explore();
    printf("# %s: %u states, %u ends, %u puts refused in vain\n", s->name, (unsigned)n_states,
           (unsigned)n_ends, (unsigned)refused_in_vain);
    T_CHECK(n_states < MAX_STATES || !ALL_STATES);
    T_CHECK(n_ends > 0);
    free(seen);
}

/* ---- scenarios ---- */

#define NO_PUTS                                                                                    \
    {                                                                                              \
        NONE, NONE, NONE                                                                           \
    }
#define MANY 0x7fffffffu

static void two_producers_and_the_consumer_share_a_ring_with_room(void)
{
    static const scenario s = {
        "room", 128, MANY, 0, { { 8, 16, NONE }, { 16, NONE, NONE }, NO_PUTS }, 2, 9
    };
    explore_plan(&s);
}

static void the_end_of_the_memory_and_of_the_positions_is_passed(void)
{
    static const scenario s = { "padding of 8 at 2^32",
                                64,
                                MANY,
                                0u - 24,
                                { { 8, NONE, NONE }, { 8, 0, NONE }, NO_PUTS },
                                2,
                                9 };
    explore_plan(&s);
}

static void a_full_ring_refuses_and_never_overwrites(void)
{
    static const scenario s = {
        "full of bytes", 64, MANY, 40, { { 24, NONE, NONE }, { 16, 24, NONE }, NO_PUTS }, 2, 1
    };
    explore_plan(&s);
}

static void the_limit_in_records_holds_at_every_moment(void)
{
    static const scenario s = {
        "full of records", 128, 2, 0, { { 8, NONE, NONE }, { 0, 8, NONE }, NO_PUTS }, 2, 1
    };
    explore_plan(&s);
}

static void three_producers_meet_at_the_head(void)
{
    static const scenario s = { "three producers",
                                64,
                                MANY,
                                48,
                                { { 8, NONE, NONE }, { 8, NONE, NONE }, { 0, NONE, NONE } },
                                1,
                                9 };
    explore_plan(&s);
}

static void a_producer_that_sleeps_through_a_whole_lap_does_no_harm(void)
{
    static const scenario s = {
        "laps", 64, MANY, 0, { { 8, NONE, NONE }, { 24, 24, NONE }, NO_PUTS }, 2, 9
    };
    explore_plan(&s);
}

/* A full ring may refuse; one that was never full while the put was under way may not. */
static void no_put_is_refused_by_a_ring_that_has_room(void)
{
    static const scenario s = {
        "stale reads", 128, MANY, 0, { { 8, NONE, NONE }, { 8, 8, NONE }, NO_PUTS }, 2, 9
    };
    explore_plan(&s);
    T_EQ_INT(refused_in_vain, 0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(two_producers_and_the_consumer_share_a_ring_with_room);
    T_RUN(the_end_of_the_memory_and_of_the_positions_is_passed);
    T_RUN(a_full_ring_refuses_and_never_overwrites);
    T_RUN(the_limit_in_records_holds_at_every_moment);
    T_RUN(three_producers_meet_at_the_head);
    T_RUN(a_producer_that_sleeps_through_a_whole_lap_does_no_harm);
    T_RUN(no_put_is_refused_by_a_ring_that_has_room);
    return t_end();
}
