/* fork: a parent with something of everything queued and open forks three children, one of which
 * forks again; each records and sends. What each process sends goes to a file of its own.
 *
 *   fork <folder> <first call in a child> [background] [named] [inside] [<endpoint>]
 *
 * inside: the background thread is in the middle of a request while the children are forked.
 * <folder>/<role>.pid has the process id as text, <folder>/<role>.sent the requests: signal and
 * length, 4 bytes each, little endian, then the body. With an endpoint HTTP is used instead.
 * Roles: parent, child0, child1, child2, grandchild. Exit code 0, or the line of a failed check
 * modulo 250, plus 1, also of a child. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define CHECK(cond) check((cond) ? 1 : 0, __LINE__)

static void check(int held, int line)
{
    if (!held) {
        _exit(line % 250 + 1);
    }
}

static const char     *folder, *role = "parent", *first;
static otel_sdk       *sdk;
static otel_scope     *scope;
static otel_counter   *counter;
static otel_histogram *histogram;
static otel_span       held; /* open in the parent while it forks */

static bool  inside, waited; /* the engine's thread shall wait in deliver(); has waited */
static sem_t entered, forked;

static FILE *open_file(const char *suffix, const char *mode)
{
    char  path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, role, suffix);
    file = fopen(path, mode);
    CHECK(file != NULL);
    return file;
}

static void put_word(FILE *file, uint32_t v)
{
    int i;
    for (i = 0; i < 4; i++) {
        (void)fputc((int)((v >> (8 * i)) & 255u), file);
    }
}

static otel_transport_result deliver(void *user, otel_request *request)
{
    FILE *file = open_file("sent", "ab");

    (void)user;
    CHECK(request->attempt == 1);
    if (inside && !waited && strcmp(role, "parent") == 0) {
        waited = true;
        (void)sem_post(&entered);
        (void)sem_wait(&forked);
    }
    put_word(file, (uint32_t)request->signal);
    put_word(file, (uint32_t)request->length);
    CHECK(fwrite(request->body, 1, request->length, file) == request->length);
    CHECK(fclose(file) == 0);
    return OTEL_TRANSPORT_SENT;
}

static void write_pid(void)
{
    FILE *file = open_file("pid", "w");
    (void)fprintf(file, "%ld\n", (long)getpid());
    CHECK(fclose(file) == 0);
}

static void record(int n)
{
    otel_span_options root = { NULL, true, OTEL_SPAN_KIND_DEFAULT, { NULL, 0 } };
    int               i;

    for (i = 0; i < n; i++) {
        otel_span span = otel_span_start(scope, role, &root);
        otel_span_end(otel_span_start(scope, role, NULL));
        otel_span_end(span);
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_str("k", "v")));
        otel_histogram_record(histogram, 7, OTEL_NO_ATTRS);
        otel_log(scope, OTEL_SEVERITY_INFO, role, OTEL_NO_ATTRS);
    }
}

/* The first call in a child decides who notices the fork; then nothing of the parent is left. */
static void begin_child(void)
{
    otel_stats stats;
    int        i;

    if (strcmp(first, "span") == 0) {
        otel_span_end(otel_span_start(scope, role, NULL));
    } else if (strcmp(first, "end") == 0) {
        otel_span_end(held);
    } else if (strcmp(first, "counter") == 0) {
        otel_counter_add(counter, 1, OTEL_ATTRS(otel_str("k", "v")));
    } else if (strcmp(first, "histogram") == 0) {
        otel_histogram_record(histogram, 7, OTEL_NO_ATTRS);
    } else if (strcmp(first, "log") == 0) {
        otel_log(scope, OTEL_SEVERITY_INFO, role, OTEL_NO_ATTRS);
    } else if (strcmp(first, "flush") == 0) {
        (void)otel_flush(sdk, 1000);
    } else if (strcmp(first, "poll") == 0) {
        (void)otel_poll(sdk);
    } else if (strcmp(first, "scope") == 0) {
        CHECK(otel_scope_get(sdk, "fork", NULL) == scope);
    } else {
        CHECK(strcmp(first, "stats") == 0);
    }
    otel_stats_get(sdk, &stats);
    CHECK(stats.bad_values == 0 && stats.requests <= 1);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        CHECK(stats.signal[i].queued <= 1); /* what the first call may have put there */
        CHECK(stats.signal[i].open == 0);
    }
    otel_span_set(held, OTEL_ATTRS(otel_int("late", 1)));
    otel_span_end(held);
    CHECK(!otel_span_is_recording(held));
}

