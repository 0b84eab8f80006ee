/* pickle_stack: the stack of a pickle, its containers, memo and calls, which are only written down. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/pickle_machine.h"

struct pickle_node *pickle_node_new(struct machine *m, enum pickle_kind kind)
{
    struct pickle *k = m->k;

    if (k->nodes == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 256;
        k->node = mem_resize(k->node, k->cap, sizeof *k->node);
    }
    k->node[k->nodes] = mem_resize(NULL, 1, sizeof **k->node);
    *k->node[k->nodes] = (struct pickle_node){.kind = kind};
    return k->node[k->nodes++];
}

int pickle_push(struct machine *m, struct pickle_node *v)
{
    if (m->depth == m->stack_cap) {
        m->stack_cap = m->stack_cap ? m->stack_cap * 2 : 256;
        m->stack = mem_resize(m->stack, m->stack_cap, sizeof *m->stack);
    }
    m->stack[m->depth++] = v;
    return 0;
}

void pickle_add(struct pickle_node *v, struct pickle_node *item)
{
    if (v->items == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 4;
        v->item = mem_resize(v->item, v->cap, sizeof *v->item);
    }
    v->item[v->items++] = item;
}

int pickle_bad(struct machine *m, const char *what)
{
    return err_set(m->e, "byte %zu of the pickle: %s", m->at - 1, what);
}

/* The lowest place that may be popped: above the last mark. */
size_t pickle_floor(const struct machine *m)
{
    return m->marks ? m->mark[m->marks - 1] : 0;
}

struct pickle_node *pickle_pop(struct machine *m)
{
    if (m->depth <= pickle_floor(m)) {
        pickle_bad(m, "nothing is left on the stack");
        return NULL;
    }
    return m->stack[--m->depth];
}

static struct pickle_node *pickle_top(struct machine *m, enum pickle_kind kind, const char *what)
{
    if (m->depth <= pickle_floor(m) || m->stack[m->depth - 1]->kind != kind) {
        pickle_bad(m, what);
        return NULL;
    }
    return m->stack[m->depth - 1];
}

/* ---- containers ---- */

int pickle_mark(struct machine *m)
{
    if (m->marks == m->mark_cap) {
        m->mark_cap = m->mark_cap ? m->mark_cap * 2 : 64;
        m->mark = mem_resize(m->mark, m->mark_cap, sizeof *m->mark);
    }
    m->mark[m->marks++] = m->depth;
    return 0;
}

/* What stands above the last mark becomes a container, or goes into the one below the mark. */
int pickle_gather(struct machine *m, enum pickle_kind kind, int into)
{
    size_t from;
    struct pickle_node *v;

    if (!m->marks)
        return pickle_bad(m, "there is no mark");
    from = m->mark[--m->marks];
    if (!into) {
        v = pickle_node_new(m, kind);
    } else {
        if (from <= pickle_floor(m) || m->stack[from - 1]->kind != kind)
            return pickle_bad(m, "items for something that is no such container");
        v = m->stack[from - 1];
    }
    if (kind == PICKLE_DICT && (m->depth - from) % 2)
        return pickle_bad(m, "a key without a value");
    for (size_t i = from; i < m->depth; i++)
        pickle_add(v, m->stack[i]);
    m->depth = from;
    return into ? 0 : pickle_push(m, v);
}

int pickle_tuple(struct machine *m, size_t n)
{
    struct pickle_node *v = pickle_node_new(m, PICKLE_TUPLE);

    if (m->depth - pickle_floor(m) < n)
        return pickle_bad(m, "nothing is left on the stack");
    for (size_t i = 0; i < n; i++)
        pickle_add(v, m->stack[m->depth - n + i]);
    m->depth -= n;
    return pickle_push(m, v);
}

int pickle_append(struct machine *m)
{
    struct pickle_node *item = pickle_pop(m),
                       *list = item ? pickle_top(m, PICKLE_LIST, "an item for something that is no list") : NULL;

    if (!list)
        return -1;
    pickle_add(list, item);
    return 0;
}

int pickle_set_item(struct machine *m)
{
    struct pickle_node *v = pickle_pop(m), *key = v ? pickle_pop(m) : NULL,
                       *d = key ? pickle_top(m, PICKLE_DICT, "a key for something that is no dict") : NULL;

    if (!d)
        return -1;
    pickle_add(d, key);
    pickle_add(d, v);
    return 0;
}

/* ---- the memo ---- */

