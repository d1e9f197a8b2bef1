/* background: asks a build that cannot have a thread for one; ends with 0 when it says so. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

static otel_transport_result deliver(void *user, otel_request *request)
{
    (void)user;
    (void)request;
    return OTEL_TRANSPORT_SENT;
}

int main(void)
{
    otel_status  status = OTEL_OK;
    otel_options options = { .background = true, .ignore_environment = true, .status = &status };

    options.transport.send = deliver;
    return otel_open(&options) == NULL && status == OTEL_UNSUPPORTED ? 0 : 1;
}
