/* arch: the table of architectures, roles of names, and the order of a forward pass. */
#include "arch/arch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

#define ARCH(name) extern const struct arch arch_##name;
#include "arch/arch.def"
#undef ARCH

static const struct arch *const rows[] = {
#define ARCH(name) &arch_##name,
#include "arch/arch.def"
#undef ARCH
    NULL};

const struct arch *arch_row(int i)
{
    return rows[i];
}

const struct arch *arch_find(const char *name)
{
    for (int i = 0; name && rows[i]; i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}

/* Does name[0..n) match the pattern? '#' takes a layer number of at most 9 digits without leading zeros. */
static int name_match(const char *pattern, const char *name, size_t n, int64_t *layer)
{
    const char *end = name + n;

    *layer = -1;
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (name == end || *name++ != *pattern)
                return 0;
            continue;
        }
        size_t digits = strspn(name, "0123456789");

        if (digits == 0 || digits > 9 || (digits > 1 && *name == '0'))
            return 0;
        *layer = strtoll(name, NULL, 10);
        name += digits;
    }
    return name == end;
}

/* Length of name without ".weight" or ".bias" (then *bias is 1); 0 when it has neither. */
static size_t stem(const char *name, int *bias)
{
    size_t n = strlen(name);

    *bias = n > 5 && strcmp(name + n - 5, ".bias") == 0;
    if (*bias)
        return n - 5;
    return n > 7 && strcmp(name + n - 7, ".weight") == 0 ? n - 7 : 0;
}

/* The row that a name fits, or NULL; whether it is the bias, and which layer. */
static const struct arch_name *find_row(const struct arch *a, const char *name, int *bias, int64_t *layer)
{
    size_t n;

    for (int i = 0; a->prefixes[i]; i++) {
        size_t skip = strlen(a->prefixes[i]);

        if (strncmp(name, a->prefixes[i], skip) == 0) {
            name += skip;
            break;
        }
    }
    n = stem(name, bias);
    for (const struct arch_name *p = a->names; n && p->pattern; p++)
        if (name_match(p->pattern, name, n, layer))
            return p;
    return NULL;
}

static int row_role(const struct arch *a, const char *name, const char **role, int64_t *layer)
{
    int bias;
    const struct arch_name *row = find_row(a, name, &bias, layer);

    if (row)
        *role = bias ? row->bias_role : row->role;
    return row != NULL;
}

int arch_role(const char *arch, const char *name, const char **role, int64_t *layer)
{
    const struct arch *a = arch_find(arch);

    if (arch && *arch)
        return a ? row_role(a, name, role, layer) : 0;
    for (int i = 0; rows[i]; i++)
        if (row_role(rows[i], name, role, layer))
            return 1;
    return 0;
}

int arch_turned(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);
    int64_t layer;
    int bias;
    const struct arch_name *row = a ? find_row(a, name, &bias, &layer) : NULL;

    return row && row->turned && !bias;
}

int arch_buffer(const char *arch, const char *name)
{
    const struct arch *a = arch_find(arch);

    return a && glob_match_list(a->buffers, name);
}

uint64_t arch_order(const char *role, int64_t layer)
{
    static const char *const in_block[] = {"norm.attn", "attn.qkv", "attn.q", "attn.k", "attn.v", "attn.o",
                                           "norm.mlp", "mlp.gate", "mlp.up", "mlp.down", NULL};
    static const char *const before[] = {"embed", "pos", NULL}, *const after[] = {"norm.final", "head", NULL};
    const char *const *const list[] = {before, in_block, after};
    size_t n = role ? strlen(role) : 0;
    int bias = n > 5 && strcmp(role + n - 5, ".bias") == 0;

    n -= bias ? 5 : 0;
    for (int l = 0; role && l < 3; l++)
        for (unsigned i = 0; list[l][i]; i++)
            if (strncmp(list[l][i], role, n) == 0 && list[l][i][n] == '\0')
                return ((uint64_t)l << 48) + ((uint64_t)(layer + 1) << 8) + 2 * i + (unsigned)bias;
    return UINT64_MAX;
}
