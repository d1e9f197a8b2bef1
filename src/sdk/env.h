/* env: the one table of settings, and the function that resolves them.
 * A row names an option, its variable, its type, its defaults and its bounds; the parser, the
 * defaults and docs/configuration.md come from it. A later setting is a row more: nobody reads a
 * variable elsewhere. Called by otel_open() and otel_memory_needed(), on one thread.
 * Invariants: what comes out holds plain numbers, where UINT32_MAX means no limit, and is not to be
 * resolved again; texts are borrowed from the options and the environment until otel_open() has
 * copied them; a value is never printed, it may be a secret.
 * Spec: sdk-environment-variables.md, configuration/common.md; requirements E-01 to E-10. */
#ifndef OTEL__SDK_ENV_H
#define OTEL__SDK_ENV_H

#include "../core/diag.h"
#include "../core/platform.h"
#include "../core/text.h"
#include "../send/http.h"
#include "../wire/resource.h"

/* The function that looks a variable up: char *(const char *name), NULL when it is not set. */
#if !defined(OTEL_LITE_NO_ENV) && !defined(OTEL_LITE_GETENV)
#include <stdlib.h>
#define OTEL_LITE_GETENV(name) getenv(name)
#endif

/* ---- env: the table ---- */

/* What a setting is, and what OTEL_ZERO and OTEL_NO_LIMIT give where they are allowed. */
typedef enum otel__env_kind {
    OTEL__ENV_DURATION, /* milliseconds; 0 is at once, no limit is never                         */
    OTEL__ENV_TIMEOUT,  /* milliseconds; 0 and no limit are both no limit (E-05)                 */
    OTEL__ENV_COUNT,    /* a number memory is taken for: always limited                          */
    OTEL__ENV_BYTES,    /* as COUNT, in bytes                                                    */
    OTEL__ENV_QUEUE,    /* as BYTES; by default it follows from the queue's records              */
    OTEL__ENV_BATCH,    /* a number, at most the queue's records; no limit is all of them        */
    OTEL__ENV_LIMIT,    /* a number that only bounds; it may have no limit                       */
    OTEL__ENV_FLAG,     /* bool; true in code wins                                               */
    OTEL__ENV_TEXT,     /* UTF-8                                                                 */
    OTEL__ENV_URL,      /* http or https                                                         */
    OTEL__ENV_HEADERS,  /* "k=v,k2=v2", values percent-encoded; secret                           */
    OTEL__ENV_ATTRS     /* attributes; the variable is a list, see resource.h                    */
} otel__env_kind;

/* Every setting with a value of its own: field of otel_options, kind, variable or NULL, default
 * when hosted, default in firmware, lowest, highest, what it is for (docs/configuration.md).
 * Texts have no default; a queue stands before what depends on it. */
