#include "base/mem.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static void new_memory_is_zero_and_aligned(void)
{
    for (size_t n = 0; n < 200; n++) {
        uint8_t *p = mem_new(n, 3), any = 0;

        for (size_t i = 0; i < 3 * n; i++)
            any |= p[i];
        CHECK(p && (uintptr_t)p % 64 == 0 && any == 0);
        free(p);
    }
}

/* The status of a child that asks for n * size bytes. */
static int asks_for(size_t n, size_t size, int resize)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        void *p = resize ? mem_resize(NULL, n, size) : mem_new(n, size);
        _exit(p ? 0 : 3);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void too_much_ends_the_process(void)
{
    CHECK(asks_for(SIZE_MAX / 2 + 1, 2, 0) == 1);
    CHECK(asks_for(SIZE_MAX / 2 + 1, 2, 1) == 1);
    CHECK(asks_for(SIZE_MAX / 2, 1, 0) == 1);
    CHECK(asks_for(SIZE_MAX / 2 + 1, 1, 1) == 1);
    CHECK(asks_for(10, 10, 1) == 0);
}

static void checked_sums(void)
{
    uint64_t v = 9;

    CHECK(mem_mul(1u << 31, 1u << 31, &v) == 0 && v == (uint64_t)1 << 62);
    CHECK(mem_mul((uint64_t)1 << 32, (uint64_t)1 << 32, &v) == -1 && v == (uint64_t)1 << 62);
    CHECK(mem_mul(0, UINT64_MAX, &v) == 0 && v == 0);
    CHECK(mem_add(UINT64_MAX, 0, &v) == 0 && v == UINT64_MAX);
    CHECK(mem_add(UINT64_MAX, 1, &v) == -1 && v == UINT64_MAX);
}

static void buffers_grow(void)
{
    struct buf b = {0}, all = {0};

    CHECK_STR(buf_str(&b), "");
    buf_add(&b, NULL, 0);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    for (int i = 0; i < 1000; i++) {
        char one[16];

        snprintf(one, sizeof one, "%d,", i);
        buf_puts(&all, one);
    }
    CHECK(b.len == 3890 && b.len == all.len && memcmp(b.data, all.data, b.len) == 0);
    CHECK(strlen(buf_str(&b)) == b.len);
    memcpy(buf_space(&b, 5), "abcde", 5);
    CHECK(b.len == 3890 && b.cap >= 3895);
    buf_free(&b);
    CHECK(!b.data && b.len == 0 && b.cap == 0);
    buf_free(&all);
}

static void strings(void)
{
    char *a = mem_strdup("abc"), *b = mem_strndup("abcdef", 3), *c = mem_printf("%s-%d", "x", 7),
         *none = mem_strndup(NULL, 0);

    CHECK_STR(a, "abc");
    CHECK_STR(b, "abc");
    CHECK_STR(c, "x-7");
    CHECK_STR(none, ""); /* of a buffer that never held anything; UBSan looks on */
    free(none);
    free(a);
    free(b);
    free(c);
}

int main(void)
{
    new_memory_is_zero_and_aligned();
    too_much_ends_the_process();
    checked_sums();
    buffers_grow();
    strings();
    return DONE();
}
