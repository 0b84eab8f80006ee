#include "merge/files.h"

#include <stdlib.h>

#include "base/progress.h"
#include "merge/attach.h"
#include "merge/heads.h"

/* Blobs and head of a checkpoint that leads; a stream's come with its reader. */
static int begin_checkpoint(struct operand *first, struct writer *out, struct err *e)
{
    plan_head(&first->plan, &first->source, writer_head(out));
    for (int i = 0; i < first->source.blobs; i++) {
        const char *name = first->source.blob[i].name;
        struct buf b = {0};
        int rc = source_blob(&first->source, i, &b, e) < 0 ? -1 : blob_write(out, name, b.data, b.len, e);

        buf_free(&b);
        if (rc < 0)
            return err_in(e, "%s", name);
    }
    return 0;
}

static int open_all(struct merge_pass *p, char **paths, int n, int *untied, struct err *e)
{
    p->operand = mem_new((size_t)n, sizeof *p->operand);
    p->operands = n;
    for (int i = 0; i < n; i++)
        if (operand_open(&p->operand[i], paths[i], e) < 0)
            return -1;
    operand_agree(p->operand, n);
    return merge_same_shard(p, e) < 0 || (p->method && merge_heads(p->operand, n, untied, e) < 0) ? -1 : 0;
}

static int set_vocab(struct merge_pass *p, struct merge_vocab *v, const char *which, void (*tell)(const char *line),
                     struct err *e)
{
    struct err note;

    p->vocab = which ? v : NULL;
    if (which)
        return merge_vocab_make(v, p->operand, p->operands, *which == 'u', e);
    if (!p->method)
        return 0;
    merge_vocab_compare(p->operand, p->operands, &note);
    if (note.msg[0])
        tell(note.msg);
    return 0;
}

static int compute(struct merge_pass *p, int untied, struct writer *out, struct err *e)
{
    if (!p->method)
        return merge_attach(&p->operand[0], &p->operand[1], out, e);
    writer_drop_manifest(out);
    if (untied)
        attrs_set_bool(&writer_head(out)->model, "tied", 0);
    if ((p->method->run ? p->method->run(p, out, e) : merge_all(p, out, e)) < 0)
        return -1;
    return select_end(p->sel, operand_model(&p->operand[0]), SELECT_CHOSEN, NULL, e);
}

int merge_files(struct merge_pass *p, char **paths, int n, const char *vocab, int fd, const char *path,
                void (*tell)(const char *line), struct err *e)
{
    struct merge_vocab v = {0};
    struct writer *out = NULL;
    int untied = 0, rc = 0;

    if (open_all(p, paths, n, &untied, e) < 0 || set_vocab(p, &v, vocab, tell, e) < 0 ||
        !(out = writer_open(fd, path, p->operand[0].in, e)) ||
        (!p->operand[0].in && begin_checkpoint(&p->operand[0], out, e) < 0))
        rc = -1;
    if (rc == 0) {
        progress_total(writer_head(out)->tensors, 0);
        rc = compute(p, untied, out, e) < 0 ? -1 : writer_finish(out, e);
    }
    progress_end();
    merge_pass_free(p);
    merge_vocab_free(&v);
    free(p->operand);
    return rc;
}
