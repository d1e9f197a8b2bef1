/* Attribute sets and their values: which sets are one series, collisions, limits, the pool and its
 * spares; totals against a model, read from what is delivered. Threads: tests/threads/metrics.c. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* ---- an SDK whose readings are kept ---- */

#define POINTS 4096

typedef struct point {
    char     name[32]; /* of the metric */
    uint8_t  bytes[600];
    size_t   length;
    bool     histogram;
    uint64_t value; /* as_int, or the bits of as_double; of a histogram its count */
} point;

static point    points[POINTS]; /* of the newest reading */
static unsigned n_points, n_metrics;
static size_t   largest_record;

static void keep(void *user, const otel__pb_field *scope, const otel__pb_field *metric)
{
    otel__pb_field name, data, p, v;
    unsigned       i;
    const uint32_t fields[] = { 5, 7, 9 }; /* gauge, sum, histogram */
    size_t         k;

    (void)user;
    (void)scope;
    n_metrics++;
    largest_record = metric->length > largest_record ? metric->length : largest_record;
    T_CHECK(find_field(metric->data, metric->length, 1, 0, &name));
    for (k = 0; k < COUNT(fields); k++) {
        if (!find_field(metric->data, metric->length, fields[k], 0, &data)) {
            continue;
        }
        for (i = 0; find_field(data.data, data.length, 1, i, &p); i++) {
            point *to = &points[n_points++ % POINTS];
            memset(to->name, 0, sizeof to->name);
            memcpy(to->name, name.data, name.length < 31 ? name.length : 31);
            to->length = p.length < sizeof to->bytes ? p.length : 0;
            memcpy(to->bytes, p.data, to->length);
            to->histogram = fields[k] == 9;
            to->value = find_field(p.data, p.length, to->histogram ? 4 : 6, 0, &v) ? v.value
                        : !to->histogram && find_field(p.data, p.length, 4, 0, &v) ? v.value
                                                                                   : 0;
            T_CHECK(field_value(&p, 2, 0) > 0 && field_value(&p, 3, 0) >= field_value(&p, 2, 0));
        }
        T_CHECK(i > 0);
        if (fields[k] != 5) {
            T_EQ_INT(field_value(&data, 2, 0), 2); /* cumulative */
        }
    }
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, keep, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static otel_sdk   *sdk;
static otel_scope *scope;

static void open_with(uint32_t max_series, uint32_t series_bytes)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_series = max_series;
    o.series_bytes = series_bytes;
    o.metric_queue_bytes = 1 << 20;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "test", NULL);
}

static void shut(void)
{
    T_CHECK(stats_add_up(sdk));
    otel_release(sdk);
}

static void collect(void)
{
    n_points = n_metrics = 0;
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_CHECK(n_points <= POINTS);
}

static otel__pb_field message_of(const point *p)
{
    otel__pb_field m;

    memset(&m, 0, sizeof m);
    m.data = p->bytes;
    m.length = p->length;
    return m;
}

static uint32_t attrs_field(const point *p) { return p->histogram ? 9 : 7; }

/* Whether the point is that of the overflow series: one attribute, a truth value. */
static bool is_overflow(const point *p)
{
    otel__pb_field m = message_of(p), any;

    return count_fields(p->bytes, p->length, attrs_field(p)) == 1 &&
           find_attr(&m, attrs_field(p), "otel.metric.overflow", &any) &&
           field_value(&any, 2, 9) == 1;
}

/* The value of the point with one integer attribute, or -1. */
static int64_t value_with(const char *key, int64_t number)
{
    int64_t  value = -1;
    unsigned i, found = 0;

    for (i = 0; i < n_points; i++) {
        const otel__pb_field m = message_of(&points[i]);
        if (count_fields(m.data, m.length, attrs_field(&points[i])) == 1 &&
            attr_int(&m, attrs_field(&points[i]), key, number - 1) == number) {
            value = (int64_t)points[i].value;
            found++;
        }
    }
    T_CHECK(found <= 1); /* two points of one set */
    return value;
}

