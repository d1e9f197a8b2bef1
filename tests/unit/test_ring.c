/* The ring with one user at a time: against a model of it, at its limits, across its end and across
 * the wrap of its positions. Interleavings: test_ring_model.c; threads: tests/threads/ring.c. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define MANY 0x7fffffffu /* records: no limit */

static uint64_t memory[8192 / sizeof(uint64_t)];

static otel__ring ring_of(uint32_t capacity, uint32_t max_records, uint32_t start)
{
    otel__ring r;

    memset(memory, 0, sizeof memory);
    memset((uint8_t *)memory + capacity, 0xAA, sizeof memory - capacity);
    otel__ring_init(&r, (uint8_t *)memory, capacity, max_records, start);
    return r;
}

static otel__ring_result put(otel__ring *r, const void *data, uint32_t n)
{
    otel__ring_slot   slot;
    otel__ring_result result = otel__ring_reserve(r, n, &slot);

    if (result == OTEL__RING_OK) {
        memcpy(slot.data, data, n);
        otel__ring_commit(&slot);
    }
    return result;
}

/* A reservation that must succeed. */
static otel__ring_slot reserve(otel__ring *r, uint32_t n)
{
    otel__ring_slot slot;

    if (!T_CHECK(otel__ring_reserve(r, n, &slot) == OTEL__RING_OK)) {
        exit(1);
    }
    return slot;
}

/* A record whose bytes follow from its number. */
static otel__ring_result put_numbered(otel__ring *r, uint32_t number, uint32_t n)
{
    uint8_t  bytes[4096];
    uint32_t i;

    for (i = 0; i < n && i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number * 7 + i + 1);
    }
    return put(r, bytes, n);
}

static bool is_numbered(const uint8_t *data, uint32_t n, uint32_t number)
{
    uint32_t i;

    for (i = 0; i < n && data[i] == (uint8_t)(number * 7 + i + 1); i++) {
    }
    return i == n;
}

/* The ring's first invariant, and the bytes behind its memory. */
static bool is_clear_outside(const otel__ring *r)
{
    const uint32_t tail = otel__a32_peek(&r->tail), used = otel__ring_bytes(r);
    uint32_t       i;
    bool           clear = used <= r->capacity;

    for (i = used; i < r->capacity; i++) {
        clear = clear && r->bytes[(tail + i) & (r->capacity - 1)] == 0;
    }
    for (i = r->capacity; i < sizeof memory; i++) {
        clear = clear && ((const uint8_t *)memory)[i] == 0xAA;
    }
    return clear;
}

static uint32_t take_all(otel__ring *r)
{
    otel__ring_cursor c = otel__ring_begin(r);
    const uint8_t    *data;
    uint32_t          n;

    while (otel__ring_next(r, &c, &data, &n)) {
    }
    otel__ring_release(r, &c);
    return c.records;
}

/* ---- sizes ---- */

static void a_capacity_is_the_power_of_two_below(void)
{
    static const uint32_t rows[][2] = {
        { 0, 64 },
        { 1, 64 },
        { 63, 64 },
        { 64, 64 },
        { 127, 64 },
        { 128, 128 },
        { 65535, 32768 },
        { 65536, 65536 },
        { 524288, 524288 },
        { (1u << 30) - 1, 1u << 29 },
        { 1u << 30, 1u << 30 },
        { 1u << 31, 1u << 30 },
        { UINT32_MAX, 1u << 30 },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        T_EQ_INT(otel__ring_capacity(rows[i][0]), rows[i][1]);
    }
}

static void a_record_takes_its_header_and_whole_words(void)
{
    T_EQ_INT(otel__ring_size(0), 8);
    T_EQ_INT(otel__ring_size(1), 16);
    T_EQ_INT(otel__ring_size(8), 16);
    T_EQ_INT(otel__ring_size(9), 24);
    T_EQ_INT(otel__ring_size(OTEL__RING_LENGTH & ~7u), 8 + (OTEL__RING_LENGTH & ~7u));
}

