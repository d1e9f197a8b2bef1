/* env: the settings of env_table.h, resolved. Called by otel_open() and otel_memory_needed(), on
 * one thread.
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
#include "env_table.h"

/* The function that looks a variable up: char *(const char *name), NULL when it is not set. */
#if !defined(OTEL_LITE_NO_ENV) && !defined(OTEL_LITE_GETENV)
#include <stdlib.h>
#define OTEL_LITE_GETENV(name) getenv(name)
#endif

/* What otel_open() works with. */
typedef struct otel__env {
    otel_options           options;  /* effective; `resource` is that of code, no fallback     */
    otel__resource_sources resource; /* for otel__resource_encode()                            */
    const char *headers_name;        /* option or variable that gave options.headers, or NULL  */
    bool        configured;          /* there is an endpoint, a transport or a manual reader   */
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
OTEL__FN const char *otel__env_variable(const otel__env_input *in, const otel__env_row *row)
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

#if !defined(OTEL_LITE_FREESTANDING)
/* The name that a diagnostic about the variable begins with. */
OTEL__FN const char *otel__env_name(const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_ENV)
    return otel__env_option(row);
#else
    return row->variable;
#endif
}

/* Tell of a bad value, never showing it. In code that is an error, for otel_open() to return. */
static OTEL__COLD void otel__env_bad(otel__env_input *in, const otel__env_row *row, bool in_code,
                                     const char *why, const char *detail)
{
    const char *name = in_code ? otel__env_option(row) : otel__env_name(row);

    otel__diag(in->sink, in_code ? OTEL_SEVERITY_ERROR : OTEL_SEVERITY_WARN, name, why, detail);
    in->status = in_code ? OTEL_INVALID : in->status;
}
#endif

/* ---- env: numbers ---- */

#define OTEL__ENV_LACKING ": exponential histograms are not compiled in; ignored"

/* Whether it is a choice that needs a facility which is not compiled in. */
static bool otel__env_is_lacking(const otel__env_row *row, uint32_t v)
{
#if defined(OTEL_LITE_NO_EXPONENTIAL)
    return row->offset == offsetof(otel_options, histogram_aggregation) &&
           v == OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
#else
    (void)row;
    (void)v;
    return false;
#endif
}

/* Turn a number as given into the effective one. Returns false when the row does not allow it. */
static OTEL__MUST_USE bool otel__env_effective(const otel__env_row *row, uint32_t v, uint32_t *out)
{
    *out = v;
    if (row->kind == OTEL__ENV_CHOICE) {
        return v < 32u && ((row->max >> v) & 1u) != 0 && !otel__env_is_lacking(row, v);
    }
    if (v == OTEL_NO_LIMIT) {
        *out = UINT32_MAX;
        return row->kind <= OTEL__ENV_LIMIT;
    }
    v = v == OTEL_ZERO ? 0 : v;
    *out = v == 0 && row->kind == OTEL__ENV_TIMEOUT ? UINT32_MAX : v;
    return v >= row->min && v <= row->max;
}

#if defined(OTEL_LITE_FREESTANDING)
/* Tell of a number that the row does not allow. */
static OTEL__COLD void otel__env_refuse(otel__env_input *in, const otel__env_row *row, uint32_t v)
{
    otel__diag(in->sink, OTEL_SEVERITY_ERROR, otel__env_option(row),
               ": out of bounds, or not compiled in", NULL);
    in->status = otel__env_is_lacking(row, v) ? OTEL_UNSUPPORTED : OTEL_INVALID;
}
#else
static OTEL__COLD void otel__env_bad_number(otel__env_input *in, const otel__env_row *row,
                                            bool in_code, uint32_t max)
{
    char text[2 * OTEL__TEXT_U64_MAX + 16];
    otel__text_buf range = { text, sizeof text - 1, 0 };

    otel__text_add_u64(&range, row->min);
    otel__text_add_c(&range, " to ");
    otel__text_add_u64(&range, max);
    otel__text_add_c(&range, "; ignored");
    text[range.len] = '\0'; /* fits: two numbers and 13 bytes */
    otel__env_bad(in, row, in_code, ": not a whole number from ", text);
}

/* Tell of a number that the row does not allow. */
static OTEL__COLD void otel__env_refuse(otel__env_input *in, const otel__env_row *row, uint32_t v)
{
    if (row->kind != OTEL__ENV_CHOICE) {
        otel__env_bad_number(in, row, true, row->max);
    } else if (otel__env_is_lacking(row, v)) {
        otel__env_bad(in, row, true, OTEL__ENV_LACKING, NULL);
        in->status = OTEL_UNSUPPORTED;
    } else {
        otel__env_bad(in, row, true, ": no value of its enum; ignored", NULL);
    }
}
#endif

/* Whether it is a batch of a signal that is compiled in. */
static bool otel__env_is_batch(const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_LOGS)
    (void)row;
    return false;
#else
    return row->kind == OTEL__ENV_BATCH;
#endif
}