static int64_t overflow_value(void)
{
    int64_t  value = -1;
    unsigned i, found = 0;

    for (i = 0; i < n_points; i++) {
        if (is_overflow(&points[i])) {
            value = (int64_t)points[i].value;
            found++;
        }
    }
    T_CHECK(found <= 1);
    return value;
}

static uint64_t series_in_use(void)
{
    otel_stats s;

    otel_stats_get(sdk, &s);
    return s.series;
}

static uint64_t overflowing(void)
{
    otel_stats s;

    otel_stats_get(sdk, &s);
    return s.overflowing_instruments;
}

/* ---- which sets are one ---- */

static void order_does_not_make_a_set(void)
{
    otel_counter *c;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_int("a", 1), otel_str("b", "x"), otel_f64("c", 2)));
    otel_counter_add(c, 2, OTEL_ATTRS(otel_str("b", "x"), otel_f64("c", 2), otel_int("a", 1)));
    otel_counter_add(c, 4, OTEL_ATTRS(otel_f64("c", 2), otel_str("b", "x"), otel_int("a", 1)));
    collect();
    T_EQ_INT(n_points, 1);
    T_EQ_INT(points[0].value, 7);
    T_EQ_INT(series_in_use(), 1);
    shut();
}

static void no_attributes_are_a_set_too(void)
{
    otel_counter *c;
    otel_attrs    odd;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    odd.items = NULL;
    odd.count = 5;
    otel_counter_add(c, 1, OTEL_NO_ATTRS);
    otel_counter_add(c, 2, odd);
    otel_counter_add(c, 4,
                     OTEL_ATTRS(otel_int(NULL, 1), otel_str("", "x"))); /* none of them counts */
    otel_counter_add(c, 8, OTEL_ATTRS(otel_int("a", 1)));
    otel_counter_add(c, 16, OTEL_NO_ATTRS);
    collect();
    T_EQ_INT(n_points, 2);
    T_EQ_INT(points[0].value, 23);
    T_EQ_INT(value_with("a", 1), 8);
    shut();
}

static void of_equal_keys_the_last_one_makes_the_set(void)
{
    otel_counter *c;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_int("a", 1), otel_int("a", 2)));
    otel_counter_add(c, 2, OTEL_ATTRS(otel_int("a", 2)));
    otel_counter_add(c, 4, OTEL_ATTRS(otel_int("a", 3), otel_int("a", 1), otel_int("a", 2)));
    otel_counter_add(c, 8, OTEL_ATTRS(otel_int("a", 2), otel_int("a", 1)));
    collect();
    T_EQ_INT(n_points, 2);
    T_EQ_INT(value_with("a", 2), 7);
    T_EQ_INT(value_with("a", 1), 8);
    shut();
}

static void kinds_and_zeros_of_a_value_are_told_apart(void)
{
    const char   *none = NULL;
    otel_counter *c;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_int("a", 0)));
    otel_counter_add(c, 2, OTEL_ATTRS(otel_bool("a", false)));
    otel_counter_add(c, 3, OTEL_ATTRS(otel_f64("a", 0)));
    otel_counter_add(c, 4, OTEL_ATTRS(otel_f64("a", -0.0)));
    otel_counter_add(c, 5, OTEL_ATTRS(otel_str("a", "")));
    otel_counter_add(c, 6, OTEL_ATTRS(otel_str("a", none)));
    otel_counter_add(c, 7, OTEL_ATTRS(otel_str("a", "0")));
    otel_counter_add(c, 8, OTEL_ATTRS(otel_int("A", 0)));
    collect();
    T_EQ_INT(n_points, 8);
    shut();
}

/* Repair comes before identity: what is the same when delivered is one series. */
static void texts_that_are_repaired_to_the_same_are_one_set(void)
{
    otel_counter *c;

    open_with(2, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_str("a", "\xff")));
    otel_counter_add(c, 2, OTEL_ATTRS(otel_str("a", "\xfe")));
    otel_counter_add(c, 4, OTEL_ATTRS(otel_str("a", "\xef\xbf\xbd")));
    otel_counter_add(c, 8, OTEL_ATTRS(otel_int("\xff", 1), otel_int("\xfe", 2)));
    otel_counter_add(c, 16, OTEL_ATTRS(otel_int("\xef\xbf\xbd", 2)));
    otel_counter_add(c, 32, OTEL_ATTRS(otel_str("a", "\xff"))); /* also when the limit is reached */
    collect();
    T_EQ_INT(n_points, 2);
    T_EQ_INT(value_with("\xef\xbf\xbd", 2), 24);
    T_EQ_INT(overflow_value(), -1);
    T_EQ_INT(points[0].value, 39);
    shut();
}