static void a_record_may_take_half_the_ring_and_no_more(void)
{
    uint32_t capacity;

    for (capacity = 64; capacity <= 4096; capacity *= 2) {
        otel__ring     r = ring_of(capacity, MANY, 0);
        const uint32_t half = capacity / 2 - OTEL__RING_HEADER;
        uint32_t       i;

        T_EQ_INT(otel__ring_largest(&r), half);
        for (i = 0; i < 9; i++) { /* at any offset, once the ring is empty */
            T_EQ_INT(put_numbered(&r, i, half + 1), OTEL__RING_TOO_LARGE);
            T_EQ_INT(put_numbered(&r, i, UINT32_MAX), OTEL__RING_TOO_LARGE);
            T_EQ_INT(put_numbered(&r, i, half), OTEL__RING_OK);
            T_EQ_INT(take_all(&r), 1);
            T_EQ_INT(put_numbered(&r, i, 0), OTEL__RING_OK); /* moves by 8 */
            T_EQ_INT(take_all(&r), 1);
            T_CHECK(is_clear_outside(&r));
        }
    }
}

static void two_halves_fill_a_ring(void)
{
    otel__ring r = ring_of(64, MANY, 0);

    T_EQ_INT(put_numbered(&r, 1, 24), OTEL__RING_OK);
    T_EQ_INT(put_numbered(&r, 2, 24), OTEL__RING_OK);
    T_EQ_INT(otel__ring_bytes(&r), 64);
    T_EQ_INT(put_numbered(&r, 3, 0), OTEL__RING_FULL_BYTES);
    T_EQ_INT(take_all(&r), 2); /* stops although the next header is the first one's again */
    T_EQ_INT(take_all(&r), 0);
    T_CHECK(is_clear_outside(&r));
}

static void a_length_fits_its_twenty_bits_in_the_largest_ring(void)
{
    otel__ring      r;
    otel__ring_slot slot;

    memset(&r, 0, sizeof r); /* only its numbers are looked at */
    r.max_records = MANY;
    r.capacity = 1u << 21;
    T_EQ_INT(otel__ring_largest(&r), (1u << 20) - 8);
    r.capacity = OTEL__RING_MAX;
    T_EQ_INT(otel__ring_largest(&r), OTEL__RING_LENGTH & ~7u);
    T_EQ_INT(otel__ring_reserve(&r, (OTEL__RING_LENGTH & ~7u) + 1, &slot), OTEL__RING_TOO_LARGE);
    T_EQ_INT(otel__ring_reserve(&r, OTEL__RING_LENGTH, &slot), OTEL__RING_TOO_LARGE);
}

/* ---- the end of the memory ---- */

/* Puts records up to each offset near the end, then one that does not fit before it. */
static void what_does_not_fit_before_the_end_starts_at_the_beginning(void)
{
    uint32_t offset, length;

    for (offset = 0; offset < 128; offset += 8) {
        for (length = 0; length <= 56; length++) {
            otel__ring        r = ring_of(128, MANY, 0);
            otel__ring_cursor c;
            const uint8_t    *data;
            uint32_t          n = 0, at, padding;

            for (at = 0; at < offset; at += 8) {
                T_EQ_INT(put(&r, "", 0), OTEL__RING_OK);
                T_EQ_INT(take_all(&r), 1);
            }
            padding = 128 - offset < otel__ring_size(length) ? 128 - offset : 0;
            T_EQ_INT(put_numbered(&r, offset, length), OTEL__RING_OK);
            T_EQ_INT(otel__ring_bytes(&r), padding + otel__ring_size(length));
            c = otel__ring_begin(&r);
            if (T_CHECK(otel__ring_next(&r, &c, &data, &n))) {
                T_EQ_INT(data - (uint8_t *)memory, (padding > 0 ? 0 : offset) + 8);
                T_CHECK(n == length && is_numbered(data, n, offset));
            }
            T_CHECK(!otel__ring_next(&r, &c, &data, &n));
            otel__ring_release(&r, &c);
            T_EQ_INT(otel__ring_bytes(&r), 0);
            T_CHECK(is_clear_outside(&r));
        }
    }
}

