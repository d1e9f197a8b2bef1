/* The memory of live spans: items across slot and chunks, replaced ones, what happens when there is
 * no room, names that are too long; against a model of what a span should hold. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* ---- an SDK whose spans are kept ---- */

static uint8_t  kept[1 << 20]; /* the last span delivered */
static size_t   n_kept;
static unsigned n_spans;

static void keep(void *user, const otel__pb_field *scope, const otel__pb_field *record)
{
    (void)user;
    (void)scope;
    n_spans++;
    n_kept = record->length < sizeof kept ? record->length : 0;
    memcpy(kept, record->data, n_kept);
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(each_record(request, keep, NULL), request->n_records);
    return OTEL_TRANSPORT_SENT;
}

static otel_sdk   *sdk;
static otel_scope *scope;

static void open_with(uint32_t chunks, uint32_t slots)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.span_chunks = chunks;
    o.max_open_spans = slots;
    o.span_queue_bytes = 1 << 20;
    n_spans = 0;
    n_kept = 0;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "test", NULL);
}

static otel_stats stats(void)
{
    otel_stats s;

    otel_stats_get(sdk, &s);
    return s;
}

/* Ends the span, delivers it and gives it as a message; checks what holds for all of them. */
static otel__pb_field delivered(otel_span span)
{
    const unsigned before = n_spans;
    otel__pb_field m;

    otel_span_end(span);
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_spans, before + 1);
    T_CHECK(stats_add_up(sdk));
    T_EQ_INT(otel__pool_free_count(&sdk->trace.pool), sdk->trace.pool.n);
    memset(&m, 0, sizeof m);
    m.data = kept;
    m.length = n_kept;
    return m;
}

static void shut(void)
{
    otel_release(sdk);
    sdk = NULL;
}

/* A C string of n times `c`; give it back with free(). */
static char *text_of(char c, size_t n)
{
    char *s = (char *)malloc(n + 1);

    memset(s, c, n);
    s[n] = '\0';
    return s;
}

#define ATTRS          9u /* fields of a Span */
#define DROPPED_ATTRS  10u
#define EVENTS         11u
#define DROPPED_EVENTS 12u
#define STATUS         15u

static int status_of(const otel__pb_field *m)
{
    otel__pb_field status;
    return find_field(m->data, m->length, STATUS, 0, &status) ? (int)field_value(&status, 3, 0) : 0;
}

/* ---- regions ---- */

/* One attribute of every size around the end of the slot and of a chunk, and one behind it. */
static void an_attribute_of_any_size_comes_back_whole(void)
{
    size_t n;

    open_with(0, 0);
    for (n = 300; n < 2100; n += n < 480 || (n > 980 && n < 1060) ? 1 : 7) {
        char          *value = text_of('x', n);
        otel_span      span = otel_span_start(scope, "sized", NULL);
        otel__pb_field m, any;

        otel_span_set(span, OTEL_ATTRS(otel_str("big", value)));
        otel_span_set(span, OTEL_ATTRS(otel_int("behind", (int64_t)n)));
        m = delivered(span);
        T_CHECK(find_attr(&m, ATTRS, "big", &any) && field_is(&any, 1, value));
        T_EQ_INT(attr_int(&m, ATTRS, "behind", -1), n);
        T_EQ_INT(count_fields(m.data, m.length, ATTRS), 2);
        T_EQ_INT(count_fields(m.data, m.length, DROPPED_ATTRS), 0);
        free(value);
    }
    shut();
}

static void many_attributes_keep_their_order_across_regions(void)
{
    char           name[16], *value = text_of('v', 200);
    otel_span      span;
    otel__pb_field m, kv;
    unsigned       i;

    open_with(0, 0);
    span = otel_span_start(scope, "many", NULL);
    for (i = 0; i < 128; i++) {
        (void)snprintf(name, sizeof name, "key.%u", i);
        otel_span_set(span, OTEL_ATTRS(otel_str(name, value)));
    }
    T_CHECK(span.slot->n_extents > 3);
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, ATTRS), 128);
    for (i = 0; i < 128; i++) {
        (void)snprintf(name, sizeof name, "key.%u", i);
        T_CHECK(find_field(m.data, m.length, ATTRS, i, &kv) && field_is(&kv, 1, name));
    }
    free(value);
    shut();
}

