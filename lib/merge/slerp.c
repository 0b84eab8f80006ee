/*
 * slerp: out = (sin((1 - t) a) m_1 + sin(t a) m_2) / sin(a), a the angle between the two tensors seen as vectors. Where
 * they are nearly parallel (|cos a| > 0.9995) the straight line: (1 - t) m_1 + t m_2.
 * Shoemake 1985, "Animating rotation with quaternion curves", section 3.3. The threshold is mergekit's.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/real.h"
#include "merge/merge.h"
#include "num/kern.h"

static double way = 0.5;

/* The angle whose cosine is x, |x| below 1, by Newton's steps on the cosine. */
static double angle(double x)
{
    double a = 1.5707963267948966 - x;

    for (int i = 0; i < 60; i++) {
        double s = real_sin(a), step = s > 1e-9 ? (real_cos(a) - x) / s : 0;

        a += step;
        if (fabs(step) < 1e-16)
            break;
    }
    return a;
}

struct products {
    double xx, yy, xy;
};

static void *begin(const struct merge_job *whole)
{
    (void)whole;
    return mem_new(1, sizeof(struct products));
}

/* Products of rows in their order. */
static void see(void *seen, const struct merge_job *j, int pass)
{
    struct products *p = seen;

    (void)pass;
    for (uint64_t r = 0; r < j->rows; r++) {
        const float *x = j->model[0] + r * j->cols, *y = j->model[1] + r * j->cols;

        p->xx += kern_dotd(x, x, j->cols);
        p->yy += kern_dotd(y, y, j->cols);
        p->xy += kern_dotd(x, y, j->cols);
    }
}

static int apply(const struct merge_job *j, struct err *e)
{
    const float *x = j->model[0], *y = j->model[1];
    const struct products *p = j->seen;
    double size = sqrt(p->xx) * sqrt(p->yy), dot = size > 0 ? p->xy / size : 1;
    double t = way, a = 1 - t, b = t;

    (void)e;
    if (fabs(dot) <= 0.9995) {
        double theta = angle(dot), s = real_sin(theta);

        a = real_sin((1 - t) * theta) / s;
        b = real_sin(t * theta) / s;
    }
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        j->out[i] = (float)(a * (double)x[i] + b * (double)y[i]);
    return 0;
}

static const struct merge_survey survey = {1, begin, see, NULL, free};

static const struct opt opts[] = {{.letter = 't',
                                   .name = "t",
                                   .arg = "T",
                                   .kind = OPT_F64,
                                   .to = &way,
                                   .hi = 1,
                                   .help = "how far to go from the first to the second"},
                                  OPT_END};

const struct merge_method merge_slerp = {.name = "slerp",
                                         .brief = "along the arc between two models",
                                         .opts = opts,
                                         .least = 2,
                                         .most = 2,
                                         .unit = MERGE_TENSOR,
                                         .apply = apply,
                                         .survey = &survey};
