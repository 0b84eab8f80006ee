#include "record/lost.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/target.h"

struct lost {
    const char *path;
    struct target *to;
    struct buf list;
    int n;
};

struct lost *lost_open(const char *path, struct err *e)
{
    struct lost *l = mem_new(1, sizeof *l);

    l->path = path;
    if (!(l->to = target_open_text(path, e)))
        return free(l), NULL;
    buf_puts(&l->list, "file\trecords\treason\n");
    return l;
}

void lost_add(struct lost *l, const char *file, uint64_t records, const char *reason)
{
    size_t n = strlen(file);

    /* The reason begins with the file's name, which has a column of its own. */
    if (strncmp(reason, file, n) == 0 && strncmp(reason + n, ": ", 2) == 0)
        reason += n + 2;
    buf_printf(&l->list, "%s\t%" PRIu64 "\t%s\n", file, records, reason);
    l->n++;
}

int lost_count(const struct lost *l)
{
    return l->n;
}

int lost_close(struct lost *l, struct err *e)
{
    int rc = io_write(target_fd(l->to), l->list.data, l->list.len, e);

    if (rc == 0)
        rc = target_commit(l->to, e);
    else
        target_abort(l->to);
    if (rc < 0)
        err_in(e, "%s", l->path);
    buf_free(&l->list);
    free(l);
    return rc;
}
