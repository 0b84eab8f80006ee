#!/usr/bin/env python3
"""shrink.py DIR [NAME]...: what wshrink leaves of small checkpoints, architecture by architecture, against the same cut made in torch.

Each folder of DIR is split, gets made-up measurements (tests/ref/measured.py) and is shrunk by layers, heads, channels, hidden and experts. transformers must
load the folder without a missing or unexpected key; its loss, and mppl's of the stream, are compared with that of transformers' own model, cut there: a
layer is taken out of its list; else a model of the new configuration is filled with slices of the old one's parameters, by the shapes that transformers
gives it. A cell is the larger difference of losses (nats), or [n], a refusal that stands below the table; ! is a fault, and makes the status 1.
The losses go to the file GOLDEN, if that is set: tests/golden/shrink.tsv is made so.
"""
import json
import os
import re
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
HERE = os.path.dirname(os.path.abspath(__file__))

import torch  # noqa: E402
import transformers  # noqa: E402
import safetensors  # noqa: E402,F401

sys.path.append(os.path.join(HERE, "..", "ref"))
import measured  # noqa: E402

BIN = os.path.abspath(os.environ.get("BIN", "build/bin"))
WHAT = {"layers": ("drop", 0.5), "heads": ("minitron", 0.5), "channels": ("minitron", 0.25), "hidden": ("minitron", 0.25), "experts": ("reap", 0.4)}
BOUND = 2e-5  # all is in float32


def sh(command, **env):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=dict(os.environ, PATH=BIN + ":" + os.environ["PATH"], LC_ALL="C", **env),
                          capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"status {done.returncode}: {done.stderr.strip()[:200]}")
    said = [line for line in done.stderr.splitlines() if not re.search("upstream|input ends", line)]
    return done.returncode, re.sub(r"/\S*/", "", said[0]) if said else ""


def load(folder):
    config = json.load(open(f"{folder}/config.json"))
    cls = getattr(transformers, config["architectures"][0])
    alibi = config["model_type"] == "falcon" and config.get("alibi")
    model, info = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa" if alibi else "eager", output_loading_info=True)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[key]:
            raise RuntimeError(f"{key} {sorted(map(str, info[key]))[:2]}")
    return model.eval()


def score(model, ids):
    with torch.no_grad():
        out = model(ids, use_cache=False) if model.config.model_type != "bert" else model(ids)
    return out.logits if hasattr(out, "logits") else out.last_hidden_state


def loss(model, ids):
    """Nats a token, as mppl has them (a window's last token predicts the first of the next); of an encoder the mean of |state|."""
    y = score(model, ids)
    if model.config.model_type == "bert":
        return y.abs().mean().item()
    return torch.nn.functional.cross_entropy(y.reshape(-1, y.shape[-1])[:-1].double(), ids.flatten()[1:]).item()


def mppl(stream, ids):
    table = subprocess.run(f'"{BIN}/mppl" --ids "{ids}" -c 24 <"{stream}"', shell=True, capture_output=True, text=True, check=True).stdout
    head, row = [line.split("\t") for line in table.splitlines()[:2]]
    return float(row[head.index("nats_per_token")])


def layers_of(model):
    """The list of layers: its owner, its name."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.ModuleList) and name.rsplit(".", 1)[-1] in ("layers", "h", "layer"):
            owner = model.get_submodule(name.rsplit(".", 1)[0]) if "." in name else model
            return owner, name.rsplit(".", 1)[-1], module
    raise RuntimeError("no list of layers")


def least(scores, left):
    """The indices that stay: the least go, of equals the first."""
    gone = sorted(range(len(scores)), key=lambda i: (scores[i], i))[: len(scores) - left]
    return [i for i in range(len(scores)) if i not in gone]


class Keep:
    """What must stay, by the formulas of wshrink's methods."""

    def __init__(self, what, bundles, one_norm):
        self.what, self.bundles, self.one_norm = what, bundles, one_norm

    def closing(self, layer, expert, role):
        b = next(b for b in self.bundles if b["layer"] == layer and b["role"] == role and b["expert"] == expert)
        return b["role"], b["cols"]

    def units(self, layer, expert, role, units, left):
        role, cols = self.closing(layer, expert, role)
        width, part = cols // units, "absmean" if self.what == "channels" else "norm2"
        v = [measured.column(part, role, layer, expert, c) for c in range(cols)]
        return least([sum(v[u * width:(u + 1) * width]) for u in range(units)], left)

    def hidden(self, units, left):
        """The first linear of each value counts: by order of the stream, the roles that read a norm's output or the state itself."""
        sums, seen = [0.0] * units, set()
        for b in self.bundles:
            tap = TAPS.get(b["role"]) and ("n" if self.one_norm else TAPS[b["role"]])
            if b["layer"] is not None and tap and (b["layer"], tap) not in seen:
                seen.add((b["layer"], tap))
                for c in range(units):
                    sums[c] += measured.column("absmean", b["role"], b["layer"], b["expert"], c)
        return least(sums, left)


