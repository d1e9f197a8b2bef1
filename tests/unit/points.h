/* points.h: an SDK whose readings are kept, decoded by code that is independent of what wrote them:
 * metrics with their points, and what the library told. Include it after otel_lite, t.h and
 * helpers.h. One SDK at a time; readings are taken on the thread that asks for them. */
#ifndef POINTS_H
#define POINTS_H

#define MAX_METRICS 128u
#define MAX_POINTS  512u
#define MAX_TOLD    64u

enum { DATA_GAUGE = 5, DATA_SUM = 7, DATA_HISTOGRAM = 9, DATA_EXPONENTIAL = 10 };

typedef struct metric_seen {
    char     scope[64], name[400], unit[160], description[4200];
    uint32_t data; /* DATA_* */
    unsigned temporality;
    bool     monotonic;
    unsigned n_points;
} metric_seen;

typedef struct point_seen {
    unsigned metric;
    char     attrs[256]; /* "k=1 text=abc overflow=true", in the order of the point */
    uint64_t start, time;
    bool     is_double;
    int64_t  i;
    double   d;
    uint64_t count;
    bool     has_sum, has_min_max;
    double   sum, min, max;
    unsigned n_buckets; /* explicit */
    uint64_t buckets[260];
    double   bounds[260];
    unsigned n_bounds;
    int32_t  scale; /* exponential */
    uint64_t zeros, in_buckets;
    uint8_t  said[6000]; /* the point without its times and attributes */
    size_t   n_said;
} point_seen;

static metric_seen metrics[MAX_METRICS]; /* of the newest reading */
static point_seen  points[MAX_POINTS];
static unsigned    n_metrics, n_points;

static char     told[MAX_TOLD][256]; /* diagnostics since forget_told() */
static int      told_severity[MAX_TOLD];
static unsigned n_told;

static otel_sdk   *sdk;
static otel_scope *scope;

/* ---- what arrives ---- */

static inline void copy_text(char *to, size_t room, const otel__pb_field *m, uint32_t number)
{
    otel__pb_field f;
    size_t         n = find_field(m->data, m->length, number, 0, &f) ? f.length : 0;

    T_CHECK(n < room);
    n = n < room ? n : room - 1;
    if (n > 0) {
        memcpy(to, f.data, n);
    }
    to[n] = '\0';
}

static inline void note_attr(point_seen *to, const otel__pb_field *kv)
{
    const size_t   n = strlen(to->attrs);
    char           key[64], text[128];
    otel__pb_field any, f;

    copy_text(key, sizeof key, kv, 1);
    (void)snprintf(text, sizeof text, "(none)");
    if (find_field(kv->data, kv->length, 2, 0, &any)) {
        if (find_field(any.data, any.length, 1, 0, &f)) {
            copy_text(text, sizeof text, &any, 1);
        } else if (find_field(any.data, any.length, 2, 0, &f)) {
            (void)snprintf(text, sizeof text, "%s", f.value != 0 ? "true" : "false");
        } else if (find_field(any.data, any.length, 3, 0, &f)) {
            (void)snprintf(text, sizeof text, "%lld", (long long)f.value);
        }
    }
    (void)snprintf(to->attrs + n, sizeof to->attrs - n, "%s%s=%s", n > 0 ? " " : "", key, text);
}

