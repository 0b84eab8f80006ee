#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tensor/stream_parts.h"

struct reader *reader_file(const char *path, struct err *e)
{
    struct reader *in;
    int fd;

    if (strcmp(path, "-") == 0)
        return reader_stdin(e);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(e, "cannot open %s", path);
        return NULL;
    }
    in = reader_open(fd, path, e);
    if (in)
        in->own_fd = fd;
    else
        close(fd);
    return in;
}
