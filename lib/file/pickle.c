/* pickle: a stack machine that builds nodes. Source: CPython's pickletools.py (opcodes), pickle.py. */
#include "file/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct machine {
    struct pickle *k;
    const uint8_t *p;
    size_t n, at;
    struct pickle_node **stack;
    size_t depth, stack_cap;
    size_t *mark;
    size_t marks, mark_cap;
    struct pickle_node **memo;
    size_t memos;      /* places of memo */
    size_t next_memo;  /* MEMOIZE's */
    int (*allowed)(const char *);
    int cut;           /* the bytes ended inside the pickle */
    struct err *e;
};

static struct pickle_node *node_new(struct machine *m, enum pickle_kind kind)
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

static int push(struct machine *m, struct pickle_node *v)
{
    if (m->depth == m->stack_cap) {
        m->stack_cap = m->stack_cap ? m->stack_cap * 2 : 256;
        m->stack = mem_resize(m->stack, m->stack_cap, sizeof *m->stack);
    }
    m->stack[m->depth++] = v;
    return 0;
}

static void add(struct pickle_node *v, struct pickle_node *item)
{
    if (v->items == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 4;
        v->item = mem_resize(v->item, v->cap, sizeof *v->item);
    }
    v->item[v->items++] = item;
}

static int bad(struct machine *m, const char *what)
{
    return err_set(m->e, "byte %zu of the pickle: %s", m->at - 1, what);
}

/* The lowest place that may be popped: above the last mark. */
static size_t floor_of(const struct machine *m)
{
    return m->marks ? m->mark[m->marks - 1] : 0;
}

static struct pickle_node *pop(struct machine *m)
{
    if (m->depth <= floor_of(m)) {
        bad(m, "nothing is left on the stack");
        return NULL;
    }
    return m->stack[--m->depth];
}

static struct pickle_node *top(struct machine *m, enum pickle_kind kind, const char *what)
{
    if (m->depth <= floor_of(m) || m->stack[m->depth - 1]->kind != kind) {
        bad(m, what);
        return NULL;
    }
    return m->stack[m->depth - 1];
}

/* n bytes of the input, or NULL. */
static const uint8_t *take(struct machine *m, uint64_t n)
{
    if (n > m->n - m->at) {
        m->cut = 1;
        err_set(m->e, "the pickle ends inside byte %zu: %llu more are needed, %zu are left", m->at, (unsigned long long)n, m->n - m->at);
        return NULL;
    }
    m->at += n;
    return m->p + m->at - n;
}

/* A little-endian count of `bytes` bytes. */
static int number(struct machine *m, int bytes, uint64_t *v)
{
    const uint8_t *p = take(m, (uint64_t)bytes);

    *v = 0;
    for (int i = 0; p && i < bytes; i++)
        *v |= (uint64_t)p[i] << 8 * i;
    return p ? 0 : -1;
}

/* A text or bytes whose length has `bytes` bytes. */
static int counted(struct machine *m, enum pickle_kind kind, int bytes)
{
    struct pickle_node *v;
    const uint8_t *p;
    uint64_t n;

    if (number(m, bytes, &n) < 0 || !(p = take(m, n)))
        return -1;
    v = node_new(m, kind);
    v->text = (const char *)p;
    v->n = (size_t)n;
    return push(m, v);
}

/* A line of text; *n without its end. */
static const char *line(struct machine *m, size_t *n)
{
    const uint8_t *end = memchr(m->p + m->at, '\n', m->n - m->at);
    const char *s = (const char *)m->p + m->at;

    if (!end) {
        take(m, m->n - m->at + 1);
        return NULL;
    }
    *n = (size_t)(end - (m->p + m->at));
    m->at += *n + 1;
    return s;
}

static int push_int(struct machine *m, int64_t i)
{
    struct pickle_node *v = node_new(m, PICKLE_INT);

    v->i = i;
    return push(m, v);
}

static int push_kind(struct machine *m, enum pickle_kind kind, int64_t i)
{
    struct pickle_node *v = node_new(m, kind);

    v->i = i;
    return push(m, v);
}

static int unsigned_int(struct machine *m, int bytes)
{
    uint64_t v;

    return number(m, bytes, &v) < 0 ? -1 : push_int(m, bytes == 4 ? (int32_t)v : (int64_t)v);
}

