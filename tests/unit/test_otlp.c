/* otlp: the descriptor table is consistent, and the check built on it says yes to OTLP's own
 * encodings and no to everything that is not. The hex rows were made by the official compiler. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"

#include "t.h"

#define ROWS  ((unsigned)(sizeof otel__otlp_table / sizeof otel__otlp_table[0]))
#define BYTES 1024

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; hex[2 * n] != '\0' && n < BYTES; n++) {
        out[n] =
            (uint8_t)(otel__text_hex_digit(hex[2 * n]) * 16 + otel__text_hex_digit(hex[2 * n + 1]));
    }
    return n;
}

/* -1: well formed; else the offset of what is wrong. */
static int check(const char *hex, unsigned message)
{
    uint8_t      bytes[BYTES];
    const size_t n = from_hex(hex, bytes);
    size_t       bad_at = 12345;

    return otel__otlp_check(bytes, n, message, &bad_at) ? -1 : (int)bad_at;
}

/* ---- the table ---- */

static void fields_of_a_message_stand_by_rising_number(void)
{
    unsigned i, last = 0;

    T_EQ_INT(ROWS, OTEL__OTLP_ROWS);
    for (i = 0; i < ROWS; i++) {
        const unsigned number = otel__otlp_table[i].number;
        if (!T_CHECK(number == 0 || number > last)) {
            printf("    row %u, number %u after %u\n", i, number, last);
        }
        last = number;
    }
    T_EQ_INT(otel__otlp_table[0].number, 0);
    T_EQ_INT(otel__otlp_table[ROWS - 1].number, 0); /* what stops a search in the last message */
}

static void a_field_that_is_a_message_leads_to_one(void)
{
    uint8_t  used[256] = { 0 };
    unsigned i, roots = 0;

    for (i = 0; i < ROWS; i++) {
        const otel__otlp_row *row = &otel__otlp_table[i];

        if (row->number != 0 && row->kind == OTEL__KIND_MESSAGE) {
            T_EQ_INT(otel__otlp_table[row->message].number, 0);
            T_CHECK(row->message != OTEL__OTLP_END && row->message != OTEL__OTLP_TRACE_REQUEST);
            used[row->message] = 1;
        } else {
            T_EQ_INT(row->message, 0);
        }
    }
    for (i = 0; i + 1 < ROWS; i++) {
        roots += otel__otlp_table[i].number == 0 && !used[i] ? 1u : 0u;
    }
    T_EQ_INT(roots, 6); /* three requests, three responses: nobody contains them */
}

static void every_name_is_whole_and_used(void)
{
    const char *names = (const char *)&otel__otlp_names;
    uint8_t     used[sizeof otel__otlp_names] = { 0 };
    size_t      i;

    for (i = 0; i < ROWS; i++) {
        const otel__otlp_row *row = &otel__otlp_table[i];
        if (row->number != 0) {
            used[row->name] = 1;
            T_CHECK(row->name == 0 || names[row->name - 1] == '\0');
        }
    }
    for (i = 0; i < sizeof otel__otlp_names; i += strlen(names + i) + 1) {
        if (!T_CHECK(used[i])) {
            printf("    no row uses %s\n", names + i);
        }
    }
}

static void the_table_stays_below_three_kilobytes(void)
{
    T_CHECK(sizeof otel__otlp_table + sizeof otel__otlp_names < 3072);
}

static void kinds_fit_their_presence(void)
{
    unsigned i;

    for (i = 0; i < ROWS; i++) {
        const otel__otlp_row *row = &otel__otlp_table[i];
        T_CHECK(row->kind <= OTEL__KIND_MESSAGE);
        if (row->presence == OTEL__HAS_MAYBE) {
            T_EQ_INT(row->kind, OTEL__KIND_DOUBLE); /* sum, min, max: OTLP has no others */
        }
    }
}

