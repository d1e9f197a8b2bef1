/* view: see view.h. */
#include "view.h"

/* ---- reading ---- */

bytes view_bytes(const otel__pb_field *f)
{
    bytes b;

    b.p = f->data;
    b.n = f->length;
    return b;
}

otel__pb view_open(bytes message) { return otel__pb_open(message.p, message.n); }

bool view_next(otel__pb *message, uint32_t number, bytes *found)
{
    otel__pb_field f;

    while (otel__pb_next(message, &f) == 1) {
        if (f.number == number && f.wire == OTEL__PB_LEN) {
            *found = view_bytes(&f);
            return true;
        }
    }
    return false;
}

bytes view_find(bytes message, uint32_t number)
{
    otel__pb m = view_open(message);
    bytes    found = { NULL, 0 };

    while (view_next(&m, number, &found)) {
    }
    return found;
}

uint64_t view_number(bytes message, uint32_t number)
{
    otel__pb       m = view_open(message);
    otel__pb_field f;
    uint64_t       found = 0;

    while (otel__pb_next(&m, &f) == 1) {
        if (f.number == number && f.wire != OTEL__PB_LEN) {
            found = f.value;
        }
    }
    return found;
}

/* ---- values ---- */

void view_escape(text *t, bytes s, char quote) { text_escape(t, s.p, s.n, quote); }

static void put_quoted(text *t, bytes s)
{
    text_add(t, "\"");
    view_escape(t, s, '"');
    text_add(t, "\"");
}

/* The attributes of one message, key=value; recursion ends at the limit of otel__otlp_check(). */
static void put_pairs(text *t, bytes message, uint32_t number)
{
    otel__pb    m = view_open(message);
    bytes       pair;
    const char *between = "";

    while (view_next(&m, number, &pair)) {
        text_add(t, between);
        view_escape(t, view_find(pair, OTEL__KEY_VALUE_key), 0);
        text_add(t, "=");
        view_value(t, view_find(pair, OTEL__KEY_VALUE_value));
        between = ", ";
    }
}

static void put_array(text *t, bytes array)
{
    otel__pb    m = view_open(array);
    bytes       value;
    const char *between = "";

    text_add(t, "[");
    while (view_next(&m, OTEL__ARRAY_VALUE_values, &value)) {
        text_add(t, between);
        view_value(t, value);
        between = ", ";
    }
    text_add(t, "]");
}

void view_value(text *t, bytes value)
{
    otel__pb       m = view_open(value);
    otel__pb_field f, chosen = { 0, 0, 0, NULL, 0 }; /* of several the last counts */

    while (otel__pb_next(&m, &f) == 1) {
        chosen = otel__otlp_find(OTEL__OTLP_ANY_VALUE, f.number) != NULL ? f : chosen;
    }
    switch (chosen.number) {
    case OTEL__ANY_VALUE_stringValue: put_quoted(t, view_bytes(&chosen)); break;
    case OTEL__ANY_VALUE_boolValue: text_add(t, chosen.value != 0 ? "true" : "false"); break;
    case OTEL__ANY_VALUE_intValue: text_format(t, "%lld", (long long)chosen.value); break;
    case OTEL__ANY_VALUE_doubleValue:
        text_double(t, otel__platform_bits_double(chosen.value), false);
        break;
    case OTEL__ANY_VALUE_arrayValue: put_array(t, view_bytes(&chosen)); break;
    case OTEL__ANY_VALUE_kvlistValue:
        text_add(t, "{");
        put_pairs(t, view_bytes(&chosen), OTEL__KEY_VALUE_LIST_values);
        text_add(t, "}");
        break;
    case OTEL__ANY_VALUE_bytesValue:
        text_add(t, "0x");
        text_hex(t, chosen.data, chosen.length);
        break;
    case OTEL__ANY_VALUE_stringValueStrindex:
        text_format(t, "(string %lld)", (long long)chosen.value);
        break;
    default: text_add(t, "empty"); break;
    }
}

