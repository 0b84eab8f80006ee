#!/usr/bin/env python3
"""Small random checkpoints of every architecture that weir has a page for, and what transformers makes of them.

    models.py DIR [NAME]...     write DIR/NAME/{config.json, model.safetensors, ids, golden.safetensors}

The checkpoints are transformers' own (save_pretrained), with weights spread so that the logits are far from uniform, and norms and biases
away from 1 and 0, so that a mistake in any of them shows. A variant is the checkpoint of another with a few keys of config.json changed; its
model.safetensors is a link. Weights are multiples of 1/1024 of at most 8 bits: exact in f16, bf16 and f32.

golden.safetensors, computed by transformers in float32 with eager attention, each of the two windows of `ids` by itself:
    logprob  [47]            natural logarithm of the probability of each next token: as `mppl --ids ids -c 24` scores them, the last of a
                             window predicts the first of the next
    logits   [2, 2, vocab]   at the positions `at` of each window
    loss     [1]             the mean of -logprob
An encoder has `states` [2, 2, hidden] and `pooled` [2, hidden] (the mean over positions) instead. Its metadata name the versions
(in one key: safetensors writes several in any order).
"""
import json
import os
import shutil
import sys

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file

WINDOW, AT = 24, (5, 23)
torch.set_num_threads(1)

COMMON = dict(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
              max_position_embeddings=40, pad_token_id=0, bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
GQA = dict(num_key_value_heads=2)
LATENT = dict(num_key_value_heads=4, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8,
              num_experts_per_tok=2, moe_intermediate_size=16, first_k_dense_replace=1)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)

