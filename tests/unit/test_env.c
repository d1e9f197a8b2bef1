/* Settings: each row of the table in each way a value can come, and who wins.
 * The cases below are written from the specification and the public header, not from the table: a
 * row without a case, or a case that disagrees with its row, fails. */
#define OTEL_LITE_EXEMPLARS /* has a setting */
#define OTEL_LITE_IMPLEMENTATION
#include "../../src/otel_lite.in.h"

#include "../t.h"

#include <stdlib.h>

/* ---- what is expected of each row ---- */

#define BAD 0xdeadbeefu /* not allowed in code */

typedef struct number_case {
    const char *option, *variable;
    size_t      offset;
    int         kind;
    uint32_t    standard, min, max;
    uint32_t    zero;     /* what OTEL_ZERO becomes      */
    uint32_t    no_limit; /* what OTEL_NO_LIMIT becomes  */
} number_case;

#define NUMBER(field, variable, kind, standard, min, max, zero, no_limit)                          \
    {                                                                                              \
#field, variable, offsetof(otel_options, field), OTEL__ENV_##kind, standard, min, max,     \
            zero, no_limit                                                                         \
    }
#define NEVER UINT32_MAX

static const number_case numbers[] = {
    NUMBER(timeout_ms, "OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT, 10000, 0, INT32_MAX, NEVER, NEVER),
    NUMBER(max_request_bytes, NULL, BYTES, 1u << 20, 256, 64u << 20, BAD, BAD),
    NUMBER(span_delay_ms, "OTEL_BSP_SCHEDULE_DELAY", DURATION, 5000, 0, INT32_MAX, 0, NEVER),
    NUMBER(span_timeout_ms, "OTEL_BSP_EXPORT_TIMEOUT", TIMEOUT, 30000, 0, INT32_MAX, NEVER, NEVER),
    NUMBER(span_queue, "OTEL_BSP_MAX_QUEUE_SIZE", COUNT, 2048, 1, INT32_MAX, BAD, BAD),
    NUMBER(span_batch, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH, 512, 1, 2048, BAD, 2048),
    NUMBER(span_queue_bytes, NULL, QUEUE, 2048 * 256, 256, 1u << 30, BAD, BAD),
    NUMBER(max_open_spans, NULL, COUNT, 256, 1, 65520, BAD, BAD),
    NUMBER(span_chunks, NULL, COUNT, 256, 0, 65520, 0, BAD),
    NUMBER(metric_interval_ms, "OTEL_METRIC_EXPORT_INTERVAL", DURATION, 60000, 1, INT32_MAX, BAD,
           NEVER),
    NUMBER(metric_queue_bytes, NULL, BYTES, 1u << 20, 256, 1u << 30, BAD, BAD),
    NUMBER(series_bytes, NULL, BYTES, 1u << 20, 256, 1u << 30, BAD, BAD),
    NUMBER(max_series, NULL, LIMIT, 2000, 1, INT32_MAX, BAD, NEVER),
    NUMBER(max_instruments, NULL, COUNT, 256, 1, 65535, BAD, BAD),
    NUMBER(max_callbacks, NULL, COUNT, 64, 0, 65535, 0, BAD),
    NUMBER(exponential_max_size, NULL, COUNT, 160, 2, 65535, BAD, BAD),
    NUMBER(drop_instruments, NULL, COUNT, 0, 0, 127, 0, BAD),
    NUMBER(manual_max_series, NULL, LIMIT, 2000, 1, INT32_MAX, BAD, NEVER),
    NUMBER(log_delay_ms, NULL, DURATION, 1000, 0, INT32_MAX, 0, NEVER),
    NUMBER(log_queue, NULL, COUNT, 2048, 1, INT32_MAX, BAD, BAD),
    NUMBER(log_batch, NULL, BATCH, 512, 1, 2048, BAD, 2048),
    NUMBER(log_queue_bytes, NULL, QUEUE, 2048 * 256, 256, 1u << 30, BAD, BAD),
    NUMBER(max_scopes, NULL, COUNT, 32, 1, 65535, BAD, BAD),
    NUMBER(attribute_limit, NULL, LIMIT, 128, 0, INT32_MAX, 0, NEVER),
    NUMBER(text_bytes, NULL, BYTES, 32u << 10, 64, 1u << 30, BAD, BAD),
};
#define N_NUMBERS (sizeof numbers / sizeof numbers[0])

typedef struct other_case {
    const char *option, *variable;
    size_t      offset;
    int         kind;
} other_case;

#define OTHER(field, variable, kind)                                                               \
    {                                                                                              \
#field, variable, offsetof(otel_options, field), OTEL__ENV_##kind                          \
    }

static const other_case texts[] = {
    OTHER(service_name, "OTEL_SERVICE_NAME", TEXT),
    OTHER(endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT", URL),
    OTHER(headers, "OTEL_EXPORTER_OTLP_HEADERS", HEADERS),
};
static const other_case choices[] = {
    OTHER(temporality, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", CHOICE),
    OTHER(histogram_aggregation, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
          CHOICE),
    OTHER(exemplar_filter, "OTEL_METRICS_EXEMPLAR_FILTER", CHOICE),
    OTHER(manual_temporality, NULL, CHOICE),
    OTHER(manual_histogram_aggregation, NULL, CHOICE),
};
static const other_case lists[] = { OTHER(resource, "OTEL_RESOURCE_ATTRIBUTES", ATTRS) };
static const other_case flags[] = {
    OTHER(background, NULL, FLAG),
    OTHER(manual_reader, NULL, FLAG),
    OTHER(disabled, "OTEL_SDK_DISABLED", FLAG),
    OTHER(ignore_environment, NULL, FLAG),
    OTHER(ignore_host, NULL, FLAG),
};
#define N(cases) (sizeof cases / sizeof cases[0])

/* ---- resolving, and what was told meanwhile ---- */

static otel_options  code, fallback;
static otel__env     env;
static int           told;       /* diagnostics */
static otel_severity worst;      /* of them     */
static char          text[4096]; /* theirs      */

static void hear(void *user, otel_severity severity, const char *line)
{
    (void)user;
    told++;
    worst = severity > worst ? severity : worst;
    strncat(text, line, sizeof text - strlen(text) - 2);
    strcat(text, "\n");
}

static void set(const char *variable, const char *value)
{
    if (value != NULL) {
        setenv(variable, value, 1);
    } else {
        unsetenv(variable);
    }
}

/* Forget everything that an earlier case set. */
static void clear(void)
{
    size_t i;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        if (otel__env_rows[i].variable != NULL) {
            set(otel__env_rows[i].variable, NULL);
        }
    }
    memset(&code, 0, sizeof code);
    memset(&fallback, 0, sizeof fallback);
}

static otel_status resolve(void)
{
    otel__diag_sink sink;

    code.on_diagnostic = hear;
    told = 0;
    worst = OTEL_SEVERITY_UNSPECIFIED;
    text[0] = '\0';
    otel__env_sink(&code, &sink);
    return otel__env_resolve(&code, &env, &sink);
}

static void put_number(otel_options *options, const number_case *c, uint32_t v)
{
    memcpy((char *)options + c->offset, &v, sizeof v);
}

static uint32_t number(const number_case *c)
{
    uint32_t v;
    memcpy(&v, (char *)&env.options + c->offset, sizeof v);
    return v;
}

static void put_text(otel_options *options, size_t offset, const char *v)
{
    memcpy((char *)options + offset, &v, sizeof v);
}

static const char *text_at(size_t offset)
{
    const char *v;
    memcpy(&v, (char *)&env.options + offset, sizeof v);
    return v;
}

static void put_flag(otel_options *options, size_t offset, bool v)
{
    memcpy((char *)options + offset, &v, sizeof v);
}

static bool flag_at(size_t offset)
{
    bool v;
    memcpy(&v, (char *)&env.options + offset, sizeof v);
    return v;
}

/* One diagnostic, of this severity, that begins with this name. */
static bool told_once(otel_severity severity, const char *name)
{
    return T_EQ_INT(told, 1) && T_EQ_INT(worst, severity) &&
           T_CHECK(strncmp(text, name, strlen(name)) == 0 && text[strlen(name)] == ':');
}

/* ---- the table ---- */

static int count_cases(const other_case *cases, size_t n, const otel__env_row *row)
{
    size_t i;
    int    found = 0;

    for (i = 0; i < n; i++) {
        if (cases[i].offset == row->offset) {
            found++;
            T_EQ_STR(otel__env_option(row), cases[i].option);
            T_EQ_STR(row->variable, cases[i].variable);
            T_EQ_INT(row->kind, cases[i].kind);
        }
    }
    return found;
}

static void every_row_of_the_table_has_one_case_that_agrees_with_it(void)
{
    size_t i, k;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        const otel__env_row *row = &otel__env_rows[i];
        int                  found = 0;

        for (k = 0; k < N_NUMBERS; k++) {
            if (numbers[k].offset == row->offset) {
                found++;
                T_EQ_STR(otel__env_option(row), numbers[k].option);
                T_EQ_STR(row->variable, numbers[k].variable);
                T_EQ_INT(row->kind, numbers[k].kind);
            }
        }
        found += count_cases(texts, N(texts), row) + count_cases(lists, N(lists), row) +
                 count_cases(flags, N(flags), row) + count_cases(choices, N(choices), row);
        if (!T_EQ_INT(found, 1)) {
            printf("    row %s\n", otel__env_option(row));
        }
    }
    T_EQ_INT(OTEL__ENV_ROWS, N_NUMBERS + N(texts) + N(lists) + N(flags) + N(choices));
}

/* ---- numbers in code ---- */

/* Resolve with v in code; BAD: it is refused, told, and the default stands. */
static void check_code(const number_case *c, uint32_t v, uint32_t want)
{
    otel_status status;
    int         held;

    clear();
    put_number(&code, c, v);
    status = resolve();
    if (want == BAD) {
        held = T_EQ_INT(status, OTEL_INVALID) && told_once(OTEL_SEVERITY_ERROR, c->option) &&
               T_EQ_INT(number(c), c->standard);
    } else {
        held = T_EQ_INT(status, OTEL_OK) && T_EQ_INT(number(c), want) && T_EQ_INT(told, 0);
    }
    if (!held) {
        printf("    options.%s = %lu; told: %s\n", c->option, (unsigned long)v, text);
    }
}

static void numbers_in_code_keep_to_their_bounds_and_constants_have_their_meaning(void)
{
    size_t i;

    for (i = 0; i < N_NUMBERS; i++) {
        const number_case *c = &numbers[i];

        check_code(c, 0, c->standard);
        check_code(c, 1, c->min <= 1 ? 1 : BAD);
        check_code(c, c->min > 0 ? c->min : 1, c->min > 0 ? c->min : 1);
        check_code(c, c->max, c->max);
        check_code(c, OTEL_ZERO, c->zero);
        check_code(c, OTEL_NO_LIMIT, c->no_limit);
        if (c->min > 1) {
            check_code(c, c->min - 1, BAD);
        }
        if (c->kind != OTEL__ENV_BATCH) {
            check_code(c, c->max + 1, BAD);
        }
        check_code(c, (uint32_t)-5, BAD);
    }
}

static void a_batch_in_code_above_its_queue_is_cut_and_told(void)
{
    clear();
    code.span_batch = 2049;
    code.log_queue = 10;
    code.log_batch = 11;
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(env.options.span_batch, 2048);
    T_EQ_INT(env.options.log_batch, 10);
    T_EQ_INT(told, 2);
    T_EQ_INT(worst, OTEL_SEVERITY_WARN);
    T_CHECK(strstr(text, "span_batch: ") == text && strstr(text, "\nlog_batch: ") != NULL);
}

/* ---- numbers in the environment ---- */

/* Resolve with this value in the variable; BAD: told, and the default stands. */
static void check_variable(const number_case *c, const char *value, uint32_t want)
{
    int held;

    clear();
    set(c->variable, value);
    held = T_EQ_INT(resolve(), OTEL_OK) && T_EQ_INT(number(c), want == BAD ? c->standard : want);
    if (held && want == BAD) {
        held = told_once(OTEL_SEVERITY_WARN, c->variable) &&
               (value[0] == ' ' || T_CHECK(strstr(text, value) == NULL || value[1] == '\0'));
    } else if (held) {
        held = T_EQ_INT(told, 0);
    }
    if (!held) {
        printf("    %s=%s; told: %s\n", c->variable, value, text);
    }
}

static void numbers_in_variables_are_whole_within_bounds_or_ignored(void)
{
    static const char *const bad[] = { " ",
                                       "-1",
                                       "+5",
                                       "0x10",
                                       "12x",
                                       "1e3",
                                       "1.5",
                                       "10s",
                                       "1 2",
                                       "1,0",
                                       "ten",
                                       "2147483648",
                                       "18446744073709551617",
                                       "99999999999999999999999",
                                       "4294967303",
                                       "4294967295",
                                       "4294967294",
                                       "0b1",
                                       "1_0",
                                       "\xd9\xa3" };
    char                     value[40];
    size_t                   i, k;

    for (i = 0; i < N_NUMBERS; i++) {
        const number_case *c = &numbers[i];

        if (c->variable == NULL) {
            continue;
        }
        check_variable(c, NULL, c->standard);
        check_variable(c, "", c->standard);
        check_variable(c, "7", 7);
        check_variable(c, " \t7\t ", 7);
        check_variable(c, "0000000000000000000000007", 7);
        check_variable(c, "1", 1);
        check_variable(c, "0", c->zero);
        sprintf(value, "%lu", (unsigned long)c->max);
        check_variable(c, value, c->max);
        sprintf(value, "%lu", (unsigned long)c->max + 1);
        check_variable(c, value, BAD);
        for (k = 0; k < N(bad); k++) {
            check_variable(c, bad[k], BAD);
        }
    }
}

static void a_bad_variable_gives_way_to_the_fallback(void)
{
    size_t i;

    for (i = 0; i < N_NUMBERS; i++) {
        const number_case *c = &numbers[i];

        if (c->variable != NULL) {
            clear();
            code.fallback = &fallback;
            put_number(&fallback, c, 3);
            set(c->variable, "-3");
            T_EQ_INT(resolve(), OTEL_OK);
            T_EQ_INT(number(c), 3);
            told_once(OTEL_SEVERITY_WARN, c->variable);
        }
    }
}

static void code_beats_environment_beats_fallback_beats_default(void)
{
    size_t i;

    for (i = 0; i < N_NUMBERS; i++) {
        const number_case *c = &numbers[i];
        const uint32_t     low = c->min + 1;

        clear();
        code.fallback = &fallback;
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(number(c), c->standard);
        put_number(&fallback, c, low);
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(number(c), low);
        if (c->variable != NULL) {
            set(c->variable, "9");
            T_EQ_INT(resolve(), OTEL_OK);
            T_EQ_INT(number(c), 9);
        }
        put_number(&code, c, low + 1);
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(number(c), low + 1);
        put_number(&code, c, 0);
        code.ignore_environment = true;
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(number(c), low);
        code.ignore_environment = false;
        fallback.ignore_environment = true;
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(number(c), low);
        T_EQ_INT(told, 0);
    }
}

static void a_bad_fallback_is_an_error_only_where_it_counts(void)
{
    clear();
    code.fallback = &fallback;
    fallback.span_queue = OTEL_NO_LIMIT;
    T_EQ_INT(resolve(), OTEL_INVALID);
    told_once(OTEL_SEVERITY_ERROR, "span_queue");
    T_EQ_INT(env.options.span_queue, 2048);
    set("OTEL_BSP_MAX_QUEUE_SIZE", "4");
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(told, 0);
    T_EQ_INT(env.options.span_queue, 4);
}

static void a_fallback_of_the_fallback_is_not_looked_at(void)
{
    static otel_options deeper;

    clear();
    deeper.max_scopes = 5;
    deeper.service_name = "deep";
    code.fallback = &fallback;
    fallback.fallback = &deeper;
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(env.options.max_scopes, 32);
    T_CHECK(env.options.service_name == NULL && env.options.fallback == NULL);
}

/* ---- what follows from the queue ---- */

static void check_queue(const char *queue, const char *batch, uint32_t want_batch,
                        uint32_t want_bytes, int want_told)
{
    clear();
    set("OTEL_BSP_MAX_QUEUE_SIZE", queue);
    set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", batch);
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(env.options.span_batch, want_batch);
    T_EQ_INT(env.options.span_queue_bytes, want_bytes);
    if (!T_EQ_INT(told, want_told)) {
        printf("    queue %s, batch %s: %s\n", queue, batch, text);
    }
}

static void batch_and_bytes_follow_from_the_queue(void)
{
    check_queue("100", NULL, 100, 65536, 0);
    check_queue("100", "100", 100, 65536, 0);
    check_queue("100", "101", 100, 65536, 1); /* as unset: the default, cut to the queue */
    check_queue("256", NULL, 256, 65536, 0);
    check_queue("257", NULL, 257, 65792, 0);
    check_queue("4096", "513", 513, 1048576, 0);
    check_queue(NULL, "2049", 512, 524288, 1); /* as unset: the default */
    check_queue("4194304", NULL, 512, 1u << 30, 0);
    check_queue("4194305", NULL, 512, 1u << 30, 0);
    check_queue("2147483647", NULL, 512, 1u << 30, 0);

    clear();
    code.span_queue = 64;
    code.log_queue = 1000;
    code.log_queue_bytes = 300;
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(env.options.span_batch, 64);
    T_EQ_INT(env.options.span_queue_bytes, 65536);
    T_EQ_INT(env.options.log_batch, 512);
    T_EQ_INT(env.options.log_queue_bytes, 300);
    T_EQ_INT(told, 0);
}

/* ---- words ---- */

typedef struct word_case {
    const char *temporality, *aggregation; /* the variables, or NULL */
    uint32_t    want_temporality, want_aggregation;
    int         want_told;
} word_case;

static void words_in_variables_are_known_in_any_case_or_told_and_ignored(void)
{
    static const word_case rows[] = {
        { NULL, NULL, OTEL_TEMPORALITY_CUMULATIVE, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 0 },
        { "delta", "base2_exponential_bucket_histogram", OTEL_TEMPORALITY_DELTA,
          OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, 0 },
        { " LowMemory\t", "Explicit_Bucket_Histogram", OTEL_TEMPORALITY_LOWMEMORY,
          OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 0 },
        { "CUMULATIVE", "", OTEL_TEMPORALITY_CUMULATIVE, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
          0 },
        { "gauge", NULL, OTEL_TEMPORALITY_CUMULATIVE, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
          1 },
        { "1", "drop", OTEL_TEMPORALITY_CUMULATIVE, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 2 },
        { "delta,", "explicit", OTEL_TEMPORALITY_CUMULATIVE,
          OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, 2 },
    };
    size_t i;

    for (i = 0; i < N(rows); i++) {
        clear();
        set("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", rows[i].temporality);
        set("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", rows[i].aggregation);
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_INT(env.options.temporality, rows[i].want_temporality);
        T_EQ_INT(env.options.histogram_aggregation, rows[i].want_aggregation);
        if (!T_EQ_INT(told, rows[i].want_told)) {
            printf("    row %d: %s\n", (int)i, text);
        }
    }
    clear();
    set("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "hunter2");
    T_EQ_INT(resolve(), OTEL_OK);
    told_once(OTEL_SEVERITY_WARN, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
    T_CHECK(strstr(text, "delta,cumulative,lowmemory") != NULL && strstr(text, "hunter") == NULL);
}

static void choices_in_code_are_numbers_of_their_enums(void)
{
    static const uint32_t bad[] = { 2, 3, 6, 31, 32, 36, OTEL_ZERO, OTEL_NO_LIMIT };
    size_t                i;

    clear();
    code.histogram_aggregation = OTEL_AGGREGATION_DROP;
    code.temporality = OTEL_TEMPORALITY_DELTA;
    set("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative");
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(env.options.histogram_aggregation, OTEL_AGGREGATION_DROP);
    T_EQ_INT(env.options.temporality, OTEL_TEMPORALITY_DELTA);
    for (i = 0; i < N(bad); i++) {
        clear();
        code.histogram_aggregation = bad[i];
        T_EQ_INT(resolve(), OTEL_INVALID);
        told_once(OTEL_SEVERITY_ERROR, "histogram_aggregation");
        T_EQ_INT(env.options.histogram_aggregation, OTEL_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    }
    clear();
    code.temporality = 4;
    T_EQ_INT(resolve(), OTEL_INVALID);
    told_once(OTEL_SEVERITY_ERROR, "temporality");
}

/* ---- texts ---- */

static const char *good_text(const other_case *c, int which)
{
    static const char *const url[] = { "http://a:4318", "https://b/x", "http://[::1]:9" };
    static const char *const other[] = { "a=1", "b=%202", "c=3==" };
    return c->kind == OTEL__ENV_URL ? url[which] : other[which];
}

static void texts_come_from_code_then_environment_then_fallback(void)
{
    size_t i;

    for (i = 0; i < N(texts); i++) {
        const other_case *c = &texts[i];

        clear();
        code.fallback = &fallback;
        T_EQ_INT(resolve(), OTEL_OK);
        T_CHECK(text_at(c->offset) == NULL);
        put_text(&fallback, c->offset, good_text(c, 0));
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 0));
        set(c->variable, "");
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 0));
        set(c->variable, good_text(c, 1));
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 1));
        put_text(&code, c->offset, "");
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 1));
        put_text(&code, c->offset, good_text(c, 2));
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 2));
        put_text(&code, c->offset, NULL);
        code.ignore_environment = true;
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(text_at(c->offset), good_text(c, 0));
        T_EQ_INT(told, 0);
    }
}