static void the_first_128_attributes_count(void)
{
    char          names[130][8];
    otel_attr     items[130], reversed[128];
    otel_counter *c;
    unsigned      i;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < 130; i++) {
        (void)snprintf(names[i], sizeof names[i], "k%u", i);
        items[i] = otel_int(names[i], (int64_t)i);
    }
    for (i = 0; i < 128; i++) {
        reversed[i] = items[127 - i];
    }
    otel_counter_add(c, 1, otel_attrs_of(items, 128));
    otel_counter_add(c, 2, otel_attrs_of(items, 129));
    otel_counter_add(c, 4, otel_attrs_of(items, 130));
    otel_counter_add(c, 8, otel_attrs_of(reversed, 128));
    otel_counter_add(c, 16, otel_attrs_of(items, 127));
    n_points = 0;
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_points, 2);
    T_CHECK(points[0].value + points[1].value == 31);
    T_CHECK(points[0].value == 15 || points[1].value == 15);
    T_EQ_INT(series_in_use(), 2);
    shut();
}

static void instruments_do_not_share_their_sets(void)
{
    otel_counter *a, *b, *same;

    open_with(0, 0);
    a = otel_counter_create(scope, "a", "By", "text");
    b = otel_counter_create(scope, "b", "By", "text");
    same = otel_counter_create(scope, "a", "By", "text");
    T_CHECK(a != b && a == same);
    T_CHECK(otel_counter_create(scope, "a", "s", "text") != a);
    T_CHECK(otel_counter_create(otel_scope_get(sdk, "other", NULL), "a", "By", "text") != a);
    otel_counter_add(a, 1, OTEL_ATTRS(otel_int("k", 1)));
    otel_counter_add(b, 2, OTEL_ATTRS(otel_int("k", 1)));
    otel_counter_add(same, 4, OTEL_ATTRS(otel_int("k", 1)));
    collect();
    T_EQ_INT(n_points, 2);
    T_CHECK(points[0].value == 5 && strcmp(points[0].name, "a") == 0);
    T_CHECK(points[1].value == 2 && strcmp(points[1].name, "b") == 0);
    shut();
}

/* So many in so small a table that they meet in its cells. */
static void instruments_with_the_same_set_do_not_mix_in_a_crowded_table(void)
{
    enum { MANY = 200 };
    otel_counter *c[MANY];
    char          name[16];
    unsigned      i, round;

    open_with(0, 40000); /* 1024 cells, for some 400 series */
    for (i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "c%u", i);
        c[i] = otel_counter_create(scope, name, NULL, NULL);
    }
    for (round = 0; round < 3; round++) {
        for (i = 0; i < MANY; i++) {
            otel_counter_add(c[i], 1 + i, OTEL_ATTRS(otel_int("k", 1)));
        }
    }
    collect();
    T_EQ_INT(n_points, MANY);
    for (i = 0; i < n_points && i < MANY; i++) {
        (void)snprintf(name, sizeof name, "c%u", i);
        T_EQ_STR(points[i].name, name);
        T_EQ_INT(points[i].value, 3 * (1 + i));
    }
    shut();
}

/* ---- against a model ---- */

#define KEYS   5
#define VALUES 3 /* and absent: 4^5 sets */
#define SETS   1024

static const char *const key_names[KEYS] = { "a", "b", "long key number three", "d.e", "e" };