# name: class, what its config has beside COMMON, type of the file
MODELS = {
    "llama": ("LlamaForCausalLM", GQA, "bf16"),
    "llama-tied": ("LlamaForCausalLM", dict(GQA, head_dim=16, tie_word_embeddings=True, attention_bias=True, mlp_bias=True), "f16"),
    "mistral": ("MistralForCausalLM", dict(GQA, head_dim=16, sliding_window=40), "bf16"),
    "qwen2": ("Qwen2ForCausalLM", dict(GQA, tie_word_embeddings=True), "bf16"),
    "qwen3": ("Qwen3ForCausalLM", dict(GQA, head_dim=16, tie_word_embeddings=True), "bf16"),
    "qwen3_moe": ("Qwen3MoeForCausalLM", dict(GQA, num_hidden_layers=3, head_dim=8, num_experts=5, num_experts_per_tok=2,
                                              moe_intermediate_size=16, mlp_only_layers=[1], norm_topk_prob=True), "bf16"),
    "qwen3_moe-all": ("Qwen3MoeForCausalLM", dict(GQA, head_dim=16, num_experts=4, num_experts_per_tok=3, moe_intermediate_size=16,
                                                  norm_topk_prob=False, tie_word_embeddings=True), "bf16"),
    "mixtral": ("MixtralForCausalLM", dict(GQA, num_local_experts=3, num_experts_per_tok=2, intermediate_size=32, sliding_window=None), "bf16"),
    "gemma2": ("Gemma2ForCausalLM", dict(GQA, head_dim=16, sliding_window=5, query_pre_attn_scalar=20, tie_word_embeddings=True,
                                         attn_logit_softcapping=5.0, final_logit_softcapping=6.0), "bf16"),
    "gemma3": ("Gemma3ForCausalLM", dict(num_key_value_heads=1, num_attention_heads=2, num_hidden_layers=7, intermediate_size=32, head_dim=8, sliding_window=5,
                                         query_pre_attn_scalar=20, tie_word_embeddings=True,
                                         rope_parameters=dict(full_attention=dict(rope_type="linear", factor=4.0, rope_theta=100000.0),
                                                              sliding_attention=dict(rope_type="default", rope_theta=10000.0))), "bf16"),
    "phi3": ("Phi3ForCausalLM", dict(GQA, sliding_window=6), "bf16"),
    "phi3-wide": ("Phi3ForCausalLM", dict(GQA, sliding_window=6, head_dim=12, num_hidden_layers=1), "bf16"),
    "olmo2": ("Olmo2ForCausalLM", GQA, "bf16"),
    "granite": ("GraniteForCausalLM", dict(GQA, embedding_multiplier=3.0, logits_scaling=1.25, residual_multiplier=0.6,
                                           attention_multiplier=0.2, tie_word_embeddings=True), "bf16"),
    "smollm3": ("SmolLM3ForCausalLM", dict(GQA, num_hidden_layers=4, intermediate_size=32, no_rope_layer_interval=4,
                                           tie_word_embeddings=True), "bf16"),
    "cohere": ("CohereForCausalLM", dict(GQA, logit_scale=0.75, tie_word_embeddings=True), "bf16"),
    "cohere-qk": ("CohereForCausalLM", dict(GQA, use_qk_norm=True, attention_bias=True, logit_scale=0.75, tie_word_embeddings=True), "bf16"),
    "stablelm": ("StableLmForCausalLM", dict(GQA, use_qkv_bias=True, use_parallel_residual=False), "bf16"),
    "starcoder2": ("Starcoder2ForCausalLM", dict(GQA, tie_word_embeddings=True), "bf16"),
    "gpt2": ("GPT2LMHeadModel", dict(tie_word_embeddings=True, n_positions=40, n_inner=48), "f16"),
    "gpt_neox": ("GPTNeoXForCausalLM", dict(rotary_pct=0.5), "f16"),
    "opt": ("OPTForCausalLM", dict(ffn_dim=48, word_embed_proj_dim=32, tie_word_embeddings=True), "f16"),
    "opt-350m": ("OPTForCausalLM", dict(ffn_dim=48, do_layer_norm_before=False, word_embed_proj_dim=16, tie_word_embeddings=True), "f16"),
    "falcon": ("FalconForCausalLM", dict(num_kv_heads=2, new_decoder_architecture=True, bias=False, tie_word_embeddings=True), "bf16"),
    "falcon-7b": ("FalconForCausalLM", dict(new_decoder_architecture=False, multi_query=True, parallel_attn=True, bias=False, ffn_hidden_size=48,
                                            tie_word_embeddings=True), "bf16"),
    "falcon-rw": ("FalconForCausalLM", dict(new_decoder_architecture=False, multi_query=False, parallel_attn=False, alibi=True, bias=True, ffn_hidden_size=48,
                                            tie_word_embeddings=True), "bf16"),
    "bloom": ("BloomForCausalLM", dict(tie_word_embeddings=True), "f16"),
    "deepseek_v2": ("DeepseekV2ForCausalLM", dict(LATENT, q_lora_rank=None, n_routed_experts=6, n_shared_experts=2, topk_method="greedy",
                                                  routed_scaling_factor=1.5, n_group=1, topk_group=1), "bf16"),
    "deepseek_v2-groups": ("DeepseekV2ForCausalLM", dict(LATENT, q_lora_rank=12, n_routed_experts=8, n_shared_experts=1,
                                                         topk_method="group_limited_greedy", routed_scaling_factor=2.0, n_group=4, topk_group=2),
                           "bf16"),
    "deepseek_v3": ("DeepseekV3ForCausalLM", dict(LATENT, q_lora_rank=12, n_routed_experts=8, n_group=4, topk_group=2, n_shared_experts=1,
                                                  routed_scaling_factor=2.5, num_nextn_predict_layers=0), "bf16"),
    "deepseek_v3-lite": ("DeepseekV3ForCausalLM", dict(LATENT, q_lora_rank=None, n_routed_experts=6, n_group=1, topk_group=1, n_shared_experts=2,
                                                       norm_topk_prob=False, num_nextn_predict_layers=0), "bf16"),
    "gpt_oss": ("GptOssForCausalLM", dict(GQA, head_dim=8, num_local_experts=3, num_experts_per_tok=2, intermediate_size=32, sliding_window=5,
                                          swiglu_limit=1.5, rope_parameters=dict(YARN, truncate=False, beta_fast=4.0, beta_slow=0.5)), "bf16"),
    "bert": ("BertModel", dict(type_vocab_size=2), "f16"),
    # Names only: weir has roles for them and runs no forward pass, so there is nothing golden.
    "qwen3_next": ("Qwen3NextForCausalLM", dict(num_key_value_heads=2, hidden_size=16, head_dim=8, intermediate_size=16, moe_intermediate_size=8,
                                                shared_expert_intermediate_size=8, num_experts=4, num_experts_per_tok=2, linear_key_head_dim=4,
                                                linear_value_head_dim=4, linear_num_key_heads=2, linear_num_value_heads=4,
                                                layer_types=["linear_attention", "full_attention"]), "bf16"),
    "mamba": ("MambaForCausalLM", dict(hidden_size=16, state_size=4, tie_word_embeddings=True), "bf16"),
    "t5": ("T5ForConditionalGeneration", dict(d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4, tie_word_embeddings=True,
                                              feed_forward_proj="gated-gelu"), "bf16"),
    "whisper": ("WhisperForConditionalGeneration", dict(d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
                                                        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, num_mel_bins=8,
                                                        max_source_positions=12, max_target_positions=12, tie_word_embeddings=True), "f16"),
    "vit": ("ViTForImageClassification", dict(hidden_size=16, intermediate_size=32, image_size=16, patch_size=8, num_labels=4), "f16"),
    "clip": ("CLIPModel", dict(projection_dim=8, text_config=dict(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                                                                  num_attention_heads=2, max_position_embeddings=12),
                               vision_config=dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                                                  image_size=16, patch_size=8)), "f16"),
}
NAMES_ONLY = ("qwen3_next", "mamba", "t5", "whisper", "vit", "clip")

