/* render_points: data points that are distributions: histograms with explicit and with exponential
 * buckets, summaries. */
#include "view.h"

#include <math.h>
#include <stdlib.h>

#define BARS_MAX   60 /* characters of a bar line; more buckets share them */
#define LISTED_MAX 12 /* buckets named after the bars                      */
#define FINE_SCALE 12 /* from here on 6 digits do not tell the ends of a bucket apart */

/* ---- reading ---- */

typedef struct numbers {
    uint64_t *items; /* owned */
    size_t    count;
} numbers;

/* All values of a repeated number, packed or not. */
static numbers read_numbers(bytes message, uint32_t number, uint32_t wire)
{
    otel__pb       m = view_open(message);
    otel__pb_field f;
    numbers        found = { NULL, 0 };
    size_t         room = 0;

    while (otel__pb_next(&m, &f) == 1) {
        const bool packed = f.wire == OTEL__PB_LEN;
        otel__pb   p = otel__pb_open(f.data, f.length);
        uint64_t   v = f.value;

        if (f.number != number) {
            continue;
        }
        for (bool one = !packed; one || (packed && otel__otlp_unpack(&p, wire, &v)); one = false) {
            if (found.count == room) {
                room = room * 2 + 16;
                found.items = (uint64_t *)text_memory(found.items, room * sizeof(uint64_t));
            }
            found.items[found.count++] = v;
        }
    }
    return found;
}

static int32_t read_sint32(bytes message, uint32_t number)
{
    return (int32_t)otel__otlp_zigzag(view_number(message, number) & 0xffffffffu);
}

static double read_double(bytes message, uint32_t number)
{
    return otel__platform_bits_double(view_number(message, number));
}

/* ---- bounds ---- */

/* Explicit: between bounds[i - 1] and bounds[i]. Exponential: powers of 2^(2^-scale). */
typedef struct buckets {
    numbers counts;
    numbers bounds; /* explicit only, double bits                          */
    int64_t offset; /* exponential only: number of the first bucket        */
    int     scale;  /* exponential only                                    */
    char    sign;   /* '+' or '-' of an exponential one, 0 for explicit    */
} buckets;

/* v * 2^n, by steps: the maths library is not linked. */
static double times_power(double v, int n)
{
    for (; n > 0; n--) {
        v *= 2;
    }
    for (; n < 0; n++) {
        v /= 2;
    }
    return v;
}

/* 2^x, to about 15 digits. */
static double power_of_two(double x)
{
    double term = 1, sum = 1;
    int    whole;

    if (x > 1024 || x < -1080) {
        return x > 0 ? HUGE_VAL : 0;
    }
    whole = (int)x - (x < (double)(int)x ? 1 : 0);
    x = (x - (double)whole) * 0.69314718055994530942; /* ln 2: e^x by its series, 0 <= x < 0.7 */
    for (int i = 1; i < 24; i++) {
        term *= x / i;
        sum += term;
    }
    return times_power(sum, whole);
}

static double exponential_bound(const buckets *b, int64_t i)
{
    const int scale = b->scale > 1100 ? 1100 : b->scale < -1100 ? -1100 : b->scale;

    return power_of_two(times_power((double)i, -scale));
}

static void put_range(text *t, const buckets *b, size_t i)
{
    double low = -HUGE_VAL, high = HUGE_VAL;

    if (b->sign != 0) {
        const int digits = b->scale > FINE_SCALE ? 9 : 6; /* else both ends look the same */

        low = exponential_bound(b, b->offset + (int64_t)i);
        high = exponential_bound(b, b->offset + (int64_t)i + 1);
        text_format(t, b->sign == '-' ? "[-%.*g, -%.*g)" : "(%.*g, %.*g]", digits,
                    b->sign == '-' ? high : low, digits, b->sign == '-' ? low : high);
        return;
    }
    if (i > 0 && i - 1 < b->bounds.count) {
        low = otel__platform_bits_double(b->bounds.items[i - 1]);
    }
    if (i < b->bounds.count) {
        high = otel__platform_bits_double(b->bounds.items[i]);
    }
    text_add(t, "(");
    text_double(t, low, true);
    text_add(t, ", ");
    text_double(t, high, true);
    text_add(t, high < HUGE_VAL ? "]" : ")");
}

/* ---- bars ---- */

/* One character a bucket, or a few of them when there are many; a dot where anything counted. */
static void put_bars(text *t, const numbers *counts)
{
    static const char shades[] = ".:-=+*#%@";
    const size_t      share = (counts->count + BARS_MAX - 1) / BARS_MAX;
    double            sums[BARS_MAX] = { 0 }, most = 0;
    size_t            n = 0;

    for (size_t i = 0; i < counts->count; i++) {
        n = i / share + 1;
        sums[n - 1] += (double)counts->items[i];
        most = sums[n - 1] > most ? sums[n - 1] : most;
    }
    text_add(t, "|");
    for (size_t i = 0; i < n; i++) {
        const size_t level = most > 0 ? (size_t)(sums[i] / most * 8.0) : 0;
        text_repeat(t, sums[i] > 0 ? shades[level] : ' ', 1);
    }
    text_add(t, "|");
}

