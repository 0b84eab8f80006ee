#include "ckpt/names.h"

#include <string.h>

int names_gguf(const char *name)
{
    static const char *const begin[] = {"blk.",           "token_embd",   "output_norm.", "output.",
                                        "position_embd.", "token_types.", "rope_freqs.",  "rope_factors_"};

    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
        if (strncmp(name, begin[i], strlen(begin[i])) == 0)
            return 1;
    return 0;
}

static const struct arch_weight *weight_of(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);
    const char *role;
    int64_t layer;

    return a && arch_role(a->name, name, &role, &layer, NULL) ? arch_weight(a, role, NULL) : NULL;
}

char *names_hf(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);
    const char *role;
    int64_t layer, expert;

    return a && arch_role(a->name, name, &role, &layer, &expert) ? arch_name_in(a, ARCH_HF, role, layer, expert) : NULL;
}

int names_rotary(const char *arch, const char *name)
{
    const struct arch_weight *w = weight_of(arch, name);

    return w && w->rope;
}

int names_interleaved(const struct attrs *model, const char *arch, const char *name)
{
    const char *rope = attrs_str(model, "rope", NULL);
    const struct arch *a = arch_find(arch);

    return rope ? strcmp(rope, "interleaved") == 0 : a && a->gguf_pair && names_gguf(name);
}

float names_offset(const char *arch, const char *from, const char *to)
{
    const struct arch_weight *w = weight_of(arch, from);

    return w && w->plus1 ? (float)(names_gguf(to) - names_gguf(from)) : 0;
}