/* Makes a random list for a random set: any order, shadowed and keyless items among it. */
static unsigned draw_set(uint64_t *seed, otel_attr *items, unsigned *n)
{
    unsigned set = 0, k, i;

    *n = 0;
    for (k = 0; k < KEYS; k++) {
        const uint32_t v = random_below(seed, VALUES + 1); /* 0: absent */
        set = set * (VALUES + 1) + v;
        if (v > 0) {
            if (random_below(seed, 8) == 0) { /* a shadowed one, first: order below keeps it so */
                items[(*n)++] = otel_int(key_names[k], 77);
            }
            items[(*n)++] = otel_int(key_names[k], (int64_t)v);
        }
    }
    if (random_below(seed, 8) == 0) {
        items[(*n)++] = otel_int("", 5);
    }
    for (i = 0; i + 1 < *n; i++) { /* shuffle, but never an item past its own key's last one */
        const unsigned  at = i + random_below(seed, *n - i);
        const otel_attr one = items[i], other = items[at];
        bool            crosses = false;
        for (k = i; k <= at; k++) {
            crosses = crosses || (k != i && items[k].key == one.key) ||
                      (k != at && items[k].key == other.key);
        }
        if (!crosses) {
            items[i] = other;
            items[at] = one;
        }
    }
    return set;
}

static unsigned set_of(const point *p)
{
    const otel__pb_field m = message_of(p);
    unsigned             set = 0, k, n = 0;

    for (k = 0; k < KEYS; k++) {
        const int64_t v = attr_int(&m, attrs_field(p), key_names[k], 0);
        set = set * (VALUES + 1) + (unsigned)v;
        n += v != 0;
    }
    T_EQ_INT(count_fields(m.data, m.length, attrs_field(p)), n);
    return set;
}

static void compare(const uint64_t *totals, uint64_t overflow)
{
    bool     seen[SETS] = { false };
    unsigned i;

    for (i = 0; i < n_points; i++) {
        if (is_overflow(&points[i])) {
            T_EQ_INT(points[i].value, overflow);
        } else {
            const unsigned set = set_of(&points[i]);
            T_CHECK(set < SETS && !seen[set % SETS]); /* one point for a set */
            seen[set % SETS] = true;
            T_EQ_INT(points[i].value, totals[set % SETS]);
        }
    }
    for (i = 0; i < SETS && !t_bad; i++) {
        T_EQ_INT(seen[i], totals[i] > 0);
    }
}

/* Counter and histogram, each measurement in exactly one series: M-109. */
static void totals_of_random_sets_agree_with_the_model(void)
{
    static uint64_t totals[SETS], counts[SETS];
    uint64_t        seed = 53;
    otel_counter   *c;
    otel_histogram *h;
    unsigned        i, n;

    open_with(0, 0);
    memset(totals, 0, sizeof totals);
    memset(counts, 0, sizeof counts);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    for (i = 0; i < 30000 && !t_bad; i++) {
        otel_attr      items[16];
        const unsigned set = draw_set(&seed, items, &n);
        if (i % 3 == 0) {
            otel_histogram_record(h, 5, otel_attrs_of(items, n));
            counts[set]++;
        } else {
            otel_counter_add(c, i, otel_attrs_of(items, n));
            totals[set] += i;
        }
        if (i % 10000 == 9999) {
            unsigned     k, at = 0;
            static point all[POINTS];
            collect();
            memcpy(all, points, sizeof all);
            n = n_points;
            for (k = n_points = 0; k < n; k++) { /* one instrument at a time */
                if (strcmp(all[k].name, "c") == 0) {
                    points[n_points++] = all[k];
                }
            }
            compare(totals, 0);
            for (k = 0; k < n; k++) {
                if (strcmp(all[k].name, "h") == 0) {
                    points[at++] = all[k];
                }
            }
            n_points = at;
            compare(counts, 0);
        }
    }
    shut();
}

/* ---- collisions ---- */

/* The hash of a long key is that of its ends: keys that differ in the middle collide in full. */
static void sets_with_one_hash_are_told_apart(void)
{
    char          keys[200][32];
    otel_counter *c;
    unsigned      i, round;
    uint64_t      first = 0;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (round = 1; round <= 3; round++) {
        for (i = 0; i < 200; i++) {
            otel_attr a;
            uint64_t  hash;
            (void)snprintf(keys[i], sizeof keys[i], "begin...%03u...the end", i);
            a = otel_int(keys[i], 1);
            hash = otel__attr_hash(&a, otel__attr_hash_key(&a, strlen(keys[i])), 1);
            first = i == 0 ? hash : first;
            T_CHECK(hash == first); /* else this test has become a different one */
            otel_counter_add(c, i + 1, OTEL_ATTRS(a));
        }
    }
    collect();
    T_EQ_INT(n_points, 200);
    for (i = 0; i < 200; i++) {
        T_EQ_INT(value_with(keys[i], 1), 3 * (i + 1));
    }
    shut();
}