#define OTEL__ENV_LIST(X)                                                                          \
    X(service_name, TEXT, "OTEL_SERVICE_NAME", 0, 0, 0, 0,                                         \
      "name of the service; unset: unknown_service:<executable>")                                  \
    X(resource, ATTRS, "OTEL_RESOURCE_ATTRIBUTES", 0, 0, 0, 0,                                     \
      "attributes of everything this program sends")                                               \
    X(endpoint, URL, "OTEL_EXPORTER_OTLP_ENDPOINT", 0, 0, 0, 0,                                    \
      "base URL; /v1/traces and so on are appended; unset: telemetry is off")                      \
    X(headers, HEADERS, "OTEL_EXPORTER_OTLP_HEADERS", 0, 0, 0, 0, "headers of each request")       \
    X(timeout_ms, TIMEOUT, "OTEL_EXPORTER_OTLP_TIMEOUT", 10000, 10000, 0, 2147483647,              \
      "one attempt, from connect to the last byte of the reply")                                   \
    X(max_request_bytes, BYTES, NULL, 1048576, 2048, 256, 67108864, "body of one request")         \
    X(span_delay_ms, DURATION, "OTEL_BSP_SCHEDULE_DELAY", 5000, 5000, 0, 2147483647,               \
      "longest wait of a span for a batch")                                                        \
    X(span_timeout_ms, TIMEOUT, "OTEL_BSP_EXPORT_TIMEOUT", 30000, 30000, 0, 2147483647,            \
      "what one flush waits for")                                                                  \
    X(span_queue, COUNT, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, 16, 1, 2147483647,                       \
      "spans queued at most")                                                                      \
    X(span_batch, BATCH, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 512, 1, 2147483647,                \
      "spans of one request at most")                                                              \
    X(span_queue_bytes, QUEUE, NULL, 65536, 1024, 256, 1073741824, "encoded spans queued at most") \
    X(max_open_spans, COUNT, NULL, 256, 4, 1, 65520, "spans open at once")                         \
    X(span_chunks, COUNT, NULL, 256, 4, 0, 65520,                                                  \
      "pieces of OTEL_LITE_CHUNK_BYTES that big spans share")                                      \
    X(metric_interval_ms, DURATION, "OTEL_METRIC_EXPORT_INTERVAL", 60000, 60000, 1, 2147483647,    \
      "time between two collections")                                                              \
    X(series_bytes, BYTES, NULL, 1048576, 1024, 256, 1073741824,                                   \
      "attribute sets and their values")                                                           \
    X(metric_queue_bytes, BYTES, NULL, 1048576, 1024, 256, 1073741824,                             \
      "encoded readings queued at most; by default what a reading of all series takes")            \
    X(max_series, LIMIT, NULL, 2000, 16, 1, 2147483647, "attribute sets of one instrument")        \
    X(max_instruments, COUNT, NULL, 256, 8, 1, 65535, "instruments")                               \
    X(log_delay_ms, DURATION, NULL, 1000, 1000, 0, 2147483647,                                     \
      "longest wait of a log record for a batch")                                                  \
    X(log_queue, COUNT, NULL, 2048, 16, 1, 2147483647, "log records queued at most")               \
    X(log_batch, BATCH, NULL, 512, 512, 1, 2147483647, "log records of one request at most")       \
    X(log_queue_bytes, QUEUE, NULL, 65536, 1024, 256, 1073741824,                                  \
      "encoded log records queued at most")                                                        \
    X(max_scopes, COUNT, NULL, 32, 4, 1, 65535, "instrumentation scopes")                          \
    X(attribute_limit, LIMIT, NULL, 128, 128, 0, 2147483647,                                       \
      "attributes of one span, event or log record")                                               \
    X(text_bytes, BYTES, NULL, 32768, 1024, 64, 1073741824, "copies of names, units, resource")    \
    X(background, FLAG, NULL, 0, 0, 0, 0, "start one thread that calls otel_poll()")               \
    X(disabled, FLAG, "OTEL_SDK_DISABLED", 0, 0, 0, 0, "turn telemetry off")                       \
    X(ignore_environment, FLAG, NULL, 0, 0, 0, 0, "read no variable at all")                       \
    X(ignore_host, FLAG, NULL, 0, 0, 0, 0, "no process and host attributes in the resource")

/* Options that are handed on as they are, from code, else from the fallback: field, what must be
 * set there for it to count, what it is for. */
#define OTEL__ENV_GIVEN(X)                                                                         \
    X(transport, transport.send, "where requests go instead of HTTP")                              \
    X(memory, memory, "the block to use; unset: one malloc()")                                     \
    X(memory_bytes, memory, "bytes at `memory`")                                                   \
    X(on_diagnostic, on_diagnostic, "told about what went wrong")                                  \
    X(diagnostic_user, on_diagnostic, "handed to `on_diagnostic`")                                 \
    X(status, status, "receives the result of otel_open()")

#define OTEL__ENV_INT_MAX 0x7fffffffu /* E-05: numbers in variables are from 0 to 2^31-1 */

