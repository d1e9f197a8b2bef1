/* From host names to addresses: literals, localhost, and a hosts file written by the tests. */
#define OTEL_LITE_IMPLEMENTATION
static char hosts_path[64]; /* the file that stands for /etc/hosts */
#define OTEL__RESOLVE_FILE hosts_path
#include "src/otel_lite.in.h"
#include "t.h"

#include <stdlib.h>

/* Look `host` up; the addresses as text, one a line, in `out`. */
static const char *look_up(const char *host)
{
    static char     out[256];
    char            one[64];
    otel__addresses to;
    otel__http_url  url;
    size_t          i;

    memset(&url, 0, sizeof url);
    url.host = otel__text_of(host);
    url.port = 4318;
    memset(&to, 0x7e, sizeof to);
    otel__resolve(&url, &to);
    out[0] = '\0';
    for (i = 0; i < to.n; i++) {
        const bool v6 = to.a[i].any.sa_family == AF_INET6;

        T_EQ_INT(to.a[i].any.sa_family, v6 ? AF_INET6 : AF_INET);
        T_EQ_INT(ntohs(v6 ? to.a[i].v6.sin6_port : to.a[i].v4.sin_port), 4318);
        if (v6) {
            T_EQ_INT(to.a[i].v6.sin6_scope_id, 0);
            inet_ntop(AF_INET6, &to.a[i].v6.sin6_addr, one, sizeof one);
        } else {
            inet_ntop(AF_INET, &to.a[i].v4.sin_addr, one, sizeof one);
        }
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s;", one);
    }
    return out;
}

/* Look `host` up in a hosts file of this text, `times` of it. */
static const char *look_up_in(const char *host, const char *text, size_t times)
{
    const char *found;
    FILE       *file;
    int         fd;

    strcpy(hosts_path, "/tmp/otel_hosts_XXXXXX");
    fd = mkstemp(hosts_path);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!T_CHECK(file != NULL)) {
        return "";
    }
    while (times-- > 0) {
        fputs(text, file);
    }
    fclose(file);
    found = look_up(host);
    remove(hosts_path);
    return found;
}

static void addresses_are_taken_as_they_are(void)
{
    T_EQ_STR(look_up("127.0.0.1"), "127.0.0.1;");
    T_EQ_STR(look_up("255.255.255.255"), "255.255.255.255;");
    T_EQ_STR(look_up("::1"), "::1;");
    T_EQ_STR(look_up("2001:DB8:0:0::7"), "2001:db8::7;");
    T_EQ_STR(look_up("::ffff:10.0.0.1"), "::ffff:10.0.0.1;");
}

static void localhost_is_both_loopback_addresses_whatever_the_file_says(void)
{
    T_EQ_STR(look_up_in("localhost", "10.0.0.1 localhost\n", 1), "127.0.0.1;::1;");
    T_EQ_STR(look_up("LocalHost"), "127.0.0.1;::1;");
}

static void what_only_looks_like_an_address_is_a_name(void)
{
    strcpy(hosts_path, "/nonexistent");
    T_EQ_STR(look_up("127.1"), "");
    T_EQ_STR(look_up("127.0.0.256"), "");
    T_EQ_STR(look_up("0x7f000001"), "");
    T_EQ_STR(look_up("1.2.3.4.5"), "");
}

static void names_are_found_in_the_hosts_file(void)
{
    const char *const text = "# comment\n"
                             "\n"
                             "127.0.0.1\tlocalhost\n"
                             "10.0.0.1 collector collector.example otel # gateway hidden\n"
                             "\t 10.0.0.2 \t\t tabs \t blanks  \n"
                             "fd00::5 six\n"
                             "10.0.0.3 prefix-collector collectors\n"
                             "nonsense broken\n"
                             "fe80::1%lo0 zoned\n"
                             "10.0.0.4\n"
                             "10.0.0.5 last";

    T_EQ_STR(look_up_in("collector", text, 1), "10.0.0.1;");
    T_EQ_STR(look_up_in("COLLECTOR.example", text, 1), "10.0.0.1;");
    T_EQ_STR(look_up_in("otel", text, 1), "10.0.0.1;");
    T_EQ_STR(look_up_in("hidden", text, 1), "");
    T_EQ_STR(look_up_in("tabs", text, 1), "10.0.0.2;");
    T_EQ_STR(look_up_in("blanks", text, 1), "10.0.0.2;");
    T_EQ_STR(look_up_in("six", text, 1), "fd00::5;");
    T_EQ_STR(look_up_in("broken", text, 1), "");
    T_EQ_STR(look_up_in("zoned", text, 1), "");
    T_EQ_STR(look_up_in("last", text, 1), "10.0.0.5;");
    T_EQ_STR(look_up_in("10.0.0.4x", text, 1), "");
    T_EQ_STR(look_up_in("unknown", text, 1), "");
    T_EQ_STR(look_up_in("collector", "", 1), "");
}

static void a_name_with_several_addresses_gives_them_in_order_up_to_four(void)
{
    T_EQ_STR(look_up_in("c", "10.0.0.1 c c\nfd00::2 c\n10.0.0.3 x c\n10.0.0.4 c\n10.0.0.5 c\n", 1),
             "10.0.0.1;fd00::2;10.0.0.3;10.0.0.4;");
}

static void a_long_line_is_left_out_and_the_next_one_read(void)
{
    char text[1024];

    memset(text, 'x', sizeof text);
    memcpy(text, "10.0.0.9 c ", 11);
    text[600] = '\n';
    strcpy(text + 601, "10.0.0.1 c\n");
    T_EQ_STR(look_up_in("c", text, 1), "10.0.0.1;");
    text[255] = '\n'; /* the longest line that counts: 255 bytes */
    text[256] = '#';
    T_EQ_STR(look_up_in("c", text, 1), "10.0.0.9;10.0.0.1;");
}

static void a_huge_file_is_read_to_its_64th_kibibyte(void)
{
    char found[300], *text = (char *)malloc(70000);

    memset(text, '#', 70000);
    strcpy(text + 65536 - 11, "\n10.0.0.1 c\n10.0.0.2 c\n");
    snprintf(found, sizeof found, "%s", look_up_in("c", text, 1));
    T_EQ_STR(found, ""); /* its line ends one byte too late */
    strcpy(text + 65536 - 12, "\n10.0.0.1 c\n10.0.0.2 c\n");
    T_EQ_STR(look_up_in("c", text, 1), "10.0.0.1;");
    free(text);
}

static void no_descriptor_is_left_open(void)
{
    const int before = dup(0);

    close(before);
    (void)look_up_in("c", "10.0.0.1 c\n", 100);
    strcpy(hosts_path, "/nonexistent");
    T_EQ_STR(look_up("c"), "");
    T_EQ_INT(dup(0), before);
    close(before);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    T_RUN(addresses_are_taken_as_they_are);
    T_RUN(localhost_is_both_loopback_addresses_whatever_the_file_says);
    T_RUN(what_only_looks_like_an_address_is_a_name);
    T_RUN(names_are_found_in_the_hosts_file);
    T_RUN(a_name_with_several_addresses_gives_them_in_order_up_to_four);
    T_RUN(a_long_line_is_left_out_and_the_next_one_read);
    T_RUN(a_huge_file_is_read_to_its_64th_kibibyte);
    T_RUN(no_descriptor_is_left_open);
    return t_end();
}
