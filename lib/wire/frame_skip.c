/* frame_skip: past a payload without reading it. doc/decisions/0019-skipping.md says who may. */
#include "wire/frame.h"

#include <sys/stat.h>
#include <unistd.h>

#include "wire/frame_parts.h"

static int is_file(struct frame_in *in)
{
    struct stat st;

    if (!in->seeks)
        in->seeks = fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(in->fd, 0, SEEK_CUR) >= 0 ? 1 : -1;
    return in->seeks > 0;
}

/* n bytes forward, which must all be there. */
static int forward(struct frame_in *in, size_t n, struct err *e)
{
    off_t at = lseek(in->fd, (off_t)n, SEEK_CUR);
    struct stat st;

    if (at < 0 || fstat(in->fd, &st) < 0) {
        err_errno(e, "cannot go forward");
        return frame_in_fail(in, e);
    }
    return at > st.st_size ? frame_in_fail_end(in, 1, e) : 0;
}

int frame_in_chunk_skip(struct frame_in *in, struct err *e)
{
    size_t here = in->len - in->pos;

    if (in->left < here + FRAME_LEAST || !is_file(in)) {
        in->ahead = FRAME_IN_BUFFER; /* small chunks come many to a read */
        return frame_in_chunk_end(in, e);
    }
    if (forward(in, in->left - here, e) < 0)
        return -1;
    in->pos = in->len = 0;
    in->total.bytes += in->left;
    in->left = 0;
    in->unread = 1;
    in->ahead = FRAME_AHEAD;
    return frame_in_chunk_end(in, e);
}