# Roles that read a value of the hidden size; those of one name read the same value.
TAPS = {"attn.q": "n", "attn.qa": "n", "attn.k": "n", "attn.v": "n", "attn.kva": "n", "attn.kr": "n", "mlp.gate": "m", "mlp.up": "m", "moe.router": "m",
        "sh.gate": "m", "sh.up": "m"}


def bundles_of(text):
    """tshow: the lines of tensors."""
    found = []
    for line in text.splitlines():
        f = line.split("\t")
        m = re.fullmatch(r"\[(\d+), (\d+)\]", f[1]) if len(f) > 5 else None
        if m:
            expert = re.search(r"@(\d+)$|experts\.(\d+)\.", f[0])
            found.append(dict(name=f[0], role=f[4], layer=int(f[5]) if f[5].isdigit() else None, rows=int(m[1]), cols=int(m[2]),
                              expert=int(expert[1] or expert[2]) if expert else None))
    return found


def pick(t, dim, index):
    return t.index_select(dim, torch.tensor(index))


def slices(old, shape, name, keep, halves):
    """old with its dims cut to shape. keep(units, left): the units that stay."""
    for dim, (was, now) in enumerate(zip(old.shape, shape)):
        if was == now:
            continue
        if halves and dim == halves(name):
            old = torch.cat([pick(h, dim, keep(was // 2, now // 2)) for h in old.chunk(2, dim)], dim)
        else:
            old = pick(old, dim, keep(was, now))
    return old


def expand(units_left):
    """Indices of an axis from those of units."""
    def by(units, keep, was):
        width = was // units
        return [u * width + i for u in keep for i in range(width)]
    return by(*units_left)


def cut_model(old, folder, what, keep):
    """A model of the folder's configuration with slices of the old one's parameters."""
    config = transformers.AutoConfig.from_pretrained(folder)
    new = type(old)._from_config(config, dtype=torch.float32, attn_implementation=old.config._attn_implementation).eval()
    theirs, was = new.state_dict(), old.config.get_text_config()
    for name, t in old.state_dict().items():
        layer = re.search(r"\.(?:layers|h|layer)\.(\d+)\.", "." + name)
        layer = int(layer[1]) if layer else None
        stacked = "gate_up_proj" in name and old.config.model_type != "gpt_oss"
        halves = (lambda n: 1 if t.dim() == 3 else 0) if stacked else None
        if t.shape != theirs[name].shape:
            if "qkv_proj" in name and what == "heads":  # q, k and v below one another, each cut by itself
                q, n, head_dim = t.shape[0], theirs[name].shape[0] / t.shape[0], new.config.head_dim
                kv = was.num_key_value_heads * head_dim
                t = torch.cat([slices(p, (round(len(p) * n), t.shape[1]), name, choice(keep, what, was, layer, None, name), None)
                               for p in t.split((q - 2 * kv, kv, kv))])
            elif what == "channels" and t.dim() == 3 or what == "channels" and "experts" in name and t.dim() == 2 and "shared" not in name:
                t = torch.stack([slices(e, theirs[name].shape[1:], name, choice(keep, what, was, layer, x, name), (lambda n: 0) if stacked else None)
                                 for x, e in enumerate(t)])
            else:
                t = slices(t, theirs[name].shape, name, choice(keep, what, was, layer, None, name), halves)
        theirs[name].copy_(t)
    scale = getattr(getattr(old, "model", None), "embed_tokens", None)
    if hasattr(scale, "embed_scale"):  # what the embedding is multiplied by goes by the hidden size; the cut must make up for that
        new.model.embed_tokens.embed_scale = scale.embed_scale
    return new


def choice(keep, what, was, layer, expert, name):
    """keep(units of an axis, left): the indices that stay."""
    def closing():
        if what == "heads":
            return "attn.o"
        return "sh.down" if "shared" in name else "moe.down" if expert is not None else "mlp.down"

    def stay(size, left):
        if what == "hidden":
            return keep.hidden(size, left)
        if what == "experts":
            scores = [measured.number("reap", layer, x) for x in range(size)]
            groups = getattr(was, "n_group", None) or 1
            n = size // groups
            return [g * n + u for g in range(groups) for u in least(scores[g * n:(g + 1) * n], left // groups)]
        heads = getattr(was, "num_key_value_heads", None) or was.num_attention_heads
        units = heads if what == "heads" else keep.closing(layer, expert, closing())[1]
        return expand((units, keep.units(layer, expert, closing(), units, round(units * left / size)), size))
    return stay


def cell(root, name, what, out):
    method, share = WHAT[what]
    src, ids = f"{root}/{name}", torch.tensor([list(map(int, open(f"{root}/{name}/ids").read().split()))]).reshape(2, -1)
    rc, said = sh('tsplit "$SRC" | tcat --dense=F32 | python3 "$MEASURED" >"$OUT.weir" && rm -rf "$OUT" && '
                  f'wshrink -q -m {method} --what {what} -s {share} --align "$ALIGN" <"$OUT.weir" >"$OUT.small" && tpack -o "$OUT/" <"$OUT.small"', SRC=src, OUT=out,
                  MEASURED=measured.__file__, ALIGN=str(json.load(open(f"{src}/config.json")).get("n_group") or 1) if what == "experts" else "1")
    if rc:
        return "", said
    bundles = bundles_of(subprocess.run([f"{BIN}/tshow", f"{out}.weir"], capture_output=True, text=True, check=True).stdout)
    old, small = load(src), load(out)
    if what == "layers":
        owner, attr, layers = layers_of(old)
        left = len(layers_of(small)[2])
        keep = least([measured.number("bi", i) for i in range(len(layers))], left)
        setattr(owner, attr, torch.nn.ModuleList([layers[i] for i in keep]))
        old.config.get_text_config().num_hidden_layers = left
        if getattr(old.config.get_text_config(), "layer_types", None):
            types = old.config.get_text_config().layer_types
            old.config.get_text_config().layer_types = [types[i] for i in keep]
        wanted = loss(old, ids)
    else:
        wanted = loss(cut_model(old, out, what, Keep(what, bundles, old.config.model_type == "cohere")), ids)
    got, plain = loss(small, ids), loss(load(src), ids)
    ours = mppl(f"{out}.small", f"{src}/ids") if old.config.model_type != "bert" else wanted
    if not max(abs(got - wanted), abs(ours - wanted)) <= BOUND:
        return "!", f"{name}: {what}: the folder has {got:.6f}, mppl {ours:.6f}, transformers' cut {wanted:.6f}, the whole {plain:.6f}"
    if got == plain:
        return "!", f"{name}: {what}: nothing changed"
    if os.environ.get("GOLDEN") and old.config.model_type != "bert":
        open(os.environ["GOLDEN"], "a").write(f"{name}\t{what}\t{method}\t{share}\t{wanted:.6f}\n")
    return f"{max(abs(got - wanted), abs(ours - wanted)):.0e}", ""


def main(root, names):
    transformers.utils.logging.disable_progress_bar()
    skip = ("qwen3_next", "mamba", "t5", "whisper", "vit", "clip", "gpt_oss-mxfp4")
    names = names or sorted(n for n in os.listdir(root) if os.path.isdir(f"{root}/{n}") and n not in skip)
    reasons, bad, out = {}, 0, os.path.abspath(os.environ.get("OUT", "build/peers-shrink"))
    os.makedirs(os.path.dirname(out), exist_ok=True)
    print("\t".join(["architecture", *WHAT]))
    for name in names:
        row = [name]
        for what in WHAT:
            try:
                text, why = cell(root, name, what, out)
            except Exception as e:  # transformers raises what it likes on a folder that it cannot read
                text, why = "!", f"{name}: {what}: {type(e).__name__}: {str(e).strip().splitlines()[0][:200]}"
            bad |= text == "!"
            row.append(f"{text}[{reasons.setdefault(why, len(reasons) + 1)}]" if why else text)
        print("\t".join(row), flush=True)
    for why, n in reasons.items():
        print(f"[{n}] {why}")
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
