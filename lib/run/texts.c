#include "run/texts.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "run/windows.h"

#define TEXT_LIMIT (((uint64_t)1 << 31) - 2) /* what tok_encode takes */

static struct text *add(struct texts *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct text *x;

    t->text = mem_resize(t->text, (size_t)t->n + 1, sizeof *t->text);
    x = &t->text[t->n++];
    memset(x, 0, sizeof *x);
    x->name = mem_strdup(slash ? slash + 1 : path);
    return x;
}

/* The contents of files [from, to) of the list, one behind the other. */
static int slurp(const struct opt_list *l, int from, int to, struct buf *all, struct err *e)
{
    for (int i = from; i < to; i++) {
        struct buf b = {0};

        if (io_slurp(l->item[i], TEXT_LIMIT, &b, e) < 0)
            return -1;
        buf_add(all, b.data, b.len);
        buf_free(&b);
        if (all->len > TEXT_LIMIT)
            return err_set(e, "%s: the texts together are longer than %llu bytes", l->item[i],
                           (unsigned long long)TEXT_LIMIT);
    }
    return 0;
}

static int encode(const struct tok *tok, struct text *x, const struct buf *b, struct err *e)
{
    static const char newline = '\n';
    size_t n = b->len && b->data[b->len - 1] == (uint8_t)newline ? b->len - 1 : b->len;

    if (n == 0)
        return err_set(e, "the text is empty");
    x->bytes = n;
    if (tok_add_bos(tok) && tok_bos(tok) >= 0) {
        x->ids.id = mem_resize(NULL, 1024, sizeof *x->ids.id);
        x->ids.cap = 1024;
        x->ids.id[x->ids.n++] = (uint32_t)tok_bos(tok);
    }
    return tok_encode(tok, (const char *)b->data, n, &x->ids, e);
}

/* One text of files [from, to): encoded when there is a tokenizer, else read as ids. */
static int one(struct texts *t, const struct opt_list *l, int from, int to, const struct tok *tok, struct err *e)
{
    struct buf b = {0};
    struct text *x = add(t, l->item[from]);
    int rc = slurp(l, from, to, &b, e);

    if (rc == 0 && (rc = tok ? encode(tok, x, &b, e) : ids_parse((const char *)b.data, b.len, 0, &x->ids, e)) < 0)
        err_in(e, "%s", l->item[from]);
    if (rc == 0 && x->ids.n == 0)
        rc = err_set(e, "%s: there are no token ids in it", l->item[from]);
    buf_free(&b);
    return rc;
}

static int all(struct texts *t, const struct opt_list *l, int joined, const struct tok *tok, struct err *e)
{
    int step = joined ? l->n : 1;

    for (int i = 0; i < l->n; i += step)
        if (one(t, l, i, i + step, tok, e) < 0)
            return -1;
    return 0;
}

int texts_read(struct texts *t, const struct opt_list *files, const struct opt_list *ids, int joined,
               const struct tok_files *tok_files, int64_t bos, struct err *e)
{
    struct tok *tok = NULL;
    int rc = -1;

    *t = (struct texts){.bos = bos};
    if (files->n) {
        if (!tok_files->model.len && !tok_files->json.len)
            return err_set(e, "the stream carries no tokenizer before its tensors; give tsplit the folder with "
                              "tokenizer.model or tokenizer.json, or token ids with --ids");
        if (!(tok = tok_open(tok_files, e)))
            return -1;
        t->bos = tok_add_bos(tok) ? tok_bos(tok) : -1;
    }
    if (all(t, files, joined, tok, e) == 0 && all(t, ids, joined, NULL, e) == 0)
        rc = 0;
    tok_close(tok);
    return rc;
}

void texts_free(struct texts *t)
{
    for (int i = 0; i < t->n; i++) {
        free(t->text[i].name);
        free(t->text[i].ids.id);
    }
    free(t->text);
    memset(t, 0, sizeof *t);
}
