/* Attributes: the bytes of every kind of value, lengths where they take a byte more, repair of text
 * that is not UTF-8, and identity: two attributes are the same exactly when a model says so. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

#define TAG 0x4a /* field 9, length-delimited */

/* Writes `a` into a buffer of exactly its size; give it back with free(). NULL: no attribute. */
static uint8_t *written(const otel_attr *a, size_t *n)
{
    otel__kv kv;
    uint8_t *p;

    if (!otel__kv_measure_checked(&kv, a)) {
        T_EQ_INT(otel__kv_put(NULL, 0, TAG, a), 0);
        return NULL;
    }
    *n = otel__kv_field_size(&kv);
    p = (uint8_t *)malloc(*n);
    T_EQ_INT(otel__kv_put(p, *n, TAG, a), *n);
    return p;
}

static void check_bytes(const otel_attr *a, const char *want, size_t n_want)
{
    size_t   n = 0;
    uint8_t *p = written(a, &n);

    T_EQ_MEM(p, n, want, n_want);
    free(p);
}

#define CHECK_BYTES(attr, want)                                                                    \
    do {                                                                                           \
        const otel_attr made = attr;                                                               \
        check_bytes(&made, want, sizeof want - 1);                                                 \
    } while (0)

/* A C string of n times `c`; give it back with free(). */
static char *text_of(char c, size_t n)
{
    char *s = (char *)malloc(n + 1);

    memset(s, c, n);
    s[n] = '\0';
    return s;
}

/* ---- encoding ---- */

static void each_kind_of_value_has_its_bytes(void)
{
    CHECK_BYTES(otel_str("k", "v"), "\x4a\x08\x0a\x01k\x12\x03\x0a\x01v");
    CHECK_BYTES(otel_strn("k", "value", 1), "\x4a\x08\x0a\x01k\x12\x03\x0a\x01v");
    CHECK_BYTES(otel_strn("k", "a\0b", 3), "\x4a\x0a\x0a\x01k\x12\x05\x0a\x03"
                                           "a\0b");
    CHECK_BYTES(otel_bool("k", true), "\x4a\x07\x0a\x01k\x12\x02\x10\x01");
    CHECK_BYTES(otel_int("k", 300), "\x4a\x08\x0a\x01k\x12\x03\x18\xac\x02");
    CHECK_BYTES(otel_int("k", -1),
                "\x4a\x10\x0a\x01k\x12\x0b\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    CHECK_BYTES(otel_int("k", INT64_MIN),
                "\x4a\x10\x0a\x01k\x12\x0b\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01");
    CHECK_BYTES(otel_f64("k", 1.0), "\x4a\x0e\x0a\x01k\x12\x09\x21\0\0\0\0\0\0\xf0\x3f");
    CHECK_BYTES(otel_f64("k", -2.0), "\x4a\x0e\x0a\x01k\x12\x09\x21\0\0\0\0\0\0\0\xc0");
}

/* P-03, P-04: a zero is a value, and an empty value is a message without fields. */
static void zero_values_are_written(void)
{
    const char *none = NULL;

    CHECK_BYTES(otel_int("k", 0), "\x4a\x07\x0a\x01k\x12\x02\x18\x00");
    CHECK_BYTES(otel_str("k", ""), "\x4a\x07\x0a\x01k\x12\x02\x0a\x00");
    CHECK_BYTES(otel_strn("k", "x", 0), "\x4a\x07\x0a\x01k\x12\x02\x0a\x00");
    CHECK_BYTES(otel_bool("k", false), "\x4a\x07\x0a\x01k\x12\x02\x10\x00");
    CHECK_BYTES(otel_f64("k", 0.0), "\x4a\x0e\x0a\x01k\x12\x09\x21\0\0\0\0\0\0\0\0");
    CHECK_BYTES(otel_f64("k", -0.0), "\x4a\x0e\x0a\x01k\x12\x09\x21\0\0\0\0\0\0\0\x80");
    CHECK_BYTES(otel_str("k", none), "\x4a\x05\x0a\x01k\x12\x00");
    CHECK_BYTES(otel_strn("k", none, 5), "\x4a\x05\x0a\x01k\x12\x00");
}

static void literals_and_other_strings_give_the_same_bytes(void)
{
    char            key[] = "http.route", value[] = "/users/{id}";
    const otel_attr literal = otel_str("http.route", "/users/{id}");
    const otel_attr found = otel_str(key, value);
    size_t          n, m;
    uint8_t        *a = written(&literal, &n), *b = written(&found, &m);

    T_EQ_MEM(a, n, b, m);
    T_CHECK(otel__kv_same(a, &found) && otel__kv_same(b, &literal));
    free(a);
    free(b);
}

