/* Metrics without the other signals: what a view cannot keep is told there, too. */
#define OTEL_LITE_NO_TRACES
#define OTEL_LITE_NO_LOGS
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"

static unsigned told;

static void hear(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    told += strstr(text, "attributes were dropped") != NULL ? 1u : 0u;
}

static otel_transport_result take(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

static void attributes_that_find_no_place_are_told(void)
{
    static const char *const exclude[] = { "none", NULL };
    static char              keys[OTEL__VIEW_ATTRS + 1][4];
    static otel_attr         given[OTEL__VIEW_ATTRS + 1];
    static otel_view         view;
    otel_options             options;
    otel_sdk                *sdk;
    unsigned                 i;

    for (i = 0; i <= OTEL__VIEW_ATTRS; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%u", i);
        given[i] = otel_int(keys[i], 1);
    }
    view.exclude = exclude;
    memset(&options, 0, sizeof options);
    options.views = &view;
    options.n_views = 1;
    options.transport.send = take;
    options.on_diagnostic = hear;
    options.ignore_environment = true;
    sdk = otel_open(&options);
    otel_counter_add(otel_counter_create(otel_scope_get(sdk, "s", NULL), "c", NULL, NULL), 1,
                     otel_attrs_of(given, OTEL__VIEW_ATTRS + 1));
    (void)otel_poll(sdk);
    T_EQ_INT(told, 1);
    (void)otel_close(sdk, 0);
    otel_release(sdk);
}

int main(void)
{
    T_RUN(attributes_that_find_no_place_are_told);
    return t_end();
}
