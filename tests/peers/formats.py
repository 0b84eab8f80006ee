#!/usr/bin/env python3
"""formats.py MODEL TEXT WORK [FORMAT]...: a model's linears quantized here, written by tpack as peers' formats, and loaded by the peers.

MODEL: a folder of Hugging Face's in bfloat16 (pipelines/brook/model). WORK: a folder for what is made. A row a format: kept (tensors of the folder that come
back bit for bit from tsplit and tpack), stream (mppl's perplexity before the format), ppl (mppl's of the folder), peer's (transformers' of the folder), inputs
(where the format quantizes inputs as they come: transformers' with that), by (which peer's code). Weights that the peer computes are compared, so ppl and the
peer's are within 1e-4 of each other; stream and ppl differ where the format rounds values to 16 bits, by 5e-4 at most.

gptq and awq run in transformers where gptqmodel and optimum are there. Else their values are unpacked here, by numpy, as AutoGPTQ and AutoAWQ document their words.
Needs torch, transformers, compressed-tensors. BIN is where the programs are. Status 1 where something differs by more.
"""
import contextlib
import io
import json
import os
import shutil
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TORCH_COMPILE_DISABLE", "1")  # gptqmodel compiles each layer, which takes minutes here
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from quantized import WINDOW, peer_ppl, sh, tensors, write  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

BF = "--scales bf16 --only linear"
FORMATS = {  # name: what wquant is told, tpack's format
    "gptq int4": ("-t int4 -g 32 -m rtn " + BF, "gptq"),
    "gptq int4 act-order": ("-t int4 -g 128 -m gptq --act-order --sym " + BF, "gptq"),
    "gptq int3": ("-t int3 -g 64 -m gptq " + BF, "gptq"),
    "gptq int8 rows": ("-t int8 -g 0 --sym " + BF, "gptq"),
    "gptq_v2 int2": ("-t int2 -g 32 -m gptq --clip " + BF, "gptq_v2"),
    "awq": ("-t int4 -g 64 -m awq " + BF, "awq"),
    "pack-quantized int4": ("-t int4 -g 128 --sym -m gptq " + BF, "pack-quantized"),
    "pack-quantized int4 asym": ("-t int4 -g 32 -m awq " + BF, "pack-quantized"),
    "pack-quantized int3": ("-t int3 -g 64 " + BF, "pack-quantized"),
    "pack-quantized int8": ("-t int8 -g 0 --sym " + BF, "pack-quantized"),
    "mixed int4 and fp8": ("-t fp8 -g 0 --scales bf16 --only attn.v,mlp.down | wquant -t int4 -g 64 --sym --scales bf16 --only attn.q,attn.k,attn.o,mlp.gate,mlp.up",
                           "compressed-tensors"),
    "int-quantized": ("-t int8 -g 0 --sym " + BF, "int-quantized"),
    "float-quantized": ("-t fp8 -g 0 " + BF, "float-quantized"),
    "nvfp4": ("-t fp4 -g 16 --scales f8_e4m3 --only linear", "nvfp4-pack-quantized"),
    "mxfp4": ("-t fp4 -g 32 --scales f8_e8m0 --only linear", "mxfp4-pack-quantized"),
    "fp8 blocks": ("-t fp8 -g 128 --rows 128 --scales f32 --only linear", "fp8"),
}


def unpack(words, bits):
    """Words [n, m] of codes along n, from the least bit on."""
    w = words.numpy().view(np.uint32).astype(np.uint64)
    b = ((w[:, None, :] >> np.arange(32, dtype=np.uint64)[None, :, None]) & 1).reshape(-1, bits, w.shape[1])
    return torch.from_numpy((b << np.arange(bits, dtype=np.uint64)[None, :, None]).sum(1).astype(np.int64))


def nibbles(words):
    """AWQ's: word k of a row has columns 8k .. 8k + 7, nibble i being column (0, 2, 4, 6, 1, 3, 5, 7)[i]."""
    w = words.numpy().view(np.uint32)
    n = np.stack([(w >> (4 * i)) & 15 for i in (0, 4, 1, 5, 2, 6, 3, 7)], -1)
    return torch.from_numpy(n.reshape(len(w), -1).astype(np.int64))


