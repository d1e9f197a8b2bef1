/* spans.h: the race that spans.c runs under real signals and spans_forced.c under forced
 * interrupts.
 *
 * Four threads share a board of handles and do anything to any of them: start, set, add events,
 * end,
 * end twice, use handles of long ended spans; an interrupt does the same to the span that its own
 * thread is writing. Whatever is written into a span carries the span's number, so that a write
 * that
 * hits another span shows; each started span must be delivered exactly once. */
#ifndef SPANS_H
#define SPANS_H

#include "unit/helpers.h"
#include "race.h"

#define BOARD   3
#define EACH    200000 /* numbers that one thread may give */
#define NUMBERS ((THREADS + 1) * EACH)

typedef struct handle {
    otel_span span;
    uint32_t  number; /* 0: none */
} handle;

static otel_sdk       *sdk;
static otel_scope     *scope;
static handle          board[BOARD];
static pthread_mutex_t board_lock = PTHREAD_MUTEX_INITIALIZER;

static uint8_t  seen[NUMBERS]; /* times a span was delivered: the main thread's */
static uint64_t span_ids[NUMBERS];
static uint32_t n_delivered;

/* Each thread counts for itself, in its own line of the cache: a shared count would order them. */
typedef struct counts {
    unsigned long started, recorded, nested, ended;
    char          apart[96];
} counts;

static counts all_counts[THREADS];
static int    stop;

static __thread uint64_t              my_seed;
static __thread unsigned              me;
static __thread volatile sig_atomic_t inside; /* a call on `mine` is under way */
static __thread volatile sig_atomic_t ready;
static __thread handle mine; /* the span this thread is using; written while !inside */

/* ---- what is delivered ---- */