typedef struct otel__env_row {
#if !defined(OTEL_LITE_NO_ENV)
    const char *variable; /* NULL: in code only */
#endif
    const char *option;   /* name of the field, for diagnostics    */
    uint32_t    standard; /* the default                           */
    uint32_t    min, max; /* numbers, both included                */
    uint16_t    offset;   /* of the field in otel_options          */
    uint8_t     kind;     /* enum otel__env_kind                   */
} otel__env_row;

/* Index of a field's row. */
enum {
#define OTEL__ENV_ENUM(field, kind, variable, hosted, firmware, min, max, about)                   \
    OTEL__ENV_AT_##field,
    OTEL__ENV_LIST(OTEL__ENV_ENUM)
#undef OTEL__ENV_ENUM
        OTEL__ENV_ROWS
};

#if defined(OTEL_LITE_NO_ENV)
#define OTEL__ENV_NAMES(variable, field) #field
#else
#define OTEL__ENV_NAMES(variable, field) variable, #field
#endif
#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__ENV_STANDARD(hosted, firmware) (firmware)
#else
#define OTEL__ENV_STANDARD(hosted, firmware) (hosted)
#endif

static const otel__env_row otel__env_rows[OTEL__ENV_ROWS] = {
#define OTEL__ENV_ROW(field, kind, variable, hosted, firmware, min, max, about)                    \
    { OTEL__ENV_NAMES(variable, field),                                                            \
      OTEL__ENV_STANDARD(hosted, firmware),                                                        \
      (min),                                                                                       \
      (max),                                                                                       \
      (uint16_t)offsetof(otel_options, field),                                                     \
      (uint8_t)OTEL__ENV_##kind },
    OTEL__ENV_LIST(OTEL__ENV_ROW)
#undef OTEL__ENV_ROW
};

/* What otel_open() works with. */
typedef struct otel__env {
    otel_options           options;  /* effective; `resource` is that of code, no fallback     */
    otel__resource_sources resource; /* for otel__resource_encode()                            */
    const char *headers_name;        /* option or variable that gave options.headers, or NULL  */
    bool        configured;          /* there is an endpoint or a transport                    */
} otel__env;

/* ---- env: reading one source ---- */

/* Where values come from while they are resolved. */
typedef struct otel__env_input {
    const otel_options *code;
    const otel_options *fallback; /* never NULL: zeroed when there is none */
    otel__diag_sink    *sink;     /* NULL: say nothing                     */
    otel_status         status;   /* OTEL_INVALID after a bad option       */
    bool                environment;
} otel__env_input;

/* The variable's text; NULL when it is unset, empty (E-01), or not to be read. */
static const char *otel__env_variable(const otel__env_input *in, const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_ENV)
    (void)in;
    (void)row;
    return NULL;
#else
    const char *text = NULL;

    if (in->environment && row->variable != NULL) {
        text = OTEL_LITE_GETENV(row->variable);
    }
    return text != NULL && text[0] != '\0' ? text : NULL;
#endif
}

/* The name that a diagnostic about the variable begins with. */
static const char *otel__env_name(const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_ENV)
    return row->option;
#else
    return row->variable;
#endif
}

/* Tell of a bad value, never showing it. In code that is an error, for otel_open() to return. */
static OTEL__COLD void otel__env_bad(otel__env_input *in, const otel__env_row *row, bool in_code,
                                     const char *why, const char *detail)
{
    const char *name = in_code ? row->option : otel__env_name(row);

    otel__diag(in->sink, in_code ? OTEL_SEVERITY_ERROR : OTEL_SEVERITY_WARN, name, why, detail);
    in->status = in_code ? OTEL_INVALID : in->status;
}

static bool otel__env_flag_of(const otel_options *options, const otel__env_row *row)
{
    bool v;
    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v;
}

/* An option's text; NULL when it is unset or empty. */
static const char *otel__env_text_of(const otel_options *options, const otel__env_row *row)
{
    const char *v;
    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v != NULL && v[0] != '\0' ? v : NULL;
}

/* ---- env: numbers ---- */

