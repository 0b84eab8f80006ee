/* again: input that can be read twice (io_rewindable), and texts put in one go (target_put). */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/target.h"
#include "tests/unit/check.h"

static void reads(int fd, off_t start, const char *want)
{
    char got[100];
    struct err e;
    ssize_t n;

    CHECK(lseek(fd, start, SEEK_SET) == start);
    n = io_read(fd, got, sizeof got, &e);
    CHECK(n == (ssize_t)strlen(want) && memcmp(got, want, (size_t)n) == 0);
}

static void rewinding(const char *path)
{
    int p[2], fd, file = open(path, O_RDONLY);
    off_t start = -1;
    struct err e;

    CHECK(pipe(p) == 0 && io_write(p[1], "abcdef", 6, &e) == 0 && close(p[1]) == 0);
    fd = io_rewindable(p[0], &start, &e);
    CHECK(fd >= 0 && fd != p[0] && start == 0);
    reads(fd, start, "abcdef");
    reads(fd, start, "abcdef");
    close(fd), close(p[0]);

    CHECK(lseek(file, 2, SEEK_SET) == 2);
    CHECK(io_rewindable(file, &start, &e) == file && start == 2);
    reads(file, start, "port\n");
    close(file);
}

int main(void)
{
    char folder[] = "/tmp/weir-again-XXXXXX", *path, *absent, *linked;
    struct buf b = {0};
    struct stat st;
    struct err e;

    CHECK(mkdtemp(folder) != NULL);
    path = mem_printf("%s/r.tsv", folder);
    absent = mem_printf("%s/no/r.tsv", folder);
    CHECK(target_put(path, "old", 3, &e) == 0 && target_put(path, "report\n", 7, &e) == 0);
    CHECK(io_slurp(path, 100, &b, &e) == 0);
    CHECK_STR(buf_str(&b), "report\n");
    CHECK(target_put(absent, "x", 1, &e) < 0 && strstr(e.msg, absent) != NULL);
    CHECK(target_put("/dev/null", "x", 1, &e) == 0 && stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(target_put("/dev/full", "x", 1, &e) < 0 && strncmp(e.msg, "/dev/full: ", 11) == 0);
    CHECK(target_open("/dev/stdout", &e) == NULL && target_open("/dev/null", &e) == NULL &&
          target_open(folder, &e) == NULL);
    linked = mem_printf("%s/link", folder);
    CHECK(symlink("r.tsv", linked) == 0 && target_put(linked, "new\n", 4, &e) == 0);
    b.len = 0;
    CHECK(lstat(linked, &st) == 0 && S_ISLNK(st.st_mode) && io_slurp(path, 100, &b, &e) == 0);
    CHECK_STR(buf_str(&b), "new\n");
    CHECK(target_put(path, "report\n", 7, &e) == 0);
    rewinding(path);
    unlink(path), unlink(linked);
    CHECK(rmdir(folder) == 0); /* no temporary is left */
    free(path), free(absent), free(linked);
    buf_free(&b);
    return DONE();
}