/* ---- limits ---- */

/* M-82: as many sets as the limit says, then the overflow series; M-83: the first ones go on. */
static void the_limit_is_exact_and_what_is_over_it_is_summed(void)
{
    uint32_t limit;
    int64_t  i;

    for (limit = 1; limit <= 5; limit++) {
        otel_counter *c;
        open_with(limit, 0);
        c = otel_counter_create(scope, "c", NULL, NULL);
        for (i = 0; i < limit; i++) {
            otel_counter_add(c, 1, OTEL_ATTRS(otel_int("k", i)));
        }
        collect();
        T_EQ_INT(n_points, limit);
        T_EQ_INT(overflow_value(), -1);
        T_EQ_INT(overflowing(), 0);
        for (i = 0; i < 10; i++) {
            otel_counter_add(c, 100, OTEL_ATTRS(otel_int("k", i)));
            otel_counter_add(c, 1000, OTEL_ATTRS(otel_int("k", 0))); /* the last one used */
        }
        collect();
        T_EQ_INT(n_points, limit + 1);
        T_EQ_INT(overflow_value(), 100 * (10 - (int64_t)limit));
        T_EQ_INT(value_with("k", 0), 10101);
        for (i = 1; i < limit; i++) {
            T_EQ_INT(value_with("k", i), 101);
        }
        {
            otel_stats s;
            otel_stats_get(sdk, &s);
            T_EQ_INT(s.overflowing_instruments, 1);
            T_EQ_INT(s.series, limit);
        }
        shut();
    }
}

static void the_limit_is_each_instruments_own(void)
{
    otel_counter   *a, *b;
    otel_histogram *h;
    int64_t         i;

    open_with(2, 0);
    a = otel_counter_create(scope, "a", NULL, NULL);
    b = otel_counter_create(scope, "b", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    for (i = 0; i < 4; i++) {
        otel_counter_add(a, 1, OTEL_ATTRS(otel_int("k", i)));
        otel_histogram_record(h, i, OTEL_ATTRS(otel_int("k", i)));
    }
    otel_counter_add(b, 1, OTEL_ATTRS(otel_int("k", 0)));
    collect();
    T_EQ_INT(n_points, 3 + 3 + 1);
    T_EQ_INT(overflowing(), 2); /* those two, however many sets they sent there */
    shut();
}

/* A program that uses the overflow's own attribute means that series: one point for one set. */
static void the_overflow_set_given_by_the_program_is_the_overflow_series(void)
{
    otel_counter *c;

    open_with(1, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_bool("otel.metric.overflow", true)));
    otel_counter_add(c, 2, OTEL_ATTRS(otel_int("k", 1)));
    otel_counter_add(c, 4, OTEL_ATTRS(otel_int("k", 2)));
    collect();
    T_EQ_INT(overflow_value(), 5); /* also checks that there is one such point */
    T_EQ_INT(overflowing(), 1);
    T_EQ_INT(value_with("k", 1), 2);
    shut();
}

static void totals_stay_right_when_the_pool_is_used_up(void)
{
    static const uint32_t sizes[] = { 256, 512, 1000, 4096, 20000 };
    size_t                k;

    for (k = 0; k < COUNT(sizes); k++) {
        otel_counter *c;
        int64_t       i, total = 0;
        unsigned      p, with_overflow = 0;
        char          text[64];

        open_with(0, sizes[k]);
        c = otel_counter_create(scope, "c", NULL, NULL);
        if (!T_CHECK(c != NULL)) {
            shut();
            continue;
        }
        for (i = 0; i < 1000; i++) {
            (void)snprintf(text, sizeof text, "value %u", (unsigned)(i % 500));
            otel_counter_add(c, 1, OTEL_ATTRS(otel_str("some key", text), otel_int("n", i % 7)));
        }
        collect();
        for (p = 0; p < n_points; p++) {
            total += (int64_t)points[p].value;
            with_overflow += is_overflow(&points[p]);
        }
        T_EQ_INT(total, 1000);
        T_EQ_INT(with_overflow, 1);
        {
            otel_stats s;
            otel_stats_get(sdk, &s);
            T_EQ_INT(s.series, n_points - 1);
            T_CHECK(s.series_bytes_used <= sizes[k] && s.series_bytes_used > 0);
        }
        shut();
    }
}

