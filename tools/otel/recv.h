/* recv: `otel recv`, an OTLP/HTTP receiver that shows what comes. */
#ifndef OTEL_TOOL_RECV_H
#define OTEL_TOOL_RECV_H

/* Run with the arguments behind the word "recv"; returns the exit code. */
int recv_main(int argc, char **argv);

/* The option list, for --help. */
extern const char recv_help[];

#endif /* OTEL_TOOL_RECV_H */
