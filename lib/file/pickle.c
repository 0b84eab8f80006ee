/* pickle: a stack machine that builds nodes. Source: CPython's pickletools.py (opcodes), pickle.py. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "file/pickle_machine.h"

/* n bytes of the input, or NULL. */
const uint8_t *pickle_take(struct machine *m, uint64_t n)
{
    if (n > m->n - m->at) {
        m->cut = 1;
        err_set(m->e, "the pickle ends inside byte %zu: %llu more are needed, %zu are left", m->at,
                (unsigned long long)n, m->n - m->at);
        return NULL;
    }
    m->at += n;
    return m->p + m->at - n;
}

/* A little-endian count of `bytes` bytes. */
int pickle_number(struct machine *m, int bytes, uint64_t *v)
{
    const uint8_t *p = pickle_take(m, (uint64_t)bytes);

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

    if (pickle_number(m, bytes, &n) < 0 || !(p = pickle_take(m, n)))
        return -1;
    v = pickle_node_new(m, kind);
    v->text = (const char *)p;
    v->n = (size_t)n;
    return pickle_push(m, v);
}

/* A line of text; *n without its end. */
const char *pickle_line(struct machine *m, size_t *n)
{
    const uint8_t *end = memchr(m->p + m->at, '\n', m->n - m->at);
    const char *s = (const char *)m->p + m->at;

    if (!end) {
        pickle_take(m, m->n - m->at + 1);
        return NULL;
    }
    *n = (size_t)(end - (m->p + m->at));
    m->at += *n + 1;
    return s;
}

static int push_int(struct machine *m, int64_t i)
{
    struct pickle_node *v = pickle_node_new(m, PICKLE_INT);

    v->i = i;
    return pickle_push(m, v);
}

static int push_kind(struct machine *m, enum pickle_kind kind, int64_t i)
{
    struct pickle_node *v = pickle_node_new(m, kind);

    v->i = i;
    return pickle_push(m, v);
}

static int unsigned_int(struct machine *m, int bytes)
{
    uint64_t v;

    return pickle_number(m, bytes, &v) < 0 ? -1 : push_int(m, bytes == 4 ? (int32_t)v : (int64_t)v);
}

static int long_int(struct machine *m, int bytes)
{
    uint64_t n, sign;
    const uint8_t *p;
    struct pickle_node *v;

    if (pickle_number(m, bytes, &n) < 0 || !(p = pickle_take(m, n)))
        return -1;
    v = pickle_node_new(m, n > 8 ? PICKLE_LONG : PICKLE_INT);
    v->text = (const char *)p;
    v->n = (size_t)n;
    sign = n && p[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 8; i-- > 0;)
        sign = sign << 8 | (i < n ? p[i] : sign & 0xff);
    v->i = (int64_t)sign;
    return pickle_push(m, v);
}

static int real(struct machine *m)
{
    const uint8_t *p = pickle_take(m, 8);
    uint64_t bits = 0;
    struct pickle_node *v;

    for (int i = 0; p && i < 8; i++)
        bits = bits << 8 | p[i];
    if (!p)
        return -1;
    v = pickle_node_new(m, PICKLE_FLOAT);
    memcpy(&v->f, &bits, 8);
    return pickle_push(m, v);
}

static int protocol(struct machine *m)
{
    uint64_t v;

    if (pickle_number(m, 1, &v) < 0)
        return -1;
    return v > 5 ? err_set(m->e, "a pickle of protocol %llu, 0 to 5 are read", (unsigned long long)v) : 0;
}

static int refuse(struct machine *m, int op)
{
    static const struct {
        char op;
        const char *name;
    } names[] = {{'i', "INST"},
                 {'o', "OBJ"},
                 {'P', "PERSID"},
                 {'\x82', "EXT1"},
                 {'\x83', "EXT2"},
                 {'\x84', "EXT4"},
                 {'\x92', "NEWOBJ_EX"},
                 {'\x97', "NEXT_BUFFER"},
                 {'\x98', "READONLY_BUFFER"},
                 {'S', "STRING"},
                 {'V', "UNICODE"},
                 {'F', "FLOAT"},
                 {'I', "INT"},
                 {'L', "LONG"},
                 {'p', "PUT"},
                 {'g', "GET"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].op == (char)op)
            return err_set(m->e, "byte %zu of the pickle: opcode %s, which no state dict needs", m->at - 1,
                           names[i].name);
    return err_set(m->e, "byte %zu of the pickle: %#x is no opcode", m->at - 1, op);
}

