#include "merge/merge.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/table.h"

#define PIECE 32768 /* elements that one thread takes at a time */
#define MODELS_MAX 4096

const struct merge_method *const merge_table[] = {
#define METHOD(id) &merge_##id,
#include "merge/merge.def"
#undef METHOD
    NULL};

const struct merge_method *merge_find(const char *name)
{
    return table_find(merge_table, name);
}

static int by_tensor(const struct merge_method *m, const struct merge_args *a)
{
    return m->unit == MERGE_TENSOR || (m->takes & MERGE_SCOPE && !a->by_row) ||
           (m->takes & MERGE_RESCALE && a->rescale == MERGE_BY_L1);
}

const struct merge_survey *merge_surveys(const struct merge_method *m, const struct merge_args *a)
{
    return by_tensor(m, a) ? m->survey : NULL;
}

int merge_whole(const struct merge_method *m, const struct merge_args *a)
{
    return by_tensor(m, a) && !m->survey;
}

static int check_range(const char *name, double v, double lo, double hi, struct err *e)
{
    return v >= lo && v <= hi ? 0 : err_set(e, "%s is %g, not %g to %g", name, v, lo, hi);
}

int merge_check(const struct merge_method *m, const struct merge_args *a, int models, struct err *e)
{
    double sum = 0;

    if (models > MODELS_MAX)
        return err_set(e, "%d models are more than %d", models, MODELS_MAX);
    if (models < m->least || (m->most && models > m->most))
        return err_set(e, "%s takes %s%d model%s%s, not %d", m->name,
                       m->most == m->least ? ""
                       : m->most           ? "up to "
                                           : "at least ",
                       m->most ? m->most : m->least, (m->most ? m->most : m->least) == 1 ? "" : "s",
                       m->base ? " after the base" : "", models);
    for (int i = 0; i < models; i++) {
        sum += a->weight[i];
        if (m->takes & MERGE_DENSITY && check_range("density", a->density[i], 0, 1, e) < 0)
            return -1;
        if (m->takes & MERGE_EPSILON && a->density[i] < 1 &&
            (a->density[i] - a->epsilon < 0 || a->density[i] + a->epsilon > 1 || a->epsilon < 0))
            return err_set(e, "density %g with epsilon %g: probabilities from %g to %g, which must lie in 0 to 1",
                           a->density[i], a->epsilon, a->density[i] - a->epsilon, a->density[i] + a->epsilon);
    }
    if (m->takes & MERGE_NORMALIZE && a->normalize && !m->base && sum == 0)
        return err_set(e, "the weights sum to 0, by which normalize would divide");
    if ((m->takes & MERGE_GAMMA && check_range("gamma", a->gamma, 0, 1, e) < 0) ||
        (m->takes & MERGE_T && check_range("t", a->t, 0, 1, e) < 0))
        return -1;
    return 0;
}

struct split {
    const struct merge_method *method;
    const struct merge_job *job;
    uint64_t rows; /* of a piece */
};

static void merge_piece(void *ctx, size_t i)
{
    const struct split *s = ctx;
    struct merge_job part = *s->job;
    uint64_t first = i * s->rows;
    float *model[MODELS_MAX];

    part.row0 += first;
    part.rows = part.rows - first < s->rows ? part.rows - first : s->rows;
    part.base = part.base ? part.base + first * part.cols : NULL;
    part.out += first * part.cols;
    for (int k = 0; k < part.models; k++)
        model[k] = part.model[k] + first * part.cols;
    part.model = model;
    s->method->apply(&part, NULL); /* methods by rows have no errors */
}

/* All rows are here. */
static int survey_and_apply(const struct merge_method *m, const struct merge_job *job, struct err *e)
{
    const struct merge_survey *s = m->survey;
    struct merge_job j = *job;
    int rc;

    j.seen = s->begin(job);
    for (int pass = 0; pass < s->passes; pass++) {
        s->see(j.seen, job, pass);
        if (s->next)
            s->next(j.seen, pass);
    }
    rc = m->apply(&j, e);
    s->end(j.seen);
    return rc;
}

int merge_rows(const struct merge_method *m, const struct merge_job *job, struct err *e)
{
    struct split s = {m, job, job->cols < PIECE ? PIECE / (job->cols ? job->cols : 1) : 1};
    uint64_t n = job->rows * job->cols;
    int bad = 0;

    if (by_tensor(m, job->args)) {
        if ((m->survey && !job->seen ? survey_and_apply(m, job, e) : m->apply(job, e)) < 0)
            return -1;
    } else {
        par_for((job->rows + s.rows - 1) / s.rows, merge_piece, &s);
    }
    for (uint64_t i = 0; i < n; i++)
        bad |= job->out[i] != job->out[i];
    for (uint64_t i = 0; bad && i < n; i++)
        if (job->out[i] != job->out[i])
            return err_set(e, "merged element [%llu, %llu] is NaN: do infinities meet there?",
                           (unsigned long long)(job->row0 + i / job->cols), (unsigned long long)(i % job->cols));
    return 0;
}