static int pickle_memo_put(struct machine *m, uint64_t i)
{
    if (m->depth <= pickle_floor(m))
        return pickle_bad(m, "nothing is left on the stack");
    if (i >= m->n)
        return pickle_bad(m, "a place in the memo that so short a pickle cannot need");
    if (i >= m->memos) {
        size_t to = (size_t)i * 2 + 64 < m->n ? (size_t)i * 2 + 64 : m->n;

        m->memo = mem_resize(m->memo, to, sizeof *m->memo);
        memset(m->memo + m->memos, 0, (to - m->memos) * sizeof *m->memo);
        m->memos = to;
    }
    m->memo[i] = m->stack[m->depth - 1];
    return 0;
}

int pickle_memo(struct machine *m, int bytes, int get)
{
    uint64_t i = m->next_memo;

    if (bytes && pickle_number(m, bytes, &i) < 0)
        return -1;
    if (!get) {
        m->next_memo++;
        return pickle_memo_put(m, i);
    }
    if (i >= m->memos || !m->memo[i])
        return pickle_bad(m, "a place in the memo that holds nothing");
    return pickle_push(m, m->memo[i]);
}

/* ---- globals and calls ---- */

static int pickle_push_global(struct machine *m, const char *module, size_t module_n, const char *name, size_t name_n)
{
    struct pickle_node *v;
    char *full;

    if (module_n > 200 || name_n > 200)
        return pickle_bad(m, "a global of a name longer than 200 bytes");
    v = pickle_node_new(m, PICKLE_GLOBAL);
    full = mem_printf("%.*s.%.*s", (int)module_n, module, (int)name_n, name);
    v->text = full; /* freed with the node: pickle_free */
    v->n = strlen(full);
    if (!m->allowed(full))
        return err_set(
            m->e, "byte %zu of the pickle: it names %s, which is not among what a state dict needs; nothing was run",
            m->at - 1, full);
    return pickle_push(m, v);
}

int pickle_global(struct machine *m)
{
    size_t a = 0, b = 0;
    const char *module = pickle_line(m, &a), *name = module ? pickle_line(m, &b) : NULL;

    return name ? pickle_push_global(m, module, a, name, b) : -1;
}

int pickle_stack_global(struct machine *m)
{
    struct pickle_node *name = pickle_pop(m), *module = name ? pickle_pop(m) : NULL;

    if (!module)
        return -1;
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return pickle_bad(m, "a global whose name is no text");
    return pickle_push_global(m, module->text, module->n, name->text, name->n);
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static struct pickle_node *ordered_dict(struct machine *m, const struct pickle_node *args)
{
    struct pickle_node *d = pickle_node_new(m, PICKLE_DICT);
    const struct pickle_node *list = args->items == 1 ? args->item[0] : NULL;

    if (args->items > 1 || (list && list->kind != PICKLE_LIST)) {
        pickle_bad(m, "an OrderedDict of something that is no list of pairs");
        return NULL;
    }
    for (size_t i = 0; list && i < list->items; i++) {
        const struct pickle_node *pair = list->item[i];

        if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->items != 2) {
            pickle_bad(m, "an OrderedDict of something that is no list of pairs");
            return NULL;
        }
        if ((m->copied += 2) > 2 * m->n) { /* the same list again and again: as many items as calls times pairs */
            pickle_bad(m, "more pairs in OrderedDicts than the pickle has bytes");
            return NULL;
        }
        pickle_add(d, pair->item[0]);
        pickle_add(d, pair->item[1]);
    }
    return d;
}

int pickle_reduce(struct machine *m)
{
    struct pickle_node *args = pickle_pop(m), *f = args ? pickle_pop(m) : NULL, *v;

    if (!f)
        return -1;
    if (f->kind != PICKLE_GLOBAL || args->kind != PICKLE_TUPLE)
        return pickle_bad(m, "a call of something that is no global, or without a tuple of arguments");
    if (strcmp(f->text, "collections.OrderedDict") == 0)
        return (v = ordered_dict(m, args)) ? pickle_push(m, v) : -1;
    v = pickle_node_new(m, PICKLE_CALL);
    pickle_add(v, f);
    pickle_add(v, args);
    return pickle_push(m, v);
}

/* Attributes: only of dicts, whose _metadata say nothing of the tensors. */
int pickle_build(struct machine *m)
{
    struct pickle_node *state = pickle_pop(m);

    return state && pickle_top(m, PICKLE_DICT, "attributes for something that is no dict") ? 0 : -1;
}

int pickle_persistent(struct machine *m)
{
    struct pickle_node *id = pickle_pop(m), *v;

    if (!id)
        return -1;
    v = pickle_node_new(m, PICKLE_PERSISTENT);
    pickle_add(v, id);
    return pickle_push(m, v);
}
