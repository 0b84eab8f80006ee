#include "select/quota.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define SUM_MAX 1e200 /* of the weights: a budget of 64 bits times it is a number yet */

int quota_mix(struct rank *k, const char *mix, struct err *e)
{
    char *list = mem_strdup(mix), *rest = list, *word;
    double sum = 0;
    int rc = 0;

    while (rc == 0 && (word = strsep(&rest, ","))) {
        char *is = strrchr(word, '=');
        double share;
        uint32_t n;

        if (!is || is == word || parse_f64(is + 1, &share, NULL) < 0 || share < 0) {
            rc = err_set(e, "'%s' is not NAME=WEIGHT", word);
            break;
        }
        rank_groups(k, &n);
        n = rank_group(k, word, (size_t)(is - word));
        rank_groups(k, &(uint32_t){0})[n].share = share;
        sum += share;
    }
    free(list);
    if (rc == 0 && !(sum > 0 && sum < SUM_MAX))
        rc = err_set(e, sum > 0 ? "the weights of '%s' are beyond 1e200" : "the weights of '%s' are all 0", mix);
    return rc;
}

uint64_t quota_part(uint64_t amount, double fraction)
{
    return (uint64_t)floor((double)amount * fraction + 1e-9 * fraction);
}

/* Shares of k: floors first, then one more for the largest remainders. */
static void share_out(struct rank_group *g, const uint32_t *by_name, uint32_t n, uint64_t k)
{
    double sum = 0, *left = mem_new(n ? n : 1, sizeof *left);
    uint64_t given = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += g[by_name[i]].share;
    for (uint32_t i = 0; i < n; i++) {
        double exact = (double)k * g[by_name[i]].share / sum;

        g[by_name[i]].budget = (uint64_t)floor(exact);
        left[i] = g[by_name[i]].share > 0 ? exact - floor(exact) : -1;
        given += g[by_name[i]].budget;
    }
    for (; given < k; given++) {
        uint32_t best = 0;

        for (uint32_t i = 1; i < n; i++)
            if (left[i] > left[best])
                best = i;
        g[by_name[best]].budget++;
        left[best] = -1;
    }
    free(left);
}

void quota_set(struct rank *r, uint64_t k, double fraction, int mixed)
{
    uint32_t n, *by_name = rank_groups_by_name(r);
    struct rank_group *g = rank_groups(r, &n);
    uint64_t all = 0;

    for (uint32_t i = 0; i < n; i++) {
        all += g[i].amount;
        g[i].budget = fraction >= 0 ? quota_part(g[i].amount, fraction) : k;
    }
    if (mixed)
        share_out(g, by_name, n, fraction >= 0 ? quota_part(all, fraction) : k);
    free(by_name);
}
