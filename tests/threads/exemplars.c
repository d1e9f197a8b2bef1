/* Exemplars of one series, offered by four threads and by what interrupts them, while a collector
 * reads and is interrupted itself; first as it is, then with a pause or an interrupt possible
 * before every single atomic operation. Whatever is read is whole: value, ids and attributes are of
 * one measurement; and the first offers of a series, which come at once, share one reservoir. */
/* flags: -fno-builtin-memset -fno-builtin-memcpy */
#include <stdint.h>

static void shake(void);

#define OTEL_LITE_EXEMPLARS
#define OTEL_LITE_IMPLEMENTATION
#define __atomic_load_n(p, order)        (shake(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (shake(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (shake(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (shake(), __atomic_fetch_add(p, v, order))
#define __atomic_compare_exchange_n(p, e, v, weak, yes, no)                                        \
    (shake(), __atomic_compare_exchange_n(p, e, v, weak, yes, no))
#include "src/otel_lite.in.h"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_exchange_n
#undef __atomic_fetch_add
#undef __atomic_compare_exchange_n
#include "t.h"
#include "unit/helpers.h"
#include "race.h"

#define CALLS  1500 /* of each thread in a round             */
#define PLACES 3u
#define POOL   8192u
#define NESTED 50 /* offers inside another, at least, in each test */
#define READ   1000

static otel__recorder    r;
static otel__metrics     m;
static otel__instrument  in;
static otel__series     *s;
static uint8_t          *pool;
static bool              forced;
static uint64_t          round_seed;
static pthread_barrier_t barrier;

/* The held exemplars, in arrays of that many. */
#define LIST(series, to, n, attrs, m)                                                              \
    otel__exemplar_list(&in, series, &(const otel__exemplar_room){ to, n, attrs, m })

static unsigned long done, nested, readings, n_read, own_calls;

static __thread volatile sig_atomic_t ready, inside, handling;
static __thread unsigned              me;
static __thread uint64_t              my_serial, my_seed, shake_seed;

/* ---- offering ---- */

/* What belongs to a number: ids, and a text whose length differs. */
static otel_context context_of(uint64_t n)
{
    otel_context c;

    memset(&c, 0, sizeof c);
    otel__pb_store_le64(c.trace_id, n);
    otel__pb_store_le64(c.trace_id + 8, ~n);
    otel__pb_store_le64(c.span_id, n * 3);
    c.trace_flags = OTEL_TRACE_FLAG_SAMPLED;
    return c;
}

static size_t text_of(uint64_t n, char *to)
{
    const size_t length = 1 + (size_t)(n % 60);

    memset(to, (int)('a' + n % 26), length);
    return length;
}

static void offer_next(void)
{
    const uint64_t     n = (uint64_t)(me + 1u) << 32 | ++my_serial; /* no two are the same */
    const otel_context c = context_of(n), before = otel__context_swap(&c);
    char               text[64];
    otel_attr          attrs[3];
    otel_measurement   x;

    attrs[0] = otel_int("kept", 1);
    attrs[1] = otel_int("n", (int64_t)n);
    attrs[2] = otel_strn("text", text, text_of(n, text));
    if (T_CHECK(otel__exemplar_measure(&in, n, otel_attrs_of(attrs, 3), &x))) {
        otel__exemplar_offer(&in, s, &x);
    }
    (void)otel__context_swap(&before);
}