static OTEL__COLD void otel__env_bad_number(otel__env_input *in, const otel__env_row *row,
                                            bool in_code, uint32_t max)
{
    char           text[2 * OTEL__TEXT_U64_MAX + 16];
    otel__text_buf range = { text, sizeof text - 1, 0 };

    otel__text_add_u64(&range, row->min);
    otel__text_add_c(&range, " to ");
    otel__text_add_u64(&range, max);
    otel__text_add_c(&range, "; ignored");
    text[range.len] = '\0'; /* fits: two numbers and 13 bytes */
    otel__env_bad(in, row, in_code, ": not a whole number from ", text);
}

/* Turn a number as given into the effective one. Returns false when the row does not allow it. */
static OTEL__MUST_USE bool otel__env_effective(const otel__env_row *row, uint32_t v, uint32_t *out)
{
    if (v == OTEL_NO_LIMIT) {
        *out = UINT32_MAX;
        return row->kind == OTEL__ENV_DURATION || row->kind == OTEL__ENV_TIMEOUT ||
               row->kind == OTEL__ENV_BATCH || row->kind == OTEL__ENV_LIMIT;
    }
    v = v == OTEL_ZERO ? 0 : v;
    *out = v == 0 && row->kind == OTEL__ENV_TIMEOUT ? UINT32_MAX : v;
    return v >= row->min && v <= row->max;
}

/* Take a number set in code. `cap`: a batch's queue; more is cut, because the queue may have come
 * from the environment. */
static bool otel__env_number_code(otel__env_input *in, const otel_options *options,
                                  const otel__env_row *row, uint32_t cap, uint32_t *out)
{
    uint32_t v;

    memcpy(&v, (const char *)options + row->offset, sizeof v);
    if (v == 0) {
        return false;
    }
    if (!otel__env_effective(row, v, out)) {
        otel__env_bad_number(in, row, true, row->max);
        return false;
    }
    if (*out > cap) {
        *out = cap;
        if (v != OTEL_NO_LIMIT) {
            otel__diag(in->sink, OTEL_SEVERITY_WARN, row->option,
                       ": more than the queue holds; the queue's size is used", NULL);
        }
    }
    return true;
}

/* Take a number from the environment; a bad one is as good as none (E-04, E-05, E-09). */
static bool otel__env_number_variable(otel__env_input *in, const otel__env_row *row, uint32_t cap,
                                      uint32_t *out)
{
    const char *value = otel__env_variable(in, row);
    otel__text  text = otel__text_trim(otel__text_of(value));
    uint64_t    v = 0;

    if (value == NULL) {
        return false;
    }
    if (otel__text_parse_u64(text.s, text.n, &v) && v <= OTEL__ENV_INT_MAX &&
        otel__env_effective(row, (uint32_t)v, out) && v <= cap) {
        return true;
    }
    otel__env_bad_number(in, row, false, cap < row->max ? cap : row->max);
    return false;
}

/* The records of the queue that a BATCH or QUEUE row belongs to; its row was resolved before. */
static uint32_t otel__env_queue_of(const otel_options *out, const otel__env_row *row)
{
    return row->offset < offsetof(otel_options, log_queue) ? out->span_queue : out->log_queue;
}

static uint32_t otel__env_standard(const otel__env_row *row, uint32_t queue)
{
    uint32_t v = row->standard;

#if !defined(OTEL_LITE_FREESTANDING)
    if (row->kind == OTEL__ENV_QUEUE) { /* 256 bytes a record, from 64 KiB to the ring's limit */
        v = queue > row->max / 256u ? row->max : queue * 256u > v ? queue * 256u : v;
    }
#endif
    return row->kind == OTEL__ENV_BATCH && v > queue ? queue : v;
}

