#include "merge/heads.h"

#include <stdlib.h>
#include <string.h>

#include "ckpt/names.h"

/* The weight of the head, where the page can tie it. */
static const struct arch_weight *head_of(const struct operand *o)
{
    const struct arch *a = o->arch ? arch_find(o->arch) : NULL;
    const struct arch_weight *w = a ? arch_weight(a, "head", NULL) : NULL;

    return w && w->tied ? w : NULL;
}

static struct step *step_of(const struct operand *o, const char *role)
{
    for (size_t i = 0; i < o->plan.n; i++)
        if (o->plan.step[i].role && strcmp(o->plan.step[i].role, role) == 0)
            return &o->plan.step[i];
    return NULL;
}

static int announces(const struct head *h, const char *arch, const char *role)
{
    for (int i = 0; i < h->names; i++) {
        const char *is;
        int64_t layer;

        if (arch_role(arch, h->name[i], &is, &layer, NULL) && strcmp(is, role) == 0)
            return 1;
    }
    return 0;
}

static int stores_head(const struct operand *o)
{
    return o->in ? announces(reader_head(o->in), o->arch, "head") : step_of(o, "head") != NULL;
}

static int is_tied(const struct operand *o)
{
    return attrs_find(operand_model(o), "tied") ? attrs_int(operand_model(o), "tied", 0) != 0 : !stores_head(o);
}

/* Its form's name of a role. */
static char *name_in(const struct operand *o, const struct step *like, const char *role)
{
    return arch_name_in(arch_find(o->arch), names_gguf(step_name(like)) ? ARCH_GGUF : ARCH_HF, role, -1, -1);
}

/* The embedding once more, as the head. */
static int add_head(struct operand *o, const struct arch_weight *head, struct err *e)
{
    struct step *embed = step_of(o, head->tied), *own;

    if (!embed)
        return err_set(e, "%s ties its head to its embedding, and holds neither", o->path);
    o->plan.step = mem_resize(o->plan.step, o->plan.n + 1, sizeof *o->plan.step);
    embed = step_of(o, head->tied);
    own = &o->plan.step[o->plan.n];
    *own = *embed;
    own->role = head->role;
    own->name = name_in(o, embed, head->role);
    own->view = NULL;
    if (embed->view) {
        own->view = mem_new(1, sizeof *own->view);
        *own->view = *embed->view;
    }
    o->plan.n++;
    o->given = mem_resize(o->given, o->plan.n, 1);
    o->given[o->plan.n - 1] = 0;
    return 0;
}

/* A head in the embedding's place, under its own name. */
static void name_embedding(struct operand *o, const struct arch_weight *head)
{
    struct step *embed = o->in ? NULL : step_of(o, head->tied);
    const char *role;
    int64_t layer;

    if (embed && arch_role(o->arch, step_name(embed), &role, &layer, NULL) && strcmp(role, head->role) == 0) {
        char *name = name_in(o, embed, head->tied);

        free(embed->name);
        embed->name = name;
    }
}

int merge_heads(struct operand *o, int n, int *untied, struct err *e)
{
    const struct arch_weight *head = head_of(&o[0]);
    int tied = 0;

    *untied = 0;
    for (int k = 0; k < n; k++) {
        if (!head || head_of(&o[k]) != head)
            return 0;
        name_embedding(&o[k], head);
        tied += is_tied(&o[k]);
    }
    *untied = tied < n && o[0].in && is_tied(&o[0]);
    for (int k = 0; k < n; k++) {
        o[k].tied = tied == n;
        if (tied < n && !o[k].in)
            attrs_set_bool(&o[k].plan.model, "tied", 0);
        if (tied == n || stores_head(&o[k]))
            continue;
        if (o[k].in)
            return err_set(e,
                           "%s ties its head to its embedding, another operand has a head of its own: give %s as a "
                           "checkpoint, which can be read twice",
                           o[k].path, o[k].path);
        if (add_head(&o[k], head, e) < 0)
            return -1;
    }
    return 0;
}