static void check_span(void *user, const otel__pb_field *in, const otel__pb_field *m)
{
    const uint32_t number = (uint32_t)attr_int(m, 9, "number", 0);
    otel__pb_field f, kv, id;
    unsigned       i;
    char           name[32];

    (void)user;
    (void)in;
    if (!T_CHECK(number > 0 && number < NUMBERS)) {
        return;
    }
    T_EQ_INT(++seen[number], 1);
    (void)snprintf(name, sizeof name, "span %u", number);
    T_CHECK(field_is(m, 5, name));
    for (i = 0; find_field(m->data, m->length, 9, i, &kv); i++) {
        otel__pb_field any;
        T_CHECK(find_field(kv.data, kv.length, 2, 0, &any));
        T_EQ_INT(field_value(&any, 3, 0), number);
    }
    for (i = 0; find_field(m->data, m->length, 11, i, &f); i++) {
        T_EQ_INT(attr_int(&f, 3, "number", 0), number);
    }
    if (find_field(m->data, m->length, 15, 0, &f)) {
        T_CHECK(field_is(&f, 2, name));
    }
    T_CHECK(field_value(m, 8, 0) >= field_value(m, 7, UINT64_MAX)); /* end, start */
    T_CHECK(find_field(m->data, m->length, 2, 0, &id) && id.length == 8);
    memcpy(&span_ids[n_delivered++], id.data, 8);
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, check_span, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

/* ---- what the threads and interrupts do ---- */

static handle start_span(void)
{
    handle h;
    char   name[32];

    h.number =
        me * EACH + (uint32_t)__atomic_add_fetch(&all_counts[me].started, 1, __ATOMIC_RELAXED);
    if (h.number >= (me + 1) * EACH) {
        memset(&h, 0, sizeof h);
        __atomic_sub_fetch(&all_counts[me].started, 1, __ATOMIC_RELAXED);
        return h;
    }
    (void)snprintf(name, sizeof name, "span %u", h.number);
    {
        const otel_attr         number = otel_int("number", h.number);
        const otel_span_options options = { NULL, true, OTEL_SPAN_KIND_DEFAULT, { &number, 1 } };
        h.span = otel_span_start(scope, name, &options);
    }
    if (h.span.slot != NULL) {
        __atomic_add_fetch(&all_counts[me].recorded, 1,
                           __ATOMIC_RELAXED); /* a handler counts too */
    }
    return h;
}

static void use_span(const handle *h, uint32_t dice)
{
    static const char *const keys[] = { "a", "b", "another key", "d", "number" };
    char                     name[32];

    (void)snprintf(name, sizeof name, "span %u", h->number);
    switch (dice % 8) {
    case 0: otel_span_end(h->span); break;
    case 1: otel_span_add_event(h->span, "event", OTEL_ATTRS(otel_int("number", h->number))); break;
    case 2: otel_span_set_status(h->span, OTEL_STATUS_CODE_ERROR, name); break;
    case 3: (void)otel_span_is_recording(h->span); break;
    default:
        otel_span_set(h->span, OTEL_ATTRS(otel_int(keys[dice / 8 % 5], h->number),
                                          otel_int(keys[dice / 64 % 5], h->number)));
        break;
    }
}

/* What an interrupt does: something to the very span that its thread is busy with, or a whole
 * span. */
static void interrupt_with(uint32_t dice)
{
    if (inside) {
        __atomic_add_fetch(&all_counts[me].nested, 1, __ATOMIC_RELAXED);
        if (dice % 3 == 0) {
            __atomic_add_fetch(&all_counts[me].ended, 1, __ATOMIC_RELAXED);
            otel_span_end(mine.span);
        } else {
            use_span(&mine, dice / 3);
        }
    }
    if (dice % 16 == 5) {
        const handle h = start_span();
        use_span(&h, 4);
        otel_span_end(h.span);
    }
}

static __thread handle local[BOARD]; /* handles this thread knows: its own and others' */

static void keep_handle(const handle *h)
{
    handle *at = &local[random_below(&my_seed, BOARD)];

    otel_span_end(at->span); /* what it forgets it ends, perhaps once more */
    *at = *h;
}

/* Shows a handle to the other threads and takes one of theirs. Rarely: the lock orders the threads,
 * and would hide that something else does not. */
static void exchange(void)
{
    const uint32_t at = random_below(&my_seed, BOARD);
    handle         theirs;

    (void)pthread_mutex_lock(&board_lock);
    theirs = board[at];
    board[at] = local[at];
    (void)pthread_mutex_unlock(&board_lock);
    keep_handle(&theirs);
}

/* One random thing to one random handle. */
static void play(void)
{
    const uint32_t dice = (uint32_t)random_of(&my_seed);
    handle         h = local[random_below(&my_seed, BOARD)];

    while (otel_queue_free(sdk, OTEL_SIGNAL_TRACES) < 100 && !is_set(&stop)) {
        (void)sched_yield(); /* let the delivery catch up, most of the time */
    }
    if (dice % 4 == 0) {
        exchange();
    }
    if (h.number == 0 || dice % 4 == 1) {
        h = start_span();
        keep_handle(&h);
    }
    mine = h;
    OTEL__COMPILER_FENCE(); /* the handler reads `mine`: whole, before `inside` says that it may */
    inside = 1;
    OTEL__COMPILER_FENCE();
    use_span(&h, dice / 8);
    OTEL__COMPILER_FENCE();
    inside = 0;
    OTEL__COMPILER_FENCE();
}

static void end_all(void)
{
    unsigned i;

    for (i = 0; i < BOARD; i++) {
        otel_span_end(local[i].span);
    }
    memset(local, 0, sizeof local);
}

/* ---- the race ---- */

static counts sum_counts(void)
{
    counts   sum;
    unsigned i;

    memset(&sum, 0, sizeof sum);
    for (i = 0; i < THREADS; i++) {
        sum.started += __atomic_load_n(&all_counts[i].started, __ATOMIC_RELAXED);
        sum.recorded += __atomic_load_n(&all_counts[i].recorded, __ATOMIC_RELAXED);
        sum.nested += __atomic_load_n(&all_counts[i].nested, __ATOMIC_RELAXED);
        sum.ended += __atomic_load_n(&all_counts[i].ended, __ATOMIC_RELAXED);
    }
    return sum;
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void open_sdk(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_open_spans = 4 * BOARD; /* now and then there is none */
    o.span_chunks = 20;
    o.span_queue = 4000;
    o.span_queue_bytes = 1 << 21;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "race", NULL);
    memset(board, 0, sizeof board);
    memset(seen, 0, sizeof seen);
    memset(all_counts, 0, sizeof all_counts);
    n_delivered = 0;
    stop = 0;
}

/* Ends everything, delivers it, and compares the counts of both sides. */
static void settle(void)
{
    const counts n = sum_counts();
    otel_stats   s;
    uint64_t     lost;
    uint32_t     i;

    for (i = 0; i < BOARD; i++) {
        otel_span_end(board[i].span);
    }
    T_EQ_INT(otel_flush(sdk, 20000), OTEL_OK);
    otel_stats_get(sdk, &s);
    lost =
        s.signal[0].dropped[OTEL_DROP_QUEUE_RECORDS] + s.signal[0].dropped[OTEL_DROP_QUEUE_BYTES];
    T_EQ_INT(s.signal[0].open, 0);
    T_EQ_INT(n_delivered + lost, n.recorded); /* each once: check_span looked at the numbers */
    T_EQ_INT(s.signal[0].dropped[OTEL_DROP_NO_SLOT], n.started - n.recorded);
    T_EQ_INT(s.signal[0].delivered, n_delivered);
    T_EQ_INT(otel__pool_free_count(&sdk->trace.pool), sdk->trace.pool.n);
    T_CHECK(stats_add_up(sdk));
    qsort(span_ids, n_delivered, sizeof span_ids[0], compare_ids);
    for (i = 1; i < n_delivered; i++) {
        T_CHECK(span_ids[i] != span_ids[i - 1]);
    }
    printf(
        "# %lu spans, %lu without a slot, %lu lost to a full queue, %lu interrupted calls (%lu by "
        "an end), %lu busy handles\n",
        n.recorded, n.started - n.recorded, (unsigned long)lost, n.nested, n.ended,
        (unsigned long)s.busy_handles);
    otel_release(sdk);
}

#endif /* SPANS_H */
