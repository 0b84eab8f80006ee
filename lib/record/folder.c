#include "record/folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define DEEPEST 32 /* folders in each other; links may go round */

struct paths {
    char **p;
    int n;
};

static void add(struct paths *to, char *path)
{
    if ((to->n & (to->n - 1)) == 0)
        to->p = mem_resize(to->p, to->n ? 2 * (size_t)to->n : 1, sizeof *to->p);
    to->p[to->n++] = path;
}

static int ends(const char *s, size_t n, const char *end)
{
    size_t k = strlen(end);

    return n > k && memcmp(s + n - k, end, k) == 0;
}

static int wanted(const char *name, enum load_format f)
{
    static const char *const zip[] = {".gz", ".zst", ".zstd"}, *const kind[] = {".jsonl", ".ndjson", ".json", ".wet",
                                                                                ".warc"};
    size_t n = strlen(name);

    if (f != LOAD_AUTO && f != LOAD_JSONL && f != LOAD_WET)
        return 1;
    for (size_t i = 0; i < sizeof zip / sizeof *zip; i++)
        if (ends(name, n, zip[i])) {
            n -= strlen(zip[i]);
            break;
        }
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
        if (ends(name, n, kind[i]))
            return 1;
    return 0;
}

static int is_folder(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int walk(struct paths *to, const char *folder, enum load_format f, int depth, struct err *e)
{
    DIR *d = depth < DEEPEST ? opendir(folder) : NULL;
    size_t slash = strlen(folder);
    struct dirent *entry;
    int rc = 0;

    if (!d)
        return depth < DEEPEST ? err_errno(e, "cannot open folder %s", folder)
                               : err_set(e, "%s: folders lie %d deep", folder, depth);
    while (slash > 1 && folder[slash - 1] == '/')
        slash--;
    while (rc == 0 && (entry = readdir(d))) {
        char *path;

        if (entry->d_name[0] == '.')
            continue;
        path = mem_printf("%.*s/%s", (int)slash, folder, entry->d_name);
        if (is_folder(path))
            rc = walk(to, path, f, depth + 1, e);
        else if (wanted(entry->d_name, f)) {
            add(to, path);
            continue;
        }
        free(path);
    }
    closedir(d);
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int folder_expand(char **path, int paths, enum load_format f, char ***list, int *n, struct err *e)
{
    struct paths all = {0};
    int rc = 0;

    for (int i = 0; i < paths && rc == 0; i++) {
        int before = all.n;

        if (!is_folder(path[i])) {
            add(&all, mem_strdup(path[i]));
            continue;
        }
        if ((rc = walk(&all, path[i], f, 0, e)) == 0 && all.n == before)
            rc = err_set(e,
                         "%s: there is no file of texts in this folder (.jsonl, .ndjson, .json, .wet, .warc; packed by "
                         "gzip or zstd)",
                         path[i]);
        else if (rc == 0)
            qsort(all.p + before, (size_t)(all.n - before), sizeof *all.p, by_bytes);
    }
    *list = all.p;
    *n = all.n;
    return rc;
}