static void otel__env_number(otel__env_input *in, const otel__env_row *row, otel_options *out)
{
    const uint32_t queue = otel__env_queue_of(out, row);
    const uint32_t cap = row->kind == OTEL__ENV_BATCH ? queue : UINT32_MAX;
    uint32_t       v = 0;

    if (!otel__env_number_code(in, in->code, row, cap, &v) &&
        !otel__env_number_variable(in, row, cap, &v) &&
        !otel__env_number_code(in, in->fallback, row, cap, &v)) {
        v = otel__env_standard(row, queue);
        if (row->offset == offsetof(otel_options, metric_queue_bytes) && v < out->series_bytes) {
            v = out->series_bytes; /* resolved before: a reading of all series fits */
        }
    }
    memcpy((char *)out + row->offset, &v, sizeof v);
}

/* ---- env: flags and texts ---- */

/* True in code wins; then a variable that is set decides, also against the fallback (E-03). */
static bool otel__env_flag(otel__env_input *in, const otel__env_row *row)
{
    const otel__text text = otel__text_trim(otel__text_of(otel__env_variable(in, row)));

    if (otel__env_flag_of(in->code, row)) {
        return true;
    }
    if (text.n == 0) {
        return otel__env_flag_of(in->fallback, row);
    }
    if (otel__text_is_nocase(text, "true")) {
        return true;
    }
    if (!otel__text_is_nocase(text, "false")) {
        otel__env_bad(in, row, false, ": neither true nor false; taken as false", NULL);
    }
    return false;
}

/* What is wrong with a text, or NULL. */
static const char *otel__env_text_fault(const otel__env_row *row, const char *text)
{
#if defined(OTEL_LITE_NO_HTTP)
    (void)row; /* only the built-in client reads URLs */
    (void)text;
    return NULL;
#else
    otel__http_url       url;
    otel__http_url_error error = OTEL__HTTP_URL_OK;

    if (row->kind == OTEL__ENV_URL) {
        error = otel__http_url_parse(otel__text_of(text), &url);
    }
    return error == OTEL__HTTP_URL_OK ? NULL : otel__http_url_text(error);
#endif
}

/* Resolve a text. *name becomes the option or variable that gave it. */
static const char *otel__env_text(otel__env_input *in, const otel__env_row *row, const char **name)
{
    const char *texts[3], *fault;
    unsigned    i;

    texts[0] = otel__env_text_of(in->code, row);
    texts[1] = otel__env_variable(in, row);
    texts[2] = otel__env_text_of(in->fallback, row);
    for (i = 0; i < 3; i++) {
        fault = texts[i] != NULL ? otel__env_text_fault(row, texts[i]) : NULL;
        if (fault != NULL) {
            otel__env_bad(in, row, i != 1, ": ignored: ", fault);
        } else if (texts[i] != NULL) {
            *name = i == 1 ? otel__env_name(row) : row->option;
            return texts[i];
        }
    }
    *name = NULL;
    return NULL;
}

/* ---- env: all of it ---- */

static void otel__env_row_resolve(otel__env_input *in, const otel__env_row *row, otel__env *env)
{
    char       *field = (char *)&env->options + row->offset;
    const char *name, *text;
    bool        flag;

    switch (row->kind) {
    case OTEL__ENV_FLAG:
        flag = otel__env_flag(in, row);
        memcpy(field, &flag, sizeof flag);
        break;
    case OTEL__ENV_TEXT:
    case OTEL__ENV_URL:
    case OTEL__ENV_HEADERS:
        text = otel__env_text(in, row, &name);
        memcpy(field, &text, sizeof text);
        if (row->kind == OTEL__ENV_HEADERS) {
            env->headers_name = name;
        }
        break;
    case OTEL__ENV_ATTRS: break; /* otel__env_resource() */
    default: otel__env_number(in, row, &env->options); break;
    }
}

