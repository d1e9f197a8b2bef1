/* The protobuf writer byte by byte at its boundaries, and the reader on everything that is no
 * message: cut off, too long, of a wrong kind. Input ends with its last byte (malloc), so that the
 * sanitized build sees a read past it. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* ---- writing: the cursor ---- */

static void out_put_stops_at_the_first_piece_that_does_not_fit(void)
{
    uint8_t   buf[4] = { 0xAA, 0xAA, 0xAA, 0xAA };
    otel__out o = otel__out_make(buf, 3), measure = otel__out_make(NULL, 77);

    otel__out_put(&o, "a", 1);
    otel__out_put(&o, NULL, 0); /* legal, stores nothing                    */
    otel__out_put(&o, "b", 1);
    otel__out_put(&o, "cd", 2); /* one too many: not even 'c' is stored     */
    otel__out_byte(&o, 'e');    /* would fit by itself, but order is broken */
    T_CHECK(!otel__out_fits(&o));
    T_EQ_INT(o.len, 5);
    T_EQ_MEM(buf, 4, "ab\xAA\xAA", 4);

    otel__out_put(&measure, "ab", 2);
    T_EQ_INT(measure.len, 2);
    T_CHECK(!otel__out_fits(&measure)); /* nothing was stored, so nothing fits */
    otel__out_put(&measure, NULL, SIZE_MAX);
    T_CHECK(measure.len == SIZE_MAX); /* the count saturates, it does not wrap */
    otel__out_put(&measure, "a", 1);
    T_CHECK(measure.len == SIZE_MAX);
}

static void out_put_fills_its_buffer_to_the_last_byte(void)
{
    uint8_t   buf[3] = { 0xAA, 0xAA, 0xAA };
    otel__out o = otel__out_make(buf, 2), none = otel__out_make(buf, 0);

    otel__out_put(&o, "xy", 2);
    T_CHECK(otel__out_fits(&o));
    T_EQ_MEM(buf, 3, "xy\xAA", 3);
    otel__out_byte(&o, 'z');
    T_CHECK(!otel__out_fits(&o));
    T_EQ_MEM(buf, 3, "xy\xAA", 3);
    T_CHECK(otel__out_fits(&none)); /* an empty message fits no room */
    otel__out_byte(&none, 'z');
    T_CHECK(!otel__out_fits(&none) && buf[0] == 'x');
}

/* ---- writing: numbers ---- */

static const struct {
    uint64_t v;
    size_t   n;
    uint8_t  want[OTEL__VARINT_MAX];
} varint_rows[] = {
    { 0, 1, { 0x00 } },
    { 1, 1, { 0x01 } },
    { 127, 1, { 0x7f } },
    { 128, 2, { 0x80, 0x01 } },
    { 300, 2, { 0xac, 0x02 } }, /* the guide's own example */
    { 16383, 2, { 0xff, 0x7f } },
    { 16384, 3, { 0x80, 0x80, 0x01 } },
    { 2097151, 3, { 0xff, 0xff, 0x7f } },
    { 2097152, 4, { 0x80, 0x80, 0x80, 0x01 } },
    { 268435455, 4, { 0xff, 0xff, 0xff, 0x7f } },
    { 268435456, 5, { 0x80, 0x80, 0x80, 0x80, 0x01 } },
    { UINT32_MAX, 5, { 0xff, 0xff, 0xff, 0xff, 0x0f } },
    { (UINT64_C(1) << 35) - 1, 5, { 0xff, 0xff, 0xff, 0xff, 0x7f } },
    { UINT64_C(1) << 35, 6, { 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 } },
    { (UINT64_C(1) << 63) - 1, 9, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f } },
    { UINT64_C(1) << 63, 10, { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 } },
    { UINT64_MAX, 10, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
};

static void varint_writes_exact_bytes_and_never_past_cap(void)
{
    size_t i;

    for (i = 0; i < COUNT(varint_rows); i++) {
        const size_t n = varint_rows[i].n;
        uint8_t      out[OTEL__VARINT_MAX + 1];
        otel__out    exact = otel__out_make(out, n), tight = otel__out_make(out, n - 1),
                  measure = otel__out_make(NULL, 0);

        memset(out, 0xAA, sizeof out);
        otel__pb_varint(&exact, varint_rows[i].v);
        T_CHECK(otel__out_fits(&exact) && out[n] == 0xAA);
        T_EQ_MEM(out, exact.len, varint_rows[i].want, n);
        T_EQ_INT(otel__pb_varint_size(varint_rows[i].v), n);
        T_EQ_INT(otel__pb_store_varint(out, varint_rows[i].v) - out, n);
        T_EQ_MEM(out, n, varint_rows[i].want, n);

        memset(out, 0xAA, sizeof out);
        otel__pb_varint(&tight, varint_rows[i].v); /* one byte short: told so, nothing stored */
        T_CHECK(!otel__out_fits(&tight) && tight.len == n && out[0] == 0xAA);

        otel__pb_varint(&measure, varint_rows[i].v);
        T_CHECK(measure.len == n);
    }
}

