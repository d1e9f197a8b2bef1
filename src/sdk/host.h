/* host: the facts of this process and machine, the background thread, and waking it.
 * Used by sdk.h alone. The thread does nothing but step the engine and wait; it has a name, a small
 * stack and all signals blocked, so that the program's handlers never run on it.
 * Spec: semantic conventions "process", "host"; requirements. */
#ifndef OTEL__SDK_HOST_H
#define OTEL__SDK_HOST_H

#include "engine.h"

#define OTEL__HOST_TEXT  256u          /* bytes of a fact, NUL included */
#define OTEL__HOST_STACK (64u * 1024u) /* of the thread; it uses less than 8 KiB */

/* What is known of where we run. */
#if !defined(OTEL_LITE_FREESTANDING)
typedef struct otel__host {
    char executable[OTEL__HOST_TEXT];
    char name[OTEL__HOST_TEXT];
    char instance[37]; /* a random UUID, text */
} otel__host;
#endif

/* ---- host: facts ---- */

#if !defined(OTEL_LITE_FREESTANDING)

/* Write 16 random bytes as a UUID of version 4. */
OTEL__FN void otel__host_uuid(char text[37], const uint8_t random[16])
{
    static const char hex[] = "0123456789abcdef";
    size_t            n = 0;
    size_t            i;

    for (i = 0; i < 16; i++) {
        uint8_t byte = random[i];
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[n++] = '-';
        }
        byte = i == 6 ? (uint8_t)((byte & 0x0fu) | 0x40u) : byte;
        byte = i == 8 ? (uint8_t)((byte & 0x3fu) | 0x80u) : byte;
        text[n++] = hex[byte >> 4];
        text[n++] = hex[byte & 15u];
    }
    text[n] = '\0';
}

/* The name of the running file, from the link the system keeps; empty when there is none. */
OTEL__FN void otel__host_executable(char text[OTEL__HOST_TEXT])
{
    char    path[1024];
    ssize_t n = -1;
    size_t  begin;
    size_t  length;
    ssize_t i;

#if defined(__linux__)
    n = readlink("/proc/self/exe", path, sizeof path);
#endif
    begin = 0;
    for (i = 0; i < n; i++) {
        begin = path[i] == '/' ? (size_t)i + 1u : begin;
    }
    length = n > 0 ? (size_t)n - begin : 0;
    length = length < OTEL__HOST_TEXT ? length : OTEL__HOST_TEXT - 1u;
    memcpy(text, path + begin, length);
    text[length] = '\0';
}

OTEL__FN void otel__host_read(otel__host *host, otel__resource_facts *facts)
{
    uint8_t random[16];

    memset(host, 0, sizeof *host);
    memset(facts, 0, sizeof *facts);
    otel__host_executable(host->executable);
    if (gethostname(host->name, sizeof host->name - 1u) != 0) {
        host->name[0] = '\0';
    }
    if (OTEL_LITE_ENTROPY(random, sizeof random)) {
        otel__host_uuid(host->instance, random);
        facts->instance_id = host->instance;
    }
    facts->executable = host->executable;
    facts->host_name = host->name;
    facts->pid = (int64_t)getpid();
}
#endif

/* ---- host: after fork ---- */

#if defined(OTEL__FORKS)

/* The attribute of that key in an encoded Resource, or NULL. */
OTEL__FN uint8_t *otel__host_find(const otel__out *resource, const char *key)
{
    const otel_attr wanted = otel_int(key, 0);
    uint8_t        *p = resource->buf;

    while (p < resource->buf + resource->len) {
        if (otel__kv_same_key(p, &wanted, strlen(key))) {
            return p;
        }
        p = (uint8_t *)(uintptr_t)otel__kv_end(p);
    }
    return NULL;
}

/* A child is another process: give its resource its own process.pid and, unless the user chose one,
 * service.instance.id. The buffer has room for the longest pid. */
OTEL__FN void otel__host_forked(otel__out *resource, const otel__resource_facts *facts,
                                const char *old_instance)
{
    const otel_attr pid = otel_int("process.pid", facts->pid);
    uint8_t        *p = otel__host_find(resource, "process.pid");

    if (p != NULL) {
        const uint8_t *end = otel__kv_end(p);
        const size_t   old = (size_t)(end - p);
        otel__kv       kv;
        uint64_t       high = 0;
        if (otel__kv_measure(&kv, &pid) &&
            resource->len - old + otel__kv_field_size(&kv) <= resource->cap) {
            memmove(p + otel__kv_field_size(&kv), end,
                    (size_t)(resource->buf + resource->len - end));
            (void)otel__kv_store(p, *p, &kv, &pid, &high);
            resource->len = resource->len - old + otel__kv_field_size(&kv);
        }
    }
    p = otel__host_find(resource, "service.instance.id");
    if (p != NULL && facts->instance_id != NULL) {
        const otel_attr a = otel__kv_attr(p);
        if (a.type == OTEL_TYPE_STRING && a.length == 36 &&
            memcmp(a.value.s, old_instance, 36) == 0) {
            memcpy((char *)(uintptr_t)a.value.s, facts->instance_id, 36);
        }
    }
}

#endif /* OTEL__FORKS */

/* ---- host: the background thread ---- */

#if !defined(OTEL_LITE_NO_THREADS)

typedef struct otel__thread {
    pthread_t id;
    otel__a32 running; /* 1 between start and join                    */
    otel__a32 stop;
    int       wake[2]; /* the end it waits on, the end that is written */
} otel__thread;

/* Make the descriptor that wakes the thread: an event counter, else a pipe. */
OTEL__FN bool otel__thread_wake_open(otel__thread *t)
{
#if defined(__linux__)
    t->wake[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->wake[1] = t->wake[0];
    return t->wake[0] >= 0;
#else
    int i;
    if (pipe(t->wake) != 0) {
        t->wake[0] = t->wake[1] = -1;
        return false;
    }
    for (i = 0; i < 2; i++) {
        (void)fcntl(t->wake[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(t->wake[i], F_SETFL, O_NONBLOCK);
    }
    return true;
#endif
}

OTEL__FN void otel__thread_wake_close(otel__thread *t)
{
    if (t->wake[1] >= 0 && t->wake[1] != t->wake[0]) {
        (void)close(t->wake[1]);
    }
    if (t->wake[0] >= 0) {
        (void)close(t->wake[0]);
    }
    t->wake[0] = t->wake[1] = -1;
}

/* Async-signal-safe: one write of one word, errno kept. */
OTEL__FN void otel__thread_wake(const otel__thread *t)
{
    const uint64_t one = 1;
    const int      saved = errno;
    const ssize_t  n = t->wake[1] >= 0 ? write(t->wake[1], &one, sizeof one) : 0;
    (void)n; /* full means that a wake-up is already there */
    errno = saved;
}

OTEL__FN void otel__thread_drain(const otel__thread *t)
{
    uint64_t      count;
    const ssize_t n = t->wake[0] >= 0 ? read(t->wake[0], &count, sizeof count) : 0;
    (void)n;
}

/* Start `body(user)` with every signal blocked and a small stack. */
OTEL__FN bool otel__thread_start(otel__thread *t, void *(*body)(void *), void *user)
{
    pthread_attr_t attr;
    sigset_t       all;
    sigset_t       old;
    bool           ok;

    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attr, OTEL__HOST_STACK);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    ok = pthread_create(&t->id, &attr, body, user) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attr);
    otel__a32_store(&t->running, ok ? 1u : 0u);
    return ok;
}

#endif /* OTEL_LITE_NO_THREADS */
#endif /* OTEL__SDK_HOST_H */
