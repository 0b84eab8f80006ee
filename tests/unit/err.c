#include "base/err.h"

#include <errno.h>

#include "tests/unit/check.h"

int main(void)
{
    static char lots[3000];
    struct err e;

    CHECK(err_set(&e, "%s is %d, not %d", "x", 1, 2) == -1);
    CHECK_STR(e.msg, "x is 1, not 2");
    CHECK(err_in(&e, "file %d", 7) == -1);
    CHECK_STR(e.msg, "file 7: x is 1, not 2");
    errno = ENOENT;
    CHECK(err_errno(&e, "cannot open %s", "y") == -1);
    CHECK_STR(e.msg, "cannot open y: No such file or directory");
    err_set(&e, "a%sb", "\n\x1b[31m\x7f\t");
    CHECK_STR(e.msg, "a\\x0a\\x1b[31m\\x7f\\x09b");
    err_in(&e, "p");
    CHECK_STR(e.msg, "p: a\\x0a\\x1b[31m\\x7f\\x09b");
    err_set(&e, "gr\xc3\xbc\xc3\x9f");
    CHECK_STR(e.msg, "gr\xc3\xbc\xc3\x9f");
    memset(lots, 'z', sizeof lots - 1);
    err_set(&e, "%s", lots);
    CHECK(strlen(e.msg) < ERR_MAX && strlen(e.msg) > ERR_MAX - 10);
    err_in(&e, "%s", "place");
    CHECK(strncmp(e.msg, "place: zzz", 10) == 0 && strlen(e.msg) < ERR_MAX);
    memset(lots, '\n', sizeof lots - 1);
    err_set(&e, "%s", lots);
    CHECK(strlen(e.msg) < ERR_MAX && !strchr(e.msg, '\n'));
    CHECK(err_set(NULL, "nobody listens") == -1 && err_in(NULL, "x") == -1 && err_errno(NULL, "x") == -1);
    return DONE();
}
