/* context: what the three signals share while recording: the scopes, the clock's anchor, the source
 * of ids, the current span, the check that the SDK is open and that this is not a forked child.
 * Called by every recording call; filled in by sdk/. Nothing here waits or makes a system call,
 * except the set-up lock, which only otel_*_create() and otel_scope_get() take.
 * Spec: trace/sdk.md "ID Generators"; context/README.md; requirements T-36, T-37, X-03. */
#ifndef OTEL__RECORD_CONTEXT_H
#define OTEL__RECORD_CONTEXT_H

#include "../core/arena.h"
#include "../core/diag.h"
#include "../core/ring.h"
#include "../wire/attrs.h"

struct otel__trace;
struct otel__metrics;
struct otel__logs;

/* There are processes, and one that forks is noticed. */
#if !defined(OTEL_LITE_FREESTANDING) && !defined(OTEL_LITE_NO_FORK)
#define OTEL__FORKS
#endif

enum {                        /* otel__recorder.live */
       OTEL__LIVE_FORKED = 0, /* what a wiped page reads as in a child */
       OTEL__LIVE_OPEN = 1,
       OTEL__LIVE_CLOSED = 2,
       OTEL__LIVE_RESETTING = 3, /* a child's first caller is emptying the inherited state */
       OTEL__LIVE_DETOUR = 4     /* of an instrument: open, but see route.h                */
};

typedef struct otel__recorder {
    /* read by every call */
    otel__a32            *live;   /* OTEL__LIVE_*, in a page that a forked child finds zeroed    */
    otel__a64             anchor; /* Unix time minus monotonic time, ns, renewed by the engine   */
    struct otel__trace   *trace;  /* NULL: the signal is off                                     */
    struct otel__metrics *metrics;
    struct otel__logs    *logs;
    otel_sdk             *sdk;
    uint32_t              attribute_limit; /* of one span, event or log record */
    /* ids: fixed until a fork */
    uint64_t  seed[4];
    otel__a64 serial; /* ids made without a slot: unsampled spans, and those that found none */
    /* waking the engine */
    otel__a32 sleeping; /* 1: the engine waits and wants one wake-up */
    void (*wake)(struct otel__recorder *r);
#if defined(OTEL__FORKS)
    void (*forked)(struct otel__recorder *r);
#endif
    /* losses and telling */
    otel__losses    losses;
    otel__diag_sink sink;
    /* set-up, under the lock */
    otel__a32   lock;
    otel__a32   n_scopes;
    uint32_t    max_scopes;
    otel_scope *scopes;
    otel__arena text;       /* copies of names, units, descriptions */
    otel__a32   live_local; /* stands in for the page where there is none */
} otel__recorder;

struct otel_scope {
    otel__recorder *r;
    const char     *name; /* copied, NUL-terminated; so is version */
    const char     *version;
    const uint8_t  *bytes; /* the InstrumentationScope message */
    uint32_t        length;
    uint32_t        index;
};

/* ---- context: is the SDK open ---- */

#if defined(OTEL__FORKS)
/* The rare half of otel__recorder_live(). */
OTEL__FN OTEL__NOINLINE bool otel__recorder_settle(otel__recorder *r)
{
    uint32_t expected = OTEL__LIVE_FORKED;
    if (otel__a32_cas(r->live, &expected, OTEL__LIVE_RESETTING)) {
        r->forked(r); /* leaves OTEL__LIVE_OPEN or _CLOSED */
    }
    return otel__a32_load(r->live) == OTEL__LIVE_OPEN;
}

/* Whether recording is possible: one load. Notices a fork, before anything is recorded. */
OTEL__INLINE bool otel__recorder_live(otel__recorder *r)
{
    return OTEL__LIKELY(otel__a32_load(r->live) == OTEL__LIVE_OPEN) || otel__recorder_settle(r);
}
#else
/* Whether recording is possible: one load. */
OTEL__INLINE bool otel__recorder_live(otel__recorder *r)
{
    return OTEL__LIKELY(otel__a32_load(r->live) == OTEL__LIVE_OPEN);
}
#endif

