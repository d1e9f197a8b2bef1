"""Every public function takes NULL, zeroed and unusual arguments: before there is an SDK, with an
open one, after it was closed. The program is generated from the declarations, run under the address
and undefined-behaviour sanitizers, and checks the identity of the counts at the end."""
import itertools
import re
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "compile"))
from declarations import functions, inline_functions  # noqa: E402

# What a parameter of each type is given; nothing first. `g` is the generated program's state.
HANDLES = [kind + f64 for kind in ("counter", "updown", "gauge", "histogram")
           for f64 in ("", "_f64")]
VALUES = {
    "otel_sdk *": ["NULL", "g.sdk"],
    "otel_scope *": ["NULL", "g.scope"],
    **{f"otel_{kind} *": ["NULL", f"g.{kind}"] for kind in HANDLES},
    **{f"const otel_{kind} *": ["NULL", f"g.{kind}"] for kind in HANDLES},
    **{f"otel_bound_{kind}": [f"g.no_bound_{kind}", f"g.bound_{kind}"] for kind in HANDLES},
    "otel_observable *": ["NULL", "g.observable"],
    "otel_observable_f64 *": ["NULL", "g.observable_f64"],
    "otel_observer *": ["NULL", "g.observer"],
    "const otel_callback *": ["NULL", "&g.no_callback", "&g.callback"],
    "otel_registration *": ["NULL", "registered()"],  # one that was given up is no argument
    "const char *": ["NULL", '""', '"text"', '"\\xff\\xc0\\x80 \\xf0\\x9f"', "g.large"],
    "const void *": ["NULL", '"x"'],
    "const otel_attr *": ["NULL", "g.attrs"],
    "const otel_options *": ["NULL", "&g.options"],
    "const otel_span_options *": ["NULL", "&g.span_options", "&g.child_options"],
    "const otel_histogram_options *": ["NULL", "&g.no_bounds", "&g.missing_bounds",
                                       "&g.bad_bounds", "&g.exponential", "&g.dropped",
                                       "&g.nonsense"],
    "const otel_log_record *": ["NULL", "&g.no_record", "&g.record"],
    "otel_stats *": ["NULL", "&g.stats"],
    "otel_request *": ["NULL", "&g.no_request", "&g.request"],
    "struct pollfd *": ["NULL", "g.fds"],
    "otel_span": ["g.no_span", "g.span", "g.ended"],
    "otel_context": ["g.no_context", "g.span.context"],
    "otel_attrs": ["g.no_attrs", "g.missing_attrs", "g.zeroed_attrs", "g.some_attrs"],
    "otel_signal": ["OTEL_SIGNAL_TRACES", "OTEL_SIGNAL_COUNT", "(otel_signal)99"],
    "otel_status": ["OTEL_OK", "OTEL_LOST", "(otel_status)99", "(otel_status)-99"],
    "otel_drop": ["OTEL_DROP_BUSY", "OTEL_DROP_COUNT", "(otel_drop)99"],
    "otel_severity": ["OTEL_SEVERITY_UNSPECIFIED", "OTEL_SEVERITY_WARN", "(otel_severity)99"],
    "otel_status_code": ["OTEL_STATUS_CODE_UNSET", "OTEL_STATUS_CODE_ERROR",
                         "(otel_status_code)99"],
    "otel_transport_result": ["OTEL_TRANSPORT_SENT", "OTEL_TRANSPORT_PENDING",
                              "(otel_transport_result)99"],
    "otel_point_fn": ["NULL", "look"],
    "void *": ["NULL"],
    "char *": ["NULL", "g.header"],
    "otel_context *": ["NULL", "&g.came"],
    "uint32_t": ["0", "1", "OTEL_NO_LIMIT"],
    "size_t": ["0", "1"],  # with a buffer of one or more
    "int": ["0", "200", "-1", "2147483647"],
    "bool": ["false", "true"],
    "int64_t": ["0", "1", "INT64_MIN", "INT64_MAX"],
    "double": ["0", "-1.5", "(double)NAN", "(double)-INFINITY", "1e308"],
}
ENDS = ["otel_close", "otel_release"]  # of the SDK: one is called last, one once
OPENS = ["otel_open"]  # with these options it opens nothing: called without an SDK only

