/* Requests from queued records: wrappers by scope, limits in records and bytes to the last byte,
 * records that fit no request, lengths that are padded. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define CAPACITY 4096

static uint64_t       memory[CAPACITY / sizeof(uint64_t)];
static otel__ring     ring;
static otel__recorder recorder;
static otel_scope     scopes[3];
static uint8_t        scope_bytes[3][300];
static uint8_t        resource_bytes[300];
static otel__out      resource;
static uint8_t        body[CAPACITY * 2];

#define READING(n) (OTEL__RECORD_CUMULATIVE + (n)*OTEL__RECORD_READING)

static uint32_t newest; /* reading of the cumulative metrics that count */

/* A ring, three scopes of different sizes and a resource of `n` bytes. */
static void prepare(size_t n)
{
    static const size_t sizes[3] = { 5, 130, 0 }; /* bytes of the scopes' names; "" has no field */
    unsigned            i;
    char                text[300];

    memset(memory, 0, sizeof memory);
    memset(&recorder, 0, sizeof recorder);
    newest = 0;
    memset(text, 'n', sizeof text);
    otel__ring_init(&ring, (uint8_t *)memory, CAPACITY, 0x7fffffffu, 0);
    recorder.scopes = scopes;
    for (i = 0; i < 3; i++) {
        otel__out o = otel__out_make(scope_bytes[i], sizeof scope_bytes[i]);
        if (sizes[i] > 0) {
            otel__pb_bytes(&o, 1, text, sizes[i]);
        }
        scopes[i].bytes = scope_bytes[i];
        scopes[i].length = (uint32_t)o.len;
        scopes[i].index = i;
    }
    resource = otel__out_make(resource_bytes, sizeof resource_bytes);
    if (n > 0) {
        memset(resource_bytes, 0, sizeof resource_bytes);
        n -= n > 129 ? 3 : 2; /* tag and length of an unknown field, which fills it */
        otel__pb_head(&resource, 15, n);
        resource.len += n;
    }
}

/* Queues a record of a scope, or of a scope | READING(n): a log record whose body is `n` bytes of
 * text beginning with `id`. */
static size_t queue(uint32_t scope, uint8_t id, size_t n)
{
    uint8_t         bytes[2048];
    otel__out       o = otel__out_make(bytes, sizeof bytes);
    uint8_t         text[2000];
    otel__ring_slot slot;

    memset(text, 'a' + id % 26, n);
    otel__pb_bytes(&o, 3, text, n); /* severity_text */
    otel__pb_uint(&o, 2, id);       /* severity_number */
    if (T_CHECK(otel__ring_reserve(&ring, (uint32_t)(OTEL__RECORD_PREFIX + o.len), &slot) ==
                OTEL__RING_OK)) {
        memcpy(otel__record_prefix(slot.data, scope), bytes, o.len);
        otel__ring_commit(&slot);
    }
    return o.len;
}

typedef struct found {
    unsigned n;
    uint8_t  ids[256];
    size_t   scopes[256]; /* bytes of each one's scope */
} found;

static void note(void *user, const otel__pb_field *scope, const otel__pb_field *record)
{
    found *f = (found *)user;

    f->scopes[f->n % 256] = scope->length;
    f->ids[f->n++ % 256] = (uint8_t)field_value(record, 2, 255);
}

static otel__batch build(size_t cap, uint32_t max_records, found *f, bool *built)
{
    otel__batch  b;
    otel_request request;

    memset(&b, 0, sizeof b);
    memset(f, 0, sizeof *f);
    memset(body, 0xAA, sizeof body);
    b.buf = body;
    b.cap = cap;
    b.newest = newest;
    *built = otel__batch_build(&b, &recorder, &ring, &resource, max_records);
    T_CHECK(b.length <= cap);
    T_CHECK(body[cap] == 0xAA); /* nothing behind its end */
    if (*built) {
        memset(&request, 0, sizeof request);
        request.signal = OTEL_SIGNAL_LOGS;
        request.body = body;
        request.length = b.length;
        T_EQ_INT(each_record(&request, note, f), b.n_records);
    }
    return b;
}

static unsigned count_wrappers(const otel__batch *b)
{
    otel__pb_field outer;

    return find_field(b->buf, b->length, 1, 0, &outer) ? count_fields(outer.data, outer.length, 2)
                                                       : 0;
}

static void consecutive_records_of_a_scope_share_its_wrapper(void)
{
    static const uint32_t of[] = { 0, 0, 1, 1, 1, 0, 2, 2, 0 };
    otel__batch           b;
    found                 f;
    bool                  built;
    unsigned              i;

    prepare(20);
    for (i = 0; i < COUNT(of); i++) {
        (void)queue(of[i], (uint8_t)i, 10);
    }
    b = build(CAPACITY, 99, &f, &built);
    T_CHECK(built && f.n == COUNT(of));
    T_EQ_INT(count_wrappers(&b), 5);
    for (i = 0; i < f.n; i++) {
        T_EQ_INT(f.ids[i], i); /* the order of the queue */
        T_EQ_INT(f.scopes[i], scopes[of[i]].length);
    }
}

