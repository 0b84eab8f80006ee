/* ggml: blocks as they lie in GGUF files. Part "blocks" U8 [rows][row bytes]; attr type. */
#include <stdlib.h>

#include "num/ggml.h"
#include "tensor/form.h"

static const struct ggml_type *type_of(const struct bundle *b, int term, struct err *e)
{
    const char *name = attrs_str(&b->term[term].attrs, "type", NULL);
    const struct ggml_type *t = name ? ggml_find(name) : NULL;

    if (!t)
        err_set(e, name ? "ggml type %.100s is unknown" : "form ggml lacks its attribute type", name);
    return t;
}

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct ggml_type *t = type_of(b, term, e);
    const struct part *p = form_part(b, term, "blocks", e);
    uint64_t bytes;

    if (!t || !p)
        return -1;
    bytes = ggml_row_bytes(t, b->cols);
    if (!bytes && b->cols)
        return err_set(e, "ggml type %s has blocks of %u, its rows have %llu columns", t->name, t->block,
                       (unsigned long long)b->cols);
    return p->dtype != DT_U8 ? err_set(e, "part blocks is of type %s, U8 is wanted", dtype_info(p->dtype)->name)
                             : form_want(b, p, b->rows, bytes, e);
}

static int set_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct ggml_type *t = type_of(b, term, e);
    const struct part *p = form_part(b, term, "blocks", e);

    if (!t || !p)
        return -1;
    if (!t->to_f32)
        return err_set(e, "ggml type %s is carried, but not read as f32 by this program", t->name);
    for (uint64_t r = 0; r < n; r++)
        t->to_f32(p->data + (r0 + r) * p->row_bytes, out + r * b->cols, b->cols);
    return 0;
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    float *rows = mem_resize(NULL, n * b->cols + 1, sizeof *rows);
    int rc = set_rows(b, term, r0, n, rows, e);

    for (uint64_t i = 0; rc == 0 && i < n * b->cols; i++)
        out[i] += rows[i];
    free(rows);
    return rc;
}

const struct form form_ggml = {
    .name = "ggml", .brief = "blocks of ggml, as in GGUF", .check = check, .add_rows = add_rows, .set_rows = set_rows};
