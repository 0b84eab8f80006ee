#!/usr/bin/env python3
"""Small quantized checkpoints and what the peers' own code makes of them.

    make.py --awq DIR --gptq DIR --modelopt DIR --ct094 DIR

Needs torch, transformers 5.24, compressed-tensors 0.20.1 and bitsandbytes 0.50.2. DIR: unpacked packages of autoawq 0.2.9, gptqmodel 7.7.0, nvidia-modelopt
0.47.0 and compressed-tensors 0.9.4, of which single functions are run without installing them.

Writes NAME/{config.json,model.safetensors} beside this file, and want.tsv: NAME, tensor, shape, SHA-256 of the values as float32. How each peer was asked is
in the function of the same name; "formula" marks the few whose peer needs a GPU: those are the arithmetic of its documentation.
"""
import argparse, ast, hashlib, importlib.util, json, os, subprocess, sys, types
import numpy as np
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser()
for o in ("awq", "gptq", "modelopt", "ct094"):
    ap.add_argument("--" + o)
args = ap.parse_args()
want = []
gen = torch.Generator().manual_seed(17)
NAME = "model.layers.0.mlp.down_proj"


def rand(*shape, dtype=torch.bfloat16):
    return (torch.randn(*shape, generator=gen) * 0.05).to(dtype)


def ints(lo, hi, *shape):
    return torch.randint(lo, hi, shape, generator=gen)


def put(name, config, tensors, values, files=None):
    """A checkpoint, and the values that are wanted of it."""
    d = os.path.join(HERE, name)
    os.makedirs(d, exist_ok=True)
    c = {"model_type": "none", "torch_dtype": "bfloat16", "quantization_config": config, "vocab_size": 8} if config else {"model_type": "none"}
    json.dump(c, open(d + "/config.json", "w"), indent=1, default=str)
    for f, j in (files or {}).items():
        json.dump(j, open(d + "/" + f, "w"), indent=1)
    save_file({k: v.contiguous() for k, v in tensors.items()}, d + "/model.safetensors")
    for k, v in values.items():
        f = v.detach().float().contiguous().numpy()
        assert np.isfinite(f).all() and f.any(), (name, k)
        want.append("%s\t%s\t%s\t%s" % (name, k, "x".join(map(str, f.shape)), hashlib.sha256(f.tobytes()).hexdigest()))


def load(path, name, **given):
    """A file of a package, without the package."""
    spec = importlib.util.spec_from_file_location(name, path)
    m = importlib.util.module_from_spec(spec)
    m.__dict__.update(given)
    spec.loader.exec_module(m)
    return m


def functions(path, names, scope):
    """Some functions or methods of a file, as they stand there."""
    tree = ast.parse(open(path).read())
    found = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in names}
    for n in found.values():
        n.decorator_list = []
        exec(compile(ast.Module([n], []), path, "exec"), scope)
    return [scope[n] for n in names]


