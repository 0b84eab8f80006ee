/* arch: the table of pages, and what is asked of a page alone. */
#include "arch/arch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/mem.h"
#include "file/file.h"

/* The pages' texts, as they lie in lib/arch. */
#define ARCH(name)                                                                                                     \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".global page_" #name "\n.global page_" #name "_end\n"                                                     \
            "page_" #name ":\n.incbin \"lib/arch/" #name ".arch\"\n"                                                   \
            "page_" #name "_end:\n.byte 0\n.popsection\n");                                                            \
    extern const char page_##name[], page_##name##_end[];
#include "arch/arch.def"
#undef ARCH

static const struct {
    const char *name, *text, *end;
} pages[] = {
#define ARCH(name) {#name, page_##name, page_##name##_end},
#include "arch/arch.def"
#undef ARCH
};
#define PAGES ((int)(sizeof pages / sizeof *pages))

static struct arch *rows[PAGES];
static struct arch **own;
static int owns;

/* A page of the table that cannot be read is a fault of the build, which the laws find: there is nothing to run without
 * it. */
static const struct arch *table_row(int i)
{
    struct err e;
    char file[64];

    if (i < 0 || i >= PAGES)
        return NULL;
    if (!rows[i]) {
        snprintf(file, sizeof file, "%s.arch", pages[i].name);
        rows[i] = arch_read(pages[i].text, (size_t)(pages[i].end - pages[i].text), file, &e);
    }
    return rows[i];
}

const struct arch *arch_row(int i)
{
    return i < owns ? own[owns - 1 - i] : table_row(i - owns);
}

const char *arch_text(int i, const char **name, size_t *n)
{
    if (i < 0 || i >= PAGES)
        return NULL;
    *name = pages[i].name;
    *n = (size_t)(pages[i].end - pages[i].text);
    return pages[i].text;
}

const struct arch *arch_find(const char *name)
{
    for (int i = owns; name && i-- > 0;)
        if (strcmp(own[i]->name, name) == 0)
            return own[i];
    for (int i = 0; name && i < PAGES; i++)
        if (strcmp(pages[i].name, name) == 0)
            return table_row(i);
    return NULL;
}

const struct arch_class *arch_class(const struct arch *a, const char *type)
{
    for (int i = 0; i < a->classes; i++)
        if (type && strcmp(a->class[i].type, type) == 0)
            return &a->class[i];
    return a->classes ? &a->class[0] : NULL;
}

static int has_type(const struct arch *a, const char *type)
{
    return a && a->classes && strcmp(arch_class(a, type)->type, type) == 0;
}

const struct arch *arch_of_type(const char *type)
{
    for (int i = 0; type && i < owns + PAGES; i++)
        if (has_type(arch_row(i), type))
            return arch_row(i);
    return NULL;
}

int arch_add(const char *text, size_t n, const char *file, const struct arch **a, struct err *e)
{
    struct arch *new;

    for (int i = 0; i < owns; i++)
        if (strlen(own[i]->text) == n && memcmp(own[i]->text, text, n) == 0) {
            *a = own[i];
            return 0;
        }
    if (!(new = arch_read(text, n, file, e)))
        return -1;
    new->own = 1;
    own = mem_resize(own, (size_t)owns + 1, sizeof *own);
    own[owns++] = new;
    *a = new;
    return 0;
}

int arch_add_file(const char *path, struct err *e)
{
    const struct arch *a;
    struct buf text = {0};
    int rc = io_slurp(path, BLOB_MAX_BYTES, &text, e);

    if (rc == 0)
        rc = arch_add((const char *)text.data, text.len, path, &a, e);
    buf_free(&text);
    return rc;
}

const struct arch *arch_of(const struct attrs *model)
{
    const char *text = attrs_str(model, "page", NULL);
    const struct arch *a = NULL;
    char file[64];
    struct err e;

    snprintf(file, sizeof file, "%s.arch", attrs_str(model, "arch", "page"));
    if (text && arch_add(text, strlen(text), file, &a, &e) == 0)
        return a;
    return arch_find(attrs_str(model, "arch", NULL));
}

const char *arch_names(void)
{
    static char *list;
    struct buf b = {0};

    if (list)
        return list;
    for (int i = 0; i < PAGES; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", pages[i].name);
    list = mem_strdup(buf_str(&b));
    buf_free(&b);
    return list;
}

const struct arch_weight *arch_weight(const struct arch *a, const char *role, int *bias)
{
    size_t n = role ? strlen(role) : 0;
    int is_bias = n > 5 && strcmp(role + n - 5, ".bias") == 0;

    n -= is_bias ? 5 : 0;
    if (bias)
        *bias = is_bias;
    for (int i = 0; role && i < a->weights; i++)
        if (strncmp(a->weight[i].role, role, n) == 0 && a->weight[i].role[n] == '\0')
            return &a->weight[i];
    return NULL;
}

const struct arch_number *arch_number(const struct arch *a, const char *name)
{
    for (int i = 0; i < a->numbers; i++)
        if (strcmp(a->number[i].name, name) == 0)
            return &a->number[i];
    return NULL;
}

int arch_keeps_f32(const struct arch *a, const char *role)
{
    int bias;
    const struct arch_weight *w = arch_weight(a, role, &bias);

    return w && (w->f32 || bias || w->axes == 1);
}

int arch_buffer(const struct arch *a, const char *name)
{
    for (char **g = a->ignore; g && *g; g++)
        if (glob_match_list(*g, name))
            return 1;
    return 0;
}

uint64_t arch_order(const struct arch *a, const char *role, int64_t layer, int64_t expert)
{
    int bias;
    const struct arch_weight *w = a ? arch_weight(a, role, &bias) : NULL;

    if (!w || w->order < 0)
        return UINT64_MAX;
    /* section 2 | layer 20 | phase 2 | expert 20 | step 16 | bias 1 */
    return (uint64_t)w->section << 60 | (uint64_t)(layer + 1) << 40 | (uint64_t)w->phase << 37 |
           (uint64_t)(expert + 1) << 17 | (uint64_t)w->order << 1 | (uint64_t)bias;
}
