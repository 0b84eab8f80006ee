/* page_finish: what can be said of a page once all its lines are read. */
#include <string.h>

#include "arch/page_int.h"

struct names_in {
    const struct arch *a;
    const char *unknown;
};

static void see_name(void *ctx, const char *name)
{
    struct names_in *k = ctx;

    if (strcmp(name, "i") != 0 && strcmp(name, "[]") != 0 && !arch_number(k->a, name))
        k->unknown = name;
}

/* Are all names of an expression numbers of the page? A word compared with ("method == greedy") is none, so only sizes
 * are held to it. */
static int known_names(const struct arch *a, const struct expr *x, const char *where, struct err *e)
{
    struct names_in k = {a, NULL};

    expr_names(x, see_name, &k);
    return k.unknown ? err_set(e, "%s: there is no number '%s'", where, k.unknown) : 0;
}

static int sizes(const struct arch *a, struct err *e)
{
    for (int i = 0; i < a->weights; i++) {
        const struct arch_weight *w = &a->weight[i];

        for (int x = 0; x < w->axes; x++)
            for (int k = 0; k < w->axis[x].atoms; k++)
                if (known_names(a, w->axis[x].atom[k].size, w->role, e) < 0)
                    return -1;
        if (known_names(a, w->guard, w->role, e) < 0 || known_names(a, w->bias_if, w->role, e) < 0 ||
            known_names(a, w->tied_if, w->role, e) < 0)
            return -1;
    }
    return 0;
}

static int known_roles(const struct arch *a, const struct arch_node *n, const char *name, struct err *e)
{
    if (n->kind == NODE_ROLE && !arch_weight(a, n->text, NULL))
        return err_set(e, "%s: %s is no weight of this page", name, n->text);
    if (n->kind == NODE_SIZE && known_names(a, n->size, name, e) < 0)
        return -1;
    for (int i = 0; i < n->kids; i++)
        if (known_roles(a, &n->kid[i], name, e) < 0)
            return -1;
    return 0;
}

/* Does a row's tree name a weight that is none of this page? */
static int strange(const struct arch *a, const struct arch_node *n)
{
    if (n->kind == NODE_ROLE && !arch_weight(a, n->text, NULL))
        return 1;
    for (int i = 0; i < n->kids; i++)
        if (strange(a, &n->kid[i]))
            return 1;
    return 0;
}

/* Rows of the other page whose weights this page does not have go with them. */
static void drop_strange(struct arch *a)
{
    int left = 0;

    for (int i = 0; i < a->stores; i++) {
        struct arch_store *s = &a->store[i];
        int gone = s->role && !arch_weight(a, s->role, NULL);

        for (int k = 0; k < s->dims; k++)
            gone |= strange(a, &s->dim[k]);
        if (gone && s->inherited)
            page_free_store(s);
        else
            a->store[left++] = *s;
    }
    a->stores = left;
}

static int stores(struct arch *a, struct err *e)
{
    drop_strange(a);
    for (int i = 0; i < a->stores; i++) {
        const struct arch_store *s = &a->store[i];
        const char *name = s->name[ARCH_HF] ? s->name[ARCH_HF] : s->name[ARCH_GGUF];

        if (s->role && !arch_weight(a, s->role, NULL))
            return err_set(e, "%s: %s is no weight of this page", name ? name : "-", s->role);

        for (int k = 0; k < s->dims; k++)
            if (known_roles(a, &s->dim[k], name ? name : "-", e) < 0)
                return -1;
    }
    return 0;
}

/* The weight that a word of a step names; NULL: it is a value. */
static struct arch_weight *weight_of(struct arch *a, const char *word)
{
    for (int i = 0; word && i < a->weights; i++)
        if (strcmp(a->weight[i].role, word) == 0)
            return &a->weight[i];
    return NULL;
}

static void use(struct arch *a, const char *word, int section, int phase, int order)
{
    struct arch_weight *w = weight_of(a, word);

    if (!w || w->order >= 0)
        return;
    w->section = section;
    w->phase = phase;
    w->order = order;
}

static void order(struct arch *a)
{
    int phase = 0, n = 0;

    for (int i = 0; i < a->weights; i++)
        a->weight[i].order = -1;
    for (int s = 0; s < ARCH_SECTIONS; s++)
        for (int i = 0; i < a->steps[s]; i++, n++) {
            const struct arch_step *t = &a->step[s][i];
            int section = s == ARCH_BEFORE ? 0 : s == ARCH_AFTER ? 2 : 1;

            if (strcmp(t->op, "gather") == 0)
                phase = 2;
            for (int k = 0; k < 3; k++) {
                struct arch_weight *w = weight_of(a, t->in[k]);
                int is_expert = w && w->axes == 3; /* between scatter and gather dense layers have their steps, too */

                use(a, t->in[k], section, section != 1 ? 0 : is_expert ? 1 : phase == 2 ? 2 : 0, n);
            }
            for (int k = 0; k < t->attrs; k++)
                use(a, t->attr[k].role, section, 0, n);
        }
}

int page_finish(struct arch *a, struct err *e)
{
    if (!a->name)
        return err_set(e, "1: the line 'arch NAME' is missing");
    order(a);
    return sizes(a, e) < 0 || stores(a, e) < 0 ? err_in(e, "1") : 0;
}
