/* render_logs: log records as lines, in the order they came:
 * HH:MM:SS.mmm SEVERITY body {attributes} trace=... span=... */
#include "view.h"

/* "WARN", "WARN3"; a name that OTLP does not have is shown as its number. */
static void put_severity(text *t, uint64_t number, bytes name)
{
    static const char *const names[] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };
    const size_t             from = t->length, i = number > 0 ? (size_t)(number - 1) / 4 : 0;

    text_style(t, number >= 17   ? STYLE_BAD
                  : number >= 13 ? STYLE_WARN
                  : number >= 9  ? STYLE_GOOD
                                 : STYLE_DIM);
    if (number >= 1 && number <= 24) {
        text_add(t, names[i]);
        if ((number - 1) % 4 > 0) {
            text_format(t, "%u", (unsigned)((number - 1) % 4 + 1));
        }
    } else if (number > 24) {
        text_format(t, "(%lld)", (long long)number);
    } else if (name.n == 0) {
        text_add(t, "-");
    }
    if (name.n > 0 && (number == 0 || number > 24 || name.n != strlen(names[i]) ||
                       memcmp(name.p, names[i], name.n) != 0)) {
        text_add(t, number > 0 ? "/" : "");
        view_escape(t, name, 0);
    }
    text_style(t, STYLE_PLAIN);
    text_pad(t, from, 6);
}

/* A text stands without quotes: it is what a person wrote. */
static void put_body(text *t, bytes body)
{
    otel__pb       m = view_open(body);
    otel__pb_field f;
    bool           is_text = false;

    while (otel__pb_next(&m, &f) == 1) {
        if (otel__otlp_find(OTEL__OTLP_ANY_VALUE, f.number) != NULL) {
            is_text = f.number == OTEL__ANY_VALUE_stringValue;
        }
    }
    if (is_text) {
        view_escape(t, view_find(body, OTEL__ANY_VALUE_stringValue), 0);
    } else {
        view_value(t, body);
    }
}

static void render_record(text *t, bytes record)
{
    const uint64_t time = view_number(record, OTEL__LOG_RECORD_timeUnixNano),
                   observed = view_number(record, OTEL__LOG_RECORD_observedTimeUnixNano);
    const bytes body = view_find(record, OTEL__LOG_RECORD_body),
                event = view_find(record, OTEL__LOG_RECORD_eventName);

    text_add(t, "  ");
    text_style(t, STYLE_DIM);
    text_clock(t, time != 0 ? time : observed);
    text_style(t, STYLE_PLAIN);
    text_add(t, " ");
    put_severity(t, view_number(record, OTEL__LOG_RECORD_severityNumber),
                 view_find(record, OTEL__LOG_RECORD_severityText));
    if (event.n > 0) {
        text_add(t, " event=");
        view_escape(t, event, 0);
    }
    if (body.p != NULL) {
        text_add(t, " ");
        put_body(t, body);
    }
    if (view_find(record, OTEL__LOG_RECORD_attributes).p != NULL) {
        text_add(t, "  ");
        view_attributes(t, record, OTEL__LOG_RECORD_attributes);
    }
    view_id(t, "trace", view_find(record, OTEL__LOG_RECORD_traceId));
    view_id(t, "span", view_find(record, OTEL__LOG_RECORD_spanId));
    view_dropped(t, view_number(record, OTEL__LOG_RECORD_droppedAttributesCount), "attributes");
    while (t->data[t->length - 1] == ' ') { /* of the severity's column, when nothing followed */
        t->length--;
    }
    text_add(t, "\n");
}

void render_logs(view *v, bytes request)
{
    otel__pb resources = view_open(request);
    bytes    resource, scope, record;

    while (view_next(&resources, OTEL__LOGS_REQUEST_resourceLogs, &resource)) {
        otel__pb scopes = view_open(resource);

        while (view_next(&scopes, OTEL__RESOURCE_LOGS_scopeLogs, &scope)) {
            otel__pb records = view_open(scope);

            for (bool first = true; view_next(&records, OTEL__SCOPE_LOGS_logRecords, &record);
                 first = false) {
                if (first && !view_headings(v, resource, scope) && v->after_block) {
                    text_add(&v->out, "\n");
                }
                v->after_block = false;
                render_record(&v->out, record);
                v->logs++;
            }
        }
    }
}
