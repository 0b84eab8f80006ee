#include "tensor/ends.h"

#include "base/mem.h"
#include "base/target.h"

void ends_check(struct ends *x)
{
    opt_check_report(&x->report_path, x->dry_run);
}

int ends_open(struct ends *x, struct err *e)
{
    if (!x->in && !(x->in = reader_stdin(e)))
        return -1;
    if (!x->dry_run && !(x->out = writer_stdout(x->in, e)))
        return -1;
    reader_allow_partial(x->in, 1);
    return 0;
}

int ends_finish(struct ends *x, const struct select *s, uint64_t done, const char *why, struct err *e)
{
    if (s && select_end(s, &reader_head(x->in)->model, done, why, e) < 0)
        return -1;
    if (x->out && writer_finish(x->out, e) < 0)
        return -1;
    return x->report_path ? target_put(x->report_path, x->report.data, x->report.len, e) : 0;
}

void ends_close(struct ends *x)
{
    reader_close(x->in);
    buf_free(&x->report);
}