static void a_bad_url_is_told_without_its_text_and_counts_as_unset(void)
{
    static const char *const bad[] = {
        " ",           "localhost:4318",         "ftp://host",     "http://",
        "http://h:0",  "http://h:70000",         "http://a b",     " http://a",
        "http://a\n",  "http://me:hunter2@host", "http://[::1:43", "//host:4318",
        "http:/host/", "http://h\xc3\xa9te/",
    };
    size_t i;

    for (i = 0; i < N(bad); i++) {
        clear();
        set("OTEL_EXPORTER_OTLP_ENDPOINT", bad[i]);
        T_EQ_INT(resolve(), OTEL_OK);
        told_once(OTEL_SEVERITY_WARN, "OTEL_EXPORTER_OTLP_ENDPOINT");
        T_CHECK(env.options.endpoint == NULL && !env.configured);

        code.fallback = &fallback;
        fallback.endpoint = "http://fallback";
        T_EQ_INT(resolve(), OTEL_OK);
        T_EQ_STR(env.options.endpoint, "http://fallback");
        T_CHECK(strstr(text, "hunter2") == NULL);

        clear();
        code.endpoint = bad[i];
        T_EQ_INT(resolve(), OTEL_INVALID);
        told_once(OTEL_SEVERITY_ERROR, "endpoint");
        T_CHECK(env.options.endpoint == NULL && strstr(text, "hunter2") == NULL);
    }
}

