#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
