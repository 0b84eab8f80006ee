/* page_free: the end of a page. */
#include <stdlib.h>

#include "arch/page_int.h"

void page_clear_steps(struct arch *a, enum arch_section s)
{
    for (int i = 0; i < a->steps[s]; i++)
        page_free_step(&a->step[s][i]);
    a->steps[s] = 0;
}

static void free_requires(struct arch_require *r, int n)
{
    for (int i = 0; i < n; i++) {
        expr_free(r[i].that);
        free(r[i].why);
    }
    free(r);
}

void page_free_lists(struct arch *a)
{
    for (int i = 0; i < a->classes; i++) {
        free(a->class[i].type);
        free(a->class[i].name);
        free(a->class[i].nest);
    }
    for (int i = 0; i < a->numbers; i++)
        page_free_number(&a->number[i]);
    for (int i = 0; i < a->weights; i++)
        page_free_weight(&a->weight[i]);
    for (int i = 0; i < a->stores; i++)
        page_free_store(&a->store[i]);
    for (int s = 0; s < ARCH_SECTIONS; s++) {
        page_clear_steps(a, (enum arch_section)s);
        free(a->step[s]);
    }
    for (int i = 0; i < a->assumes; i++) {
        free(a->assume[i].name);
        expr_free(a->assume[i].value);
    }
    free(a->assume);
    free_requires(a->must, a->musts);
    free_requires(a->require, a->requires);
    page_free_list(a->prefix);
    page_free_list(a->ignore);
    free(a->class);
    free(a->number);
    free(a->weight);
    free(a->store);
    free(a->name);
    free(a->gguf);
    free(a->gguf_key);
}

void arch_free(struct arch *a)
{
    if (!a)
        return;
    page_free_lists(a);
    free(a->file);
    free(a->text);
    free(a);
}