/* ---- headers ---- */

static void headers_become_lines_and_bad_ones_are_told_by_name_without_value(void)
{
    char            buffer[256];
    otel__text_buf  lines = { buffer, sizeof buffer, 0 };
    otel__diag_sink sink;

    clear();
    set("OTEL_EXPORTER_OTLP_HEADERS", "api-key=%41BC,x-bad=hunter%2,, Host=hunter2,hunter2,"
                                      "x-line=a%0d%0ahunter2 , b = c=d ");
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_INT(told, 0);
    T_EQ_STR(env.headers_name, "OTEL_EXPORTER_OTLP_HEADERS");
    otel__env_sink(&code, &sink);
    otel__env_headers(&env, &lines, &sink);
    T_EQ_MEM(buffer, lines.len, "api-key: ABC\r\nb: c=d\r\n", 22);
    T_EQ_INT(told, 4);
    T_EQ_INT(worst, OTEL_SEVERITY_WARN);
    T_CHECK(strstr(text, "OTEL_EXPORTER_OTLP_HEADERS: header x-bad: ") != NULL);
    T_CHECK(strstr(text, "OTEL_EXPORTER_OTLP_HEADERS: header Host: ") != NULL);
    T_CHECK(strstr(text, "OTEL_EXPORTER_OTLP_HEADERS: header x-line: ") != NULL);
    T_CHECK(strstr(text, "OTEL_EXPORTER_OTLP_HEADERS: header ignored: ") != NULL);
    T_CHECK(strstr(text, "hunter") == NULL);

    code.headers = "k=v";
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_STR(env.headers_name, "headers");
    code.headers = NULL;
    code.ignore_environment = true;
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(env.headers_name == NULL);
    lines.len = 0;
    otel__env_headers(&env, &lines, &sink);
    T_EQ_INT(lines.len, 0);
}

