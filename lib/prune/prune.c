#include "prune/prune.h"

#include <stddef.h>
#include <string.h>

const struct prune_method *const prune_table[] = {
#define METHOD(n) &prune_##n,
#include "prune/prune.def"
#undef METHOD
    NULL};

const struct prune_method *prune_find(const char *name)
{
    for (int i = 0; prune_table[i]; i++)
        if (strcmp(prune_table[i]->name, name) == 0)
            return prune_table[i];
    return NULL;
}