static void put_buckets(text *t, const buckets *b)
{
    size_t listed = 0, more = 0;

    if (b->counts.count == 0) {
        return;
    }
    text_add(t, VIEW_INDENT);
    text_style(t, STYLE_DIM);
    put_bars(t, &b->counts);
    text_style(t, STYLE_PLAIN);
    for (size_t i = 0; i < b->counts.count; i++) {
        if (b->counts.items[i] == 0) {
            continue;
        }
        if (listed++ >= LISTED_MAX) {
            more++;
            continue;
        }
        text_add(t, "  ");
        put_range(t, b, i);
        text_format(t, ": %llu", (unsigned long long)b->counts.items[i]);
    }
    if (more > 0) {
        text_format(t, "  and %lu more", (unsigned long)more);
    }
    if (b->sign == 0 && b->counts.count != b->bounds.count + 1) {
        text_style(t, STYLE_BAD);
        text_format(t, "  (%lu counts for %lu bounds)", (unsigned long)b->counts.count,
                    (unsigned long)b->bounds.count);
        text_style(t, STYLE_PLAIN);
    }
    text_add(t, "\n");
}

static void put_exponential(text *t, bytes side, int scale, char sign)
{
    buckets b = { { NULL, 0 }, { NULL, 0 }, 0, 0, 0 };

    b.counts = read_numbers(side, OTEL__BUCKETS_bucketCounts, OTEL__PB_VARINT);
    b.offset = read_sint32(side, OTEL__BUCKETS_offset);
    b.scale = scale;
    b.sign = sign;
    put_buckets(t, &b);
    free(b.counts.items);
}

static void put_quantiles(text *t, bytes point)
{
    otel__pb m = view_open(point);
    bytes    quantile;

    while (view_next(&m, OTEL__SUMMARY_POINT_quantileValues, &quantile)) {
        text_add(t, VIEW_INDENT "quantile ");
        text_double(t, read_double(quantile, OTEL__QUANTILE_quantile), true);
        text_add(t, " = ");
        text_double(t, read_double(quantile, OTEL__QUANTILE_value), false);
        text_add(t, "\n");
    }
}

void render_buckets(text *t, bytes point, uint32_t data)
{
    const int scale = read_sint32(point, OTEL__EXPONENTIAL_POINT_scale);
    buckets   b = { { NULL, 0 }, { NULL, 0 }, 0, 0, 0 };

    if (data == OTEL__METRIC_histogram) {
        b.counts = read_numbers(point, OTEL__HISTOGRAM_POINT_bucketCounts, OTEL__PB_FIXED64);
        b.bounds = read_numbers(point, OTEL__HISTOGRAM_POINT_explicitBounds, OTEL__PB_FIXED64);
        put_buckets(t, &b);
        free(b.counts.items);
        free(b.bounds.items);
    } else if (data == OTEL__METRIC_exponentialHistogram) {
        put_exponential(t, view_find(point, OTEL__EXPONENTIAL_POINT_negative), scale, '-');
        put_exponential(t, view_find(point, OTEL__EXPONENTIAL_POINT_positive), scale, '+');
    } else {
        put_quantiles(t, point);
    }
}

/* ---- the line ---- */

/* "  name=value" of a double that may be absent. */
static void put_double(text *t, bytes point, uint32_t number, const char *name)
{
    otel__pb       m = view_open(point);
    otel__pb_field f, found = { 0, 0, 0, NULL, 0 };

    while (otel__pb_next(&m, &f) == 1) {
        found = f.number == number ? f : found;
    }
    if (found.number != 0) {
        text_format(t, " %s=", name);
        text_double(t, otel__platform_bits_double(found.value), false);
    }
}

static void put_count(text *t, bytes point, uint32_t number, const char *name)
{
    text_format(t, "%s=%llu", name, (unsigned long long)view_number(point, number));
}

void render_distribution(text *t, bytes point, uint32_t data)
{
    if (data == OTEL__METRIC_histogram) {
        put_count(t, point, OTEL__HISTOGRAM_POINT_count, "count");
        put_double(t, point, OTEL__HISTOGRAM_POINT_sum, "sum");
        put_double(t, point, OTEL__HISTOGRAM_POINT_min, "min");
        put_double(t, point, OTEL__HISTOGRAM_POINT_max, "max");
    } else if (data == OTEL__METRIC_exponentialHistogram) {
        put_count(t, point, OTEL__EXPONENTIAL_POINT_count, "count");
        put_double(t, point, OTEL__EXPONENTIAL_POINT_sum, "sum");
        put_double(t, point, OTEL__EXPONENTIAL_POINT_min, "min");
        put_double(t, point, OTEL__EXPONENTIAL_POINT_max, "max");
        put_count(t, point, OTEL__EXPONENTIAL_POINT_zeroCount, " zero");
        text_format(t, " scale=%d", read_sint32(point, OTEL__EXPONENTIAL_POINT_scale));
    } else {
        put_count(t, point, OTEL__SUMMARY_POINT_count, "count");
        text_add(t, " sum="); /* not optional here: absent is zero */
        text_double(t, read_double(point, OTEL__SUMMARY_POINT_sum), false);
    }
}
