#include "shrink/rename.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A page's pattern with its numbers. */
static char *fill(const char *pattern, int64_t layer, int64_t expert)
{
    struct buf b = {0};
    char *text;

    for (; *pattern; pattern++)
        if (*pattern == '#' || *pattern == '@')
            buf_printf(&b, "%lld", (long long)(*pattern == '#' ? layer : expert));
        else
            buf_add(&b, pattern, 1);
    text = mem_strdup(buf_str(&b));
    buf_free(&b);
    return text;
}

/* What stands behind the stored name: ":moe.gate@5", with another expert. */
static char *behind(const char *colon, int64_t expert)
{
    const char *at = strchr(colon, '@');

    return at && expert >= 0 ? mem_printf("%.*s@%lld", (int)(at - colon), colon, (long long)expert) : mem_strdup(colon);
}

int rename_bundle(const struct model *m, struct bundle *b, int64_t layer, int64_t expert, struct err *e)
{
    size_t stored = strcspn(b->name, ":");
    struct arch_place p;
    char *was, *now, *tail, *at;

    layer = layer < 0 ? b->layer : layer;
    expert = expert < 0 ? b->expert : expert;
    if (!arch_place(m->arch, m, b->name, &p) || p.layer != b->layer || (p.expert >= 0 && p.expert != b->expert))
        return err_set(
            e, "%s: layer %lld does not stand in its name as architecture '%s' has it, so it cannot be renumbered",
            b->name, (long long)b->layer, m->arch->name);
    was = fill(p.row->name[p.form], p.layer, p.expert);
    now = fill(p.row->name[p.form], layer, expert);
    tail = behind(b->name + stored, expert);
    at = strstr(b->name, was);
    if (at && (size_t)(at - b->name) + strlen(was) <= stored) {
        char *name = mem_printf("%.*s%s%.*s%s", (int)(at - b->name), b->name, now,
                                (int)(stored - (size_t)(at - b->name) - strlen(was)), at + strlen(was), tail);

        free(b->name);
        b->name = name;
        b->layer = layer;
        b->expert = expert;
        b->touched = 1;
    } else {
        at = NULL;
        err_set(e, "%s: has no '%s' in its name, so it cannot be renumbered", b->name, was);
    }
    free(was);
    free(now);
    free(tail);
    return at ? 0 : -1;
}