static void a_header_with_a_very_long_name_is_told_within_bounds(void)
{
    static char     list[2000];
    char            buffer[256];
    otel__text_buf  lines = { buffer, sizeof buffer, 0 };
    otel__diag_sink sink;

    clear();
    memset(list, 'k', sizeof list - 4);
    strcpy(list + sizeof list - 4, "=%z");
    code.headers = list;
    T_EQ_INT(resolve(), OTEL_OK);
    otel__env_sink(&code, &sink);
    otel__env_headers(&env, &lines, &sink);
    told_once(OTEL_SEVERITY_WARN, "headers");
    T_EQ_INT(lines.len, 0);
}

/* ---- flags ---- */

/* The variable's value, code, fallback: the effective flag, and how often something is told. */
static void check_flag(const other_case *c, const char *value, bool in_code, bool in_fallback,
                       bool want, int want_told)
{
    clear();
    code.fallback = &fallback;
    put_flag(&code, c->offset, in_code);
    put_flag(&fallback, c->offset, in_fallback);
    if (c->variable != NULL) {
        set(c->variable, value);
    }
    T_EQ_INT(resolve(), OTEL_OK);
    if (!T_EQ_INT(flag_at(c->offset), want) || !T_EQ_INT(told, want_told)) {
        printf("    %s, \"%s\", code %d, fallback %d: %s\n", c->option, value ? value : "(unset)",
               in_code, in_fallback, text);
    }
}

