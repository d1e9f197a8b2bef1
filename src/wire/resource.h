/* resource: who sends, as the bytes of an OTLP Resource message, made once by otel_open().
 * Layers, of which a later one wins key by key: built-in attributes (service.name, telemetry.sdk.*,
 * process and host), the fallback's, the environment's, the code's; in each the service name given
 * by itself beats the attribute. The system is not asked: what is known of process and host comes
 * in as otel__resource_facts.
 * Invariants: each key is written once; the same input gives the same bytes; they are UTF-8; the
 * variable is used whole or not at all. Nothing is stored, so measuring and writing are one path.
 * Spec: resource/sdk.md; semantic conventions "Service", "Telemetry SDK". */
#ifndef OTEL__WIRE_RESOURCE_H
#define OTEL__WIRE_RESOURCE_H

#include "../core/diag.h"
#include "../core/text.h"
#include "attrs.h"
#include "proto.h"

#define OTEL__RESOURCE_SDK_NAME     "otel_lite" /* */
#define OTEL__RESOURCE_SDK_LANGUAGE "c"         /* */
#define OTEL__RESOURCE_UNKNOWN      "unknown_service"

/* Pairs in the variable: bounds the search for equal keys, which looks at every two of them. */
#define OTEL__RESOURCE_PAIRS_MAX 1024u

/* Whether there is a variable at all: without one the compiler drops what reads it. */
#if defined(OTEL_LITE_NO_ENV)
#define OTEL__RESOURCE_READS 0
#else
#define OTEL__RESOURCE_READS 1
#endif

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_EXECUTABLE_MAX 31u
#else
#define OTEL__RESOURCE_EXECUTABLE_MAX 255u /* Linux: NAME_MAX */
#endif

/* What the platform knows; borrowed for the call. Not known: NULL or 0, and left out. */
typedef struct otel__resource_facts {
    const char *executable; /* file name without its folders         */
    const char *host_name;
    const char *instance_id; /* a random UUID, new in each process    */
    int64_t     pid;
} otel__resource_facts;

/* What the user says; borrowed for the call, lowest layer first. */
typedef struct otel__resource_sources {
    otel_attrs  fallback;
    const char *fallback_name; /* service name of its own, or NULL          */
    const char *variable;      /* text of OTEL_RESOURCE_ATTRIBUTES, or NULL */
    const char *variable_name; /* text of OTEL_SERVICE_NAME, or NULL        */
    otel_attrs  code;
    const char *code_name;
    bool        ignore_host; /* no process.*, host.*, os.* attributes       */
} otel__resource_sources;

/* host.arch and os.type as the semantic conventions spell them; not known: left out. */
#if defined(__x86_64__)
#define OTEL__RESOURCE_ARCH "amd64"
#elif defined(__aarch64__)
#define OTEL__RESOURCE_ARCH "arm64"
#elif defined(__arm__)
#define OTEL__RESOURCE_ARCH "arm32"
#elif defined(__i386__)
#define OTEL__RESOURCE_ARCH "x86"
#elif defined(__powerpc64__)
#define OTEL__RESOURCE_ARCH "ppc64"
#elif defined(__powerpc__)
#define OTEL__RESOURCE_ARCH "ppc32"
#elif defined(__s390x__)
#define OTEL__RESOURCE_ARCH "s390x"
#elif defined(__ia64__)
#define OTEL__RESOURCE_ARCH "ia64"
#elif defined(__riscv) && __riscv_xlen == 64
#define OTEL__RESOURCE_ARCH "riscv64"
#else
#define OTEL__RESOURCE_ARCH ""
#endif

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_OS NULL
#elif defined(__linux__)
#define OTEL__RESOURCE_OS "linux"
#elif defined(__APPLE__)
#define OTEL__RESOURCE_OS "darwin"
#elif defined(__FreeBSD__)
#define OTEL__RESOURCE_OS "freebsd"
#elif defined(__NetBSD__)
#define OTEL__RESOURCE_OS "netbsd"
#elif defined(__OpenBSD__)
#define OTEL__RESOURCE_OS "openbsd"
#elif defined(__DragonFly__)
#define OTEL__RESOURCE_OS "dragonflybsd"
#elif defined(__sun)
#define OTEL__RESOURCE_OS "solaris"
#elif defined(_AIX)
#define OTEL__RESOURCE_OS "aix"
#else
#define OTEL__RESOURCE_OS NULL
#endif

#if OTEL__RESOURCE_READS