static void what_has_no_key_is_no_attribute(void)
{
    const otel_attr none[] = { otel_int(NULL, 1), otel_int("", 1), otel_str(NULL, "x"),
                               otel_str("", NULL) };
    uint8_t         room[32];
    otel__kv        kv;
    size_t          i;

    for (i = 0; i < COUNT(none); i++) {
        T_CHECK(!otel__kv_measure(&kv, &none[i]));
        T_CHECK(!otel__kv_measure_checked(&kv, &none[i]));
        T_EQ_INT(otel__kv_put(room, sizeof room, TAG, &none[i]), 0);
    }
}

static const size_t lengths[] = { 1,     2,     119,   120,   121,   122,   123,   124,   125,
                                  126,   127,   128,   129,   16370, 16373, 16374, 16375, 16376,
                                  16377, 16378, 16379, 16380, 16381, 16382, 16383, 16384, 16385 };

/* Every length of key and value near those where a length field takes one byte more, written into
 * exactly the room it needs, and refused by one byte less. */
static void lengths_are_exact_where_they_take_a_byte_more(void)
{
    size_t i, k;

    for (i = 0; i < COUNT(lengths) && !t_bad; i++) {
        for (k = 0; k < COUNT(lengths) && !t_bad; k++) {
            char           *key = text_of('k', lengths[i]), *value = text_of('v', lengths[k]);
            const otel_attr a = otel_str(key, value);
            size_t          n = 0;
            uint8_t        *p = written(&a, &n);

            if (lengths[i] > OTEL__KEY_MAX) {
                T_CHECK(p == NULL);
            } else if (T_CHECK(p != NULL)) {
                otel__pb_field kv, any;
                uint8_t       *tight = (uint8_t *)malloc(n - 1);
                otel__pb_field whole;
                memset(&whole, 0, sizeof whole);
                whole.data = p;
                whole.length = n;
                T_CHECK(otel__otlp_check(p + 0, n, OTEL__OTLP_SPAN, NULL));
                T_EQ_INT(count_fields(p, n, 9), 1);
                T_CHECK(find_field(p, n, 9, 0, &kv) && field_is(&kv, 1, key));
                T_CHECK(find_attr(&whole, 9, key, &any) && field_is(&any, 1, value));
                T_EQ_INT(otel__kv_put(tight, n - 1, TAG, &a), n);
                T_CHECK(otel__kv_same(p, &a));
                T_CHECK(otel__kv_end(p) == p + n);
                free(tight);
            }
            free(p);
            free(value);
            free(key);
        }
    }
}

static void the_longest_key_is_kept_and_a_longer_one_dropped(void)
{
    char           *key = text_of('k', OTEL__KEY_MAX + 1), *huge = text_of('h', 70000);
    const otel_attr over = otel_int(key, 1), far_over = otel_int(huge, 1);
    otel_attr       longest;
    otel__kv        kv;

    T_CHECK(!otel__kv_measure(&kv, &over));
    T_CHECK(!otel__kv_measure(&kv, &far_over)); /* its length does not fit 16 bits */
    key[OTEL__KEY_MAX] = '\0';
    longest = otel_int(key, 1);
    T_CHECK(otel__kv_measure(&kv, &longest) && kv.key == OTEL__KEY_MAX);
    free(key);
    free(huge);
}

/* ---- text that is not UTF-8 ---- */

static void broken_text_is_repaired_and_measured_so(void)
{
    CHECK_BYTES(otel_str("k", "a\xff"), "\x4a\x0b\x0a\x01k\x12\x06\x0a\x04"
                                        "a\xef\xbf\xbd");
    CHECK_BYTES(otel_str("\xc3(", "v"), "\x4a\x0b\x0a\x04\xef\xbf\xbd(\x12\x03\x0a\x01v");
    CHECK_BYTES(otel_str("\xc3\xa4", "\xe2\x82\xac"), /* whole ones stay */
                "\x4a\x0b\x0a\x02\xc3\xa4\x12\x05\x0a\x03\xe2\x82\xac");
    CHECK_BYTES(otel_strn("k", "\xe2\x82\xac", 2), "\x4a\x0a\x0a\x01k\x12\x05\x0a\x03\xef\xbf\xbd");
    CHECK_BYTES(otel_int("\xff", 1), "\x4a\x09\x0a\x03\xef\xbf\xbd\x12\x02\x18\x01");
    CHECK_BYTES(otel_str("\xff", ""), "\x4a\x09\x0a\x03\xef\xbf\xbd\x12\x02\x0a\x00");
}