/* ---- context: time ---- */

/* The time as Unix nanoseconds, from one reading of the monotonic clock. */
OTEL__INLINE uint64_t otel__recorder_now(const otel__recorder *r)
{
    return otel__mono_ns() + otel__a64_peek(&r->anchor);
}

/* ---- context: ids ---- */

/* A bijection of 64 bits that no output bit leaves guessable without the seeds: distinct counters
 * give distinct ids. Constants: the finalizer of MurmurHash3 (public domain). */
OTEL__HOT uint64_t otel__recorder_mix(uint64_t x, uint64_t k0, uint64_t k1)
{
    x = (x ^ k0) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33) ^ k1) * 0xc4ceb9fe1a85ec53u;
    return x ^ (x >> 33);
}

/* The counter behind an id: which slot, and how often it was used. Slot 0 stands for no slot. */
OTEL__INLINE uint64_t otel__recorder_counter(uint32_t slot, uint64_t use)
{
    return ((uint64_t)slot << 44) ^ use;
}

/* New ids as numbers, stored with otel__pb_store_le64(): the same on every target, given the same
 * seeds. They stay in registers on the way to two places: sixteen bytes read back right after they
 * were stored in two halves would stall the processor. */
typedef struct otel__ids {
    uint64_t high; /* the trace id's first eight bytes */
    uint64_t low;
    uint64_t span;
} otel__ids;

/* `root`: a trace id is wanted, too. */
OTEL__HOT otel__ids otel__recorder_ids(const otel__recorder *r, uint64_t counter, bool root)
{
    otel__ids ids = { 0, 0, 0 };
    if (root) {
        ids.high = otel__recorder_mix(counter, r->seed[2], r->seed[0]);
        ids.low = otel__recorder_mix(counter, r->seed[3], r->seed[2]);
        ids.low += ids.low == 0; /* all zero is no id: T-37 */
    }
    ids.span = otel__recorder_mix(counter, r->seed[0], r->seed[1]);
    ids.span += ids.span == 0;
    return ids;
}

OTEL__FN bool otel__context_is_valid(const otel_context *c)
{
    uint64_t high;
    uint64_t low;
    uint64_t span;
    memcpy(&high, c->trace_id, 8);
    memcpy(&low, c->trace_id + 8, 8);
    memcpy(&span, c->span_id, 8);
    return (high | low) != 0 && span != 0;
}

/* Field by field: sixteen bytes at a time would overlap, and a read that needs two stores which are
 * still under way stalls the processor. */
OTEL__HOT void otel__context_copy(otel_context *to, const otel_context *from)
{
    memcpy(to->trace_id, from->trace_id, sizeof to->trace_id);
    memcpy(to->span_id, from->span_id, sizeof to->span_id);
    to->trace_flags = from->trace_flags;
    to->remote = from->remote;
}

/* ---- context: the current span of this thread ---- */

/* One copy counts; so many handlers less one may interrupt each other while they attach. */
#define OTEL__CURRENT_COPIES 4u

/* Several copies and which one counts. A handler that reads in the middle of an attach sees the old
 * one whole; one that attaches and detaches itself takes a copy that nobody is writing. */
typedef struct otel__current {
    otel_context      copy[OTEL__CURRENT_COPIES];
    volatile uint8_t  which;
    volatile uint8_t  writing; /* a bit for each copy being written */
    volatile uint32_t swaps;   /* ever made: tells a reader that a handler was here */
} otel__current;

OTEL__TLS otel__current otel__context_tls;

/* Copy the current span's identity, whole even if a handler attaches spans meanwhile. Returns false
 * when there is none; `to` is then not written. */
OTEL__HOT bool otel__context_read(otel_context *to)
{
    uint32_t swaps;
    bool     valid;

    do {
        const otel_context *current;
        swaps = otel__context_tls.swaps;
        OTEL__COMPILER_FENCE();
        current = &otel__context_tls.copy[otel__context_tls.which];
        valid = otel__context_is_valid(current);
        if (valid) {
            otel__context_copy(to, current);
        }
        OTEL__COMPILER_FENCE();
    } while (OTEL__UNLIKELY(swaps != otel__context_tls.swaps));
    return valid;
}

