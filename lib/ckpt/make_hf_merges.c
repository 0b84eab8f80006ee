/* make_hf_merges: the merges of a tokenizer.json; of SentencePiece's BPE, which has scores instead, they are found. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/make_hf.h"
#include "record/json.h"
#include "tok/tok_int.h"

/* Two pieces that together are a third. */
struct merge {
    float score;
    uint32_t left, right, left_chars, right_chars;
    size_t at; /* order of finding: piece by piece, then by ids of left and right */
};

static int by_ids(const void *a, const void *b)
{
    const struct merge *x = a, *y = b;

    return x->left != y->left ? (x->left < y->left ? -1 : 1) : (x->right > y->right) - (x->right < y->right);
}

static int by_rank(const void *a, const void *b)
{
    const struct merge *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->left_chars != y->left_chars)
        return x->left_chars > y->left_chars ? -1 : 1;
    if (x->right_chars != y->right_chars)
        return x->right_chars > y->right_chars ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static uint32_t count_chars(const char *s, size_t n)
{
    uint32_t chars = 0;

    for (size_t i = 0; i < n; i++)
        chars += (s[i] & 0xc0) != 0x80;
    return chars;
}

static int joins(const struct tok *t, uint32_t id)
{
    return tok_type(t, id) == TOK_NORMAL || tok_type(t, id) == TOK_USER_DEFINED;
}

/* The pairs that give piece id, appended to *m. */
static void find_halves(const struct tok *t, uint32_t id, struct merge **m, size_t *n, size_t *cap)
{
    size_t len, first = *n;
    const char *s = tok_piece(t, id, &len);

    for (size_t i = 1; i < len; i++) {
        uint32_t left, right;

        if ((s[i] & 0xc0) == 0x80 || (left = tok_find(t, s, i)) == TOK_NONE ||
            (right = tok_find(t, s + i, len - i)) == TOK_NONE || !joins(t, left) || !joins(t, right))
            continue;
        if (*n == *cap) {
            *cap = *cap ? *cap * 2 : 4096;
            *m = mem_resize(*m, *cap, sizeof **m);
        }
        (*m)[(*n)++] = (struct merge){tok_score(t, id), left, right, count_chars(s, i), count_chars(s + i, len - i), 0};
    }
    if (*n > first)
        qsort(*m + first, *n - first, sizeof **m, by_ids);
    for (size_t i = first; i < *n; i++)
        (*m)[i].at = i;
}

static int has_space(const struct tok *t, uint32_t id)
{
    size_t len;
    const char *s = tok_piece(t, id, &len);

    return memchr(s, ' ', len) != NULL;
}

/* "left right", or where any piece has a space (Gemma's runs of spaces) the list of both: one form for all. */
static void put_merge(const struct tok *t, const struct merge *m, int spaced, struct buf *b)
{
    struct buf text = {0};
    size_t len[2];
    const char *left = tok_piece(t, m->left, &len[0]), *right = tok_piece(t, m->right, &len[1]);

    if (spaced) {
        buf_puts(b, "[");
        json_put_string(b, left, len[0]);
        buf_puts(b, ", ");
        json_put_string(b, right, len[1]);
        buf_puts(b, "]");
        return;
    }
    buf_add(&text, left, len[0]);
    buf_puts(&text, " ");
    buf_add(&text, right, len[1]);
    json_put_string(b, (const char *)text.data, text.len);
    buf_free(&text);
}

static void put_found_merges(const struct tok *t, struct buf *b)
{
    struct merge *m = NULL;
    size_t n = 0, cap = 0;
    int spaced = 0;

    for (uint32_t id = 0; id < tok_vocab(t); id++)
        if (joins(t, id))
            find_halves(t, id, &m, &n, &cap);
    if (n)
        qsort(m, n, sizeof *m, by_rank);
    for (size_t i = 0; i < n; i++)
        spaced |= has_space(t, m[i].left) || has_space(t, m[i].right);
    for (size_t i = 0; i < n; i++) {
        buf_puts(b, i ? ",\n      " : "\n      ");
        put_merge(t, &m[i], spaced, b);
    }
    free(m);
}

void make_hf_merges(const struct tok *t, struct buf *b)
{
    buf_puts(b, "    \"merges\": [");
    if (tok_kind(t) == TOK_SPM && tok_merges(t) == 0)
        put_found_merges(t, b);
    for (size_t i = 0; i < tok_merges(t); i++) {
        const char *m = tok_merge(t, i);

        buf_puts(b, i ? ",\n      " : "\n      ");
        json_put_string(b, m, strlen(m));
    }
    buf_puts(b, "\n    ]\n");
}