/* Room enough as long as nobody looks, too little once repaired: the caller is told, nothing that
 * counts is written past the room. */
static void repair_that_does_not_fit_asks_for_more_room(void)
{
    size_t broken;

    for (broken = 1; broken < 200; broken++) {
        char           *text = text_of((char)0xff, broken);
        const otel_attr a = otel_str("k", text);
        otel__kv        plain, kv;
        size_t          room;

        T_CHECK(otel__kv_measure(&plain, &a) && otel__kv_measure_checked(&kv, &a));
        T_CHECK(kv.broken && kv.text == 3 * broken);
        for (room = otel__kv_field_size(&plain); room <= otel__kv_field_size(&kv); room++) {
            uint8_t *p = (uint8_t *)malloc(room);
            T_EQ_INT(otel__kv_put(p, room, TAG, &a), otel__kv_field_size(&kv));
            free(p);
        }
        free(text);
    }
}

static void measuring_is_exact_for_any_bytes(void)
{
    uint64_t seed = 7;
    unsigned run;

    for (run = 0; run < 20000 && !t_bad; run++) {
        char     key[24], value[24];
        size_t   i, n_value = random_below(&seed, 24), n = 0;
        uint8_t *p;
        for (i = 0; i + 1 < sizeof key; i++) {
            key[i] = (char)(1 + random_below(&seed, run % 3 == 0 ? 255 : 127));
        }
        key[random_below(&seed, sizeof key)] = '\0';
        key[sizeof key - 1] = '\0';
        for (i = 0; i < n_value; i++) {
            value[i] = (char)random_below(&seed, run % 2 == 0 ? 256 : 128);
        }
        {
            const otel_attr a = otel_strn(key, value, n_value);
            p = written(&a, &n); /* exactly that much memory: the sanitized build looks */
        }
        T_CHECK((p == NULL) == (key[0] == '\0'));
        T_CHECK(p == NULL || otel__otlp_check(p, n, OTEL__OTLP_SPAN, NULL));
        free(p);
    }
}

/* ---- bytes in words ---- */

static void copies_are_whole_and_notice_every_byte_that_is_not_ascii(void)
{
    uint8_t from[48], to[50];
    size_t  n, at, i;

    for (n = 0; n <= 40; n++) {
        for (at = 0; at <= n; at++) { /* at == n: all ASCII */
            for (i = 0; i < n; i++) {
                from[i] = (uint8_t)(i * 5 + 1) & 0x7f;
            }
            if (at < n) {
                from[at] |= 0x80;
            }
            memset(to, 0xAA, sizeof to);
            T_EQ_INT(otel__attr_copy(to + 1, from, n) != 0, at < n);
            T_EQ_MEM(to + 1, n, from, n);
            T_CHECK(to[0] == 0xAA && to[n + 1] == 0xAA);
            T_EQ_INT(otel__attr_is_ascii((const char *)from, n), at == n);
        }
    }
}

static void texts_that_differ_in_one_bit_are_different(void)
{
    uint8_t a[40], b[40];
    size_t  n, at, i;

    for (n = 0; n <= sizeof a; n++) {
        for (i = 0; i < n; i++) {
            a[i] = b[i] = (uint8_t)(i * 31 + n);
        }
        T_CHECK(otel__attr_same_bytes(a, b, n));
        for (at = 0; at < n * 8; at++) {
            b[at / 8] ^= (uint8_t)(1u << at % 8);
            T_CHECK(!otel__attr_same_bytes(a, b, n));
            b[at / 8] ^= (uint8_t)(1u << at % 8);
        }
    }
}

/* ---- identity ---- */

/* An attribute drawn from few keys and values, so that pairs are often almost the same. */
typedef struct drawn {
    char      key[24];
    char      value[24];
    otel_attr attr;
} drawn;

static void draw_text(uint64_t *seed, char *s, size_t least)
{
    static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17 };
    size_t               n = sizes[random_below(seed, COUNT(sizes))];

    n = n < least ? least : n;
    memset(s, 'a', n);
    s[n] = '\0';
    if (n > 0 && random_below(seed, 2) != 0) {
        s[random_below(seed, (uint32_t)n)] = 'b'; /* one byte differs, anywhere */
    }
}

