#include "file/beside.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/io.h"
#include "record/json.h"

#define MODULES "modules.json"
#define MODULES_MAX_BYTES ((uint64_t)1 << 20)

/* Weights in any format, and what says where weights are. */
static const char weights[] =
    "*.safetensors,*.safetensors.index.json,*.gguf,*.bin,*.bin.index.json,*.pt,*.pth,*.ckpt,*.h5,"
    "*.msgpack,*.onnx,*.onnx_data,*.npz,*.weir";
static const char weights_elsewhere[] =
    "*.tflite,*.mlmodel,*.engine,*.ot"; /* of formats that make a sub-folder a checkpoint */
static const char never[] = "events.out.tfevents.*";

/* Paths of one folder's files, and whether weights are among them. */
struct found {
    char **path;
    size_t n;
    int weighty;
};

static void found_free(struct found *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->path[i]);
    free(f->path);
    *f = (struct found){0};
}

static void found_add(struct found *f, char *path)
{
    f->path = mem_resize(f->path, f->n + 1, sizeof *f->path);
    f->path[f->n++] = path;
}

/* All that from has; from is {0} then. */
static void found_join(struct found *to, struct found *from)
{
    for (size_t i = 0; i < from->n; i++)
        found_add(to, from->path[i]);
    free(from->path);
    to->weighty |= from->weighty;
    *from = (struct found){0};
}

/* Is inside (a path from the folder) the path of a module, or in it? */
static int is_module(const struct json *modules, const char *inside)
{
    for (const struct json *m = modules && modules->kind == JSON_ARRAY ? modules->first : NULL; m; m = m->next) {
        const char *path = m->kind == JSON_OBJECT ? json_str(m, "path", "") : "";
        size_t n = strlen(path);

        while (n > 0 && path[n - 1] == '/')
            n--;
        if (n > 0 && strncmp(path, inside, n) == 0 && (inside[n] == '\0' || inside[n] == '/'))
            return 1;
    }
    return 0;
}

static int look(const char *folder, const char *inside, int depth, const struct json *modules, struct found *out,
                struct err *e);

static int look_at_folder(const char *folder, char *inside, int depth, const struct json *modules, struct found *out,
                          struct err *e)
{
    struct found in = {0};
    int rc = depth >= BESIDE_DEPTH ? err_set(e, "%s/%s: folders in folders, %d at most", folder, inside, BESIDE_DEPTH)
                                   : look(folder, inside, depth + 1, modules, &in, e);

    if (rc == 0 && (!in.weighty || is_module(modules, inside)))
        found_join(out, &in);
    else
        out->weighty |= in.weighty && depth > 0; /* a folder of checkpoints is one */
    found_free(&in);
    free(inside);
    return rc;
}

/* A file of a sub-folder; of the model's own folder its weights have been found already. */
static void look_at_file(char *inside, int depth, int module, struct found *out)
{
    const char *slash = strrchr(inside, '/'), *name = slash ? slash + 1 : inside;
    int heavy = glob_match_list(weights, name) || (depth > 0 && glob_match_list(weights_elsewhere, name));

    out->weighty |= heavy && depth > 0 && !module;
    if ((heavy && !module) || (depth > 0 && glob_match_list(never, name)))
        free(inside);
    else
        found_add(out, inside);
}

/* The folder at folder/inside ("": itself). */
static int look(const char *folder, const char *inside, int depth, const struct json *modules, struct found *out,
                struct err *e)
{
    char *here = mem_printf("%s%s%s", folder, *inside ? "/" : "", inside);
    int module = is_module(modules, inside), rc = 0;
    DIR *d = opendir(here);

    if (!d)
        rc = err_errno(e, "cannot list %s", here);
    for (struct dirent *f; rc == 0 && d && (f = readdir(d));) {
        char *path = mem_printf("%s/%s", here, f->d_name),
             *name = mem_printf("%s%s%s", inside, *inside ? "/" : "", f->d_name);
        int known = f->d_name[0] == '.';
        struct stat st;

        if (!known && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            look_at_file(name, depth, module, out);
        else if (!known && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && strcmp(f->d_name, "__pycache__") != 0)
            rc = look_at_folder(folder, name, depth, modules, out, e);
        else
            free(name);
        if (rc == 0 && out->n > BESIDE_FILES)
            rc = err_set(e, "%s has more than %d files beside its weights", here, BESIDE_FILES);
        free(path);
    }
    if (d)
        closedir(d);
    free(here);
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add(struct source *s, const char *folder, const char *inside, struct err *e)
{
    struct file_blob *b = source_add_blob(s, inside);
    struct stat st;

    b->path = mem_printf("%s/%s", folder, inside);
    if (stat(b->path, &st) == 0 && (uint64_t)st.st_size > BLOB_MAX_BYTES)
        return err_set(e, "%s has %lld bytes; a file that travels beside the weights has at most %llu", b->path,
                       (long long)st.st_size, (unsigned long long)BLOB_MAX_BYTES);
    return 0;
}

/* modules.json, or NULL where there is none. */
static int read_modules(const char *folder, struct json **out, struct err *e)
{
    char *path = mem_printf("%s/" MODULES, folder);
    struct buf text = {0};
    struct stat st;
    int rc = 0;

    *out = NULL;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (rc = io_slurp(path, MODULES_MAX_BYTES, &text, e)) == 0 &&
        !(*out = json_parse(text.data, text.len, 16, e)))
        rc = err_in(e, "%s", path);
    buf_free(&text);
    free(path);
    return rc;
}

int beside_add(struct source *s, const char *folder, struct err *e)
{
    struct found f = {0};
    struct json *modules;
    int rc = read_modules(folder, &modules, e);

    if (rc == 0)
        rc = look(folder, "", 0, modules, &f, e);
    if (f.n)
        qsort(f.path, f.n, sizeof *f.path, by_text);
    for (size_t i = 0; i < f.n && rc == 0; i++)
        rc = add(s, folder, f.path[i], e);
    found_free(&f);
    json_free(modules);
    return rc;
}
