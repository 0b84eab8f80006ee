/* choose_opts: which options of dsel go together. */
#include "select/choose.h"

const char *choose_fault(const struct choose_opts *c, const struct select_method *m)
{
    if ((c->k > 0) + (c->top >= 0) + (c->bottom >= 0) > 1)
        return "of -k, --top and --bottom only one can be";
    if (c->bottom >= 0 && (!c->by || *c->by == '-'))
        return "--bottom needs --by NAME, and takes its least; with -k say --by -NAME";
    if ((m->needs & SELECT_SCORE) && !c->by && (c->k || c->top >= 0))
        return "this method needs --by NAME";
    if ((m->needs & SELECT_CLUSTER) && !select_params.cluster)
        return "this method needs --cluster KEY";
    if (c->mix && (!c->per || (!c->k && c->top < 0 && c->bottom < 0)))
        return "--mix needs --per KEY, and -k or --top";
    if (c->total && ((c->top < 0 && c->bottom < 0) || (c->per && !c->mix)))
        return c->top < 0 && c->bottom < 0
                   ? "--total is what --top is a part of"
                   : "--total is of the whole, and --per without --mix takes a part of each group";
    return !c->target != !c->raw || (c->target && !c->report) ? "--target and --raw go together, and with --report"
                                                              : NULL;
}
