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
    return m->unit == MERGE_TENSOR || (m->by_row && !*m->by_row) || a->rescale == MERGE_BY_L1;
}

const struct merge_survey *merge_surveys(const struct merge_method *m, const struct merge_args *a)
{
    return by_tensor(m, a) ? m->survey : NULL;
}

int merge_whole(const struct merge_method *m, const struct merge_args *a)
{
    return by_tensor(m, a) && !m->survey;
}

static int check_models(const struct merge_method *m, int models, struct err *e)
{
    int bound = m->most ? m->most : m->least;

    if (models > MODELS_MAX)
        return err_set(e, "%d models are more than %d", models, MODELS_MAX);
    if (models >= m->least && (!m->most || models <= m->most))
        return 0;
    return err_set(e, "%s takes %s%d model%s%s, not %d", m->name,
                   m->most == m->least ? ""
                   : m->most           ? "up to "
                                       : "at least ",
                   bound, bound == 1 ? "" : "s", m->base ? " after the base" : "", models);
}

int merge_check(const struct merge_method *m, const struct merge_args *a, int models, struct err *e)
{
    double sum = 0;

    if (check_models(m, models, e) < 0)
        return -1;
    for (int i = 0; i < models; i++) {
        sum += a->weight[i];
        if (!(a->density[i] >= 0 && a->density[i] <= 1))
            return err_set(e, "density is %g, not 0 to 1", a->density[i]);
    }
    if (a->normalize && !m->base && sum == 0)
        return err_set(e, "the weights sum to 0, by which normalize would divide");
    return m->check ? m->check(a, models, e) : 0;
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
