/* traceparent: reads headers, one a line in hexadecimal, and says what each is: "-" when it is not
 * valid, else trace id, span id and flags, and what is written for it. */
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_hex(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }
    putchar(' ');
}

static void answer(const char *header, size_t n)
{
    char         written[OTEL_TRACEPARENT_SIZE];
    otel_context context;

    if (!otel_traceparent_read(header, n, &context)) {
        puts("-");
        return;
    }
    print_hex(context.trace_id, sizeof context.trace_id);
    print_hex(context.span_id, sizeof context.span_id);
    print_hex(&context.trace_flags, 1);
    puts(otel_traceparent_write(written, context) == strlen(written) ? written : "?");
}

int main(void)
{
    char line[4096];

    while (fgets(line, sizeof line, stdin) != NULL) {
        const size_t n = strcspn(line, "\n") / 2;
        char        *header = (char *)malloc(n > 0 ? n : 1); /* its end is the memory's */
        for (size_t i = 0; i < n; i++) {
            const char digits[3] = { line[2 * i], line[2 * i + 1], '\0' };
            header[i] = (char)strtoul(digits, NULL, 16);
        }
        answer(header, n);
        free(header);
    }
    return 0;
}