/* ---- resource: percent-encoded bytes, one at a time ---- */

#define OTEL__RESOURCE_END (-1) /* no byte is left                                      */
#define OTEL__RESOURCE_BAD (-2) /* a % that is not followed by two hexadecimal digits   */

/* Take the next byte of `rest`, decoded. Returns 0 to 255, or one of the above. */
static int otel__resource_byte(otel__text *rest)
{
    int    c = OTEL__RESOURCE_END;
    size_t used = 1;

    if (rest->n == 0) {
        return c;
    }
    c = (uint8_t)rest->s[0];
    if (c == '%') {
        const unsigned high = rest->n >= 3 ? otel__text_hex_digit(rest->s[1]) : 16u;
        const unsigned low = rest->n >= 3 ? otel__text_hex_digit(rest->s[2]) : 16u;

        if (high > 15 || low > 15) {
            return OTEL__RESOURCE_BAD;
        }
        c = (int)(high * 16 + low);
        used = 3;
    }
    rest->s += used;
    rest->n -= used;
    return c;
}

/* What is wrong with a key or value of the variable, or NULL. */
static const char *otel__resource_text_fault(otel__text rest)
{
    char   character[4] = ""; /* the one being gathered: no character of UTF-8 is longer */
    size_t n = 0;

    for (;;) {
        const int c = otel__resource_byte(&rest);

        if (c < 0 || (c & 0xc0) != 0x80) { /* another one begins: this one is complete */
            if (!otel__text_utf8_valid(character, n)) {
                return "text that is not UTF-8";
            }
            n = 0;
        }
        if (c < 0) {
            return c == OTEL__RESOURCE_END ? NULL : "a % without two hexadecimal digits";
        }
        if (n == sizeof character) {
            return "text that is not UTF-8";
        }
        character[n++] = (char)(uint8_t)c;
    }
}

/* ---- resource: the variable ---- */

/* Cut the next pair off `rest`, both halves trimmed and still encoded. A raw '=' in a value is part
 * of it. Empty members are skipped. Returns false at the end.
 *   has_equals  false: there is no '=', and key is the whole member */
static bool otel__resource_pair(otel__text *rest, otel__text *key, otel__text *value,
                                bool *has_equals)
{
    otel__text member;
    size_t     at;

    do {
        if (!otel__text_next(rest, ',', &member)) {
            return false;
        }
        member = otel__text_trim(member);
    } while (member.n == 0);

    at = otel__text_find(member, '=');
    *has_equals = at < member.n;
    *key = otel__text_trim(otel__text_make(member.s, at));
    at += *has_equals ? 1u : 0u;
    *value = otel__text_trim(otel__text_make(member.s + at, member.n - at));
    return true;
}

/* What is wrong with the variable, or NULL. Any fault discards all of it. */
OTEL__FN const char *otel__resource_list_fault(otel__text rest)
{
    otel__text  key, value;
    const char *fault = NULL;
    unsigned    pairs = 0;
    bool        has_equals;

    while (fault == NULL && otel__resource_pair(&rest, &key, &value, &has_equals)) {
        if (!has_equals) {
            fault = "a member without '='";
        } else if (key.n == 0) {
            fault = "an empty key";
        } else if (++pairs > OTEL__RESOURCE_PAIRS_MAX) {
            fault = "more than 1024 pairs";
        } else {
            fault = otel__resource_text_fault(key);
            fault = fault != NULL ? fault : otel__resource_text_fault(value);
        }
    }
    return fault;
}

#endif /* OTEL__RESOURCE_READS */

/* ---- resource: all pairs, lowest layer first ---- */

/* Layers; a service name is a list of one or none. */
enum {
    OTEL__RESOURCE_BUILT_IN,
    OTEL__RESOURCE_FALLBACK,
    OTEL__RESOURCE_FALLBACK_NAME,
#if OTEL__RESOURCE_READS
    OTEL__RESOURCE_VARIABLE, /* the only one that is text */
    OTEL__RESOURCE_VARIABLE_NAME,
#endif
    OTEL__RESOURCE_CODE,
    OTEL__RESOURCE_CODE_NAME,
    OTEL__RESOURCE_LAYERS
};

#if OTEL__RESOURCE_READS

/* A place in the sequence of all pairs; a copy goes on by itself. */
typedef struct otel__resource_walk {
    const otel_attrs *layers; /* OTEL__RESOURCE_LAYERS; that of VARIABLE is empty */
    unsigned          layer;
    size_t            at;   /* in that layer */
    otel__text        rest; /* of the variable */
} otel__resource_walk;

