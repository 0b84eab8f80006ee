/*
 * frame_copy: a chunk from one stream to another as it is. Between two pipes the kernel hands its pages on: the bytes
 * are read once, for the checksum (tee(2)), or not at all where another of our programs wrote them into this very pipe
 * and so has seen to it (splice(2)). doc/decisions/0010-unread.md.
 */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/claim.h"
#include "wire/frame_parts.h"

/* Sum n bytes that have been handed on already, out of the pipe. */
static int sum_teed(struct frame_in *in, size_t n, struct err *e)
{
    while (n) {
        ssize_t got = read(in->fd, in->buf, n < FRAME_IN_BUFFER ? n : FRAME_IN_BUFFER);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            err_errno(e, "cannot read again what was passed on");
            return frame_in_fail(in, e);
        }
        XXH3_64bits_update(&in->sum, in->buf, (size_t)got);
        n -= (size_t)got;
    }
    return 0;
}

/* Hand on some of the payload. 1, 0 when these are no two pipes (nothing was done), -1. The buffers of both sides are
 * empty. */
static int pass_some(struct frame_in *in, struct frame_out *out, struct err *e)
{
    int unread = out->claimed && claim_held(in->fd);
    ssize_t n;

    do
        n = unread ? splice(in->fd, NULL, out->fd, NULL, in->left, SPLICE_F_MOVE) : tee(in->fd, out->fd, in->left, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EPIPE) {
        err_errno(e, "cannot write");
        return err_in(e, "%s", out->name);
    }
    if (n < 0)
        return in->pass = 0;
    if (n == 0)
        return frame_in_fail_end(in, 1, e);
    if (unread)
        in->unread = 1;
    else if (sum_teed(in, (size_t)n, e) < 0)
        return -1;
    in->ahead = FRAME_AHEAD; /* what is read cannot be handed on */
    in->left -= (uint32_t)n;
    in->total.bytes += (uint64_t)n;
    out->total.bytes += (uint64_t)n;
    return 1;
}

int frame_in_chunk_copy(struct frame_in *in, struct frame_out *out, struct err *e)
{
    const uint8_t *p = NULL;
    size_t n = 0;

    if (frame_out_header(out, &in->chunk, e) < 0)
        return -1;
    if (in->left < FRAME_LEAST) /* small chunks come many to a read */
        in->ahead = FRAME_IN_BUFFER;
    while (in->left) {
        if (in->pass && in->pos == in->len && in->left >= FRAME_LEAST) {
            int got = frame_out_flush(out, e) < 0 ? -1 : pass_some(in, out, e);

            if (got < 0)
                return -1;
            if (got)
                continue;
        }
        if (frame_in_waiting(in, &p, &n, e) < 0 || frame_out_bytes(out, p, n, e) < 0)
            return -1;
    }
    return frame_in_chunk_end(in, e);
}
