#include "record/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "record/json_seen.h"
#include "record/json_text.h"

#define CHUNK_BYTES 65536
/* What a tree may take beyond 4 bytes for each of the text: the largest tokenizers (33 MB, two million values) take 200
 * MiB. */
#define JSON_ROOM ((size_t)256 << 20)

/* Nodes and strings of one tree lie in chunks that are freed together: one allocation for thousands of nodes. */
struct chunk {
    struct chunk *next;
    size_t used, cap;
    max_align_t bytes[];
};

struct tree {
    struct json root; /* first: what json_parse returns is also the tree's address */
    struct chunk *chunks;
    size_t bytes; /* of them */
};

struct level {
    struct json *node, *last;
};

struct parse {
    struct tree *tree;
    json_member_fn *fn; /* is given each member of the text's object, which is then forgotten; NULL: a whole tree */
    void *ctx;
    struct err *fn_err;  /* its fault */
    int stopped;         /* by fn */
    struct tree names;   /* with fn: the members', kept to find those that come twice */
    struct level *stack; /* the arrays and objects that are open */
    int depth, depth_max;
    size_t room;     /* bytes that values and names may take */
    const char *key; /* name that the next value gets; NULL within arrays */
    size_t key_len;
    struct seen_set seen[2]; /* [1], with fn: the names of the text's own object; all others in [0] */
    struct err why;          /* set by a callback that stops the parse */
};

static void *tree_space(struct tree *t, size_t n)
{
    struct chunk *c = t->chunks;

    n = (n + 7) / 8 * 8; /* what a double and an int64_t need */
    if (!c || c->cap - c->used < n) {
        size_t cap = n > CHUNK_BYTES ? n : CHUNK_BYTES;

        c = mem_resize(NULL, sizeof *c + cap, 1);
        *c = (struct chunk){.next = t->chunks, .cap = cap};
        t->chunks = c;
        t->bytes += cap;
    }
    c->used += n;
    return (char *)c->bytes + c->used - n;
}

