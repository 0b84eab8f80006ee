#include "merge/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "tok/tok.h"

struct word {
    const char *text;
    size_t len;
    uint32_t id;
};

/* The tokens of one operand by their texts. */
struct words {
    struct tok *tok;
    struct word *w; /* sorted */
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->text, y->text, n);

    return c ? c : x->len < y->len ? -1 : x->len > y->len;
}

static int by_text_and_id(const void *a, const void *b)
{
    int c = by_text(a, b);

    return c ? c : ((const struct word *)a)->id < ((const struct word *)b)->id ? -1 : 1;
}

static struct word word_at(const struct tok *t, uint32_t id)
{
    struct word w = {NULL, 0, id};

    w.text = tok_piece(t, id, &w.len);
    return w;
}

/* An id that no token has. */
static int is_hole(const struct tok *t, const struct word *w)
{
    char pad[24];

    snprintf(pad, sizeof pad, "[PAD%u]", w->id);
    return tok_type(t, w->id) == TOK_UNUSED && strlen(pad) == w->len && memcmp(pad, w->text, w->len) == 0;
}

static int find(const struct words *s, const struct word *w, uint32_t *id)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) { /* the first of equal texts */
        size_t at = (lo + hi) / 2;

        if (by_text(&s->w[at], w) < 0)
            lo = at + 1;
        else
            hi = at;
    }
    if (lo == s->n || by_text(&s->w[lo], w) != 0)
        return 0;
    *id = s->w[lo].id;
    return 1;
}

static int open_words(struct words *s, const struct operand *o, struct err *e)
{
    struct tok_files f = {0};
    int rc = o->in ? err_set(e, "--vocab needs its tokenizer before its tensors: give a checkpoint, not a stream") : 0;

    for (int i = 0; rc == 0 && i < o->source.blobs; i++) {
        struct buf *b = tok_file(&f, o->source.blob[i].name);

        if (b)
            rc = source_blob(&o->source, i, b, e);
    }
    if (rc == 0)
        rc = (s->tok = tok_open(&f, e)) ? 0 : -1;
    tok_files_free(&f);
    if (rc < 0)
        return err_in(e, "%s", o->path);
    s->w = mem_new((size_t)tok_vocab(s->tok) + 1, sizeof *s->w);
    for (uint32_t id = 0; id < tok_vocab(s->tok); id++) {
        s->w[s->n] = word_at(s->tok, id);
        s->n += !is_hole(s->tok, &s->w[s->n]);
    }
    qsort(s->w, s->n, sizeof *s->w, by_text_and_id);
    return 0;
}

static void close_words(struct words *s)
{
    tok_close(s->tok);
    free(s->w);
}

/* An added token of the operand's tokenizer.json, or NULL. */
static const struct json *added_token(const struct json *tokenizer, uint32_t id)
{
    const struct json *list = json_get(tokenizer, "added_tokens");

    for (const struct json *t = list && list->kind == JSON_ARRAY ? list->first : NULL; t; t = t->next)
        if (t->kind == JSON_OBJECT && json_int(t, "id", -1) == (int64_t)id)
            return t;
    return NULL;
}

static struct json *tokenizer_of(const struct operand *o, struct err *e)
{
    struct buf text = {0};
    struct json *j = NULL;
    int found = 0;

    for (int i = 0; i < o->source.blobs && !found; i++)
        if (strcmp(o->source.blob[i].name, "tokenizer.json") == 0) {
            found = 1;
            j = source_blob(&o->source, i, &text, e) < 0 ? NULL : json_parse(text.data, text.len, 64, e);
        }
    if (!found)
        err_set(e, "has no tokenizer.json, which says what was added");
    if (!j)
        err_in(e, "%s", o->path);
    buf_free(&text);
    return j;
}

/* The tokens of all, in the order in which they come. */
struct all {
    struct words *of;  /* [operands] */
    struct word *more; /* of others than the first, with the ids that they get */
    size_t mores;
};

static int lookup(const struct all *a, const struct word *w, uint64_t *id)
{
    uint32_t own;

    if (find(&a->of[0], w, &own)) {
        *id = own;
        return 1;
    }
    for (size_t i = 0; i < a->mores; i++)
        if (by_text(&a->more[i], w) == 0) {
            *id = a->more[i].id;
            return 1;
        }
    return 0;
}

