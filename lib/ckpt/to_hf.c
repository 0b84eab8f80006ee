#include "ckpt/to_hf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "file/gguf.h"
#include "file/shards.h"
#include "arch/config.h"

void to_hf_open(struct to_hf *t, const char *folder, const struct attrs *model)
{
    struct err e;

    memset(t, 0, sizeof *t);
    t->folder = mem_strdup(folder);
    attrs_copy(&t->model, model);
    if (arch_of(model) && model_open(&t->m, model, &e) == 0)
        t->ready = 1;
}

void to_hf_close(struct to_hf *t)
{
    if (t->ready)
        model_close(&t->m);
    free(t->folder);
    attrs_free(&t->model);
    buf_free(&t->config);
    memset(t, 0, sizeof *t);
}

/* The folders of a name with '/' in it, as far as they are not there. */
static int make_folders(const struct to_hf *t, const char *name, struct err *e)
{
    int rc = 0;

    for (const char *s = strchr(name, '/'); s && rc == 0; s = strchr(s + 1, '/')) {
        char *path = mem_printf("%s/%.*s", t->folder, (int)(s - name), name);

        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            rc = err_errno(e, "cannot make a folder for %s", name);
        free(path);
    }
    return rc;
}

/* A new file of the folder, or -1. */
static int create(const struct to_hf *t, const char *name, struct err *e)
{
    char *path = mem_printf("%s/%s", t->folder, name);
    int bad = file_name_check(name, 1, e) < 0 || make_folders(t, name, e) < 0,
        fd = bad ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (!bad && fd < 0)
        err_errno(e, "cannot make %s", name);
    free(path);
    return fd;
}

static int finish(int fd, const char *name, int rc, struct err *e)
{
    if (rc < 0)
        err_in(e, "%s", name);
    if (rc == 0 && fsync(fd) < 0)
        rc = err_errno(e, "cannot write %s", name);
    if (close(fd) < 0 && rc == 0)
        rc = err_errno(e, "cannot write %s", name);
    return rc;
}

int to_hf_file(const struct to_hf *t, const char *name, const void *data, size_t n, struct err *e)
{
    int fd = create(t, name, e);

    return fd < 0 ? -1 : finish(fd, name, io_write(fd, data, n, e), e);
}

int to_hf_blob(struct to_hf *t, const char *name, const void *data, size_t n, struct err *e)
{
    if (strcmp(name, GGUF_BLOB) == 0)
        return 0;
    if (strcmp(name, "config.json") != 0)
        return to_hf_file(t, name, data, n, e);
    if (t->has_config)
        return err_set(e, "config.json comes twice in the stream");
    t->has_config = 1;
    buf_add(&t->config, data, n);
    return 0;
}

static void add_attrs(struct attrs *to, const struct attrs *from)
{
    for (int i = 0; i < from->n; i++) {
        const struct attr *a = &from->item[i];

        switch (a->kind) {
        case ATTR_INT:
            attrs_set_int(to, a->key, a->i);
            break;
        case ATTR_BOOL:
            attrs_set_bool(to, a->key, (int)a->i);
            break;
        case ATTR_F64:
            attrs_set_f64(to, a->key, a->f);
            break;
        case ATTR_STR:
            attrs_set_str(to, a->key, attrs_str(from, a->key, ""));
            break;
        case ATTR_RAW:
            attrs_set_raw(to, a->key, a->raw.data, a->raw.len);
            break;
        }
    }
}

static int write_config(struct to_hf *t, const struct attrs *tail, const struct pile *pile, struct err *e)
{
    struct buf out = {0};
    int rc = 0;

    if (!t->has_config)
        return 0;
    dtype_key_correct(&t->types, pile, &t->config);
    add_attrs(&t->model, tail);
    if (!arch_of(&t->model)) /* as it came, be it JSON or not */
        return to_hf_file(t, "config.json", t->config.data, t->config.len, e);
    rc = config_correct(&t->config, &t->model, &out, e);
    if (rc == 0)
        rc = to_hf_file(t, "config.json", out.data, out.len, e);
    buf_free(&out);
    return rc;
}

int to_hf_weights(const struct to_hf *t, const char *name, const struct pile *pile, const struct attrs *meta,
                  struct err *e)
{
    int fd = create(t, name, e);

    return fd < 0 ? -1 : finish(fd, name, safetensors_write(pile, meta, fd, e), e);
}

static int write_shards(const struct to_hf *t, const struct pile *pile, const size_t *of, size_t n,
                        const struct attrs *meta, struct err *e)
{
    struct buf index = {0};
    int rc = pile_check(pile, e); /* a name that two shards hold */

    for (size_t i = 0; i < n && rc == 0; i++) {
        char *name = shards_name("model", i, n, ".safetensors");
        struct pile part;

        shards_pile(pile, of, i, &part);
        rc = to_hf_weights(t, name, &part, meta, e);
        free(part.item);
        free(name);
    }
    shards_index(pile, of, n, &index);
    if (rc == 0)
        rc = to_hf_file(t, "model.safetensors.index.json", index.data, index.len, e);
    buf_free(&index);
    return rc;
}

int to_hf_finish(struct to_hf *t, const struct attrs *meta, const struct attrs *tail, const struct pile *pile,
                 uint64_t max_shard, struct err *e)
{
    size_t *of = mem_new(pile->n + 1, sizeof *of), n = max_shard ? shards_plan(pile, max_shard, 1, of) : 1;
    struct attrs m = {0};
    int rc = write_config(t, tail, pile, e);

    attrs_copy(&m, meta);
    if (!attrs_find(&m, "format"))
        attrs_set_str(&m, "format", "pt");
    if (rc == 0)
        rc = n > 1 ? write_shards(t, pile, of, n, &m, e) : to_hf_weights(t, "model.safetensors", pile, &m, e);
    attrs_free(&m);
    free(of);
    return rc;
}
