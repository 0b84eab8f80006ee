"""What goes into each matrix of a transformers model: mean squares and second moments of inputs, by watching every product.

A product with a parameter, or with one expert's slice of a parameter, is seen by its storage, whatever module does it: nn.Linear, GPT-2's
Conv1D, experts in one tensor.
"""
import re

import torch
from torch.overrides import TorchFunctionMode

F = torch.nn.functional
COPIES = (torch.Tensor.type, torch.Tensor.to, torch.Tensor.float)


class Watch(TorchFunctionMode):
    """Sums of x'x for each (parameter, expert) that a product reads; expert is None for a parameter of two axes."""

    def __init__(self, model):
        super().__init__()
        self.names = {p.untyped_storage().data_ptr(): (n, p) for n, p in model.named_parameters() if p.ndim > 1}
        self.sums, self.count = {}, {}

    def key(self, w):
        if not isinstance(w, torch.Tensor) or w.ndim != 2:
            return None
        name, p = self.names.get(w.untyped_storage().data_ptr(), (None, None))
        if name is None or w.numel() * (p.shape[0] if p.ndim == 3 else 1) != p.numel():
            return None
        return name, (w.storage_offset() // p.stride(0) if p.ndim == 3 else None)

    def add(self, key, x):
        x = x.detach().reshape(-1, x.shape[-1]).double()
        self.sums[key] = self.sums.get(key, 0) + x.T @ x
        self.count[key] = self.count.get(key, 0) + len(x)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        x = w = None
        if func is F.linear or func in (torch.matmul, torch.mm, torch.Tensor.__matmul__, torch.Tensor.matmul):
            x, w = args[0], args[1]
        elif func is torch.addmm:
            x, w = args[1], args[2]
        key = self.key(w)
        if key:
            self.add(key, x)
        made = func(*args, **(kwargs or {}))
        if func in COPIES and self.key(args[0]) and made is not args[0]:  # DeepSeek's router is taken in float32
            self.names[made.untyped_storage().data_ptr()] = (self.names[args[0].untyped_storage().data_ptr()][0], made)
        return made


def watch(model, windows):
    """Run the windows, each by itself: {(parameter, expert): (gram [c, c], tokens)}, in double."""
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")
    seen = Watch(model)
    with torch.no_grad(), seen:
        for ids in windows:
            model(ids[None])
    return {k: (s / seen.count[k], seen.count[k]) for k, s in seen.sums.items()}


# role: the parameter that reads the same input, by the end of its name.
ROLES = [
    ("attn.(q|k|v|qkv)", r"(q_proj|k_proj|v_proj|qkv_proj|query_key_value|c_attn|self\.query|self\.key|self\.value)"),
    ("attn.qa", "q_a_proj"), ("attn.qb", "q_b_proj"), ("attn.(kva|kr)", "kv_a_proj_with_mqa"), ("attn.(kb|vb)", "kv_b_proj"),
    ("attn.o", r"(o_proj|out_proj|self_attn\.dense|attention\.dense|self_attention\.dense|attn\.c_proj|attention\.output\.dense)"),
    ("mlp.(gate|up)", r"((?<!experts\.)(gate_proj|up_proj|gate_up_proj)|dense_h_to_4h|fc1|c_fc|intermediate\.dense)"),
    ("mlp.down", r"((?<!experts\.)down_proj|dense_4h_to_h|fc2|mlp\.c_proj|(?<!attention\.)output\.dense)"),
    ("moe.router", r"(mlp\.gate|mlp\.router|block_sparse_moe\.gate)"),
    ("moe.(gate|up)", r"experts\.(gate_up_proj|gate_proj|up_proj|w1|w3)"), ("moe.down", r"experts\.(down_proj|w2)"),
    ("sh.(gate|up)", r"shared_experts?\.(gate_proj|up_proj)"), ("sh.down", r"shared_experts?\.down_proj"),
    ("head", "(lm_head|embed_out)"), (r"embed\.in", "project_in"), (r"embed\.out", "project_out"),
]


def layer_of(name):
    m = re.search(r"\b(?:layers|layer|h|blocks)\.(\d+)\.", name)
    return int(m[1]) if m else None


def of_role(grams, role, layer, expert):
    """The gram that a bundle of this role should carry, or None."""
    for roles, names in ROLES:
        if not re.fullmatch(roles, role or ""):
            continue
        for (name, e), (gram, tokens) in grams.items():
            if layer_of(name) == layer and (e == expert or e is None) and re.search(r"(^|\.)" + names + r"(\.weight)?$", name):
                return gram, tokens
    return None


def of_file(grams, name, params):
    """(parameter, [(expert, gram)]) for a tensor of the file: an expert that is a tensor of its own is a slice of the parameter."""
    for p in params:
        if name == p or p.endswith("." + name) or name.endswith("." + p):
            found = [(e, g) for (n, e), (g, _) in grams.items() if n == p]
            return (p, found) if found else None
    m = re.match(r"(.*)\.experts\.(\d+)\.(\w+)\.weight$", name)
    if m:
        kind = "down_proj" if m[3] in ("down_proj", "w2") else "gate_up_proj"
        for (n, e), (g, _) in grams.items():
            if n.endswith("experts." + kind) and layer_of(n) == layer_of(name) and e == int(m[2]):
                return n, [(None, g)]
    return None
