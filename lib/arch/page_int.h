/* page_int: what the readers of a page's lines share. Private to arch. */
#ifndef WEIR_ARCH_PAGE_INT_H
#define WEIR_ARCH_PAGE_INT_H

#include "arch/arch.h"

/* A piece of a line. */
struct span {
    const char *at;
    size_t n;
};

int span_is(struct span s, const char *word);
char *span_copy(struct span s);
struct span span_trim(struct span s);

/* The next word of *rest (blanks around it go; blanks within (...) or [...] do not end it); 0 at the end. */
int span_word(struct span *rest, struct span *word);

/* Cut s at the first " if " outside of brackets: the guard behind it, NULL when there is none. -1 with e set. */
int span_guard(struct span *s, struct expr **guard, struct err *e);

struct expr *span_expr(struct span s, struct err *e);

/* One item of a list that grows: p[n] zeroed, n counted. */
void *page_add(void **list, int *n, size_t size);
#define PAGE_ADD(list, n) page_add((void **)&(list), &(n), sizeof *(list))

/* One line each of a section, appended to the page; names, roles and files that are there already are replaced. */
int page_number(struct arch *a, struct span line, int each, struct err *e);
int page_weight(struct arch *a, struct span line, struct err *e);
int page_store(struct arch *a, struct span line, struct err *e);
int page_step(struct arch *a, enum arch_section section, struct span line, struct err *e);

/* "[a.b, c]" to axes. */
int page_axes(struct span s, struct arch_axis *axis, int most, struct err *e);

/* The whole page once all lines are read: roles that steps and store name are weights, and what the order of the steps
 * says of weights. */
int page_finish(struct arch *a, struct err *e);

void page_free_number(struct arch_number *n);
void page_free_weight(struct arch_weight *w);
void page_free_store(struct arch_store *s);
void page_free_step(struct arch_step *s);
void page_free_list(char **list);
void page_clear_steps(struct arch *a, enum arch_section s);
void page_free_lists(struct arch *a); /* all that lines filled; the page's file and text stay */

#endif
