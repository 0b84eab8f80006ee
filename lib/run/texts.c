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

int texts_bos_parse(const char *arg, enum texts_bos *bos, struct err *e)
{
    static const char *const name[] = {[TEXTS_BOS_AUTO] = "auto", [TEXTS_BOS_YES] = "yes", [TEXTS_BOS_NO] = "no"};

    for (int i = 0; i < 3; i++)
        if (strcmp(arg, name[i]) == 0) {
            *bos = (enum texts_bos)i;
            return 0;
        }
    return err_set(e, "'%s' is not auto, yes or no", arg);
}

static int encode(const struct tok *tok, const struct texts_how *how, int64_t bos, struct text *x, const struct buf *b,
                  struct err *e)
{
    static const char newline = '\n';
    size_t n = b->len && b->data[b->len - 1] == (uint8_t)newline ? b->len - 1 : b->len;

    if (n == 0)
        return err_set(e, "the text is empty");
    x->bytes = n;
    if (!how->windows && how->bos == TEXTS_BOS_AUTO)
        tok_begin(tok, &x->ids);
    else if (!how->windows && bos >= 0)
        tok_ids_add(&x->ids, (uint32_t)bos);
    return tok_encode(tok, (const char *)b->data, n, how->special, &x->ids, e);
}

/* One text of files [from, to): encoded when there is a tokenizer, else read as ids. */
static int one(struct texts *t, const struct opt_list *l, int from, int to, const struct texts_how *how,
               const struct tok *tok, struct err *e)
{
    struct buf b = {0};
    struct text *x = add(t, l->item[from]);
    int rc = slurp(l, from, to, &b, e);

    if (rc == 0 &&
        (rc = tok ? encode(tok, how, t->bos, x, &b, e) : ids_parse((const char *)b.data, b.len, 0, &x->ids, e)) < 0)
        err_in(e, "%s", l->item[from]);
    if (rc == 0 && x->ids.n == 0)
        rc = err_set(e, "%s: there are no token ids in it", l->item[from]);
    buf_free(&b);
    return rc;
}

static int read_all(struct texts *t, const struct opt_list *l, const struct texts_how *how, const struct tok *tok,
                    struct err *e)
{
    int step = how->joined ? l->n : 1;

    for (int i = 0; i < l->n; i += step)
        if (one(t, l, i, i + step, how, tok, e) < 0)
            return -1;
    return 0;
}

/* What windows begin with; tok is NULL when there is none, model the id that config.json names. */
static int bos_find(const struct tok *tok, enum texts_bos wanted, int64_t model, int64_t *bos, struct err *e)
{
    int64_t own = tok && tok_bos(tok) >= 0 ? tok_bos(tok) : model;

    if (wanted == TEXTS_BOS_YES && own < 0)
        return err_set(e, "--bos yes: neither the tokenizer nor the model has a bos");
    *bos = wanted == TEXTS_BOS_YES || (wanted == TEXTS_BOS_AUTO && tok && tok_add_bos(tok)) ? own : -1;
    return 0;
}

int texts_read(struct texts *t, const struct opt_list *files, const struct opt_list *ids, const struct texts_how *how,
               const struct tok_files *tok_files, int64_t bos, struct err *e)
{
    int there = tok_files->model.len || tok_files->json.len, rc = -1;
    struct tok *tok = NULL;

    *t = (struct texts){.bos = -1};
    if (files->n && !there)
        return err_set(e, "the stream carries no tokenizer before its tensors; give tsplit the folder with "
                          "tokenizer.model or tokenizer.json, or token ids with --ids");
    if ((files->n || (there && how->bos == TEXTS_BOS_AUTO)) && !(tok = tok_open(tok_files, e)))
        return files->n ? -1 : err_in(e, "whether a window begins with bos is not known (--bos yes or no says it)");
    if (bos_find(tok, how->bos, bos, &t->bos, e) == 0 && read_all(t, files, how, tok, e) == 0 &&
        read_all(t, ids, how, NULL, e) == 0)
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

int texts_check(const struct texts_ask *x, int *usage, struct err *e)
{
    *usage = !x->files.n && !x->ids.n;
    if (*usage)
        return err_set(e, "no text: give -f TEXT");
    return opt_readable(&x->files, e) < 0 || opt_readable(&x->ids, e) < 0 ? -1 : 0;
}

int64_t texts_context(const struct texts_ask *x, const struct attrs *model)
{
    int64_t own = attrs_int(model, "context", 2048);

    return x->context ? x->context : own < 2048 ? own : 2048;
}

int texts_open(struct texts *t, const struct texts_ask *x, const struct feed *feed, struct err *e)
{
    int64_t bos = attrs_int(&reader_head(feed->in)->model, "bos", -1);

    return texts_read(t, &x->files, &x->ids, &x->how, &feed->files, bos, e);
}

int texts_cut(struct texts *t, int64_t context, enum protocol protocol, struct windows *w, struct err *e)
{
    for (struct text *x = t->text; x < t->text + t->n; x++) {
        x->first = w->tokens;
        if (windows_add(w, x->ids.id, x->ids.n, context, protocol, t->bos, e) < 0)
            return err_in(e, "%s", x->name);
        x->tokens = w->tokens - x->first;
    }
    return 0;
}

/* How many of most lie before place `at` of `all`. */
static uint64_t part(uint64_t most, uint64_t at, uint64_t all)
{
    return (uint64_t)((unsigned __int128)most * at / all);
}

int texts_spread(struct texts *t, const struct texts_how *how, int64_t context, uint64_t most, struct windows *w,
                 struct err *e)
{
    uint64_t all = 0, seen = 0;

    for (int i = 0; i < t->n; i++)
        all += t->text[i].ids.n;
    for (struct text *x = t->text; x < t->text + t->n; x++) {
        int64_t bos = x->bytes || how->bos == TEXTS_BOS_YES ? t->bos : -1;
        uint64_t mine = part(most, seen + x->ids.n, all) - part(most, seen, all);

        seen += x->ids.n;
        if ((mine || !most) && windows_spread(w, x->ids.id, x->ids.n, context, mine, bos, e) < 0)
            return err_in(e, "%s", x->name);
    }
    return 0;
}