def fp8(x, block):
    """Codes and scales of blocks, the last ones smaller."""
    r, c = x.shape
    s = torch.zeros(-(-r // block[0]), -(-c // block[1]))
    for i in range(s.shape[0]):
        for j in range(s.shape[1]):
            s[i, j] = x[i * block[0]:(i + 1) * block[0], j * block[1]:(j + 1) * block[1]].abs().max().float() / 448
    big = s.repeat_interleave(block[0], 0)[:r].repeat_interleave(block[1], 1)[:, :c]
    return (x.float() / big).to(torch.float8_e4m3fn), s, big


def fp8_block():
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize
    d = Fp8Dequantize(None)
    q, s, _ = fp8(rand(32, 48), (16, 16))
    e, se, big = fp8(rand(37, 50), (16, 16))  # formula: DeepSeek's weight_dequant, codes * scale of the block
    h, sh, _ = fp8(rand(16, 32), (16, 16))
    sh = sh.to(torch.bfloat16)
    k, sk = zip(*[fp8(rand(16, 32), (16, 16))[:2] for _ in range(3)])
    k, sk = torch.stack(k), torch.stack(sk)
    u = torch.randint(0, 255, (8, 64), generator=gen, dtype=torch.uint8).view(torch.float8_e4m3fn)
    u = torch.where(torch.isnan(u.float()), torch.zeros_like(u.float()), u.float()).to(torch.float8_e4m3fn)
    su = ints(120, 134, 8, 2).to(torch.uint8)
    f = torch.float32
    put("fp8_block", {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [16, 16]},
        {"a.weight": q, "a.weight_scale_inv": s, "odd.weight": e, "odd.weight_scale_inv": se, "half.weight": h, "half.weight_scale_inv": sh,
         "mx.weight": u, "mx.weight_scale_inv": su, "experts.up": k, "experts.up_scale_inv": sk, "norm.weight": rand(48)},
        {"a.weight": d._dequantize_one(q, s, f), "odd.weight": e.float() * big, "half.weight": d._dequantize_one(h, sh, f),
         "mx.weight": d._dequantize_one(u, su, f),
         "experts.up": torch.stack([d._dequantize_one(k[i], sk[i], f) for i in range(3)])})


def fp8_tensor():
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize
    q, s, _ = fp8(rand(24, 32), (24, 32))
    put("fp8_tensor", {"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": None},
        {"a.weight": q, "a.weight_scale_inv": s.reshape(()), "a.activation_scale": torch.tensor(1.5)},
        {"a.weight": Fp8Dequantize(None)._dequantize_one(q, s, torch.float32)})


def fbgemm_fp8():
    q, s, big = fp8(rand(24, 32), (1, 32))
    put("fbgemm_fp8", {"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0},
        {"a.weight": q, "a.weight_scale": s, "a.input_scale_ub": torch.tensor([1200.0])}, {"a.weight": q.float() * big})  # formula


def modelopt():
    q, s, big = fp8(rand(24, 32), (24, 32))
    files = {"hf_quant_config.json": {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": None}}}
    put("modelopt_fp8", None, {"a.weight": q, "a.weight_scale": s.reshape(()), "a.input_scale": torch.tensor(0.1)},
        {"a.weight": q.float() * big}, files)  # formula
    if not args.modelopt:
        return
    table = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6, 0, -.5, -1, -1.5, -2, -3, -4, -6])
    scope = {"torch": torch}
    dequantize, = functions(args.modelopt + "/modelopt/torch/quantization/qtensor/nvfp4_tensor.py", ["dequantize"], scope)
    codes = ints(0, 256, 24, 32).to(torch.uint8)
    scale, scale2 = (torch.rand(24, 4, generator=gen) * 400).to(torch.float8_e4m3fn), torch.tensor(0.0003417)
    me = types.SimpleNamespace(_quantized_data=codes, metadata={"shape": (24, 64), "dtype": torch.float32}, get_e2m1_values=lambda d: table)
    w = dequantize(me, torch.float32, scale=scale, double_scale=scale2, block_sizes={-1: 16})
    files["hf_quant_config.json"]["quantization"] = {"quant_algo": "NVFP4", "group_size": 16}
    put("modelopt_nvfp4", None, {"a.weight": codes, "a.weight_scale": scale, "a.weight_scale_2": scale2, "a.input_scale": torch.tensor(0.1)},
        {"a.weight": w}, files)


def scheme(**weights):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    return QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**weights))


def ct(name, fmt, cases, bias=None):
    """cases: tensor's name -> (scheme of weights, state before, compressor)."""
    tensors, values, groups = {}, {}, {}
    for k, (kind, state, compressor) in cases.items():
        s = scheme(**kind)
        packed = compressor.compress(dict(state), s)
        values[k + ".weight"] = compressor.decompress(dict(packed), s)["weight"]
        tensors.update({k + "." + n: v for n, v in packed.items() if n != "weight_zero_point" or not kind.get("symmetric", True)})
        groups["group_%d" % len(groups)] = {"targets": ["re:.*" + k], "weights": kind}
    tensors["norm.weight"] = rand(8)
    put(name, {"quant_method": "compressed-tensors", "format": fmt, "config_groups": groups}, tensors, values)


def minmax(w, bits, group, sym, dtype=torch.bfloat16):
    r, c = w.shape
    g = w.float().reshape(r, -1, group or c)
    if sym:
        return (g.abs().amax(-1) / (2 ** (bits - 1) - 0.5)).to(dtype), torch.zeros(r, g.shape[1], dtype=torch.int8)
    lo, hi = g.amin(-1).clamp(max=0), g.amax(-1).clamp(min=0)
    s = ((hi - lo) / (2 ** bits - 1)).to(dtype)
    return s, (-(2 ** (bits - 1)) - torch.round(lo / s.float())).clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).to(torch.int8)


