#include "file/torch_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/strided.h"

#define DEPTH_MAX 64
/*
 * Lists that are shared could make a small pickle a huge tree of long names. What is walked and named may grow with the
 * pickle's bytes: a walk of each thing once takes one step a byte at most, and a name's words stand in the file.
 */
#define VISITS(bytes) (4 * (bytes) + 1024)
#define NAMES(bytes) (16 * (bytes) + 65536)

static const struct {
    const char *storage, *type; /* torch.<storage>Storage, torch.<type> */
    enum dtype dtype;
} types[] = {{"Double", "float64", DT_F64},
             {"Float", "float32", DT_F32},
             {"Half", "float16", DT_F16},
             {"BFloat16", "bfloat16", DT_BF16},
             {"Long", "int64", DT_I64},
             {"Int", "int32", DT_I32},
             {"Short", "int16", DT_I16},
             {"Char", "int8", DT_I8},
             {"Byte", "uint8", DT_U8},
             {"Bool", "bool", DT_BOOL},
             {"ComplexFloat", "complex64", DT_C64},
             {"", "float8_e4m3fn", DT_F8_E4M3},
             {"", "float8_e5m2", DT_F8_E5M2},
             {"", "float8_e4m3fnuz", DT_F8_E4M3FNUZ},
             {"", "float8_e5m2fnuz", DT_F8_E5M2FNUZ},
             {"", "uint16", DT_U16},
             {"", "uint32", DT_U32},
             {"", "uint64", DT_U64}};

/* dtype of "torch.float32"; -1: no type. */
static int type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(name, "torch.", 6) == 0 && strcmp(name + 6, types[i].type) == 0)
            return (int)types[i].dtype;
    return -1;
}

/* dtype of "torch.FloatStorage"; -1: no storage. */
static int storage_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i].storage);

        if (n && strncmp(name, "torch.", 6) == 0 && strncmp(name + 6, types[i].storage, n) == 0 &&
            strcmp(name + 6 + n, "Storage") == 0)
            return (int)types[i].dtype;
    }
    return -1;
}

static int is_untyped(const char *name)
{
    return strcmp(name, "torch.storage.UntypedStorage") == 0 || strcmp(name, "torch.UntypedStorage") == 0;
}