static int long_int(struct machine *m, int bytes)
{
    uint64_t n, sign;
    const uint8_t *p;
    struct pickle_node *v;

    if (number(m, bytes, &n) < 0 || !(p = take(m, n)))
        return -1;
    v = node_new(m, n > 8 ? PICKLE_LONG : PICKLE_INT);
    v->text = (const char *)p;
    v->n = (size_t)n;
    sign = n && p[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 8; i-- > 0;)
        sign = sign << 8 | (i < n ? p[i] : sign & 0xff);
    v->i = (int64_t)sign;
    return push(m, v);
}

static int real(struct machine *m)
{
    const uint8_t *p = take(m, 8);
    uint64_t bits = 0;
    struct pickle_node *v;

    for (int i = 0; p && i < 8; i++)
        bits = bits << 8 | p[i];
    if (!p)
        return -1;
    v = node_new(m, PICKLE_FLOAT);
    memcpy(&v->f, &bits, 8);
    return push(m, v);
}

/* ---- containers ---- */

static int mark(struct machine *m)
{
    if (m->marks == m->mark_cap) {
        m->mark_cap = m->mark_cap ? m->mark_cap * 2 : 64;
        m->mark = mem_resize(m->mark, m->mark_cap, sizeof *m->mark);
    }
    m->mark[m->marks++] = m->depth;
    return 0;
}

/* What stands above the last mark becomes a container, or goes into the one below the mark. */
static int gather(struct machine *m, enum pickle_kind kind, int into)
{
    size_t from;
    struct pickle_node *v;

    if (!m->marks)
        return bad(m, "there is no mark");
    from = m->mark[--m->marks];
    if (!into) {
        v = node_new(m, kind);
    } else {
        if (from <= floor_of(m) || m->stack[from - 1]->kind != kind)
            return bad(m, "items for something that is no such container");
        v = m->stack[from - 1];
    }
    if (kind == PICKLE_DICT && (m->depth - from) % 2)
        return bad(m, "a key without a value");
    for (size_t i = from; i < m->depth; i++)
        add(v, m->stack[i]);
    m->depth = from;
    return into ? 0 : push(m, v);
}

static int tuple(struct machine *m, size_t n)
{
    struct pickle_node *v = node_new(m, PICKLE_TUPLE);

    if (m->depth - floor_of(m) < n)
        return bad(m, "nothing is left on the stack");
    for (size_t i = 0; i < n; i++)
        add(v, m->stack[m->depth - n + i]);
    m->depth -= n;
    return push(m, v);
}

static int append(struct machine *m)
{
    struct pickle_node *item = pop(m), *list = item ? top(m, PICKLE_LIST, "an item for something that is no list") : NULL;

    if (!list)
        return -1;
    add(list, item);
    return 0;
}

static int set_item(struct machine *m)
{
    struct pickle_node *v = pop(m), *key = v ? pop(m) : NULL, *d = key ? top(m, PICKLE_DICT, "a key for something that is no dict") : NULL;

    if (!d)
        return -1;
    add(d, key);
    add(d, v);
    return 0;
}

/* ---- the memo ---- */

static int put_memo(struct machine *m, uint64_t i)
{
    if (m->depth <= floor_of(m))
        return bad(m, "nothing is left on the stack");
    if (i >= m->n)
        return bad(m, "a place in the memo that so short a pickle cannot need");
    if (i >= m->memos) {
        size_t to = (size_t)i * 2 + 64 < m->n ? (size_t)i * 2 + 64 : m->n;

        m->memo = mem_resize(m->memo, to, sizeof *m->memo);
        memset(m->memo + m->memos, 0, (to - m->memos) * sizeof *m->memo);
        m->memos = to;
    }
    m->memo[i] = m->stack[m->depth - 1];
    return 0;
}

static int memo_op(struct machine *m, int bytes, int get)
{
    uint64_t i = m->next_memo;

    if (bytes && number(m, bytes, &i) < 0)
        return -1;
    if (!get) {
        m->next_memo++;
        return put_memo(m, i);
    }
    if (i >= m->memos || !m->memo[i])
        return bad(m, "a place in the memo that holds nothing");
    return push(m, m->memo[i]);
}

/* ---- globals and calls ---- */

