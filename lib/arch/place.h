/*
 * place: between stored tensors and weights. A stored tensor holds one weight, or several side by side, or one for each
 * expert; a bundle of a stream holds one matrix or vector: a weight, or one expert's.
 *
 * A bundle that is all of a stored tensor has its name. One that is a part has the stored name, ':' and its role, and
 * '@' and the expert where there is one: "model.layers.0.self_attn.qkv_proj.weight:attn.q",
 * "blk.0.ffn_gate_exps.weight:moe.gate@5".
 */
#ifndef WEIR_ARCH_PLACE_H
#define WEIR_ARCH_PLACE_H

#include "arch/model.h"
#include "file/view.h"

/* What a stored name says. */
struct arch_place {
    const struct arch_store *row;
    enum arch_form form;
    int64_t layer, expert; /* -1: none */
    int bias;
};

/*
 * The row of a stored name (what stands behind ':' is not looked at). m: guards of rows count; NULL: the first row that
 * fits. a: the page. 1, or 0 when the page knows no such name.
 */
int arch_place(const struct arch *a, const struct model *m, const char *name, struct arch_place *p);

/* Does the stored tensor of that place hold this weight (of a place of biases: its bias)? */
int arch_place_holds(const struct arch_place *p, const struct arch_weight *w);

/* Is the stored tensor one weight as it is, not several, not laid out otherwise, not all experts'? */
int arch_is_one(const struct arch *a, const struct arch_place *p);

/* The role of a place that is one weight (with ".bias" of its bias), text of the page; NULL: it holds several. */
const char *arch_place_role(const struct arch *a, const struct arch_place *p);

/* One weight of a stored tensor. */
struct arch_part {
    const char *role; /* text of the page */
    int64_t layer, expert;
    int f32;   /* a quantizer leaves it alone */
    int whole; /* it is all of the stored tensor, as it lies there */
    struct view view;
    struct shape shape; /* of the weight: [rows, cols], or [n] */
};

/*
 * Everything that a stored tensor holds at its place, in the order in which a forward pass needs it.
 * stored  in: the tensor's shape, which counts: sizes of the page that the shape contradicts are an error that names
 *         both
 * out     the caller frees; *n: how many
 * -1 with e set.
 */
int arch_parts(const struct model *m, const struct arch_place *p, const struct shape *stored, struct arch_part **out,
               int *n, struct err *e);

/* The name of a bundle: see above. The caller frees. */
char *arch_part_name(const char *stored, const struct arch_part *p);

/* The part of a bundle's name before ':', copied; the caller frees. */
char *arch_stored_name(const char *bundle);

/*
 * Where a weight lies in the files of a form.
 * name    in: the bundle's; where it is of that form its own row counts, else the first row of its role
 * role, layer, expert  in: the bundle's
 * out     the stored tensor's name (the caller frees), its shape and the view in it (whole: it is all of it; where it
 * keeps its name, of any shape) 1; 0: the form has no place for it; -1 with e set.
 */
struct arch_target {
    char *name;
    struct shape stored;
    struct view view;
    int whole;
    const struct arch_weight *weight;
    int bias;
    enum arch_form from; /* whose name the bundle has */
};
int arch_target(const struct model *m, enum arch_form form, const char *name, const char *role, int64_t layer,
                int64_t expert, struct arch_target *out, struct err *e);

/* What a bundle is called in a form, by the first row of its role, whatever it is called now: no sizes are needed.
 * NULL: the form has no place for it. The caller frees. */
char *arch_name_in(const struct arch *a, enum arch_form form, const char *role, int64_t layer, int64_t expert);

/* Role and layer (and expert, may be NULL) of a bundle by its name alone, in any form. arch NULL: the pages of the
 * table in turn. 1, or 0 when unknown or when the stored tensor holds several weights and the name does not say which.
 * *role is static text of the page. */
int arch_role(const char *arch, const char *name, const char **role, int64_t *layer, int64_t *expert);

#endif
