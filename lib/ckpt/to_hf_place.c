/* to_hf_place: names and rows of GGUF's tensors as a Hugging Face folder has them. */
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "ckpt/names.h"
#include "ckpt/to_hf.h"

char *hf_module(const struct attrs *model, const struct bundle *b)
{
    char *name = names_hf(attrs_str(model, "arch", NULL), b->name);
    size_t n;

    if (!name)
        name = mem_strdup(b->name);
    n = strlen(name);
    if (n > 7 && strcmp(name + n - 7, ".weight") == 0)
        name[n - 7] = '\0';
    return name;
}

int to_hf_place(const struct to_hf *t, const struct bundle *b, struct hf_place *place, struct err *e)
{
    const struct arch *a = arch_find(attrs_str(&t->model, "arch", NULL));

    memset(place, 0, sizeof *place);
    if (!a)
        return 0;
    place->skip = strcmp(b->name, "rope_freqs.weight") == 0; /* config.json's rope_scaling */
    if (names_gguf(b->name))
        place->name = names_hf(a->name, b->name);
    place->turned = place->name && arch_turned(a->name, place->name);
    if (strcmp(attrs_str(&t->model, "rope", ""), "interleaved") == 0 && names_rotary(a->name, b->name)) {
        uint64_t n = b->shape.rank < 2 ? b->cols : b->rows;

        place->head_dim = (uint64_t)attrs_int(&t->model, "head_dim", 0);
        if (place->head_dim < 2 || n % place->head_dim)
            return err_set(e, "%s: %llu rows are no whole number of heads of %llu", b->name, (unsigned long long)n,
                           (unsigned long long)place->head_dim);
    }
    return 0;
}

uint64_t to_hf_row(uint64_t r, uint64_t head_dim)
{
    uint64_t in = r % head_dim;

    return r - in + (in % 2 ? head_dim / 2 : 0) + in / 2;
}
