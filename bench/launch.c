/* launch: how long a program takes from exec to its first request, and how large it gets.
 *
 *     launch N PROGRAM     prints for each of N runs: `microseconds peak_rss_kib requests exit`
 *
 * It listens on a loopback port that the system chose, names it in OTEL_EXPORTER_OTLP_ENDPOINT,
 * answers every request with 200, and reads the peak (VmHWM) before each answer: the program then
 * waits for it, and after the last one only leaves. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 10000

typedef struct run {
    pid_t         child;
    uint64_t     *exec_ns; /* in memory shared with the child, which sets it */
    uint64_t      first_ns;
    unsigned long peak_kib;
    unsigned      requests;
    char          text[65536]; /* of the connection, not yet answered */
    size_t        n;
} run;

static int listening(char *endpoint, size_t size)
{
    struct sockaddr_in at;
    socklen_t          n = sizeof at;
    const int          fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
        perror("launch: no loopback port");
        exit(2);
    }
    snprintf(endpoint, size, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%u",
             (unsigned)ntohs(at.sin_port));
    return fd;
}

static void read_peak(run *r)
{
    char  path[64];
    char  line[256];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)r->child);
    f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        (void)sscanf(line, "VmHWM: %lu", &r->peak_kib);
    }
    if (f != NULL) {
        fclose(f);
    }
}

/* Bytes of the first request in the text, or 0 when it is not all there. */
static size_t whole_request(const run *r)
{
    const char *end = strstr(r->text, "\r\n\r\n");
    const char *length = strcasestr(r->text, "\r\ncontent-length:");
    size_t      n;

    if (end == NULL || length == NULL || length > end) {
        return 0;
    }
    n = (size_t)(end - r->text) + 4u + strtoul(length + 17, NULL, 10);
    return n <= r->n ? n : 0;
}

/* Take what came; false when the connection is over. */
static bool answer(run *r, int fd)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
                             "Content-Length: 0\r\n\r\n";
    const ssize_t     got = read(fd, r->text + r->n, sizeof r->text - 1u - r->n);
    size_t            one;

    if (got <= 0) {
        return false;
    }
    if (r->first_ns == 0) {
        r->first_ns = bench_wall_ns();
    }
    r->n += (size_t)got;
    r->text[r->n] = '\0';
    while ((one = whole_request(r)) > 0) {
        memmove(r->text, r->text + one, r->n + 1u - one);
        r->n -= one;
        r->requests++;
        read_peak(r);
        if (write(fd, ok, sizeof ok - 1u) < 0) {
            return false;
        }
    }
    return r->n < sizeof r->text - 1u;
}

/* Serve one connection at a time until the child has gone. */
static int serve(run *r, int fd)
{
    const uint64_t end = bench_wall_ns() + WAIT_MS * 1000000ull;
    int            connection = -1;
    int            status = -1;

    while (waitpid(r->child, &status, WNOHANG) == 0) {
        struct pollfd ready = { connection >= 0 ? connection : fd, POLLIN, 0 };

        if (bench_wall_ns() > end) {
            kill(r->child, SIGKILL);
            waitpid(r->child, &status, 0);
            return -1;
        }
        if (poll(&ready, 1, 1) <= 0) {
            continue;
        }
        if (connection < 0) {
            connection = accept(fd, NULL, NULL);
            r->n = 0;
        } else if (!answer(r, connection)) {
            close(connection);
            connection = -1;
        }
    }
    if (connection >= 0) {
        close(connection);
    }
    return status;
}

int main(int argc, char **argv)
{
    static run r;
    const long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    char       endpoint[80];
    const int  fd = listening(endpoint, sizeof endpoint);

    r.exec_ns = (uint64_t *)mmap(NULL, sizeof *r.exec_ns, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r.exec_ns == (uint64_t *)MAP_FAILED || n <= 0) {
        fprintf(stderr, "usage: launch N PROGRAM\n");
        return 2;
    }
    for (long i = 0; i < n; i++) {
        char *const environment[] = { endpoint, NULL };
        int         status;

        r.first_ns = 0;
        r.requests = 0;
        r.child = fork();
        if (r.child == 0) {
            *r.exec_ns = bench_wall_ns();
            execve(argv[2], argv + 2, environment);
            _exit(127);
        }
        status = serve(&r, fd);
        printf("%.1f %lu %u %d\n",
               r.first_ns > 0 ? (double)(r.first_ns - *r.exec_ns) / 1000.0 : -1.0, r.peak_kib,
               r.requests, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
    return 0;
}
