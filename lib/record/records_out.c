#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "record/jsonl.h"
#include "record/records_parts.h"

struct records_out *records_out_open(int fd, const char *name, const struct records_opts *how, struct records *in,
                                     struct err *e)
{
    struct records_out *out = mem_new(1, sizeof *out);
    struct reader *from = in ? records_reader(in) : NULL;

    out->name = mem_strdup(name);
    out->fd = fd;
    out->how = *how;
    io_enlarge_pipe(fd);
    if (!how->lines) {
        out->writer = fd == STDOUT_FILENO ? writer_stdout(from, e) : writer_open(fd, name, from, e);
        if (!out->writer)
            return free(out->name), free(out), NULL;
    }
    if (in)
        records_link(in, out);
    return out;
}

struct writer *records_out_writer(struct records_out *out)
{
    return out->writer;
}

int records_flush(struct records_out *out, struct err *e)
{
    int rc = 0;

    if (out->block.len && out->writer)
        rc = text_write(out->writer, out->n, out->block.data, out->block.len, e);
    else if (out->block.len && io_write(out->fd, out->block.data, out->block.len, e) < 0)
        rc = err_in(e, "%s", out->name);
    out->block.len = 0;
    out->n = 0;
    return rc;
}

int records_write(struct records_out *out, const struct record *r, struct err *e)
{
    if (out->writer)
        record_pack(&out->block, r);
    else if (jsonl_write(&out->block, r, out->how.text_field ? out->how.text_field : "text",
                         out->how.id_field ? out->how.id_field : "id", e) < 0)
        return err_in(e, "%s: record %.*s", out->name, (int)(r->id_len > 100 ? 100 : r->id_len), r->id);
    out->n++;
    return out->block.len >= RECORD_BLOCK_BYTES ? records_flush(out, e) : 0;
}

int records_finish(struct records_out *out, struct err *e)
{
    int rc = records_flush(out, e);

    if (out->in)
        records_unlink(out->in);
    if (rc == 0 && out->writer)
        rc = writer_finish(out->writer, e);
    else if (out->writer)
        writer_abandon(out->writer);
    buf_free(&out->block);
    free(out->name);
    free(out);
    return rc;
}