static void draw(uint64_t *seed, drawn *d)
{
    static const int64_t ints[] = { 0, 1, -1, 127, 128, 300, INT64_MAX, INT64_MIN };
    static const double  doubles[] = { 0.0, -0.0, 1.0, -1.0, 1e300, 5e-324 };
    const char          *none = NULL;

    draw_text(seed, d->key, 1);
    draw_text(seed, d->value, 0);
    switch (random_below(seed, 8)) {
    case 0: d->attr = otel_int(d->key, ints[random_below(seed, COUNT(ints))]); break;
    case 1: d->attr = otel_f64(d->key, doubles[random_below(seed, COUNT(doubles))]); break;
    case 2: d->attr = otel_bool(d->key, random_below(seed, 2) != 0); break;
    case 3: d->attr = otel_str(d->key, none); break;
    case 4: d->attr = otel_strn(d->key, d->value, strlen(d->value)); break;
    default: d->attr = otel_str(d->key, d->value); break;
    }
}

static bool model_same_key(const drawn *a, const drawn *b) { return strcmp(a->key, b->key) == 0; }

static bool model_same(const drawn *a, const drawn *b)
{
    if (!model_same_key(a, b) || a->attr.type != b->attr.type) {
        return false;
    }
    switch (a->attr.type) {
    case OTEL_TYPE_STRING: return strcmp(a->value, b->value) == 0;
    case OTEL_TYPE_DOUBLE: return memcmp(&a->attr.value.d, &b->attr.value.d, 8) == 0;
    case OTEL_TYPE_EMPTY: return true;
    default: return a->attr.value.i == b->attr.value.i;
    }
}

static void two_attributes_are_the_same_when_the_model_says_so(void)
{
    enum { MANY = 400 };
    static drawn    all[MANY];
    static uint8_t *bytes[MANY];
    uint64_t        seed = 11;
    size_t          i, k, n, same = 0;

    for (i = 0; i < MANY; i++) {
        draw(&seed, &all[i]);
        bytes[i] = written(&all[i].attr, &n);
    }
    for (i = 0; i < MANY && !t_bad; i++) {
        for (k = 0; k < MANY && !t_bad; k++) {
            const bool want = model_same(&all[i], &all[k]);
            T_EQ_INT(otel__kv_same(bytes[i], &all[k].attr), want);
            T_EQ_INT(otel__kv_same_key(bytes[i], &all[k].attr, strlen(all[k].key)),
                     model_same_key(&all[i], &all[k]));
            T_EQ_INT(otel__attr_same_key(&all[i].attr, &all[k].attr),
                     model_same_key(&all[i], &all[k]));
            same += want && i != k;
        }
    }
    T_CHECK(same > 100); /* the draw does make equal ones */
    for (i = 0; i < MANY; i++) {
        free(bytes[i]);
    }
}

static uint64_t hash_of(const otel_attr *a, uint64_t seed)
{
    return otel__attr_hash(a, otel__attr_hash_key(a, otel__attr_key_length(a)), seed);
}

static void a_written_attribute_read_back_hashes_and_encodes_as_before(void)
{
    uint64_t seed = 13;
    unsigned run;

    for (run = 0; run < 20000 && !t_bad; run++) {
        drawn     d;
        otel_attr back;
        size_t    n = 0, m = 0;
        uint8_t  *p, *q;

        draw(&seed, &d);
        p = written(&d.attr, &n);
        back = otel__kv_attr(p);
        q = written(&back, &m);
        T_EQ_MEM(p, n, q, m);
        T_CHECK(otel__kv_same(p, &back));
        T_CHECK(hash_of(&d.attr, 99) == hash_of(&back, 99));
        free(p);
        free(q);
    }
}

/* Not a promise, but what the table's speed rests on: nearly all different attributes differ in
 * their hash, and the seed matters. */
static void hashes_tell_attributes_apart(void)
{
    enum { MANY = 300 };
    static drawn all[MANY];
    uint64_t     seed = 17;
    unsigned     i, k, differ = 0, collide = 0;

    for (i = 0; i < MANY; i++) {
        draw(&seed, &all[i]);
        T_CHECK(hash_of(&all[i].attr, 1) != hash_of(&all[i].attr, 2));
    }
    for (i = 0; i < MANY; i++) {
        for (k = 0; k < i; k++) {
            const bool equal = hash_of(&all[i].attr, 5) == hash_of(&all[k].attr, 5);
            if (model_same(&all[i], &all[k])) {
                T_CHECK(equal);
            } else {
                differ++;
                collide += equal;
            }
        }
    }
    T_CHECK(differ > 10000);
    T_CHECK(collide * 100 < differ); /* keys of 17 bytes may differ in the one that is not hashed */
}

