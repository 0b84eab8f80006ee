"""models.py: small models of zeros as GGUF, and an importance matrix of ones beside each: what a mix of types goes by is
architecture, sizes and counts. Used by make.py and by tests/cli/policy.py; needs nothing but Python."""
import struct

STRING, U32, F32 = 8, 4, 6
TYPES = {"f32": (0, 4), "f16": (1, 2)}

# name: architecture, layers, heads, heads of keys, hidden, intermediate, experts, has a head of its own
MODELS = {
    "llama": ("llama", 80, 8, 1, 256, 512, 0, 1),
    "qwen2-tied": ("qwen2", 24, 8, 4, 256, 512, 0, 0),
    "qwen2-320": ("qwen2", 13, 8, 2, 320, 768, 0, 1),
    "gemma2": ("gemma2", 26, 8, 8, 256, 512, 0, 0),
    "mixtral": ("llama", 32, 8, 2, 256, 256, 8, 1),
    "qwen3moe": ("qwen3moe", 16, 8, 8, 256, 256, 4, 1),
    "falcon": ("falcon", 40, 8, 1, 256, 512, 0, 1),
}
VOCAB = 128


def tensors(name):
    """(GGUF's name, [outputs.., inputs]) of the model's matrices and vectors."""
    arch, layers, heads, kv, hidden, inter, experts, head = MODELS[name]
    dim = hidden // heads
    rows = [("token_embd.weight", [VOCAB, hidden]), ("output_norm.weight", [hidden])]
    rows += [("output.weight", [VOCAB, hidden])] if head else []
    for i in range(layers):
        block = [("attn_norm", [hidden])]
        if arch == "falcon":
            block += [("attn_qkv", [(heads + 2 * kv) * dim, hidden])]
        else:
            block += [("attn_q", [heads * dim, hidden]), ("attn_k", [kv * dim, hidden]), ("attn_v", [kv * dim, hidden])]
        block += [("attn_output", [hidden, heads * dim])]
        if arch != "falcon":
            block += [("ffn_norm", [hidden])]
        if arch == "gemma2":
            block += [("post_attention_norm", [hidden]), ("post_ffw_norm", [hidden])]
        if arch == "qwen3moe":
            block += [("attn_q_norm", [dim]), ("attn_k_norm", [dim])]
        if experts:
            block += [("ffn_gate_inp", [experts, hidden])]
            block += [("ffn_%s_exps" % s, [experts] + d) for s, d in
                      (("gate", [inter, hidden]), ("up", [inter, hidden]), ("down", [hidden, inter]))]
        else:
            block += [] if arch == "falcon" else [("ffn_gate", [inter, hidden])]
            block += [("ffn_up", [inter, hidden]), ("ffn_down", [hidden, inter])]
        rows += [("blk.%d.%s.weight" % (i, n), s) for n, s in block]
    return rows


def keys(name):
    arch, layers, heads, kv, hidden, inter, experts, head = MODELS[name]
    out = [("general.architecture", STRING, arch)]
    of = {"block_count": layers, "context_length": 128, "embedding_length": hidden, "feed_forward_length": inter,
          "attention.head_count": heads, "attention.head_count_kv": kv, "vocab_size": VOCAB,
          "attention.key_length": hidden // heads, "attention.value_length": hidden // heads,
          "rope.dimension_count": hidden // heads}
    if arch == "gemma2":
        of.update({"attention.sliding_window": 64})
    if experts:
        of.update({"expert_count": experts, "expert_used_count": 2, "expert_feed_forward_length": inter})
    out += [("%s.%s" % (arch, k), U32, v) for k, v in of.items()]
    eps = "attention.layer_norm_epsilon" if arch == "falcon" else "attention.layer_norm_rms_epsilon"
    return out + [("%s.%s" % (arch, eps), F32, 1e-5)]


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def write(name, path):
    rows, at, heads = tensors(name), 0, b""
    for n, shape in rows:
        kind, size = TYPES["f16" if len(shape) > 1 and "gate_inp" not in n else "f32"]
        heads += text(n) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", d) for d in reversed(shape))
        heads += struct.pack("<IQ", kind, at)
        count = size
        for d in shape:
            count *= d
        at += (count + 31) // 32 * 32
    out = b"GGUF" + struct.pack("<IQQ", 3, len(rows), len(keys(name)))
    for k, kind, v in keys(name):
        out += text(k) + struct.pack("<I", kind) + (text(v) if kind == STRING else struct.pack("<I" if kind == U32 else "<f", v))
    out += heads
    with open(path, "wb") as f:
        f.write(out)
        f.truncate((len(out) + 31) // 32 * 32 + at)


def importance(name, path):
    """A .dat as llama-imatrix wrote it before 2025-07: of every linear, and of no embedding and no router."""
    rows = [(n, s) for n, s in tensors(name) if len(s) > 1 and n != "token_embd.weight" and "gate_inp" not in n]
    with open(path, "wb") as f:
        f.write(struct.pack("<i", len(rows)))
        for n, s in rows:
            values = s[-1] * (s[0] if len(s) > 2 else 1)
            f.write(struct.pack("<i", len(n)) + n.encode() + struct.pack("<ii", 1, values) + struct.pack("<f", 1) * values)
        f.write(struct.pack("<i", 1) + struct.pack("<i", 1) + b"x")


def ranges(types):
    """[q6_K, q6_K, q4_K] as "q6_K:2,q4_K:1"."""
    out = []
    for t in types:
        if out and out[-1][0] == t:
            out[-1][1] += 1
        else:
            out.append([t, 1])
    return ",".join(t if len(out) == 1 else "%s:%d" % (t, n) for t, n in out)


def cells(types):
    """{tensor: type} as one cell a kind of tensor, layers in order; what no quantizer takes left out."""
    kinds = {}
    for n, t in types.items():
        part = n.split(".")
        if t != "-":
            kinds.setdefault(part[2] if part[0] == "blk" else part[0], []).append((int(part[1]) if part[0] == "blk" else 0, t))
    return ["%s=%s" % (k, ranges([t for _, t in sorted(v)])) for k, v in sorted(kinds.items())]
