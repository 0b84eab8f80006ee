/* to_hf_place: names and rows of GGUF's tensors as a Hugging Face folder has them. */
#include <stdlib.h>
#include <string.h>

#include "model/arch.h"
#include "model/to_hf.h"

static int starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static int is_gguf_name(const char *name)
{
    return starts(name, "blk.") || starts(name, "token_embd.") || starts(name, "output_norm.") || starts(name, "output.") ||
           starts(name, "position_embd.");
}

/* The Hugging Face name of a role: the first of the row's names, which are theirs. NULL: the architecture has none for it. */
static char *name_of(const struct arch *a, const char *role, int64_t layer)
{
    size_t n = strlen(role);
    int bias = n > 5 && strcmp(role + n - 5, ".bias") == 0;

    n -= bias ? 5 : 0;
    for (const struct arch_name *p = a->names; p->pattern; p++) {
        const char *hash = strchr(p->pattern, '#'), *prefix = strcmp(p->pattern, "lm_head") == 0 ? "" : a->prefixes[0];
        const char *end = bias ? ".bias" : ".weight";

        if (strlen(p->role) != n || strncmp(p->role, role, n) != 0)
            continue;
        if (!hash)
            return mem_printf("%s%s%s", prefix, p->pattern, end);
        return mem_printf("%s%.*s%lld%s%s", prefix, (int)(hash - p->pattern), p->pattern, (long long)layer, hash + 1, end);
    }
    return NULL;
}

char *hf_module(const struct attrs *model, const struct bundle *b)
{
    const struct arch *a = arch_find(attrs_str(model, "arch", ""));
    const char *role;
    int64_t layer;
    char *name = a && arch_role(a->name, b->name, &role, &layer) ? name_of(a, role, layer) : NULL;
    size_t n;

    if (!name)
        name = mem_strdup(b->name);
    n = strlen(name);
    if (n > 7 && strcmp(name + n - 7, ".weight") == 0)
        name[n - 7] = '\0';
    return name;
}

int to_hf_place(const struct to_hf *t, const struct bundle *b, struct hf_place *place, struct err *e)
{
    const struct arch *a = arch_find(attrs_str(&t->model, "arch", NULL));
    const char *role = NULL;
    int64_t layer = -1;

    memset(place, 0, sizeof *place);
    if (!a)
        return 0;
    place->skip = strcmp(b->name, "rope_freqs.weight") == 0; /* config.json's rope_scaling */
    if (!arch_role(a->name, b->name, &role, &layer))
        return 0;
    if (is_gguf_name(b->name))
        place->name = name_of(a, role, layer);
    place->turned = place->name && arch_turned(a->name, place->name);
    if (strcmp(attrs_str(&t->model, "rope", ""), "interleaved") == 0 && (starts(role, "attn.q") || starts(role, "attn.k")) &&
        !starts(role, "attn.qkv")) {
        uint64_t n = b->shape.rank < 2 ? b->cols : b->rows;

        place->head_dim = (uint64_t)attrs_int(&t->model, "head_dim", 0);
        if (place->head_dim < 2 || n % place->head_dim)
            return err_set(e, "%s: %llu rows are no whole number of heads of %llu", b->name, (unsigned long long)n,
                           (unsigned long long)place->head_dim);
    }
    return 0;
}

uint64_t to_hf_row(uint64_t r, uint64_t head_dim)
{
    uint64_t in = r % head_dim;

    return r - in + (in % 2 ? head_dim / 2 : 0) + in / 2;
}