static void every_power_of_two_and_its_neighbours_come_back(void)
{
    unsigned bit, k;

    for (bit = 0; bit < 64; bit++) {
        for (k = 0; k < 3; k++) {
            const uint64_t v = (UINT64_C(1) << bit) + k - 1;
            uint8_t        out[OTEL__VARINT_MAX];
            otel__pb       m = otel__pb_open(out, (size_t)(otel__pb_store_varint(out, v) - out));
            uint64_t       back = ~v;
            T_CHECK(otel__pb_read_varint(&m, &back) && back == v && m.p == m.end);
            T_EQ_INT(otel__attr_length_size((size_t)(v & 0x7ffffffffu)),
                     otel__pb_varint_size(v & 0x7ffffffffu)); /* equal below 2^35 */
        }
    }
}

static void a_padded_length_has_its_width_and_reads_as_the_number(void)
{
    static const uint32_t values[] = { 0, 1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455 };
    size_t                i, width;

    for (i = 0; i < COUNT(values); i++) {
        for (width = otel__pb_varint_size(values[i]); width <= 5; width++) {
            uint8_t  out[7] = { 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA };
            otel__pb m = otel__pb_open(out, width);
            uint64_t back = 0;

            otel__pb_store_padded(out, values[i], width);
            T_CHECK(out[width] == 0xAA);
            T_CHECK(otel__pb_read_varint(&m, &back) && m.p == m.end);
            T_EQ_INT(back, values[i]);
        }
    }
}

/* ---- writing: fields ---- */

static void fields_are_written_as_the_encoding_guide_says(void)
{
    static const uint8_t want[] = {
        0x08, 0x96, 0x01,                                                 /* 1: 150        */
        0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, /* 2: -1         */
        0x19, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,             /* 3: fixed64    */
        0x25, 0x04, 0x03, 0x02, 0x01,                                     /* 4: fixed32    */
        0x29, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x3f,             /* 5: 1.0        */
        0x7a, 0x07, 't',  'e',  's',  't',  'i',  'n',  'g',              /* 15: "testing" */
        0x82, 0x01, 0x00,                                                 /* 16: ""        */
        0xfa, 0xff, 0xff, 0xff, 0x0f, 0x01, 'x',                          /* 2^29-1: "x"   */
    };
    uint8_t   buf[sizeof want + 1];
    otel__out o = otel__out_make(buf, sizeof buf), measure = otel__out_make(NULL, 0);
    int       pass;

    for (pass = 0; pass < 2; pass++) {
        otel__out *to = pass == 0 ? &measure : &o;
        otel__pb_uint(to, 1, 150);
        otel__pb_uint(to, 2, (uint64_t)INT64_C(-1));
        otel__pb_fixed64(to, 3, UINT64_C(0x0102030405060708));
        otel__pb_fixed32(to, 4, 0x01020304u);
        otel__pb_double(to, 5, 1.0);
        otel__pb_bytes(to, 15, "testing", 7);
        otel__pb_bytes(to, 16, NULL, 0);
        otel__pb_bytes(to, 0x1fffffff, "x", 1);
    }
    T_EQ_MEM(buf, o.len, want, sizeof want);
    T_EQ_INT(measure.len, sizeof want);
}

static void the_size_of_a_field_is_what_its_writing_takes(void)
{
    static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, 2097151, 2097152 };
    size_t              i;

    for (i = 0; i < COUNT(sizes); i++) {
        otel__out o = otel__out_make(NULL, 0);
        otel__pb_bytes(&o, 15, NULL, sizes[i]);
        T_EQ_INT(otel__pb_field_size(sizes[i]), o.len);
    }
}

/* ---- reading ---- */

