/*
 * mix: a combination of atoms that other weights are combinations of too. Parts "coefficients" [count] and "atoms"
 * [count rows][cols], both fixed; the first weight of the stream that uses the atoms brings them (shared), later ones
 * refer to them (same): they are kept until the segment ends.
 */
#include <stdlib.h>

#include "tensor/form.h"

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *c = form_part(b, term, "coefficients", e), *atoms = form_part(b, term, "atoms", e);
    char text[200];
    uint64_t rows;

    if (!c || !atoms)
        return -1;
    if (c->shape.rank != 1)
        return err_set(e, "part coefficients is %s, a vector is wanted", shape_text(&c->shape, text));
    if (mem_mul(c->shape.dim[0], b->rows, &rows) < 0)
        return err_set(e, "%llu atoms of %llu rows overflow", (unsigned long long)c->shape.dim[0],
                       (unsigned long long)b->rows);
    if (form_want(b, atoms, rows, b->cols, e) < 0 || form_want_real(atoms, e) < 0)
        return -1;
    return form_want_real(c, e);
}

/* Sums run over the atoms in order, in double, for each element alone. */
static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *pc = form_part(b, term, "coefficients", e), *atoms = form_part(b, term, "atoms", e);
    uint64_t count = pc ? pc->shape.dim[0] : 0;
    double *sum = mem_resize(NULL, b->cols + 1, sizeof *sum);
    float *c = mem_resize(NULL, count + 1, sizeof *c), *row = mem_resize(NULL, b->cols + 1, sizeof *row);

    if (pc && atoms)
        dtype_to_f32(pc->dtype, pc->data, c, count);
    for (uint64_t r = r0; pc && atoms && r < r0 + n; r++, out += b->cols) {
        for (uint64_t i = 0; i < b->cols; i++)
            sum[i] = 0;
        for (uint64_t k = 0; k < count; k++) {
            dtype_to_f32(atoms->dtype, atoms->data + (k * b->rows + r) * atoms->row_bytes, row, b->cols);
            for (uint64_t i = 0; i < b->cols; i++)
                sum[i] += (double)c[k] * row[i];
        }
        for (uint64_t i = 0; i < b->cols; i++)
            out[i] += (float)sum[i];
    }
    free(sum);
    free(c);
    free(row);
    return pc && atoms ? 0 : -1;
}

const struct form form_mix = {
    "mix", "a combination of atoms that weights of several layers share", check, add_rows, "coefficients,atoms", 1};