static int push_global(struct machine *m, const char *module, size_t module_n, const char *name, size_t name_n)
{
    struct pickle_node *v = node_new(m, PICKLE_GLOBAL);
    char *full;

    if (module_n > 200 || name_n > 200)
        return bad(m, "a global of a name longer than 200 bytes");
    full = mem_printf("%.*s.%.*s", (int)module_n, module, (int)name_n, name);
    v->text = full; /* freed with the node: pickle_free */
    v->n = strlen(full);
    if (!m->allowed(full))
        return err_set(m->e, "byte %zu of the pickle: it names %s, which is not among what a state dict needs; nothing was run", m->at - 1, full);
    return push(m, v);
}

static int global(struct machine *m)
{
    size_t a = 0, b = 0;
    const char *module = line(m, &a), *name = module ? line(m, &b) : NULL;

    return name ? push_global(m, module, a, name, b) : -1;
}

static int stack_global(struct machine *m)
{
    struct pickle_node *name = pop(m), *module = name ? pop(m) : NULL;

    if (!module)
        return -1;
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return bad(m, "a global whose name is no text");
    return push_global(m, module->text, module->n, name->text, name->n);
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static struct pickle_node *ordered_dict(struct machine *m, const struct pickle_node *args)
{
    struct pickle_node *d = node_new(m, PICKLE_DICT);
    const struct pickle_node *list = args->items == 1 ? args->item[0] : NULL;

    if (args->items > 1 || (list && list->kind != PICKLE_LIST)) {
        bad(m, "an OrderedDict of something that is no list of pairs");
        return NULL;
    }
    for (size_t i = 0; list && i < list->items; i++) {
        const struct pickle_node *pair = list->item[i];

        if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->items != 2) {
            bad(m, "an OrderedDict of something that is no list of pairs");
            return NULL;
        }
        add(d, pair->item[0]);
        add(d, pair->item[1]);
    }
    return d;
}

static int reduce(struct machine *m)
{
    struct pickle_node *args = pop(m), *f = args ? pop(m) : NULL, *v;

    if (!f)
        return -1;
    if (f->kind != PICKLE_GLOBAL || args->kind != PICKLE_TUPLE)
        return bad(m, "a call of something that is no global, or without a tuple of arguments");
    if (strcmp(f->text, "collections.OrderedDict") == 0)
        return (v = ordered_dict(m, args)) ? push(m, v) : -1;
    v = node_new(m, PICKLE_CALL);
    add(v, f);
    add(v, args);
    return push(m, v);
}

/* Attributes: only of dicts, whose _metadata say nothing of the tensors. */
static int build(struct machine *m)
{
    struct pickle_node *state = pop(m);

    return state && top(m, PICKLE_DICT, "attributes for something that is no dict") ? 0 : -1;
}

static int persistent(struct machine *m)
{
    struct pickle_node *id = pop(m), *v;

    if (!id)
        return -1;
    v = node_new(m, PICKLE_PERSISTENT);
    add(v, id);
    return push(m, v);
}

static int protocol(struct machine *m)
{
    uint64_t v;

    if (number(m, 1, &v) < 0)
        return -1;
    return v > 5 ? err_set(m->e, "a pickle of protocol %llu, 0 to 5 are read", (unsigned long long)v) : 0;
}

static int refuse(struct machine *m, int op)
{
    static const struct {
        char op;
        const char *name;
    } names[] = {{'i', "INST"}, {'o', "OBJ"}, {'P', "PERSID"}, {'\x82', "EXT1"}, {'\x83', "EXT2"}, {'\x84', "EXT4"}, {'\x92', "NEWOBJ_EX"},
                 {'\x97', "NEXT_BUFFER"}, {'\x98', "READONLY_BUFFER"}, {'S', "STRING"}, {'V', "UNICODE"}, {'F', "FLOAT"}, {'I', "INT"},
                 {'L', "LONG"}, {'p', "PUT"}, {'g', "GET"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].op == (char)op)
            return err_set(m->e, "byte %zu of the pickle: opcode %s, which no state dict needs", m->at - 1, names[i].name);
    return err_set(m->e, "byte %zu of the pickle: %#x is no opcode", m->at - 1, op);
}

