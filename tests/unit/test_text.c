/* UTF-8 against a decoder written another way, numbers and comparisons at their limits. Texts end
 * with their last byte (malloc), so that the sanitized build sees a read past it. */
#define OTEL_LITE_IMPLEMENTATION
#include "src/otel_lite.in.h"
#include "t.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text in memory of exactly its size; give it back with free(). */
static char *exact(const char *s, size_t n)
{
    char *copy = (char *)malloc(n > 0 ? n : 1);

    if (n > 0) {
        memcpy(copy, s, n);
    }
    return copy;
}

/* ---- UTF-8 ---- */

/* The length of the well-formed character at s, 0 if there is none: decoded, then judged. */
static size_t model_length(const unsigned char *s, size_t n)
{
    static const unsigned long least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned long              v;
    size_t                     want, i;

    if (n == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    want = (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (want == 0 || want > n) {
        return 0;
    }
    v = s[0] & (0x7fu >> want);
    for (i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        v = v << 6 | (s[i] & 0x3f);
    }
    return v < least[want] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ? 0 : want;
}

/* Whether the first k bytes of `whole` are, or begin, a well-formed character; the rest is lost. */
static bool model_begins(unsigned char whole[4], size_t k)
{
    static const unsigned char next[] = { 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf };
    size_t                     i;

    if (model_length(whole, k) == k) {
        return true;
    }
    for (i = 0; k < 4 && i < COUNT(next); i++) {
        whole[k] = next[i];
        if (model_begins(whole, k + 1)) {
            return true;
        }
    }
    return false;
}

static size_t model_repair(const unsigned char *s, size_t n, unsigned char *out)
{
    size_t i = 0, len = 0;

    while (i < n) {
        size_t k = model_length(s + i, n - i);

        if (k > 0) {
            memcpy(out + len, s + i, k);
            len += k;
        } else {
            bool begins = true;

            for (k = 1; begins && i + k < n && k < 4; k += begins ? 1 : 0) {
                unsigned char whole[4];

                memcpy(whole, s + i, k + 1);
                begins = model_begins(whole, k + 1);
            }
            memcpy(out + len, "\xef\xbf\xbd", 3);
            len += 3;
        }
        i += k;
    }
    return len;
}

static void utf8_agrees_with_a_decoder_on_every_edge(void)
{
    static const unsigned char edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                           0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                           0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
    const size_t               n_edges = COUNT(edges); /* 24 */
    size_t                     i, n, bad = 0;

    for (n = 1; n <= 4; n++) {
        const size_t all = n == 1 ? 24u : n == 2 ? 576u : n == 3 ? 13824u : 331776u;

        for (i = 0; i < all && bad == 0; i++) {
            unsigned char s[4], want[12];
            char          got[12];
            size_t        j, rest = i, len;

            for (j = 0; j < n; j++, rest /= n_edges) {
                s[j] = edges[rest % n_edges];
            }
            len = model_repair(s, n, want);
            bad += otel__text_utf8_valid((const char *)s, n) != (len == n && !memcmp(s, want, n));
            bad += otel__text_utf8_repair(NULL, (const char *)s, n) != len;
            bad += otel__text_utf8_repair(got, (const char *)s, n) != len;
            bad += memcmp(got, want, len) != 0;
            if (bad > 0) {
                T_EQ_MEM(got, len, want, len);
                t_hex("input ", s, n);
            }
        }
    }
    T_EQ_INT(bad, 0);
}

static void utf8_every_character_is_valid(void)
{
    unsigned long c, bad = 0;

    for (c = 0; c <= 0x10ffff; c++) {
        char   s[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

        for (i = n; i-- > 0;) {
            const unsigned long low = c >> (6 * (n - 1 - i));
            s[i] = (char)(i > 0 ? 0x80 | (low & 0x3f) : n == 1 ? low : (0xf00ul >> n & 0xff) | low);
        }
        bad += otel__text_utf8_valid(s, n) == (c >= 0xd800 && c <= 0xdfff);
    }
    T_EQ_INT(bad, 0);
}

static void utf8_a_bad_byte_is_found_at_every_place(void)
{
    char   ascii[40];
    size_t n, i, bad = 0;

    memset(ascii, 'a', sizeof ascii);
    for (n = 0; n <= sizeof ascii; n++) {
        char *s = exact(ascii, n);

        bad += !otel__text_utf8_valid(s, n);
        for (i = 0; i < n; i++) {
            s[i] = '\xff';
            bad += otel__text_utf8_valid(s, n);
            s[i] = i + 1 < n ? '\xc3' : 'a'; /* a good character in the middle of the fast path */
            s[i + 1 < n ? i + 1 : i] = i + 1 < n ? '\xa9' : 'a';
            bad += !otel__text_utf8_valid(s, n);
            memset(s, 'a', n);
        }
        free(s);
    }
    T_EQ_INT(bad, 0);
    T_CHECK(otel__text_utf8_valid(NULL, 0));
    T_EQ_INT(otel__text_utf8_repair(NULL, NULL, 0), 0);
}

static void utf8_repairs_as_unicode_shows_it(void)
{
    /* the tables of section 3.9, "U+FFFD Substitution of Maximal Subparts" */
    static const struct {
        const char *is, *becomes;
    } rows[] = {
        { "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41",
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
          "\xef\xbf\xbd\x41" },
        { "\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41",
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
          "\xef\xbf\xbd\x41" },
        { "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41",
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x41" },
        { "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
          "\x61\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\x62\xef\xbf\xbd\x63\xef\xbf\xbd\xef\xbf\xbd"
          "\x64" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const size_t n = strlen(rows[i].is), want = strlen(rows[i].becomes);
        char        *s = exact(rows[i].is, n), *out = (char *)malloc(want);

        T_EQ_INT(otel__text_utf8_repair(NULL, s, n), want);
        T_EQ_MEM(out, otel__text_utf8_repair(out, s, n), rows[i].becomes, want);
        free(s);
        free(out);
    }
}

static void utf8_is_cut_between_characters(void)
{
    static const struct {
        const char *s;
        size_t      max, cut;
    } rows[] = {
        { "", 0, 0 },
        { "abc", 3, 3 },
        { "abc", 2, 2 },
        { "abc", 0, 0 },
        { "abc", 99, 3 },
        { "a\xc3\xa9z", 2, 1 },
        { "a\xc3\xa9z", 3, 3 },
        { "\xe2\x82\xac", 2, 0 },
        { "\xe2\x82\xac", 3, 3 },
        { "\xf0\x9f\x98\x80x", 3, 0 },
        { "\xf0\x9f\x98\x80x", 4, 4 },
        { "a\xf0\x9f\x98\x80x", 2, 1 },
        { "abcd\x80\x80\x80\x80\x80\x80", 8, 5 }, /* no UTF-8: still within 3 bytes of the limit */
        { "\x80\x80", 1, 0 },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const size_t n = strlen(rows[i].s);
        char        *s = exact(rows[i].s, n);

        T_EQ_INT(otel__text_utf8_cut(s, n, rows[i].max), rows[i].cut);
        free(s);
    }
    T_EQ_INT(otel__text_utf8_cut(NULL, 0, 0), 0);
}

/* ---- numbers ---- */

static void decimals_are_read_strictly(void)
{
    static const struct {
        const char *s;
        bool        ok;
        uint64_t    v;
    } rows[] = {
        { "0", true, 0 },
        { "7", true, 7 },
        { "007", true, 7 },
        { "18446744073709551615", true, UINT64_MAX },
        { "00018446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "18446744073709551620", false, 0 },
        { "99999999999999999999", false, 0 },
        { "100000000000000000000", false, 0 },
        { "", false, 0 },
        { "+1", false, 0 },
        { "-1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "0x1", false, 0 },
        { "1.0", false, 0 },
        { "1a", false, 0 },
        { "/", false, 0 }, /* the characters around the digits */
        { ":", false, 0 },
        { "\xb1", false, 0 },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const size_t n = strlen(rows[i].s);
        char        *s = exact(rows[i].s, n);
        uint64_t     v = 42;

        T_EQ_INT(otel__text_parse_u64(s, n, &v), rows[i].ok);
        T_EQ_INT(v, rows[i].ok ? rows[i].v : 42);
        free(s);
    }
}

static void decimals_are_written_as_read(void)
{
    uint64_t v = 1;
    size_t   i;

    for (i = 0; i < 64 * 3; i++) {
        const uint64_t values[3] = { v - 1, v, ~v };
        char           s[OTEL__TEXT_U64_MAX];
        char           want[32];
        uint64_t       back = 0;
        const size_t   n = otel__text_put_u64(s, values[i % 3]);

        snprintf(want, sizeof want, "%llu", (unsigned long long)values[i % 3]);
        T_EQ_MEM(s, n, want, strlen(want));
        T_CHECK(otel__text_parse_u64(s, n, &back) && back == values[i % 3]);
        v = i % 3 == 2 ? v << 1 : v;
    }
    {
        char s[OTEL__TEXT_U64_MAX];
        T_EQ_MEM(s, otel__text_put_u64(s, UINT64_MAX), "18446744073709551615", 20);
    }
}

static void bytes_become_lowercase_hexadecimal(void)
{
    const uint8_t bytes[] = { 0x00, 0x0f, 0xa5, 0xff };
    char          s[8];

    T_EQ_MEM(s, otel__text_put_hex(s, bytes, 4), "000fa5ff", 8);
    T_EQ_INT(otel__text_put_hex(s, NULL, 0), 0);
}

static void percent_escapes_are_decoded_strictly(void)
{
    static const struct {
        const char *s;
        size_t      cap;
        bool        ok;
        const char *out;
        size_t      n;
    } rows[] = {
        { "", 0, true, "", 0 },
        { "abc", 3, true, "abc", 3 },
        { "abc", 2, false, "", 0 },
        { "a%20b%2C", 4, true, "a b,", 4 },
        { "%e2%82%AC", 3, true, "\xe2\x82\xac", 3 },
        { "%00", 1, true, "\0", 1 },
        { "a+b", 3, true, "a+b", 3 },
        { "%", 9, false, "", 0 },
        { "%2", 9, false, "", 0 },
        { "a%2", 9, false, "", 0 },
        { "%g0", 9, false, "", 0 },
        { "%0g", 9, false, "", 0 },
        { "%%20", 9, false, "", 0 },
        { "%20", 0, false, "", 0 },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const size_t n = strlen(rows[i].s);
        char        *s = exact(rows[i].s, n), out[16];
        size_t       length = 99;

        memset(out, 0x7e, sizeof out);
        T_EQ_INT(otel__text_percent_decode(otel__text_make(s, n), out, rows[i].cap, &length),
                 rows[i].ok);
        if (rows[i].ok) {
            T_EQ_MEM(out, length, rows[i].out, rows[i].n);
        }
        T_EQ_INT(out[rows[i].cap], 0x7e);
        free(s);
    }
}

/* ---- pieces ---- */

static void blanks_are_trimmed_at_both_ends(void)
{
    static const char *const rows[][2] = {
        { "", "" }, { " \t ", "" }, { "a", "a" }, { "\t a b \t", "a b" }, { "\na", "\na" },
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const otel__text t = otel__text_trim(otel__text_of(rows[i][0]));
        T_EQ_MEM(t.s, t.n, rows[i][1], strlen(rows[i][1]));
    }
    T_EQ_INT(otel__text_trim(otel__text_of(NULL)).n, 0);
}

static void lists_are_taken_apart_at_each_separator(void)
{
    otel__text        rest = otel__text_of(",a,,bc,"), piece = otel__text_of("x");
    const char *const want[] = { "", "a", "", "bc" };
    size_t            i = 0;

    while (i < 9 && otel__text_next(&rest, ',', &piece)) {
        T_CHECK(i < 4);
        T_EQ_MEM(piece.s, piece.n, want[i & 3], strlen(want[i & 3]));
        i++;
    }
    T_EQ_INT(i, 4);
    rest = otel__text_of(NULL);
    T_CHECK(!otel__text_next(&rest, ',', &piece));
}

static void only_ascii_letters_have_two_cases(void)
{
    T_CHECK(otel__text_is_nocase(otel__text_of("Content-LENGTH"), "content-length"));
    T_CHECK(!otel__text_is_nocase(otel__text_of("content-length"), "content-lengt"));
    T_CHECK(!otel__text_is_nocase(otel__text_of("content-lengt"), "content-length"));
    T_CHECK(otel__text_is_nocase(otel__text_of("azAZ"), "AZaz"));
    T_CHECK(!otel__text_is_nocase(otel__text_of("["), "{"));
    T_CHECK(!otel__text_is_nocase(otel__text_of("@"), "`"));
    T_CHECK(!otel__text_is_nocase(otel__text_of("\xc3\x89"), "\xc3\xa9"));
    T_CHECK(otel__text_is_nocase(otel__text_of(NULL), ""));
    T_CHECK(otel__text_same_nocase(otel__text_make("a\0B", 3), otel__text_make("A\0b", 3)));
    T_CHECK(!otel__text_same_nocase(otel__text_make("a\0B", 3), otel__text_make("A\0c", 3)));
}

static void a_buffer_stores_whole_pieces_and_counts_on(void)
{
    volatile size_t huge = SIZE_MAX; /* volatile: the compiler would warn that it cannot be */
    char            s[8];
    otel__text_buf  b = { s, 5, 0 };

    memset(s, 0x7e, sizeof s);
    otel__text_add_c(&b, "abc");
    otel__text_add(&b, otel__text_make(NULL, 0));
    T_CHECK(otel__text_fits(&b) && b.len == 3);
    otel__text_add_u64(&b, 123); /* one too many: not even its first digit is stored */
    otel__text_add_c(&b, "x");   /* would fit, but order is broken                  */
    T_CHECK(!otel__text_fits(&b));
    T_EQ_INT(b.len, 7);
    T_EQ_MEM(s, 6, "abc\x7e\x7e\x7e", 6);
    b.len = 3;
    otel__text_add_u64(&b, 12); /* exactly what is left */
    T_CHECK(otel__text_fits(&b));
    T_EQ_MEM(s, 6, "abc12\x7e", 6);
    otel__text_add(&b, otel__text_make(s, huge)); /* the count does not wrap */
    T_CHECK(!otel__text_fits(&b) && b.len == SIZE_MAX);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(utf8_agrees_with_a_decoder_on_every_edge);
    T_RUN(utf8_every_character_is_valid);
    T_RUN(utf8_a_bad_byte_is_found_at_every_place);
    T_RUN(utf8_repairs_as_unicode_shows_it);
    T_RUN(utf8_is_cut_between_characters);
    T_RUN(decimals_are_read_strictly);
    T_RUN(decimals_are_written_as_read);
    T_RUN(bytes_become_lowercase_hexadecimal);
    T_RUN(percent_escapes_are_decoded_strictly);
    T_RUN(blanks_are_trimmed_at_both_ends);
    T_RUN(lists_are_taken_apart_at_each_separator);
    T_RUN(only_ascii_letters_have_two_cases);
    T_RUN(a_buffer_stores_whole_pieces_and_counts_on);
    return t_end();
}