static int add_word(struct all *a, struct vocab_files *f, const struct json *tokenizer, const struct operand *o,
                    const struct operand *first, const struct word *w, struct err *e)
{
    const struct json *t = added_token(tokenizer, w->id);

    if (!t)
        return err_set(e,
                       "%s: token %u, \"%.*s\", is not in %s and is none of the added ones: vocabularies that were "
                       "made apart have no union",
                       o->path, w->id, (int)(w->len < 80 ? w->len : 80), w->text, first->path);
    a->more = mem_resize(a->more, a->mores + 1, sizeof *a->more);
    a->more[a->mores] = (struct word){w->text, w->len, tok_vocab(a->of[0].tok) + (uint32_t)a->mores};
    return vocab_files_add(f, t, a->more[a->mores++].id, e);
}

/* Tokens of operand k that have not come yet. */
static int add_words(struct all *a, struct vocab_files *f, const struct operand *o, int k, struct err *e)
{
    struct json *tokenizer = NULL;
    int rc = 0;

    for (uint32_t id = 0; id < tok_vocab(a->of[k].tok) && rc == 0; id++) {
        struct word w = word_at(a->of[k].tok, id);
        uint64_t at;

        if (is_hole(a->of[k].tok, &w) || lookup(a, &w, &at))
            continue;
        if (!tokenizer && !(tokenizer = tokenizer_of(&o[k], e)))
            return -1;
        rc = add_word(a, f, tokenizer, &o[k], &o[0], &w, e);
    }
    json_free(tokenizer);
    return rc;
}

static int add_all(struct all *a, struct operand *o, int n, struct err *e)
{
    struct vocab_files *f = vocab_files_open(&o[0].source, o[0].path, e);
    int rc = f ? 0 : -1;
    struct err why;

    for (int k = 1; k < n && rc == 0; k++)
        rc = add_words(a, f, o, k, e);
    if (f && vocab_files_close(f, rc == 0, rc == 0 ? e : &why) < 0)
        rc = -1;
    return rc;
}

static uint64_t rows_of(const struct operand *o)
{
    for (size_t i = 0; i < o->plan.n; i++)
        if (o->plan.step[i].role && strcmp(o->plan.step[i].role, "embed") == 0)
            return o->plan.step[i].shape.dim[0];
    return 0;
}

/* For each row of the result, where operand k has it. */
static void map(struct merge_vocab *v, const struct all *a, int k, uint64_t own)
{
    int64_t *row = v->row[k] = mem_new(v->rows + 1, sizeof *row);

    for (uint64_t r = 0; r < v->rows; r++)
        row[r] = k == 0 && r < own ? (int64_t)r : -1; /* rows behind the last token are the first's */
    for (uint32_t id = 0; k > 0 && id < tok_vocab(a->of[k].tok); id++) {
        struct word w = word_at(a->of[k].tok, id);
        uint64_t at;

        if (!is_hole(a->of[k].tok, &w) && lookup(a, &w, &at) && at < v->rows && row[at] < 0)
            row[at] = id;
    }
    for (size_t i = 0; k == 0 && i < a->mores; i++)
        row[a->more[i].id] = -1; /* a row that no token had until now says nothing */
}

int merge_vocab_make(struct merge_vocab *v, struct operand *o, int n, int all, struct err *e)
{
    struct all a = {.of = mem_new((size_t)n, sizeof *a.of)};
    uint64_t own = 0;
    int rc = 0;

    *v = (struct merge_vocab){.operands = n, .row = mem_new((size_t)n, sizeof *v->row)};
    for (int k = 0; k < n && rc == 0; k++) {
        rc = open_words(&a.of[k], &o[k], e);
        if (rc == 0 && tok_kind(a.of[k].tok) != tok_kind(a.of[0].tok))
            rc = err_set(e, "the tokenizers of %s and %s are of two kinds", o[0].path, o[k].path);
    }
    if (rc == 0 && !(own = rows_of(&o[0])))
        rc = err_set(e, "%s has no embedding that is known as one", o[0].path);
    if (rc == 0 && all)
        rc = add_all(&a, o, n, e);
    v->rows = own;
    if (rc == 0 && a.mores && tok_vocab(a.of[0].tok) + a.mores > own)
        v->rows = tok_vocab(a.of[0].tok) + a.mores;
    if (rc == 0 && v->rows != own)
        attrs_set_int(&o[0].plan.model, "vocab", (int64_t)v->rows);
    for (int k = 0; k < n && rc == 0; k++)
        map(v, &a, k, own);
    for (int k = 0; k < n; k++)
        close_words(&a.of[k]);
    free(a.of);
    free(a.more);
    return rc;
}