static void an_empty_queue_gives_no_request(void)
{
    found f;
    bool  built;

    prepare(20);
    T_EQ_INT(build(CAPACITY, 99, &f, &built).cursor.records, 0);
    T_CHECK(!built);
    (void)queue(0, 1, 10);
    (void)build(CAPACITY, 0, &f, &built);
    T_CHECK(!built);
}

static void nothing_leaves_the_queue_by_being_batched(void)
{
    otel__batch b;
    found       f;
    bool        built;
    unsigned    i;

    prepare(20);
    for (i = 0; i < 5; i++) {
        (void)queue(0, (uint8_t)i, 10);
    }
    for (i = 0; i < 3; i++) {
        b = build(CAPACITY, 3, &f, &built);
        T_CHECK(built && f.n == 3 && f.ids[0] == 0 && f.ids[2] == 2);
        T_EQ_INT(otel__ring_queued(&ring), 5);
    }
    otel__ring_release(&ring, &b.cursor);
    b = build(CAPACITY, 3, &f, &built);
    T_CHECK(built && f.n == 2 && f.ids[0] == 3 && f.ids[1] == 4);
    otel__ring_release(&ring, &b.cursor);
    T_EQ_INT(otel__ring_queued(&ring), 0);
}

/* A request that needs n bytes is built in n, and one record shorter in n - 1. */
static void the_limit_in_bytes_is_exact(void)
{
    size_t   n, r;
    unsigned i, records;

    for (r = 0; r < 260; r += r == 126 || r == 127 || r == 128 ? 1 : 42) {
        for (n = 0; n<300; n += n> 115 && n < 135 ? 1 : 13) {
            for (records = 1; records <= 3; records++) {
                otel__batch b;
                found       f;
                bool        built;
                size_t      need;

                prepare(r == 1 ? 0 : r);
                for (i = 0; i < records; i++) {
                    (void)queue(i % 2, (uint8_t)i, n);
                }
                b = build(CAPACITY, 99, &f, &built);
                need = b.length;
                T_CHECK(built && f.n == records);
                b = build(need, 99, &f, &built);
                T_CHECK(built && f.n == records && b.length == need && b.n_large == 0);
                b = build(need - 1, 99, &f, &built);
                T_EQ_INT(built, records > 1);
                T_EQ_INT(f.n, records - 1);
                T_EQ_INT(b.n_large, records == 1);
                T_EQ_INT(b.cursor.records, records > 1 ? records - 1 : 1);
            }
        }
    }
}

static void a_record_that_fits_no_request_is_passed_over_and_counted(void)
{
    otel__batch b;
    found       f;
    bool        built;

    prepare(20);
    (void)queue(0, 1, 600);
    (void)queue(0, 2, 700);
    (void)queue(1, 3, 10);
    (void)queue(1, 4, 650);
    (void)queue(1, 5, 20);
    b = build(400, 99, &f, &built);
    T_CHECK(built && f.n == 1 && f.ids[0] == 3);
    T_EQ_INT(b.n_large, 2);
    T_EQ_INT(b.cursor.records, 3); /* the next one waits: it may fit a request of its own */
    otel__ring_release(&ring, &b.cursor);
    b = build(400, 99, &f, &built);
    T_CHECK(built && f.n == 1 && f.ids[0] == 5);
    T_EQ_INT(b.n_large, 1);
    otel__ring_release(&ring, &b.cursor);
    T_EQ_INT(otel__ring_queued(&ring), 0);
}

static void a_queue_of_nothing_but_such_records_is_emptied(void)
{
    otel__batch b;
    found       f;
    bool        built;

    prepare(20);
    (void)queue(0, 1, 600);
    (void)queue(2, 2, 600);
    b = build(400, 99, &f, &built);
    T_CHECK(!built && b.n_records == 0 && b.n_large == 2);
    otel__ring_release(&ring, &b.cursor);
    T_EQ_INT(otel__ring_queued(&ring), 0);
}

static void records_behind_one_that_is_being_written_are_left(void)
{
    otel__ring_slot slot;
    otel__batch     b;
    found           f;
    bool            built;

    prepare(20);
    (void)queue(0, 1, 10);
    T_EQ_INT(otel__ring_reserve(&ring, 50, &slot), OTEL__RING_OK);
    (void)queue(0, 2, 10);
    b = build(CAPACITY, 99, &f, &built);
    T_CHECK(built && f.n == 1 && f.ids[0] == 1);
    otel__ring_release(&ring, &b.cursor);
    b = build(CAPACITY, 99, &f, &built);
    T_CHECK(!built && b.n_large == 0);
}

