#!/usr/bin/env python3
"""Make adapters by peft and what they are merged into by merge_and_unload (peft 0.21, transformers 5): make.py FOLDER. All numbers are random and F32."""
import json
import os
import shutil
import sys
import tempfile

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

out = sys.argv[1]
ADAPTERS = {
    "patterns": dict(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"],
                     rank_pattern={r"layers\.[1]\.self_attn\.q_proj": 2, "down_proj": 1},
                     alpha_pattern={r"layers\.0\.self_attn\.[qv]_proj": 64, "q_proj": 3}),
    "rslora": dict(r=4, lora_alpha=6, target_modules=["up_proj", "o_proj"], use_rslora=True, rank_pattern={r"model\.layers\.\d+\.mlp.*": 3}),
    "whole": dict(r=2, lora_alpha=4, target_modules=["q_proj", "gate_proj"], modules_to_save=["lm_head", "norm"], bias="all"),
    "fused": dict(r=3, lora_alpha=5, target_modules=["c_attn", "c_fc", "mlp.c_proj"], bias="lora_only", fan_in_fan_out=True),
    "embedding": dict(r=2, lora_alpha=4, target_modules=["embed_tokens", "lm_head", "k_proj"]),
}


def base(name="base"):
    torch.manual_seed(1)
    if name == "gpt2":
        return drawn(GPT2LMHeadModel(GPT2Config(vocab_size=24, n_positions=16, n_embd=8, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=2)).float())
    config = LlamaConfig(vocab_size=24, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                         attention_bias=True, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)
    return drawn(LlamaForCausalLM(config).float())


def drawn(model):
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p))
    return model


for name, how in ADAPTERS.items():
    model = get_peft_model(base("gpt2" if name == "fused" else "base"), LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **how))
    torch.manual_seed(2)
    with torch.no_grad():
        for p in model.parameters():
            if p.requires_grad:
                p.copy_(torch.randn_like(p))
    shutil.rmtree(os.path.join(out, name), ignore_errors=True)
    model.save_pretrained(os.path.join(out, name))
    os.remove(os.path.join(out, name, "README.md"))
    config = os.path.join(out, name, "adapter_config.json")
    kept = json.load(open(config))
    kept["base_model_name_or_path"] = "base"
    json.dump(kept, open(config, "w"), indent=1, sort_keys=True)
    with tempfile.TemporaryDirectory() as t:
        model.merge_and_unload().save_pretrained(t)
        save_file(load_file(os.path.join(t, "model.safetensors")), os.path.join(out, name + ".safetensors"))

for name in ("base", "gpt2"):
    with tempfile.TemporaryDirectory() as t:
        base(name).save_pretrained(t)
        os.makedirs(os.path.join(out, name), exist_ok=True)
        for f in ("config.json", "model.safetensors"):
            shutil.copy(os.path.join(t, f), os.path.join(out, name, f))

# As torch's wrappers for several processes leave the names.
for name, prefix in (("module-before", "module.base_model.model."), ("module-behind", "base_model.model.module.")):
    os.makedirs(os.path.join(out, name), exist_ok=True)
    shutil.copy(os.path.join(out, "rslora", "adapter_config.json"), os.path.join(out, name))
    t = load_file(os.path.join(out, "rslora", "adapter_model.safetensors"))
    save_file({k.replace("base_model.model.", prefix, 1): v for k, v in t.items()}, os.path.join(out, name, "adapter_model.safetensors"))