static void padding_may_be_a_header_and_nothing_else(void)
{
    otel__ring r = ring_of(64, MANY, 56);

    T_EQ_INT(put_numbered(&r, 1, 8), OTEL__RING_OK); /* 8 are left, 16 are needed */
    T_EQ_INT(otel__a32_load(otel__ring_word(&r, 56)), OTEL__RING_PADDING);
    T_EQ_INT(otel__ring_bytes(&r), 24);
    T_EQ_INT(take_all(&r), 1); /* padding is no record */
    T_CHECK(is_clear_outside(&r));
}

static void a_record_that_fits_only_without_its_padding_is_refused(void)
{
    otel__ring r = ring_of(64, MANY, 0);

    T_EQ_INT(put_numbered(&r, 1, 16), OTEL__RING_OK); /* 24 */
    T_EQ_INT(put_numbered(&r, 2, 16), OTEL__RING_OK); /* 48 */
    T_EQ_INT(put_numbered(&r, 3, 16), OTEL__RING_FULL_BYTES);
    T_EQ_INT(put_numbered(&r, 3, 8), OTEL__RING_OK); /* what is left before the end */
    T_EQ_INT(put_numbered(&r, 4, 0), OTEL__RING_FULL_BYTES);
    T_EQ_INT(take_all(&r), 3);
}

/* ---- limits ---- */

static void the_limit_in_records_is_exact(void)
{
    uint32_t limit, i;

    for (limit = 1; limit < 20; limit++) {
        otel__ring        r = ring_of(512, limit, 0);
        otel__ring_cursor c;
        const uint8_t    *data;
        uint32_t          n;

        for (i = 0; i < limit; i++) {
            T_EQ_INT(otel__ring_queued(&r), i);
            T_EQ_INT(put_numbered(&r, i, i), OTEL__RING_OK);
        }
        T_EQ_INT(otel__ring_queued(&r), limit);
        T_EQ_INT(put_numbered(&r, 99, 1), OTEL__RING_FULL_RECORDS);
        c = otel__ring_begin(&r);
        T_CHECK(otel__ring_next(&r, &c, &data, &n));
        T_EQ_INT(put_numbered(&r, 99, 1), OTEL__RING_FULL_RECORDS); /* read is not released */
        otel__ring_release(&r, &c);
        T_EQ_INT(put_numbered(&r, 99, 1), OTEL__RING_OK);
        T_EQ_INT(put_numbered(&r, 99, 1), OTEL__RING_FULL_RECORDS);
        T_EQ_INT(take_all(&r), limit);
        T_EQ_INT(otel__ring_queued(&r), 0);
    }
}

static void a_slot_tells_what_the_ring_holds_with_it(void)
{
    otel__ring      r = ring_of(256, MANY, 0);
    otel__ring_slot slot;

    T_EQ_INT(put_numbered(&r, 1, 20), OTEL__RING_OK);
    slot = reserve(&r, 10);
    T_EQ_INT(slot.queued, 2);
    T_EQ_INT(slot.bytes, 32 + 24);
    T_EQ_INT(slot.length, 10);
    T_CHECK(((uintptr_t)slot.data & 7) == 0);
}

/* ---- order and visibility ---- */

static void records_behind_one_that_is_being_written_wait_for_it(void)
{
    otel__ring      r = ring_of(256, MANY, 0);
    otel__ring_slot first, second;

    first = reserve(&r, 5);
    second = reserve(&r, 6);
    T_EQ_INT(otel__ring_queued(&r), 2);
    T_EQ_INT(take_all(&r), 0);
    otel__ring_commit(&second);
    T_EQ_INT(take_all(&r), 0);
    otel__ring_commit(&first);
    T_EQ_INT(take_all(&r), 2);
}