static char *tree_string(struct tree *t, const void *s, size_t n)
{
    char *copy = tree_space(t, n + 1);

    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

static void chunks_free(struct tree *t)
{
    while (t->chunks) {
        struct chunk *c = t->chunks;

        t->chunks = c->next;
        free(c);
    }
}

/* Is there room for another value? A node takes 72 bytes, and "0," says one. */
static int value_fits(struct parse *p)
{
    size_t seen = p->seen[0].cap + p->seen[1].cap;

    if (p->tree->bytes + p->names.bytes + seen * sizeof *p->seen[0].item <= p->room)
        return 1;
    err_set(&p->why, "too many values: they take more than %zu MiB of memory", p->room >> 20);
    return 0;
}

/* Hang a new value at the place the parse has reached. */
static struct json *value_add(struct parse *p, enum json_kind kind)
{
    struct level *top = p->depth ? &p->stack[p->depth - 1] : NULL;
    struct json *j = top ? tree_space(p->tree, sizeof *j) : &p->tree->root;

    *j = (struct json){.kind = kind, .key = (char *)p->key, .key_len = p->key_len};
    if (top) {
        *(top->last ? &top->last->next : &top->node->first) = j;
        top->last = j;
        top->node->len++;
    }
    p->key = NULL;
    p->key_len = 0;
    return j;
}

/* Drop all chunks but one of usual size, which serves again. */
static void tree_forget(struct tree *t)
{
    struct chunk *keep = NULL;

    while (t->chunks) {
        struct chunk *c = t->chunks;

        t->chunks = c->next;
        if (!keep && c->cap == CHUNK_BYTES)
            keep = c;
        else
            free(c);
    }
    if (keep)
        keep->used = 0, keep->next = NULL;
    t->chunks = keep;
    t->bytes = keep ? CHUNK_BYTES : 0;
}

/* A value is whole. Is it a member that fn waits for? */
static int value_end(struct parse *p)
{
    struct json *root = &p->tree->root;

    if (!value_fits(p))
        return 0;
    if (!p->fn || p->depth != 1 || root->kind != JSON_OBJECT)
        return 1;
    p->stopped = p->fn(p->ctx, root->first, p->fn_err) < 0;
    root->first = p->stack[0].last = NULL;
    tree_forget(p->tree);
    seen_forget(&p->seen[0]);
    return !p->stopped;
}

static int on_null(void *ctx)
{
    value_add(ctx, JSON_NULL);
    return value_end(ctx);
}

static int on_bool(void *ctx, int v)
{
    struct json *j = value_add(ctx, JSON_BOOL);

    j->i = v != 0;
    return value_end(ctx);
}

/* Whole numbers that fit in 64 bits are INT; others are NUMBER, which must be finite as a double. */
static int on_number(void *ctx, const char *s, size_t n)
{
    struct parse *p = ctx;
    char room[64], *text = n < sizeof room ? room : tree_string(p->tree, s, n);
    struct json *j = value_add(p, JSON_NUMBER);

    if (text == room) {
        memcpy(room, s, n);
        room[n] = '\0';
    }

    j->num = strtod(text, NULL);
    if (!isfinite(j->num)) {
        err_set(&p->why, "number %.40s is too large for a double", text);
        return 0;
    }
    if (!strpbrk(text, ".eE")) {
        errno = 0;
        j->i = strtoll(text, NULL, 10);
        if (errno == 0)
            j->kind = JSON_INT;
    }
    return value_end(p);
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    struct parse *p = ctx;
    struct json *j = value_add(p, JSON_STRING);

    j->s = tree_string(p->tree, s, n);
    j->len = n;
    return value_end(p);
}

static int level_open(struct parse *p, enum json_kind kind)
{
    struct json *j;

    if (p->depth == p->depth_max) {
        err_set(&p->why, "nested deeper than %d levels", p->depth_max);
        return 0;
    }
    j = value_add(p, kind);
    p->stack = mem_resize(p->stack, (size_t)p->depth + 1, sizeof *p->stack);
    p->stack[p->depth++] = (struct level){j, NULL};
    return value_fits(p);
}

static int on_map(void *ctx)
{
    return level_open(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
    return level_open(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
    struct parse *p = ctx;

    p->depth--;
    return value_end(p);
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
    struct parse *p = ctx;
    const struct json *object = p->stack[p->depth - 1].node;
    int lasting = p->fn && p->depth == 1;
    struct seen_set *set = &p->seen[lasting];
    struct seen *slot = seen_slot(set, object, (const char *)s, n);

    if (slot->object) {
        err_set(&p->why, "key \"%.*s\" is there twice", n > 200 ? 200 : (int)n, (const char *)s);
        return 0;
    }
    p->key = tree_string(lasting ? &p->names : p->tree, s, n);
    p->key_len = n;
    *slot = (struct seen){object, p->key, n};
    return 1;
}

/* yajl's words for its own fault, without their line break. */
static void yajl_reason(yajl_handle y, struct err *why)
{
    unsigned char *text = yajl_get_error(y, 0, NULL, 0);
    size_t n = strcspn((const char *)text, "\n");

    err_set(why, "%.*s", (int)n, (const char *)text);
    yajl_free_error(y, text);
}

static void *yajl_new(void *ctx, size_t n)
{
    (void)ctx;
    return mem_resize(NULL, n, 1);
}

static void *yajl_grow(void *ctx, void *p, size_t n)
{
    (void)ctx;
    return mem_resize(p, n, 1);
}

static void yajl_drop(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* Returns the offset that yajl reached, with p->why set when it stopped at a fault. */
static size_t tree_fill(struct parse *p, const void *text, size_t n)
{
    static const yajl_callbacks on = {on_null, on_bool, NULL,   NULL,     on_number, on_string,
                                      on_map,  on_key,  on_end, on_array, on_end};
    yajl_alloc_funcs memory = {yajl_new, yajl_grow, yajl_drop, NULL};
    yajl_handle y = yajl_alloc(&on, &memory, p);
    yajl_status got = yajl_parse(y, text, n);
    size_t at = yajl_get_bytes_consumed(y);

    if (got == yajl_status_ok) {
        got = yajl_complete_parse(y);
        at = n;
    }
    if (got != yajl_status_ok && !p->why.msg[0] && !p->stopped)
        yajl_reason(y, &p->why);
    yajl_free(y);
    return at;
}

/* The text through yajl. -1: e has the clause, of fn as it is. */
static int parse(struct parse *p, const void *text, size_t n, int depth_max, struct err *e)
{
    const unsigned char *s = text;
    size_t at = json_text_fault(s, n, &p->why), line = 1, column = 1;

    p->tree = mem_new(1, sizeof *p->tree);
    p->depth_max = depth_max;
    p->room = JSON_ROOM + 4 * n;
    if (at == n)
        at = tree_fill(p, text, n);
    free(p->stack);
    seen_free(&p->seen[0]);
    seen_free(&p->seen[1]);
    if (p->stopped)
        return -1;
    if (!p->why.msg[0])
        return 0;
    for (size_t i = 0; i < at && i < n; i++) {
        column = s[i] == '\n' ? 1 : column + 1;
        line += s[i] == '\n';
    }
    return err_set(e, "line %zu, column %zu: %s", line, column, p->why.msg);
}

struct json *json_parse(const void *text, size_t n, int depth_max, struct err *e)
{
    struct parse p = {0};

    if (parse(&p, text, n, depth_max, e) == 0)
        return &p.tree->root;
    json_free(&p.tree->root);
    return NULL;
}

int json_members(const void *text, size_t n, int depth_max, json_member_fn *fn, void *ctx, struct err *e)
{
    struct parse p = {.fn = fn, .ctx = ctx, .fn_err = e};
    int rc = parse(&p, text, n, depth_max, e), object = p.tree->root.kind == JSON_OBJECT;

    json_free(&p.tree->root);
    chunks_free(&p.names);
    return rc == 0 && !object ? err_set(e, "is not an object") : rc;
}

void json_free(struct json *j)
{
    struct tree *t = (struct tree *)j;

    if (t)
        chunks_free(t);
    free(t);
}