def unpacked(found, config):
    """Dense weights of a folder of gptq or awq, by their documented formulas."""
    out = {k: v for k, v in found.items() if not any(k.endswith(e) for e in (".qweight", ".qzeros", ".scales", ".g_idx"))}
    for k in (k[:-8] for k in found if k.endswith(".qweight")):
        s = found[k + ".scales"].float()
        if config["quant_method"] == "awq":
            q, z = nibbles(found[k + ".qweight"]), nibbles(found[k + ".qzeros"])
            g = torch.arange(len(q)) // (len(q) // len(s))
        else:
            q, z = unpack(found[k + ".qweight"], config["bits"]), unpack(found[k + ".qzeros"].T, config["bits"]).T
            z, g = z + (config["checkpoint_format"] == "gptq"), found[k + ".g_idx"].long()
        out[k + ".weight"] = ((q - z[g]) * s[g]).T.contiguous()
    return out


def peer(folder, work, ids, config):
    """Perplexity of the weights alone; with quantized inputs, or None; by whom."""
    method = config["quant_method"]
    if method in ("gptq", "awq"):
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints much
                import gptqmodel
                import optimum.gptq  # noqa: F401
                got = plain_ppl(folder, ids)
            return got, None, "transformers, gptqmodel %s" % gptqmodel.__version__
        except ImportError:
            found = unpacked(tensors(folder), config)
            write(folder, f"{work}/dense", {k: v.float() for k, v in found.items()}, None)
            c = json.load(open(f"{work}/dense/config.json"))
            del c["quantization_config"]
            json.dump(c, open(f"{work}/dense/config.json", "w"))
            return peer_ppl(f"{work}/dense", ids), None, "transformers, unpacked by numpy"
    groups = config.get("config_groups", {}).values()
    if any(g["input_activations"] for g in groups):
        both = plain_ppl(folder, ids)
        bare = f"{work}/bare"
        shutil.rmtree(bare, ignore_errors=True)
        shutil.copytree(folder, bare)
        c = json.load(open(f"{bare}/config.json"))
        for g in c["quantization_config"]["config_groups"].values():
            g["input_activations"] = None
        json.dump(c, open(f"{bare}/config.json", "w"))
        # dequantize=True takes the first group for every weight (transformers 5.24): several are decompressed as they run
        return plain_ppl(bare, ids) if len(groups) > 1 else peer_ppl(bare, ids, config), both, "transformers"
    return peer_ppl(folder, ids, config), None, "transformers"