PROGRAM = """
#define OTEL_LITE_IMPLEMENTATION
#include "otel_lite.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void look(void *user, const otel_point *point)
{
    (void)user;
    (void)point;
}

static struct {
    char header[OTEL_TRACEPARENT_SIZE]; otel_context came;
    otel_sdk *sdk; otel_scope *scope;
    otel_counter *counter; otel_counter_f64 *counter_f64;
    otel_updown *updown; otel_updown_f64 *updown_f64;
    otel_gauge *gauge; otel_gauge_f64 *gauge_f64;
    otel_histogram *histogram; otel_histogram_f64 *histogram_f64;
    otel_observable *observable; otel_observable_f64 *observable_f64;
    otel_observer *observer; otel_callback no_callback, callback;
    @BOUND@
    char *large; otel_attr *attrs; struct pollfd *fds; /* on the heap: a byte too far is seen */
    otel_options options; otel_span_options span_options, child_options;
    otel_histogram_options no_bounds, missing_bounds, bad_bounds, exponential, dropped, nonsense;
    otel_log_record no_record, record; otel_stats stats; otel_request no_request, request;
    otel_span no_span, span, ended; otel_context no_context;
    otel_attrs no_attrs, missing_attrs, zeroed_attrs, some_attrs;
} g;

static const double falling[] = { 2, 1 };
static otel_attr zeroed[2];
static unsigned long calls, told, asked;

static otel_transport_result deliver(void *user, otel_request *request)
{
    (void)user;
    g.request = *request; /* a copy that outlives its answer */
    return OTEL_TRANSPORT_SENT;
}

static void tell(void *user, otel_severity severity, const char *text)
{
    (void)user;
    (void)severity;
    told += text[0] != '\\0';
}

static void observe(void *user, otel_observer *observer)
{
    (void)user;
    g.observer = observer; /* outlives its callback */
    asked++;
    otel_observe(observer, g.observable, 1, g.some_attrs);
    otel_observe(observer, NULL, 1, g.some_attrs);
    otel_observe_f64(observer, g.observable_f64, (double)NAN, g.missing_attrs);
    otel_observe_f64(observer, g.observable_f64, -1, g.zeroed_attrs);
}

static otel_registration *registered(void) { return otel_callback_register(g.scope, &g.callback); }

static void prepare(void)
{
    g.large = (char *)malloc(70000);
    memset(g.large, 'x', 69999);
    g.large[69999] = '\\0';
    g.attrs = (otel_attr *)malloc(sizeof(otel_attr));
    g.attrs[0] = otel_str("key", "value");
    g.fds = (struct pollfd *)malloc(sizeof(struct pollfd));
    g.missing_attrs.count = 3;
    g.zeroed_attrs.items = zeroed;
    g.zeroed_attrs.count = 2;
    g.some_attrs.items = g.attrs;
    g.some_attrs.count = 1;
    g.missing_bounds.n_bounds = 7;
    g.bad_bounds.bounds = falling;
    g.bad_bounds.n_bounds = 2;
    g.exponential.aggregation = OTEL_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
    g.exponential.max_size = 2;
    g.dropped.aggregation = OTEL_AGGREGATION_DROP;
    g.nonsense.aggregation = 99;
    g.nonsense.max_size = UINT32_MAX;
    g.nonsense.max_scale = INT32_MIN;
    g.callback.observe = observe;
    g.child_options.parent = &g.no_context;
    g.child_options.kind = (otel_span_kind)99;
    g.child_options.attrs = g.zeroed_attrs;
    g.record.severity = (otel_severity)-1;
    g.record.body = g.record.severity_text = g.record.event_name = "\\xff";
    g.record.attrs = g.missing_attrs;
    g.record.context = &g.no_context;
    g.record.time_unix_ns = UINT64_MAX;
}

static void open_sdk(void)
{
    otel_options options;
    memset(&options, 0, sizeof options);
    options.transport.send = deliver;
    options.on_diagnostic = tell;
    options.manual_reader = true;
    options.ignore_environment = true;
    g.sdk = otel_open(&options);
    g.scope = otel_scope_get(g.sdk, "null", NULL);
    g.counter = otel_counter_create(g.scope, "c", NULL, NULL);
    g.counter_f64 = otel_counter_create_f64(g.scope, "cd", NULL, NULL);
    g.updown = otel_updown_create(g.scope, "u", NULL, NULL);
    g.updown_f64 = otel_updown_create_f64(g.scope, "ud", NULL, NULL);
    g.gauge = otel_gauge_create(g.scope, "g", NULL, NULL);
    g.gauge_f64 = otel_gauge_create_f64(g.scope, "gd", NULL, NULL);
    g.histogram = otel_histogram_create(g.scope, "h", NULL, NULL, NULL);
    g.histogram_f64 = otel_histogram_create_f64(g.scope, "hd", NULL, NULL, &g.exponential);
    g.observable = otel_observable_counter_create(g.scope, "o", NULL, NULL, &g.callback);
    g.observable_f64 = otel_observable_gauge_create_f64(g.scope, "od", NULL, NULL, NULL);
    @BIND@
    g.span = otel_span_start(g.scope, "live", NULL);
    g.ended = otel_span_start(g.scope, "ended", NULL);
    otel_span_end(g.ended);
}

/* started = unsampled + open + ended; ended = delivered + dropped by reason + queued */
static int counts_agree(void)
{
    int i, k, good = 1;
    otel_stats_get(g.sdk, &g.stats);
    for (i = 0; i < OTEL_SIGNAL_COUNT; i++) {
        const otel_signal_stats *s = &g.stats.signal[i];
        uint64_t                 gone = s->delivered + s->queued;
        for (k = 0; k < OTEL_DROP_COUNT; k++) {
            gone += s->dropped[k];
        }
        good = good && s->started == s->unsampled + s->open + s->ended && s->ended == gone;
    }
    return good;
}

@FUNCTIONS@

int main(void)
{
    int good;
    prepare();
    @NOTHING@
    open_sdk();
    good = g.sdk != NULL && g.histogram_f64 != NULL && g.observable_f64 != NULL;
    good = good && otel_flush(g.sdk, 1000) == OTEL_OK && g.observer != NULL;
    @OPEN@
    good = good && counts_agree() && g.stats.signal[0].started > 2;
    @ENDS@
    good = good && counts_agree() && g.stats.signal[0].queued == 0;
    @OPEN@
    good = good && counts_agree();
    otel_release(g.sdk);
    free(g.large);
    free(g.attrs);
    free(g.fds);
    printf("%lu calls, %lu diagnostics, %lu callbacks\\n", calls, told, asked);
    return good ? 0 : 1;
}
"""
BOUND = "\n    ".join(f"otel_bound_{kind} no_bound_{kind}, bound_{kind};" for kind in HANDLES)
BIND = "\n    ".join(
    f"g.bound_{kind} = otel_{kind.removesuffix('_f64')}_bind"
    f"{'_f64' * kind.endswith('_f64')}(g.{kind}, g.some_attrs);" for kind in HANDLES)