/* The length stands in the header before any byte of the record is written. */
static void a_reservation_shows_its_length(void)
{
    otel__ring      r = ring_of(64, MANY, 40);
    otel__ring_slot slot;

    slot = reserve(&r, 23); /* padding of 24, then it */
    T_EQ_INT(otel__a32_load(otel__ring_word(&r, 40)), OTEL__RING_PADDING | 16);
    T_EQ_INT(otel__a32_load(otel__ring_word(&r, 64)), OTEL__RING_RESERVED | 23);
    otel__ring_commit(&slot);
    T_EQ_INT(otel__a32_load(otel__ring_word(&r, 64)), OTEL__RING_COMMITED | 23);
}

static void what_was_read_stays_until_it_is_released(void)
{
    otel__ring        r = ring_of(256, MANY, 0);
    otel__ring_cursor c, again;
    const uint8_t    *data;
    uint32_t          n, i;

    for (i = 0; i < 4; i++) {
        T_EQ_INT(put_numbered(&r, i, 3), OTEL__RING_OK);
    }
    c = otel__ring_begin(&r);
    T_CHECK(otel__ring_next(&r, &c, &data, &n) && otel__ring_next(&r, &c, &data, &n));
    T_EQ_INT(otel__ring_queued(&r), 4);
    again = otel__ring_begin(&r);
    T_CHECK(otel__ring_next(&r, &again, &data, &n) && is_numbered(data, n, 0));
    otel__ring_release(&r, &c); /* two of four */
    T_EQ_INT(otel__ring_queued(&r), 2);
    T_EQ_INT(otel__ring_bytes(&r), 32);
    T_CHECK(is_clear_outside(&r));
    again = otel__ring_begin(&r);
    T_CHECK(otel__ring_next(&r, &again, &data, &n) && is_numbered(data, n, 2));
}

static void an_unread_cursor_releases_nothing(void)
{
    otel__ring        r = ring_of(64, MANY, 0);
    otel__ring_cursor c = otel__ring_begin(&r);

    otel__ring_release(&r, &c);
    T_EQ_INT(put_numbered(&r, 1, 3), OTEL__RING_OK);
    otel__ring_release(&r, &c);
    T_EQ_INT(take_all(&r), 1);
}

static void a_reset_ring_is_a_new_one(void)
{
    otel__ring r = ring_of(128, 3, 96);

    T_EQ_INT(put_numbered(&r, 1, 30), OTEL__RING_OK);
    (void)reserve(&r, 30); /* another thread's, for ever */
    otel__ring_reset(&r);
    T_EQ_INT(otel__ring_queued(&r), 0);
    T_EQ_INT(otel__ring_bytes(&r), 0);
    T_CHECK(is_clear_outside(&r));
    T_EQ_INT(put_numbered(&r, 1, 1), OTEL__RING_OK);
    T_EQ_INT(put_numbered(&r, 2, 1), OTEL__RING_OK);
    T_EQ_INT(put_numbered(&r, 3, 1), OTEL__RING_OK);
    T_EQ_INT(put_numbered(&r, 4, 1), OTEL__RING_FULL_RECORDS);
    T_EQ_INT(take_all(&r), 3);
}

/* ---- against a model ---- */

typedef struct model {
    uint32_t lengths[4096]; /* of what is queued; index by number */
    uint32_t first, next;   /* numbers                            */
    uint32_t used;          /* bytes, padding included            */
    uint32_t position;      /* of the head                        */
    uint32_t sizes[4096];   /* with padding before it             */
} model;

static model m;

