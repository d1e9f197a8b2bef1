/* The resource: its layers, the list in the variable, and the bytes. */
#define OTEL_LITE_IMPLEMENTATION
#include "../../src/otel_lite.in.h"

#include "../t.h"

/* ---- encoding, and reading what came out ---- */

static otel__resource_sources from;
static otel__resource_facts   facts;
static uint8_t                bytes[70000];
static size_t                 length;
static int                    told;
static char                   line[OTEL__DIAG_LINE];

static void hear(void *user, otel_severity severity, const char *text)
{
    (void)user;
    told++;
    T_EQ_INT(severity, OTEL_SEVERITY_WARN);
    strcpy(line, text);
}

static void clear(void)
{
    memset(&from, 0, sizeof from);
    memset(&facts, 0, sizeof facts);
    from.ignore_host = true;
}

/* Encode twice, measured and written, and in every buffer that is too small by up to 40 bytes. */
static void encode(void)
{
    otel__diag_sink sink;
    otel__out       measure = otel__out_make(NULL, 0), out = otel__out_make(bytes, sizeof bytes);
    size_t          less;

    memset(&sink, 0, sizeof sink);
    sink.fn = hear;
    told = 0;
    otel__resource_encode(&measure, &from, &facts, &sink);
    otel__resource_encode(&out, &from, &facts, NULL);
    T_EQ_INT(measure.len, out.len);
    T_CHECK(otel__out_fits(&out));
    length = out.len;
    for (less = 1; less <= 40 && less <= length; less++) {
        static uint8_t tight[sizeof bytes];
        otel__out      small = otel__out_make(tight, length - less);

        memset(tight, 0xaa, length);
        otel__resource_encode(&small, &from, &facts, NULL);
        T_CHECK(!otel__out_fits(&small) && small.len == length && tight[length - less] == 0xaa);
    }
}

/* The n-th attribute with this key, read by the bounded reader; returns their number. */
static int find(const char *key, otel__pb_field *value)
{
    otel__pb       m = otel__pb_open(bytes, length), kv;
    otel__pb_field f, k;
    int            found = 0;

    while (otel__pb_next(&m, &f) == 1 && T_EQ_INT(f.number, 1)) {
        kv = otel__pb_open(f.data, f.length);
        if (!T_EQ_INT(otel__pb_next(&kv, &k), 1) || !T_EQ_INT(k.number, 1)) {
            return -1;
        }
        if (k.length == strlen(key) && memcmp(k.data, key, k.length) == 0) {
            found++;
            T_EQ_INT(otel__pb_next(&kv, value), 1);
            T_EQ_INT(value->number, 2);
        }
    }
    return found;
}

/* Whether the key is there exactly once, with this text (NULL: not at all). */
static int has_n(const char *key, const char *want, size_t n)
{
    otel__pb_field any, text;
    otel__pb       m;
    int            found;

    memset(&any, 0, sizeof any);
    memset(&text, 0, sizeof text);
    found = find(key, &any);
    if (!T_EQ_INT(found, want != NULL ? 1 : 0) || want == NULL) {
        if (found != (want != NULL)) {
            printf("    key %s\n", key);
        }
        return found == (want != NULL);
    }
    m = otel__pb_open(any.data, any.length);
    return T_EQ_INT(otel__pb_next(&m, &text), 1) && T_EQ_INT(text.number, 1) &&
           T_EQ_MEM(text.data, text.length, want, n);
}

static int has(const char *key, const char *want)
{
    return has_n(key, want, want != NULL ? strlen(want) : 0);
}

static int attributes(void)
{
    otel__pb       m = otel__pb_open(bytes, length);
    otel__pb_field f;
    int            n = 0;

    while (otel__pb_next(&m, &f) == 1) {
        n++;
    }
    return n;
}

/* ---- built-in attributes ---- */

