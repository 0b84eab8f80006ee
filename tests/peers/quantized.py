#!/usr/bin/env python3
"""quantized.py MODEL TEXT WORK [FORMAT]...: a model's linears in each format that quantizers write, read by weir and by the peer.

MODEL: a folder of Hugging Face's in bfloat16 or float32 (pipelines/brook/model). WORK: a folder for what is made. A row a format: read (tensors that became
one of weir's forms), equal (of their values, how many are bit for bit the peer's), ppl (mppl's on the quantized folder; the peer's), by (who computed the
latter: transformers from the quantized folder itself, or from the peer's dequantized weights where it cannot load the format on a CPU).
Needs torch, transformers, compressed-tensors, bitsandbytes. BIN is where the programs are. Status 1 where a value differs, or perplexities by 1e-4 of them.
"""
import json
import math
import os
import shutil
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

BIN = os.path.abspath(os.environ.get("BIN", "build/bin"))
WINDOW = 128


def sh(command, *paths):
    env = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"], LC_ALL="C")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command, "sh", *paths], env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[0])
    return done.stdout


def fp8(w, rows, cols):
    """Codes and scales of blocks."""
    r, c = w.shape
    grid = torch.nn.functional.pad(w.float().abs(), (0, -c % cols, 0, -r % rows)).reshape(-(-r // rows), rows, -(-c // cols), cols).amax((1, 3)) / 448
    grid = grid.clamp(min=1e-12)
    big = grid.repeat_interleave(rows, 0)[:r].repeat_interleave(cols, 1)[:, :c]
    return (w.float() / big).to(torch.float8_e4m3fn), grid, big


def pack(codes, bits):
    """Codes [n, m] along n into words of 32 bits, from the least bit on."""
    n, m = codes.shape
    b = ((codes.numpy()[:, None, :] >> np.arange(bits)[None, :, None]) & 1).reshape(n * bits, m)
    b = np.pad(b, ((0, -len(b) % 32), (0, 0))).reshape(-1, 32, m).astype(np.uint64)
    return torch.from_numpy((b << np.arange(32, dtype=np.uint64)[None, :, None]).sum(1).astype(np.uint32).view(np.int32))


def rtn(w, bits, group, dtype):
    """[inputs, outputs]: codes, zeros and scales of groups of inputs, nearest."""
    g = w.float().T.reshape(-1, group, w.shape[0])
    lo, hi = g.amin(1).clamp(max=0), g.amax(1).clamp(min=0)
    s = ((hi - lo) / (2 ** bits - 1)).clamp(min=1e-6).to(dtype)
    z = torch.round(-lo / s.float()).clamp(1 if bits > 1 else 0, 2 ** bits - 1).to(torch.int64)
    q = (torch.round(g / s.float()[:, None]) + z[:, None]).clamp(0, 2 ** bits - 1).to(torch.int64)
    return q.reshape(-1, w.shape[0]), z, s


def block_fp8(w):
    q, s, big = fp8(w, 128, 128)
    return {".weight": q, ".weight_scale_inv": s}, q.float() * big


def row_fp8(w):
    q, s, big = fp8(w, 1, w.shape[1])
    return {".weight": q, ".weight_scale": s}, q.float() * big


def tensor_fp8(w):
    q, s, big = fp8(w, *w.shape)
    return {".weight": q, ".weight_scale": s.reshape(()), ".input_scale": torch.tensor(1.0)}, q.float() * big


def gptq(bits, order):
    def make(w):
        p = torch.arange(w.shape[1])
        if order:  # any order will do
            p = torch.randperm(len(p), generator=torch.Generator().manual_seed(len(p)))
        back = torch.argsort(p)
        q, z, s = rtn(w[:, p], bits, 32, torch.float16)
        q, g = q[back], (back // 32).to(torch.int32)
        values = s[g.long()] * (q - z[g.long()])
        return {".qweight": pack(q, bits), ".qzeros": pack((z - 1).T, bits).T.contiguous(), ".scales": s, ".g_idx": g}, values.T.float()
    return make


def awq(w):
    q, z, s = rtn(w, 4, 32, torch.float16)

    def words(c):
        c = c.numpy().reshape(len(c), -1, 8)[:, :, [0, 2, 4, 6, 1, 3, 5, 7]].astype(np.uint64)
        return torch.from_numpy((c << (4 * np.arange(8, dtype=np.uint64))).sum(-1).astype(np.uint32).view(np.int32))
    return {".qweight": words(q), ".qzeros": words(z), ".scales": s}, ((q - z.repeat_interleave(32, 0)) * s.repeat_interleave(32, 0)).T.float()


def compressed(compressor, scales, **kind):
    def make(w):
        from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
        import compressed_tensors.compressors as all_of
        c = getattr(all_of, compressor)
        scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**kind))
        packed = c.compress({"weight": w.bfloat16(), **scales(w)}, scheme)
        value = c.decompress(dict(packed), scheme)["weight"].float()
        if kind.get("symmetric", True):
            packed.pop("weight_zero_point", None)
        return {"." + k: v for k, v in packed.items()}, value
    return make


def group_scales(bits, group, sym):
    def make(w):
        g = w.float().reshape(len(w), -1, group or w.shape[1])
        if sym:
            return {"weight_scale": (g.abs().amax(-1) / (2 ** (bits - 1) - 0.5)).bfloat16()}
        lo, hi = g.amin(-1).clamp(max=0), g.amax(-1).clamp(min=0)
        s = ((hi - lo) / (2 ** bits - 1)).bfloat16()
        h = 2 ** (bits - 1)
        return {"weight_scale": s, "weight_zero_point": (-h - torch.round(lo / s.float())).clamp(-h, h - 1).to(torch.int8)}
    return make


def nv_scales(w):
    glob = (448 * 6 / w.float().abs().max()).reshape(1)
    return {"weight_scale": (w.float().reshape(len(w), -1, 16).abs().amax(-1) / 6 * glob).to(torch.float8_e4m3fn).float(), "weight_global_scale": glob}


def mx_scales(largest):
    return lambda w: {"weight_scale": 2.0 ** torch.floor(torch.log2(w.float().reshape(len(w), -1, 32).abs().amax(-1).clamp(min=1e-9) / largest))}


def bnb4(kind, nested):
    def make(w):
        import bitsandbytes.functional as B
        q, state = B.quantize_4bit(w.bfloat16(), blocksize=64, compress_statistics=nested, quant_type=kind)
        return {".weight": q, **{".weight." + k: v for k, v in state.as_dict(packed=True).items()}}, B.dequantize_4bit(q, state).float()
    return make


def bnb8(w):
    import bitsandbytes.functional as B
    q, scb, _ = B.int8_vectorwise_quant(w.half())
    return {".weight": q, ".SCB": scb, ".weight_format": torch.tensor(0, dtype=torch.uint8)}, B.int8_vectorwise_dequant(q, scb)


def ct(fmt, **kind):
    return {"quant_method": "compressed-tensors", "format": fmt, "quantization_status": "compressed", "ignore": ["lm_head"],
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": kind}}}


INT4 = dict(num_bits=4, type="int", symmetric=True, strategy="group", group_size=32)
INT4A = dict(INT4, symmetric=False)
INT8 = dict(num_bits=8, type="int", symmetric=True, strategy="channel")
NV = dict(num_bits=4, type="float", symmetric=True, strategy="tensor_group", group_size=16)
MX4 = dict(num_bits=4, type="float", symmetric=True, strategy="group", group_size=32, scale_dtype="torch.uint8")
MX8 = dict(MX4, num_bits=8)
GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": False, "sym": False}
BNB = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": "float32", "bnb_4bit_use_double_quant": True}


def typed(kind):
    return dict(kind, scale_dtype=torch.uint8) if "scale_dtype" in kind else kind


FORMATS = {
    "fp8 block": ({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}, block_fp8),
    "fbgemm_fp8": ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, row_fp8),
    "modelopt fp8": ({"quant_method": "modelopt", "quant_algo": "FP8"}, tensor_fp8),
    "ct float channel": (ct("float-quantized", num_bits=8, type="float", strategy="channel"), row_fp8),
    "ct pack int4": (ct("pack-quantized", **INT4), compressed("PackedQuantizationCompressor", group_scales(4, 32, True), **INT4)),
    "ct pack int4 asym": (ct("pack-quantized", **INT4A), compressed("PackedQuantizationCompressor", group_scales(4, 32, False), **INT4A)),
    "ct int8": (ct("int-quantized", **INT8), compressed("IntQuantizationCompressor", group_scales(8, 0, True), **INT8)),
    "ct nvfp4": (ct("nvfp4-pack-quantized", **NV), compressed("NVFP4PackedCompressor", nv_scales, **NV)),
    "ct mxfp4": (ct("mxfp4-pack-quantized", **MX4), compressed("MXFP4PackedCompressor", mx_scales(4), **typed(MX4))),
    "ct mxfp8": (ct("mxfp8-quantized", **MX8), compressed("MXFP8QuantizationCompressor", mx_scales(256), **typed(MX8))),
    "gptq 4": (GPTQ, gptq(4, 0)),
    "gptq 4 act-order": (dict(GPTQ, desc_act=True), gptq(4, 1)),
    "gptq 3": (dict(GPTQ, bits=3), gptq(3, 0)),
    "gptq 8": (dict(GPTQ, bits=8), gptq(8, 0)),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True, "version": "gemm"}, awq),
    "bnb nf4": (dict(BNB, bnb_4bit_use_double_quant=False), bnb4("nf4", False)),
    "bnb nf4 nested": (BNB, bnb4("nf4", True)),
    "bnb fp4": (dict(BNB, bnb_4bit_quant_type="fp4"), bnb4("fp4", True)),
    "bnb int8": ({"quant_method": "bitsandbytes", "load_in_8bit": True}, bnb8),
}


