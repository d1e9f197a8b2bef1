/* The reply parser. Its cases are data: tests/cases/http, where plain.txt tells the format. Each is
 * read at once, byte by byte, and split at every position, from memory that ends with the bytes. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"

#include <dirent.h>
#include <stdlib.h>

#define CASES_MIN  90 /* fewer means that files were not found */
#define BYTES_MAX  40960
#define BODY_MAX   64
#define LINE_MAX_  512
#define NOW_S      784111777u /* Sun, 06 Nov 1994 08:49:37 GMT */
#define SPLIT_FULL 2048       /* longer replies are split at every 61st position */

struct reply_case {
    char               where[LINE_MAX_]; /* file and title, for messages */
    char               bytes[BYTES_MAX];
    size_t             n_bytes;
    char               body[BODY_MAX];
    size_t             n_body;
    otel__reply_result result;
    const char        *error; /* of the list, or NULL */
    unsigned long      status, total, left, wait_ms, keep, max;
    bool               close, eof;
};

static const char *const error_names[] = {
#define NAME(name, text) #name,
    OTEL__REPLY_ERROR_LIST(NAME)
#undef NAME
};

/* ---- reading the cases ---- */

static void fail_format(const struct reply_case *c, const char *line)
{
    printf("  %s: cannot read \"%s\"\n", c->where, line);
    T_CHECK(!"the case is well formed");
}

/* Undo the escapes of `text`; returns the number of bytes, or cap + 1. */
static size_t unescape(const char *text, char *out, size_t cap)
{
    size_t n = 0;

    while (*text != '\0') {
        char c = *text++;

        if (c == '\\') {
            const char kind = *text++;
            c = kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind;
            if (kind == '0') {
                c = '\0';
            } else if (kind == 'x') {
                c = (char)(otel__text_hex_digit(text[0]) * 16 + otel__text_hex_digit(text[1]));
                text += 2;
            }
        }
        if (n == cap) {
            return cap + 1;
        }
        out[n++] = c;
    }
    return n;
}

static void add_bytes(struct reply_case *c, const char *line)
{
    unsigned long times = 1;
    char         *text = NULL;

    if (line[0] == '@') {
        times = strtoul(line + 1, &text, 10);
        line = text + 1;
    }
    while (times-- > 0) {
        const size_t room = sizeof c->bytes - c->n_bytes;
        const size_t n = unescape(line, c->bytes + c->n_bytes, room);

        if (n > room) {
            fail_format(c, line);
            return;
        }
        c->n_bytes += n;
    }
}

static void expect(struct reply_case *c, const char *line)
{
    const char  *colon = strstr(line, ": ");
    const char  *value = colon != NULL ? colon + 2 : "";
    const size_t n = colon != NULL ? (size_t)(colon - line) : 0;
    size_t       i;
#define KEY(name) (n == sizeof(name) - 1 && memcmp(line, name, n) == 0)
    if (KEY("result") && strcmp(value, "done") == 0) {
        c->result = OTEL__REPLY_DONE;
    } else if (KEY("result") && strcmp(value, "more") == 0) {
        c->result = OTEL__REPLY_MORE;
    } else if (KEY("result") && strcmp(value, "bad") == 0) {
        c->result = OTEL__REPLY_BAD;
    } else if (KEY("error")) {
        for (i = 0; i < OTEL__REPLY_E_END; i++) {
            c->error = strcmp(value, error_names[i]) == 0 ? error_names[i] : c->error;
        }
    } else if (KEY("body")) {
        c->n_body = unescape(value, c->body, sizeof c->body);
    } else if (KEY("close") || KEY("eof")) {
        *(KEY("eof") ? &c->eof : &c->close) = strcmp(value, "yes") == 0;
    } else if (KEY("status") || KEY("total") || KEY("left") || KEY("wait_ms") || KEY("keep") ||
               KEY("max")) {
        *(KEY("status")    ? &c->status
          : KEY("total")   ? &c->total
          : KEY("left")    ? &c->left
          : KEY("wait_ms") ? &c->wait_ms
          : KEY("keep")    ? &c->keep
                           : &c->max) = strtoul(value, NULL, 10);
    } else {
        fail_format(c, line);
    }
#undef KEY
}