static otel__ring_result model_put(const otel__ring *r, uint32_t length)
{
    const uint32_t size = 8 + (length + 7) / 8 * 8, left = r->capacity - m.position;
    const uint32_t need = size + (left < size ? left : 0);

    if (size > r->capacity / 2) {
        return OTEL__RING_TOO_LARGE;
    }
    if (m.next - m.first == r->max_records) {
        return OTEL__RING_FULL_RECORDS;
    }
    if (m.used + need > r->capacity) {
        return OTEL__RING_FULL_BYTES;
    }
    m.lengths[m.next % 4096] = length;
    m.sizes[m.next % 4096] = need;
    m.next++;
    m.used += need;
    m.position = (m.position + need) % r->capacity;
    return OTEL__RING_OK;
}

static void model_take(otel__ring *r, uint32_t most)
{
    otel__ring_cursor c = otel__ring_begin(r);
    const uint8_t    *data;
    uint32_t          n, number = m.first, i;

    for (i = 0; i < most; i++) {
        const bool got = otel__ring_next(r, &c, &data, &n);
        T_EQ_INT(got, number < m.next);
        if (!got) {
            break;
        }
        T_CHECK(n == m.lengths[number % 4096] && is_numbered(data, n, number));
        number++;
    }
    otel__ring_release(r, &c);
    for (; m.first < number; m.first++) {
        m.used -= m.sizes[m.first % 4096];
    }
}

/* Each capacity, each limit, positions that pass 2^32 on the way. */
static void random_use_agrees_with_the_model(void)
{
    static const uint32_t limits[] = { 1, 3, 8, MANY };
    uint32_t              capacity, steps = 0;
    uint64_t              seed = 23;
    size_t                k;

    for (capacity = 64; capacity <= 4096; capacity *= 2) {
        for (k = 0; k < COUNT(limits) && !t_bad; k++) {
            otel__ring r = ring_of(capacity, limits[k], 0u - 5 * capacity);
            uint32_t   i;

            memset(&m, 0, sizeof m);
            for (i = 0; i < 6000 && !t_bad; i++) {
                if (random_below(&seed, 5) < 3) {
                    const uint32_t most = random_below(&seed, 3) == 0 ? capacity / 2 : capacity / 8;
                    const uint32_t n = random_below(&seed, most + 1);
                    const uint32_t number = m.next;
                    T_EQ_INT(put_numbered(&r, number, n), model_put(&r, n));
                } else {
                    model_take(&r, random_below(&seed, 6));
                    T_CHECK(is_clear_outside(&r));
                }
                T_EQ_INT(otel__ring_queued(&r), m.next - m.first);
                T_EQ_INT(otel__ring_bytes(&r), m.used);
                steps++;
            }
            T_CHECK(otel__ring_head_load(&r).position < 1u << 31); /* it did pass 2^32 */
        }
    }
    T_CHECK(steps > 100000);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(a_capacity_is_the_power_of_two_below);
    T_RUN(a_record_takes_its_header_and_whole_words);
    T_RUN(a_record_may_take_half_the_ring_and_no_more);
    T_RUN(two_halves_fill_a_ring);
    T_RUN(a_length_fits_its_twenty_bits_in_the_largest_ring);
    T_RUN(what_does_not_fit_before_the_end_starts_at_the_beginning);
    T_RUN(padding_may_be_a_header_and_nothing_else);
    T_RUN(a_record_that_fits_only_without_its_padding_is_refused);
    T_RUN(the_limit_in_records_is_exact);
    T_RUN(a_slot_tells_what_the_ring_holds_with_it);
    T_RUN(records_behind_one_that_is_being_written_wait_for_it);
    T_RUN(a_reservation_shows_its_length);
    T_RUN(what_was_read_stays_until_it_is_released);
    T_RUN(an_unread_cursor_releases_nothing);
    T_RUN(a_reset_ring_is_a_new_one);
    T_RUN(random_use_agrees_with_the_model);
    return t_end();
}