static void an_instrument_that_finds_no_memory_is_not_made(void)
{
    otel_histogram *h;
    double          bounds[200];
    unsigned        i;

    for (i = 0; i < 200; i++) {
        bounds[i] = i;
    }
    open_with(0, 1024);
    {
        otel_histogram_options options = { bounds, 200, 0, 0, 0, false }; /* some 5 KiB a series */
        h = otel_histogram_create(scope, "h", NULL, NULL, &options);
    }
    T_CHECK(h == NULL);
    otel_histogram_record(h, 1, OTEL_NO_ATTRS);
    T_CHECK(otel_counter_create(scope, "c", NULL, NULL) != NULL); /* there is room for that */
    collect();
    T_EQ_INT(n_points, 0);
    shut();
}

/* Asking in vain again and again must not use up the memory for names. */
static void instruments_asked_for_in_vain_take_no_memory(void)
{
    double                 bounds[200];
    otel_histogram_options options = { bounds, 200, 0, 0, 0, false };
    size_t                 used;
    unsigned               i;

    for (i = 0; i < 200; i++) {
        bounds[i] = i;
    }
    open_with(0, 1024);
    (void)otel_histogram_create(scope, "h", NULL, NULL, &options);
    used = sdk->e.r.text.used;
    for (i = 0; i < 100; i++) {
        (void)otel_histogram_create(scope, "h", NULL, NULL, &options);
    }
    T_EQ_INT(sdk->e.r.text.used, used);
    shut();
}

/* ---- the pool's spares ---- */

static void memory_that_was_given_back_is_taken_again(void)
{
    otel__metrics *m;
    uint32_t       small, large, at, i;

    open_with(0, 0);
    m = &sdk->metrics;
    small = otel__series_take(m, 100);
    large = otel__series_take(m, 1000);
    T_CHECK(small != 0 && large != 0 && small != large);
    T_CHECK(otel__series_at(m, small)->bytes >= 100 && otel__series_at(m, large)->bytes >= 1000);
    otel__series_give(m, small);
    otel__series_give(m, large);
    at = otel__series_take(m, 500); /* the small one does not do */
    T_EQ_INT(at, large);
    T_CHECK(otel__series_at(m, at)->bytes >= 1000);
    T_EQ_INT(otel__series_take(m, 100), small);
    at = otel__a32_peek(&m->pool_used);
    T_CHECK(otel__series_take(m, 100) > 0);
    T_CHECK(otel__a32_peek(&m->pool_used) > at); /* no spare is left */
    for (i = 0; i < OTEL__SERIES_SPARES + 3; i++) {
        otel__series_give(m, otel__series_take(m, 64)); /* too many are lost, not mixed up */
    }
    shut();
}

static void the_pools_mark_never_passes_its_end(void)
{
    otel__metrics *m;
    unsigned       i, got = 0;

    open_with(0, 1000);
    m = &sdk->metrics;
    for (i = 0; i < 1000; i++) {
        got += otel__series_take(m, 72) != 0;
        T_CHECK(otel__a32_peek(&m->pool_used) <= m->pool_units);
    }
    T_EQ_INT(got, 1000 / 72);
    T_EQ_INT(otel__series_take(m, 0x7fffffffu), 0);
    shut();
}

/* ---- values ---- */

