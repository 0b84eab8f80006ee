/* json: what RFC 8259 allows becomes a tree; what it does not is refused with line and column. */
#include "record/json.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "tests/unit/check.h"

static struct json *parse(const char *s, struct err *e)
{
    e->msg[0] = '\0';
    return json_parse(s, strlen(s), 4, e);
}

static void refuse(const char *s, const char *clause)
{
    struct err e;
    struct json *j = parse(s, &e);

    CHECK(!j);
    CHECK_STR(e.msg, clause);
    json_free(j);
}

static void kinds(void)
{
    struct err e;
    struct json *j = parse(" {\"a\":[1,-2.5,true,false,null],\"b\":{\"c\":\"x\\u0000\\ud83d\\ude00\\n\"},\"\":1e3,"
                           "\"big\":9223372036854775807,\"bigger\":9223372036854775808}\n",
                           &e);
    const struct json *a = json_get(j, "a"), *c = json_get(json_get(j, "b"), "c");

    CHECK_STR(e.msg, "");
    CHECK(j && j->kind == JSON_OBJECT && j->len == 5);
    CHECK(a && a->kind == JSON_ARRAY && a->len == 5 && a->first->kind == JSON_INT && a->first->i == 1);
    CHECK(a && a->first->next->kind == JSON_NUMBER && a->first->next->num == -2.5);
    CHECK(a && a->first->next->next->kind == JSON_BOOL && a->first->next->next->i == 1);
    CHECK(c && c->kind == JSON_STRING && c->len == 7 && memcmp(c->s, "x\0\xf0\x9f\x98\x80\n", 8) == 0);
    CHECK(json_int(j, "", 7) == 1000 && json_num(j, "", 7) == 1000.0);
    CHECK(json_int(j, "big", 0) == INT64_MAX && json_int(j, "bigger", -1) == -1);
    CHECK(json_int(j, "none", 7) == 7 && json_bool(a, "none", 1) == 1);
    CHECK_STR(json_str(j, "a", "other"), "other");
    json_free(j);
    j = parse("7", &e);
    CHECK(j && j->kind == JSON_INT && j->i == 7);
    json_free(j);
    j = parse("{\"a\":{\"x\":1},\"b\":{\"x\":1}}", &e);
    CHECK(j && json_int(json_get(j, "b"), "x", 0) == 1);
    json_free(j);
}

static void refusals(void)
{
    refuse("{\"a\":1,\n \"b\":2, \"a\":3}", "line 2, column 12: key \"a\" is there twice");
    refuse("[[[[[1]]]]]", "line 1, column 6: nested deeper than 4 levels");
    refuse("[1e999]", "line 1, column 7: number 1e999 is too large for a double");
    refuse("[\"\\ud800x\"]", "line 1, column 3: escape \\ud800 is half of a surrogate pair");
    refuse("[\"\\udc00\"]", "line 1, column 3: escape \\udc00 is half of a surrogate pair");
    refuse("[\"\xc0\xaf\"]", "line 1, column 3: byte 0xc0 does not begin well-formed UTF-8");
    refuse("[\"\xed\xa0\x80\"]", "line 1, column 3: byte 0xed does not begin well-formed UTF-8");
    refuse("", "line 1, column 1: parse error: premature EOF");
    refuse("[1", "line 1, column 3: parse error: premature EOF");
}

static void always_refused(void)
{
    static const char *const bad[] = {"[1,]",       "{\"a\"}",     "{a:1}",          "[01]",  "[+1]",  "[.5]",
                                      "[1.]",       "[NaN]",       "[Infinity]",     "['a']", "[1] 2", "// c\n1",
                                      "[\"a\tb\"]", "[\"\\x41\"]", "\xef\xbb\xbf[]", "nul",   "\"a"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e;
        struct json *j = parse(bad[i], &e);

        CHECK(!j && strncmp(e.msg, "line ", 5) == 0);
        if (j)
            printf("accepted: %s\n", bad[i]);
        json_free(j);
    }
}

/* A million keys take no quadratic time: that would be longer than a test may take. */
static void many_keys(void)
{
    struct buf b = {0};
    struct err e;
    struct json *j;

    buf_puts(&b, "{");
    for (int i = 0; i < 1000000; i++)
        buf_printf(&b, "%s\"key%d\":%d", i ? "," : "", i, i);
    buf_puts(&b, "}");
    j = json_parse(b.data, b.len, 4, &e);
    CHECK(j && j->len == 1000000);
    json_free(j);
    buf_free(&b);
}

