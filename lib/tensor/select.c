#include "tensor/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/parse.h"

/* First words of roles that are none of a linear layer. */
static const char *const others[] = {"embed", "pos", "type", "head", "norm", "conv", "rel", "state"};

int select_linear(const struct bundle *b)
{
    size_t n = b->role ? strlen(b->role) : 0;

    if (b->shape.rank != 2 || n == 0 || (n > 7 && strcmp(b->role + n - 7, ".router") == 0))
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t k = strlen(others[i]);

        if (strncmp(b->role, others[i], k) == 0 && (b->role[k] == '\0' || b->role[k] == '.'))
            return 0;
    }
    return 1;
}

/* Over the name; of a part of a stored tensor ("NAME:role") over the stored name, too. */
static int name_match(const char *glob, const char *name)
{
    const char *colon = strchr(name, ':');
    char *stored;
    int hit = glob_match(glob, name);

    if (hit || !colon)
        return hit;
    stored = mem_strndup(name, (size_t)(colon - name));
    hit = glob_match(glob, stored);
    free(stored);
    return hit;
}

/* Does a role word ("mlp", "attn.q", "linear") or a glob over names choose b? */
static int word_match(const char *word, const struct bundle *b)
{
    size_t n = strlen(word);

    if (b->role && strncmp(b->role, word, n) == 0 && (b->role[n] == '\0' || b->role[n] == '.'))
        return 1;
    return (strcmp(word, "linear") == 0 && select_linear(b)) || name_match(word, b->name);
}

static int list_match(const struct opt_list *l, const struct bundle *b)
{
    int hit = 0;

    for (int i = 0; i < l->n && !hit; i++) {
        char *copy = mem_strdup(l->item[i]), *rest = copy, *word;

        while (!hit && (word = strsep(&rest, ",")))
            hit = *word && word_match(word, b);
        free(copy);
    }
    return hit;
}

/* Is layer in "0:2,6:"? -1 when the text is none such. layer UINT64_MAX asks only for that. */
static int layer_match(const char *text, uint64_t layer, struct err *e)
{
    char *copy = mem_strdup(text), *rest = copy, *word;
    uint64_t lo, hi;
    int hit = 0;

    while (hit >= 0 && (word = strsep(&rest, ",")))
        if (parse_range(word, &lo, &hi, e) < 0)
            hit = -1;
        else
            hit |= layer >= lo && layer < hi;
    free(copy);
    return hit;
}

int select_check(const struct select *s, struct err *e)
{
    if (s->layers && layer_match(s->layers, UINT64_MAX, e) < 0)
        return err_in(e, "--layers");
    return 0;
}

int select_match(const struct select *s, const struct bundle *b)
{
    if (s->layers && (b->layer < 0 || layer_match(s->layers, (uint64_t)b->layer, NULL) <= 0))
        return 0;
    if (list_match(&s->skip, b))
        return 0;
    if (s->only.n)
        return list_match(&s->only, b);
    return s->linears ? select_linear(b) : 1;
}
