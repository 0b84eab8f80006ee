#include "record/unzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/io.h"
#include "base/mem.h"

#define IN_BYTES 65536
#define WINDOW_LOG_MAX 27 /* of zstd: 128 MiB, its own default limit */

enum how { PLAIN, GZIP, ZSTD };

struct unzip {
    char *name;
    int fd;
    int64_t size; /* of a regular file, or -1 */
    enum how how;
    uint8_t *in; /* bytes read ahead: [at, len) */
    size_t at, len;
    int eof, inside; /* inside a member or frame */
    z_stream z;
    ZSTD_DCtx *d;
};

/* More compressed bytes when none are left. 0 at the end, 1, -1. */
static int fill(struct unzip *s, struct err *e)
{
    ssize_t got;

    if (s->at < s->len)
        return 1;
    while ((got = read(s->fd, s->in, IN_BYTES)) < 0 && errno == EINTR)
        ;
    if (got < 0)
        return err_errno(e, "%s: cannot read", s->name);
    s->at = 0;
    s->len = (size_t)got;
    return got > 0;
}

static int detect(struct unzip *s, struct err *e)
{
    static const uint8_t gz[2] = {0x1f, 0x8b}, zst[3] = {0xb5, 0x2f, 0xfd}, skip[3] = {0x2a, 0x4d, 0x18};
    ssize_t got = 1;

    while (s->len < 5 && got > 0) { /* a pipe may give one byte at a time */
        while ((got = read(s->fd, s->in + s->len, IN_BYTES - s->len)) < 0 && errno == EINTR)
            ;
        if (got < 0)
            return err_errno(e, "%s: cannot read", s->name);
        s->len += (size_t)got;
    }
    if (s->len >= 2 && memcmp(s->in, gz, 2) == 0)
        s->how = GZIP;
    else if (s->len >= 4 && ((s->in[0] == 0x28 && memcmp(s->in + 1, zst, 3) == 0) ||
                             ((s->in[0] & 0xf0) == 0x50 && memcmp(s->in + 1, skip, 3) == 0)))
        s->how = ZSTD;
    if (s->how == GZIP && inflateInit2(&s->z, 15 + 16) != Z_OK)
        return err_set(e, "%s: zlib cannot begin", s->name);
    if (s->how == ZSTD) {
        s->d = ZSTD_createDCtx();
        if (!s->d || ZSTD_isError(ZSTD_DCtx_setParameter(s->d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
            return err_set(e, "%s: zstd cannot begin", s->name);
    }
    return 0;
}

struct unzip *unzip_open(const char *path, struct err *e)
{
    struct unzip *s = mem_new(1, sizeof *s);
    int std = strcmp(path, "-") == 0;
    struct stat st;

    if (std && io_take_stdin(e) < 0)
        return free(s), NULL;
    s->name = mem_strdup(std ? "standard input" : path);
    s->in = mem_new(IN_BYTES, 1);
    s->fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    s->size = -1;
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        err_errno(e, "cannot open %s", path);
    else if (S_ISDIR(st.st_mode))
        err_set(e, "%s is a folder", path);
    else if (detect(s, e) == 0) {
        s->size = !std && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
        return s;
    }
    unzip_close(s);
    return NULL;
}

const char *unzip_name(const struct unzip *s)
{
    return s->name;
}

int64_t unzip_plain_size(const struct unzip *s)
{
    return s->how == PLAIN ? s->size : -1;
}

int unzip_begins(const struct unzip *s, const char *word)
{
    size_t n = strlen(word);

    return s->at == 0 && s->len >= n && memcmp(s->in, word, n) == 0;
}

int unzip_seek(struct unzip *s, uint64_t at, struct err *e)
{
    s->at = s->len = 0;
    return lseek(s->fd, (off_t)at, SEEK_SET) < 0
               ? err_errno(e, "%s: cannot go to byte %llu", s->name, (unsigned long long)at)
               : 0;
}

static ssize_t read_plain(struct unzip *s, void *p, size_t n, struct err *e)
{
    ssize_t got;

    if (s->at < s->len) {
        n = n < s->len - s->at ? n : s->len - s->at;
        memcpy(p, s->in + s->at, n);
        s->at += n;
        return (ssize_t)n;
    }
    while ((got = read(s->fd, p, n)) < 0 && errno == EINTR)
        ;
    return got < 0 ? err_errno(e, "%s: cannot read", s->name) : got;
}

/* Zeros behind the last member (tapes and some writers pad) are let pass. */
static int padding(struct unzip *s, struct err *e)
{
    int got;

    while ((got = fill(s, e)) > 0) {
        while (s->at < s->len && s->in[s->at] == 0)
            s->at++;
        if (s->at < s->len)
            return err_set(e, "%s: what follows a gzip member is none", s->name);
    }
    return got;
}

static ssize_t read_gzip(struct unzip *s, void *p, size_t n, struct err *e)
{
    s->z.next_out = p;
    s->z.avail_out = n > 1u << 30 ? 1u << 30 : (uInt)n;
    uInt room = s->z.avail_out;

    while (s->z.avail_out == room) {
        int got = fill(s, e), rc;

        if (got < 0)
            return -1;
        if (got == 0)
            return s->inside ? err_set(e, "%s: it ends inside a gzip member: was it copied whole?", s->name) : 0;
        if (!s->inside && s->in[s->at] == 0)
            return padding(s, e);
        s->inside = 1;
        s->z.next_in = s->in + s->at;
        s->z.avail_in = (uInt)(s->len - s->at);
        rc = inflate(&s->z, Z_NO_FLUSH);
        s->at = s->len - s->z.avail_in;
        if (rc == Z_STREAM_END) {
            s->inside = 0;
            inflateReset(&s->z);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return err_set(e, "%s: damaged gzip: %s", s->name, s->z.msg ? s->z.msg : "unknown fault");
        }
    }
    return (ssize_t)(room - s->z.avail_out);
}

static ssize_t read_zstd(struct unzip *s, void *p, size_t n, struct err *e)
{
    ZSTD_outBuffer out = {p, n, 0};

    while (out.pos == 0) {
        int got = fill(s, e);
        ZSTD_inBuffer in;
        size_t rc;

        if (got < 0)
            return -1;
        if (got == 0 && !s->inside)
            return 0;
        in = (ZSTD_inBuffer){s->in, s->len, s->at};
        rc = ZSTD_decompressStream(s->d, &out, &in);
        if (ZSTD_isError(rc))
            return err_set(e, "%s: damaged zstd: %s", s->name, ZSTD_getErrorName(rc));
        s->at = in.pos;
        s->inside = rc != 0;
        if (got == 0 && out.pos == 0)
            return s->inside ? err_set(e, "%s: it ends inside a zstd frame: was it copied whole?", s->name) : 0;
    }
    return (ssize_t)out.pos;
}

ssize_t unzip_read(void *ctx, void *p, size_t n, struct err *e)
{
    struct unzip *s = ctx;

    return s->how == GZIP ? read_gzip(s, p, n, e) : s->how == ZSTD ? read_zstd(s, p, n, e) : read_plain(s, p, n, e);
}

void unzip_close(struct unzip *s)
{
    if (s->how == GZIP)
        inflateEnd(&s->z);
    ZSTD_freeDCtx(s->d);
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    free(s->in);
    free(s->name);
    free(s);
}