# name: whose weights, keys of config.json (None: gone). The older spelling of keys, which files on the hub have, stands here too.
OLD = dict(rope_parameters=None, rope_theta=10000.0)
VARIANTS = {
    "llama-linear": ("llama", dict(OLD, rope_scaling=dict(type="linear", factor=2.5))),
    "llama-llama3": ("llama", dict(OLD, rope_theta=500000.0, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16))),
    "llama-yarn": ("llama", dict(rope_parameters=YARN)),
    "llama-dynamic": ("llama", dict(max_position_embeddings=16, rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, factor=3.0))),
    "mistral-window": ("mistral", dict(OLD, sliding_window=6)),
    "phi3-partial": ("phi3", dict(sliding_window=None, rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5))),
    "phi3-long": ("phi3", dict(OLD, sliding_window=None, original_max_position_embeddings=16, rope_scaling=dict(
        type="longrope", short_factor=[1.0, 1.1, 1.3, 1.5], long_factor=[1.2, 2.0, 3.5, 5.0]))),
    # llama.cpp chooses the factors by its context, at least 256; transformers by the tokens that are there.
    "phi3-short": ("phi3", dict(OLD, sliding_window=None, max_position_embeddings=512, original_max_position_embeddings=256, rope_scaling=dict(
        type="longrope", short_factor=[1.0, 1.1, 1.3, 1.5], long_factor=[1.2, 2.0, 3.5, 5.0]))),
    # What llama.cpp's fixed choices (query scale, clamp, normed experts) can say, so that a GGUF of it is the same model.
    "qwen3_moe-norm": ("qwen3_moe-all", dict(norm_topk_prob=True)),
    "gemma2-scale": ("gemma2", dict(query_pre_attn_scalar=16)),
    "gemma3-scale": ("gemma3", dict(query_pre_attn_scalar=8)),
    "gpt_oss-limit": ("gpt_oss", dict(swiglu_limit=7.0)),
    "gpt_neox-serial": ("gpt_neox", dict(use_parallel_residual=False, rope_parameters=None, rotary_pct=0.25, rotary_emb_base=10000)),
    "bloom-post": ("bloom", dict(apply_residual_connection_post_layernorm=True)),
    "deepseek_v3-yarn": ("deepseek_v3", dict(rope_interleave=False, rope_parameters=dict(YARN, mscale=0.7, mscale_all_dim=0.9))),
}


def spread(name, p, tied, generator):
    """Random numbers for a parameter by what it is: multiples of 1/1024 with 8 significant bits. A tied table is a head, too."""
    if name.endswith(("A_log", "dt_bias", "logit_scale")):
        return p
    if p.ndim > 1:
        v = torch.randn(p.shape, generator=generator) * (1.6 / p.shape[-1] ** 0.5 if tied or "embed" not in name else 1.0)
    elif "norm" in name.lower() and not name.endswith("bias") or ".ln_" in name and name.endswith("weight"):
        v = torch.rand(p.shape, generator=generator) + 0.5
    else:
        v = torch.rand(p.shape, generator=generator) - 0.5
    return torch.round(v.bfloat16().float() * 1024) / 1024


def make(name):
    """A model of the row's class with weights of its own."""
    cls, own, kind = MODELS[name]
    torch.manual_seed(0)
    cls = getattr(transformers, cls)
    model = cls(cls.config_class(**{**COMMON, **own})).eval().float()
    generator = torch.Generator().manual_seed(sum(name.encode()))
    with torch.no_grad():
        tensors = list(model.named_parameters()) + [b for b in model.named_buffers() if "correction" in b[0]]
        for key, p in tensors:
            p.copy_(spread(key, p, model.config.tie_word_embeddings, generator))
    return model.to({"f16": torch.float16, "bf16": torch.bfloat16}[kind])


def windows(vocab, n=2):
    """Windows of token ids: the same for all."""
    g = torch.Generator().manual_seed(11)
    return torch.randint(3, vocab, (n, WINDOW), generator=g)