static void each_kind_keeps_its_value(void)
{
    otel_updown      *u;
    otel_gauge       *g;
    otel_counter_f64 *d;
    otel_gauge_f64   *gd;
    otel_updown_f64  *ud;
    unsigned          i;

    open_with(0, 0);
    u = otel_updown_create(scope, "u", NULL, NULL);
    g = otel_gauge_create(scope, "g", NULL, NULL);
    d = otel_counter_create_f64(scope, "d", NULL, NULL);
    gd = otel_gauge_create_f64(scope, "gd", NULL, NULL);
    ud = otel_updown_create_f64(scope, "ud", NULL, NULL);
    otel_updown_add(u, 5, OTEL_NO_ATTRS);
    otel_updown_add(u, -7, OTEL_NO_ATTRS);
    otel_gauge_set(g, 5, OTEL_NO_ATTRS);
    otel_gauge_set(g, -9, OTEL_NO_ATTRS);
    otel_counter_add_f64(d, 0.5, OTEL_NO_ATTRS);
    otel_counter_add_f64(d, 0.25, OTEL_NO_ATTRS);
    otel_gauge_set_f64(gd, -1.5, OTEL_NO_ATTRS);
    otel_updown_add_f64(ud, -2.5, OTEL_NO_ATTRS);
    collect();
    T_EQ_INT(n_points, 5);
    for (i = 0; i < n_points; i++) {
        const double real = otel__platform_bits_double(points[i].value);
        if (strcmp(points[i].name, "u") == 0) {
            T_EQ_INT(points[i].value, -2);
        } else if (strcmp(points[i].name, "g") == 0) {
            T_EQ_INT(points[i].value, -9);
        } else {
            T_CHECK(real == (points[i].name[0] == 'd'   ? 0.75
                             : points[i].name[0] == 'g' ? -1.5
                                                        : -2.5));
        }
    }
    shut();
}

static void a_point_of_zero_is_delivered_and_one_never_touched_is_not(void)
{
    otel_counter *c;
    otel_gauge   *g;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    g = otel_gauge_create(scope, "g", NULL, NULL);
    collect();
    T_EQ_INT(n_metrics, 0); /* P-30: no metric without a point */
    otel_counter_add(c, 0, OTEL_NO_ATTRS);
    otel_gauge_set(g, 0, OTEL_NO_ATTRS);
    collect();
    T_EQ_INT(n_points, 2);
    shut();
}

static void values_that_cannot_be_kept_are_counted_and_change_nothing(void)
{
    const double        bad[] = { 1e308 * 10, -1e308 * 10, (1e308 * 10) * 0 };
    otel_counter_f64   *d;
    otel_histogram_f64 *h;
    otel_counter       *c;
    otel_stats          s;
    size_t              i;

    open_with(0, 0);
    d = otel_counter_create_f64(scope, "d", NULL, NULL);
    h = otel_histogram_create_f64(scope, "h", NULL, NULL, NULL);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < COUNT(bad); i++) {
        otel_counter_add_f64(d, bad[i], OTEL_NO_ATTRS);
        otel_histogram_record_f64(h, bad[i], OTEL_NO_ATTRS);
        otel_updown_add_f64(otel_updown_create_f64(scope, "u", NULL, NULL), bad[i], OTEL_NO_ATTRS);
        otel_gauge_set_f64(otel_gauge_create_f64(scope, "g", NULL, NULL), bad[i], OTEL_NO_ATTRS);
    }
    otel_counter_add_f64(d, -1, OTEL_NO_ATTRS);
    otel_counter_add(c, -1, OTEL_NO_ATTRS);
    otel_counter_add(c, INT64_MIN, OTEL_NO_ATTRS);
    collect();
    T_EQ_INT(n_points, 0);
    otel_stats_get(sdk, &s);
    T_EQ_INT(s.bad_values, 15);
    shut();
}

/* ---- large readings ---- */

static void a_reading_larger_than_a_record_comes_in_several(void)
{
    enum { MANY = 3000 };
    static bool   seen[MANY];
    otel_options  o;
    otel_counter *c;
    int64_t       i;
    unsigned      p;

    memset(&o, 0, sizeof o);
    memset(seen, 0, sizeof seen);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_series = MANY;
    o.metric_queue_bytes = 1 << 20;
    o.max_request_bytes = 20000; /* what bounds a record */
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "test", NULL);
    c = otel_counter_create(scope, "c", "By", "a description");
    for (i = 0; i < MANY; i++) {
        otel_counter_add(c, i + 1, OTEL_ATTRS(otel_int("k", i)));
    }
    largest_record = 0;
    collect();
    T_CHECK(n_metrics > 5);
    T_CHECK(largest_record > 10000 && largest_record < 20000);
    T_EQ_INT(n_points, MANY);
    for (p = 0; p < n_points && p < POINTS; p++) {
        const otel__pb_field m = message_of(&points[p]);
        i = attr_int(&m, 7, "k", -1);
        if (T_CHECK(i >= 0 && i < MANY && !seen[i])) {
            seen[i] = true;
            T_EQ_INT(points[p].value, i + 1);
        }
    }
    shut();
}