static void the_largest_item_is_a_run_of_chunks(void)
{
    const size_t   most = (size_t)OTEL__POOL_RUN * OTEL_LITE_CHUNK_BYTES;
    char          *value = text_of('x', most);
    otel_span      span;
    otel__pb_field m, any;

    open_with(64, 0);
    span = otel_span_start(scope, "run", NULL);
    otel_span_set(span, OTEL_ATTRS(otel_str("too big", value)));
    value[most - 21] = '\0'; /* the lengths of field, value and text take four bytes each */
    otel_span_set(span, OTEL_ATTRS(otel_str("k", value)));
    m = delivered(span);
    T_CHECK(find_attr(&m, ATTRS, "k", &any) && field_is(&any, 1, value));
    T_CHECK(!find_attr(&m, ATTRS, "too big", &any));
    T_EQ_INT(field_value(&m, DROPPED_ATTRS, 0), 1);
    free(value);
    shut();
}

/* Text that turns out not to be UTF-8 grows to three times its size while it is written. */
static void text_that_grows_by_repair_stays_inside_its_region(void)
{
    size_t   n;
    uint32_t chunks;

    for (chunks = 1; chunks <= 65; chunks += 32) {
        open_with(chunks, 0);
        for (n = 1; n < 24000; n += n < 700 ? 23 : 517) {
            char          *value = text_of((char)0xff, n);
            otel_span      span = otel_span_start(scope, "broken", NULL);
            otel__pb_field m, any;

            otel_span_set(span, OTEL_ATTRS(otel_str("k", value), otel_str("l", value)));
            T_CHECK(span.slot->at <= span.slot->limit);
            m = delivered(span); /* well formed, and the pool is whole again */
            if (find_attr(&m, ATTRS, "k", &any)) {
                otel__pb_field text;
                T_CHECK(find_field(any.data, any.length, 1, 0, &text) && text.length == 3 * n);
            }
            T_EQ_INT(count_fields(m.data, m.length, ATTRS) + field_value(&m, DROPPED_ATTRS, 0), 2);
            free(value);
        }
        shut();
    }
}

/* ---- replacing ---- */

static void a_key_that_is_set_again_has_the_last_value_once(void)
{
    otel_span      span;
    otel__pb_field m, any;

    open_with(0, 0);
    span = otel_span_start(scope, "again", NULL);
    otel_span_set(span, OTEL_ATTRS(otel_int("a", 1), otel_int("b", 2), otel_int("a", 3)));
    otel_span_set(span, OTEL_ATTRS(otel_str("b", "a longer value")));
    otel_span_set(span, OTEL_ATTRS(otel_bool("a", false)));
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, ATTRS), 2);
    T_CHECK(find_attr(&m, ATTRS, "a", &any) && field_value(&any, 2, 9) == 0);
    T_CHECK(find_attr(&m, ATTRS, "b", &any) && field_is(&any, 1, "a longer value"));
    shut();
}

/* Progress set in a loop: the last value arrives, and the pool is left to others. */
static void a_value_set_a_hundred_thousand_times_takes_no_more_room(void)
{
    otel_span      span;
    otel__pb_field m;
    int            i;

    open_with(4, 0);
    span = otel_span_start(scope, "progress", NULL);
    for (i = 1; i <= 100000; i++) {
        otel_span_set(span, OTEL_ATTRS(otel_int("progress", i)));
    }
    T_CHECK(otel__pool_free_count(&sdk->trace.pool) > 0);
    m = delivered(span);
    T_EQ_INT(attr_int(&m, ATTRS, "progress", -1), 100000);
    T_EQ_INT(count_fields(m.data, m.length, ATTRS), 1);
    T_EQ_INT(field_value(&m, DROPPED_ATTRS, 0), 0);
    shut();
}