/* ---- running one ---- */

/* Feed n bytes from memory that ends behind them. */
static otel__reply_result feed(otel__reply *r, const char *bytes, size_t n, size_t *left)
{
    char              *copy = (char *)malloc(n > 0 ? n : 1);
    size_t             used = 0;
    otel__reply_result result;

    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    result = otel__reply_feed(r, copy, n, &used);
    T_CHECK(used == n || result != OTEL__REPLY_MORE);
    *left += n - used;
    free(copy);
    return result;
}

/* Read a case in two pieces, or byte by byte when step is 1, and compare. */
static bool run_case(const struct reply_case *c, size_t first, size_t step)
{
    char              *body = (char *)malloc(c->keep > 0 ? c->keep : 1);
    size_t             at = 0, left = 0;
    otel__reply        r;
    otel__reply_result result = OTEL__REPLY_MORE;
    int                held = 1;

    otel__reply_init(&r, c->keep > 0 ? body : NULL, c->keep, (uint32_t)c->max);
    while (at < c->n_bytes) {
        const size_t want = at == 0 ? first : step;
        const size_t n = want < c->n_bytes - at ? want : c->n_bytes - at;

        result = feed(&r, c->bytes + at, n, &left);
        at += n;
    }
    if (c->eof) {
        result = otel__reply_end(&r);
    }
    held &= T_EQ_INT(result, c->result);
    held &= T_EQ_STR(error_names[r.error], c->error != NULL ? c->error : "OK");
    held &= T_EQ_INT(r.close, c->close);
    if (result == OTEL__REPLY_DONE) {
        held &= T_EQ_INT(r.status, c->status);
        held &= T_EQ_MEM(body, r.body_len, c->body, c->n_body);
        held &= T_EQ_INT(r.body_total, c->total);
        held &= T_EQ_INT(left, c->left);
        held &= T_EQ_INT(otel__reply_wait_ms(&r, NOW_S), c->wait_ms);
        held &= T_EQ_INT(otel__reply_feed(&r, "HTTP/1.1 500 X\r\n", 16, NULL), OTEL__REPLY_DONE);
        held &= T_EQ_INT(r.status, c->status);
    }
    if (!held) {
        printf("    in \"%s\", first piece %lu bytes, then %lu\n", c->where, (unsigned long)first,
               (unsigned long)step);
    }
    free(body);
    return held != 0;
}

enum how { WHOLE, BYTES, SPLIT };

static bool run_how(const struct reply_case *c, enum how how)
{
    const size_t stride = c->n_bytes <= SPLIT_FULL ? 1 : 61;
    size_t       at;
    bool         held = true;

    if (how != SPLIT) {
        return run_case(c, how == WHOLE ? BYTES_MAX : 1, how == WHOLE ? BYTES_MAX : 1);
    }
    for (at = 1; at < c->n_bytes && held; at += stride) {
        held = run_case(c, at, BYTES_MAX);
    }
    return held;
}

/* ---- all of them ---- */

static struct reply_case the_case;

