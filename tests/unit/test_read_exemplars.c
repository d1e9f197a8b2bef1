/* The exemplars that otel_read() shows with a point.
 * Requirements M-90..M-95. */
/* flags: -DOTEL_LITE_EXEMPLARS=1 */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"
#include "points.h"

#define MAX_SEEN 64u

/* The newest point, with its exemplars copied: a text of the attributes for each. */
static otel_point    seen;
static otel_exemplar exemplars[MAX_SEEN];
static char          lefts[MAX_SEEN][512];
static char          kept_text[512];
static unsigned      n_points_seen;

static void copy_attrs(char *to, size_t room, otel_attrs attrs)
{
    size_t n = 0, i;

    to[0] = '\0';
    for (i = 0; i < attrs.count && n < room; i++) {
        const otel_attr *a = &attrs.items[i];
        T_EQ_INT(a->type, OTEL_TYPE_INT);
        n += (size_t)snprintf(to + n, room - n, "%s%.*s=%lld", i > 0 ? " " : "", a->key_length,
                              a->key, (long long)a->value.i);
    }
    T_CHECK(n < room);
}

static void show(void *user, const otel_point *p)
{
    uint32_t i;

    (void)user;
    n_points_seen++;
    seen = *p;
    copy_attrs(kept_text, sizeof kept_text, p->attrs);
    if (!T_CHECK(p->n_exemplars <= MAX_SEEN)) {
        return;
    }
    for (i = 0; i < p->n_exemplars; i++) {
        exemplars[i] = p->exemplars[i];
        copy_attrs(lefts[i], sizeof lefts[i], p->exemplars[i].attrs);
    }
}

static void see(void)
{
    n_points_seen = 0;
    memset(&seen, 0, sizeof seen);
    T_EQ_INT(otel_read(sdk, show, NULL, 60000), OTEL_OK);
}

static const char *const only_k[] = { "k", NULL };
static otel_view         keep_k;

/* Both readers, or the program's alone; of the attributes only k stays. */
static void open_keeping(uint32_t filter, uint32_t temporality, bool sends)
{
    otel_options o = plain_options();

    memset(&keep_k, 0, sizeof keep_k);
    keep_k.keep = only_k;
    o.views = &keep_k;
    o.n_views = 1;
    o.exemplar_filter = filter;
    o.manual_reader = true;
    o.transport.send = sends ? o.transport.send : NULL;
    o.manual_temporality = temporality;
    open_sdk(&o);
}

static void an_exemplar_is_shown_with_its_span_and_what_the_view_left_out(void)
{
    otel_counter *c;
    otel_span     span;
    otel_context  outer;

    open_keeping(0, OTEL_TEMPORALITY_CUMULATIVE, true);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 1, OTEL_ATTRS(otel_int("k", 1), otel_int("x", 2))); /* no span */
    see();
    T_EQ_INT(n_points_seen, 1);
    T_EQ_INT(seen.n_exemplars, 0);
    span = otel_span_start(scope, "s", NULL);
    outer = otel_span_attach(span);
    otel_counter_add(c, 7, OTEL_ATTRS(otel_int("x", 3), otel_int("k", 1), otel_int("y", 4)));
    otel_span_detach(outer);
    otel_span_end(span);
    see();
    T_EQ_INT(seen.i, 8);
    T_EQ_STR(kept_text, "k=1");
    if (T_EQ_INT(seen.n_exemplars, 1)) {
        T_EQ_STR(lefts[0], "x=3 y=4");
        T_CHECK(!exemplars[0].is_double && exemplars[0].i == 7);
        T_CHECK(exemplars[0].d >= 7 && exemplars[0].d <= 7);
        T_EQ_MEM(exemplars[0].context.trace_id, 16, span.context.trace_id, 16);
        T_EQ_MEM(exemplars[0].context.span_id, 8, span.context.span_id, 8);
        T_CHECK(exemplars[0].time_ns >= seen.start_ns && exemplars[0].time_ns <= seen.time_ns);
    }
    see(); /* shown once, the value goes on */
    T_EQ_INT(seen.i, 8);
    T_EQ_INT(seen.n_exemplars, 0);
    shut();
}

/* Each reader has exemplars of its own. */
static void showing_them_takes_none_from_what_is_sent(void)
{
    otel_counter  *c;
    otel__pb_field f;

    open_keeping(OTEL_EXEMPLAR_FILTER_ALWAYS_ON, OTEL_TEMPORALITY_DELTA, true);
    c = otel_counter_create(scope, "c", NULL, NULL);
    otel_counter_add(c, 5, OTEL_ATTRS(otel_int("k", 1), otel_int("x", 2)));
    T_EQ_INT(otel_read(sdk, NULL, NULL, 0), OTEL_OK); /* passes unseen, its exemplar too */
    otel_counter_add(c, 0, OTEL_ATTRS(otel_int("k", 1), otel_int("x", 3)));
    see();
    T_EQ_INT(seen.n_exemplars, 1);
    T_EQ_STR(lefts[0], "x=3");
    read_all();
    T_CHECK(find_field(point_of("c", "k=1")->said, point_of("c", "k=1")->n_said, 5, 0, &f));
    shut();
}

/* A set past what there is room for on the stack: the attributes of the later ones are left out. */
static void many_exemplars_share_the_room_for_their_attributes(void)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h",
                                         "i", "j", "l", "m", "n", "o", "p" };
    otel_attr                list[1 + COUNT(names)];
    otel_histogram          *h;
    size_t                   i, k, total = 0;
    int64_t                  values[] = {
                         0, 1, 6, 20, 30, 60, 80, 200, 300, 600, 900, 2000, 3000, 6000, 9000, 20000
    };
    char want[8];

    open_keeping(OTEL_EXEMPLAR_FILTER_ALWAYS_ON, OTEL_TEMPORALITY_DELTA, false);
    h = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    for (i = 0; i < COUNT(values); i++) {
        list[0] = otel_int("k", 1);
        for (k = 0; k < COUNT(names); k++) {
            list[1 + k] = otel_int(names[k], values[i]);
        }
        otel_histogram_record(h, values[i], otel_attrs_of(list, COUNT(list)));
    }
    see();
    T_EQ_INT(seen.count, COUNT(values));
    T_EQ_STR(kept_text, "k=1");
    T_EQ_INT(seen.n_exemplars, 16);
    for (i = 0; i < seen.n_exemplars; i++) {
        total += exemplars[i].attrs.count;
        T_EQ_INT(exemplars[i].i, values[i]);
        (void)snprintf(want, sizeof want, "a=%d", (int)values[i]);
        T_CHECK(exemplars[i].attrs.count == 0 || strncmp(lefts[i], want, strlen(want)) == 0);
    }
    T_EQ_INT(total, OTEL__ATTRS_MAX - 1);
    shut();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(an_exemplar_is_shown_with_its_span_and_what_the_view_left_out);
    T_RUN(showing_them_takes_none_from_what_is_sent);
    T_RUN(many_exemplars_share_the_room_for_their_attributes);
    return t_end();
}