static void flags_are_true_in_code_or_by_the_variable_or_in_the_fallback(void)
{
    static const char *const yes[] = { "true", "TRUE", "True", "tRuE", " true\t" };
    static const char *const no[] = { "false", "FALSE", " False " };
    static const char *const odd[] = { "1", "yes", "on", "t", "truee", "true false", "0", "tru" };
    size_t                   i, k;

    for (i = 0; i < N(flags); i++) {
        const other_case *c = &flags[i];

        check_flag(c, NULL, false, false, false, 0);
        check_flag(c, NULL, false, true, true, 0);
        check_flag(c, NULL, true, false, true, 0);
        check_flag(c, "", false, false, false, 0);
        check_flag(c, " ", false, true, true, 0);
        if (c->variable == NULL) {
            continue;
        }
        for (k = 0; k < N(yes); k++) {
            check_flag(c, yes[k], false, false, true, 0);
        }
        for (k = 0; k < N(no); k++) {
            check_flag(c, no[k], false, false, false, 0);
            check_flag(c, no[k], false, true, false, 0); /* the environment beats the fallback */
            check_flag(c, no[k], true, false, true, 0);
        }
        for (k = 0; k < N(odd); k++) {
            check_flag(c, odd[k], false, false, false, 1);
            told_once(OTEL_SEVERITY_WARN, c->variable);
            check_flag(c, odd[k], true, false, true, 0);
        }
    }
    clear();
    set("OTEL_SDK_DISABLED", "true");
    code.ignore_environment = true;
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(!env.options.disabled);
}