EVERY = functions() + inline_functions()


def calls(function):
    """A C function that makes every combination of calls."""
    loops = itertools.product(*(VALUES[kind] for kind, _ in function.parameters))
    lines = [f"    (void){function.name}({', '.join(values)}); calls++;" for values in loops]
    return f"static void all_{function.name}(void)\n{{\n" + "\n".join(lines) + "\n}\n"


def program(every):
    names = [function.name for function in every]
    parts = {"BOUND": BOUND, "BIND": BIND, "ENDS": "all_otel_close();",
             "FUNCTIONS": "\n".join(map(calls, every)),
             "NOTHING": "\n    ".join(f"all_{name}();" for name in names),
             "OPEN": "\n    ".join(f"all_{name}();" for name in names if name not in ENDS + OPENS)}
    return re.sub(r"@(\w+)@", lambda mark: parts[mark[1]], PROGRAM)


def test_each_type_of_parameter_has_values():
    kinds = {kind for function in EVERY for kind, _ in function.parameters}
    assert kinds - set(VALUES) == set(), "teach VALUES what to pass"
    assert {"otel_str", "otel_attrs_of", "otel_bool", "otel_observe", "otel_gauge_bind",
            "otel_bound_gauge_set", "otel_histogram_enabled_f64"} <= {f.name for f in EVERY}


@pytest.mark.parametrize("compiler, flags", [
    ("gcc", ["-fsanitize=address,undefined"]), ("g++", ["-x", "c++", "-std=c++17"]),
    ("gcc", ["-DOTEL_LITE_DISABLE"]), ("gcc", ["-DOTEL_LITE_SINGLE_THREADED"]),
], ids=["sanitized", "c++", "disabled", "single-threaded"])
def test_every_call_takes_nothing_at_any_time(compiler, flags, cc, run_c, build, need):
    need(compiler)
    source = build / "contract" / "null.c"
    source.parent.mkdir(exist_ok=True)
    source.write_text(program(EVERY))
    disabled = "-DOTEL_LITE_DISABLE" in flags
    out = f"contract/null_{compiler}_{len(flags[-1])}".replace("+", "p")
    flags = ["-g", "-pthread", "-fno-sanitize-recover=all", *flags]
    result = run_c(cc(source, out, flags, cc=compiler), env={"OTEL_SDK_DISABLED": ""})
    assert result.returncode == (1 if disabled else 0), result.stderr[-3000:]
    made = re.fullmatch(r"(\d+) calls, (\d+) diagnostics, (\d+) callbacks\n", result.stdout)
    assert int(made[1]) > 20000
    assert (int(made[2]) > 0) != disabled and (int(made[3]) > 0) != disabled
