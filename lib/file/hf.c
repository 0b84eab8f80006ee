/*
 * hf: a Hugging Face folder: model.safetensors, or shards named by model.safetensors.index.json, or the one
 * *.safetensors there is, or the same of PyTorch's (pytorch_model.bin); and what lies beside them (beside.h), which
 * travels as blobs: config.json, tokenizer.json ...
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/io.h"
#include "file/beside.h"
#include "record/json.h"

#define INDEX "model.safetensors.index.json"
#define TORCH "pytorch_model.bin"
#define TORCH_INDEX TORCH ".index.json"
#define INDEX_MAX_BYTES ((uint64_t)256 << 20)

static int exists(const char *folder, const char *name)
{
    char *path = mem_printf("%s/%s", folder, name);
    struct stat st;
    int yes = stat(path, &st) == 0 && S_ISREG(st.st_mode);

    free(path);
    return yes;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the plain files of a folder that are not hidden, in byte order; NULL-terminated. The caller frees. */
static char **list_files(const char *folder, struct err *e)
{
    DIR *d = opendir(folder);
    char **name = mem_new(1, sizeof *name);
    size_t n = 0;

    if (!d) {
        err_errno(e, "cannot list %s", folder);
        free(name);
        return NULL;
    }
    for (struct dirent *f; (f = readdir(d));) {
        if (f->d_name[0] == '.' || !exists(folder, f->d_name))
            continue;
        name = mem_resize(name, n + 2, sizeof *name);
        name[n++] = mem_strdup(f->d_name);
    }
    name[n] = NULL;
    closedir(d);
    qsort(name, n, sizeof *name, by_text);
    return name;
}

static void free_list(char **name)
{
    for (size_t i = 0; name && name[i]; i++)
        free(name[i]);
    free(name);
}

static int probe(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    (void)first, (void)n;
    return is_folder || glob_match_list("*" INDEX ",*" TORCH_INDEX, path);
}

static int add_file(struct source *s, const char *folder, const char *name, struct err *e)
{
    char *path = mem_printf("%s/%s", folder, name);
    int rc = glob_match("*.bin", name) ? torch_add(s, path, e) : safetensors_add(s, path, e);

    free(path);
    return rc;
}

/* weight_map as pairs sorted by tensor name. */
struct place {
    const char *tensor, *shard;
};

static int by_tensor(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->tensor, ((const struct place *)b)->tensor);
}

static int check_shard_name(const struct json *m, struct err *e)
{
    if (m->kind != JSON_STRING)
        return err_set(e, "weight_map: the place of %s is not a string", m->key);
    if (m->len == 0 || strlen(m->s) != m->len || strlen(m->key) != m->key_len || strchr(m->s, '/') ||
        strcmp(m->s, "..") == 0 || strcmp(m->s, ".") == 0)
        return err_set(e, "weight_map: %s is placed in '%s', which is no plain file name", m->key, m->s);
    return 0;
}

/* Every tensor added since `first` came from part `part`, whose shard must be the one that weight_map names for it. */
static int check_shard(const struct source *s, size_t first, const char *shard, const struct place *map, size_t n,
                       struct err *e)
{
    for (size_t i = first; i < s->tensors; i++) {
        struct place key = {s->tensor[i].name, NULL};
        const struct place *hit = bsearch(&key, map, n, sizeof *map, by_tensor);

        if (!hit)
            return err_set(e, "%s holds %s, which weight_map does not name", shard, key.tensor);
        if (strcmp(hit->shard, shard) != 0)
            return err_set(e, "%s holds %s, which weight_map places in %s", shard, key.tensor, hit->shard);
    }
    return 0;
}

