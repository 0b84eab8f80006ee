/* pages: laws of every page of the table: it is read; names in both forms say the role, layer and expert they were made
 * of; every weight of a page that runs is read by a step; nothing that is read by name alone is in two rows. */
#include <stdlib.h>

#include "arch/place.h"
#include "tests/unit/check.h"

/* A name in a form says what it was made of. */
static void names_say(const struct arch *a, enum arch_form f, const char *role, const struct arch_weight *w)
{
    int64_t layer = w->section == 1 || strchr(role, '.') ? 3 : -1, expert = w->axes == 3 ? 5 : -1, l, x;
    char *name = arch_name_in(a, f, role, layer, expert);
    const char *back = NULL;

    struct arch_place at;

    if (!name || !arch_place(a, NULL, name, &at) || at.row->guard) { /* a guard's names say something of a model only */
        free(name);
        return;
    }
    if (!strchr(name, '3'))
        layer = -1;
    if (!arch_role(a->name, name, &back, &l, &x) || strcmp(back, role) != 0 || l != layer ||
        (x != expert && strcmp(a->name, "bert") != 0))
        printf("%s: %s %s says %s, layer %lld, expert %lld\n", a->name, role, name, back ? back : "nothing",
               (long long)l, (long long)x);
    CHECK(back && strcmp(back, role) == 0 && l == layer);
    free(name);
}

static void weight(const struct arch *a, const struct arch_weight *w)
{
    int runs = a->steps[ARCH_ATTENTION] > 0, placed = 0;

    for (int f = 0; f < ARCH_FORMS; f++) {
        char *name = arch_name_in(a, (enum arch_form)f, w->role, 3, w->axes == 3 ? 5 : -1);

        placed |= name != NULL;
        if (!name && f == ARCH_GGUF && a->gguf)
            printf("%s: %s has no name in a GGUF\n", a->name, w->role);
        CHECK(name || f == ARCH_HF || !a->gguf);
        free(name);
        names_say(a, (enum arch_form)f, w->role, w);
        if (w->bias)
            names_say(a, (enum arch_form)f, w->bias_role, w);
    }
    if (!placed || (runs && w->order < 0))
        printf("%s: %s %s\n", a->name, w->role, placed ? "is read by no step" : "has no name");
    CHECK(placed && (!runs || w->order >= 0));
}

int main(void)
{
    const char *name, *text;
    size_t n;

    for (int i = 0; (text = arch_text(i, &name, &n)); i++) {
        struct err e = {""};
        struct arch *a = arch_read(text, n, name, &e);

        CHECK_STR(e.msg, "");
        CHECK(a && strcmp(a->name, name) == 0 && a->classes > 0);
        for (int k = 0; a && k < a->weights; k++)
            weight(arch_find(name), &arch_find(name)->weight[k]);
        arch_free(a);
    }
    return DONE();
}
