/* What an HTTP answer means, and how long to wait before the next attempt. */
#include <stdint.h>
static uint64_t wall_clock = 1700000000u; /* Tue, 14 Nov 2023 22:13:20 GMT */
#define OTEL_LITE_UNIX_NS() (wall_clock * 1000000000u)
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"
#include "helpers.h"

/* H-21, H-27: any 2xx is success, four codes are tried again, everything else is final. */
static void four_codes_are_tried_again(void)
{
    int code;

    for (code = -1; code < 1000; code++) {
        const otel_transport_result want =
            code >= 200 && code <= 299                                 ? OTEL_TRANSPORT_SENT
            : code == 429 || code == 502 || code == 503 || code == 504 ? OTEL_TRANSPORT_RETRY
                                                                       : OTEL_TRANSPORT_REFUSED;
        T_EQ_INT(otel__retry_classify(code), want);
        T_EQ_INT(otel_transport_http(NULL, code, "1", NULL, 0), want);
    }
}

/* The ranges double from one second to thirty; the whole of each is used. */
static void waits_are_spread_over_a_range_that_doubles(void)
{
    static const uint32_t ranges[] = { 1000, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
    uint32_t              attempt;
    uint64_t              seed = 71;

    for (attempt = 0; attempt < COUNT(ranges); attempt++) {
        uint32_t i, below = 0;
        uint64_t sum = 0;

        T_EQ_INT(otel__retry_wait(attempt, 0, 0), 1); /* at least a moment */
        T_EQ_INT(otel__retry_wait(attempt, 0, UINT32_MAX), ranges[attempt]);
        for (i = 0; i < 10000; i++) {
            const uint32_t ms = otel__retry_wait(attempt, 0, (uint32_t)random_of(&seed));
            T_CHECK(ms >= 1 && ms <= ranges[attempt]);
            below += ms <= ranges[attempt] / 10;
            sum += ms;
        }
        T_CHECK(below > 800 && below < 1200); /* a tenth of the waits in a tenth of the range */
        T_CHECK(sum / 10000 > ranges[attempt] * 48 / 100 &&
                sum / 10000 < ranges[attempt] * 52 / 100);
    }
    T_EQ_INT(otel__retry_wait(UINT32_MAX, 0, UINT32_MAX), 30000);
}

static void what_the_backend_asks_for_is_obeyed_up_to_five_minutes(void)
{
    T_EQ_INT(otel__retry_wait(1, 1, UINT32_MAX), 1);
    T_EQ_INT(otel__retry_wait(9, 2500, 7), 2500);
    T_EQ_INT(otel__retry_wait(1, 299999, 7), 299999);
    T_EQ_INT(otel__retry_wait(1, 300000, 7), 300000);
    T_EQ_INT(otel__retry_wait(1, 300001, 7), 300000);
    T_EQ_INT(otel__retry_wait(1, UINT32_MAX, 7), 300000);
}

static uint32_t asked_for(const char *retry_after, int code)
{
    otel_request request;

    memset(&request, 0, sizeof request);
    (void)otel_transport_http(&request, code, retry_after, "body", 4);
    return request.retry_after_ms;
}

static void retry_after_is_read_as_seconds_or_as_a_date(void)
{
    T_EQ_INT(asked_for("7", 503), 7000);
    T_EQ_INT(asked_for(" 120 ", 429), 120000);
    T_EQ_INT(asked_for("0", 503), 0);
    T_EQ_INT(asked_for("Tue, 14 Nov 2023 22:13:30 GMT", 503), 10000);
    T_EQ_INT(asked_for("Tue, 14 Nov 2023 22:13:20 GMT", 503), 0); /* now */
    T_EQ_INT(asked_for("Tue, 14 Nov 2023 22:13:10 GMT", 503), 0); /* over */
    T_EQ_INT(asked_for("99999999999999999999999", 503), 0);
    T_EQ_INT(asked_for("4294967295", 503), UINT32_MAX);
    T_EQ_INT(asked_for("18446744073709551615", 503), UINT32_MAX);
    T_EQ_INT(asked_for("soon", 503), 0);
    T_EQ_INT(asked_for("-1", 503), 0);
    T_EQ_INT(asked_for("", 503), 0);
    T_EQ_INT(asked_for(NULL, 503), 0);
    T_EQ_INT(asked_for("7", 500), 0); /* not tried again: nothing to wait for */
    T_EQ_INT(asked_for("7", 200), 0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(four_codes_are_tried_again);
    T_RUN(waits_are_spread_over_a_range_that_doubles);
    T_RUN(what_the_backend_asks_for_is_obeyed_up_to_five_minutes);
    T_RUN(retry_after_is_read_as_seconds_or_as_a_date);
    return t_end();
}
