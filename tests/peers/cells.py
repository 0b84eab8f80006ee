"""The table's columns: each a function of a case that returns what the cell says, or raises Refused or Wrong."""
import json
import os
import subprocess
import sys

import torch
import transformers
from safetensors.torch import load_file

import models
import taps
from tools import BIN, WINDOW, Refused, Wrong, bundles, fresh, nats, sh, tensors, tokenizer, transformers_loss

HERE = os.path.dirname(os.path.abspath(__file__))
STATES = os.path.join(os.path.dirname(BIN), "tests", "peers", "states")
NATS = 2e-5   # mppl and transformers: both sum in float32
LLAMA = 1e-3  # llama.cpp's perplexity of weights in F32, relative
LLAMA_Q8 = 1e-2  # ... of weights in q8_0, both with activations of 8 bits; llama.cpp's keys and values are F16 as well
MANY = 40         # windows of ids where two leave experts without a token


class Case:
    """One checkpoint: its folder (with a tokenizer), transformers' class, and what transformers computes from it."""

    def __init__(self, root, name):
        self.name, self.root = name, root
        self.src, self.out, self.gguf = f"{root}/{name}", f"{root}/tmp-{name}", f"{root}/{name}.gguf"
        self.base = models.VARIANTS[name][0] if name in models.VARIANTS else name.removesuffix("-mxfp4")
        self.cls = models.MODELS[self.base][0]
        self.named_only = name in models.NAMES_ONLY
        self.ids = models.windows(models.COMMON["vocab_size"])
        tokenizer(self.src, "wordpiece" if self.base == "bert" else "bpe")
        self._grams = None

    def config(self):
        return json.load(open(f"{self.src}/config.json"))

    def golden(self, key):
        return load_file(f"{self.src}/golden.safetensors")[key]

    def run(self, command):
        if self.named_only:
            raise Refused("a page of names: no forward pass")
        return sh(command, src=self.src, out=fresh(self.out), gguf=self.gguf, ids=f"{self.src}/ids", c=WINDOW)

    def mppl(self, filters="", how=""):
        return nats(self.run("tsplit {src} " + filters + "| mppl -q --ids {ids} -c {c} " + how))

    def loss(self, folder):
        return transformers_loss(folder, self.cls, self.ids, self.name != "falcon-rw")

    def grams(self, ids=None):
        """Of the two windows, or of `ids`."""
        if ids is not None or self._grams is None:
            model = models.load(self.src, self.name)
            found = taps.watch(model.double(), self.ids if ids is None else ids), list(dict(model.named_parameters()))
            if ids is not None:
                return found
            self._grams = found
        return self._grams


def same(what, ours, theirs, bound):
    if not abs(ours - theirs) <= bound:
        raise Wrong(f"{what}: ours {ours:.6f}, theirs {theirs:.6f}")
    return f"{abs(ours - theirs):.0e}"


def raw(t):
    return t.flatten().view(torch.uint8)


def trip(case):
    sh("tsplit {src} | tpack -o {out}/", src=case.src, out=fresh(case.out))
    a, b = tensors(case.src), tensors(case.out)
    if set(a) != set(b):
        raise Wrong(f"tensors that only one has: {sorted(set(a) ^ set(b))[:3]}")
    for name in a:
        if a[name].dtype != b[name].dtype or a[name].shape != b[name].shape or not torch.equal(raw(a[name]), raw(b[name])):
            raise Wrong(f"{name} came back with other bytes")
    transformers.AutoConfig.from_pretrained(case.out)
    return f"{len(a)}"


def ignored(name):
    """What a page says is no part of the model that it runs: BERT's pooler."""
    return name.startswith("pooler.")


def roles(case):
    lines = [line.split("\t") for line in sh("tsplit {src} | tshow", src=case.src).splitlines()[1:]]
    rows = [line for line in lines if line[0] != "total" and line[2] != "blob" and not ignored(line[0])]
    named = sum(row[4] != "-" for row in rows)
    if not named:
        raise Refused("no page: no tensor has a role")
    if named < len(rows):
        raise Wrong(f"{named}/{len(rows)}: {[row[0] for row in rows if row[4] == '-'][:2]} have no role")
    return f"{named}/{len(rows)}"


def loss(case):
    if case.base == "bert":
        return pooled(case)
    return same("nats", case.mppl(), case.golden("loss").item(), NATS)