static int step(struct machine *m, int op)
{
    uint64_t n;

    switch (op) {
    case 0x80:
        return protocol(m);
    case 0x95:
        return pickle_number(m, 8, &n); /* FRAME */
    case '(':
        return pickle_mark(m);
    case '0':
        return m->depth > pickle_floor(m) ? (m->depth--, 0)
               : m->marks                 ? (m->marks--, 0)
                                          : pickle_bad(m, "nothing is left on the stack");
    case '1':
        return m->marks ? (m->depth = m->mark[--m->marks], 0) : pickle_bad(m, "there is no mark");
    case '2':
        return m->depth > pickle_floor(m) ? pickle_push(m, m->stack[m->depth - 1])
                                          : pickle_bad(m, "nothing is left on the stack");
    case 'N':
        return push_kind(m, PICKLE_NONE, 0);
    case 0x88:
    case 0x89:
        return push_kind(m, PICKLE_BOOL, op == 0x88);
    case 'J':
        return unsigned_int(m, 4);
    case 'K':
        return unsigned_int(m, 1);
    case 'M':
        return unsigned_int(m, 2);
    case 0x8a:
        return long_int(m, 1);
    case 0x8b:
        return long_int(m, 4);
    case 'G':
        return real(m);
    case 'X':
        return counted(m, PICKLE_TEXT, 4);
    case 0x8c:
    case 'U':
        return counted(m, PICKLE_TEXT, 1);
    case 'T':
        return counted(m, PICKLE_TEXT, 4); /* Python 2's str */
    case 0x8d:
        return counted(m, PICKLE_TEXT, 8);
    case 'B':
        return counted(m, PICKLE_BYTES, 4);
    case 'C':
        return counted(m, PICKLE_BYTES, 1);
    case 0x8e:
    case 0x96:
        return counted(m, PICKLE_BYTES, 8);
    case ']':
        return push_kind(m, PICKLE_LIST, 0);
    case 'a':
        return pickle_append(m);
    case 'e':
        return pickle_gather(m, PICKLE_LIST, 1);
    case 'l':
        return pickle_gather(m, PICKLE_LIST, 0);
    case ')':
        return pickle_tuple(m, 0);
    case 't':
        return pickle_gather(m, PICKLE_TUPLE, 0);
    case 0x85:
    case 0x86:
    case 0x87:
        return pickle_tuple(m, (size_t)op - 0x84);
    case '}':
        return push_kind(m, PICKLE_DICT, 0);
    case 'd':
        return pickle_gather(m, PICKLE_DICT, 0);
    case 's':
        return pickle_set_item(m);
    case 'u':
        return pickle_gather(m, PICKLE_DICT, 1);
    case 0x8f:
        return push_kind(m, PICKLE_SET, 0);
    case 0x90:
        return pickle_gather(m, PICKLE_SET, 1);
    case 0x91:
        return pickle_gather(m, PICKLE_SET, 0);
    case 'q':
        return pickle_memo(m, 1, 0);
    case 'r':
        return pickle_memo(m, 4, 0);
    case 0x94:
        return pickle_memo(m, 0, 0);
    case 'h':
        return pickle_memo(m, 1, 1);
    case 'j':
        return pickle_memo(m, 4, 1);
    case 'c':
        return pickle_global(m);
    case 0x93:
        return pickle_stack_global(m);
    case 'R':
    case 0x81:
        return pickle_reduce(m); /* NEWOBJ of an allowed class says the same */
    case 'b':
        return pickle_build(m);
    case 'Q':
        return pickle_persistent(m);
    default:
        return refuse(m, op);
    }
}

static int run(struct machine *m)
{
    for (;;) {
        const uint8_t *op = pickle_take(m, 1);

        if (!op)
            return -1;
        if (*op == '.')
            break;
        if (step(m, *op) < 0)
            return -1;
    }
    m->k->root = pickle_pop(m);
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
    static const char *const names[] = {"None",   "a bool",   "an integer", "a long integer", "a float",
                                        "a text", "bytes",    "a list",     "a tuple",        "a dict",
                                        "a set",  "a global", "a call",     "a persistent id"};

    return v->kind == PICKLE_GLOBAL ? v->text : v->kind == PICKLE_CALL ? v->item[0]->text : names[v->kind];
}

int pickle_is_text(const struct pickle_node *v, const char *text)
{
    return v->kind == PICKLE_TEXT && v->n == strlen(text) && memcmp(v->text, text, v->n) == 0;
}