static void the_smallest_resource_has_exactly_these_bytes(void)
{
    static const char name[] = "\x0a\x21\x0a\x0cservice.name\x12\x11\x0a\x0funknown_service";
    static const char sdk[] = "\x0a\x21\x0a\x12telemetry.sdk.name\x12\x0b\x0a\x09otel_lite";
    static const char language[] = "\x0a\x1d\x0a\x16telemetry.sdk.language\x12\x03\x0a\x01"
                                   "c";

    clear();
    encode();
    T_EQ_INT(attributes(), 4);
    T_EQ_MEM(bytes, 35, name, sizeof name - 1);
    T_EQ_MEM(bytes + 35, 35, sdk, sizeof sdk - 1);
    T_EQ_MEM(bytes + 70, 31, language, sizeof language - 1);
    has("telemetry.sdk.version", OTEL_LITE_VERSION);
    T_EQ_INT(told, 0);
}

static void facts_of_process_and_host_are_attributes_unless_ignored(void)
{
    otel__pb_field any, pid;
    otel__pb       m;

    clear();
    facts.executable = "pumpd";
    facts.host_name = "mill";
    facts.instance_id = "627cc493-f310-47de-96bd-71410b7dec09";
    facts.pid = 4321;
    encode();
    has("service.name", "unknown_service:pumpd");
    has("service.instance.id", "627cc493-f310-47de-96bd-71410b7dec09");
    T_EQ_INT(attributes(), 5);

    from.ignore_host = false;
    encode();
    T_EQ_INT(attributes(), 10);
    has("process.executable.name", "pumpd");
    has("host.name", "mill");
    memset(&any, 0, sizeof any);
    memset(&pid, 0, sizeof pid);
    T_EQ_INT(find("process.pid", &any), 1);
    m = otel__pb_open(any.data, any.length);
    T_EQ_INT(otel__pb_next(&m, &pid), 1);
    T_EQ_INT(pid.number, 3);
    T_EQ_INT(pid.value, 4321);
#if defined(__linux__)
    has("os.type", "linux");
#endif
#if defined(__x86_64__)
    has("host.arch", "amd64");
#endif

    memset(&facts, 0, sizeof facts); /* nothing known: nothing said */
    facts.host_name = "";
    encode();
    has("host.name", NULL);
    T_EQ_INT(find("process.pid", &any), 0);
    has("process.executable.name", NULL);
}

static void a_long_executable_name_is_cut_between_two_characters(void)
{
    char name[300], want[300];

    clear();
    memset(name, 'x', sizeof name);
    name[254] = '\xc3'; /* bytes 255 and 256: one character */
    name[255] = '\xa9';
    name[299] = '\0';
    facts.executable = name;
    encode();
    strcpy(want, "unknown_service:");
    memset(want + 16, 'x', 254);
    has_n("service.name", want, 16 + 254);
}

/* ---- who wins ---- */

static void a_later_layer_wins_key_by_key(void)
{
    otel_attr theirs[2], mine[2];

    clear();
    theirs[0] = otel_str("k", "fallback");
    theirs[1] = otel_str("telemetry.sdk.name", "opentelemetry");
    mine[0] = otel_str("k", "code");
    mine[1] = otel_str("extra", "");
    from.fallback = otel_attrs_of(theirs, 2);
    encode();
    has("k", "fallback");
    has("telemetry.sdk.name", "opentelemetry");
    from.variable = "k=list,telemetry.sdk.name=other";
    encode();
    has("k", "list");
    has("telemetry.sdk.name", "other");
    from.code = otel_attrs_of(mine, 2);
    encode();
    has("k", "code");
    has("extra", ""); /* an empty value is a value (R-02, C-04) */
    T_EQ_INT(attributes(), 6);
}

static void the_service_name_is_the_last_one_said(void)
{
    otel_attr theirs[1], mine[2];

    clear();
    facts.executable = "exe";
    theirs[0] = otel_str("service.name", "fallback attribute");
    mine[0] = otel_str("service.name", "code attribute");
    mine[1] = otel_str("service.name", "");
    from.fallback = otel_attrs_of(theirs, 1);
    encode();
    has("service.name", "fallback attribute");
    from.fallback_name = "fallback name";
    encode();
    has("service.name", "fallback name");
    from.variable = "service.name=list";
    encode();
    has("service.name", "list");
    from.variable_name = "variable name";
    encode();
    has("service.name", "variable name");
    from.code = otel_attrs_of(mine, 1);
    encode();
    has("service.name", "code attribute");
    from.code = otel_attrs_of(mine, 2);
    encode();
    has("service.name", "");
    from.code = otel_attrs_of(mine, 1);
    from.code_name = "";
    encode();
    has("service.name", "code attribute");
    from.code_name = "code name";
    encode();
    has("service.name", "code name");
}