static void each_byte_and_each_kind_counts_in_a_hash(void)
{
    const char     *none = NULL;
    const otel_attr kinds[] = { otel_int("k", 0), otel_bool("k", false), otel_f64("k", 0),
                                otel_str("k", ""), otel_str("k", none) };
    char            text[41];
    size_t          n, at, i, k;

    for (i = 0; i < COUNT(kinds); i++) {
        for (k = 0; k < i; k++) {
            T_CHECK(hash_of(&kinds[i], 7) != hash_of(&kinds[k], 7));
        }
    }
    memset(text, 'x', sizeof text);
    for (n = 1; n < sizeof text; n++) {
        const otel_attr a = otel_strn("k", text, n);
        const uint64_t  hash = hash_of(&a, 7);
        for (at = 0; at < n; at++) {
            text[at] = 'y';
            T_CHECK(hash_of(&a, 7) != hash);
            text[at] = 'x';
        }
    }
}

/* ---- keys that occur twice ---- */

static void the_last_of_equal_keys_counts(void)
{
    const otel_attr  items[] = { otel_int("a", 1), otel_int("b", 2), otel_int("a", 3),
                                 otel_int("c", 4), otel_int("a", 5) };
    const otel_attrs attrs = otel_attrs_of(items, COUNT(items));
    static const int shadowed[] = { 1, 0, 1, 0, 0 };
    uint32_t         kept = 0;
    size_t           i;

    T_CHECK(otel__attrs_may_repeat(attrs));
    for (i = 0; i < COUNT(items); i++) {
        T_EQ_INT(otel__attrs_is_shadowed(attrs, i), shadowed[i]);
        T_EQ_INT(otel__attrs_keeps(attrs, i, true, 128, &kept), !shadowed[i]);
    }
    T_EQ_INT(kept, 3);
}

static void the_limit_counts_only_what_is_kept(void)
{
    const otel_attr  items[] = { otel_int("a", 1), otel_int("b", 2), otel_int("a", 3),
                                 otel_int("c", 4) };
    const otel_attrs attrs = otel_attrs_of(items, COUNT(items));
    uint32_t         kept = 0;

    T_CHECK(!otel__attrs_keeps(attrs, 0, true, 2, &kept)); /* shadowed */
    T_CHECK(otel__attrs_keeps(attrs, 1, true, 2, &kept));
    T_CHECK(otel__attrs_keeps(attrs, 2, true, 2, &kept));
    T_CHECK(!otel__attrs_keeps(attrs, 3, true, 2, &kept)); /* the third */
    T_EQ_INT(kept, 2);
    kept = 0;
    T_CHECK(!otel__attrs_keeps(attrs, 1, true, 0, &kept));
}

/* The quick test may say yes in vain, but never no when a key is there twice. */
static void repeated_keys_are_never_overlooked(void)
{
    uint64_t seed = 19;
    unsigned run, quick = 0;

    for (run = 0; run < 20000; run++) {
        drawn      d[6];
        otel_attr  items[6];
        otel_attrs attrs;
        bool       repeats = false;
        size_t     i, k;

        for (i = 0; i < 6; i++) {
            draw(&seed, &d[i]);
            items[i] = d[i].attr;
            for (k = 0; k < i; k++) {
                repeats = repeats || model_same_key(&d[i], &d[k]);
            }
        }
        attrs = otel_attrs_of(items, 1 + random_below(&seed, 6));
        if (attrs.count == 6) {
            T_CHECK(!repeats || otel__attrs_may_repeat(attrs));
            quick += !otel__attrs_may_repeat(attrs);
        }
    }
    T_CHECK(quick > 100); /* and it does spare the comparison */
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_kind_of_value_has_its_bytes);
    T_RUN(zero_values_are_written);
    T_RUN(literals_and_other_strings_give_the_same_bytes);
    T_RUN(what_has_no_key_is_no_attribute);
    T_RUN(lengths_are_exact_where_they_take_a_byte_more);
    T_RUN(the_longest_key_is_kept_and_a_longer_one_dropped);
    T_RUN(broken_text_is_repaired_and_measured_so);
    T_RUN(repair_that_does_not_fit_asks_for_more_room);
    T_RUN(measuring_is_exact_for_any_bytes);
    T_RUN(copies_are_whole_and_notice_every_byte_that_is_not_ascii);
    T_RUN(texts_that_differ_in_one_bit_are_different);
    T_RUN(two_attributes_are_the_same_when_the_model_says_so);
    T_RUN(a_written_attribute_read_back_hashes_and_encodes_as_before);
    T_RUN(hashes_tell_attributes_apart);
    T_RUN(each_byte_and_each_kind_counts_in_a_hash);
    T_RUN(the_last_of_equal_keys_counts);
    T_RUN(the_limit_counts_only_what_is_kept);
    T_RUN(repeated_keys_are_never_overlooked);
    return t_end();
}