static int check_all_found(const struct source *s, size_t first, const struct place *map, size_t n, struct err *e)
{
    const char **have;
    size_t count = s->tensors - first;
    int rc = 0;

    if (count == n)
        return 0;
    have = mem_new(count + 1, sizeof *have);
    for (size_t i = 0; i < count; i++)
        have[i] = s->tensor[first + i].name;
    qsort(have, count, sizeof *have, by_text);
    for (size_t i = 0; i < n && rc == 0; i++)
        if (!bsearch(&map[i].tensor, have, count, sizeof *have, by_text))
            rc = err_set(e, "weight_map places %s in %s, which does not hold it", map[i].tensor, map[i].shard);
    free(have);
    return rc;
}

/* The shards in the order of their names, each once, then both directions of the check. */
static int add_shards(struct source *s, const char *folder, struct place *map, size_t n, struct err *e)
{
    const char **shard = mem_new(n + 1, sizeof *shard);
    size_t first = s->tensors;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        shard[i] = map[i].shard;
    qsort(shard, n, sizeof *shard, by_text);
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t before = s->tensors;

        if (i && strcmp(shard[i - 1], shard[i]) == 0)
            continue;
        rc = add_file(s, folder, shard[i], e);
        if (rc == 0)
            rc = check_shard(s, before, shard[i], map, n, e);
    }
    free(shard);
    return rc < 0 ? -1 : check_all_found(s, first, map, n, e);
}

static int read_map(struct source *s, const char *folder, const struct json *map, struct err *e)
{
    struct place *place;
    size_t n = 0;
    int rc = 0;

    if (!map || map->kind != JSON_OBJECT)
        return err_set(e, "weight_map is missing or no object");
    place = mem_new(map->len + 1, sizeof *place);
    for (const struct json *m = map->first; m && rc == 0; m = m->next)
        if ((rc = check_shard_name(m, e)) == 0)
            place[n++] = (struct place){m->key, m->s};
    qsort(place, n, sizeof *place, by_tensor);
    if (rc == 0)
        rc = add_shards(s, folder, place, n, e);
    free(place);
    return rc;
}

static int add_index(struct source *s, const char *folder, const char *index, struct err *e)
{
    char *path = mem_printf("%s/%s", folder, index);
    struct buf text = {0};
    struct json *j = NULL;
    int rc = io_slurp(path, INDEX_MAX_BYTES, &text, e);

    if (rc == 0 && !(j = json_parse(text.data, text.len, 8, e)))
        rc = err_in(e, "%s", path);
    if (rc == 0 && (rc = read_map(s, folder, json_get(j, "weight_map"), e)) < 0)
        err_in(e, "%s", path);
    json_free(j);
    buf_free(&text);
    free(path);
    return rc;
}

/* The file of tensors: as the peers choose it, or the only one. */
static int add_weights(struct source *s, const char *folder, char **name, struct err *e)
{
    const char *only = NULL;
    int n = 0;

    if (exists(folder, "model.safetensors"))
        return add_file(s, folder, "model.safetensors", e);
    if (exists(folder, INDEX))
        return add_index(s, folder, INDEX, e);
    for (size_t i = 0; name[i]; i++)
        if (glob_match("*.safetensors", name[i])) {
            only = name[i];
            n++;
        }
    if (n == 1)
        return add_file(s, folder, only, e);
    if (n == 0 && exists(folder, TORCH))
        return add_file(s, folder, TORCH, e);
    if (n == 0 && exists(folder, TORCH_INDEX))
        return add_index(s, folder, TORCH_INDEX, e);
    return err_set(e, "%s: %d files *.safetensors, but neither model.safetensors nor " INDEX " nor " TORCH, folder, n);
}

/* The folder of a path that is a folder or an index file in it. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return mem_strdup(path);
    return slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mem_strdup(".");
}

static int open_folder(struct source *s, const char *path, struct err *e)
{
    char *folder = folder_of(path), **name = list_files(folder, e);
    int rc = -1;

    if (name && (rc = add_weights(s, folder, name, e)) == 0)
        rc = beside_add(s, folder, e);
    free_list(name);
    free(folder);
    return rc;
}

const struct file_format file_hf = {"hf", "a Hugging Face folder: safetensors, config.json, tokenizer", probe,
                                    open_folder};