static const struct {
    unsigned    message;
    unsigned    number, kind, presence;
    const char *name;
} known_rows[] = {
    { OTEL__OTLP_TRACE_REQUEST, 1, OTEL__KIND_MESSAGE, OTEL__HAS_MANY, "resourceSpans" },
    { OTEL__OTLP_SPAN, 1, OTEL__KIND_HEX, OTEL__HAS_ONE, "traceId" },
    { OTEL__OTLP_SPAN, 16, OTEL__KIND_FIXED32, OTEL__HAS_ONE, "flags" },
    { OTEL__OTLP_STATUS, 3, OTEL__KIND_ENUM, OTEL__HAS_ONE, "code" },
    { OTEL__OTLP_ANY_VALUE, 3, OTEL__KIND_INT64, OTEL__HAS_CHOICE, "intValue" },
    { OTEL__OTLP_NUMBER_POINT, 6, OTEL__KIND_SFIXED64, OTEL__HAS_CHOICE, "asInt" },
    { OTEL__OTLP_HISTOGRAM_POINT, 6, OTEL__KIND_FIXED64, OTEL__HAS_MANY, "bucketCounts" },
    { OTEL__OTLP_HISTOGRAM_POINT, 12, OTEL__KIND_DOUBLE, OTEL__HAS_MAYBE, "max" },
    { OTEL__OTLP_EXPONENTIAL_POINT, 6, OTEL__KIND_SINT32, OTEL__HAS_ONE, "scale" },
    { OTEL__OTLP_BUCKETS, 2, OTEL__KIND_UINT64, OTEL__HAS_MANY, "bucketCounts" },
    { OTEL__OTLP_LOG_RECORD, 12, OTEL__KIND_STRING, OTEL__HAS_ONE, "eventName" },
};

static void lookup_finds_fields_by_number(void)
{
    size_t i;

    for (i = 0; i < sizeof known_rows / sizeof known_rows[0]; i++) {
        const otel__otlp_row *row = otel__otlp_find(known_rows[i].message, known_rows[i].number);
        if (T_CHECK(row != NULL)) {
            T_EQ_STR(otel__otlp_name(row), known_rows[i].name);
            T_EQ_INT(row->kind, known_rows[i].kind);
            T_EQ_INT(row->presence, known_rows[i].presence);
        }
    }
    T_CHECK(otel__otlp_find(OTEL__OTLP_STATUS, 1) == NULL); /* reserved */
    T_CHECK(otel__otlp_find(OTEL__OTLP_SPAN, 17) == NULL);
    T_CHECK(otel__otlp_find(OTEL__OTLP_LOG_RECORD, 0x1fffffff) == NULL);
    T_EQ_INT(OTEL__SPAN_traceId, 1);
    T_EQ_INT(OTEL__LOG_RECORD_eventName, 12);
}

/* ---- numbers ---- */

static void zigzag_goes_out_from_zero(void)
{
    T_EQ_INT(otel__otlp_zigzag(0), 0);
    T_EQ_INT(otel__otlp_zigzag(1), -1);
    T_EQ_INT(otel__otlp_zigzag(2), 1);
    T_EQ_INT(otel__otlp_zigzag(3), -2);
    T_EQ_INT(otel__otlp_zigzag(0xfffffffeu), INT32_MAX);
    T_EQ_INT(otel__otlp_zigzag(0xffffffffu), INT32_MIN);
    T_CHECK(otel__otlp_zigzag(UINT64_MAX) == INT64_MIN);
}

static void unpack_gives_each_number_and_stops_before_a_broken_one(void)
{
    static const uint8_t varints[] = { 1, 0, 0xac, 2, 0x80 };
    otel__pb             p = otel__pb_open(varints, sizeof varints);
    uint64_t             v = 7;

    T_CHECK(otel__otlp_unpack(&p, OTEL__PB_VARINT, &v) && v == 1);
    T_CHECK(otel__otlp_unpack(&p, OTEL__PB_VARINT, &v) && v == 0);
    T_CHECK(otel__otlp_unpack(&p, OTEL__PB_VARINT, &v) && v == 300);
    T_CHECK(!otel__otlp_unpack(&p, OTEL__PB_VARINT, &v) && p.p == varints + 4);
    p = otel__pb_open(varints, 0);
    T_CHECK(!otel__otlp_unpack(&p, OTEL__PB_FIXED64, &v) && p.p == p.end);
}

/* ---- the check ---- */

#define TRACE_REFERENCE                                                                            \
    "0a5d0a150a130a0c736572766963652e6e616d6512030a016112440a030a0173123d0a105b8efff798038103"     \
    "d269b633813fc60c1208eee19b7ec3c1b1742a017830023901000000000000004102000000000000007a0218"     \
    "02850103010000"