OTEL__FN otel_context otel__context_swap(const otel_context *next)
{
    const uint8_t busy = otel__context_tls.writing;
    otel_context  previous;
    uint8_t       at = 0;

    memset(&previous, 0, sizeof previous);
    (void)otel__context_read(&previous);
    while (at < OTEL__CURRENT_COPIES &&
           (at == otel__context_tls.which || ((busy >> at) & 1u) != 0)) {
        at++;
    }
    if (at < OTEL__CURRENT_COPIES) {
        otel__context_tls.writing = (uint8_t)(busy | (1u << at));
        OTEL__COMPILER_FENCE();
        otel__context_tls.copy[at] = *next;
        OTEL__COMPILER_FENCE();
        otel__context_tls.which = at;
        otel__context_tls.swaps = otel__context_tls.swaps + 1u; /* C++20: no ++ on a volatile */
        otel__context_tls.writing = busy;
    }
    return previous;
}

/* ---- context: waking the engine ---- */

/* After a commit: a batch is complete when its records, or half the ring, are there. */
OTEL__HOT void otel__recorder_committed(otel__recorder *r, const otel__ring *ring,
                                        const otel__ring_slot *slot, uint32_t batch)
{
    if (OTEL__UNLIKELY(slot->queued >= batch || slot->bytes > ring->capacity / 2u) &&
        OTEL__UNLIKELY(otel__a32_peek(&r->sleeping) == 1u) &&
        otel__a32_swap(&r->sleeping, 0) == 1u) {
        r->wake(r);
    }
}

/* Count a refusal of the ring as the signal's loss. */
OTEL__FN OTEL__COLD void otel__recorder_refused(otel__recorder *r, otel_signal signal,
                                                otel__ring_result why)
{
    const otel_drop reason = why == OTEL__RING_FULL_RECORDS ? OTEL_DROP_QUEUE_RECORDS
                             : why == OTEL__RING_FULL_BYTES ? OTEL_DROP_QUEUE_BYTES
                                                            : OTEL_DROP_TOO_LARGE;
    otel__losses_drop(&r->losses, signal, reason);
}

/* Every queued record begins with a word: its scope's index; of a cumulative metric also the number
 * of its reading, since a newer one makes it worthless. */
#define OTEL__RECORD_PREFIX     4u
#define OTEL__RECORD_SCOPE      0xffffu
#define OTEL__RECORD_CUMULATIVE 0x10000u
#define OTEL__RECORD_READING    0x20000u /* one reading further */

OTEL__INLINE uint8_t *otel__record_prefix(uint8_t *p, uint32_t word)
{
    memcpy(p, &word, OTEL__RECORD_PREFIX);
    return p + OTEL__RECORD_PREFIX;
}

/* ---- context: set-up ---- */

/* Wait a moment for another thread. Set-up only. */
OTEL__FN void otel__recorder_nap(void)
{
#if !defined(OTEL_LITE_FREESTANDING)
    struct timespec nap = { 0, 50000 };
    (void)nanosleep(&nap, NULL);
#endif
}

OTEL__FN void otel__recorder_lock(otel__recorder *r)
{
    while (otel__a32_swap(&r->lock, 1u) != 0) {
        otel__recorder_nap(); /* the holder copies a few bytes */
    }
}

OTEL__FN void otel__recorder_unlock(otel__recorder *r) { otel__a32_store(&r->lock, 0); }

/* Copy a text of n bytes into the block, repaired if it is not UTF-8, NUL-terminated; NULL when it
 * is full. Under the lock. */
