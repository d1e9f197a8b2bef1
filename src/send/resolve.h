/* resolve: from the host of a URL to addresses to connect to. Called by net.h for each connection.
 *
 * Addresses and "localhost" need no lookup. Other names are looked up in /etc/hosts, bounded and
 * without the C library's resolver, which would add 33 KiB to a static program and block the
 * caller. Switches: OTEL_LITE_GETADDRINFO uses that resolver instead; OTEL_LITE_NUMERIC_ONLY
 * looks nothing up; OTEL_LITE_RESOLVE(host, port, addresses, max) is the user's own: it fills in
 * at most `max` elements of `struct sockaddr_storage *addresses` and returns their number, 0 =
 * not found. */
#ifndef OTEL__SEND_RESOLVE_H
#define OTEL__SEND_RESOLVE_H

#include "../core/platform.h"
#include "../core/text.h"
#include "http.h"

#if !defined(OTEL_LITE_NO_HTTP)

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#if defined(OTEL_LITE_RESOLVE)
#define OTEL__RESOLVE_ASK
#elif defined(OTEL_LITE_GETADDRINFO)
#define OTEL__RESOLVE_ASK
#include <netdb.h>
#elif !defined(OTEL_LITE_NUMERIC_ONLY)
#define OTEL__RESOLVE_HOSTS
#endif

#define OTEL__RESOLVE_MAX   4   /* addresses of one host that are tried                       */
#define OTEL__RESOLVE_LINE  256 /* bytes of a line of the hosts file, and of one read          */
#define OTEL__RESOLVE_READS 256 /* as much of the file counts: 64 KiB                         */
#if !defined(OTEL__RESOLVE_FILE)
#define OTEL__RESOLVE_FILE "/etc/hosts"
#endif

typedef union otel__address {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
} otel__address;

typedef struct otel__addresses {
    otel__address a[OTEL__RESOLVE_MAX]; /* in the order to try them, ports set */
    uint8_t       n;
} otel__addresses;

/* Add an address of either family with the port; false when it is another or there is no room. */
static bool otel__resolve_add(otel__addresses *to, const struct sockaddr *found, uint16_t port)
{
    otel__address *a = &to->a[to->n];

    if (to->n == OTEL__RESOLVE_MAX) {
        return false;
    }
    memset(a, 0, sizeof *a);
    if (found->sa_family == AF_INET) {
        memcpy(&a->v4, found, sizeof a->v4);
        a->v4.sin_port = htons(port);
    } else if (found->sa_family == AF_INET6) {
        memcpy(&a->v6, found, sizeof a->v6);
        a->v6.sin6_port = htons(port);
    } else {
        return false;
    }
    to->n++;
    return true;
}

/* Copy a host with a NUL; `out` has OTEL__HTTP_HOST_MAX + 1 bytes. False when it is longer. */
static bool otel__resolve_copy(otel__text host, char *out)
{
    if (host.n > OTEL__HTTP_HOST_MAX) {
        return false;
    }
    if (host.n > 0) {
        memcpy(out, host.s, host.n);
    }
    out[host.n] = '\0';
    return true;
}

/* Add `host` if it is an IPv4 or IPv6 address. */
static bool otel__resolve_literal(otel__addresses *to, otel__text host, uint16_t port)
{
    char          text[OTEL__HTTP_HOST_MAX + 1];
    otel__address a;

    memset(&a, 0, sizeof a);
    if (!otel__resolve_copy(host, text)) {
        return false;
    }
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.any.sa_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.any.sa_family = AF_INET6;
    } else {
        return false;
    }
    return otel__resolve_add(to, &a.any, port);
}

#if defined(OTEL__RESOLVE_HOSTS)
/* "address name alias ... # comment": add the address if a name fits. */
static void otel__resolve_line(otel__text line, const otel__http_url *url, otel__addresses *to)
{
    otel__text address = otel__text_make(NULL, 0), word;
    size_t     end;

    line.n = otel__text_find(line, '#');
    while (line.n > 0) {
        end = otel__http_find_any(line, " \t");
        word = otel__text_make(line.s, end);
        end += end < line.n ? 1u : 0u;
        line = otel__text_make(line.s + end, line.n - end);
        if (address.n == 0) {
            address = word;
        } else if (otel__text_same_nocase(word, url->host)) {
            (void)otel__resolve_literal(to, address, url->port);
            return;
        }
    }
}

/* Look the host up in the hosts file: in its lines of less than 256 bytes, its first 64 KiB. */
static void otel__resolve_hosts(const otel__http_url *url, otel__addresses *to)
{
    char    block[OTEL__RESOLVE_LINE], line[OTEL__RESOLVE_LINE];
    size_t  len = 0;
    ssize_t got = 1, i;
    int     reads;
    int     fd = open(OTEL__RESOLVE_FILE, O_RDONLY | O_CLOEXEC);

    for (reads = 0; fd >= 0 && got > 0 && reads < OTEL__RESOLVE_READS; reads++) {
        got = read(fd, block, sizeof block);
        if (got == 0) { /* the last line may have no end */
            block[got++] = '\n';
            reads = OTEL__RESOLVE_READS;
        }
        for (i = 0; i < got; i++) {
            if (block[i] == '\n') {
                otel__resolve_line(otel__text_make(line, len < sizeof line ? len : 0), url, to);
                len = 0;
            } else if (len < sizeof line) { /* a full one is too long and left out */
                line[len++] = block[i];
            }
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}
#endif

#if defined(OTEL__RESOLVE_ASK)
/* Ask the user's function or the C library, which may block for seconds. */
static void otel__resolve_ask(const otel__http_url *url, otel__addresses *to)
{
    char host[OTEL__HTTP_HOST_MAX + 1];
#if defined(OTEL_LITE_RESOLVE)
    struct sockaddr_storage found[OTEL__RESOLVE_MAX];
    int                     count, i;

    if (otel__resolve_copy(url->host, host)) {
        memset(found, 0, sizeof found);
        count = OTEL_LITE_RESOLVE(host, url->port, found, OTEL__RESOLVE_MAX);
        for (i = 0; i < count && i < OTEL__RESOLVE_MAX; i++) {
            (void)otel__resolve_add(to, (const struct sockaddr *)&found[i], url->port);
        }
    }
#else
    struct addrinfo hints, *list = NULL, *one;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (otel__resolve_copy(url->host, host) && getaddrinfo(host, NULL, &hints, &list) == 0) {
        for (one = list; one != NULL; one = one->ai_next) {
            (void)otel__resolve_add(to, one->ai_addr, url->port);
        }
        freeaddrinfo(list);
    }
#endif
}
#endif

/* Fill in the addresses of the URL's host; none: it was not found. Changes errno. */
OTEL__FN void otel__resolve(const otel__http_url *url, otel__addresses *to)
{
    to->n = 0;
    if (otel__resolve_literal(to, url->host, url->port)) {
        return;
    }
    if (otel__text_is_nocase(url->host, "localhost")) {
        (void)otel__resolve_literal(to, otel__text_of("127.0.0.1"), url->port);
        (void)otel__resolve_literal(to, otel__text_of("::1"), url->port);
        return;
    }
#if defined(OTEL__RESOLVE_ASK)
    otel__resolve_ask(url, to);
#elif defined(OTEL__RESOLVE_HOSTS)
    otel__resolve_hosts(url, to);
#endif
}

#endif /* OTEL_LITE_NO_HTTP */

#endif /* OTEL__SEND_RESOLVE_H */
