/* readers: one SDK with both readers of metrics, the one that sends and the one for the program.
 * Threads record and read as they are told; what is sent and what is shown goes to stdout.
 *
 * Stdin: one instruction a line, words and texts as in drive.c. What each instruction takes stands
 * at its function. A program is a list of steps: those of metric_steps.h, and
 *   m MS, n MS                   read, as otel_read() shows it; let a reading pass unseen
 * Stdout: frames as drive.c's. A point is a value: see show_point(). */
#include "metric_steps.h"

#include "metric_points.h"

/* ---- steps ---- */

static void next_own_step(step *s)
{
    if (s->kind != 'm' && s->kind != 'n') {
        fail("no such step", "");
    }
    s->n = next_u64();
}

static void run_own_step(const step *s, const place *at)
{
    const bool shown = s->kind == 'm';

    answer_status(at, shown ? "read" : "pass",
                  otel_read(sdk, shown ? show_point : NULL, NULL, (uint32_t)s->n));
}

/* ---- instructions ---- */

static void forget_all(void) { forget_steps(); }

/* open [alone] TICK [OPTION NUMBER]...: an SDK with both readers, or with the program's alone, one
 * scope and the callback of slot 0. Metrics are read when a step says so. */
static void do_open(void)
{
    otel_options options = own_options("readers");

    options.transport.send = next_is("alone") ? NULL : take_request;
    options.manual_reader = true;
    clock_tick = next_u64();
    open_sdk(&options);
    scope = otel_scope_get(sdk, "readers", NULL);
    register_slot(0);
}

static void do_instrument(void) /* instrument: see next_instrument() */
{
    if (!next_instrument("u", "what it is")) {
        fail("not created", "");
    }
}

static const instruction instructions[] = {
    { "open", do_open }, { "set", do_set },           { "instrument", do_instrument },
    { "bind", do_bind }, { "callback", do_callback }, { "calls", do_calls },
    { "do", do_do },     { "thread", do_thread },     { "reader", do_reader },
    { "run", do_run },   { "stats", do_stats },       { "done", do_done },
};

int main(void) { return run_lines(instructions, sizeof instructions / sizeof instructions[0]); }