/* ---- the resource, and what is handed on ---- */

static void the_resource_gets_its_layers_apart(void)
{
    otel_attr mine[1], theirs[2];

    clear();
    mine[0] = otel_str("a", "1");
    theirs[0] = otel_str("b", "2");
    theirs[1] = otel_str("c", "3");
    code.fallback = &fallback;
    code.resource = otel_attrs_of(mine, 1);
    fallback.resource = otel_attrs_of(theirs, 2);
    fallback.service_name = "theirs";
    fallback.ignore_host = true;
    set("OTEL_RESOURCE_ATTRIBUTES", "k=v, bad");
    set("OTEL_SERVICE_NAME", "named");
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(env.resource.code.items == mine && env.resource.code.count == 1);
    T_CHECK(env.options.resource.items == mine && env.options.resource.count == 1);
    T_CHECK(env.resource.code_name == NULL);
    T_EQ_STR(env.resource.variable, "k=v, bad"); /* judged by otel__resource_encode() */
    T_EQ_STR(env.resource.variable_name, "named");
    T_CHECK(env.resource.fallback.items == theirs && env.resource.fallback.count == 2);
    T_EQ_STR(env.resource.fallback_name, "theirs");
    T_CHECK(env.resource.ignore_host);
    T_EQ_INT(told, 0);

    code.service_name = "mine";
    set("OTEL_RESOURCE_ATTRIBUTES", "");
    set("OTEL_SERVICE_NAME", "");
    T_EQ_INT(resolve(), OTEL_OK);
    T_EQ_STR(env.resource.code_name, "mine");
    T_CHECK(env.resource.variable == NULL && env.resource.variable_name == NULL);
    set("OTEL_RESOURCE_ATTRIBUTES", "k=v");
    code.ignore_environment = true;
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(env.resource.variable == NULL);
}

