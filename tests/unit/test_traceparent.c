/* The traceparent header: every rule of its reading with a text that keeps it and one that breaks
 * it, and what is written. Texts end with their last byte (malloc), so that the sanitized build
 * sees a read past it. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TRACE        "0af7651916cd43dd8448eb211c80319c"
#define SPAN         "b7ad6b7169203331"
#define IDS          TRACE "-" SPAN

static otel_context context;

static bool reads(const char *text)
{
    const size_t n = strlen(text);
    char        *exact = (char *)malloc(n > 0 ? n : 1);
    bool         valid;

    memcpy(exact, text, n);
    memset(&context, 0x5a, sizeof context);
    valid = otel_traceparent_read(exact, n, &context);
    free(exact);
    return valid;
}

static void what_is_valid_is_read(void)
{
    static const struct {
        const char *text;
        uint8_t     flags;
    } cases[] = {
        { "00-" IDS "-00", 0 },
        { "00-" IDS "-01", 1 },
        { "00-" IDS "-02", 2 },
        { "00-" IDS "-03", 3 },
        { "00-" IDS "-ff", 3 }, /* */
        { "00-" IDS "-fc", 0 },
        { " \t00-" IDS "-01\t ", 1 },        /* */
        { "cc-" IDS "-01", 1 },              /* */
        { "cc-" IDS "-01-", 1 },             /* ... */
        { "cc-" IDS "-01-what-will-be", 1 }, /* ... */
        { "01-" IDS "-03-00.x y", 3 },       /* ... */
        { "fe-" IDS "-01", 1 },              /* ... */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        char text[OTEL_TRACEPARENT_SIZE];
        char wanted[OTEL_TRACEPARENT_SIZE];
        if (!T_CHECK(reads(cases[i].text))) {
            printf("    \"%s\"\n", cases[i].text);
            continue;
        }
        T_EQ_INT(context.trace_flags, cases[i].flags);
        T_EQ_INT(context.remote, 1); /* */
        (void)snprintf(wanted, sizeof wanted, "00-" IDS "-%02x", cases[i].flags);
        T_EQ_INT(otel_traceparent_write(text, context), 55); /* */
        T_CHECK(strcmp(text, wanted) == 0);
    }
}

static void what_is_not_valid_is_no_context(void)
{
    static const char *const cases[] = {
        "",
        " ",
        "00",
        "00-" IDS,
        "00-" IDS "-",
        "00-" IDS "-0",
        "00-" IDS "-01.",      /* */
        "00-" IDS "-01-",      /* ... */
        "00-" IDS "-01-extra", /* ... */
        "00-" IDS "-01 x",
        "cc-" IDS "-01.future", /* */
        "cc-" IDS "-0",
        "cc-" IDS "-01 -x",
        "ff-" IDS "-01", /* */
        "ff-" IDS "-01-x",
        "FE-" IDS "-01", /* */
        "0-" IDS "-001",
        "000-" IDS "-01",
        "0x-" IDS "-01",
        "-00-" IDS "-01",
        "00-0AF7651916cd43dd8448eb211c80319c-" SPAN "-01",
        "00-" TRACE "-B7ad6b7169203331-01",
        "00-" IDS "-0A",
        "00-" IDS "-0g",
        "00-" IDS "-+1",
        "00-0af7651916cd43dd8448eb211c80319-c" SPAN "-01",
        "00-0af7651916cd43dd8448eb211c80319:-" SPAN "-01",
        "00-0af7651916cd43dd8448eb211c80319`-" SPAN "-01",
        "00-0af7651916cd43dd8448eb211c80319/-" SPAN "-01",
        "00_" IDS "-01",
        "00-" TRACE "_" SPAN "-01",
        "00-" IDS "_01",
        "00-00000000000000000000000000000000-" SPAN "-01", /* */
        "00-" TRACE "-0000000000000000-01",                /* ... */
    };
    static const otel_context none;
    size_t                    i;

    for (i = 0; i < COUNT(cases); i++) {
        if (!T_CHECK(!reads(cases[i]))) {
            printf("    \"%s\"\n", cases[i]);
        }
        T_EQ_MEM(&context, sizeof context, &none, sizeof none);
    }
}

static void the_ids_come_in_their_order(void)
{
    static const uint8_t trace[16] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                                       0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c };
    static const uint8_t span[8] = { 0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31 };

    T_CHECK(reads("00-" IDS "-01"));
    T_EQ_MEM(context.trace_id, 16, trace, 16);
    T_EQ_MEM(context.span_id, 8, span, 8);
}

static void nothing_is_written_for_a_context_without_a_span(void)
{
    char text[OTEL_TRACEPARENT_SIZE] = "before";

    memset(&context, 0, sizeof context);
    T_EQ_INT(otel_traceparent_write(text, context), 0);
    T_EQ_INT(text[0], '\0');
    context.trace_id[15] = 1; /* a span id is missing */
    T_EQ_INT(otel_traceparent_write(text, context), 0);
    context.span_id[7] = 1;
    T_EQ_INT(otel_traceparent_write(text, context), 55);
    T_CHECK(strcmp(text, "00-00000000000000000000000000000001-0000000000000001-00") == 0);
    T_EQ_INT(otel_traceparent_write(NULL, context), 0);
}

static void missing_places_are_taken(void)
{
    T_CHECK(!otel_traceparent_read("00-" IDS "-01", 55, NULL));
    memset(&context, 0x5a, sizeof context);
    T_CHECK(!otel_traceparent_read(NULL, 55, &context));
    T_EQ_INT(context.remote, 0);
}

#if !defined(OTEL_LITE_NO_TRACES)
/* Two processes: what one writes is the parent of the other's span, sampled as it was. */
static void a_span_goes_on_in_another_process(void)
{
    otel_options      options;
    otel_span_options child;
    otel_sdk         *sdk;
    otel_span         here, there;
    otel_context      came;
    char              text[OTEL_TRACEPARENT_SIZE];

    memset(&options, 0, sizeof options);
    memset(&child, 0, sizeof child);
    options.endpoint = "http://127.0.0.1:9";
    options.ignore_environment = true;
    sdk = otel_open(&options);
    here = otel_span_start(otel_scope_get(sdk, "here", NULL), "client", NULL);
    T_EQ_INT(otel_traceparent_write(text, otel_span_context(here)), 55);
    T_CHECK(otel_traceparent_read(text, 55, &came));
    child.parent = &came;
    there = otel_span_start(otel_scope_get(sdk, "there", NULL), "server", &child);
    T_EQ_MEM(there.context.trace_id, 16, here.context.trace_id, 16);
    T_CHECK(otel_span_is_recording(there) && there.context.remote == 0); /* */
    T_EQ_INT(there.context.trace_flags, here.context.trace_flags);       /* */
    came.trace_flags &= (uint8_t)~OTEL_TRACE_FLAG_SAMPLED;
    T_CHECK(
        !otel_span_is_recording(otel_span_start(otel_scope_get(sdk, "there", NULL), "x", &child)));
    (void)otel_close(sdk, 0);
    otel_release(sdk);
}
#endif

int main(void)
{
    T_RUN(what_is_valid_is_read);
    T_RUN(what_is_not_valid_is_no_context);
    T_RUN(the_ids_come_in_their_order);
    T_RUN(nothing_is_written_for_a_context_without_a_span);
    T_RUN(missing_places_are_taken);
#if !defined(OTEL_LITE_NO_TRACES)
    T_RUN(a_span_goes_on_in_another_process);
#endif
    return t_end();
}