/* C-10: a key that is there already does not count against the limit. */
static void a_full_span_still_takes_new_values_for_its_keys(void)
{
    char           name[16];
    otel_span      span;
    otel__pb_field m;
    unsigned       i;

    open_with(0, 0);
    span = otel_span_start(scope, "full", NULL);
    for (i = 0; i < 130; i++) {
        (void)snprintf(name, sizeof name, "key.%u", i);
        otel_span_set(span, OTEL_ATTRS(otel_int(name, (int64_t)i)));
    }
    otel_span_set(span, OTEL_ATTRS(otel_int("key.127", 7000), otel_int("key.129", 9)));
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, ATTRS), 128);
    T_EQ_INT(attr_int(&m, ATTRS, "key.127", -1), 7000);
    T_EQ_INT(attr_int(&m, ATTRS, "key.0", -1), 0);
    T_EQ_INT(attr_int(&m, ATTRS, "key.128", -1), -1);
    T_EQ_INT(field_value(&m, DROPPED_ATTRS, 0), 3);
    T_EQ_INT(stats().dropped_attributes, 3);
    shut();
}

static void keys_that_are_the_same_after_repair_are_one_key(void)
{
    otel_span      span;
    otel__pb_field m;

    open_with(0, 0);
    span = otel_span_start(scope, "repaired", NULL);
    otel_span_set(span, OTEL_ATTRS(otel_int("\xff", 1)));
    otel_span_set(span, OTEL_ATTRS(otel_int("\xff", 2)));
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, ATTRS), 1);
    T_EQ_INT(attr_int(&m, ATTRS, "\xef\xbf\xbd", -1), 2);
    shut();
}

/* ---- no room ---- */

static void what_finds_no_room_is_counted(void)
{
    char          *value = text_of('x', 100), name[16];
    otel_span      span;
    otel__pb_field m;
    unsigned       i;

    open_with(1, 0); /* 512 bytes and one chunk of 1024 */
    span = otel_span_start(scope, "small", NULL);
    for (i = 0; i < 30; i++) {
        (void)snprintf(name, sizeof name, "key.%02u", i);
        otel_span_set(span, OTEL_ATTRS(otel_str(name, value)));
    }
    for (i = 0; i < 10; i++) {
        otel_span_add_event(span, "event", OTEL_ATTRS(otel_str("text", value)));
    }
    otel_span_set(span, OTEL_ATTRS(otel_int(NULL, 1), otel_int("", 1))); /* no attributes */
    m = delivered(span);
    i = count_fields(m.data, m.length, ATTRS);
    T_CHECK(i > 8 && i < 14);
    T_EQ_INT(i + field_value(&m, DROPPED_ATTRS, 0), 32);
    T_EQ_INT(count_fields(m.data, m.length, EVENTS) + field_value(&m, DROPPED_EVENTS, 0), 10);
    T_EQ_INT(stats().dropped_attributes, 32 - i);
    T_EQ_INT(stats().dropped_events, field_value(&m, DROPPED_EVENTS, 0));
    free(value);
    shut();
}

static void a_span_takes_128_events(void)
{
    otel_span      span;
    otel__pb_field m;
    unsigned       i;

    open_with(0, 0);
    span = otel_span_start(scope, "events", NULL);
    for (i = 0; i < 131; i++) {
        otel_span_add_event(span, "e", OTEL_NO_ATTRS);
    }
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, EVENTS), 128);
    T_EQ_INT(field_value(&m, DROPPED_EVENTS, 0), 3);
    shut();
}

/* Whatever else found no room: that the operation failed is told. */
static void a_status_finds_room_in_a_full_span(void)
{
    char          *value = text_of('x', 50), *message = text_of('m', 5000), name[16];
    otel_span      span;
    otel__pb_field m;
    unsigned       i;

    open_with(OTEL_ZERO, 0);
    span = otel_span_start(scope, "full", NULL);
    for (i = 0; i < 60; i++) { /* smaller and smaller ones: not a byte is left */
        (void)snprintf(name, sizeof name, "%u", i);
        value[i < 10 ? 50 : i < 50 ? 50 - i : 0] = '\0';
        otel_span_set(span, OTEL_ATTRS(otel_str(name, value)));
    }
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, message);
    m = delivered(span);
    T_EQ_INT(status_of(&m), OTEL_STATUS_CODE_ERROR);
    free(value);
    free(message);
    shut();
}

static void a_message_that_finds_no_room_leaves_its_status(void)
{
    char          *message = text_of('m', 5000);
    otel_span      span;
    otel__pb_field m, status, text;

    open_with(OTEL_ZERO, 0);
    span = otel_span_start(scope, "failed", NULL);
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, message);
    m = delivered(span);
    T_EQ_INT(status_of(&m), OTEL_STATUS_CODE_ERROR);
    T_CHECK(find_field(m.data, m.length, STATUS, 0, &status));
    T_CHECK(!find_field(status.data, status.length, 2, 0, &text));
    free(message);
    shut();
}

