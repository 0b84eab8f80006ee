/* place: names. */
#include "arch/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Digits without leading zeros, at most 9; the number, and *s behind it. -1: none stand there. */
static int64_t index_at(const char **s, const char *end)
{
    size_t n = 0;
    int64_t v = 0;

    while (*s + n < end && (*s)[n] >= '0' && (*s)[n] <= '9' && n < 10)
        v = 10 * v + ((*s)[n++] - '0');
    if (n == 0 || n > 9 || (n > 1 && **s == '0'))
        return -1;
    *s += n;
    return v;
}

static int matches(const char *pattern, const char *name, size_t n, struct arch_place *p)
{
    const char *end = name + n;

    p->layer = p->expert = -1;
    for (; *pattern; pattern++) {
        if (*pattern == '#' || *pattern == '@') {
            int64_t *to = *pattern == '#' ? &p->layer : &p->expert;

            if ((*to = index_at(&name, end)) < 0)
                return 0;
        } else if (name == end || *name++ != *pattern) {
            return 0;
        }
    }
    return name == end;
}

static size_t stored_bytes(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? (size_t)(colon - name) : strlen(name);
}

static int ends(const char *s, size_t n, const char *with)
{
    size_t k = strlen(with);

    return n > k && memcmp(s + n - k, with, k) == 0;
}

/* A name without prefix against a row of a form. */
static int row_fits(const struct arch_store *r, enum arch_form f, const char *name, size_t n, struct arch_place *p)
{
    p->bias = 0;
    if (!r->bare[f]) {
        p->bias = ends(name, n, ".bias");
        if (!p->bias && !ends(name, n, ".weight"))
            return 0;
        n -= p->bias ? 5 : 7;
    }
    if (!matches(r->name[f], name, n, p))
        return 0;
    if (r->role && r->bare[f] && strlen(r->role) > 5 && strcmp(r->role + strlen(r->role) - 5, ".bias") == 0)
        p->bias = 1;
    return 1;
}

static int guard_holds(const struct model *m, const struct arch_store *r, int64_t layer)
{
    struct err e;
    double yes;

    return !m || !r->guard || (model_eval(m, r->guard, layer, &yes, &e) == 0 && yes != 0);
}

static int try_rows(const struct arch *a, const struct model *m, enum arch_form f, const char *name, size_t n,
                    int rooted, struct arch_place *p)
{
    for (int i = 0; i < a->stores; i++) {
        const struct arch_store *r = &a->store[i];

        if (!r->name[f] || r->rooted[f] != rooted || !row_fits(r, f, name, n, p) || !guard_holds(m, r, p->layer))
            continue;
        p->row = r;
        p->form = f;
        return 1;
    }
    return 0;
}

int arch_place(const struct arch *a, const struct model *m, const char *name, struct arch_place *p)
{
    size_t n = stored_bytes(name);

    memset(p, 0, sizeof *p);
    for (char **prefix = a->prefix; prefix && *prefix; prefix++) {
        size_t k = strlen(*prefix);

        if (n > k && strncmp(name, *prefix, k) == 0 && try_rows(a, m, ARCH_HF, name + k, n - k, 0, p))
            return 1;
    }
    return try_rows(a, m, ARCH_HF, name, n, 1, p) || try_rows(a, m, ARCH_GGUF, name, n, 0, p) ||
           try_rows(a, m, ARCH_HF, name, n, 0, p);
}

int arch_is_one(const struct arch *a, const struct arch_place *p)
{
    const struct arch_weight *w = p->row->role && !p->row->dims ? arch_weight(a, p->row->role, NULL) : NULL;

    return w && (w->axes < 3 || strchr(p->row->name[p->form], '@'));
}

char *arch_stored_name(const char *bundle)
{
    return mem_strndup(bundle, stored_bytes(bundle));
}

char *arch_part_name(const char *stored, const struct arch_part *p)
{
    if (p->whole)
        return mem_strdup(stored);
    return p->expert >= 0 ? mem_printf("%s:%s@%lld", stored, p->role, (long long)p->expert)
                          : mem_printf("%s:%s", stored, p->role);
}

/* The weight of the page whose role (with ".bias") begins at s and ends at end or '@'. */
static const char *page_role(const struct arch *a, const char *s, size_t n)
{
    char text[64];
    int bias;
    const struct arch_weight *w;

    if (n == 0 || n >= sizeof text)
        return NULL;
    memcpy(text, s, n);
    text[n] = '\0';
    w = arch_weight(a, text, &bias);
    return !w ? NULL : bias ? w->bias_role : w->role;
}

const char *arch_place_role(const struct arch *a, const struct arch_place *p)
{
    int bias;
    const struct arch_weight *w = p->row->role ? arch_weight(a, p->row->role, &bias) : NULL;

    return !w ? NULL : bias || p->bias ? w->bias_role : w->role;
}

static int role_by(const struct arch *a, const char *name, const char **role, int64_t *layer, int64_t *expert)
{
    const char *colon = strchr(name, ':');
    struct arch_place p;

    if (!arch_place(a, NULL, name, &p))
        return 0;
    *layer = p.layer;
    *expert = p.expert;
    if (colon) {
        const char *at = strchr(colon, '@');

        if (at)
            *expert = strtoll(at + 1, NULL, 10);
        return (*role = page_role(a, colon + 1, at ? (size_t)(at - colon - 1) : strlen(colon + 1))) != NULL;
    }
    return (*role = arch_place_role(a, &p)) != NULL;
}

int arch_role(const char *arch, const char *name, const char **role, int64_t *layer, int64_t *expert)
{
    const struct arch *a = arch_find(arch);
    int64_t none;

    expert = expert ? expert : &none;
    if (arch && *arch)
        return a ? role_by(a, name, role, layer, expert) : 0;
    for (int i = 0; (a = arch_row(i)); i++)
        if (role_by(a, name, role, layer, expert))
            return 1;
    return 0;
}