def compressed():
    from compressed_tensors.compressors.pack_quantized import PackedQuantizationCompressor as P
    from compressed_tensors.compressors.naive_quantized import IntQuantizationCompressor as I, FloatQuantizationCompressor as F
    from compressed_tensors.compressors.nvfp4 import NVFP4PackedCompressor as N
    from compressed_tensors.compressors.mxfp4 import MXFP4PackedCompressor as M
    from compressed_tensors.compressors.mxfp8 import MXFP8QuantizationCompressor as M8
    cases = {}
    for bits in (2, 3, 4, 5, 8):
        for group in (0, 16):
            for sym in (True, False):
                w = rand(24, 48)
                s, z = minmax(w, bits, group, sym, torch.float16 if bits == 5 else torch.bfloat16)
                kind = {"num_bits": bits, "type": "int", "symmetric": sym, "strategy": "group" if group else "channel"}
                if group:
                    kind["group_size"] = group
                cases["w%dg%d%s" % (bits, group, "s" if sym else "a")] = (kind, {"weight": w, "weight_scale": s, "weight_zero_point": z}, P)
    w = rand(24, 35)  # rows that end within a word
    s, z = minmax(w, 4, 0, False)
    cases["odd"] = ({"num_bits": 4, "type": "int", "symmetric": False, "strategy": "channel"}, {"weight": w, "weight_scale": s, "weight_zero_point": z}, P)
    ct("ct_pack", "pack-quantized", cases)
    cases = {}
    for sym in (True, False):
        for strategy in ("channel", "tensor"):
            w = rand(24, 32)
            s, z = minmax(w if strategy == "channel" else w.reshape(1, -1), 8, 0, sym)
            if strategy == "tensor":
                s, z = s.reshape(1), z.reshape(1)
            cases[strategy + ("s" if sym else "a")] = ({"num_bits": 8, "type": "int", "symmetric": sym, "strategy": strategy},
                                                       {"weight": w, "weight_scale": s, "weight_zero_point": z}, I)
    ct("ct_int", "int-quantized", cases)
    cases = {}
    for strategy in ("channel", "tensor", "block"):
        w = rand(24, 32)
        q, s, _ = fp8(w, {"channel": (1, 32), "tensor": (24, 32), "block": (16, 16)}[strategy])
        kind = {"num_bits": 8, "type": "float", "symmetric": True, "strategy": strategy}
        if strategy == "block":
            kind["block_structure"] = [16, 16]
        if strategy == "tensor":
            s = s.reshape(1)
        cases[strategy] = (kind, {"weight": w, "weight_scale": s.to(torch.bfloat16 if strategy != "tensor" else torch.float32)}, F)
    ct("ct_float", "float-quantized", cases)
    w = rand(24, 64)
    glob = (448 * 6 / w.float().abs().max()).reshape(1)
    s = (w.float().reshape(24, 4, 16).abs().amax(-1) / 6 * glob).to(torch.float8_e4m3fn)
    ct("ct_nvfp4", "nvfp4-pack-quantized", {"a": ({"num_bits": 4, "type": "float", "symmetric": True, "strategy": "tensor_group", "group_size": 16},
                                                  {"weight": w, "weight_scale": s.float(), "weight_global_scale": glob}, N)})
    s = 2.0 ** torch.floor(torch.log2(w.float().reshape(24, 2, 32).abs().amax(-1) / 4))
    ct("ct_mxfp4", "mxfp4-pack-quantized", {"a": ({"num_bits": 4, "type": "float", "symmetric": True, "strategy": "group", "group_size": 32,
                                                   "scale_dtype": torch.uint8}, {"weight": w, "weight_scale": s}, M)})
    s = 2.0 ** torch.floor(torch.log2(w.float().reshape(24, 2, 32).abs().amax(-1) / 256))
    ct("ct_mxfp8", "mxfp8-quantized", {"a": ({"num_bits": 8, "type": "float", "symmetric": True, "strategy": "group", "group_size": 32,
                                              "scale_dtype": torch.uint8}, {"weight": w, "weight_scale": s}, M8)})


