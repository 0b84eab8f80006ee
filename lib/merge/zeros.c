#include "merge/zeros.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int merge_mask_parse(const char *word, enum merge_mask *m, struct err *e)
{
    static const char *const words[] = {"first", "intersection", "union"};

    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *m = (enum merge_mask)(i + 1);
            return 0;
        }
    return err_set(e, "'%s' is none of first, intersection, union", word);
}

void merge_zeros_begin(struct merge_zeros *z, int operands)
{
    z->zero = z->zero ? z->zero : mem_new((size_t)operands, sizeof *z->zero);
    memset(z->zero, 0, (size_t)operands * sizeof *z->zero);
    z->n = z->unlike = 0;
}

void merge_zeros_see(struct merge_zeros *z, float *const *rows, int operands, uint64_t n)
{
    if (n > z->room) {
        free(z->mask);
        z->mask = mem_new(n, 1);
        z->room = n;
    }
    z->n += n;
    for (uint64_t i = 0; i < n; i++) {
        int first = rows[0][i] == 0, some = 0, all = 1;

        for (int k = 0; k < operands; k++) {
            int is = rows[k][i] == 0;

            z->zero[k] += (uint64_t)is;
            some |= is;
            all &= is;
        }
        z->unlike += (uint64_t)(some != all);
        z->mask[i] = (uint8_t)(z->keep == MERGE_MASK_FIRST ? first : z->keep == MERGE_MASK_ALL ? all : some);
    }
}

void merge_zeros_apply(const struct merge_zeros *z, float *out, uint64_t n)
{
    for (uint64_t i = 0; z->keep != MERGE_MASK_NONE && i < n; i++)
        out[i] = z->mask[i] ? 0 : out[i];
}

void merge_zeros_end(struct merge_zeros *z, int operands)
{
    int sparse = 0;

    for (int k = 0; k < operands; k++)
        sparse |= z->zero[k] > 0 && z->zero[k] >= z->n / MERGE_SPARSE;
    z->tensors += z->n > 0;
    z->sparse += (uint64_t)sparse;
    z->differ += (uint64_t)(sparse && z->unlike > 0);
}

void merge_zeros_free(struct merge_zeros *z)
{
    free(z->zero);
    free(z->mask);
    z->zero = NULL;
    z->mask = NULL;
}