static size_t run_file(const char *path, enum how how)
{
    struct reply_case *c = &the_case;
    enum { OUTSIDE, IN_BYTES, IN_EXPECT } part = OUTSIDE;
    FILE  *file = fopen(path, "r");
    char   line[LINE_MAX_];
    size_t n = 0;
    bool   more = T_CHECK(file != NULL) != 0;

    while (more) {
        more = fgets(line, sizeof line, file) != NULL;
        line[more ? strcspn(line, "\n") : 0] = '\0';
        if (line[0] == '#') {
            continue;
        }
        if (part == IN_EXPECT && (!more || line[0] == '\0')) {
            (void)run_how(c, how);
            n++;
            part = OUTSIDE;
        } else if (part == IN_BYTES && line[0] == '\0') {
            part = IN_EXPECT;
        } else if (part == OUTSIDE && line[0] == '=' && line[1] == '=' && line[2] == ' ') {
            memset(c, 0, sizeof *c);
            snprintf(c->where, sizeof c->where, "%.200s: %.200s", path, line + 3);
            c->result = (otel__reply_result)99;
            c->keep = BODY_MAX;
            c->max = 4194304;
            part = IN_BYTES;
        } else if (part == IN_BYTES) {
            add_bytes(c, line);
        } else if (part == IN_EXPECT) {
            expect(c, line);
        } else if (line[0] != '\0') {
            fail_format(c, line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    T_CHECK(part == OUTSIDE);
    return n;
}

static void run_all(enum how how)
{
    char           path[1024] = __FILE__;
    char          *name = strstr(path, "unit/test_reply.c");
    struct dirent *entry;
    DIR           *folder;
    size_t         n = 0;

    if (!T_CHECK(name != NULL)) {
        return;
    }
    strcpy(name, "cases/http/");
    name += strlen(name);
    folder = opendir(path);
    if (!T_CHECK(folder != NULL)) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") != NULL && strlen(entry->d_name) < 64) {
            strcpy(name, entry->d_name);
            n += run_file(path, how);
        }
    }
    closedir(folder);
    T_CHECK(n >= CASES_MIN);
}

static void each_case_read_at_once_gives_what_it_says(void) { run_all(WHOLE); }
static void each_case_read_byte_by_byte_gives_the_same(void) { run_all(BYTES); }
static void each_case_split_anywhere_gives_the_same(void) { run_all(SPLIT); }

/* ---- what the files cannot say ---- */

static void an_error_is_final(void)
{
    otel__reply r;
    size_t      used = 99;

    otel__reply_init(&r, NULL, 0, 100);
    T_EQ_INT(otel__reply_feed(&r, "nonsense\n", 9, &used), OTEL__REPLY_BAD);
    T_EQ_INT(otel__reply_feed(&r, "HTTP/1.1 204 N\r\n\r\n", 18, &used), OTEL__REPLY_BAD);
    T_EQ_INT(used, 0);
    T_EQ_INT(otel__reply_end(&r), OTEL__REPLY_BAD);
    T_EQ_INT(r.error, OTEL__REPLY_E_NOT_HTTP);
    T_EQ_STR(otel__reply_text(r.error), "the peer does not speak HTTP/1");
}

static void nothing_fed_is_not_a_beginning(void)
{
    otel__reply r;
    size_t      used = 99;

    otel__reply_init(&r, NULL, 0, 100);
    T_EQ_INT(otel__reply_feed(&r, NULL, 0, &used), OTEL__REPLY_MORE);
    T_CHECK(!r.began && used == 0);
    T_EQ_INT(otel__reply_feed(&r, "H", 1, NULL), OTEL__REPLY_MORE);
    T_CHECK(r.began);
}

static void every_error_has_a_text_of_its_own(void)
{
    int i, j;

    for (i = 0; i < OTEL__REPLY_E_END; i++) {
        T_CHECK(otel__reply_text((otel__reply_error)i)[0] != '\0');
        for (j = 0; j < i; j++) {
            T_CHECK(strcmp(otel__reply_text((otel__reply_error)i),
                           otel__reply_text((otel__reply_error)j)) != 0);
        }
    }
    T_EQ_STR(otel__reply_text(OTEL__REPLY_E_END), "");
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(each_case_read_at_once_gives_what_it_says);
    T_RUN(each_case_read_byte_by_byte_gives_the_same);
    T_RUN(each_case_split_anywhere_gives_the_same);
    T_RUN(an_error_is_final);
    T_RUN(nothing_fed_is_not_a_beginning);
    T_RUN(every_error_has_a_text_of_its_own);
    return t_end();
}