/* Steps over a whole message in memory of exactly its size; the fields read, or -1. */
static int walk(const uint8_t *bytes, size_t n)
{
    uint8_t       *copy = (uint8_t *)malloc(n > 0 ? n : 1);
    otel__pb       m = otel__pb_open(copy, n);
    otel__pb_field f;
    int            fields = 0, got;

    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    while ((got = otel__pb_next(&m, &f)) == 1) {
        fields++;
        T_CHECK(m.p <= m.end);
        if (f.wire == OTEL__PB_LEN) { /* what it says lies inside */
            T_CHECK(f.data >= copy && f.data + f.length <= copy + n);
        } else {
            T_CHECK(f.length == 0);
        }
    }
    free(copy);
    return got == 0 ? fields : -1;
}

static void an_empty_message_has_no_field(void)
{
    otel__pb       m = otel__pb_open(NULL, 0);
    otel__pb_field f;

    T_EQ_INT(otel__pb_next(&m, &f), 0);
    T_EQ_INT(otel__pb_next(&m, &f), 0); /* and goes on having none */
    T_EQ_INT(walk(NULL, 0), 0);
}

static void written_fields_come_back(void)
{
    uint8_t        buf[64];
    otel__out      o = otel__out_make(buf, sizeof buf);
    otel__pb       m;
    otel__pb_field f;

    otel__pb_uint(&o, 1, UINT64_MAX);
    otel__pb_fixed64(&o, 2, UINT64_C(0x8000000000000001));
    otel__pb_fixed32(&o, 3, 0x80000001u);
    otel__pb_bytes(&o, 4, "abc", 3);
    otel__pb_uint(&o, 0x1fffffff, 7);
    m = otel__pb_open(buf, o.len);
    T_CHECK(otel__pb_next(&m, &f) == 1 && f.number == 1 && f.wire == OTEL__PB_VARINT);
    T_CHECK(f.value == UINT64_MAX);
    T_CHECK(otel__pb_next(&m, &f) == 1 && f.number == 2 && f.wire == OTEL__PB_FIXED64);
    T_CHECK(f.value == UINT64_C(0x8000000000000001));
    T_CHECK(otel__pb_next(&m, &f) == 1 && f.number == 3 && f.wire == OTEL__PB_FIXED32);
    T_EQ_INT(f.value, 0x80000001u);
    T_CHECK(otel__pb_next(&m, &f) == 1 && f.number == 4 && f.wire == OTEL__PB_LEN);
    T_EQ_MEM(f.data, f.length, "abc", 3);
    T_CHECK(otel__pb_next(&m, &f) == 1 && f.number == 0x1fffffff && f.value == 7);
    T_EQ_INT(otel__pb_next(&m, &f), 0);
}

/* One field of each kind; where fields end, a cut leaves a shorter message, elsewhere none. */
static void a_message_cut_inside_a_field_is_refused(void)
{
    uint8_t   buf[64];
    otel__out o = otel__out_make(buf, sizeof buf);
    size_t    ends[8], n_ends = 0, cut, i;

    ends[n_ends++] = o.len;
    otel__pb_uint(&o, 1, 300);
    ends[n_ends++] = o.len;
    otel__pb_fixed64(&o, 20, 1);
    ends[n_ends++] = o.len;
    otel__pb_fixed32(&o, 300, 1);
    ends[n_ends++] = o.len;
    otel__pb_bytes(&o, 4, "abcdefgh", 8);
    ends[n_ends++] = o.len;
    otel__pb_uint(&o, 5, UINT64_MAX);
    ends[n_ends++] = o.len;
    for (cut = 0; cut <= o.len; cut++) {
        int want = -1;
        for (i = 0; i < n_ends; i++) {
            want = ends[i] == cut ? (int)i : want;
        }
        if (!T_EQ_INT(walk(buf, cut), want)) {
            printf("    cut at %u\n", (unsigned)cut);
        }
    }
}

#define ROW(...)                                                                                   \
    {                                                                                              \
        sizeof((uint8_t[]){ __VA_ARGS__ }), { __VA_ARGS__ }                                        \
    }

typedef struct row {
    size_t  n;
    uint8_t bytes[24];
} row;