/* Of cumulative metrics only the newest reading goes out; what came between stays. */
static void what_a_newer_reading_replaces_is_passed_over_and_counted(void)
{
    otel__batch b;
    found       f;
    bool        built;

    prepare(20);
    newest = READING(7);
    (void)queue(0, 1, 10);
    (void)queue(1 | READING(5), 2, 10);
    (void)queue(0, 3, 10); /* delta: no newer one replaces it */
    (void)queue(1 | READING(6), 4, 10);
    (void)queue(1 | READING(7), 5, 10);
    (void)queue(2 | READING(7), 6, 10);
    (void)queue(2 | READING(6), 7, 10);
    b = build(CAPACITY, 99, &f, &built);
    T_CHECK(built && f.n == 4 && b.n_stale == 3 && b.n_large == 0);
    T_CHECK(f.ids[0] == 1 && f.ids[1] == 3 && f.ids[2] == 5 && f.ids[3] == 6);
    T_EQ_INT(f.scopes[2], scopes[1].length);
    T_EQ_INT(count_wrappers(&b), 3); /* 1 and 3 share theirs */
    T_EQ_INT(b.cursor.records, 7);
    b = build(CAPACITY, 2, &f, &built); /* they do not count against the limit */
    T_CHECK(built && f.n == 2 && f.ids[1] == 3 && b.n_stale == 1);
    T_EQ_INT(b.cursor.records, 3);
}

static void a_queue_of_nothing_but_replaced_metrics_is_emptied(void)
{
    otel__batch b;
    found       f;
    bool        built;

    prepare(20);
    newest = READING(0); /* the number has come round */
    (void)queue(0 | READING(0x7fff), 1, 10);
    (void)queue(2 | READING(0x7ffe), 2, 10);
    b = build(CAPACITY, 99, &f, &built);
    T_CHECK(!built && b.n_records == 0 && b.n_stale == 2 && b.n_large == 0);
    otel__ring_release(&ring, &b.cursor);
    T_EQ_INT(otel__ring_queued(&ring), 0);
}

static void the_overhead_is_what_stands_before_the_first_scope(void)
{
    size_t r;

    for (r = 2; r < 300; r++) {
        otel__batch b;
        found       f;
        bool        built;

        prepare(r);
        (void)queue(2, 1, 0);
        b = build(CAPACITY, 9, &f, &built);
        T_CHECK(built);
        T_EQ_INT(otel__batch_overhead(resource.len) + OTEL__BATCH_WRAP + otel__pb_field_size(0) +
                     otel__pb_field_size(4),
                 b.length);
    }
}

/* Random queues cut into requests of random limits: every record comes once, in order. */
static void requests_together_hold_every_record_once_in_order(void)
{
    uint64_t seed = 61;
    unsigned run, large = 0, many = 0;

    for (run = 0; run < 2000 && !t_bad; run++) {
        uint8_t  next = 0, queued = 0;
        unsigned step, i;

        prepare(2 + random_below(&seed, 200));
        for (step = 0; step < 12; step++) {
            const size_t cap = otel__batch_overhead(resource.len) + random_below(&seed, 900);
            otel__batch  b;
            found        f;
            bool         built;

            while (queued < 100 && random_below(&seed, 4) != 0) {
                const uint32_t scope = random_below(&seed, 3);
                if (otel__ring_bytes(&ring) > CAPACITY / 2) {
                    break;
                }
                (void)queue(scope, queued++, random_below(&seed, 400));
            }
            b = build(cap, 1 + random_below(&seed, 9), &f, &built);
            T_EQ_INT(b.cursor.records, b.n_large + f.n);
            next = (uint8_t)(next + b.n_large); /* those came before the first that fits */
            large += b.n_large;
            many += f.n > 1;
            for (i = 0; i < f.n; i++) {
                T_EQ_INT(f.ids[i], next);
                next++;
            }
            otel__ring_release(&ring, &b.cursor);
        }
        T_EQ_INT(next + otel__ring_queued(&ring), queued);
    }
    T_CHECK(large > 100 && many > 100);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(consecutive_records_of_a_scope_share_its_wrapper);
    T_RUN(an_empty_queue_gives_no_request);
    T_RUN(nothing_leaves_the_queue_by_being_batched);
    T_RUN(the_limit_in_bytes_is_exact);
    T_RUN(a_record_that_fits_no_request_is_passed_over_and_counted);
    T_RUN(a_queue_of_nothing_but_such_records_is_emptied);
    T_RUN(records_behind_one_that_is_being_written_are_left);
    T_RUN(what_a_newer_reading_replaces_is_passed_over_and_counted);
    T_RUN(a_queue_of_nothing_but_replaced_metrics_is_emptied);
    T_RUN(the_overhead_is_what_stands_before_the_first_scope);
    T_RUN(requests_together_hold_every_record_once_in_order);
    return t_end();
}