static void a_later_status_replaces_an_earlier_one_but_not_ok(void)
{
    otel_span      span;
    otel__pb_field m, status;

    open_with(0, 0);
    span = otel_span_start(scope, "twice", NULL);
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "first");
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "second \xff");
    otel_span_set_status(span, OTEL_STATUS_CODE_UNSET, "ignored");
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, STATUS), 1);
    T_CHECK(find_field(m.data, m.length, STATUS, 0, &status));
    T_CHECK(field_is(&status, 2, "second \xef\xbf\xbd"));

    span = otel_span_start(scope, "good", NULL);
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "first");
    otel_span_set_status(span, OTEL_STATUS_CODE_OK, "ok has no message");
    otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "too late");
    m = delivered(span);
    T_EQ_INT(count_fields(m.data, m.length, STATUS), 1);
    T_EQ_INT(status_of(&m), OTEL_STATUS_CODE_OK);
    T_CHECK(find_field(m.data, m.length, STATUS, 0, &status));
    T_CHECK(count_fields(status.data, status.length, 2) == 0);
    shut();
}

/* ---- names ---- */

static const char *const characters[] = { "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };

static void a_name_that_is_too_long_is_cut_between_characters(void)
{
    char   *name = (char *)malloc(4096);
    size_t  n, k, i;
    uint8_t shift;

    open_with(OTEL_ZERO, 0);
    for (k = 0; k < COUNT(characters); k++) {
        const size_t width = strlen(characters[k]);
        for (n = 420; n < 470; n++) {
            for (shift = 0; shift < width; shift++) {
                otel__pb_field m, got;
                size_t         length = 0;

                memset(name, '.', shift);
                for (i = shift; i < n; i += width) {
                    memcpy(name + i, characters[k], width);
                }
                name[i] = '\0';
                m = delivered(otel_span_start(scope, name, NULL));
                if (T_CHECK(find_field(m.data, m.length, 5, 0, &got))) {
                    length = got.length;
                    T_CHECK(memcmp(got.data, name, length) == 0);
                    T_CHECK((length - shift) % width == 0);
                }
                T_CHECK(length == i || length > 430);
                T_CHECK(length <= OTEL_LITE_SPAN_BYTES - OTEL__SPAN_HEAD);
            }
        }
    }
    free(name);
    shut();
}

static void a_long_name_that_is_not_utf8_is_cut_and_repaired(void)
{
    size_t n;

    open_with(OTEL_ZERO, 0);
    for (n = 100; n < 600; n++) {
        char          *name = text_of((char)0xff, n);
        otel__pb_field m, got;

        m = delivered(otel_span_start(scope, name, NULL));
        T_CHECK(find_field(m.data, m.length, 5, 0, &got));
        T_CHECK(got.length == 3 * n || (got.length > 400 && got.length < 449));
        free(name);
    }
    shut();
}

static void a_long_name_is_whole_while_there_are_chunks(void)
{
    char          *name = text_of('n', 30000);
    otel__pb_field m;

    open_with(64, 0);
    m = delivered(otel_span_start(scope, name, NULL));
    T_CHECK(field_is(&m, 5, name));
    m = delivered(otel_span_start(scope, NULL, NULL));
    T_EQ_INT(count_fields(m.data, m.length, 5), 0); /* P-02: an empty name is left out */
    free(name);
    shut();
}

/* ---- slots and handles ---- */

static void a_span_that_finds_no_slot_has_ids_and_is_counted(void)
{
    otel_span    spans[4], fifth;
    otel_context none;
    unsigned     i;

    memset(&none, 0, sizeof none);
    open_with(0, 4);
    for (i = 0; i < 4; i++) {
        spans[i] = otel_span_start(scope, "slot", NULL);
    }
    fifth = otel_span_start(scope, "none", NULL);
    T_CHECK(!otel_span_is_recording(fifth));
    T_CHECK(memcmp(&fifth.context, &none, 24) != 0 && otel__context_is_valid(&fifth.context));
    otel_span_set(fifth, OTEL_ATTRS(otel_int("a", 1)));
    otel_span_end(fifth);
    T_EQ_INT(stats().signal[0].dropped[OTEL_DROP_NO_SLOT], 1);
    T_EQ_INT(stats().signal[0].open, 4);
    T_CHECK(stats_add_up(sdk));
    (void)delivered(spans[2]);
    T_CHECK(otel_span_is_recording(otel_span_start(scope, "again", NULL)));
    T_CHECK(stats_add_up(sdk));
    shut();
}

static void an_ended_or_empty_handle_changes_nothing(void)
{
    otel_span      first, second, zero;
    otel__pb_field m;

    memset(&zero, 0, sizeof zero);
    open_with(0, 1); /* both in one slot */
    first = otel_span_start(scope, "first", NULL);
    (void)delivered(first);
    second = otel_span_start(scope, "second", NULL);
    T_CHECK(second.slot == first.slot);
    T_CHECK(!otel_span_is_recording(first) && otel_span_is_recording(second));
    otel_span_set(first, OTEL_ATTRS(otel_int("stale", 1)));
    otel_span_add_event(first, "stale", OTEL_NO_ATTRS);
    otel_span_set_status(first, OTEL_STATUS_CODE_ERROR, "stale");
    otel_span_end(first);
    otel_span_end(zero);
    otel_span_set(zero, OTEL_ATTRS(otel_int("stale", 1)));
    otel_span_add_event(zero, "stale", OTEL_NO_ATTRS);
    otel_span_set_status(zero, OTEL_STATUS_CODE_ERROR, "stale");
    T_CHECK(otel_span_is_recording(second));
    m = delivered(second);
    T_CHECK(field_is(&m, 5, "second"));
    T_EQ_INT(count_fields(m.data, m.length, ATTRS) + count_fields(m.data, m.length, EVENTS), 0);
    T_EQ_INT(status_of(&m), 0);
    otel_span_end(second);
    T_EQ_INT(otel_flush(sdk, 1000), OTEL_OK);
    T_EQ_INT(n_spans, 2);
    shut();
}

static void a_generation_that_wraps_leaves_a_usable_slot(void)
{
    otel_span span;
    unsigned  i;

    open_with(0, 1);
    otel__a32_store(&sdk->trace.slots[0].word, 0xffffffe0u); /* two spans from the wrap */
    for (i = 0; i < 5; i++) {
        span = otel_span_start(scope, "wrap", NULL);
        T_CHECK(otel_span_is_recording(span) && span.generation % 2 == 1);
        otel_span_set(span, OTEL_ATTRS(otel_int("a", 1)));
        (void)delivered(span);
    }
    shut();
}

static void a_span_larger_than_half_the_queue_is_refused_and_its_chunks_come_back(void)
{
    otel_options o;
    char        *value = text_of('x', 20000);
    otel_span    span;

    memset(&o, 0, sizeof o);
    o.transport.send = take;
    o.ignore_environment = true;
    o.span_queue_bytes = 32768;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "test", NULL);
    span = otel_span_start(scope, "large", NULL);
    otel_span_set(span, OTEL_ATTRS(otel_str("k", value)));
    otel_span_end(span);
    T_EQ_INT(stats().signal[0].dropped[OTEL_DROP_TOO_LARGE], 1);
    T_EQ_INT(otel__pool_free_count(&sdk->trace.pool), sdk->trace.pool.n);
    T_CHECK(stats_add_up(sdk));
    free(value);
    shut();
}