/* Take the number v set in code. A batch above its queue is cut, because the queue may have come
 * from the environment. */
static bool otel__env_number_code(otel__env_input *in, const otel__env_row *row, uint32_t v,
                                  uint32_t queue, uint32_t *out)
{
    if (!otel__env_effective(row, v, out)) {
        otel__env_refuse(in, row, v);
        return false;
    }
    if (otel__env_is_batch(row) && *out > queue) {
        *out = queue;
        if (v != OTEL_NO_LIMIT) {
            otel__diag(in->sink, OTEL_SEVERITY_WARN, otel__env_option(row),
                       ": more than the queue holds; the queue's size is used", NULL);
        }
    }
    return true;
}

#if !defined(OTEL_LITE_NO_ENV)
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

/* The number of the word that `text` is in any case, or 0. */
static uint32_t otel__env_word(const otel__env_row *row, otel__text text)
{
    otel__text words = otel__text_of(otel__env_words(row));
    otel__text word;
    uint32_t   v;

    for (v = row->min; otel__text_next(&words, ',', &word); v++) {
        if (otel__text_same_nocase(word, text)) {
            return v;
        }
    }
    return 0;
}

/* Take a choice from the environment; a word that is none is as good as no variable. */
static bool otel__env_choice_variable(otel__env_input *in, const otel__env_row *row, uint32_t *out)
{
    const char *value = otel__env_variable(in, row);

    if (value == NULL) {
        return false;
    }
    *out = otel__env_word(row, otel__text_trim(otel__text_of(value)));
    if (*out != 0 && !otel__env_is_lacking(row, *out)) {
        return true;
    }
    if (*out != 0) {
        otel__env_bad(in, row, false, OTEL__ENV_LACKING, NULL);
    } else {
        otel__env_bad(in, row, false, ": ignored: none of ", otel__env_words(row));
    }
    return false;
}

#endif

#if !defined(OTEL_LITE_FREESTANDING)
/* Take a setting's number from its variable, whichever way it is written there. */
static bool otel__env_variable_take(otel__env_input *in, const otel__env_row *row, uint32_t queue,
                                    uint32_t *out)
{
#if defined(OTEL_LITE_NO_ENV)
    (void)in;
    (void)row;
    (void)queue;
    (void)out;
    return false;
#else
    if (row->kind == OTEL__ENV_CHOICE) {
        return otel__env_choice_variable(in, row, out);
    }
    return otel__env_number_variable(in, row, otel__env_is_batch(row) ? queue : UINT32_MAX, out);
#endif
}
#endif

/* The records of the queue that a BATCH or QUEUE row belongs to; its row was resolved before. */
static uint32_t otel__env_queue_of(const otel_options *out, const otel__env_row *row)
{
#if defined(OTEL_LITE_NO_TRACES) && defined(OTEL_LITE_NO_LOGS)
    (void)out;
    (void)row;
    return UINT32_MAX;
#else
    return row->offset < offsetof(otel_options, log_queue) ? out->span_queue : out->log_queue;
#endif
}

static uint32_t otel__env_standard(const otel__env_row *row, const otel_options *out,
                                   uint32_t queue)
{
    uint32_t v = row->standard;

#if !defined(OTEL_LITE_FREESTANDING)
    if (row->kind == OTEL__ENV_QUEUE) { /* 256 bytes a record, from 64 KiB to the ring's limit */
        v = queue > row->max / 256u ? row->max : queue * 256u > v ? queue * 256u : v;
    }
#endif
    if (row->offset == offsetof(otel_options, metric_queue_bytes) && v < out->series_bytes) {
        return out->series_bytes; /* resolved before: a reading of all series fits */
    }
    return otel__env_is_batch(row) && v > queue ? queue : v;
}

#if defined(OTEL_LITE_FREESTANDING)
/* Make a number effective, as it was given in code. */
static void otel__env_number(otel__env_input *in, const otel__env_row *row, otel_options *out)
{
    const uint32_t queue = otel__env_queue_of(out, row);
    uint32_t       v;

    memcpy(&v, (const char *)in->code + row->offset, sizeof v);
    if (v == 0) {
        memcpy(&v, (const char *)in->fallback + row->offset, sizeof v);
    }
    if (v == 0 || !otel__env_number_code(in, row, v, queue, &v)) {
        v = otel__env_standard(row, out, queue);
    }
    memcpy((char *)out + row->offset, &v, sizeof v);
}
#else
/* What one source in code gives, if it is set there and allowed. */
static bool otel__env_number_of(otel__env_input *in, const otel_options *options,
                                const otel__env_row *row, uint32_t queue, uint32_t *out)
{
    uint32_t v;

    memcpy(&v, (const char *)options + row->offset, sizeof v);
    return v != 0 && otel__env_number_code(in, row, v, queue, out);
}

