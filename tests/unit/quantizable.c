/* quantizable: what a quantizer takes of checkpoints of many architectures, none of which is known: names as the files
 * have them. */
#include <string.h>

#include "tensor/quantizable.h"
#include "tests/unit/check.h"

static const struct {
    const char *name;
    int rank, takes;
} table[] = {
    /* Mamba, Mamba 2, Hugging Face's and ggml's names */
    {"backbone.embeddings.weight", 2, 1},
    {"backbone.layers.0.mixer.in_proj.weight", 2, 1},
    {"backbone.layers.0.mixer.x_proj.weight", 2, 1},
    {"backbone.layers.0.mixer.dt_proj.weight", 2, 1},
    {"backbone.layers.0.mixer.out_proj.weight", 2, 1},
    {"backbone.layers.0.mixer.A_log", 2, 0},
    {"backbone.layers.0.mixer.D", 1, 0},
    {"backbone.layers.0.mixer.dt_bias", 1, 0},
    {"backbone.layers.0.mixer.conv1d.weight", 3, 0},
    {"backbone.layers.0.mixer.conv1d.weight", 2, 0},
    {"backbone.layers.0.norm.weight", 1, 0},
    {"backbone.norm_f.weight", 1, 0},
    {"blk.0.ssm_in.weight", 2, 1},
    {"blk.0.ssm_conv1d.weight", 2, 0},
    {"blk.0.ssm_a", 2, 0},
    {"blk.0.ssm_d", 1, 0},
    {"blk.0.ssm_out.weight", 2, 1},
    /* Whisper */
    {"model.encoder.conv1.weight", 3, 0},
    {"model.encoder.embed_positions.weight", 2, 0},
    {"model.encoder.layers.0.self_attn.k_proj.weight", 2, 1},
    {"model.encoder.layers.0.self_attn_layer_norm.weight", 1, 0},
    {"model.encoder.layers.0.fc1.weight", 2, 1},
    {"model.decoder.embed_tokens.weight", 2, 1},
    {"model.decoder.embed_positions.weight", 2, 0},
    {"proj_out.weight", 2, 1},
    /* ViT, CLIP */
    {"vit.embeddings.cls_token", 3, 0},
    {"vit.embeddings.position_embeddings", 3, 0},
    {"vit.embeddings.patch_embeddings.projection.weight", 4, 0},
    {"vit.encoder.layer.0.attention.attention.query.weight", 2, 1},
    {"vit.encoder.layer.0.layernorm_before.weight", 1, 0},
    {"vision_model.embeddings.position_embedding.weight", 2, 0},
    {"vision_model.embeddings.class_embedding", 1, 0},
    {"v.patch_embd.weight", 4, 0},
    {"v.position_embd.weight", 2, 0},
    /* T5 */
    {"shared.weight", 2, 1},
    {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 2, 0},
    {"encoder.block.0.layer.0.SelfAttention.q.weight", 2, 1},
    {"encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 2, 1},
    {"encoder.block.0.layer.0.layer_norm.weight", 1, 0},
    {"enc.blk.0.attn_rel_b.weight", 2, 0},
    {"lm_head.weight", 2, 1},
    /* BERT */
    {"bert.embeddings.word_embeddings.weight", 2, 1},
    {"bert.embeddings.position_embeddings.weight", 2, 0},
    {"bert.embeddings.token_type_embeddings.weight", 2, 0},
    {"bert.embeddings.LayerNorm.weight", 1, 0},
    {"token_types.weight", 2, 0},
    {"position_embd.weight", 2, 0},
    /* GPT-2 */
    {"wte.weight", 2, 1},
    {"wpe.weight", 2, 0},
    {"h.0.attn.c_attn.weight", 2, 1},
    {"h.0.attn.bias", 4, 0},
    {"h.0.ln_1.weight", 1, 0},
    /* mixtures of experts: Mixtral, Qwen, DeepSeek, Switch, Hunyuan, DBRX, GPT-OSS, ggml */
    {"model.layers.0.block_sparse_moe.gate.weight", 2, 0},
    {"model.layers.0.block_sparse_moe.experts.0.w1.weight", 2, 1},
    {"model.layers.0.mlp.gate.weight", 2, 0},
    {"model.layers.0.mlp.gate.e_score_correction_bias", 1, 0},
    {"model.layers.0.mlp.experts.0.gate_proj.weight", 2, 1},
    {"model.layers.0.mlp.shared_expert.gate_proj.weight", 2, 1},
    {"model.layers.0.mlp.shared_expert_gate.weight", 2, 0},
    {"encoder.block.1.layer.1.mlp.router.classifier.weight", 2, 0},
    {"model.layers.0.mlp.gate.wg.weight", 2, 0},
    {"transformer.blocks.0.ffn.router.layer.weight", 2, 0},
    {"model.layers.0.mlp.router.weight", 2, 0},
    {"model.layers.0.mlp.experts.gate_up_proj", 3, 1},
    {"model.layers.0.mlp.experts.gate_up_proj_bias", 2, 0},
    {"model.layers.0.self_attn.sinks", 1, 0},
    {"blk.0.ffn_gate_inp.weight", 2, 0},
    {"blk.0.ffn_gate_inp_shexp.weight", 2, 0},
    {"blk.0.ffn_gate_exps.weight", 3, 1},
    {"blk.0.ffn_gate.weight", 2, 1},
    /* Llama and its like */
    {"model.layers.0.mlp.gate_proj.weight", 2, 1},
    {"model.layers.0.self_attn.q_norm.weight", 2, 0},
    {"model.layers.0.self_attn.rotary_emb.inv_freq", 1, 0},
    {"output.weight", 2, 1},
    {"blk.0.attn_q_norm.weight", 2, 0},
    {"rope_freqs.weight", 1, 0},
    /* RWKV */
    {"rwkv.blocks.0.attention.time_decay", 2, 0},
    {"rwkv.blocks.0.attention.key.weight", 2, 1},
    {"blk.0.time_mix_lerp_w.weight", 2, 0},
};

/* Roles of the pages of architectures. */
static const char *const taken[] = {"embed",       "embed.in",   "embed.out",  "head",         "head.vis", "attn.q",
                                    "attn.qkv",    "attn.o",     "attn.kvb",   "mlp.gate",     "mlp.up",   "mlp.down",
                                    "moe.gate",    "moe.up",     "moe.down",   "sh.gate",      "sh.up",    "dec.attn.q",
                                    "dec.cross.k", "dec.mlp.up", "vis.attn.v", "vis.mlp.down", "ssm.in",   "ssm.o",
                                    "ssm.qkvz",    "ssm.x"};
static const char *const left[] = {
    "attn.sink",  "attn.q.bias",  "mlp.up.bias", "conv.1",    "conv.patch", "conv.ssm",  "embed.class",
    "head.scale", "moe.rbias",    "moe.router",  "sh.router", "norm",       "norm.attn", "norm.final",
    "norm.q",     "norm.vis.pre", "norm.ssm",    "pos",       "pos.enc",    "rel.attn",  "rel.dec",
    "state.a",    "state.d",      "state.dt",    "type",      "attn.q.norm"};

static void fill(struct bundle *b, const char *name, int rank)
{
    struct shape s = {rank, {4, 4, 4, 4}};

    bundle_init_dense(b, name, &s, DT_F32, NULL);
}

static void by_role(const char *role, int takes)
{
    struct bundle b;

    fill(&b, "x.weight", 2);
    b.role = mem_strdup(role);
    CHECK(bundle_quantizable(&b) == takes);
    attrs_set_bool(&b.more, QUANTIZABLE_F32, 1);
    CHECK(!bundle_quantizable(&b));
    bundle_free(&b);
}

int main(void)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bundle b;

        fill(&b, table[i].name, table[i].rank);
        if (bundle_quantizable(&b) != table[i].takes)
            fprintf(stderr, "%s: %d\n", table[i].name, !table[i].takes);
        CHECK(bundle_quantizable(&b) == table[i].takes);
        bundle_free(&b);
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        by_role(taken[i], 1);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        by_role(left[i], 0);
    return DONE();
}
