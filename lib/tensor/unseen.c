#include "tensor/unseen.h"

int bundle_unseen(const struct bundle *b)
{
    static const char *const about_inputs[] = {"norm2", "mean", "absmean", "gram"};

    if (b->expert < 0 || attrs_int(&b->more, "count", -1) != 0)
        return 0;
    for (int i = 0; i < 4; i++)
        if (bundle_part(b, -1, about_inputs[i]))
            return 0;
    return 1;
}

void unseen_add(struct unseen *u, const struct bundle *b)
{
    if (!u)
        return;
    u->n++;
    buf_printf(&u->names, " %s", b->name);
}

const char *unseen_line(struct unseen *u, const char *how, int verbose)
{
    u->line.len = 0;
    buf_printf(&u->line, "%llu weight%s of experts that saw no token %s%s", (unsigned long long)u->n, u->n == 1 ? "" : "s", how,
               verbose ? ":" : "; -v names them");
    if (verbose)
        buf_add(&u->line, u->names.data, u->names.len);
    return buf_str(&u->line);
}

void unseen_free(struct unseen *u)
{
    buf_free(&u->names);
    buf_free(&u->line);
}