/* The layers of the resource: the code's, the environment's, the fallback's, each on its own. */
static void otel__env_resource(otel__env_input *in, otel__env *env)
{
    const otel__env_row *name = &otel__env_rows[OTEL__ENV_AT_service_name];

    env->options.resource = in->code->resource;
    env->resource.code = in->code->resource;
    env->resource.code_name = otel__env_text_of(in->code, name);
    env->resource.fallback = in->fallback->resource;
    env->resource.fallback_name = otel__env_text_of(in->fallback, name);
    env->resource.variable = otel__env_variable(in, &otel__env_rows[OTEL__ENV_AT_resource]);
    env->resource.variable_name = otel__env_variable(in, name);
    env->resource.ignore_host = env->options.ignore_host;
}

/* Make the sink that the options ask for; what otel_open() tells goes there from the start. */
OTEL__FN void otel__env_sink(const otel_options *options, otel__diag_sink *sink)
{
    const otel_options *from = options;

    memset(sink, 0, sizeof *sink);
    if (from != NULL && from->on_diagnostic == NULL) {
        from = from->fallback;
    }
    if (from != NULL) {
        sink->fn = from->on_diagnostic;
        sink->user = from->diagnostic_user;
    }
}

/* Resolve every setting: code, then environment, then the fallback, then the default.
 *
 *   options  borrowed, NULL for all defaults; a fallback's own fallback is not looked at
 *   env      filled in whatever is returned; where an option is bad the next source counts
 *   sink     told of each bad value once, or NULL
 *
 * Returns  OTEL_OK, or OTEL_INVALID when an option in code was bad. Bad variables are no error.
 * Spec     configuration/common.md; E-01 to E-05, E-09. */
OTEL__FN otel_status otel__env_resolve(const otel_options *options, otel__env *env,
                                       otel__diag_sink *sink)
{
    otel_options    none;
    otel__env_input in;
    unsigned        i;

    memset(&none, 0, sizeof none);
    memset(env, 0, sizeof *env);
    in.code = options != NULL ? options : &none;
    in.fallback = in.code->fallback != NULL ? in.code->fallback : &none;
    in.sink = sink;
    in.status = OTEL_OK;
    in.environment = !in.code->ignore_environment && !in.fallback->ignore_environment;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        otel__env_row_resolve(&in, &otel__env_rows[i], env);
    }
#define OTEL__ENV_TAKE(field, leader, about)                                                       \
    env->options.field = (in.code->leader != NULL ? in.code : in.fallback)->field;
    OTEL__ENV_GIVEN(OTEL__ENV_TAKE)
#undef OTEL__ENV_TAKE
    otel__env_resource(&in, env);
    env->configured = env->options.endpoint != NULL || env->options.transport.send != NULL;
    return in.status;
}

/* ---- env: headers ---- */

#if !defined(OTEL_LITE_NO_HTTP)

typedef struct otel__env_headers_told {
    const otel__env *env;
    otel__diag_sink *sink;
} otel__env_headers_told;

/* otel__http_bad_header_fn: names the header, never its value (H-41). */
static void otel__env_headers_tell(void *user, otel__text key, const char *reason)
{
    const otel__env_headers_told *told = (const otel__env_headers_told *)user;

    char           text[80];
    otel__text_buf line = { text, sizeof text - 1, 0 };

    key.n = key.n <= 60 ? key.n : 60; /* the rest of the text is 12 bytes long */
    otel__text_add_c(&line, ": header ");
    otel__text_add(&line, key);
    otel__text_add_c(&line, key.n > 0 ? ": " : "ignored: ");
    text[line.len] = '\0';
    otel__diag(told->sink, OTEL_SEVERITY_WARN, told->env->headers_name, text, reason);
}

/* Turn the effective headers into ready lines; a bad pair is left out and told.
 *   lines  empty, with room for otel__http_headers_need() bytes of the same text */
OTEL__FN void otel__env_headers(const otel__env *env, otel__text_buf *lines, otel__diag_sink *sink)
{
    otel__env_headers_told told;

    told.env = env;
    told.sink = sink;
    otel__http_headers_parse(otel__text_of(env->options.headers), lines, otel__env_headers_tell,
                             &told);
}

#endif /* OTEL_LITE_NO_HTTP */

#endif /* OTEL__SDK_ENV_H */
