/* page_number: lines of the sections number and each: NAME PATH KEYS [= DEFAULT]. */
#include <stdlib.h>
#include <string.h>

#include "arch/page_int.h"
#include "base/mem.h"

void page_free_number(struct arch_number *n)
{
    for (int i = 0; i < n->paths; i++)
        free(n->path[i]);
    for (int i = 0; i < n->keys; i++) {
        free(n->key[i].key);
        expr_free(n->key[i].value);
    }
    free(n->path);
    free(n->key);
    free(n->name);
    free(n->word);
    expr_free(n->otherwise);
    memset(n, 0, sizeof *n);
}

static void paths(struct arch_number *n, struct span s)
{
    const char *equal = memchr(s.at, '=', s.n);

    if (equal) {
        n->word = span_copy((struct span){equal + 1, s.n - (size_t)(equal + 1 - s.at)});
        s.n = (size_t)(equal - s.at);
    }
    if (span_is(s, "-"))
        return;
    for (size_t i = 0, from = 0; i <= s.n; i++)
        if (i == s.n || s.at[i] == '|') {
            n->path = mem_resize(n->path, (size_t)n->paths + 1, sizeof *n->path);
            n->path[n->paths++] = span_copy((struct span){s.at + from, i - from});
            from = i + 1;
        }
}

static int one_key(struct arch_number *n, struct span s, struct err *e)
{
    const char *equal = memchr(s.at, '=', s.n);
    struct arch_key *k = PAGE_ADD(n->key, n->keys);
    size_t name = equal ? (size_t)(equal - s.at) : s.n;

    if (name > 2 && strncmp(s.at + name - 2, "[]", 2) == 0) {
        n->array = 1;
        name -= 2;
    }
    k->key = mem_strndup(s.at, name);
    if (equal && !(k->value = span_expr((struct span){equal + 1, s.n - (size_t)(equal + 1 - s.at)}, e)))
        return -1;
    return 0;
}

static int keys(struct arch_number *n, struct span s, struct err *e)
{
    int depth = 0;

    if (span_is(s, "-"))
        return 0;
    for (size_t i = 0, from = 0; i <= s.n; i++) {
        if (i < s.n)
            depth += (s.at[i] == '(') - (s.at[i] == ')');
        if (i == s.n || (s.at[i] == ',' && depth == 0)) {
            if (one_key(n, (struct span){s.at + from, i - from}, e) < 0)
                return -1;
            from = i + 1;
        }
    }
    return 0;
}

/* The number of that name (of one without: of that key), emptied, or a new one. */
static struct arch_number *place(struct arch *a, struct span name, struct span key)
{
    const char *equal = memchr(key.at, '=', key.n);

    if (equal)
        key.n = (size_t)(equal - key.at);
    for (int i = 0; i < a->numbers; i++)
        if (span_is(name, a->number[i].name) &&
            (!span_is(name, "-") || (a->number[i].keys && span_is(key, a->number[i].key[0].key)))) {
            page_free_number(&a->number[i]);
            return &a->number[i];
        }
    return PAGE_ADD(a->number, a->numbers);
}

/* The default as the words of config.json that say its type; false, true and null are numbers to the page. */
static enum arch_written written(struct span *s)
{
    if (span_is(*s, "true") || span_is(*s, "false")) {
        *s = (struct span){span_is(*s, "true") ? "1" : "0", 1};
        return ARCH_TRUTH;
    }
    if (span_is(*s, "null")) {
        *s = (struct span){"0", 1};
        return ARCH_NULL;
    }
    for (size_t i = 0; i < s->n; i++)
        if (!strchr("0123456789.e+-", s->at[i]))
            return ARCH_PLAIN;
    return memchr(s->at, '.', s->n) || memchr(s->at, 'e', s->n) ? ARCH_REAL : ARCH_PLAIN;
}

int page_number(struct arch *a, struct span line, int each, struct err *e)
{
    struct span name, path, key, equal;
    struct arch_number *n;

    if (!span_word(&line, &name) || !span_word(&line, &path) || !span_word(&line, &key))
        return err_set(e, "a number is NAME PATH KEYS [= DEFAULT]");
    n = place(a, name, key);
    n->name = span_copy(name);
    n->each = each;
    paths(n, path);
    if (keys(n, key, e) < 0)
        return -1;
    if (!span_word(&line, &equal))
        return n->paths || n->keys ? 0 : err_set(e, "%s has no path, no key and no default", n->name);
    line = span_trim(line);
    if (!span_is(equal, "=") || line.n == 0)
        return err_set(e, "%s: '%.*s' stands where '= DEFAULT' may stand", n->name, (int)equal.n, equal.at);
    n->list = span_is(line, "[]");
    n->written = written(&line);
    return (n->otherwise = span_expr(line, e)) ? 0 : err_in(e, "%s", n->name);
}