static void every_type_of_attribute_is_kept_and_one_without_a_key_is_not(void)
{
    static const uint8_t want[] = { 0x0a, 5,    0x0a, 1,    'e', 0x12, 0, 0x0a, 7,    0x0a, 1,
                                    'i',  0x12, 2,    0x18, 5,   0x0a, 7, 0x0a, 1,    'b',  0x12,
                                    2,    0x10, 0,    0x0a, 14,  0x0a, 1, 'd',  0x12, 9,    0x21,
                                    0,    0,    0,    0,    0,   0,    0, 0 };
    otel_attr            mine[6];

    clear();
    mine[0] = otel_str("e", NULL);
    mine[1] = otel_int("i", 5);
    mine[2] = otel_bool("b", false);
    mine[3] = otel_f64("d", 0.0);
    mine[4] = otel_str("", "no key");
    mine[5] = otel_str(NULL, "no key");
    from.code = otel_attrs_of(mine, 6);
    encode();
    T_EQ_MEM(bytes + length - sizeof want, sizeof want, want, sizeof want);
    T_EQ_INT(attributes(), 8);
}

static void keys_that_are_the_same_once_repaired_or_decoded_are_one(void)
{
    otel_attr theirs[3], mine[1];

    clear();
    theirs[0] = otel_str("k\xff", "1");
    theirs[1] = otel_str("k\xfe", "2");
    theirs[2] = otel_str("caf\xc3\xa9", "1");
    mine[0] = otel_str("k\xc3", "4");
    from.fallback = otel_attrs_of(theirs, 3);
    encode();
    T_EQ_INT(attributes(), 6);
    has("k\xef\xbf\xbd", "2");
    from.variable = "k%ef%bf%bd=3,caf%C3%a9=2";
    encode();
    T_EQ_INT(attributes(), 6);
    has("k\xef\xbf\xbd", "3");
    has("caf\xc3\xa9", "2");
    from.code = otel_attrs_of(mine, 1);
    encode();
    T_EQ_INT(attributes(), 6);
    has("k\xef\xbf\xbd", "4");
}

static void text_in_options_that_is_not_utf8_is_repaired(void)
{
    otel_attr mine[1];

    clear();
    mine[0] = otel_str("k\xff", "a\xc3z");
    from.code = otel_attrs_of(mine, 1);
    from.variable_name = "\xf0\x9f";
    encode();
    has("k\xef\xbf\xbd", "a\xef\xbf\xbdz");
    has("service.name", "\xef\xbf\xbd");
}

/* ---- the list ---- */

static void check_list(const char *list, const char *key, const char *want)
{
    clear();
    from.variable = list;
    encode();
    if (!has(key, want) || !T_EQ_INT(told, 0)) {
        printf("    list %s: %s\n", list, line);
    }
}

static void pairs_are_trimmed_and_decoded(void)
{
    check_list("k=v", "k", "v");
    check_list(" k\t=\t v , b=2", "k", "v");
    check_list("k=", "k", "");
    check_list("k= ", "k", "");
    check_list("k=%20v%20", "k", " v ");
    check_list("%6b=v", "k", "v");
    check_list("a%2Cb%3dc=x%2cy%3Dz", "a,b=c", "x,y=z");
    check_list("k=a=b==", "k", "a=b==");
    check_list("k=a+b", "k", "a+b");
    check_list("k=caf\xc3\xa9", "k", "caf\xc3\xa9");
    check_list("k=caf%C3%A9", "k", "caf\xc3\xa9");
    check_list("k=%f0%9f\x98%80", "k", "\xf0\x9f\x98\x80");
    check_list(",, ,k=v,\t,", "k", "v");
    check_list("k=1,%6B=2", "k", "2");
    check_list("k=1,b=0,k=2,k=3", "k", "3");
    check_list("k=1,k=", "k", "");
    check_list("a k=v", "a k", "v");
    check_list("%20=v", " ", "v");
    check_list("k=v\nw", "k", "v\nw");
    check_list("K=v", "k", NULL);
    check_list("%25=%2525", "%", "%25");
    check_list("", "k", NULL);
    check_list(" , ,", "k", NULL);
}