static const row refused_rows[] = {
    /* a varint of eleven bytes, of more than 64 bits, or that does not end */
    ROW(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    ROW(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
    ROW(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
    ROW(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
    ROW(0x08, 0x80),
    ROW(0x08),
    ROW(0x80),
    /* no field number, or one above 2^29-1 */
    ROW(0x00, 0x00),
    ROW(0x02, 0x00),
    ROW(0x80, 0x00, 0x00),
    ROW(0x80, 0x80, 0x80, 0x80, 0x10, 0x00),
    ROW(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00),
    /* groups, and wire types that do not exist */
    ROW(0x0b, 0x0c),
    ROW(0x0c),
    ROW(0x0e),
    ROW(0x0f, 0x00, 0x00, 0x00, 0x00),
    /* lengths beyond the end: by one, by 2^32, by all that there are */
    ROW(0x0a, 0x01),
    ROW(0x0a, 0x03, 'a', 'b'),
    ROW(0x0a, 0x80, 0x80, 0x80, 0x80, 0x10),
    ROW(0x0a, 0x82, 0x80, 0x80, 0x80, 0x10, 'a', 'b'),
    ROW(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 'a'),
    ROW(0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 'a'),
    ROW(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a'),
    ROW(0x0a, 0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a'),
    /* fixed fields without all their bytes */
    ROW(0x09, 1, 2, 3, 4, 5, 6, 7),
    ROW(0x0d, 1, 2, 3),
};

static const row taken_rows[] = {
    ROW(0x08, 0x80, 0x00), /* longer than need be is legal */
    ROW(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
    ROW(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    ROW(0x88, 0x80, 0x80, 0x80, 0x00, 0x00), /* a padded tag */
    ROW(0xf8, 0xff, 0xff, 0xff, 0x0f, 0x00),
    ROW(0x0a, 0x80, 0x80, 0x00),
    ROW(0x0a, 0x01, 0x00),
    ROW(0x09, 1, 2, 3, 4, 5, 6, 7, 8),
    ROW(0x0d, 1, 2, 3, 4),
};

static void what_is_no_message_is_refused(void)
{
    size_t i;

    for (i = 0; i < COUNT(refused_rows); i++) {
        if (!T_EQ_INT(walk(refused_rows[i].bytes, refused_rows[i].n), -1)) {
            t_hex("row", refused_rows[i].bytes, refused_rows[i].n);
        }
    }
    for (i = 0; i < COUNT(taken_rows); i++) {
        if (!T_EQ_INT(walk(taken_rows[i].bytes, taken_rows[i].n), 1)) {
            t_hex("row", taken_rows[i].bytes, taken_rows[i].n);
        }
    }
}

static void a_varint_that_is_refused_leaves_the_number_alone(void)
{
    static const uint8_t longer[11] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0x01 };
    otel__pb             m = otel__pb_open(longer, sizeof longer);
    uint64_t             v = 42;

    T_CHECK(!otel__pb_read_varint(&m, &v) && v == 42);
    m = otel__pb_open(longer, 3);
    T_CHECK(!otel__pb_read_varint(&m, &v) && v == 42);
    m = otel__pb_open(longer, 7);
    T_CHECK(!otel__pb_read_fixed(&m, 8, &v) && v == 42 && m.p == longer);
}

/* Random bytes, half of them made from likely pieces: nothing is ever read outside. */
static void random_bytes_are_read_within_their_bounds(void)
{
    static const uint8_t likely[] = { 0x08, 0x09, 0x0a, 0x0d, 0x80, 0xff, 0x00, 0x01, 0x7f, 0x05 };
    uint64_t             seed = 5;
    unsigned             run, read = 0, refused = 0;

    for (run = 0; run < 50000 && !t_bad; run++) {
        uint8_t      bytes[40];
        const size_t n = random_below(&seed, sizeof bytes);
        size_t       i;
        for (i = 0; i < n; i++) {
            bytes[i] = random_below(&seed, 2) != 0 ? likely[random_below(&seed, COUNT(likely))]
                                                   : (uint8_t)random_of(&seed);
        }
        if (walk(bytes, n) > 0) {
            read++;
        } else {
            refused++;
        }
    }
    T_CHECK(read > 500 && refused > 500); /* both happened */
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(out_put_stops_at_the_first_piece_that_does_not_fit);
    T_RUN(out_put_fills_its_buffer_to_the_last_byte);
    T_RUN(varint_writes_exact_bytes_and_never_past_cap);
    T_RUN(every_power_of_two_and_its_neighbours_come_back);
    T_RUN(a_padded_length_has_its_width_and_reads_as_the_number);
    T_RUN(fields_are_written_as_the_encoding_guide_says);
    T_RUN(the_size_of_a_field_is_what_its_writing_takes);
    T_RUN(an_empty_message_has_no_field);
    T_RUN(written_fields_come_back);
    T_RUN(a_message_cut_inside_a_field_is_refused);
    T_RUN(what_is_no_message_is_refused);
    T_RUN(a_varint_that_is_refused_leaves_the_number_alone);
    T_RUN(random_bytes_are_read_within_their_bounds);
    return t_end();
}
