/*
 * tsplit: a checkpoint as a stream: its files as blobs, then its tensors in the order of a forward pass.
 * Memory: the list of tensors and one chunk of 2 MiB.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "model/plan.h"

#define CHUNK_BYTES ((uint64_t)2 << 20)

static struct select sel;
static const char *output = "-";
static struct err e;

static const struct opt opts[] = {
    {'o', "output", "FILE", OPT_STRING | OPT_UNSAID, &output, "write the stream to FILE (default -: standard output)", 0},
    SELECT_OPTS(sel),
    OPT_END
};

/* The name that a GGUF or a table of results will show: the last part of the path. */
static const char *plain_name(char *path)
{
    size_t n = strlen(path);
    const char *slash;

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    slash = strrchr(path, '/');
    slash = slash ? slash + 1 : path;
    return *slash && strcmp(slash, ".") != 0 && strcmp(slash, "..") != 0 ? slash : NULL;
}

static void send_blobs(const struct source *s, struct writer *out)
{
    for (int i = 0; i < s->blobs; i++) {
        struct buf b = {0};

        if (source_blob(s, i, &b, &e) < 0 || blob_write(out, s->blob[i].name, b.data, b.len, &e) < 0)
            die("%s: %s", s->blob[i].name, e.msg);
        buf_free(&b);
    }
}

static void send_tensor(const struct source *s, struct step *step, struct writer *out)
{
    const struct part *p = &step->b.part[0];
    uint64_t slab = p->row_bytes && p->row_bytes < CHUNK_BYTES ? CHUNK_BYTES / p->row_bytes : 1;
    uint8_t *buf = mem_resize(NULL, slab * p->row_bytes + 1, 1);

    if (bundle_begin(out, &step->b, &e) < 0)
        die("%s: %s", step->b.name, e.msg);
    for (uint64_t r = 0; r < p->rows && p->row_bytes; r += slab) {
        uint64_t n = p->rows - r < slab ? p->rows - r : slab;

        if (source_read(s, step->t, r * p->row_bytes, buf, (size_t)(n * p->row_bytes), &e) < 0 ||
            bundle_put(out, &step->b, 0, r, n, buf, &e) < 0)
            die("%s: %s", step->b.name, e.msg);
        progress_step(0, n * p->row_bytes);
    }
    if (bundle_end(out, &step->b, &e) < 0)
        die("%s: %s", step->b.name, e.msg);
    progress_step(1, 0);
    free(buf);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"tsplit", "[OPTION]... PATH...", "Write a checkpoint as a stream of tensors.", opts,
                                         opt_common, NULL};
    struct source s = {0};
    struct plan plan;
    struct target *target;
    struct writer *out;
    int paths = opt_parse(argc, argv, &spec);

    if (paths == 0)
        die_usage("no checkpoint is named; give a folder or a file");
    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    for (int i = 1; i <= paths; i++)
        if (source_open(&s, argv[i], &e) < 0)
            die("%s", e.msg);
    if (plan_make(&plan, &s, &sel, &e) < 0 || !(target = target_open(output, &e)) ||
        !(out = writer_open(target_fd(target), output, NULL, &e)))
        die("%s", e.msg);
    if (plan.note.msg[0])
        warn("%s: the tokenizer does not travel as a file: %s", argv[1], plan.note.msg);
    plan_head(&plan, &s, writer_head(out));
    if (paths == 1 && plain_name(argv[1]))
        attrs_set_str(&writer_head(out)->more, "name", plain_name(argv[1]));
    progress_total(plan.n, writer_head(out)->bytes);
    send_blobs(&s, out);
    for (size_t i = 0; i < plan.n; i++)
        send_tensor(&s, &plan.step[i], out);
    progress_end();
    if (writer_finish(out, &e) < 0 || target_commit(target, &e) < 0)
        die("%s", e.msg);
    plan_free(&plan);
    source_close(&s);
    return 0;
}
