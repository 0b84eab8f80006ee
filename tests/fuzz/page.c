/* page: any text as a page of an architecture: read, or a clause with file and line; then a small model by it is walked
 * for its classes and groups. */
#include "arch/axes.h"
#include "arch/classes.h"
#include "arch/place.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(32), 64)

static void walked(const struct model *m)
{
    struct axes_group group[4];
    struct classes c;
    struct walk w;
    struct err e = {""};

    if (classes_make(m, &c, &e) == 0)
        classes_free(&c);
    if (walk_layer(m, 0, &w, &e) < 0)
        return;
    axes_experts(&w);
    axes_expert_closing(&w);
    axes_groups(&w, AXES_HEADS, group, 4, &e);
    axes_groups(&w, AXES_CHANNELS, group, 4, &e);
    walk_free(&w);
}

/* The numbers that pages ask for, of a model of two layers. */
static void set_numbers(struct attrs *head)
{
    static const struct {
        const char *name;
        int64_t value;
    } number[] = {{"layers", 2},   {"vocab", 8},    {"context", 16},     {"hidden", 8},  {"heads", 2},
                  {"kv_heads", 1}, {"head_dim", 4}, {"intermediate", 6}, {"experts", 2}, {"topk", 1},
                  {"einter", 6},   {"kr", 4},       {"nope", 4},         {"rd", 2},      {"vd", 4}};

    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        attrs_set_int(head, number[i].name, number[i].value);
}

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
        set_numbers(&head);
        if (model_open(&m, &head, &e) == 0) {
            walked(&m);
            model_close(&m);
        }
    }
    attrs_free(&head);
    arch_free(a);
    return 0;
}