static void handler(int sig)
{
    (void)sig;
    if (ready && !handling) {
        handling = 1;
        if (inside) {
            (void)count_one(&nested);
        }
        offer_next();
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

static uint32_t own_offer(void *user, const otel_measurement *x, uint32_t before)
{
    (void)user;
    (void)before;
    (void)__atomic_add_fetch(&own_calls, 1, __ATOMIC_RELAXED);
    return (uint32_t)x->i % (PLACES + 1u); /* now and then none */
}

static void body(unsigned index)
{
    unsigned i;

    me = index;
    my_serial = 0;
    shake_seed = round_seed + index;
    (void)pthread_barrier_wait(&barrier);
    unblock_storm();
    ready = 1;
    for (i = 0; i < CALLS; i++) {
        inside = 1;
        offer_next();
        inside = 0;
    }
    ready = 0;
    block_storm();
    (void)count_one(&done);
}

/* ---- reading ---- */

/* All of one measurement. */
static void check_exemplar(const otel_exemplar *x)
{
    const uint64_t     n = (uint64_t)x->i;
    const otel_context c = context_of(n);
    char               text[64];

    T_CHECK(n >> 32 >= 1 && n >> 32 <= THREADS + 1);
    T_EQ_MEM(&x->context, sizeof c, &c, sizeof c);
    if (T_EQ_INT(x->attrs.count, 2)) {
        T_EQ_INT(x->attrs.items[0].value.i, n);
        T_EQ_MEM(x->attrs.items[1].value.s, x->attrs.items[1].length, text, text_of(n, text));
    }
}

/* What is written says what the list says. */
static void check_written(const uint8_t *p, size_t size, const otel_exemplar *x, unsigned n)
{
    const uint32_t number = in.ops->field == 9 ? 8 : 5;
    otel__pb_field e, f;
    unsigned       i;

    T_EQ_INT(count_fields(p, size, number), n);
    for (i = 0; i < n && T_CHECK(find_field(p, size, number, i, &e)); i++) {
        T_EQ_INT(field_value(&e, 2, 0), x[i].time_ns);
        T_EQ_INT(field_value(&e, 6, 0), x[i].i);
        T_CHECK(find_field(e.data, e.length, 4, 0, &f));
        T_EQ_MEM(f.data, f.length, x[i].context.span_id, 8);
        T_CHECK(find_field(e.data, e.length, 5, 0, &f));
        T_EQ_MEM(f.data, f.length, x[i].context.trace_id, 16);
        T_EQ_INT(attr_int(&e, 7, "n", 0), x[i].i);
        T_EQ_INT(count_fields(e.data, e.length, 7), 2);
    }
}

static void read_it(bool sent)
{
    const uint64_t now = otel__recorder_now(&r);
    otel_exemplar  list[PLACES];
    otel_attr      attrs[PLACES * 2];
    uint8_t        bytes[PLACES * 256];
    otel__out      out = otel__out_make(bytes, sizeof bytes);
    uint32_t       n, i;
    size_t         size;

    otel__exemplar_take(&in, s, now);
    size = otel__exemplar_size(&in, s);
    n = LIST(s, list, PLACES, attrs, PLACES * 2);
    otel__exemplar_write(&out, &in, s);
    T_EQ_INT(out.len, size);
    for (i = 0; i < n; i++) {
        T_CHECK(list[i].time_ns <= now);
        check_exemplar(&list[i]);
    }
    check_written(bytes, size, list, n);
    otel__exemplar_settle(&in, s, sent);
    n_read += n;
    readings++;
}

/* ---- rounds ---- */

static const char *const keep[] = { "kept", NULL };
static const double      bounds[] = { 12884901888.0 }; /* of half the threads: 3 << 32 */
static const otel_exemplar_reservoir own = { PLACES, own_offer, NULL };
static otel_view                     view;

static void make_series(unsigned round)
{
    memset(&r, 0, sizeof r);
    memset(&m, 0, sizeof m);
    memset(&in, 0, sizeof in);
    memset(pool, 0xAA, POOL);
    m.exemplar_filter = OTEL_EXEMPLAR_FILTER_TRACE_BASED;
    m.pool = pool;
    m.pool_units = POOL / OTEL__SERIES_UNIT;
    r.metrics = &m;
    r.seed[1] = round_seed;
    r.seed[3] = ~round_seed;
    view.keep = keep;
    in.r = &r;
    in.view = &view;
    in.filters = true;
    in.ops = round % 3 == 0 ? &otel__point_explicit : &otel__point_sum;
    in.bounds = bounds;
    in.n_bounds = 1;
    in.reservoir = round % 3 == 1 ? &own : NULL;
    in.n_exemplars = otel__exemplar_places(&in);
    s = otel__series_at(&m, otel__series_make(&m, &in, 0));
}

static bool everybody_has_left(void)
{
    otel__exemplars *e = otel__exemplar_of(&in, s);
    unsigned         i, n = 0;

    for (i = 0; e != NULL && i < in.n_exemplars; i++) {
        n += otel__a32_peek(&otel__exemplar_at(&in, e, i)->state) == OTEL__EXEMPLAR_EMPTY ? 1u : 0u;
    }
    return n == in.n_exemplars;
}

static void play_round(unsigned round)
{
    runner   runners[THREADS];
    unsigned i;

    round_seed += 1000;
    make_series(round);
    done = 0;
    (void)pthread_barrier_init(&barrier, NULL, THREADS + 1);
    start_threads(runners, THREADS, body);
    me = THREADS;
    my_serial = 0;
    shake_seed = ~round_seed;
    (void)pthread_barrier_wait(&barrier);
    unblock_storm();
    ready = 1;
    while (now_count(&done) < THREADS) {
        read_it(random_below(&my_seed, 4) != 0);
        (void)sched_yield();
    }
    ready = 0;
    block_storm();
    join_threads(runners, THREADS);
    (void)pthread_barrier_destroy(&barrier);
    read_it(true);
    T_CHECK(everybody_has_left());
    for (i = 0; i < OTEL__SERIES_SPARES; i++) { /* of who lost the race for the first one */
        const uint32_t spare = otel__a32_peek(&m.spares[i]);
        T_CHECK(spare == 0 || otel__series_at(&m, spare)->bytes >= in.n_exemplars * 176 + 8);
        T_CHECK(spare == 0 || spare != otel__a32_peek(&s->exemplars));
    }
    T_CHECK(in.reservoir == NULL || now_count(&own_calls) >= THREADS * CALLS);
    own_calls = 0;
}

static void play(bool with_force)
{
    const double end = seconds() + PATIENCE, enough = seconds() + 0.5;
    unsigned     rounds = 0;

    forced = with_force;
    nested = readings = n_read = 0;
    pool = (uint8_t *)malloc(POOL);
    begin_storm(handler);
    while (!t_bad && (rounds < 9 || n_read < READ || nested < NESTED || seconds() < enough) &&
           T_CHECK(seconds() < end)) {
        play_round(rounds++);
    }
    end_storm();
    forced = false;
    free(pool);
    printf("# %u rounds, %lu readings with %lu exemplars, %lu nested offers\n", rounds, readings,
           n_read, nested);
}

static void whatever_is_read_is_of_one_measurement(void) { play(false); }

static void whatever_is_read_is_of_one_measurement_with_forced_interruptions(void) { play(true); }

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(whatever_is_read_is_of_one_measurement);
    T_RUN(whatever_is_read_is_of_one_measurement_with_forced_interruptions);
    return t_end();
}