def pooled(case):
    """An encoder's last states, their mean over the positions of each window."""
    said = case.run("tsplit {src} | " + STATES + " {ids} {c}")
    ours = torch.tensor([[float(x) for x in line.split()] for line in said.splitlines()])
    worst = (ours - case.golden("pooled")).abs().max().item()
    if worst > NATS:
        raise Wrong(f"pooled states differ by {worst:.1e}")
    return f"states {worst:.0e}"


def calib(case):
    found = bundles(case.run("tsplit {src} | mcalib --ids {ids} -c {c} --parts norm2,gram | tshow --data"))
    grams, _ = case.grams()
    worst, n = 0, 0
    for b in found:
        if "gram" not in b["parts"] and "norm2" not in b["parts"]:
            continue
        theirs = taps.of_role(grams, b["role"], b["layer"], b["expert"])
        if theirs is None:
            raise Wrong(f"{b['name']} ({b['role']}) has statistics, torch's model has no such product")
        theirs, n = theirs[0], n + 1
        for part, value in (("norm2", theirs.diagonal()), ("gram", theirs.flatten())):
            ours = torch.tensor(b["parts"][part], dtype=torch.float64)
            worst = max(worst, ((ours - value).abs().max() / value.abs().max()).item())
    if not n:
        raise Wrong("no bundle has statistics")
    if worst > 1e-5:
        raise Wrong(f"{worst:.1e} of the greatest")
    return f"{worst:.0e}/{n}"


