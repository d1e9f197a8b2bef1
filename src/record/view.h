/* view: which instruments a view means, and which attributes of a measurement it leaves.
 * Views are the program's own structs, which it keeps in place; nothing is copied. Matching happens
 * when an instrument is made, leaving out while recording, on the caller's stack.
 * Used by stream.h and exemplar.h.
 * Spec: metrics/sdk.md "View"; requirements M-31, M-32, M-38. */
#ifndef OTEL__RECORD_VIEW_H
#define OTEL__RECORD_VIEW_H

#if !defined(OTEL_LITE_NO_METRICS)

#include "series_list.h"
#include "series_table.h"

#if !defined(OTEL_LITE_NO_VIEWS)

/* ---- view: which instruments ---- */

/* Whether a name is what the pattern says: * is any text, ? one byte, letters in any case. The last
 * * takes as little as it can, and a byte more whenever the rest does not fit. */
OTEL__FN bool otel__view_name_fits(const char *pattern, const char *name)
{
    const char *star = NULL; /* behind the last * */
    const char *from = NULL; /* what that * does not take yet */

    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?' || otel__text_lower(*pattern) == otel__text_lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

/* Whether a text is what is asked for; NULL asks for any. */
OTEL__FN bool otel__view_text_fits(const char *asked, const char *text)
{
    return asked == NULL || otel__text_same(asked, text);
}

/* Whether the view means instruments of that scope, kind, name and unit. */
OTEL__FN bool otel__view_fits(const otel_view *view, const otel_scope *scope, otel_instrument kind,
                              const char *name, const char *unit)
{
    return (view->instrument_kinds == 0 ||
            ((view->instrument_kinds >> (uint32_t)kind) & 1u) != 0) &&
           (view->instrument_name == NULL || otel__view_name_fits(view->instrument_name, name)) &&
           otel__view_text_fits(view->instrument_unit, unit) &&
           otel__view_text_fits(view->scope_name, scope->name) &&
           otel__view_text_fits(view->scope_version, scope->version);
}

/* ---- view: which attributes ---- */

/* Whether the view leaves some attributes out. */
OTEL__FN bool otel__view_filters(const otel_view *view)
{
    return view != NULL && (view->keep != NULL || view->exclude != NULL);
}

OTEL__FN bool otel__view_lists(const char *const *keys, const char *key, size_t length)
{
    for (; *keys != NULL; keys++) {
        if (otel__text_length(*keys) == length && otel__attr_same_bytes(*keys, key, length)) {
            return true;
        }
    }
    return false;
}

/* Whether an attribute stays. One without a key counts nowhere, and is not told apart here. */
OTEL__FN bool otel__view_keeps(const otel_view *view, const otel_attr *a)
{
    const size_t n = otel__attr_key_length(a);

    return n == 0 || ((view->keep == NULL || otel__view_lists(view->keep, a->key, n)) &&
                      (view->exclude == NULL || !otel__view_lists(view->exclude, a->key, n)));
}

/* So many can stay: they are copied to the stack of the recording call. */
#if defined(OTEL_LITE_SERIES_LIST)
#define OTEL__VIEW_ATTRS 16u
#else
#define OTEL__VIEW_ATTRS 32u
#endif

typedef struct otel__view_attrs {
    otel_attr kept[OTEL__VIEW_ATTRS];
    uint32_t  n;
    uint32_t  lost; /* would stay, but there is no place */
} otel__view_attrs;

/* The attributes that stay, in their order. */
OTEL__FN void otel__view_filter(const otel_view *view, otel_attrs attrs, otel__view_attrs *to)
{
    size_t i;

    to->n = 0;
    to->lost = 0;
    for (i = 0; attrs.items != NULL && i < attrs.count; i++) {
        if (!otel__view_keeps(view, &attrs.items[i])) {
            continue;
        }
        if (to->n < OTEL__VIEW_ATTRS) {
            to->kept[to->n++] = attrs.items[i];
        } else {
            to->lost++;
        }
    }
}

#endif
#endif /* OTEL_LITE_NO_METRICS */
#endif /* OTEL__RECORD_VIEW_H */