OLD = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from compressed_tensors.compressors.quantized_compressors.pack_quantized import PackedQuantizationCompressor as P
from compressed_tensors.quantization import QuantizationArgs
d = torch.load(sys.argv[2])
args = QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=16, actorder="group")
packed = P().compress_weight(d["weight"], d["scale"], quantization_args=args, g_idx=d["order"])
packed = dict(packed, weight_scale=d["scale"], weight_g_idx=d["order"])
torch.save({"packed": packed, "values": P().decompress_weight(packed, args)}, sys.argv[2])
"""


def actorder():
    """Groups by order of activations, as compressed-tensors had them until 0.9."""
    w, f = rand(24, 64), os.path.join(HERE, "old.pt")
    order = (torch.randperm(64, generator=gen) // 16).to(torch.int32)
    torch.save({"weight": w, "scale": (torch.rand(24, 4, generator=gen) * 0.02 + 0.01).bfloat16(), "order": order}, f)
    subprocess.run([sys.executable, "-c", OLD, args.ct094, f], check=True)
    d = torch.load(f)
    os.remove(f)
    put("ct_actorder", {"quant_method": "compressed-tensors", "format": "pack-quantized",
                        "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "group_size": 16, "actorder": "group"}}}},
        {"a." + k: v for k, v in d["packed"].items()}, {"a.weight": d["values"]})


def pack(codes, bits):
    """Codes [n, m] along n into words of 32 bits, from the least bit on."""
    n, m = codes.shape
    b = ((codes.numpy()[:, None, :] >> np.arange(bits)[None, :, None]) & 1).reshape(n * bits, m)
    b = np.pad(b, ((0, -len(b) % 32), (0, 0))).reshape(-1, 32, m).astype(np.uint64)
    return torch.from_numpy((b << np.arange(32, dtype=np.uint64)[None, :, None]).sum(1).astype(np.uint32).view(np.int32))


def gptq():
    base = args.gptq + "/gptqmodel/nn_modules/qlinear/__init__.py"
    scope = {"t": torch, "torch": torch, "_torch_right_shift": torch.bitwise_right_shift, "_torch_left_shift": torch.bitwise_left_shift}
    dequantize, codes_up = functions(base, ["dequantize_weight", "_dequantize_from_codes"], scope)
    for version, dtype in (("gptq", torch.float16), ("gptq_v2", torch.bfloat16)):
        tensors, values = {}, {}
        for bits in (2, 3, 4, 8):
            for order in (0, 1):
                rows, cols, group = 96, 32, 32
                q, z = ints(0, 2 ** bits, rows, cols), ints(1, 2 ** bits, rows // group, cols)
                s = (torch.rand(rows // group, cols, generator=gen) * 0.02 + 0.001).to(dtype)
                g = torch.arange(rows) // group
                g = (g[torch.randperm(rows, generator=gen)] if order else g).to(torch.int32)
                words, zeros = pack(q, bits), pack(z.T, bits).T
                if bits == 3:
                    wf = torch.tensor([[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0], [0, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31],
                                       [0, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0]], dtype=torch.int32).reshape(1, 3, 12)
                else:
                    wf = torch.arange(0, 32, bits, dtype=torch.int32).unsqueeze(0)
                me = types.SimpleNamespace(planar=False, bits=bits, pack_factor=32 // bits, maxq=2 ** bits - 1, qzeros=zeros, qweight=words, scales=s,
                                           g_idx=g, in_features=rows, dequant_dtype=torch.int16 if bits == 8 else torch.int8,
                                           wf_unsqueeze_zero=wf.unsqueeze(0) if bits != 3 else wf.reshape(1, 1, 3, 12),
                                           wf_unsqueeze_neg_one=wf.unsqueeze(-1) if bits != 3 else wf.reshape(1, 3, 12, 1),
                                           _init_wf_unsqueeze_buffers=lambda: None)
                me._dequantize_from_codes = lambda *a, **k: codes_up(me, *a, **k)
                k = "w%d%s" % (bits, "o" if order else "")
                values[k + ".weight"] = dequantize(me).T
                stored = pack(((z - 1) if version == "gptq" else z).T, bits).T
                tensors.update({k + ".qweight": words, k + ".qzeros": stored, k + ".scales": s, k + ".g_idx": g, k + ".bias": rand(cols)})
        put(version, {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": True, "sym": False, "checkpoint_format": version}, tensors, values)


def awq():
    m = load(args.awq + "/awq/utils/packing_utils.py", "packing_utils")
    rows, cols, group = 64, 24, 32
    q, z = ints(0, 16, rows, cols), ints(0, 16, rows // group, cols)
    s = (torch.rand(rows // group, cols, generator=gen) * 0.02 + 0.001).half()

    def words(codes):  # eight codes a word, in AWQ's order
        c = codes.numpy().reshape(codes.shape[0], -1, 8)[:, :, m.AWQ_ORDER].astype(np.uint64)
        return torch.from_numpy((c << (4 * np.arange(8, dtype=np.uint64))).sum(-1).astype(np.uint32).view(np.int32))
    put("awq", {"quant_method": "awq", "bits": 4, "group_size": group, "zero_point": True, "version": "gemm"},
        {"a.qweight": words(q), "a.qzeros": words(z), "a.scales": s}, {"a.weight": m.dequantize_gemm(words(q), words(z), s, 4, group).T})


def bnb():
    """By the plain implementation: the CPU's kernel of 0.50.2 takes the blocks of each row anew, which is wrong where they do not end with rows (the default implementation is taken)."""
    import bitsandbytes.functional as B
    from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
    from bitsandbytes.backends.utils import _get_4bit_code

    def plain(q, s):
        absmax = B.dequantize_blockwise(s.absmax, s.state2) + s.offset if s.nested else s.absmax
        w = _dequantize_4bit_compute(q.reshape(-1), absmax, _get_4bit_code(s.quant_type, q.device), s.blocksize, s.shape, s.dtype)
        assert s.shape[1] % s.blocksize or torch.equal(w, B.dequantize_4bit(q, s))
        return w
    for kind in ("nf4", "fp4"):
        tensors, values = {}, {}
        for nested in (False, True):
            for dtype, shape, block in ((torch.bfloat16, (20, 64), 64), (torch.float16, (24, 32), 64), (torch.float32, (10, 96), 64),
                                        (torch.bfloat16, (300, 64), 64)):
                if shape[0] == 300 and not nested:
                    continue
                k = "%s%d%s" % ({torch.bfloat16: "b", torch.float16: "h", torch.float32: "f"}[dtype], shape[0], "n" if nested else "") + ".weight"
                q, state = B.quantize_4bit(rand(*shape, dtype=dtype), blocksize=block, compress_statistics=nested, quant_type=kind)
                values[k] = plain(q, state)
                tensors[k] = q
                tensors.update({k + "." + n: v for n, v in state.as_dict(packed=True).items()})
        put("bnb_" + kind, {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": kind}, tensors, values)
    w = rand(24, 40, dtype=torch.float16)
    q, scb, _ = B.int8_vectorwise_quant(w)
    put("bnb_int8", {"quant_method": "bitsandbytes", "load_in_8bit": True},
        {"a.weight": q, "a.SCB": scb, "a.weight_format": torch.tensor(0, dtype=torch.uint8)}, {"a.weight": B.int8_vectorwise_dequant(q, scb)})


def mxfp4():
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors
    blocks, scales = ints(0, 256, 3, 8, 2, 16).to(torch.uint8), ints(110, 130, 3, 8, 2).to(torch.uint8)
    n = "model.layers.0.mlp.experts.gate_up_proj"
    put("mxfp4", {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, {n + "_blocks": blocks, n + "_scales": scales, n + "_bias": rand(3, 8)},
        {n: convert_moe_packed_tensors(blocks, scales).transpose(1, 2)})


for f in (fp8_block, fp8_tensor, fbgemm_fp8, modelopt, compressed, mxfp4, bnb) + ((awq,) if args.awq else ()) + ((gptq,) if args.gptq else ()) + (
        (actorder,) if args.ct094 else ()):
    f()
open(os.path.join(HERE, "want.tsv"), "w").write("\n".join(want) + "\n")
print(len(want), "tensors")