static int same_files(const struct operand *a, const struct operand *b)
{
    static const char *const names[] = {"tokenizer.json", "tokenizer.model", "added_tokens.json"};
    int same = 1;

    for (int i = 0; i < 3 && same; i++) {
        const struct operand *o[2] = {a, b};
        struct buf text[2] = {{0}, {0}};
        struct err e;

        for (int s = 0; s < 2; s++)
            for (int k = 0; k < o[s]->source.blobs; k++)
                if (strcmp(o[s]->source.blob[k].name, names[i]) == 0 && source_blob(&o[s]->source, k, &text[s], &e) < 0)
                    same = 0;
        same = same && text[0].len == text[1].len &&
               (text[0].len == 0 || memcmp(text[0].data, text[1].data, text[0].len) == 0);
        buf_free(&text[0]);
        buf_free(&text[1]);
    }
    return same;
}

/* Tokens of both whose texts differ; *at: the first. */
static uint64_t other_texts(const struct tok *a, const struct tok *b, uint32_t *at)
{
    uint32_t n = tok_vocab(a) < tok_vocab(b) ? tok_vocab(a) : tok_vocab(b);
    uint64_t differ = 0;

    for (uint32_t id = n; id-- > 0;) {
        struct word x = word_at(a, id), y = word_at(b, id);

        if (!is_hole(a, &x) && !is_hole(b, &y) && by_text(&x, &y) != 0) {
            differ++;
            *at = id;
        }
    }
    return differ;
}

void merge_vocab_compare(const struct operand *o, int n, struct err *note)
{
    struct words a = {0};
    struct err e;
    int open = 0;

    note->msg[0] = '\0';
    for (int k = 1; k < n && !note->msg[0]; k++) {
        struct words b = {0};
        uint64_t differ = 0;
        uint32_t at = 0;

        if (o[0].in || o[k].in || same_files(&o[0], &o[k]) || (!open && open_words(&a, &o[0], &e) < 0))
            continue;
        open = 1;
        if (open_words(&b, &o[k], &e) == 0 && tok_kind(a.tok) == tok_kind(b.tok) &&
            (differ = other_texts(a.tok, b.tok, &at)) > 0)
            err_set(note,
                    "%llu tokens are others in %s than in %s (%u is \"%.40s\", \"%.40s\"), and their rows are merged "
                    "as they stand: --vocab first|union goes by texts",
                    (unsigned long long)differ, o[k].path, o[0].path, at, word_at(b.tok, at).text,
                    word_at(a.tok, at).text);
        close_words(&b);
    }
    if (open)
        close_words(&a);
}

void merge_vocab_free(struct merge_vocab *v)
{
    for (int k = 0; v->row && k < v->operands; k++)
        free(v->row[k]);
    free(v->row);
    *v = (struct merge_vocab){0};
}

int merge_vocab_takes(const struct merge_vocab *v, const struct bundle *b)
{
    return v && b->role && b->shape.rank == 2 && (strcmp(b->role, "embed") == 0 || strcmp(b->role, "head") == 0);
}

static int has(const struct merge_vocab *v, const struct operand *o, int k, uint64_t r)
{
    return v->row[k][r] >= 0 && (uint64_t)v->row[k][r] < o[k].b.rows;
}

/* What stands for a row in those that lack it: to[cols]. */
static int stand_in(const struct merge_vocab *v, const struct operand *o, float **rows, uint64_t r, uint64_t at,
                    uint64_t cols, float *to, struct err *e)
{
    float n = 0;

    memset(to, 0, cols * sizeof *to);
    for (int k = 0; k < v->operands; k++)
        if (has(v, o, k, r)) {
            for (uint64_t c = 0; c < cols; c++)
                to[c] += rows[k][at * cols + c];
            n++;
            if (k == 0)
                return 0;
        }
    if (n == 0)
        return err_set(e, "row %llu, of a token, is in none of the operands", (unsigned long long)r);
    for (uint64_t c = 0; c < cols; c++)
        to[c] /= n;
    return 0;
}

int merge_vocab_fill(const struct merge_vocab *v, const struct operand *o, float **rows, uint64_t row0, uint64_t n,
                     uint64_t cols, struct err *e)
{
    float *to = mem_new(cols + 1, sizeof *to);
    int rc = 0;

    for (uint64_t i = 0; i < n && rc == 0; i++) {
        int lack = 0;

        for (int k = 0; k < v->operands; k++)
            lack |= !has(v, o, k, row0 + i);
        if (lack)
            rc = stand_in(v, o, rows, row0 + i, i, cols, to, e);
        for (int k = 0; lack && rc == 0 && k < v->operands; k++)
            if (!has(v, o, k, row0 + i))
                memcpy(rows[k] + i * cols, to, cols * sizeof *to);
    }
    free(to);
    return rc;
}