typedef struct otel__resource_item {
    const otel_attr *attr; /* NULL: a pair of the variable */
    otel__text       key;
    otel__text       value; /* of such a pair; encoded, like its key */
} otel__resource_item;

/* Step to the next attribute. Returns false at the end. */
static bool otel__resource_next(otel__resource_walk *walk, otel__resource_item *item)
{
    for (; walk->layer < OTEL__RESOURCE_LAYERS; walk->layer++, walk->at = 0) {
        const otel_attrs *layer = &walk->layers[walk->layer];

        if (walk->at < layer->count) {
            item->attr = &layer->items[walk->at++];
            item->key = otel__text_make(item->attr->key, otel__attr_key_length(item->attr));
            return true;
        }
        if (walk->layer == OTEL__RESOURCE_VARIABLE) {
            bool has_equals;
            item->attr = NULL;
            if (otel__resource_pair(&walk->rest, &item->key, &item->value, &has_equals)) {
                return true;
            }
        }
    }
    return false;
}

/* A key being compared as it will be written: decoded, or repaired. */
typedef struct otel__resource_key {
    otel__text rest;
    otel__text character; /* what is left of one of an option's key */
    bool       encoded;
} otel__resource_key;

static otel__resource_key otel__resource_key_of(const otel__resource_item *item)
{
    otel__resource_key key;

    key.rest = item->key;
    key.character = otel__text_make(NULL, 0);
    key.encoded = item->attr == NULL;
    return key;
}

static int otel__resource_key_byte(otel__resource_key *key)
{
    if (key->encoded) {
        return otel__resource_byte(&key->rest);
    }
    if (key->character.n == 0 && key->rest.n > 0) {
        bool         ok;
        const size_t n = otel__text_utf8_step(key->rest.s, key->rest.n, &ok);

        key->character = otel__text_make(ok ? key->rest.s : "\xef\xbf\xbd", ok ? n : 3u);
        key->rest = otel__text_make(key->rest.s + n, key->rest.n - n);
    }
    if (key->character.n == 0) {
        return OTEL__RESOURCE_END;
    }
    key->character.n--;
    return (uint8_t)*key->character.s++;
}

static bool otel__resource_same_key(const otel__resource_item *a, const otel__resource_item *b)
{
    otel__resource_key left = otel__resource_key_of(a), right = otel__resource_key_of(b);
    int                c, d;

    do {
        c = otel__resource_key_byte(&left);
        d = otel__resource_key_byte(&right);
    } while (c == d && c >= 0);
    return c == d;
}

/* Whether a later pair has the key of `item`, behind which `walk` stands; then that one counts. */
static bool otel__resource_shadowed(otel__resource_walk walk, const otel__resource_item *item)
{
    otel__resource_item other;
    bool                found = false;

    while (!found && otel__resource_next(&walk, &other)) {
        found = otel__resource_same_key(item, &other);
    }
    return found;
}

#else

/* The attribute at place i of all layers, or NULL behind the last. */
static const otel_attr *otel__resource_at(const otel_attrs *layers, size_t i)
{
    unsigned layer;

    for (layer = 0; layer < OTEL__RESOURCE_LAYERS; layer++) {
        if (i < layers[layer].count) {
            return &layers[layer].items[i];
        }
        i -= layers[layer].count;
    }
    return NULL;
}

/* Whether an attribute behind place i has the key of that one, `attr`; then the later one
 * counts. */
static bool otel__resource_shadowed(const otel_attrs *layers, size_t i, const otel_attr *attr)
{
    const otel_attr *other;

    do {
        other = otel__resource_at(layers, ++i);
    } while (other != NULL && !otel__attr_same_key(attr, other));
    return other != NULL;
}

#endif

/* ---- resource: writing ---- */

/* Resource.attributes, field 1; KeyValue and AnyValue have their text there too. */
#define OTEL__RESOURCE_FIELD 1u

static void otel__resource_put_attr(otel__out *out, const otel_attr *attr)
{
    const size_t at = out->len;
    otel__kv     kv;
    uint64_t     high = 0; /* was looked at by the measuring */
    size_t       need;

    if (otel__kv_measure_checked(&kv, attr)) {
        need = otel__pb_field_size(kv.body);
        out->len = need <= SIZE_MAX - at ? at + need : SIZE_MAX;
        if (otel__out_fits(out)) {
            (void)otel__kv_store(out->buf + at, OTEL__PB_TAG(OTEL__RESOURCE_FIELD, OTEL__PB_LEN),
                                 &kv, attr, &high);
        }
    }
}

