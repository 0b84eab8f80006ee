#include "ckpt/names.h"

#include <string.h>

#include "arch/arch.h"

static int starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

int names_gguf(const char *name)
{
    return starts(name, "blk.") || starts(name, "token_embd.") || starts(name, "output_norm.") || starts(name, "output.") ||
           starts(name, "position_embd.") || starts(name, "rope_freqs.");
}

char *names_hf(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);
    const char *role, *end;
    int64_t layer;
    size_t n;

    if (!a || !arch_role(a->name, name, &role, &layer))
        return NULL;
    n = strlen(role);
    end = n > 5 && strcmp(role + n - 5, ".bias") == 0 ? ".bias" : ".weight";
    n -= strcmp(end, ".bias") == 0 ? 5 : 0;
    for (const struct arch_name *p = a->names; p->pattern; p++) {
        const char *hash = strchr(p->pattern, '#'), *prefix = strcmp(p->pattern, "lm_head") == 0 ? "" : a->prefixes[0];

        if (strlen(p->role) != n || strncmp(p->role, role, n) != 0)
            continue;
        if (!hash)
            return mem_printf("%s%s%s", prefix, p->pattern, end);
        return mem_printf("%s%.*s%lld%s%s", prefix, (int)(hash - p->pattern), p->pattern, (long long)layer, hash + 1, end);
    }
    return NULL;
}

int names_rotary(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);
    const char *role;
    int64_t layer;

    if (!a || a->learned_positions || !arch_role(a->name, name, &role, &layer))
        return 0;
    return starts(role, "attn.k") || (starts(role, "attn.q") && !starts(role, "attn.qkv"));
}

int names_interleaved(const struct attrs *model, const char *arch, const char *name)
{
    const char *rope = attrs_str(model, "rope", NULL);

    return rope ? strcmp(rope, "interleaved") == 0 : arch && strcmp(arch, "llama") == 0 && names_gguf(name);
}