static otel_transport_result swallow(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

static void what_belongs_together_is_handed_on_together(void)
{
    static char block[16], other[16];
    otel_status mine, theirs;
    int         user;

    clear();
    code.fallback = &fallback;
    fallback.transport.send = swallow;
    fallback.transport.user = &user;
    fallback.memory = block;
    fallback.memory_bytes = sizeof block;
    fallback.status = &theirs;
    code.memory_bytes = 4; /* of no memory: does not count */
    code.transport.user = other;
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(env.configured && env.options.transport.send == swallow);
    T_CHECK(env.options.transport.user == &user);
    T_CHECK(env.options.memory == block && env.options.memory_bytes == 16);
    T_CHECK(env.options.status == &theirs);
    T_CHECK(env.options.on_diagnostic == hear && env.options.diagnostic_user == NULL);

    code.memory = other;
    code.status = &mine;
    code.transport.send = swallow;
    T_EQ_INT(resolve(), OTEL_OK);
    T_CHECK(env.options.memory == other && env.options.memory_bytes == 4);
    T_CHECK(env.options.status == &mine && env.options.transport.user == other);
}

static void a_sink_comes_from_code_or_the_fallback(void)
{
    otel__diag_sink sink;
    int             user;

    clear();
    otel__env_sink(NULL, &sink);
    T_CHECK(sink.fn == NULL);
    otel__env_sink(&code, &sink);
    T_CHECK(sink.fn == NULL);
    code.fallback = &fallback;
    fallback.on_diagnostic = hear;
    fallback.diagnostic_user = &user;
    otel__env_sink(&code, &sink);
    T_CHECK(sink.fn == hear && sink.user == &user);
    code.on_diagnostic = hear;
    otel__env_sink(&code, &sink);
    T_CHECK(sink.fn == hear && sink.user == NULL);
}

static void no_options_give_the_defaults_and_nothing_configured(void)
{
    size_t i;

    clear();
    T_EQ_INT(otel__env_resolve(NULL, &env, NULL), OTEL_OK);
    for (i = 0; i < N_NUMBERS; i++) {
        T_EQ_INT(number(&numbers[i]), numbers[i].standard);
    }
    T_CHECK(!env.configured && !env.options.disabled && env.options.memory == NULL);
    set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");
    T_EQ_INT(otel__env_resolve(NULL, &env, NULL), OTEL_OK);
    T_CHECK(env.configured);
    T_EQ_STR(env.options.endpoint, "http://localhost:4318");
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(every_row_of_the_table_has_one_case_that_agrees_with_it);
    T_RUN(numbers_in_code_keep_to_their_bounds_and_constants_have_their_meaning);
    T_RUN(a_batch_in_code_above_its_queue_is_cut_and_told);
    T_RUN(numbers_in_variables_are_whole_within_bounds_or_ignored);
    T_RUN(a_bad_variable_gives_way_to_the_fallback);
    T_RUN(code_beats_environment_beats_fallback_beats_default);
    T_RUN(a_bad_fallback_is_an_error_only_where_it_counts);
    T_RUN(a_fallback_of_the_fallback_is_not_looked_at);
    T_RUN(batch_and_bytes_follow_from_the_queue);
    T_RUN(words_in_variables_are_known_in_any_case_or_told_and_ignored);
    T_RUN(choices_in_code_are_numbers_of_their_enums);
    T_RUN(texts_come_from_code_then_environment_then_fallback);
    T_RUN(a_bad_url_is_told_without_its_text_and_counts_as_unset);
    T_RUN(headers_become_lines_and_bad_ones_are_told_by_name_without_value);
    T_RUN(a_header_with_a_very_long_name_is_told_within_bounds);
    T_RUN(flags_are_true_in_code_or_by_the_variable_or_in_the_fallback);
    T_RUN(the_resource_gets_its_layers_apart);
    T_RUN(what_belongs_together_is_handed_on_together);
    T_RUN(a_sink_comes_from_code_or_the_fallback);
    T_RUN(no_options_give_the_defaults_and_nothing_configured);
    return t_end();
}
