/* alloc: the table, and what the methods share. */
#include "alloc/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define METHOD(n) &alloc_##n,
const struct alloc_method *const alloc_table[] = {
#include "alloc/alloc.def"
    NULL};
#undef METHOD

const struct alloc_method *alloc_find(const char *name)
{
    return table_find(alloc_table, name);
}

struct alloc_tensor *alloc_add(struct alloc_job *j, const char *name, uint64_t rows, uint64_t cols)
{
    j->t = mem_resize(j->t, (size_t)j->n + 1, sizeof *j->t);
    j->t[j->n] = (struct alloc_tensor){
        .name = mem_strdup(name), .layer = -1, .rows = rows, .cols = cols, .angle = NAN, .loss = NAN, .factor = 1};
    return &j->t[j->n++];
}

void alloc_free(struct alloc_job *j)
{
    for (int i = 0; i < j->n; i++) {
        free(j->t[i].name);
        free(j->t[i].value);
        free(j->t[i].point);
    }
    free(j->t);
    free(j->state);
    j->t = NULL;
    j->state = NULL;
    j->n = 0;
}

double alloc_weights(const struct alloc_tensor *t)
{
    return (double)t->rows * (double)t->cols;
}

static uint64_t smaller(const struct alloc_tensor *t)
{
    return t->rows < t->cols ? t->rows : t->cols;
}

uint64_t alloc_rank(uint64_t rows, uint64_t cols, double keep)
{
    uint64_t rank = (uint64_t)floor(keep * (double)rows * (double)cols / (double)(rows + cols));

    return rank ? rank : 1;
}

double alloc_rank_cost(const struct alloc_job *j, const struct alloc_tensor *t, uint64_t rank)
{
    double numbers = (double)rank * (double)(t->rows + t->cols);

    if (j->by_rank)
        return rank == ALLOC_DENSE ? 0 : (double)rank;
    return rank == ALLOC_DENSE || numbers > alloc_weights(t) ? alloc_weights(t) : numbers;
}

double alloc_rank_budget(const struct alloc_job *j)
{
    double all = 0;

    for (int i = 0; i < j->n; i++)
        all += j->by_rank ? 1 : alloc_weights(&j->t[i]);
    return j->target * all * (1 + 1e-12); /* a product that rounding has made less than the whole number it is */
}

uint64_t alloc_uniform_rank(const struct alloc_job *j, const struct alloc_tensor *t)
{
    uint64_t rank = j->by_rank ? (uint64_t)j->target : alloc_rank(t->rows, t->cols, j->target);

    if (j->by_rank)
        return rank < smaller(t) ? rank : smaller(t);
    return alloc_rank_cost(j, t, rank) < alloc_weights(t) ? rank : ALLOC_DENSE;
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* The weights that go at a shift c. */
static double gone(const struct alloc_job *j, double c, double low, double high)
{
    double sum = 0;

    for (int i = 0; i < j->n; i++)
        sum += alloc_weights(&j->t[i]) * clamp(j->t[i].score + c, low, high);
    return sum;
}

/* c from those that are not clamped, to the last digit. */
static double exactly(const struct alloc_job *j, double c, double low, double high, double want)
{
    double free = 0;

    for (int i = 0; i < j->n; i++) {
        double v = j->t[i].score + c, n = alloc_weights(&j->t[i]);

        if (v <= low || v >= high) {
            want -= n * clamp(v, low, high);
        } else {
            want -= n * j->t[i].score;
            free += n;
        }
    }
    return free > 0 ? want / free : c;
}

int alloc_level(struct alloc_job *j, double low, double high, struct err *e)
{
    double all = 0, least = INFINITY, most = -INFINITY, from, to;

    for (int i = 0; i < j->n; i++) {
        all += alloc_weights(&j->t[i]);
        least = j->t[i].score < least ? j->t[i].score : least;
        most = j->t[i].score > most ? j->t[i].score : most;
    }
    if (!(j->target >= low && j->target <= high && isfinite(least) && isfinite(most)))
        return j->n ? err_set(e, "a share of %g does not come from shares of %g to %g", j->target, low, high) : 0;
    from = low - most;
    to = high - least;
    for (int i = 0; i < 100; i++) {
        double middle = from + (to - from) / 2;

        if (gone(j, middle, low, high) < j->target * all)
            from = middle;
        else
            to = middle;
    }
    from = exactly(j, from, low, high, j->target * all);
    for (int i = 0; i < j->n; i++)
        j->t[i].share = clamp(j->t[i].score + from, low, high);
    return 0;
}

/* One rank more of one tensor. */
struct step {
    double value;
    uint64_t rank;
    int tensor;
};

static int by_value(const void *a, const void *b)
{
    const struct step *x = a, *y = b;

    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    if (x->tensor != y->tensor)
        return x->tensor < y->tensor ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

int alloc_top(struct alloc_job *j, uint64_t least, struct err *e)
{
    double left = alloc_rank_budget(j);
    struct step *step;
    uint64_t n = 0, all = 0;

    for (int i = 0; i < j->n; i++) {
        struct alloc_tensor *t = &j->t[i];

        t->choice = least < t->values ? least : t->values;
        left -= alloc_rank_cost(j, t, t->choice);
        all += t->values - t->choice;
    }
    if (left < 0)
        return err_set(e, "rank %llu of every tensor is more than the budget", (unsigned long long)least);
    step = mem_new(all, sizeof *step);
    for (int i = 0; i < j->n; i++)
        for (uint64_t k = j->t[i].choice; k < j->t[i].values; k++)
            step[n++] = (struct step){j->t[i].value[k], k, i};
    qsort(step, n, sizeof *step, by_value);
    for (uint64_t s = 0; s < n; s++) {
        struct alloc_tensor *t = &j->t[step[s].tensor];
        double more = alloc_rank_cost(j, t, step[s].rank + 1) - alloc_rank_cost(j, t, step[s].rank);

        if (more > left)
            break;
        left -= more;
        t->choice = step[s].rank + 1;
    }
    free(step);
    for (int i = 0; i < j->n; i++)
        if (!j->by_rank && alloc_rank_cost(j, &j->t[i], j->t[i].choice) >= alloc_weights(&j->t[i]))
            j->t[i].choice = ALLOC_DENSE;
    return 0;
}
