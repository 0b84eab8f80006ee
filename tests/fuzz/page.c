/* page: any text as a page of an architecture: read, or a clause with file and line. */
#include "arch/place.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(32), 64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct err e = {""};
    struct arch *a = arch_read((const char *)p, n, "own.arch", &e);
    struct attrs head = {0};
    struct model m;
    struct arch_place at;

    if (!a && strncmp(e.msg, "own.arch", 8) != 0)
        abort();
    if (a) {
        arch_place(a, NULL, "model.layers.3.self_attn.q_proj.weight", &at);
        attrs_set_str(&head, "arch", a->name);
        attrs_set_str(&head, "page", a->text);
        attrs_set_int(&head, "layers", 2);
        if (model_open(&m, &head, &e) == 0)
            model_close(&m);
    }
    attrs_free(&head);
    arch_free(a);
    return 0;
}