def tensors(folder):
    return {k: v for f in sorted(os.listdir(folder)) if f.endswith(".safetensors") for k, v in load_file(f"{folder}/{f}").items()}


def write(src, out, found, config):
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(src, out, ignore=shutil.ignore_patterns("*.safetensors*"))
    c = json.load(open(f"{src}/config.json"))
    if config:
        c["quantization_config"] = config
    json.dump(c, open(f"{out}/config.json", "w"), indent=1)
    save_file({k: v.contiguous() for k, v in found.items()}, f"{out}/model.safetensors", metadata={"format": "pt"})


def peer_ppl(folder, ids, config=None):
    """As mppl takes it: windows of inputs, each token after the first scored once."""
    extra = {}
    method = config and config["quant_method"]
    if method == "fp8":
        extra["quantization_config"] = transformers.FineGrainedFP8Config(dequantize=True)
    elif method == "compressed-tensors":
        extra["quantization_config"] = transformers.CompressedTensorsConfig(run_compressed=False)
    elif method:
        raise RuntimeError("not asked")
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **extra)
    if info["missing_keys"] or info["mismatched_keys"] or any(p.dtype != torch.float32 for p in model.parameters()):
        raise RuntimeError("did not load all of it as float32")
    total = 0.0
    with torch.no_grad():
        for i in range(0, len(ids) - 1, WINDOW):
            x, y = ids[i:min(i + WINDOW, len(ids) - 1)], ids[i + 1:i + WINDOW + 1]
            total -= torch.log_softmax(model.eval()(x[None]).logits[0].double(), -1)[torch.arange(len(y)), y].sum().item()
    return math.exp(total / (len(ids) - 1))


