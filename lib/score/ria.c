/*
 * ria: |W[i][j]| as a share of its row and of its column, times the root mean square of input channel j to a power:
 *     (|W_ij| / sum_k |W_ik| + |W_ij| / sum_k |W_kj|) * norm2_j^(a/2)
 * Zhang et al. 2024, "Plug-and-Play: An Efficient Post-training Pruning Method for Large Language Models", relative
 * importance and activations; a = 0.5. So no whole channel goes because all its weights are small. As in wanda the
 * paper's l2 norm is the root mean square here: one factor for all scores of a tensor. Of a sum of 0 the share is 0.
 * Sums are f64, rows from left to right, columns from top to bottom; a score is rounded once.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/real.h"
#include "score/score.h"

static double power = 0.5;

static const struct opt opts[] = {{0, "power", "A", OPT_F64, &power, "of the input's norm", 0, 0, INFINITY}, OPT_END};

static void sum(const struct score_job *j, double *row, double *col)
{
    for (uint64_t r = 0; r < j->rows; r++)
        for (uint64_t c = 0; c < j->cols; c++) {
            double w = fabs((double)j->w[r * j->cols + c]);

            row[r] += w;
            col[c] += w;
        }
}

static int apply(const struct score_job *j, struct err *e)
{
    double *row = mem_new(j->rows, sizeof *row), *col = mem_new(j->cols, sizeof *col), *x = mem_new(j->cols, sizeof *x);

    (void)e;
    sum(j, row, col);
    for (uint64_t c = 0; c < j->cols; c++)
        x[c] = real_pow((double)j->known->norm2[c], power / 2);
    for (uint64_t r = 0; r < j->rows; r++)
        for (uint64_t c = 0; c < j->cols; c++) {
            double w = fabs((double)j->w[r * j->cols + c]);

            j->score[r * j->cols + c] = w > 0 ? (float)((w / row[r] + w / col[c]) * x[c]) : 0;
        }
    free(row);
    free(col);
    free(x);
    return 0;
}

const struct score_method score_ria = {
    .name = "ria",
    .brief = "|W| as a share of its row and column, * norm2^(a/2)",
    .opts = opts,
    .needs = SCORE_NORM2,
    .scope = SCORE_BY_TENSOR,
    .each = SCORE_WEIGHT,
    .whole = 1,
    .shifts = 1,
    .apply = apply,
};