static int allowed(const char *name)
{
    static const char *const names[] = {"collections.OrderedDict",
                                        "torch._utils._rebuild_tensor",
                                        "torch._utils._rebuild_tensor_v2",
                                        "torch._utils._rebuild_tensor_v3",
                                        "torch._utils._rebuild_parameter",
                                        "torch.Size",
                                        "torch.device"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return type_of(name) >= 0 || storage_type(name) >= 0 || is_untyped(name);
}

/* ---- storages ---- */

struct torch_storage *torch_tree_storage(const struct torch_tree *t, const char *key, size_t n)
{
    for (size_t i = 0; i < t->storages; i++)
        if (strlen(t->storage[i].key) == n && memcmp(t->storage[i].key, key, n) == 0)
            return &t->storage[i];
    return NULL;
}

/* ('storage', TYPE, KEY, LOCATION, COUNT) and in the old form (KEY, OFFSET, COUNT) of a view. */
static int check_id(const struct pickle_node *id, struct err *e)
{
    if (id->kind != PICKLE_TUPLE || id->items < 5 || !pickle_is_text(id->item[0], "storage") ||
        id->item[1]->kind != PICKLE_GLOBAL || id->item[2]->kind != PICKLE_TEXT || id->item[4]->kind != PICKLE_INT ||
        id->item[4]->i < 0)
        return err_set(e, "a persistent id is not ('storage', type, key, location, count)");
    if (id->item[2]->n == 0 || id->item[2]->n > 256 || memchr(id->item[2]->text, '\0', id->item[2]->n))
        return err_set(e, "a storage's key has %zu bytes, or holds a NUL", id->item[2]->n);
    return 0;
}

static int add_storage(struct torch_tree *t, const struct pickle_node *id, struct err *e)
{
    struct torch_storage st = {0}, *old;
    const char *type;

    if (check_id(id, e) < 0)
        return -1;
    type = id->item[1]->text;
    st = (struct torch_storage){
        .type_name = type, .dtype = is_untyped(type) ? -1 : storage_type(type), .count = (uint64_t)id->item[4]->i};
    if (st.dtype < 0 && !is_untyped(type))
        return err_set(e, "%s is no type of a storage", type);
    if (dtype_bytes(st.dtype < 0 ? DT_U8 : (enum dtype)st.dtype, st.count, &st.bytes) < 0)
        return err_set(e, "a storage of %llu elements overflows", (unsigned long long)st.count);
    if ((old = torch_tree_storage(t, id->item[2]->text, id->item[2]->n))) {
        if (old->dtype != st.dtype || old->count != st.count)
            return err_set(e, "storage %s is %llu elements of %s, and %llu of %s", old->key,
                           (unsigned long long)old->count, old->type_name, (unsigned long long)st.count, st.type_name);
        return 0;
    }
    st.key = mem_strndup(id->item[2]->text, id->item[2]->n);
    t->storage = mem_resize(t->storage, t->storages + 1, sizeof *t->storage);
    t->storage[t->storages++] = st;
    return 0;
}

int torch_tree_read(struct torch_tree *t, const uint8_t *p, size_t n, struct err *e)
{
    int rc;

    memset(t, 0, sizeof *t);
    rc = pickle_read(&t->pickle, p, n, allowed, e);
    for (size_t i = 0; i < t->pickle.nodes && rc == 0; i++)
        if (t->pickle.node[i]->kind == PICKLE_PERSISTENT)
            rc = add_storage(t, t->pickle.node[i]->item[0], e);
    return rc;
}

void torch_tree_free(struct torch_tree *t)
{
    for (size_t i = 0; i < t->storages; i++)
        free(t->storage[i].key);
    free(t->storage);
    pickle_free(&t->pickle);
    memset(t, 0, sizeof *t);
}

/* ---- tensors ---- */

/* A tuple of numbers from 0 up, at most RANK_MAX. */
static int read_numbers(const struct pickle_node *v, const char *what, int64_t *out, int *n, struct err *e)
{
    if (v->kind == PICKLE_CALL && strcmp(v->item[0]->text, "torch.Size") == 0 && v->item[1]->items == 1)
        v = v->item[1]->item[0];
    if (v->kind != PICKLE_TUPLE && v->kind != PICKLE_LIST)
        return err_set(e, "its %s is %s, not a tuple", what, pickle_kind_name(v));
    if (v->items > RANK_MAX)
        return err_set(e, "its %s has %zu numbers, %d at most", what, v->items, RANK_MAX);
    for (size_t i = 0; i < v->items; i++) {
        if (v->item[i]->kind != PICKLE_INT)
            return err_set(e, "its %s holds %s", what, pickle_kind_name(v->item[i]));
        if (v->item[i]->i < 0)
            return err_set(e, "its %s holds %lld", what, (long long)v->item[i]->i);
        out[i] = v->item[i]->i;
    }
    *n = (int)v->items;
    return 0;
}

/* Elements of the storage that shape and strides reach, from the first on; -1 on overflow. */
static int reach(const struct shape *s, const int64_t *stride, uint64_t *count, uint64_t *span)
{
    uint64_t most = 0;

    *count = 1;
    for (int i = 0; i < s->rank; i++)
        if (mem_mul(*count, s->dim[i], count) < 0)
            return -1;
    for (int i = 0; i < s->rank && *count; i++) {
        uint64_t far;

        if (mem_mul(s->dim[i] - 1, (uint64_t)stride[i], &far) < 0 || mem_add(most, far, &most) < 0)
            return -1;
    }
    *span = *count ? most + 1 : 0;
    return most == UINT64_MAX ? -1 : 0;
}

static int place_tensor(const struct torch_storage *st, struct file_tensor *t, const int64_t *stride, uint64_t offset,
                        struct source *s, struct err *e)
{
    uint64_t count, span, size = (uint64_t)dtype_info(t->dtype)->bits / 8, have = st->bytes / size, end;
    char text[200];

    if (reach(&t->shape, stride, &count, &span) < 0 || mem_add(offset, span, &end) < 0)
        return err_set(e, "shape %s and its strides overflow", shape_text(&t->shape, text));
    if (end > have)
        return err_set(e, "its elements reach to %llu of storage %s, which has %llu", (unsigned long long)end, st->key,
                       (unsigned long long)have);
    if (count > have)
        return err_set(e, "shape %s has %llu elements, its storage %llu: one value is there many times",
                       shape_text(&t->shape, text), (unsigned long long)count, (unsigned long long)have);
    t->part = st->part;
    t->bytes = count * size;
    t->offset = st->at + (count ? offset * size : 0);
    return strided_plain(&t->shape, stride) ? 0 : strided_copy(s, t, stride, (size_t)size, e);
}

/* Where a view of the old form begins in its storage: (KEY, OFFSET, COUNT) after the rest of the id. */
static uint64_t view_offset(const struct pickle_node *id)
{
    const struct pickle_node *view =
        id->items > 5 && id->item[5]->kind == PICKLE_TUPLE && id->item[5]->items == 3 ? id->item[5]->item[1] : NULL;

    return view && view->kind == PICKLE_INT && view->i > 0 ? (uint64_t)view->i : 0;
}

/* Arguments: storage, offset, size, stride ...; of v3 the type is the seventh. */
static int add_tensor(const struct torch_tree *tree, const struct pickle_node *call, const char *name, struct source *s,
                      struct err *e)
{
    const struct pickle_node *args = call->item[1], *id;
    int v3 = strcmp(call->item[0]->text, "torch._utils._rebuild_tensor_v3") == 0, rank, strides, dt;
    struct torch_storage *st;
    int64_t dim[RANK_MAX], stride[RANK_MAX];
    struct file_tensor t = {0};

    if (args->items < (v3 ? 7u : 4u) || args->item[0]->kind != PICKLE_PERSISTENT || args->item[1]->kind != PICKLE_INT ||
        args->item[1]->i < 0)
        return err_set(e, "its storage or its offset is none");
    id = args->item[0]->item[0];
    st = torch_tree_storage(tree, id->item[2]->text, id->item[2]->n);
    dt = v3 ? (args->item[6]->kind == PICKLE_GLOBAL ? type_of(args->item[6]->text) : -1) : st->dtype;
    if (dt < 0)
        return err_set(e, "its type is %s, which is not known", v3 ? pickle_kind_name(args->item[6]) : st->type_name);
    if (read_numbers(args->item[2], "size", dim, &rank, e) < 0 ||
        read_numbers(args->item[3], "stride", stride, &strides, e) < 0)
        return -1;
    if (rank != strides)
        return err_set(e, "it has %d dimensions and %d strides", rank, strides);
    t.dtype = (enum dtype)dt;
    t.shape.rank = rank;
    for (int i = 0; i < rank; i++)
        t.shape.dim[i] = (uint64_t)dim[i];
    if (place_tensor(st, &t, stride, (uint64_t)args->item[1]->i + view_offset(id), s, e) < 0) /* both below 2^63 */
        return -1;
    t.name = mem_strdup(name);
    *source_add_tensor(s) = t;
    return 0;
}

struct walk {
    const struct torch_tree *tree;
    struct source *s;
    size_t visits, names; /* so far; names: their bytes */
};

static int visit(struct walk *w, const struct pickle_node *v, const char *name, int depth, struct err *e);

/* A key as a word of a name. NULL: neither text nor number. */
static char *key_text(const struct pickle_node *key, struct err *e)
{
    if (key->kind == PICKLE_INT)
        return mem_printf("%lld", (long long)key->i);
    if (key->kind == PICKLE_TEXT && key->n && !memchr(key->text, '\0', key->n))
        return mem_strndup(key->text, key->n);
    err_set(e, "a key is %s, empty, or holds a NUL", pickle_kind_name(key));
    return NULL;
}

static int visit_child(struct walk *w, const struct pickle_node *v, const char *name, const char *word, int depth,
                       struct err *e)
{
    char *full = mem_printf("%s%s%s", name, *name ? "." : "", word);
    int rc;

    if (strlen(full) > NAME_MAX_BYTES)
        rc = err_set(e, "a name of %zu bytes, %d at most", strlen(full), NAME_MAX_BYTES);
    else if ((w->names += strlen(full)) > NAMES(w->tree->pickle.used))
        rc = err_set(e, "%.100s: names of more than %zu bytes in a pickle of %zu: lists in lists are shared", full,
                     NAMES(w->tree->pickle.used), w->tree->pickle.used);
    else
        rc = visit(w, v, full, depth + 1, e);
    free(full);
    return rc;
}

static int is_container(const struct pickle_node *v)
{
    return v->kind == PICKLE_DICT || v->kind == PICKLE_LIST || v->kind == PICKLE_TUPLE;
}

/* Can there be tensors in it? Keys of what holds none may be anything. */
static int worth(const struct pickle_node *v)
{
    return is_container(v) || v->kind == PICKLE_CALL;
}

static int visit_items(struct walk *w, const struct pickle_node *v, const char *name, int depth, struct err *e)
{
    for (size_t i = 0; i < v->items; i += v->kind == PICKLE_DICT ? 2 : 1) {
        const struct pickle_node *item = v->kind == PICKLE_DICT ? v->item[i + 1] : v->item[i];
        char number[32], *word;
        int rc;

        if (!worth(item))
            continue;
        if (v->kind != PICKLE_DICT) {
            snprintf(number, sizeof number, "%zu", i);
            rc = visit_child(w, item, name, number, depth, e);
        } else if ((word = key_text(v->item[i], e))) {
            rc = visit_child(
                w, item, name,
                !*name && is_container(item) && (strcmp(word, "state_dict") == 0 || strcmp(word, "model") == 0) ? ""
                                                                                                                : word,
                depth, e);
            free(word);
        } else {
            rc = -1;
        }
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int visit(struct walk *w, const struct pickle_node *v, const char *name, int depth, struct err *e)
{
    const char *f;

    if (depth > DEPTH_MAX)
        return err_set(e, "%.100s...: containers are nested deeper than %d", name, DEPTH_MAX);
    if (++w->visits > VISITS(w->tree->pickle.used))
        return err_set(e, "%.100s: more than %zu values in a pickle of %zu bytes: lists in lists are shared", name,
                       VISITS(w->tree->pickle.used), w->tree->pickle.used);
    if (is_container(v))
        return visit_items(w, v, name, depth, e);
    if (v->kind != PICKLE_CALL)
        return 0;
    f = v->item[0]->text;
    if (strncmp(f, "torch._utils._rebuild_tensor", 28) == 0)
        return add_tensor(w->tree, v, *name ? name : "tensor", w->s, e) < 0 ? err_in(e, "%s", *name ? name : "tensor")
                                                                            : 0;
    if (strcmp(f, "torch._utils._rebuild_parameter") == 0) {
        if (!v->item[1]->items)
            return err_set(e, "%s: a parameter of nothing", name);
        return visit(w, v->item[1]->item[0], name, depth + 1, e);
    }
    return 0;
}

int torch_tree_add(const struct torch_tree *t, struct source *s, struct err *e)
{
    struct walk w = {t, s, 0, 0};

    return visit(&w, t->pickle.root, "", 0, e);
}
