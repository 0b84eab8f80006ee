#include "file/view.h"

static int simplify(struct view_digit *d, int n)
{
    int k = 0;

    for (int i = 0; i < n; i++) {
        if (d[i].n == 1)
            continue;
        if (k && d[k - 1].stride == d[i].n * d[i].stride) {
            d[k - 1].n *= d[i].n;
            d[k - 1].stride = d[i].stride;
        } else {
            d[k++] = d[i];
        }
    }
    return k;
}

void view_simplify(struct view *v)
{
    v->rows = simplify(v->row, v->rows);
    v->cols = simplify(v->col, v->cols);
}

static uint64_t count(const struct view_digit *d, int n)
{
    uint64_t all = 1;

    for (int i = 0; i < n; i++)
        all *= d[i].n;
    return all;
}

uint64_t view_rows(const struct view *v)
{
    return count(v->row, v->rows);
}

uint64_t view_cols(const struct view *v)
{
    return count(v->col, v->cols);
}

static uint64_t place(const struct view_digit *d, int n, uint64_t at)
{
    uint64_t sum = 0;

    while (n-- > 0) {
        sum += at % d[n].n * d[n].stride;
        at /= d[n].n;
    }
    return sum;
}

uint64_t view_row(const struct view *v, uint64_t r)
{
    return v->base + place(v->row, v->rows, r);
}

uint64_t view_col(const struct view *v, uint64_t c)
{
    return place(v->col, v->cols, c);
}

int view_whole_rows(const struct view *v)
{
    return v->cols == 0 || (v->cols == 1 && v->col[0].stride == 1);
}

int view_whole(const struct view *v, uint64_t n)
{
    uint64_t cols = view_cols(v);

    if (v->base || !view_whole_rows(v) || view_rows(v) * cols != n)
        return 0;
    return v->rows == 0 || (v->rows == 1 && v->row[0].stride == cols);
}
