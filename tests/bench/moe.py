"""A Qwen3-MoE of random weights, for figures of memory and time: moe.py DIR [LAYERS EXPERTS HIDDEN WIDTH]; 4 64 1024 640 is 1.0 GiB."""
import json, os, struct, sys
import numpy as np

out = sys.argv[1]
layers, experts, hidden, width = (int(v) for v in sys.argv[2:6]) if len(sys.argv) > 5 else (4, 64, 1024, 640)
vocab, heads, kv, d = 4096, 16, 4, 64
os.makedirs(out)
config = {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": hidden, "num_hidden_layers": layers,
          "num_attention_heads": heads, "num_key_value_heads": kv, "head_dim": d, "intermediate_size": width, "moe_intermediate_size": width,
          "num_experts": experts, "num_experts_per_tok": 8, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
          "vocab_size": vocab, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
          "tie_word_embeddings": False, "attention_bias": False, "use_sliding_window": False, "torch_dtype": "bfloat16"}
json.dump(config, open(f"{out}/config.json", "w"), indent=1)
shapes = {"model.embed_tokens.weight": (vocab, hidden), "model.norm.weight": (hidden,), "lm_head.weight": (vocab, hidden)}
for l in range(layers):
    p = f"model.layers.{l}."
    shapes |= {p + "input_layernorm.weight": (hidden,), p + "post_attention_layernorm.weight": (hidden,),
               p + "self_attn.q_proj.weight": (heads * d, hidden), p + "self_attn.k_proj.weight": (kv * d, hidden),
               p + "self_attn.v_proj.weight": (kv * d, hidden), p + "self_attn.o_proj.weight": (hidden, heads * d),
               p + "self_attn.q_norm.weight": (d,), p + "self_attn.k_norm.weight": (d,), p + "mlp.gate.weight": (experts, hidden)}
    for e in range(experts):
        q = f"{p}mlp.experts.{e}."
        shapes |= {q + "gate_proj.weight": (width, hidden), q + "up_proj.weight": (width, hidden), q + "down_proj.weight": (hidden, width)}
at, head = 0, {}
for name, s in shapes.items():
    n = 2 * int(np.prod(s))
    head[name] = {"dtype": "BF16", "shape": list(s), "data_offsets": [at, at + n]}
    at += n
text = json.dumps(head).encode()
text += b" " * (-len(text) % 8)
rng = np.random.default_rng(1)
with open(f"{out}/model.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text)
    for name, s in shapes.items():
        w = np.ones(s, np.float32) if len(s) == 1 else rng.standard_normal(s, np.float32) * 0.02
        f.write((w.view(np.uint32) >> 16).astype(np.uint16).tobytes())
print(f"{at / 2**30:.2f} GiB, {len(shapes)} tensors")