/* A resource that takes much of a request leaves less for each record. */
static void readings_fit_a_request_whatever_the_resource_takes(void)
{
    static char   text[3000];
    otel_options  o;
    otel_attr     attr;
    otel_stats    s;
    otel_counter *c;
    int64_t       i;

    memset(&o, 0, sizeof o);
    memset(text, 'x', sizeof text - 1);
    attr = otel_str("a long text", text);
    o.resource = otel_attrs_of(&attr, 1);
    o.transport.send = take;
    o.ignore_environment = true;
    o.max_request_bytes = 5000;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "test", NULL);
    c = otel_counter_create(scope, "c", NULL, NULL);
    for (i = 0; i < 200; i++) {
        otel_counter_add(c, 1, OTEL_ATTRS(otel_int("k", i)));
    }
    n_points = 0;
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_points, 200);
    otel_stats_get(sdk, &s);
    T_EQ_INT(s.signal[OTEL_SIGNAL_METRICS].dropped[OTEL_DROP_TOO_LARGE], 0);
    shut();
}

static void readings_add_up_over_time(void)
{
    otel_counter   *c;
    otel_histogram *h;
    uint64_t        start[2] = { 0, 0 };
    unsigned        round, p;

    open_with(0, 0);
    c = otel_counter_create(scope, "c", NULL, NULL);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    for (round = 1; round <= 4; round++) {
        otel_counter_add(c, 3, OTEL_NO_ATTRS);
        otel_histogram_record(h, 3, OTEL_NO_ATTRS);
        collect();
        T_EQ_INT(n_points, 2);
        for (p = 0; p < 2; p++) {
            const otel__pb_field m = message_of(&points[p]);
            T_EQ_INT(points[p].value, points[p].histogram ? round : 3 * round);
            T_CHECK(round == 1 || field_value(&m, 2, 0) == start[p]); /* the start stays */
            start[p] = field_value(&m, 2, 0);
        }
    }
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(order_does_not_make_a_set);
    T_RUN(no_attributes_are_a_set_too);
    T_RUN(of_equal_keys_the_last_one_makes_the_set);
    T_RUN(kinds_and_zeros_of_a_value_are_told_apart);
    T_RUN(texts_that_are_repaired_to_the_same_are_one_set);
    T_RUN(the_first_128_attributes_count);
    T_RUN(instruments_do_not_share_their_sets);
    T_RUN(instruments_with_the_same_set_do_not_mix_in_a_crowded_table);
    T_RUN(totals_of_random_sets_agree_with_the_model);
    T_RUN(sets_with_one_hash_are_told_apart);
    T_RUN(the_limit_is_exact_and_what_is_over_it_is_summed);
    T_RUN(the_limit_is_each_instruments_own);
    T_RUN(the_overflow_set_given_by_the_program_is_the_overflow_series);
    T_RUN(totals_stay_right_when_the_pool_is_used_up);
    T_RUN(an_instrument_that_finds_no_memory_is_not_made);
    T_RUN(instruments_asked_for_in_vain_take_no_memory);
    T_RUN(memory_that_was_given_back_is_taken_again);
    T_RUN(the_pools_mark_never_passes_its_end);
    T_RUN(each_kind_keeps_its_value);
    T_RUN(a_point_of_zero_is_delivered_and_one_never_touched_is_not);
    T_RUN(values_that_cannot_be_kept_are_counted_and_change_nothing);
    T_RUN(a_reading_larger_than_a_record_comes_in_several);
    T_RUN(readings_fit_a_request_whatever_the_resource_takes);
    T_RUN(readings_add_up_over_time);
    return t_end();
}
