/* config: any JSON as a config.json: what is known of a model, or a clause; its parameters are sizes or a clause; any key is a tensor's name too. */
#include "arch/arch.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

static void names(const struct json *j, const char *arch)
{
    for (const struct json *c = j->first; c; c = c->next) {
        const char *role = NULL;
        int64_t layer = -1;

        if (c->key && arch_role(arch, c->key, &role, &layer) && (!role || layer < -1 || arch_order(role, layer) == UINT64_MAX))
            abort();
        names(c, arch);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct json *j = json_parse(p, n, 64, NULL);
    struct attrs model = {0};
    struct arch_params a;
    struct err e = {""};

    if (j && arch_from_config(j, &model, &e) == 0 && arch_params(&model, &a, &e) == 0 &&
        (a.hidden < 1 || a.layers < 1 || a.heads < 1 || a.kv_heads < 1 || a.head_dim < 1 || a.vocab < 1 || a.heads % a.kv_heads))
        abort();
    if (j)
        names(j, attrs_str(&model, "arch", ""));
    attrs_free(&model);
    json_free(j);
    return 0;
}