def load(folder, name):
    """The checkpoint as transformers reads it, in float32. Falcon's ALiBi is counted twice by eager attention, so sdpa is the reference there."""
    cls = getattr(transformers, MODELS[VARIANTS[name][0] if name in VARIANTS else name.removesuffix("-mxfp4")][0])
    more = {}
    if name.endswith("-mxfp4"):
        more["quantization_config"] = transformers.Mxfp4Config(dequantize=True)
    return cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa" if name == "falcon-rw" else "eager", **more).eval()


def golden(folder, name):
    """What transformers computes from the folder: tensors by name."""
    ids = windows(COMMON["vocab_size"])
    found = {}
    for window in ids:
        model = load(folder, name)  # anew for each window: dynamic rope keeps a state
        with torch.no_grad():
            out = model(window[None])
        if name == "bert":
            states = out.last_hidden_state[0]
            one = dict(states=states[list(AT)], pooled=states.mean(0))
        else:
            one = dict(logits=out.logits[0][list(AT)], logprob=torch.log_softmax(out.logits[0].double(), -1))
        for key, value in one.items():
            found.setdefault(key, []).append(value)
    if "logprob" in found:
        p, after = torch.cat(found["logprob"])[:-1], ids.flatten()[1:]
        found["logprob"] = list(p[torch.arange(len(p)), after])
        found["loss"] = [-p[torch.arange(len(p)), after].mean()]
    found = {key: torch.stack(value).float() for key, value in found.items()}
    found["at"] = torch.tensor(AT, dtype=torch.int32)
    return found


def mxfp4(folder, out):
    """GPT-OSS's checkpoint as it is published: the experts' matrices in blocks of 32 four-bit numbers with one exponent."""
    config = json.load(open(f"{folder}/config.json"))
    tensors = load_file(f"{folder}/model.safetensors")
    g = torch.Generator().manual_seed(4)
    for key in [k for k in tensors if k.endswith(("gate_up_proj", "down_proj"))]:
        experts, inputs, outputs = tensors.pop(key).shape
        shape = (experts, outputs, inputs // 32)
        tensors[key + "_blocks"] = torch.randint(0, 256, shape + (16,), generator=g, dtype=torch.uint8)
        tensors[key + "_scales"] = torch.randint(121, 126, shape, generator=g, dtype=torch.uint8)
    config["quantization_config"] = dict(quant_method="mxfp4", modules_to_not_convert=[
        "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"])
    os.makedirs(out, exist_ok=True)
    json.dump(config, open(f"{out}/config.json", "w"), indent=2)
    save_file(dict(sorted(tensors.items())), f"{out}/model.safetensors", {"format": "pt"})


def write(root, name, quiet=False):
    """Everything of one name below root."""
    folder = f"{root}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if name == "gpt_oss-mxfp4":
        mxfp4(f"{root}/gpt_oss", folder)
    elif name in VARIANTS:
        base, edits = VARIANTS[name]
        config = {**json.load(open(f"{root}/{base}/config.json")), **edits}
        json.dump({k: v for k, v in config.items() if v is not None}, open(f"{folder}/config.json", "w"), indent=2)
        os.symlink(f"../{base}/model.safetensors", f"{folder}/model.safetensors")
    else:
        make(name).save_pretrained(folder)
        if os.path.exists(f"{folder}/generation_config.json"):
            os.remove(f"{folder}/generation_config.json")
    if name in NAMES_ONLY:
        return
    with open(f"{folder}/ids", "w") as f:
        for window in windows(COMMON["vocab_size"]).tolist():
            print(*window, file=f)
    found = golden(folder, name)
    save_file(found, f"{folder}/golden.safetensors", {"made by": f"transformers {transformers.__version__}, torch {torch.__version__}"})
    if quiet:
        return
    x = found["logits" if "logits" in found else "states"]
    print(f"{name:20s} loss {found['loss'].item() if 'loss' in found else float('nan'):7.4f}  spread {x.std(-1).mean():6.3f}  "
          f"{os.path.getsize(folder + '/model.safetensors') + os.path.getsize(folder + '/golden.safetensors'):7d} bytes")


def names():
    """All names, each variant after the model whose weights it has, names only at the end."""
    found = []
    for name in MODELS:
        found += [name, *(v for v, (base, _) in VARIANTS.items() if base == name), *(["gpt_oss-mxfp4"] if name == "gpt_oss" else [])]
    return found


if __name__ == "__main__":
    for each in sys.argv[2:] or names():
        write(sys.argv[1], each)