OTEL__FN char *otel__recorder_copy(otel__recorder *r, const char *s, size_t n)
{
    const size_t used = r->text.used;
    const size_t need = n > 0 ? otel__text_utf8_repair(NULL, s, n) : 0;
    char        *copy;

    copy = (char *)otel__arena_take(&r->text, need + 1u, 1);
    if (copy == NULL) {
        r->text.used = used; /* a shorter text may still fit */
        return NULL;
    }
    if (n > 0) {
        (void)otel__text_utf8_repair(copy, s, n);
    }
    copy[need] = '\0';
    return copy;
}

/* A text as it would be copied: itself when it is UTF-8, else a repaired copy, so that what was
 * created from it is found again. NULL, which stands for the empty text, or when the block is
 * full. */
OTEL__FN const char *otel__recorder_clean(otel__recorder *r, const char *s)
{
#if defined(OTEL_LITE_NO_UTF8_REPAIR)
    (void)r;
    return s != NULL ? s : "";
#else
    const size_t n = s != NULL ? otel__text_length(s) : 0;
    if (n == 0) {
        return "";
    }
    return otel__text_utf8_valid(s, n) ? s : otel__recorder_copy(r, s, n);
#endif
}

/* Copy a clean text into the block; NULL when that is full. Under the lock. */
OTEL__FN const char *otel__recorder_keep(otel__recorder *r, const char *s)
{
    const size_t n = otel__text_length(s) + 1;
    char        *copy = (char *)otel__arena_take(&r->text, n, 1);
    if (copy != NULL) {
        otel__bytes_copy(copy, s, n);
    }
    return copy;
}

/* One field of the InstrumentationScope message: name = 1, version = 2. */
OTEL__FN void otel__scope_put(otel__out *o, uint32_t number, const char *text)
{
    if (text[0] != '\0') {
        otel__pb_bytes(o, number, text, otel__text_length(text));
    }
}

/* Fill in a new scope. Under the lock; false when there is no room for the copies. */
OTEL__FN bool otel__scope_make(otel__recorder *r, otel_scope *scope, const char *name,
                               const char *version)
{
    otel__out out;

    scope->name = otel__recorder_keep(r, name);
    scope->version = otel__recorder_keep(r, version);
    if (scope->name == NULL || scope->version == NULL) {
        return false;
    }
    out = otel__out_make(r->text.base + r->text.used, r->text.size - r->text.used);
    otel__scope_put(&out, 1, name);
    otel__scope_put(&out, 2, version);
    scope->bytes = (const uint8_t *)otel__arena_take(&r->text, out.len, 1); /* what it wrote to */
    scope->length = (uint32_t)out.len;
    scope->r = r;
    return scope->bytes != NULL;
}

/* The scope of clean texts, made if it is new; NULL when there is no room. Under the lock. */
OTEL__FN otel_scope *otel__scope_find_or_make(otel__recorder *r, const char *name,
                                              const char *version)
{
    const uint32_t n = otel__a32_peek(&r->n_scopes);
    otel_scope    *scope = r->scopes;
    uint32_t       i;

    for (i = 0; i < n; i++, scope++) {
        if (otel__text_same(scope->name, name) && otel__text_same(scope->version, version)) {
            return scope;
        }
    }
    if (n >= r->max_scopes || !otel__scope_make(r, scope, name, version)) {
        return NULL;
    }
    scope->index = n;
    otel__a32_store(&r->n_scopes, n + 1u);
    return scope;
}

/* The scope of that name and version, made if it is new; NULL when there is no room. */
OTEL__FN otel_scope *otel__scope_find(otel__recorder *r, const char *name, const char *version)
{
    otel_scope *found = NULL;
    uint32_t    n;
    size_t      used;

    otel__recorder_lock(r);
    used = r->text.used;
    n = otel__a32_peek(&r->n_scopes);
    name = otel__recorder_clean(r, name);
    version = otel__recorder_clean(r, version);
    if (name != NULL && version != NULL) {
        found = otel__scope_find_or_make(r, name, version);
    }
    if (n == otel__a32_peek(&r->n_scopes)) {
        r->text.used = used; /* none is new: no copy is needed */
    }
    otel__recorder_unlock(r);
    return found;
}

#endif /* OTEL__RECORD_CONTEXT_H */
