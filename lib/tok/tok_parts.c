/* tok_parts: a tokenizer from its pieces, as GGUF's keys and llama2.c's tokenizer.bin hold them; the tables of merging by score. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

static int by_score(const void *a, const void *b, void *tok)
{
    const struct tok *t = tok;
    float x = t->piece[*(const uint32_t *)a].score, y = t->piece[*(const uint32_t *)b].score;

    return (x < y) - (x > y);
}

/* Places by score; equal scores share one, since then the leftmost pair goes first. */
static void order_fill(struct tok *t)
{
    uint32_t *id = mem_new(t->n, sizeof *id), n = 0, place = 0;

    t->order = mem_new(t->n, sizeof *t->order);
    for (uint32_t i = 0; i < t->n; i++) {
        int type = t->piece[i].type;

        t->order[i] = TOK_NONE;
        t->unused = t->unused || type == TOK_UNUSED;
        if (type == TOK_NORMAL || type == TOK_USER_DEFINED || type == TOK_UNUSED)
            id[n++] = i;
    }
    qsort_r(id, n, sizeof *id, by_score, t);
    for (uint32_t i = 0; i < n; i++) {
        place += i && t->piece[id[i]].score != t->piece[id[i - 1]].score;
        t->order[id[i]] = place;
    }
    free(id);
}

int tok_score_tables(struct tok *t, struct err *e)
{
    t->kind = TOK_SPM;
    t->by_score = t->sp = true;
    t->pre = "default";
    if (t->byte_fallback && tok_find_bytes(t, e) < 0)
        return -1;
    for (uint32_t id = 0; id < t->n; id++) {
        if (t->piece[id].type == TOK_UNKNOWN && t->unk >= 0)
            return err_set(e, "pieces %lld and %u are both the unknown piece", (long long)t->unk, id);
        if (t->piece[id].type == TOK_UNKNOWN)
            t->unk = id;
        if (t->piece[id].type == TOK_USER_DEFINED)
            tok_cuts_add(&t->symbols, id);
    }
    if (t->unk < 0)
        return err_set(e, "there is no unknown piece among %u", t->n);
    order_fill(t);
    t->words = t->sp_escape && !t->unused && !tok_space_inside(t) && (t->byte_fallback || tok_find(t, TOK_SPACE, 3) != TOK_NONE);
    tok_cuts_sort(t, &t->symbols);
    return 0;
}

/* Whether s is UTF-8 throughout. */
static bool is_utf8(const char *s, size_t n)
{
    for (size_t len; n; s += len, n -= len)
        if (!(len = tok_utf8(s, n)))
            return false;
    return true;
}

static int pieces_put(struct tok *t, const struct tok_parts *p, struct err *e)
{
    for (uint32_t id = 0; id < p->n; id++) {
        int type = p->type ? p->type[id] : TOK_NORMAL;
        float score = p->score ? p->score[id] : 0;

        if (type < TOK_NORMAL || type > TOK_BYTE)
            return err_set(e, "piece %u has type %d", id, type);
        if (!is_utf8(p->text[id], p->len[id]))
            return err_set(e, "piece %u is not UTF-8", id);
        if (score != score)
            return err_set(e, "piece %u has a score that is not a number", id);
        if (tok_put(t, id, p->text[id], p->len[id], type, score, p->n, e) < 0)
            return -1;
    }
    return 0;
}

static int special_check(const struct tok *t, const struct tok_parts *p, struct err *e)
{
    const int64_t id[] = {p->bos, p->eos, p->unk, p->pad};
    static const char *const name[] = {"bos", "eos", "unk", "pad"};

    for (int i = 0; i < 4; i++)
        if (id[i] >= (int64_t)t->n)
            return err_set(e, "%s is %lld, not below %u", name[i], (long long)id[i], t->n);
    if ((p->add_bos && p->bos < 0) || (p->add_eos && p->eos < 0))
        return err_set(e, "%s is to be added, but not given", p->add_bos && p->bos < 0 ? "bos" : "eos");
    return 0;
}

static int spm_fill(struct tok *t, const struct tok_parts *p, struct err *e)
{
    if (!p->score)
        return err_set(e, "there are no scores");
    t->sp_escape = true;
    t->sp_prefix = p->space_prefix;
    t->sp_trim = p->trim_spaces;
    if (p->unk >= 0 && !p->type)
        t->piece[p->unk].type = TOK_UNKNOWN;
    t->byte_fallback = tok_find(t, "<0x00>", 6) != TOK_NONE;
    if (tok_score_tables(t, e) < 0)
        return -1;
    if (p->unk >= 0 && p->unk != t->unk)
        return err_set(e, "unk is %lld, but the unknown piece is %lld", (long long)p->unk, (long long)t->unk);
    return 0;
}

static int bpe_fill(struct tok *t, const struct tok_parts *p, struct err *e)
{
    if (tok_pre_named(t, p->pre ? p->pre : "default", e) < 0)
        return -1;
    t->kind = TOK_BPE;
    t->unk = p->unk;
    t->ignore_merges = !strcmp(t->pre, "llama-bpe");
    tok_find_letters(t);
    t->merge_at = mem_new(p->merges, sizeof *t->merge_at);
    for (size_t i = 0; i < p->merges; i++)
        if (tok_merge_text(t, p->merge[i], strlen(p->merge[i]), e) < 0)
            return -1;
    for (uint32_t id = 0; id < t->n; id++)
        if (t->piece[id].type == TOK_USER_DEFINED && t->piece[id].len)
            tok_cuts_add(&t->added, id);
    tok_cuts_sort(t, &t->added);
    return 0;
}

struct tok *tok_from_parts(const struct tok_parts *p, struct err *e)
{
    struct tok *t = tok_empty();
    int got = p->kind != TOK_SPM && p->kind != TOK_BPE ? err_set(e, "tokenizer of kind %d", p->kind) : pieces_put(t, p, e);

    if (got == 0)
        got = special_check(t, p, e);
    if (got == 0)
        got = p->kind == TOK_SPM ? spm_fill(t, p, e) : bpe_fill(t, p, e);
    if (got < 0) {
        tok_close(t);
        return NULL;
    }
    tok_specials(t);
    t->bos = p->bos;
    t->eos = p->eos;
    t->pad = p->pad;
    t->add_bos = p->add_bos;
    t->add_eos = p->add_eos;
    return t;
}