#if OTEL__RESOURCE_READS

static size_t otel__resource_decoded_length(otel__text text)
{
    size_t n = 0;

    while (otel__resource_byte(&text) >= 0) {
        n++;
    }
    return n;
}

static void otel__resource_put_decoded(otel__out *out, otel__text text)
{
    int c;

    while ((c = otel__resource_byte(&text)) >= 0) {
        otel__out_byte(out, (uint8_t)c);
    }
}

/* A pair of the variable, found to be in order before. */
static void otel__resource_put_pair(otel__out *out, otel__text key, otel__text value)
{
    const size_t n_key = otel__resource_decoded_length(key);
    const size_t n_value = otel__resource_decoded_length(value);
    const size_t n_any = otel__pb_field_size(n_value);

    otel__pb_head(out, OTEL__RESOURCE_FIELD,
                  otel__pb_field_size(n_key) + otel__pb_field_size(n_any));
    otel__pb_head(out, 1, n_key);
    otel__resource_put_decoded(out, key);
    otel__pb_head(out, 2, n_any);
    otel__pb_head(out, 1, n_value);
    otel__resource_put_decoded(out, value);
}

#endif

/* ---- resource: built-in attributes ---- */

#if defined(OTEL_LITE_FREESTANDING)
#define OTEL__RESOURCE_OWN_MAX 7 /* five built-in attributes, two service names */
#else
#define OTEL__RESOURCE_OWN_MAX 13 /* ten, and three */
#endif

/* Attributes that are in no list of the user's. */
typedef struct otel__resource_own {
    otel_attr attrs[OTEL__RESOURCE_OWN_MAX];
    size_t    count;
#if !defined(OTEL_LITE_FREESTANDING)
    char name[sizeof OTEL__RESOURCE_UNKNOWN + OTEL__RESOURCE_EXECUTABLE_MAX]; /* and a colon */
#endif
} otel__resource_own;

#if defined(OTEL_LITE_FREESTANDING)
/* Keys and values, one behind the other; what is of the host comes last. */
static const char otel__resource_texts[] OTEL__UNUSED =
    "service.name\0" OTEL__RESOURCE_UNKNOWN "\0"
    "telemetry.sdk.name\0" OTEL__RESOURCE_SDK_NAME "\0"
    "telemetry.sdk.language\0" OTEL__RESOURCE_SDK_LANGUAGE "\0"
    "telemetry.sdk.version\0" OTEL_LITE_VERSION "\0"
    "host.arch\0" OTEL__RESOURCE_ARCH;
#define OTEL__RESOURCE_SERVICE otel__resource_texts
#else
#define OTEL__RESOURCE_SERVICE "service.name"
#endif

/* Add an attribute to `own`, which was zeroed; without a value it gets no key, so that it is left
 * out. Returns it. */
OTEL__FN OTEL__NOINLINE const otel_attr *otel__resource_add(otel__resource_own *own,
                                                            const char *key, const char *value)
{
    otel_attr *attr = &own->attrs[own->count++];

    if (value != NULL && value[0] != '\0') {
        attr->key = key;
        attr->type = OTEL_TYPE_STRING;
        attr->length = OTEL_LENGTH_UNKNOWN;
        attr->value.s = value;
    }
    return attr;
}

static otel_attrs otel__resource_name(otel__resource_own *own, const char *name)
{
    return otel_attrs_of(otel__resource_add(own, OTEL__RESOURCE_SERVICE, name), 1);
}

#if !defined(OTEL_LITE_FREESTANDING)
/* The default service name: R-06. */
static void otel__resource_default_name(otel__resource_own *own, const char *executable)
{
    otel__text     file = otel__text_of(executable);
    otel__text_buf name = { own->name, sizeof own->name, 0 };

    file.n = otel__text_utf8_cut(file.s, file.n, OTEL__RESOURCE_EXECUTABLE_MAX);
    otel__text_add_c(&name, file.n > 0 ? OTEL__RESOURCE_UNKNOWN ":" : OTEL__RESOURCE_UNKNOWN);
    otel__text_add(&name, file);
    own->attrs[own->count++] = otel_strn(OTEL__RESOURCE_SERVICE, own->name, name.len);
}
#endif

