/* A library around src/sdk/env.h and src/wire/resource.h for test_env.py, by ctypes: fill in the
 * sources, resolve, read back. It has an environment of its own unless SHIM_REAL is defined. */
#include <string.h>

#if !defined(OTEL_LITE_NO_ENV) && !defined(SHIM_REAL)
#define OTEL_LITE_GETENV(name) shim_getenv(name)
#endif

#define VARIABLES 32

static char shim_names[VARIABLES][64], shim_values[VARIABLES][20000];
static int  shim_variables;

static inline char *shim_getenv(const char *name)
{
    for (int i = 0; i < shim_variables; i++) {
        if (strcmp(shim_names[i], name) == 0) {
            return shim_values[i];
        }
    }
    return NULL;
}

#include "src/sdk/env.h"

static otel_options    sources[2]; /* code, fallback */
static otel_attr       attrs[2][64];
static char            texts[4000][200];
static int             n_texts;
static otel__env       env;
static otel__diag_sink sink;
static char            told[100000];
static size_t          n_told;

static void hear(void *user, otel_severity severity, const char *text)
{
    const size_t n = strlen(text);
    (void)user;
    (void)severity;
    if (n_told + n + 2 < sizeof told) {
        memcpy(told + n_told, text, n);
        told[n_told + n] = '\n';
        n_told += n + 1;
        told[n_told] = '\0';
    }
}

static char *keep(const char *text)
{
    strncpy(texts[n_texts], text, sizeof texts[0] - 1);
    return texts[n_texts++];
}

void shim_reset(void)
{
    memset(sources, 0, sizeof sources);
    memset(texts, 0, (size_t)n_texts * sizeof texts[0]);
    shim_variables = n_texts = 0;
    n_told = 0;
    told[0] = '\0';
    sources[0].fallback = &sources[1];
    sources[0].on_diagnostic = hear;
}

void shim_variable(const char *name, const char *value)
{
    strcpy(shim_names[shim_variables], name);
    strcpy(shim_values[shim_variables++], value);
}

void shim_number(int source, int row, uint32_t v)
{
    memcpy((char *)&sources[source] + otel__env_rows[row].offset, &v, sizeof v);
}

void shim_text(int source, int row, const char *text)
{
    const char *v = keep(text);
    memcpy((char *)&sources[source] + otel__env_rows[row].offset, &v, sizeof v);
}

void shim_flag(int source, int row)
{
    const bool v = true;
    memcpy((char *)&sources[source] + otel__env_rows[row].offset, &v, sizeof v);
}

void shim_attr(int source, const char *key, const char *value)
{
    const size_t n = sources[source].resource.count;
    attrs[source][n] = otel_str(keep(key), keep(value));
    sources[source].resource = otel_attrs_of(attrs[source], n + 1);
}

int shim_resolve(void)
{
    otel__env_sink(&sources[0], &sink);
    return (int)otel__env_resolve(&sources[0], &env, &sink);
}

const char *shim_option(int row)
{
    return row < (int)OTEL__ENV_ROWS ? otel__env_option(&otel__env_rows[row]) : NULL;
}

uint32_t shim_number_of(int row)
{
    uint32_t v;
    memcpy(&v, (char *)&env.options + otel__env_rows[row].offset, sizeof v);
    return v;
}

const char *shim_text_of(int row)
{
    const char *v;
    memcpy(&v, (char *)&env.options + otel__env_rows[row].offset, sizeof v);
    return v;
}

int shim_flag_of(int row)
{
    bool v;
    memcpy(&v, (char *)&env.options + otel__env_rows[row].offset, sizeof v);
    return v;
}

const char *shim_told(void) { return told; }

/* The measured size; or 0 when writing gives another, or writes past its end. */
size_t shim_resource(uint8_t *to, size_t cap, const char *executable, const char *host, int64_t pid)
{
    otel__resource_facts facts;
    otel__out            measure = otel__out_make(NULL, 0), out;

    memset(&facts, 0, sizeof facts);
    facts.executable = executable;
    facts.host_name = host;
    facts.pid = pid;
    otel__resource_encode(&measure, &env.resource, &facts, &sink);
    if (measure.len > cap) {
        return 0;
    }
    out = otel__out_make(to, measure.len);
    to[measure.len] = 0xaa;
    otel__resource_encode(&out, &env.resource, &facts, NULL);
    return otel__out_fits(&out) && out.len == measure.len && to[out.len] == 0xaa ? out.len : 0;
}

size_t shim_headers(char *to, size_t cap)
{
    otel__text_buf lines = { to, cap, 0 };
#if !defined(OTEL_LITE_NO_HTTP)
    otel__env_headers(&env, &lines, &sink);
#endif
    return lines.len;
}