/* "0," is a value of 72 bytes in 2: a long row of them is refused before it has taken a multiple of its length. */
static void bounded(void)
{
    struct buf b = {0};
    struct rusage before, after;
    struct err e;

    buf_puts(&b, "[0");
    for (int i = 0; i < 15000000; i++)
        buf_add(&b, ",0", 2);
    buf_puts(&b, "]");
    getrusage(RUSAGE_SELF, &before);
    CHECK(!json_parse(b.data, b.len, 4, &e));
    getrusage(RUSAGE_SELF, &after);
    CHECK(strstr(e.msg, "too many values: they take more than 370 MiB of memory") != NULL);
    CHECK((after.ru_maxrss - before.ru_maxrss) / 1024 < 400);
    buf_free(&b);
}

/* Each member as text: key, kind, children; "stop" ends the parse. */
static int member(void *ctx, const struct json *m, struct err *e)
{
    buf_printf(ctx, "%s:%d:%zu ", m->key, (int)m->kind, m->len);
    if (m->kind == JSON_OBJECT)
        buf_printf(ctx, "x=%lld ", (long long)json_int(m, "x", -1));
    return strcmp(m->key, "stop") == 0 ? err_set(e, "was told to") : 0;
}

static int count(void *ctx, const struct json *m, struct err *e)
{
    (void)e;
    *(size_t *)ctx += m->kind == JSON_ARRAY && m->len == 3;
    return 0;
}

static void members_are(const char *s, int rc, const char *text, const char *clause)
{
    struct err e = {""};
    struct buf got = {0};

    CHECK(json_members(s, strlen(s), 4, member, &got, &e) == rc);
    CHECK_STR(buf_str(&got), text);
    CHECK_STR(e.msg, clause);
    buf_free(&got);
}

static void members(void)
{
    struct buf big = {0};
    struct rusage before, after;
    struct err e;
    size_t n = 0;

    members_are("{\"a\":1,\"b\":{\"x\":2,\"y\":[{}]},\"c\":{\"x\":3},\"d\":\"s\"}", 0,
                "a:2:0 b:6:2 x=2 c:6:1 x=3 d:4:1 ", "");
    members_are("{}", 0, "", "");
    members_are("[1,{\"x\":1}]", -1, "", "is not an object");
    members_are("{\"a\":1,\n\"b\":[],\"a\":{}}", -1, "a:2:0 b:5:0 ", "line 2, column 11: key \"a\" is there twice");
    members_are("{\"a\":{\"x\":1,\"x\":1}}", -1, "", "line 1, column 16: key \"x\" is there twice");
    members_are("{\"a\":1,\"stop\":0,\"b\":1}", -1, "a:2:0 stop:2:0 ", "was told to");
    members_are("{\"a\":1,\"b\":", -1, "a:2:0 ", "line 1, column 12: parse error: premature EOF");
    for (int i = 0; i < 300000; i++)
        buf_printf(&big, "%s\"k%d\":[%d,{\"x\":0},\"%*s\"]", i ? "," : "{", i, i, i == 7 ? 100000 : 1, "");
    buf_puts(&big, "}");
    getrusage(RUSAGE_SELF, &before);
    CHECK(json_members(big.data, big.len, 4, count, &n, &e) == 0);
    getrusage(RUSAGE_SELF, &after);
    CHECK(n == 300000);
#ifndef __SANITIZE_ADDRESS__                                 /* which keeps what is freed for a while */
    CHECK((after.ru_maxrss - before.ru_maxrss) / 1024 < 60); /* as a tree: 150 */
#endif
    buf_free(&big);
}

static void put(void)
{
    struct buf b = {0};

    json_put_string(&b, "a\"\\/\b\t\n\f\r\x01\x7f\xc3\xa9\xff", 14);
    CHECK_STR(buf_str(&b), "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\x7f\xc3\xa9\xef\xbf\xbd\"");
    buf_free(&b);
}

int main(void)
{
    kinds();
    members();
    refusals();
    always_refused();
    many_keys();
    bounded();
    put();
    return DONE();
}
