/* to_hf_place: names and rows of GGUF's tensors as a Hugging Face folder has them. */
#include <stdlib.h>
#include <string.h>

#include "ckpt/names.h"
#include "ckpt/to_hf.h"

char *hf_module(const struct attrs *model, const struct bundle *b)
{
    char *name = names_hf(attrs_str(model, "arch", NULL), b->name);
    size_t n;

    if (!name)
        name = mem_strdup(b->name);
    n = strcspn(name, ":");
    name[n] = '\0';
    if (n > 7 && strcmp(name + n - 7, ".weight") == 0)
        name[n - 7] = '\0';
    return name;
}

/* The weight's row order, where it is of interleaved pairs. */
static int heads(const struct to_hf *t, const struct bundle *b, const struct arch_weight *w, struct hf_place *place,
                 struct err *e)
{
    uint64_t n = b->shape.rank < 2 ? b->cols : b->rows;

    if (!w->rope || strcmp(attrs_str(&t->model, "rope", ""), "interleaved") != 0)
        return 0;
    place->head_dim = (uint64_t)model_int(&t->m, "head_dim", 0);
    if (place->head_dim < 2 || n % place->head_dim)
        return err_set(e, "%s: %llu rows are no whole number of heads of %llu", b->name, (unsigned long long)n,
                       (unsigned long long)place->head_dim);
    return 0;
}

int to_hf_place(const struct to_hf *t, const struct bundle *b, struct hf_place *place, struct err *e)
{
    const char *role = b->role;
    int64_t layer = b->layer, expert = b->expert;
    struct arch_target to;
    int got;

    memset(place, 0, sizeof *place);
    if (!t->ready)
        return 0;
    place->skip =
        strncmp(b->name, "rope_f", 6) == 0 && arch_buffer(t->m.arch, b->name); /* config.json's rope_scaling */
    if (place->skip || (!role && !arch_role(t->m.arch->name, b->name, &role, &layer, &expert)))
        return 0;
    if ((got = arch_target(&t->m, ARCH_HF, b->name, role, layer, expert, &to, e)) <= 0)
        return got;
    place->name = to.name;
    place->part = !to.whole;
    place->view = to.view;
    place->stored = to.stored;
    place->add = to.weight->plus1 && to.from == ARCH_GGUF ? -1 : 0;
    return heads(t, b, to.weight, place, e);
}

uint64_t to_hf_row(uint64_t r, uint64_t head_dim)
{
    uint64_t in = r % head_dim;

    return r - in + (in % 2 ? head_dim / 2 : 0) + in / 2;
}
