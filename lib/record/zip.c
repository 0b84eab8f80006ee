#include "record/zip.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/io.h"
#include "base/mem.h"

#define OUT_BYTES ((size_t)256 << 10)

struct zip {
    int fd;
    enum zip_how how;
    uint8_t *out;
    z_stream z;
    ZSTD_CCtx *c;
};

static void drop(struct zip *z)
{
    if (z->how == ZIP_GZIP)
        deflateEnd(&z->z);
    ZSTD_freeCCtx(z->c);
    free(z->out);
    free(z);
}

struct zip *zip_open(int fd, enum zip_how how, int level, struct err *e)
{
    struct zip *z = mem_new(1, sizeof *z);

    z->fd = fd;
    z->how = how;
    z->out = mem_new(OUT_BYTES, 1);
    if (how == ZIP_GZIP && deflateInit2(&z->z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        z->how = ZIP_PLAIN; /* nothing to end */
        err_set(e, "zlib cannot begin at level %d", level);
    } else if (how == ZIP_ZSTD && (!(z->c = ZSTD_createCCtx()) ||
                                   ZSTD_isError(ZSTD_CCtx_setParameter(z->c, ZSTD_c_compressionLevel, level)) ||
                                   ZSTD_isError(ZSTD_CCtx_setParameter(z->c, ZSTD_c_checksumFlag, 1)))) {
        err_set(e, "zstd cannot begin at level %d", level);
    } else {
        return z;
    }
    drop(z);
    return NULL;
}

static int put_gzip(struct zip *z, const void *p, size_t n, int end, struct err *e)
{
    int rc;

    z->z.next_in = (void *)(uintptr_t)p;
    z->z.avail_in = (uInt)n;
    do {
        z->z.next_out = z->out;
        z->z.avail_out = (uInt)OUT_BYTES;
        rc = deflate(&z->z, end ? Z_FINISH : Z_NO_FLUSH);
        if (io_write(z->fd, z->out, OUT_BYTES - z->z.avail_out, e) < 0)
            return -1;
    } while (end ? rc != Z_STREAM_END : z->z.avail_out == 0);
    return 0;
}

static int put_zstd(struct zip *z, const void *p, size_t n, int end, struct err *e)
{
    ZSTD_inBuffer in = {p, n, 0};
    size_t left;

    do {
        ZSTD_outBuffer out = {z->out, OUT_BYTES, 0};

        left = ZSTD_compressStream2(z->c, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return err_set(e, "zstd: %s", ZSTD_getErrorName(left));
        if (io_write(z->fd, z->out, out.pos, e) < 0)
            return -1;
    } while (end ? left != 0 : in.pos < in.size);
    return 0;
}

/* Pieces that fit into zlib's 32-bit counts. */
int zip_put(struct zip *z, const void *p, size_t n, struct err *e)
{
    const char *at = p;

    while (n) {
        size_t piece = n < (size_t)1 << 30 ? n : (size_t)1 << 30;
        int rc = z->how == ZIP_GZIP   ? put_gzip(z, at, piece, 0, e)
                 : z->how == ZIP_ZSTD ? put_zstd(z, at, piece, 0, e)
                                      : io_write(z->fd, at, piece, e);

        if (rc < 0)
            return -1;
        at += piece;
        n -= piece;
    }
    return 0;
}

int zip_close(struct zip *z, struct err *e)
{
    int rc = z->how == ZIP_GZIP ? put_gzip(z, "", 0, 1, e) : z->how == ZIP_ZSTD ? put_zstd(z, "", 0, 1, e) : 0;

    drop(z);
    return rc;
}