/* ---- against a model ---- */

#define KEYS 24

typedef struct expected {
    bool     there[KEYS];
    int64_t  number[KEYS];
    size_t   length[KEYS]; /* of a text; 0: the number counts */
    unsigned events, dropped;
} expected;

static char random_text[3000];

/* Sets a random key to a random value and says so in the model. */
static void set_random(otel_span span, expected *e, uint64_t *seed)
{
    const uint32_t dropped = span.slot->dropped_attrs;
    const uint32_t k = random_below(seed, KEYS);
    const int64_t  number = (int64_t)(random_of(seed) >> random_below(seed, 64));
    const size_t   length = random_below(seed, 4) != 0   ? 0
                            : random_below(seed, 8) != 0 ? 1 + random_below(seed, 300)
                                                         : 1 + random_below(seed, 2990);
    char           key[16];

    (void)snprintf(key, sizeof key, "key %u", (unsigned)k);
    otel_span_set(span, OTEL_ATTRS(length == 0 ? otel_int(key, number)
                                               : otel_strn(key, random_text, length)));
    if (span.slot->dropped_attrs != dropped) { /* no room: what was there stays */
        e->dropped++;
        T_EQ_INT(span.slot->dropped_attrs, dropped + 1);
    } else {
        e->there[k] = true;
        e->number[k] = number;
        e->length[k] = length;
    }
}