def row(model, text, work, name, plain, ids):
    config, make = FORMATS[name]
    q, dense, want = {}, dict(plain), {}
    for k, w in plain.items():
        if not k.endswith("proj.weight"):
            q[k] = w
            continue
        made, want[k] = make(w)
        dense[k] = want[k]
        q.update({k[:-7] + end: v for end, v in made.items()})
    folder, other = f"{work}/{name.replace(' ', '-')}", f"{work}/dense"
    write(model, folder, q, config)
    write(model, other, {k: v.float() for k, v in dense.items()}, None)
    sh('tsplit "$1" | tpack -t safetensors --dense=F32 -o "$2"', folder, f"{work}/f32.safetensors")
    read = sum("\t%s\t" % k in "\t" + line and any(f in line for f in ("table", "int")) for line in sh('tsplit "$1" | tshow', folder).splitlines()
               for k in [line.split("\t")[0]] if k in want)
    have = load_file(f"{work}/f32.safetensors")
    equal = sum(torch.equal(have[k].flatten().view(torch.int32), v.float().contiguous().flatten().view(torch.int32)) for k, v in want.items())
    ours = float(sh(f'tsplit "$1" | mppl -f "$2" -c {WINDOW} | tail -n 1 | cut -f 6', folder, text))
    try:
        theirs, by = peer_ppl(folder, ids, config), "transformers, quantized"
    except Exception as e:
        theirs, by = peer_ppl(other, ids), "transformers, dequantized" + ("" if str(e) == "not asked" else " (%s)" % str(e).strip().splitlines()[0][:60])
    print(f"{name}\t{read}/{len(want)}\t{equal}/{len(want)}\t{ours:.4f}\t{theirs:.4f}\t{by}", flush=True)
    shutil.rmtree(folder)
    return read == equal == len(want) and abs(ours - theirs) <= 1e-4 * theirs


def main(model, text, work, names):
    transformers.utils.logging.disable_progress_bar()
    os.makedirs(work, exist_ok=True)
    plain = tensors(model)
    scored = int(sh(f'tsplit "$1" | mppl -f "$2" -c {WINDOW} | tail -n 1 | cut -f 4', model, text))
    tok = transformers.AutoTokenizer.from_pretrained(model)
    raw = open(text).read().removesuffix("\n")
    found = tok(raw, add_special_tokens=False).input_ids
    if len(found) == scored:  # the first is scored: something stands before it
        found = [tok.bos_token_id] + found
    print("format\tread\tequal\tppl\tpeer's\tby")
    good = [row(model, text, work, n, plain, torch.tensor(found)) for n in names or FORMATS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
