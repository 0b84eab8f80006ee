#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define COPY_BYTES ((size_t)1 << 20)

ssize_t io_read(int fd, void *buf, size_t n, struct err *e)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = read(fd, (char *)buf + done, n - done);

        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, "cannot read");
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int io_pread(int fd, void *buf, size_t n, uint64_t offset, struct err *e)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, (char *)buf + done, n - done, (off_t)(offset + done));

        if (got == 0)
            return err_set(e, "file ends after %zu of %zu bytes at offset %llu", done, n, (unsigned long long)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, "cannot read at offset %llu", (unsigned long long)offset);
        done += (size_t)got;
    }
    return 0;
}

int io_write(int fd, const void *buf, size_t n, struct err *e)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = write(fd, (const char *)buf + done, n - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_errno(e, "cannot write");
        done += (size_t)put;
    }
    return 0;
}

int io_pwrite(int fd, const void *buf, size_t n, uint64_t offset, struct err *e)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = pwrite(fd, (const char *)buf + done, n - done, (off_t)(offset + done));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_errno(e, "cannot write at offset %llu", (unsigned long long)offset);
        done += (size_t)put;
    }
    return 0;
}

static int copy_by_hand(int in, int out, uint64_t n, struct err *e)
{
    char *buf = mem_resize(NULL, COPY_BYTES, 1);
    int rc = 0;

    while (n && rc == 0) {
        size_t want = n < COPY_BYTES ? (size_t)n : COPY_BYTES;
        ssize_t got = io_read(in, buf, want, e);

        if (got < 0)
            rc = -1;
        else if ((size_t)got < want)
            rc = err_set(e, "input ends %llu bytes early", (unsigned long long)(n - (uint64_t)got));
        else
            rc = io_write(out, buf, want, e);
        n -= want;
    }
    free(buf);
    return rc;
}

int io_copy(int in, int out, uint64_t n, struct err *e)
{
    while (n) {
        size_t want = n < ((size_t)1 << 30) ? (size_t)n : (size_t)1 << 30;
        ssize_t got = copy_file_range(in, NULL, out, NULL, want, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return copy_by_hand(in, out, n, e);
        n -= (uint64_t)got;
    }
    return 0;
}

void io_enlarge_pipe(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
        (void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
}

int io_spool(struct err *e)
{
    const char *dir = getenv("TMPDIR");
    char *path = mem_printf("%s/weir-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        err_errno(e, "cannot make a temporary file %s", path);
    else
        unlink(path);
    free(path);
    return fd;
}

static int slurp_fd(int fd, uint64_t limit, struct buf *b, struct err *e)
{
    for (;;) {
        ssize_t got = io_read(fd, buf_space(b, 65536), 65536, e);

        if (got < 0)
            return -1;
        b->len += (size_t)got;
        if (b->len > limit)
            return err_set(e, "larger than the limit of %llu bytes", (unsigned long long)limit);
        if (got < 65536)
            return 0;
    }
}

int io_rewindable(int in, off_t *start, struct err *e)
{
    char *buf;
    ssize_t got;
    int fd;

    *start = lseek(in, 0, SEEK_CUR);
    if (*start >= 0)
        return in;
    *start = 0;
    fd = io_spool(e);
    if (fd < 0)
        return -1;
    buf = mem_resize(NULL, COPY_BYTES, 1);
    while ((got = io_read(in, buf, COPY_BYTES, e)) > 0 && io_write(fd, buf, (size_t)got, e) == 0)
        ;
    free(buf);
    if (got != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int io_slurp(const char *path, uint64_t limit, struct buf *b, struct err *e)
{
    int std = strcmp(path, "-") == 0;
    int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    b->len = 0;
    if (fd < 0)
        return err_errno(e, "cannot open %s", path);
    rc = slurp_fd(fd, limit, b, e);
    if (!std)
        close(fd);
    if (rc < 0) {
        buf_free(b);
        return err_in(e, "%s", path);
    }
    return 0;
}

int io_take_stdin(struct err *e)
{
    static int taken;

    return taken++ ? err_set(e, "standard input is to be read twice: - stands for it, and so does no FILE") : 0;
}