static void otel__env_number(otel__env_input *in, const otel__env_row *row, otel_options *out)
{
    const uint32_t queue = otel__env_queue_of(out, row);
    uint32_t v = 0;

    if (!otel__env_number_of(in, in->code, row, queue, &v) &&
        !otel__env_variable_take(in, row, queue, &v) &&
        !otel__env_number_of(in, in->fallback, row, queue, &v)) {
        v = otel__env_standard(row, out, queue);
    }
    memcpy((char *)out + row->offset, &v, sizeof v);
}
#endif

/* ---- env: flags and texts ---- */

#if defined(OTEL_LITE_FREESTANDING)

/* Whether the option names an endpoint. What it is does not matter: there is no HTTP client. */
static bool otel__env_is_given(const char *endpoint)
{
    return endpoint != NULL && endpoint[0] != '\0';
}

/* Take what is no number. There are no variables, and no URL to check. */
static void otel__env_take(const otel_options *code, const otel_options *fallback, otel__env *env)
{
    otel_options *out = &env->options;
    size_t        i;

    env->resource.code = code->resource;
    env->resource.code_name = code->service_name;
    env->resource.fallback = fallback->resource;
    env->resource.fallback_name = fallback->service_name;
    /* the flags, which are neighbours */
    for (i = offsetof(otel_options, background); i <= offsetof(otel_options, ignore_host); i++) {
        ((char *)out)[i] = (char)(((const char *)code)[i] | ((const char *)fallback)[i]);
    }
    env->resource.ignore_host = out->ignore_host;
    out->status = (code->status != NULL ? code : fallback)->status;
    out->transport = (code->transport.send != NULL ? code : fallback)->transport;
    env->configured = out->transport.send != NULL || out->manual_reader ||
                      otel__env_is_given(code->endpoint) || otel__env_is_given(fallback->endpoint);
    out->views = (code->views != NULL ? code : fallback)->views;
    out->n_views = (code->views != NULL ? code : fallback)->n_views;
    code = code->memory != NULL ? code : fallback;
    out->memory = code->memory;
    out->memory_bytes = code->memory_bytes;
}

#else

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
    unsigned i;

    texts[0] = otel__env_text_of(in->code, row);
    texts[1] = otel__env_variable(in, row);
    texts[2] = otel__env_text_of(in->fallback, row);
    for (i = 0; i < 3; i++) {
        fault = texts[i] != NULL ? otel__env_text_fault(row, texts[i]) : NULL;
        if (fault != NULL) {
            otel__env_bad(in, row, i != 1, ": ignored: ", fault);
        } else if (texts[i] != NULL) {
            *name = i == 1 ? otel__env_name(row) : otel__env_option(row);
            return texts[i];
        }
    }
    *name = NULL;
    return NULL;
}

/* ---- env: all of it ---- */

static void otel__env_row_resolve(otel__env_input *in, const otel__env_row *row, otel__env *env)
{
    char *field = (char *)&env->options + row->offset;
    const char *name, *text;
    bool flag;

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
    case OTEL__ENV_ATTRS: break; /* otel__env_resolve_texts() */
    default: otel__env_number(in, row, &env->options); break;
    }
}

/* The layers of the resource: the code's, the environment's, the fallback's, each on its own. */
static void otel__env_resolve_texts(otel__env_input *in, otel__env *env)
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

#endif

/* Make the sink that the options ask for; what otel_open() tells goes there from the start. */
OTEL__FN void otel__env_sink(const otel_options *options, otel__diag_sink *sink)
{
#if defined(OTEL_LITE_NO_DIAGNOSTICS)
    (void)options; /* nobody is told */
    (void)sink;
#else
    const otel_options *from = options;

    memset(sink, 0, sizeof *sink);
    if (from != NULL && from->on_diagnostic == NULL) {
        from = from->fallback;
    }
    if (from != NULL) {
        sink->fn = from->on_diagnostic;
        sink->user = from->diagnostic_user;
    }
#endif
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
    otel__env_input in;
    unsigned        i;

    memset(env, 0,
           sizeof *env); /* no field is read once it is resolved: it stands for no options */
    in.code = options != NULL ? options : &env->options;
    in.fallback = in.code->fallback != NULL ? in.code->fallback : &env->options;
    in.sink = sink;
    in.status = OTEL_OK;
#if defined(OTEL_LITE_FREESTANDING)
    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        otel__env_number(&in, &otel__env_rows[i], &env->options);
    }
    otel__env_take(in.code, in.fallback, env);
#else
    in.environment = !in.code->ignore_environment && !in.fallback->ignore_environment;

    for (i = 0; i < OTEL__ENV_ROWS; i++) {
        otel__env_row_resolve(&in, &otel__env_rows[i], env);
    }
#define OTEL__ENV_TAKE(field, leader, about)                                                       \
    env->options.field = (in.code->leader != NULL ? in.code : in.fallback)->field;
    OTEL__ENV_GIVEN(OTEL__ENV_TAKE)
#undef OTEL__ENV_TAKE
    otel__env_resolve_texts(&in, env);
    env->configured = env->options.endpoint != NULL || env->options.transport.send != NULL ||
                      env->options.manual_reader;
#endif
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