void view_attributes(text *t, bytes message, uint32_t number)
{
    if (view_find(message, number).p != NULL) {
        text_style(t, STYLE_DIM);
        text_add(t, "{");
        put_pairs(t, message, number);
        text_add(t, "}");
        text_style(t, STYLE_PLAIN);
    }
}

void view_id(text *t, const char *label, bytes id)
{
    if (id.n > 0) {
        text_style(t, STYLE_DIM);
        text_format(t, "  %s=", label);
        text_hex(t, id.p, id.n);
        text_style(t, STYLE_PLAIN);
    }
}

void view_dropped(text *t, uint64_t n, const char *what)
{
    if (n > 0) {
        text_style(t, STYLE_WARN);
        text_format(t, "  (%lu %s dropped)", (unsigned long)(uint32_t)n, what);
        text_style(t, STYLE_PLAIN);
    }
}

/* ---- headings ---- */

static void put_schema(text *t, bytes schema)
{
    if (schema.n > 0) {
        text_add(t, "  schema=");
        view_escape(t, schema, 0);
    }
}

static void put_resource(text *t, bytes resource_message)
{
    const bytes resource = view_find(resource_message, OTEL__RESOURCE_SPANS_resource);

    text_style(t, STYLE_HEADING);
    text_add(t, "resource");
    text_style(t, STYLE_PLAIN);
    text_add(t, " {");
    put_pairs(t, resource, OTEL__RESOURCE_attributes);
    text_add(t, "}");
    view_dropped(t, view_number(resource, OTEL__RESOURCE_droppedAttributesCount), "attributes");
    put_schema(t, view_find(resource_message, OTEL__RESOURCE_SPANS_schemaUrl));
}

void view_scope(text *t, bytes scope_message)
{
    const bytes scope = view_find(scope_message, OTEL__SCOPE_SPANS_scope);
    const bytes name = view_find(scope, OTEL__SCOPE_name),
                version = view_find(scope, OTEL__SCOPE_version);

    if (name.n == 0) {
        text_add(t, "(without a name)");
    }
    view_escape(t, name, 0);
    if (version.n > 0) {
        text_add(t, " ");
        view_escape(t, version, 0);
    }
    if (view_find(scope, OTEL__SCOPE_attributes).p != NULL) {
        text_add(t, "  ");
        view_attributes(t, scope, OTEL__SCOPE_attributes);
    }
    view_dropped(t, view_number(scope, OTEL__SCOPE_droppedAttributesCount), "attributes");
    put_schema(t, view_find(scope_message, OTEL__SCOPE_SPANS_schemaUrl));
}

/* Write `heading`, after `before`, unless it is the same as `last`; then it takes its place. */
static bool put_changed(text *out, text *last, const text *heading, const char *before)
{
    const bool same =
        last->length == heading->length && memcmp(last->data, heading->data, heading->length) == 0;

    if (!same) {
        text_add(out, before);
        text_put(out, heading->data, heading->length);
        text_add(out, "\n");
        last->length = 0;
        text_put(last, heading->data, heading->length);
    }
    return !same;
}

bool view_headings(view *v, bytes resource_message, bytes scope_message)
{
    text heading = { NULL, 0, 0, v->out.colour };
    bool any;

    put_resource(&heading, resource_message);
    any = put_changed(&v->out, &v->resource, &heading, "\n");
    if (any) {
        v->scope.length = 0; /* a new resource shows its scope again */
    }
    heading.length = 0;
    text_style(&heading, STYLE_HEADING);
    text_add(&heading, "scope");
    text_style(&heading, STYLE_PLAIN);
    text_add(&heading, " ");
    view_scope(&heading, scope_message);
    any = put_changed(&v->out, &v->scope, &heading, any ? "" : "\n") || any;
    text_free(&heading);
    return any;
}
