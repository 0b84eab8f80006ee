#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/stream_parts.h"

static struct reader *open_path(const char *path, int piece, struct err *e)
{
    struct reader *in;
    int fd;

    if (strcmp(path, "-") == 0)
        return piece ? reader_open_piece(STDIN_FILENO, "standard input", e) : reader_stdin(e);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(e, "cannot open %s", path);
        return NULL;
    }
    in = piece ? reader_open_piece(fd, path, e) : reader_open(fd, path, e);
    if (in)
        in->own_fd = fd;
    else
        close(fd);
    return in;
}

struct reader *reader_file(const char *path, struct err *e)
{
    return open_path(path, 0, e);
}

struct reader *reader_file_piece(const char *path, struct err *e)
{
    return open_path(path, 1, e);
}

int reader_is_stream(const char *path, struct err *e)
{
    static const uint8_t mark[] = "\x94\xc4\x08" FRAME_MAGIC;
    uint8_t first[sizeof mark - 1];
    struct stat st;
    ssize_t got;
    int fd;

    if (strcmp(path, "-") == 0)
        return 1;
    if (stat(path, &st) < 0 || S_ISDIR(st.st_mode))
        return 0;
    if (!S_ISREG(st.st_mode))
        return 1;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "cannot open %s", path);
    got = io_read(fd, first, sizeof first, e);
    close(fd);
    return got < 0 ? err_in(e, "%s", path) : got == (ssize_t)sizeof first && memcmp(first, mark, sizeof first) == 0;
}