def plain_ppl(folder, ids):
    """With nothing said of the quantizer: config.json says it."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if info["missing_keys"] or info["mismatched_keys"] or info["unexpected_keys"]:
        raise RuntimeError("did not load all of it: %s" % info)
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(ids) - 1, WINDOW):
            x, y = ids[i:min(i + WINDOW, len(ids) - 1)], ids[i + 1:i + WINDOW + 1]
            total -= torch.log_softmax(model.eval()(x[None]).logits[0].double(), -1)[torch.arange(len(y)), y].sum().item()
    return float(np.exp(total / (len(ids) - 1)))


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.contiguous().reshape(-1).view(torch.uint8), b.contiguous().reshape(-1).view(torch.uint8))


PPL = f' | mppl -f "$2" -c {WINDOW} | tail -n 1 | cut -f 6'


def row(calibrated, text, work, name, ids):
    how, fmt = FORMATS[name]
    folder, again, stream = f"{work}/{name.replace(' ', '-')}", f"{work}/again", f"{work}/stream"
    for f in (folder, again):
        shutil.rmtree(f, ignore_errors=True)
    sh(f'cat "$1" | wquant {how} >"$2"', calibrated, stream)
    sh(f'tpack -t {fmt} -o "$2" <"$1"', stream, folder)
    sh(f'tsplit "$1" | tpack -t {fmt} -o "$2"', folder, again)
    have, back = tensors(folder), tensors(again)
    kept = sum(k in back and same(v, back[k]) for k, v in have.items())
    before, ours = float(sh('cat "$1"' + PPL, stream, text)), float(sh('tsplit "$1"' + PPL, folder, text))
    config = json.load(open(f"{folder}/config.json"))["quantization_config"]
    theirs, inputs, by = peer(folder, work, ids, config)
    print(f"{name}\t{fmt}\t{kept}/{len(have)}\t{before:.4f}\t{ours:.4f}\t{theirs:.4f}\t{'-' if inputs is None else '%.4f' % inputs}\t{by}", flush=True)
    # gptqmodel computes as the stream does, without rounding weights to 16 bits; the others round as tsplit reads
    nearer = min(abs(ours - theirs), abs(before - theirs)) if "gptqmodel" in by or "numpy" in by else abs(ours - theirs)
    good = kept == len(have) == len(back) and nearer <= 1e-4 * theirs and abs(before - ours) <= 5e-4 * ours
    good &= inputs is None or abs(inputs - theirs) <= 5e-3 * theirs
    shutil.rmtree(folder)
    return good


def gpt_oss(work):
    """A small GPT-OSS: experts in MXFP4, nats by transformers from the folder and by mppl from the stream."""
    torch.manual_seed(5)
    c = transformers.GptOssConfig(vocab_size=96, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                                  num_local_experts=4, num_experts_per_tok=2, sliding_window=8, max_position_embeddings=64, initializer_range=0.3)
    dense, folder, f32 = f"{work}/oss", f"{work}/oss-mxfp4", f"{work}/oss-f32"
    for f in (dense, folder, f32):
        shutil.rmtree(f, ignore_errors=True)
    transformers.GptOssForCausalLM(c).to(torch.bfloat16).save_pretrained(dense)
    sh('tsplit "$1" | wquant -t fp4 -g 32 --scales f8_e8m0 --only moe.gate,moe.up,moe.down | tpack -t mxfp4 -o "$2"', dense, folder)
    sh('tsplit "$1" | tpack --dense=f32 -t hf -o "$2"', folder, f32)
    ids = torch.arange(3, 35)[None]
    with torch.no_grad():
        a = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=transformers.Mxfp4Config(dequantize=True)).float()(ids).logits
        b = transformers.AutoModelForCausalLM.from_pretrained(f32, dtype=torch.float32)(ids).logits
        d = transformers.AutoModelForCausalLM.from_pretrained(dense, dtype=torch.float32)(ids).logits
    off, lost = (a - b).abs().max().item(), (a - d).abs().max().item()
    n = sum(k.endswith("_blocks") for k in tensors(folder))
    print(f"mxfp4 of GPT-OSS\tmxfp4\t{n}/4 stacks\tlargest difference of logits, folder by transformers and its values by tsplit: {off:.1e}; to the model before: {lost:.1e}", flush=True)
    return n == 4 and off < 1e-5 < lost


def main(model, text, work, names):
    transformers.utils.logging.disable_progress_bar()
    os.makedirs(work, exist_ok=True)
    scored = int(sh(f'tsplit "$1" | mppl -f "$2" -c {WINDOW} | tail -n 1 | cut -f 4', model, text))
    tok = transformers.AutoTokenizer.from_pretrained(model)
    found = tok(open(text).read().removesuffix("\n"), add_special_tokens=False).input_ids
    if len(found) == scored:  # the first is scored: something stands before it
        found = [tok.bos_token_id] + found
    calibrated = f"{work}/calibrated"
    sh('tsplit "$1" | mcalib -f "$2" --parts gram,absmean -c 128 >"$3"', model, text, calibrated)
    print("weights\tformat\tkept\tstream\tppl\tpeer's\tinputs\tby")
    good = [row(calibrated, text, work, n, torch.tensor(found)) for n in names or FORMATS]
    good += [] if names else [gpt_oss(work)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
