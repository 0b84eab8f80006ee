#include "dup/report.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/target.h"

#define FLUSH 65536

struct report {
    struct target *to;
    struct buf b;
    int jaccard;
};

struct report *report_open(const char *path, int jaccard, struct err *e)
{
    struct report *r = mem_new(1, sizeof *r);

    r->jaccard = jaccard;
    if (path && !(r->to = target_open(path, e)))
        return free(r), NULL;
    buf_printf(&r->b, "id\tcluster\tkept\tlikeness%s\n", jaccard ? "\tjaccard" : "");
    return r;
}

/* Ids may hold anything: what would break the line is shown as \xNN. */
static void put_id(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 32 || s[i] == 127 || s[i] == '\\')
            buf_printf(b, "\\x%02x", (unsigned)(unsigned char)s[i]);
        else
            buf_add(b, s + i, 1);
}

static int flush(struct report *r, struct err *e)
{
    int rc = io_write(target_fd(r->to), r->b.data, r->b.len, e);

    r->b.len = 0;
    return rc < 0 ? err_in(e, "report") : 0;
}

int report_line(struct report *r, const struct dup_verdict *v, int keep, struct err *e)
{
    if (!r->to)
        return 0;
    put_id(&r->b, v->id, v->id_len);
    buf_puts(&r->b, "\t");
    put_id(&r->b, v->cluster, v->cluster_len);
    buf_printf(&r->b, "\t%d\t%.4f", keep, v->likeness);
    if (r->jaccard)
        buf_printf(&r->b, "\t%.4f", v->jaccard);
    buf_puts(&r->b, "\n");
    return r->b.len >= FLUSH ? flush(r, e) : 0;
}

int report_close(struct report *r, int abandon, struct err *e)
{
    int rc = 0;

    if (r->to && !abandon) {
        rc = flush(r, e);
        if (rc == 0)
            rc = target_commit(r->to, e);
        else
            target_abort(r->to);
    } else if (r->to) {
        target_abort(r->to);
    }
    buf_free(&r->b);
    free(r);
    return rc;
}
