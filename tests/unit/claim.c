/* claim: who may claim a pipe, and what a relay takes unread because of it. */
#include <fcntl.h>
#include <sys/file.h>

#include "base/claim.h"
#include "tests/unit/check.h"
#include "tests/unit/stream_kit.h"

#define PAYLOAD ((size_t)768 * 256 * 4)
#define DAMAGE 700000 /* a byte of it, behind what the first read takes with the head */

static void make(int p[2])
{
    if (pipe(p) < 0)
        die("pipe failed");
    io_enlarge_pipe(p[1]);
}

static void drop(int p[2])
{
    close(p[0]), close(p[1]);
}

static void claims(void)
{
    int p[2], other, file = kit_file("", 0);
    char path[40];

    make(p);
    CHECK(!claim_held(p[0]));
    CHECK(claim_pipe(p[1]) && claim_held(p[0]) && claim_held(p[0]));
    claim_drop(p[1]);
    CHECK(!claim_held(p[0]));
    CHECK(write(p[1], "x", 1) == 1 && !claim_pipe(p[1]) && !claim_held(p[0])); /* whose byte is that? */
    drop(p);

    make(p);
    snprintf(path, sizeof path, "/dev/fd/%d", p[1]);
    other = open(path, O_WRONLY);
    CHECK(other >= 0 && flock(other, LOCK_EX) == 0);
    CHECK(!claim_pipe(p[1]) && !claim_held(p[0])); /* locked, but not by us */
    close(other);
    CHECK(claim_pipe(p[1]) && claim_held(p[0]));
    drop(p);
    CHECK(!claim_pipe(file) && !claim_held(file));
    close(file);
}

/* A stream of one F32 tensor [768, 256], with a byte of its payload flipped. */
static struct buf damaged(void)
{
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b;
    struct buf bytes;

    kit_dense(&b, "w", 768, 256, 1);
    MUST(bundle_write(out, NULL, &b, e));
    MUST(writer_finish(out, e));
    bundle_free(&b);
    bytes = kit_bytes(fd);
    close(fd);
    bytes.data[DAMAGE] ^= 1;
    return bytes;
}

static struct buf rest(int fd)
{
    struct buf b = {0};
    ssize_t n;

    while ((n = read(fd, buf_space(&b, PAYLOAD), PAYLOAD)) > 0)
        b.len += (size_t)n;
    return b;
}

/* The first tensor of s, out of a pipe whose writer still has it, claimed or not, loaded (to < 0) or passed on. 0, or
 * -1 with why. */
static int take(const struct buf *s, int claimed, int to, struct err *err)
{
    int p[2], got;
    struct writer *out = NULL;
    struct reader *in;
    struct item it = {0};

    make(p);
    CHECK(!claimed || claim_pipe(p[1]));
    MUST(io_write(p[1], s->data, s->len, e));
    in = kit_reader(p[0]);
    if (to >= 0)
        out = kit_writer(to, in);
    got = stream_next(in, &it, err);
    CHECK(got == 1 && it.kind == ITEM_TENSOR);
    got = to < 0 ? bundle_load(in, &it.b, err) : item_copy(in, &it, out, err);
    item_free(&it);
    if (out)
        writer_abandon(out);
    reader_close(in);
    drop(p);
    return got;
}

/* The damage passes only from a claimed pipe to a pipe, and as it was; who loads it or writes a file sees it. */
static void relays(void)
{
    struct buf s = damaged(), got;
    int file = kit_file("", 0), to[2];
    struct err e = {{0}};

    CHECK(take(&s, 0, -1, &e) < 0 && strstr(e.msg, "damaged on the way"));
    CHECK(take(&s, 1, -1, &e) < 0 && strstr(e.msg, "damaged on the way"));
    CHECK(take(&s, 1, file, &e) < 0 && strstr(e.msg, "damaged on the way"));
    make(to);
    CHECK(take(&s, 0, to[1], &e) < 0 && strstr(e.msg, "damaged on the way"));
    drop(to);
    make(to);
    CHECK(take(&s, 1, to[1], &e) == 0);
    close(to[1]);
    got = rest(to[0]);
    CHECK(got.len > PAYLOAD && memmem(s.data, s.len, got.data + got.len - PAYLOAD, PAYLOAD));
    close(to[0]);
    close(file);
    buf_free(&got);
    buf_free(&s);
}

int main(void)
{
    claims();
    relays();
    return DONE();
}
