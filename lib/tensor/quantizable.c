#include "tensor/quantizable.h"

#include <string.h>

#include "base/glob.h"

static const char never_roles[] =
    "*bias,norm*,*.norm*,*router*,pos,pos.*,type,conv*,state*,rel,rel.*,*.sink,embed.class,head.scale";

/* Parts of names, between dots, in Hugging Face's words and ggml's. Those of a part of their own ("gate") are no part
 * of a longer word ("gate_proj"). */
static const char never[] =
    /* norms */
    "*norm*,ln,ln_*,*_ln,*_ln_*,ln[0-9]*,"
    /* routers: mlp.gate, block_sparse_moe.gate, gate.wg */
    "*router*,gate,gate_weight,wg,switch,shared_expert_gate,ffn_gate_inp*,*coefficient*,"
    /* positions, types of segments */
    "wpe,*position*,*pos_emb*,pos_embed*,*token_type*,token_types,segment_embed*,"
    /* convolutions */
    "*conv*,*patch_embed*,*patch_emb*,"
    /* relative biases */
    "*relative*,*rel_b*,*rel_pos*,*bias*,"
    /* states; scales; sinks of attention */
    "A_log,D,dt_bias,ssm_a,ssm_d,time_*,lambda*,*decay*,*scale*,*inv_freq*,*sinks*";

static int any_part(const char *name)
{
    char part[256];

    for (;;) {
        size_t n = strcspn(name, ".:");

        memcpy(part, name, n < sizeof part ? n : sizeof part - 1);
        part[n < sizeof part ? n : sizeof part - 1] = '\0';
        if (glob_match_list(never, part))
            return 1;
        if (name[n] == '\0')
            return 0;
        name += n + 1;
    }
}

/* "a.b.weight", or a stack of experts, whose names end otherwise: "mlp.experts.down_proj". */
static int called_weight(const struct bundle *b)
{
    size_t n = strlen(b->name);

    if (n > 7 && strcmp(b->name + n - 7, ".weight") == 0)
        return 1;
    return b->shape.rank == 3 && strstr(b->name, "experts.") != NULL;
}

int bundle_quantizable(const struct bundle *b)
{
    int experts =
        b->shape.rank == 3 && (strstr(b->name, "exp") != NULL || (b->role && strncmp(b->role, "moe.", 4) == 0));

    if (attrs_int(&b->more, QUANTIZABLE_F32, 0) || (b->shape.rank != 2 && !experts) || b->rows * b->cols == 0)
        return 0;
    if (b->role)
        return !glob_match_list(never_roles, b->role);
    return called_weight(b) && !any_part(b->name);
}
