/* arch_params: head.model, checked once, as plain numbers for those that run a model. */
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"

#define SIZE_LIMIT ((int64_t)1 << 31) /* products of two sizes stay far from 2^63 */

static int known(const struct attrs *m, struct arch_params *p, struct err *e)
{
    const char *arch = attrs_str(m, "arch", NULL), *no = attrs_str(m, "unsupported", NULL);

    if (!arch)
        return err_set(e, "the stream's head does not say what model this is (key arch); give tsplit the folder with config.json");
    if (!arch_find(arch))
        return err_set(e, "architecture '%s' is not one that can be run here", arch);
    if (no)
        return err_set(e, "a model of architecture '%s' with %s is not one that can be run here", arch, no);
    snprintf(p->arch, sizeof p->arch, "%s", arch);
    p->learned_positions = arch_find(arch)->learned_positions;
    p->layernorm = arch_find(arch)->layernorm;
    return 0;
}

static int size(const struct attrs *m, const char *key, int64_t *to, struct err *e)
{
    if (!attrs_find(m, key))
        return err_set(e, "the stream's head has no model key '%s'; give tsplit the folder with config.json", key);
    *to = attrs_int(m, key, -1);
    if (*to < 1 || *to > SIZE_LIMIT)
        return err_set(e, "model key '%s' is %lld; a number from 1 to %lld is needed", key, (long long)*to,
                       (long long)SIZE_LIMIT);
    return 0;
}

static int sizes_agree(const struct arch_params *p, struct err *e)
{
    if (p->heads % p->kv_heads != 0)
        return err_set(e, "%lld heads cannot share %lld heads of keys and values", (long long)p->heads,
                       (long long)p->kv_heads);
    if (!p->learned_positions && p->head_dim % 2 != 0)
        return err_set(e, "head_dim is %lld; rotary positions need an even number", (long long)p->head_dim);
    return 0;
}

static int rope(const struct attrs *m, struct arch_params *p, struct err *e)
{
    const char *layout = attrs_str(m, "rope", "half"), *scaling = attrs_str(m, "rope_scaling", "");

    p->rope_theta = attrs_f64(m, "rope_theta", 10000);
    p->rope_interleaved = strcmp(layout, "interleaved") == 0;
    if (!p->rope_interleaved && strcmp(layout, "half") != 0)
        return err_set(e, "model key 'rope' is '%s'; it is 'half' or 'interleaved'", layout);
    if (*scaling && strcmp(scaling, "linear") != 0 && strcmp(scaling, "llama3") != 0)
        return err_set(e, "model key 'rope_scaling' is '%s'; 'linear' and 'llama3' can be run here", scaling);
    snprintf(p->rope_scaling, sizeof p->rope_scaling, "%s", scaling);
    p->rope_factor = attrs_f64(m, "rope_factor", 1);
    p->rope_low_freq = attrs_f64(m, "rope_low_freq", 1);
    p->rope_high_freq = attrs_f64(m, "rope_high_freq", 4);
    p->rope_original_context = attrs_int(m, "rope_original_context", 8192);
    if (!(p->rope_theta > 0) || !(p->rope_factor > 0) || p->rope_original_context < 1)
        return err_set(e, "rope_theta %g and rope_factor %g must be above 0", p->rope_theta, p->rope_factor);
    if (*scaling == 'l' && scaling[1] == 'l' && !(p->rope_high_freq > p->rope_low_freq))
        return err_set(e, "rope_high_freq %g is not above rope_low_freq %g", p->rope_high_freq, p->rope_low_freq);
    return 0;
}

int arch_params(const struct attrs *m, struct arch_params *p, struct err *e)
{
    memset(p, 0, sizeof *p);
    if (known(m, p, e) < 0 || size(m, "hidden", &p->hidden, e) < 0 || size(m, "layers", &p->layers, e) < 0 ||
        size(m, "heads", &p->heads, e) < 0 || size(m, "kv_heads", &p->kv_heads, e) < 0 ||
        size(m, "head_dim", &p->head_dim, e) < 0 || size(m, "intermediate", &p->intermediate, e) < 0 ||
        size(m, "vocab", &p->vocab, e) < 0 || size(m, "context", &p->context, e) < 0)
        return -1;
    p->norm_eps = attrs_f64(m, "norm_eps", 1e-6);
    p->tied = attrs_int(m, "tied", 0) != 0;
    p->bos = attrs_int(m, "bos", -1);
    p->eos = attrs_int(m, "eos", -1);
    p->unk = attrs_int(m, "unk", -1);
    p->pad = attrs_int(m, "pad", -1);
    return sizes_agree(p, e) < 0 || rope(m, p, e) < 0 ? -1 : 0;
}