static void end_process(void)
{
    otel_stats stats;
    int        i, k;

    CHECK(otel_close(sdk, 5000) == OTEL_OK);
    otel_stats_get(sdk, &stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &stats.signal[i];
        uint64_t                 gone = s->delivered + s->queued;
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            gone += s->dropped[k];
        }
        CHECK(s->started == s->unsampled + s->open + s->ended && s->ended == gone);
        CHECK(s->delivered == s->ended - s->dropped[OTEL_DROP_TOO_LARGE] && s->delivered > 0);
        CHECK(s->dropped[OTEL_DROP_TOO_LARGE] == (strcmp(role, "parent") == 0 && i == 2 ? 1 : 0));
    }
    otel_release(sdk);
}

static void wait_for(pid_t child)
{
    int status = 0;

    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
    }
}

static pid_t start(const char *name, int generations)
{
    const pid_t child = fork();

    if (child == 0) {
        role = name;
        write_pid();
        begin_child();
        record(20);
        if (generations > 1) {
            wait_for(start("grandchild", 1));
            record(20);
        }
        end_process();
        _exit(0);
    }
    return child;
}

/* Losses of the parent, which are not the children's. */
static void lose(void)
{
    static char large[600000]; /* more than half the queue */

    memset(large, 'x', sizeof large - 1);
    otel_log(scope, OTEL_SEVERITY_INFO, large, OTEL_NO_ATTRS);
    otel_counter_add(counter, -1, OTEL_NO_ATTRS);
}

int main(int argc, char **argv)
{
    const otel_attr named = otel_str("service.instance.id", "chosen");
    otel_options    o;
    bool            want_inside = false;
    pid_t           children[3];
    int             i;

    memset(&o, 0, sizeof o);
    CHECK(argc >= 3);
    folder = argv[1];
    first = argv[2];
    o.service_name = "forker";
    o.ignore_environment = true;
    o.transport.send = deliver;
    o.span_batch = o.log_batch = 8;
    (void)sem_init(&entered, 0, 0);
    (void)sem_init(&forked, 0, 0);
    for (i = 3; i < argc; i++) {
        o.background = o.background || strcmp(argv[i], "background") == 0;
        want_inside = want_inside || strcmp(argv[i], "inside") == 0;
        if (strcmp(argv[i], "named") == 0) {
            o.resource = otel_attrs_of(&named, 1);
        } else if (strncmp(argv[i], "http", 4) == 0) {
            o.endpoint = argv[i];
            o.transport.send = NULL;
        }
    }
    sdk = otel_open(&o);
    scope = otel_scope_get(sdk, "fork", NULL);
    counter = otel_counter_create(scope, "c", NULL, NULL);
    histogram = otel_histogram_create(scope, "h", NULL, NULL, NULL);
    CHECK(sdk != NULL && histogram != NULL);
    write_pid();
    record(20);
    CHECK(otel_flush(sdk, 5000) == OTEL_OK); /* a connection is open, an engine has run */
    inside = want_inside;
    lose();
    record(20);
    if (inside) {
        (void)sem_wait(&entered);
    }
    held = otel_span_start(scope, role, NULL);
    (void)otel_span_attach(held);
    otel_span_set(held, OTEL_ATTRS(otel_str("k", "v")));

    children[0] = start("child0", 1);
    children[1] = start("child1", 2);
    record(20); /* the parent goes on meanwhile */
    children[2] = start("child2", 1);
    (void)sem_post(&forked);
    for (i = 0; i < 3; i++) {
        wait_for(children[i]);
    }
    record(20);
    CHECK(otel_span_is_recording(held));
    otel_span_end(held);
    end_process();
    return 0;
}
