/* otel: the command of the project: what helps a person to see telemetry, without a backend.
 * Build: cc -std=c99 -o otel tools/otel.c tools/otel/(all).c; it needs nothing but a C library. */
#include "otel/base.h"
#include "otel/recv.h"

#include <stdio.h>

static int usage(FILE *to)
{
    fprintf(to,
            "usage: otel COMMAND [options]\n"
            "  recv       receive OTLP over HTTP and show it\n"
            "  --version  show the version\n"
            "  --help     show this text\n"
            "\n%s",
            recv_help);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "recv") == 0) {
        return recv_main(argc - 2, argv + 2);
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("otel (otel_lite %s)\n", OTEL_LITE_VERSION);
        return 0;
    }
    return usage(argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
}