#if defined(OTEL_LITE_FREESTANDING)
static void otel__resource_built_in(otel__resource_own *own, const otel__resource_facts *facts,
                                    bool ignore_host)
{
    const char *key = otel__resource_texts;
    const char *value;
    unsigned    left = ignore_host ? 4 : 5;

    (void)facts; /* there are none */
    memset(own, 0, sizeof *own);
    do {
        value = key + otel__text_length(key) + 1;
        (void)otel__resource_add(own, key, value);
        key = value + otel__text_length(value) + 1;
    } while (--left > 0);
}

#else

static void otel__resource_built_in(otel__resource_own *own, const otel__resource_facts *facts,
                                    bool ignore_host)
{
    memset(own, 0, sizeof *own);
    otel__resource_default_name(own, facts->executable);
    (void)otel__resource_add(own, "telemetry.sdk.name", OTEL__RESOURCE_SDK_NAME);
    (void)otel__resource_add(own, "telemetry.sdk.language", OTEL__RESOURCE_SDK_LANGUAGE);
    (void)otel__resource_add(own, "telemetry.sdk.version", OTEL_LITE_VERSION);
    (void)otel__resource_add(own, "service.instance.id", facts->instance_id);
    if (ignore_host) {
        return;
    }
    if (facts->pid != 0) {
        own->attrs[own->count++] = otel_int("process.pid", facts->pid);
    }
    (void)otel__resource_add(own, "process.executable.name", facts->executable);
    (void)otel__resource_add(own, "host.name", facts->host_name);
    (void)otel__resource_add(own, "host.arch", OTEL__RESOURCE_ARCH);
    (void)otel__resource_add(own, "os.type", OTEL__RESOURCE_OS);
}

#endif

/* ---- resource: the message ---- */

/* Write the Resource message, without a tag of its own; with an `out` that has no buffer, measure
 * it. Attributes without a key are left out (C-01); text in options that is not UTF-8 is repaired.
 *
 *   sink  told once why the variable is ignored, if it is; NULL when it was told before
 *
 * Memory   about 1 KiB of stack, 0.5 in firmware. Time grows with the square of the attributes. */
OTEL__FN void otel__resource_encode(otel__out *out, const otel__resource_sources *from,
                                    const otel__resource_facts *facts, otel__diag_sink *sink)
{
    otel__resource_own own;
    otel_attrs         layers[OTEL__RESOURCE_LAYERS];
#if OTEL__RESOURCE_READS
    const otel__text    text = otel__text_of(from->variable);
    const char *const   fault = otel__resource_list_fault(text);
    otel__resource_walk walk;
    otel__resource_item item;

    memset(&walk, 0, sizeof walk);
    walk.layers = layers;
    if (fault == NULL) {
        walk.rest = text;
    } else {
        otel__diag(sink, OTEL_SEVERITY_WARN, "OTEL_RESOURCE_ATTRIBUTES: ignored: it has ", fault,
                   NULL);
    }
#else
    const otel_attr *attr;
    size_t           i;

    (void)sink;
#endif
    otel__resource_built_in(&own, facts, from->ignore_host);
    layers[OTEL__RESOURCE_BUILT_IN] = otel_attrs_of(own.attrs, own.count);
    layers[OTEL__RESOURCE_FALLBACK] = from->fallback;
    layers[OTEL__RESOURCE_FALLBACK_NAME] = otel__resource_name(&own, from->fallback_name);
#if OTEL__RESOURCE_READS
    layers[OTEL__RESOURCE_VARIABLE] = OTEL_NO_ATTRS;
    layers[OTEL__RESOURCE_VARIABLE_NAME] = otel__resource_name(&own, from->variable_name);
#endif
    layers[OTEL__RESOURCE_CODE] = from->code;
    layers[OTEL__RESOURCE_CODE_NAME] = otel__resource_name(&own, from->code_name);

#if OTEL__RESOURCE_READS
    while (otel__resource_next(&walk, &item)) {
        if (otel__resource_shadowed(walk, &item)) {
            continue;
        }
        if (item.attr == NULL) {
            otel__resource_put_pair(out, item.key, item.value);
        } else {
            otel__resource_put_attr(out, item.attr);
        }
    }
#else
    for (i = 0; (attr = otel__resource_at(layers, i)) != NULL; i++) {
        if (!otel__resource_shadowed(layers, i, attr)) {
            otel__resource_put_attr(out, attr);
        }
    }
#endif
}

#endif /* OTEL__WIRE_RESOURCE_H */
