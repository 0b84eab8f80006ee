#include "prune/prune.h"

#include <stddef.h>
#include <string.h>

#include "base/table.h"

const struct prune_method *const prune_table[] = {
#define METHOD(n) &prune_##n,
#include "prune/prune.def"
#undef METHOD
    NULL};

const struct prune_method *prune_find(const char *name)
{
    return table_find(prune_table, name);
}