static void compare(const otel__pb_field *m, const expected *e)
{
    unsigned k, n = 0;

    for (k = 0; k < KEYS; k++) {
        otel__pb_field any, text;
        char           key[16];
        (void)snprintf(key, sizeof key, "key %u", k);
        T_EQ_INT(find_attr(m, ATTRS, key, &any), e->there[k]);
        if (e->there[k] && e->length[k] > 0) {
            T_CHECK(find_field(any.data, any.length, 1, 0, &text));
            T_EQ_INT(text.length, e->length[k]);
            T_CHECK(memcmp(text.data, random_text, text.length) == 0);
        } else if (e->there[k]) {
            T_CHECK(field_value(&any, 3, 77) == (uint64_t)e->number[k]);
        }
        n += e->there[k];
    }
    T_EQ_INT(count_fields(m->data, m->length, ATTRS), n);
    T_EQ_INT(field_value(m, DROPPED_ATTRS, 0), e->dropped);
    T_EQ_INT(count_fields(m->data, m->length, EVENTS) + field_value(m, DROPPED_EVENTS, 0),
             e->events);
}

static void random_spans_hold_what_the_model_holds(void)
{
    uint64_t seed = 31;
    unsigned run, i, dropped = 0, grown = 0;

    memset(random_text, 't', sizeof random_text);
    open_with(6, 0);
    for (run = 0; run < 1500 && !t_bad; run++) {
        const unsigned n = random_below(&seed, 60);
        otel_span      span = otel_span_start(scope, "model", NULL);
        expected       e;
        otel__pb_field m;

        memset(&e, 0, sizeof e);
        for (i = 0; i < n; i++) {
            switch (random_below(&seed, 12)) {
            case 0:
                otel_span_add_event(span, "event", OTEL_ATTRS(otel_strn("k", random_text, i * 4)));
                e.events++;
                break;
            case 1: otel_span_set_status(span, OTEL_STATUS_CODE_ERROR, "message"); break;
            default: set_random(span, &e, &seed); break;
            }
        }
        dropped += e.dropped;
        grown += span.slot->n_extents > 1;
        m = delivered(span);
        compare(&m, &e);
    }
    T_CHECK(dropped > 100 && grown > 100); /* both were met */
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(an_attribute_of_any_size_comes_back_whole);
    T_RUN(many_attributes_keep_their_order_across_regions);
    T_RUN(the_largest_item_is_a_run_of_chunks);
    T_RUN(text_that_grows_by_repair_stays_inside_its_region);
    T_RUN(a_key_that_is_set_again_has_the_last_value_once);
    T_RUN(a_value_set_a_hundred_thousand_times_takes_no_more_room);
    T_RUN(a_full_span_still_takes_new_values_for_its_keys);
    T_RUN(keys_that_are_the_same_after_repair_are_one_key);
    T_RUN(what_finds_no_room_is_counted);
    T_RUN(a_span_takes_128_events);
    T_RUN(a_status_finds_room_in_a_full_span);
    T_RUN(a_message_that_finds_no_room_leaves_its_status);
    T_RUN(a_later_status_replaces_an_earlier_one_but_not_ok);
    T_RUN(a_name_that_is_too_long_is_cut_between_characters);
    T_RUN(a_long_name_that_is_not_utf8_is_cut_and_repaired);
    T_RUN(a_long_name_is_whole_while_there_are_chunks);
    T_RUN(a_span_that_finds_no_slot_has_ids_and_is_counted);
    T_RUN(an_ended_or_empty_handle_changes_nothing);
    T_RUN(a_generation_that_wraps_leaves_a_usable_slot);
    T_RUN(a_span_larger_than_half_the_queue_is_refused_and_its_chunks_come_back);
    T_RUN(random_spans_hold_what_the_model_holds);
    return t_end();
}
