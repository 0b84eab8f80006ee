/* config: any JSON as a config.json: what is known of a model, or a clause; bound to its page it has sizes, or a
 * clause; any key is a tensor's name. */
#include "arch/config.h"
#include "arch/place.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(24), 64)

static void names(const struct json *j, const char *arch)
{
    for (const struct json *c = j->first; c; c = c->next) {
        const char *role = NULL;
        int64_t layer = -1, expert = -1;

        if (c->key && arch_role(arch, c->key, &role, &layer, &expert) && (!role || layer < -1 || expert < -1))
            abort();
        names(c, arch);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct json *j = json_parse(p, n, 64, NULL);
    struct attrs model = {0};
    struct model m;
    struct buf text = {0}, out = {0};
    struct err e = {""};

    buf_add(&text, p, n);
    if (j && config_read(j, &model, &e) == 0 && model_open(&m, &model, &e) == 0) {
        if (m.layers < 1 || model_int(&m, "hidden", 0) < 0)
            abort();
        config_make(&m, "BF16", &out);
        if (j->kind == JSON_OBJECT && config_correct(&text, &model, &out, &e) < 0 && !e.msg[0])
            abort();
        model_close(&m);
    }
    if (j)
        names(j, attrs_str(&model, "arch", ""));
    buf_free(&text);
    buf_free(&out);
    attrs_free(&model);
    json_free(j);
    return 0;
}
