#include "score/score.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/table.h"

#define PIECE 32768 /* weights that one thread takes at a time */

const struct score_method *const score_table[] = {
#define METHOD(n) &score_##n,
#include "score/score.def"
#undef METHOD
    NULL};

const struct score_method *score_find(const char *name)
{
    return table_find(score_table, name);
}

uint64_t score_count(const struct score_method *m, uint64_t rows, uint64_t cols)
{
    return m->each == SCORE_WEIGHT ? rows * cols : m->each == SCORE_COLUMN ? cols : 1;
}

int score_check(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e)
{
    for (uint64_t r = 0; r < rows; r++) {
        const float *row = v + r * cols;
        int bad = 0;

        for (uint64_t c = 0; c < cols; c++) /* no early end, so that it goes by vectors */
            bad |= row[c] != row[c];
        for (uint64_t c = 0; bad && c < cols; c++)
            if (row[c] != row[c])
                return err_set(e, "%s [%llu, %llu] is NaN", what, (unsigned long long)(row0 + r),
                               (unsigned long long)c);
    }
    return 0;
}

struct split {
    const struct score_method *method;
    const struct score_job *job;
    uint64_t rows; /* of a piece */
};

/* Methods that take a tensor in pieces cannot fail. */
static void score_piece(void *ctx, size_t i)
{
    const struct split *s = ctx;
    struct score_job part = *s->job;
    uint64_t first = i * s->rows;

    part.row0 += first;
    part.rows = part.rows - first < s->rows ? part.rows - first : s->rows;
    part.w += first * part.cols;
    part.score += first * part.cols;
    s->method->apply(&part, NULL);
}

int score_values(const struct score_method *m, const struct score_job *job, struct err *e)
{
    struct split s = {m, job, job->cols < PIECE ? PIECE / (job->cols ? job->cols : 1) : 1};
    uint64_t rows = m->each == SCORE_WEIGHT ? job->rows : 1, n = score_count(m, job->rows, job->cols);

    if (m->whole && job->rows * job->cols > UINT32_MAX)
        return err_set(e, "%s takes the whole tensor: %llu weights are more than %u", m->name,
                       (unsigned long long)(job->rows * job->cols), UINT32_MAX);
    if (score_check("weight", job->w, job->row0, job->rows, job->cols, e) < 0)
        return -1;
    if (!m->whole && m->each == SCORE_WEIGHT)
        par_for((job->rows + s.rows - 1) / s.rows, score_piece, &s);
    else if (m->apply(job, e) < 0)
        return -1;
    return score_check("score", job->score, job->row0, rows, rows ? n / rows : 0, e);
}

/* n numbers, one for each weight, channel or tensor, from the beginning of v over all of v[rows][cols]. */
static void spread(float *v, uint64_t n, uint64_t rows, uint64_t cols)
{
    if (n == rows * cols)
        return;
    for (uint64_t c = 1; n == 1 && c < cols; c++)
        v[c] = v[0];
    for (uint64_t r = 1; r < rows; r++)
        memcpy(v + r * cols, v, cols * sizeof *v);
}

int score_rows(const struct score_method *m, const struct score_job *job, struct err *e)
{
    if (job->rows * job->cols == 0)
        return 0;
    if (score_values(m, job, e) < 0)
        return -1;
    spread(job->score, score_count(m, job->rows, job->cols), job->rows, job->cols);
    return 0;
}