static inline uint64_t le64(const uint8_t *p)
{
    uint64_t v = 0;
    unsigned i;

    for (i = 0; i < 8; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

static inline void note_packed(point_seen *to, const otel__pb_field *f)
{
    size_t i;

    if (!T_CHECK(f->length % 8 == 0 && f->length / 8 <= COUNT(to->buckets))) {
        return;
    }
    for (i = 0; i < f->length / 8; i++) {
        if (f->number == 6) {
            to->buckets[to->n_buckets++] = le64(f->data + 8 * i);
        } else {
            to->bounds[to->n_bounds++] = otel__platform_bits_double(le64(f->data + 8 * i));
        }
    }
}

/* The counts in a Buckets message, added up. */
static inline uint64_t counts_of(const otel__pb_field *buckets)
{
    otel__pb_field packed;
    otel__pb       m;
    uint64_t       n = 0, v;

    if (find_field(buckets->data, buckets->length, 2, 0, &packed)) {
        m = otel__pb_open(packed.data, packed.length);
        while (m.p < m.end && T_CHECK(otel__pb_read_varint(&m, &v))) {
            n += v;
        }
    }
    return n;
}

/* One field of a point that is neither a time nor an attribute. */
static inline void note_field(point_seen *to, uint32_t data, const otel__pb_field *f)
{
    const uint32_t least = data == DATA_HISTOGRAM ? 11 : 12;

    if (data == DATA_GAUGE || data == DATA_SUM) {
        to->is_double = f->number == 4;
        to->i = (int64_t)f->value;
        to->d = otel__platform_bits_double(f->value);
    } else if (f->number == 4) {
        to->count = f->value;
    } else if (f->number == 5) {
        to->has_sum = true;
        to->sum = otel__platform_bits_double(f->value);
    } else if (f->number == least) {
        to->has_min_max = true;
        to->min = otel__platform_bits_double(f->value);
    } else if (f->number == least + 1) {
        to->max = otel__platform_bits_double(f->value);
    } else if (data == DATA_HISTOGRAM) {
        note_packed(to, f);
    } else if (f->number == 6) {
        to->scale = (int32_t)((uint32_t)f->value >> 1) ^ -(int32_t)(f->value & 1);
    } else if (f->number == 7) {
        to->zeros = f->value;
    } else {
        to->in_buckets += counts_of(f);
    }
}

static inline void note_point(const metric_seen *metric, const otel__pb_field *p)
{
    const uint32_t attrs = metric->data == DATA_HISTOGRAM     ? 9
                           : metric->data == DATA_EXPONENTIAL ? 1
                                                              : 7;
    otel__pb       m = otel__pb_open(p->data, p->length);
    otel__pb_field f;
    const uint8_t *from = p->data;
    point_seen    *to;

    if (!T_CHECK(n_points < MAX_POINTS)) {
        return;
    }
    to = &points[n_points++];
    memset(to, 0, sizeof *to);
    to->metric = (unsigned)(metric - metrics);
    while (otel__pb_next(&m, &f) == 1) {
        const uint8_t *end = p->data + (p->length - (size_t)(m.end - m.p));
        if (f.number == attrs) {
            note_attr(to, &f);
        } else if (f.number == 2) {
            to->start = f.value;
        } else if (f.number == 3) {
            to->time = f.value;
        } else {
            note_field(to, metric->data, &f);
            if (T_CHECK(to->n_said + (size_t)(end - from) <= sizeof to->said)) {
                memcpy(to->said + to->n_said, from, (size_t)(end - from));
                to->n_said += (size_t)(end - from);
            }
        }
        from = end;
    }
    T_CHECK(to->start > 0 && to->start <= to->time);
}

static inline void keep_metric(void *user, const otel__pb_field *from, const otel__pb_field *m)
{
    static const uint32_t fields[] = { DATA_GAUGE, DATA_SUM, DATA_HISTOGRAM, DATA_EXPONENTIAL };
    metric_seen          *to;
    otel__pb_field        data, p;
    size_t                k;
    unsigned              i;

    (void)user;
    if (!T_CHECK(n_metrics < MAX_METRICS)) {
        return;
    }
    to = &metrics[n_metrics++];
    memset(to, 0, sizeof *to);
    copy_text(to->scope, sizeof to->scope, from, 1);
    copy_text(to->name, sizeof to->name, m, 1);
    copy_text(to->description, sizeof to->description, m, 2);
    copy_text(to->unit, sizeof to->unit, m, 3);
    for (k = 0; k < COUNT(fields); k++) {
        if (find_field(m->data, m->length, fields[k], 0, &data)) {
            T_EQ_INT(to->data, 0); /* one kind */
            to->data = fields[k];
            to->temporality = to->data == DATA_GAUGE ? 0 : (unsigned)field_value(&data, 2, 0);
            to->monotonic = to->data == DATA_SUM && field_value(&data, 3, 0) == 1;
            for (i = 0; find_field(data.data, data.length, 1, i, &p); i++) {
                note_point(to, &p);
            }
            to->n_points = i;
        }
    }
    T_CHECK(to->data != 0 && to->n_points > 0);
}

static inline otel_transport_result take_points(void *user, otel_request *request)
{
    (void)user;
    T_EQ_INT(
        each_record(request, request->signal == OTEL_SIGNAL_METRICS ? keep_metric : NULL, NULL),
        request->n_records);
    return OTEL_TRANSPORT_SENT;
}

/* ---- what is told ---- */

static inline void note_told(void *user, otel_severity severity, const char *text)
{
    (void)user;
    if (T_CHECK(n_told < MAX_TOLD)) {
        told_severity[n_told] = (int)severity;
        (void)snprintf(told[n_told++], sizeof told[0], "%s", text);
    }
}

static inline void forget_told(void) { n_told = 0; }

/* How often something with both words was told. */
static inline unsigned told_of(const char *a, const char *b)
{
    unsigned i, n = 0;

    for (i = 0; i < n_told; i++) {
        n += strstr(told[i], a) != NULL && strstr(told[i], b) != NULL ? 1u : 0u;
    }
    return n;
}

/* Exactly that was told, and nothing else; empties the list. */
static inline bool told_only(unsigned times, const char *a, const char *b)
{
    const bool held = n_told == times && told_of(a, b) == times;
    unsigned   i;

    for (i = 0; !held && i < n_told; i++) {
        printf("    told: %s\n", told[i]);
    }
    forget_told();
    return held;
}

/* ---- an SDK ---- */

static inline otel_options plain_options(void)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.transport.send = take_points;
    o.on_diagnostic = note_told;
    o.ignore_environment = true;
    o.ignore_host = true;
    o.metric_interval_ms = OTEL_NO_LIMIT;
    return o;
}

static inline bool open_sdk(const otel_options *o)
{
    forget_told();
    sdk = otel_open(o);
    scope = otel_scope_get(sdk, "test", NULL);
    return T_CHECK(sdk != NULL && scope != NULL);
}

static inline bool open_plain(void)
{
    const otel_options o = plain_options();
    return open_sdk(&o);
}

static inline void shut(void)
{
    T_CHECK(stats_add_up(sdk));
    n_metrics = n_points = 0;
    otel_release(sdk); /* reads once more */
    n_metrics = n_points = 0;
    sdk = NULL;
    scope = NULL;
}

/* Have everything read and delivered. */
static inline void read_all(void)
{
    n_metrics = n_points = 0;
    T_EQ_INT(otel_flush(sdk, 60000), OTEL_OK);
}

/* ---- looking ---- */

static inline unsigned metrics_named(const char *name)
{
    unsigned i, n = 0;

    for (i = 0; i < n_metrics; i++) {
        n += strcmp(metrics[i].name, name) == 0 ? 1u : 0u;
    }
    return n;
}

/* The nth metric of that name (0: the first); a failed check and an empty one if there is none. */
static inline const metric_seen *metric_of(const char *name, unsigned nth)
{
    static metric_seen none;
    unsigned           i;

    for (i = 0; i < n_metrics; i++) {
        if (strcmp(metrics[i].name, name) == 0 && nth-- == 0) {
            return &metrics[i];
        }
    }
    if (!T_CHECK(!"the metric is in the reading")) {
        printf("    %s\n", name);
    }
    return &none;
}

/* The point of the metric with these attributes, or NULL. */
static inline const point_seen *point_in(const metric_seen *metric, const char *attrs)
{
    unsigned i;

    for (i = 0; i < n_points; i++) {
        if (&metrics[points[i].metric] == metric && strcmp(points[i].attrs, attrs) == 0) {
            return &points[i];
        }
    }
    return NULL;
}

/* The only metric of that name, its point with these attributes; a failed check if there is none.
 * Points of one metric may stand in several records: all of them are looked through. */
static inline const point_seen *point_of(const char *name, const char *attrs)
{
    static point_seen none;
    const point_seen *found = NULL;
    unsigned          i, n = 0;

    for (i = 0; i < n_points; i++) {
        if (strcmp(metrics[points[i].metric].name, name) == 0 &&
            strcmp(points[i].attrs, attrs) == 0) {
            found = &points[i];
            n++;
        }
    }
    if (!T_CHECK(n == 1)) {
        printf("    %u points of %s with \"%s\"\n", n, name, attrs);
    }
    return n == 1 ? found : &none;
}

static inline uint64_t bad_values(void)
{
    otel_stats s;
    otel_stats_get(sdk, &s);
    return s.bad_values;
}

#endif /* POINTS_H */
