#include "text/stat_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "record/lines.h"

#define LINE_MAX ((uint64_t)1 << 30)

static ssize_t read_fd(void *ctx, void *p, size_t n, struct err *e)
{
    return io_read(*(int *)ctx, p, n, e);
}

static int read_lines(const struct stat_kind *k, void *ctx, int fd, int *found, struct err *e)
{
    struct lines *l = lines_open(read_fd, &fd, LINE_MAX);
    char *p;
    size_t n;
    int got;

    while ((got = lines_fill(l, e)) > 0) {
        while (got > 0 && lines_next(l, &p, &n)) {
            char *brace = p ? memchr(p, '{', n) : NULL; /* before it a key of Hadoop's, and its tab */

            if (!p)
                got = err_set(e, "it is longer than %llu bytes", (unsigned long long)LINE_MAX);
            else if (brace)
                got = k->line(ctx, brace, n - (size_t)(brace - p), e) < 0 ? -1 : 1;
            if (got < 0)
                err_in(e, "line %llu", (unsigned long long)lines_number(l));
            *found += brace != NULL;
        }
        if (got < 0)
            break;
    }
    lines_close(l);
    return got;
}

static int read_stream(const struct stat_kind *k, void *ctx, int fd, const char *name, int *found, struct err *e)
{
    struct reader *in = fd == STDIN_FILENO ? reader_stdin(e) : reader_open(fd, name, e);
    struct item it = {0};
    int got = -1;

    if (!in)
        return -1;
    while ((got = stream_next(in, &it, e)) > 0) {
        if (it.kind != ITEM_STAT || strcmp(it.name, k->name) != 0)
            continue;
        if (k->stat(ctx, in, &it, e) < 0) {
            got = -1;
            break;
        }
        ++*found;
    }
    item_free(&it);
    reader_close(in);
    return got;
}

/* Lines or a stream: the first byte tells, and goes back by reading from a file that can. */
int stat_file_read(const struct stat_kind *k, void *ctx, const char *path, struct err *e)
{
    int std = strcmp(path, "-") == 0, fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), found = 0, rc = -1,
        back;
    const char *name = std ? "standard input" : path;
    off_t start = 0;
    char first = 0;

    if (fd < 0)
        return err_errno(e, "cannot open %s", path);
    if (std && io_take_stdin(e) < 0)
        return -1;
    back = io_rewindable(fd, &start, e);
    if (back >= 0 && pread(back, &first, 1, start) >= 0 && lseek(back, start, SEEK_SET) >= 0) {
        if (first == '\x94') {
            rc = read_stream(k, ctx, back, name, &found, e);
        } else {
            if ((rc = read_lines(k, ctx, back, &found, e)) < 0)
                err_in(e, "%s", name);
        }
    } else {
        err_errno(e, "%s: cannot read", name);
    }
    if (back >= 0 && back != fd)
        close(back);
    if (!std)
        close(fd);
    return rc == 0 && !found ? err_set(e, "%s: there are no features in it; dfeat makes them", name) : rc;
}
