/* dead: a program that works and records, against whatever backend; tells what it cost.
 *
 *   dead <endpoint> <rounds> <idle ms> <close ms>
 *
 * Rounds of work with a span, a counter and a log record each, then a rest, then otel_close().
 * Prints `name value` lines: counts of otel_stats_get() after closing, the counts' identity, what
 * closing took and gave, processor time of the rest, memory after opening and at the end. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static otel_sdk     *sdk;
static otel_scope   *scope;
static otel_counter *counter;

/* The program's own work; instructions are counted in here and in what it calls. */
__attribute__((noinline)) static void work(long rounds)
{
    long i;

    for (i = 0; i < rounds; i++) {
        otel_span span = otel_span_start(scope, "round", NULL);
        otel_span_set(span, OTEL_ATTRS(otel_int("round", i), otel_str("kind", "work")));
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_int("slot", i % 8)));
        otel_log(scope, OTEL_SEVERITY_INFO, "round", OTEL_ATTRS(otel_int("round", i)));
        otel_span_end(span);
    }
}

/* A field of /proc/self/status, in KiB. */
static long memory_kib(const char *field)
{
    char  line[256];
    long  value = -1;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            value = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return value;
}

static uint64_t processor_us(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return (uint64_t)used.ru_utime.tv_sec * 1000000u + (uint64_t)used.ru_utime.tv_usec +
           (uint64_t)used.ru_stime.tv_sec * 1000000u + (uint64_t)used.ru_stime.tv_usec;
}

static void print(const char *name, uint64_t value)
{
    (void)printf("%s %llu\n", name, (unsigned long long)value);
}

static void print_counts(void)
{
    static const char *const signals[] = { "traces", "metrics", "logs" };
    otel_stats               stats;
    bool                     agree = true;
    int                      i, k;

    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        uint64_t                 dropped = 0;
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            dropped += s->dropped[k];
        }
        agree = agree && s->started == s->unsampled + s->open + s->ended &&
                s->ended == s->delivered + dropped + s->queued;
        (void)printf("%s.", signals[i]);
        print("ended", s->ended);
        (void)printf("%s.", signals[i]);
        print("delivered", s->delivered);
        (void)printf("%s.", signals[i]);
        print("dropped", dropped);
        (void)printf("%s.", signals[i]);
        print("full", s->dropped[OTEL_DROP_QUEUE_RECORDS] + s->dropped[OTEL_DROP_QUEUE_BYTES]);
        (void)printf("%s.", signals[i]);
        print("shutdown", s->dropped[OTEL_DROP_SHUTDOWN]);
    }
    print("agree", agree);
    print("requests", stats.requests);
    print("failed_requests", stats.failed_requests);
    print("block_kib", stats.memory_bytes / 1024);
}

int main(int argc, char **argv)
{
    otel_options o;
    otel_status  status;
    uint64_t     begin;

    if (argc != 5) {
        return 2;
    }
    memset(&o, 0, sizeof o);
    o.endpoint = argv[1];
    o.background = true;
    o.span_queue = o.log_queue = 1024;
    o.ignore_environment = true;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "dead", NULL);
    counter = otel_counter_create(scope, "rounds", NULL, NULL);
    if (counter == NULL) {
        return 3;
    }
    print("data_kib.opened", (uint64_t)memory_kib("VmData:"));
    print("rss_kib.opened", (uint64_t)memory_kib("VmRSS:"));
    work(strtol(argv[2], NULL, 10));
    begin = processor_us();
    (void)poll(NULL, 0, (int)strtol(argv[3], NULL, 10));
    print("rest_us", processor_us() - begin);
    print("data_kib.end", (uint64_t)memory_kib("VmData:"));
    print("rss_kib.end", (uint64_t)memory_kib("VmRSS:"));
    begin = otel__mono_ns();
    status = otel_close(sdk, (uint32_t)strtoul(argv[4], NULL, 10));
    print("close_ms", (otel__mono_ns() - begin) / 1000000u);
    (void)printf("status %d\n", (int)status);
    print_counts();
    otel_release(sdk);
    return 0;
}