static const struct {
    const char *hex;
    unsigned    message;
} references[] = {
    { TRACE_REFERENCE, OTEL__OTLP_TRACE_REQUEST },
    { "110100000000000000190200000000000000210300000000000000290000000000001c40300142080801120401"
      "00ac0261000000000000f03f690000000000001040",
      OTEL__OTLP_EXPONENTIAL_POINT },
    { "1902000000000000002102000000000000002900000000000000003210010000000000000001000000000000003a"
      "08000000000000e03f590000000000000000",
      OTEL__OTLP_HISTOGRAM_POINT },
    { "190200000000000000310000000000000000", OTEL__OTLP_NUMBER_POINT },
    { "19020000000000000031ffffffffffffffff", OTEL__OTLP_NUMBER_POINT },
    { "0a1219020000000000000021000000000000000010021801", OTEL__OTLP_SUM },
    { "09010000000000000010091a04494e464f2a040a0268694501000000590200000000000000620165",
      OTEL__OTLP_LOG_RECORD },
    { "0a06080312026e6f", OTEL__OTLP_TRACE_RESPONSE },
    { "0a00", OTEL__OTLP_ANY_VALUE },
    { "1800", OTEL__OTLP_ANY_VALUE },
    { "18ffffffffffffffffff01", OTEL__OTLP_ANY_VALUE },
    { "1000", OTEL__OTLP_ANY_VALUE },
    { "210000000000000000", OTEL__OTLP_ANY_VALUE },
    { "3a00", OTEL__OTLP_ANY_VALUE },
    { "2a00", OTEL__OTLP_ANY_VALUE },
    { "3200", OTEL__OTLP_ANY_VALUE },
    { "", OTEL__OTLP_ANY_VALUE },
    { "", OTEL__OTLP_TRACE_REQUEST },
};

static void reference_encodings_are_well_formed(void)
{
    size_t i;

    for (i = 0; i < sizeof references / sizeof references[0]; i++) {
        if (!T_EQ_INT(check(references[i].hex, references[i].message), -1)) {
            printf("    %s\n", references[i].hex);
        }
    }
    T_CHECK(otel__otlp_check(NULL, 0, OTEL__OTLP_LOGS_REQUEST, NULL));
}

/* Cut anywhere, a message is either shorter by whole fields or refused at a place inside. */
static void cut_messages_are_refused_where_the_cut_field_begins(void)
{
    uint8_t bytes[BYTES];
    size_t  i, cut, bad_at;

    for (i = 0; i < sizeof references / sizeof references[0]; i++) {
        const size_t n = from_hex(references[i].hex, bytes);
        for (cut = 0; cut < n; cut++) {
            bad_at = 0;
            if (!otel__otlp_check(bytes, cut, references[i].message, &bad_at)) {
                T_CHECK(bad_at < cut);
                T_CHECK(otel__otlp_check(bytes, bad_at, references[i].message, &bad_at));
            }
        }
    }
    T_EQ_INT(check("0a06080312026e", OTEL__OTLP_TRACE_RESPONSE), 0);
}