def wanda_mask(w, norm2):
    """Half of each row [.., cols]: the least |w| sqrt(norm2), ties to the lower index."""
    order = (w.double().abs() * norm2.sqrt()).argsort(dim=-1, stable=True)
    mask = torch.zeros_like(w, dtype=torch.bool)
    return mask.scatter(-1, order[..., :w.shape[-1] // 2], True)


def wanda(case):
    many = models.windows(models.COMMON["vocab_size"], MANY) if case.base.startswith("deepseek_v3") else None
    if many is not None:
        open(f"{case.src}/many", "w").writelines(" ".join(map(str, w)) + "\n" for w in many.tolist())
    case.run("tsplit {src} | mcalib --ids " + ("{src}/many" if many is not None else "{ids}") + " -c {c} | wprune -q -m wanda -s 0.5 | tpack -o {out}/")
    before, after = tensors(case.src), tensors(case.out)
    grams, params = case.grams(many)
    pruned = wrong = 0
    for name, w in before.items():
        found = taps.of_file(grams, name, params) if w.ndim > 1 else None
        if not found or torch.equal(w, after[name]):
            continue
        for expert, gram in found[1]:
            a, b = (w, after[name]) if expert is None or w.ndim < 3 else (w[expert], after[name][expert])
            if case.base == "gpt2" or case.base == "gpt_oss" and expert is not None:
                a, b = a.T, b.T
            mask = wanda_mask(a.float(), gram.diagonal())
            wrong += int((b != torch.where(mask, 0, a)).sum())
            pruned += 1
    if not pruned:
        raise Wrong("nothing was pruned")
    if wrong:
        raise Wrong(f"{wrong} weights of {pruned} matrices differ")
    return f"{pruned} equal"


def llama(case, filters, pack, bound, how=""):
    """llama.cpp's loss of the GGUF that tpack makes of src, against mppl's of the same stream, run with the options `how`."""
    if os.path.exists(case.gguf):
        os.remove(case.gguf)
    case.run("tsplit {src} " + filters + "| tpack " + pack + " -o {gguf}")
    ours = case.mppl(filters, how)
    done = subprocess.run([sys.executable, f"{HERE}/llama_loss.py", case.gguf, f"{case.src}/ids"], capture_output=True, text=True)
    if done.returncode:
        again = subprocess.run([sys.executable, f"{HERE}/llama_loss.py", case.gguf, f"{case.src}/ids", "-v"], capture_output=True, text=True)
        said = [x for x in again.stderr.splitlines() if "error" in x.lower() or "ASSERT" in x]
        raise Wrong("llama.cpp: " + (said or ["status " + str(done.returncode)])[0][-160:])
    theirs = float(done.stdout)
    ratio = abs(torch.tensor(ours - theirs).exp().item() - 1)
    if ratio > bound:
        raise Wrong(f"llama.cpp's loss {theirs:.5f}, mppl's {ours:.5f}: perplexity {100 * ratio:.2f} % off")
    return f"{100 * ratio:.3f} %"


def same_values(case):
    """What gguf reads from the q8_0 file are the values that weir has, bit for bit."""
    import gguf as reader
    dense = case.gguf.removesuffix(".gguf") + "-f32.gguf"
    case.run("tsplit {src} | wquant -q -t q8_0 | tcat --dense=F32 | tpack -o " + dense)
    a, b = ({t.name: t for t in reader.GGUFReader(f).tensors} for f in (case.gguf, dense))
    wrong = [n for n in a if reader.dequantize(a[n].data, a[n].tensor_type).tobytes() != reader.dequantize(b[n].data, b[n].tensor_type).tobytes()]
    os.remove(dense)
    if wrong or set(a) != set(b):
        raise Wrong(f"{wrong[:2]}: other values")


def gguf(case):
    return llama(case, "| wquant -q -t f32 ", "", LLAMA)


def gguf_q8(case):
    said = llama(case, "| wquant -q -t q8_0 ", "", LLAMA_Q8, "--activations q8")
    same_values(case)
    return said


def back(case):
    """From a GGUF a folder again, whose configuration is made from the GGUF's keys: transformers loads it and has mppl's loss."""
    if os.path.exists(case.gguf):
        os.remove(case.gguf)
    case.run("tsplit {src} | wquant -q -t f32 | tpack -o {gguf} && tsplit {gguf} | tpack -o {out}/")
    got, info = case.loss(case.out)
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        wrong = sorted(k for k in map(str, info[key]) if not k.startswith("pooler."))  # which a GGUF of BERT leaves out
        if wrong:
            raise Wrong(f"transformers: {key} {wrong[:2]}")
    return "loads" if case.base == "bert" else same("nats", case.mppl(), got, NATS)


def shrink(what, method, share, parts):
    def cell(case):
        if what == "experts" and not case.named_only and not any("experts" in key for key in case.config()):
            raise Refused("a dense model has no experts")
        align = case.config().get("n_group") or 1 if what == "experts" else 1  # as many of each group
        filters = f"| mcalib --ids {{ids}} -c {{c}} --parts {parts} | wshrink -q -m {method} --what {what} -s {share} --align {align} "
        case.run("tsplit {src} " + filters + "| tpack -o {out}/")
        got, info = case.loss(case.out)
        for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            if info[key]:
                raise Wrong(f"transformers: {key} {sorted(map(str, info[key]))[:2]}")
        if case.base == "bert":
            return "loads"
        return same("nats", case.mppl(filters), got, NATS)
    return cell


def lowrank(case):
    filters = "| lrfactor -q -m svd --keep 0.7 "
    case.run("tsplit {src} " + filters + "| tpack --dense=f32 -o {out}/")
    before, after = tensors(case.src), tensors(case.out)
    if all(torch.equal(before[k].float(), after[k].float()) for k in before if k in after):
        raise Wrong("nothing was factored, and the status was 0")
    got, _ = case.loss(case.out)
    return "densified" if case.base == "bert" else same("nats", case.mppl(filters), got, NATS)


def retyped(case):
    """After a conversion transformers takes the type that the weights have now, and so the same numbers."""
    filters = "| wquant -q -t q8_0 "
    case.run("tsplit {src} " + filters + "| tpack --dense=f32 -o {out}/")
    model = getattr(transformers, case.cls).from_pretrained(case.out, dtype="auto")
    if model.dtype != torch.float32:
        raise Wrong(f"the weights are F32, transformers takes them for {model.dtype}")
    got, _ = case.loss(case.out)
    return "encoder" if case.base == "bert" else same("nats", case.mppl(filters), got, NATS)


COLUMNS = [
    ("round trip", trip), ("roles", roles), ("mppl", loss), ("mcalib", calib), ("wanda", wanda), ("GGUF f32", gguf), ("GGUF q8_0", gguf_q8),
    ("folder of GGUF", back),
    ("-layers", shrink("layers", "drop", 0.5, "bi")), ("-heads", shrink("heads", "minitron", 0.5, "norm2")),
    ("-channels", shrink("channels", "minitron", 0.25, "norm2,absmean")), ("-experts", shrink("experts", "reap", 0.34, "reap")), ("lrfactor", lowrank), ("dtype", retyped),
]
