/* background: what the background thread does by itself, while the program never polls.
 *
 *   background <endpoint>
 *
 * Prints `name value` lines: milliseconds until records were delivered, what the thread looks like,
 * threads and descriptors before and after. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 32

static otel_sdk   *sdk;
static otel_scope *scope;

static void print(const char *name, long value) { (void)printf("%s %ld\n", name, value); }

static long entries(const char *folder)
{
    DIR *d = opendir(folder);
    long n = 0;

    while (d != NULL && readdir(d) != NULL) {
        n++;
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n;
}

static uint64_t delivered(otel_signal signal)
{
    otel_stats stats;
    otel_stats_get(sdk, &stats);
    return stats.signal[signal].delivered;
}

/* Milliseconds until so many records of the signal were delivered, at most 5000. */
static long until(otel_signal signal, uint64_t wanted)
{
    const uint64_t begin = otel__mono_ns();
    long           ms = 0;

    while (delivered(signal) < wanted && ms < 5000) {
        (void)poll(NULL, 0, 1);
        ms = (long)((otel__mono_ns() - begin) / 1000000u);
    }
    return ms;
}

static void record(int n)
{
    while (n-- > 0) {
        otel_span_end(otel_span_start(scope, "work", NULL));
    }
}

/* Show the lines of the other thread's status, its name included. */
static void print_thread(void)
{
    char           path[300], line[256];
    DIR           *d = opendir("/proc/self/task");
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        FILE *file;
        if (e->d_name[0] == '.' || strtol(e->d_name, NULL, 10) == (long)getpid()) {
            continue;
        }
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL) {
            if (strncmp(line, "Name:", 5) == 0 || strncmp(line, "SigBlk:", 7) == 0) {
                (void)fputs(line, stdout);
            }
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
}

static void open_sdk(const char *endpoint, uint32_t log_delay_ms, uint32_t metric_interval_ms)
{
    otel_options o;

    memset(&o, 0, sizeof o);
    o.endpoint = endpoint;
    o.background = true;
    o.ignore_environment = true;
    o.span_batch = BATCH;
    o.span_delay_ms = 600000;
    o.log_delay_ms = log_delay_ms;
    o.metric_interval_ms = metric_interval_ms;
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "background", NULL);
}

/* Nothing but a full batch wakes the thread. */
static void batches(const char *endpoint)
{
    open_sdk(endpoint, 600000, 600000);
    record(BATCH - 1);
    (void)poll(NULL, 0, 300);
    print_thread(); /* by now it has run */
    print("early", (long)delivered(OTEL_SIGNAL_TRACES));
    record(1);
    print("batch_ms", until(OTEL_SIGNAL_TRACES, BATCH));
    record(BATCH);
    print("second_batch_ms", until(OTEL_SIGNAL_TRACES, 2 * BATCH));
    record(5);
    print("status", (long)otel_close(sdk, 5000));
    print("delivered", (long)delivered(OTEL_SIGNAL_TRACES));
    otel_release(sdk);
}

/* Nobody wakes the thread: it looks by itself. */
static void delays(const char *endpoint)
{
    open_sdk(endpoint, 200, 150);
    otel_log(scope, OTEL_SEVERITY_INFO, "alone", OTEL_NO_ATTRS);
    print("log_ms", until(OTEL_SIGNAL_LOGS, 1));
    otel_counter_add(otel_counter_create(scope, "rounds", NULL, NULL), 1, OTEL_NO_ATTRS);
    print("metric_ms", until(OTEL_SIGNAL_METRICS, 3));
    (void)otel_close(sdk, 5000);
    otel_release(sdk);
}

int main(int argc, char **argv)
{
    const char *endpoint = argc > 1 ? argv[1] : NULL;
    const long  tasks = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    int         i;

    open_sdk(endpoint, 0, 0);
    print("tasks.opened", entries("/proc/self/task") - tasks);
    otel_release(sdk);
    batches(endpoint);
    delays(endpoint);
    for (i = 0; i < 1000 && entries("/proc/self/task") != tasks; i++) {
        (void)poll(NULL, 0, 1); /* a joined thread is still listed for a moment */
    }
    print("tasks.closed", entries("/proc/self/task") - tasks);
    print("descriptors.released", entries("/proc/self/fd") - descriptors);
    return 0;
}