static const struct {
    const char *hex;
    unsigned    message;
    int         bad_at; /* -1: well formed */
} field_rows[] = {
    /* unknown fields of every wire type are stepped over; groups are not */
    { "9001ac02", OTEL__OTLP_SPAN, -1 },
    { "91010102030405060708", OTEL__OTLP_SPAN, -1 },
    { "920103ffffff", OTEL__OTLP_SPAN, -1 },
    { "950101020304", OTEL__OTLP_SPAN, -1 },
    { "2a017893019401", OTEL__OTLP_SPAN, 3 },
    { "9601", OTEL__OTLP_SPAN, 0 },
    { "00", OTEL__OTLP_SPAN, 0 },                           /* field number 0 */
    { "2a0178ffffffffffffffffffff01", OTEL__OTLP_SPAN, 3 }, /* a tag of eleven bytes */
    /* a known field of another wire type */
    { "30023001", OTEL__OTLP_SPAN, -1 },
    { "30023100000000000000003002", OTEL__OTLP_SPAN, 2 },
    { "2801", OTEL__OTLP_SPAN, 0 },
    { "3a080000000000000000", OTEL__OTLP_SPAN, 0 },
    { "8d0100000000", OTEL__OTLP_SPAN, -1 }, /* field 17 is not known */
    { "81010000000000000000", OTEL__OTLP_SPAN, 0 },
    /* strings are UTF-8, bytes are not asked */
    { "2a02c3a4", OTEL__OTLP_SPAN, -1 },
    { "2a02c328", OTEL__OTLP_SPAN, 0 },
    { "0a02c328", OTEL__OTLP_SPAN, -1 },
    { "3a01ff", OTEL__OTLP_ANY_VALUE, -1 },
    /* repeated numbers: packed, in pieces, one by one, and broken ones */
    { "3200", OTEL__OTLP_HISTOGRAM_POINT, -1 },
    { "3208000000000000000032080000000000000000", OTEL__OTLP_HISTOGRAM_POINT, -1 },
    { "310000000000000000", OTEL__OTLP_HISTOGRAM_POINT, -1 },
    { "320700000000000000", OTEL__OTLP_HISTOGRAM_POINT, 0 },
    { "3000", OTEL__OTLP_HISTOGRAM_POINT, 0 },
    { "1203ac0201", OTEL__OTLP_BUCKETS, -1 },
    { "10051006", OTEL__OTLP_BUCKETS, -1 },
    { "080212028080", OTEL__OTLP_BUCKETS, 2 },
    { "0a0101", OTEL__OTLP_BUCKETS, 0 }, /* the offset is not repeated: never packed */
    /* the place is right inside nested messages and behind them */
    { "0a060a016b12010a", OTEL__OTLP_KEY_VALUE_LIST, 7 },
    { "0a070a016b12020802", OTEL__OTLP_KEY_VALUE_LIST, 7 },
    { "0a070a016b12021001", OTEL__OTLP_KEY_VALUE_LIST, -1 },
    { "0a070a016b120210010a0100", OTEL__OTLP_KEY_VALUE_LIST, 11 },
    { "0a070a016b120210010a", OTEL__OTLP_KEY_VALUE_LIST, 9 },
};

static void fields_are_checked_one_by_one(void)
{
    size_t i;

    for (i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++) {
        if (!T_EQ_INT(check(field_rows[i].hex, field_rows[i].message), field_rows[i].bad_at)) {
            printf("    %s\n", field_rows[i].hex);
        }
    }
}

/* An AnyValue holding an ArrayValue holding an AnyValue ...: `levels` messages in the first. */
static size_t nest(uint8_t *out, size_t levels)
{
    uint8_t   level[2 * OTEL__VARINT_MAX + BYTES];
    otel__out o;
    size_t    n = 0;

    for (; levels > 0; levels--) {
        o = otel__out_make(level, sizeof level);
        otel__pb_bytes(&o, levels % 2 != 0 ? OTEL__ANY_VALUE_arrayValue : OTEL__ARRAY_VALUE_values,
                       out, n);
        n = o.len;
        memcpy(out, level, n);
    }
    return n;
}

static void nesting_ends_at_one_hundred_levels(void)
{
    uint8_t bytes[BYTES];
    size_t  bad_at = 0;

    T_CHECK(otel__otlp_check(bytes, nest(bytes, 99), OTEL__OTLP_ANY_VALUE, NULL));
    T_CHECK(otel__otlp_check(bytes, nest(bytes, 100), OTEL__OTLP_ANY_VALUE, NULL));
    T_CHECK(!otel__otlp_check(bytes, nest(bytes, 101), OTEL__OTLP_ANY_VALUE, &bad_at));
    T_CHECK(bad_at > 0);
    T_CHECK(!otel__otlp_check(bytes, nest(bytes, 300), OTEL__OTLP_ANY_VALUE, NULL));
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(fields_of_a_message_stand_by_rising_number);
    T_RUN(a_field_that_is_a_message_leads_to_one);
    T_RUN(every_name_is_whole_and_used);
    T_RUN(the_table_stays_below_three_kilobytes);
    T_RUN(kinds_fit_their_presence);
    T_RUN(lookup_finds_fields_by_number);
    T_RUN(zigzag_goes_out_from_zero);
    T_RUN(unpack_gives_each_number_and_stops_before_a_broken_one);
    T_RUN(reference_encodings_are_well_formed);
    T_RUN(cut_messages_are_refused_where_the_cut_field_begins);
    T_RUN(fields_are_checked_one_by_one);
    T_RUN(nesting_ends_at_one_hundred_levels);
    return t_end();
}