static int step(struct machine *m, int op)
{
    uint64_t n;

    switch (op) {
    case 0x80: return protocol(m);
    case 0x95: return number(m, 8, &n);             /* FRAME */
    case '(': return mark(m);
    case '0': return m->depth > floor_of(m) ? (m->depth--, 0) : m->marks ? (m->marks--, 0) : bad(m, "nothing is left on the stack");
    case '1': return m->marks ? (m->depth = m->mark[--m->marks], 0) : bad(m, "there is no mark");
    case '2': return m->depth > floor_of(m) ? push(m, m->stack[m->depth - 1]) : bad(m, "nothing is left on the stack");
    case 'N': return push_kind(m, PICKLE_NONE, 0);
    case 0x88: case 0x89: return push_kind(m, PICKLE_BOOL, op == 0x88);
    case 'J': return unsigned_int(m, 4);
    case 'K': return unsigned_int(m, 1);
    case 'M': return unsigned_int(m, 2);
    case 0x8a: return long_int(m, 1);
    case 0x8b: return long_int(m, 4);
    case 'G': return real(m);
    case 'X': return counted(m, PICKLE_TEXT, 4);
    case 0x8c: case 'U': return counted(m, PICKLE_TEXT, 1);
    case 'T': return counted(m, PICKLE_TEXT, 4);    /* Python 2's str */
    case 0x8d: return counted(m, PICKLE_TEXT, 8);
    case 'B': return counted(m, PICKLE_BYTES, 4);
    case 'C': return counted(m, PICKLE_BYTES, 1);
    case 0x8e: case 0x96: return counted(m, PICKLE_BYTES, 8);
    case ']': return push_kind(m, PICKLE_LIST, 0);
    case 'a': return append(m);
    case 'e': return gather(m, PICKLE_LIST, 1);
    case 'l': return gather(m, PICKLE_LIST, 0);
    case ')': return tuple(m, 0);
    case 't': return gather(m, PICKLE_TUPLE, 0);
    case 0x85: case 0x86: case 0x87: return tuple(m, (size_t)op - 0x84);
    case '}': return push_kind(m, PICKLE_DICT, 0);
    case 'd': return gather(m, PICKLE_DICT, 0);
    case 's': return set_item(m);
    case 'u': return gather(m, PICKLE_DICT, 1);
    case 0x8f: return push_kind(m, PICKLE_SET, 0);
    case 0x90: return gather(m, PICKLE_SET, 1);
    case 0x91: return gather(m, PICKLE_SET, 0);
    case 'q': return memo_op(m, 1, 0);
    case 'r': return memo_op(m, 4, 0);
    case 0x94: return memo_op(m, 0, 0);
    case 'h': return memo_op(m, 1, 1);
    case 'j': return memo_op(m, 4, 1);
    case 'c': return global(m);
    case 0x93: return stack_global(m);
    case 'R': case 0x81: return reduce(m);          /* NEWOBJ of an allowed class says the same */
    case 'b': return build(m);
    case 'Q': return persistent(m);
    default: return refuse(m, op);
    }
}

static int run(struct machine *m)
{
    for (;;) {
        const uint8_t *op = take(m, 1);

        if (!op)
            return -1;
        if (*op == '.')
            break;
        if (step(m, *op) < 0)
            return -1;
    }
    m->k->root = pop(m);
    m->k->used = m->at;
    return m->k->root ? 0 : -1;
}

int pickle_read(struct pickle *k, const uint8_t *p, size_t n, int (*allowed)(const char *name), struct err *e)
{
    struct machine m = {.k = k, .p = p, .n = n, .allowed = allowed, .e = e};
    int rc;

    memset(k, 0, sizeof *k);
    rc = run(&m);
    free(m.stack);
    free(m.mark);
    free(m.memo);
    return rc < 0 && m.cut ? 1 : rc;
}

void pickle_free(struct pickle *k)
{
    for (size_t i = 0; i < k->nodes; i++) {
        free(k->node[i]->item);
        if (k->node[i]->kind == PICKLE_GLOBAL)
            free((char *)k->node[i]->text);
        free(k->node[i]);
    }
    free(k->node);
    memset(k, 0, sizeof *k);
}

const char *pickle_kind_name(const struct pickle_node *v)
{
    static const char *const names[] = {"None", "a bool", "an integer", "a long integer", "a float", "a text", "bytes", "a list", "a tuple",
                                        "a dict", "a set", "a global", "a call", "a persistent id"};

    return v->kind == PICKLE_GLOBAL ? v->text : v->kind == PICKLE_CALL ? v->item[0]->text : names[v->kind];
}

int pickle_is_text(const struct pickle_node *v, const char *text)
{
    return v->kind == PICKLE_TEXT && v->n == strlen(text) && memcmp(v->text, text, v->n) == 0;
}