static void an_encoded_nul_is_a_character(void)
{
    clear();
    from.variable = "k=a%00b";
    encode();
    has_n("k", "a\0b", 3);
}

/* The whole list goes, once told, with this reason. */
static void check_bad_list(const char *list, const char *reason)
{
    clear();
    from.variable = list;
    from.variable_name = "kept";
    encode();
    if (!T_EQ_INT(attributes(), 4) || !has("service.name", "kept") || !T_EQ_INT(told, 1) ||
        !T_CHECK(strncmp(line, "OTEL_RESOURCE_ATTRIBUTES: ", 26) == 0) ||
        !T_CHECK(strstr(line, reason) != NULL) || !T_CHECK(strstr(line, "secret") == NULL)) {
        printf("    list %s: %s\n", list, line);
    }
}

static void one_error_discards_the_whole_list_and_is_told_once(void)
{
    static const char *const escapes[] = { "secret=%",     "secret=%4",  "a=1,secret=%zz",
                                           "secret=%4,41", "secret=%%",  "%=secret",
                                           "secret=% 41",  "secret=%g0", "secret=%0g" };
    static const char *const broken[] = {
        "secret=%ff",       "secret=\xff",          "secret=%c3",        "secret=%c3,k=%a9",
        "%80=secret",       "secret=%c0%80",        "secret=%ed%a0%80",  "secret=%f4%90%80%80",
        "secret=%80%80%80", "secret=a%80%80%80%80", "secret=\xf0%9f%98", "secret=%f0%9f%98%80%80",
    };
    size_t i;

    check_bad_list("secret", "without '='");
    check_bad_list("a=1,secret", "without '='");
    check_bad_list("a=1,secret,b=2", "without '='");
    check_bad_list("=secret", "empty key");
    check_bad_list("a=1, =secret", "empty key");
    check_bad_list("a=1,=", "empty key");
    for (i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        check_bad_list(escapes[i], "hexadecimal");
    }
    for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        check_bad_list(broken[i], "not UTF-8");
    }
}

static void a_list_may_have_1024_pairs(void)
{
    static char list[2 * 8 * 1025];
    size_t      i, n = 0;

    for (i = 0; i < 1024; i++) {
        n += (size_t)sprintf(list + n, "k%lu=v,", (unsigned long)i);
    }
    clear();
    from.variable = list;
    encode();
    T_EQ_INT(told, 0);
    T_EQ_INT(attributes(), 4 + 1024);
    strcpy(list + n, "z=v");
    check_bad_list(list, "1024");
}

static void long_keys_and_values_get_longer_lengths(void)
{
    static char list[20001], value[20001];

    memset(list, 'v', sizeof list - 1);
    memcpy(list, "k=", 2);
    memset(value, 'v', sizeof value - 3);
    check_list(list, "k", value);
    memset(list, 'k', sizeof list - 1);
    memcpy(list + sizeof list - 3, "=v", 2);
    memset(value, 'k', sizeof value - 3);
    check_list(list, value, "v");
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(the_smallest_resource_has_exactly_these_bytes);
    T_RUN(facts_of_process_and_host_are_attributes_unless_ignored);
    T_RUN(a_long_executable_name_is_cut_between_two_characters);
    T_RUN(a_later_layer_wins_key_by_key);
    T_RUN(the_service_name_is_the_last_one_said);
    T_RUN(every_type_of_attribute_is_kept_and_one_without_a_key_is_not);
    T_RUN(keys_that_are_the_same_once_repaired_or_decoded_are_one);
    T_RUN(text_in_options_that_is_not_utf8_is_repaired);
    T_RUN(pairs_are_trimmed_and_decoded);
    T_RUN(an_encoded_nul_is_a_character);
    T_RUN(one_error_discards_the_whole_list_and_is_told_once);
    T_RUN(a_list_may_have_1024_pairs);
    T_RUN(long_keys_and_values_get_longer_lengths);
    return t_end();
}
