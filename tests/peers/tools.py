"""Running weir's programs, reading what they say, and the small tokenizer that a GGUF needs."""
import json
import os
import re
import shutil
import subprocess

import torch
import transformers
from safetensors.torch import load_file

BIN = os.path.abspath(os.environ.get("BIN", "build/bin"))
WINDOW = 24


class Refused(Exception):
    """A program said in one line why not: the cell's reason."""


class Wrong(Exception):
    """A number that should be equal is not, or a program failed otherwise."""


def sh(command, **paths):
    """A pipeline of weir's programs; {name} in it is a path. What it printed."""
    env = dict(os.environ, PATH=BIN + ":" + os.environ["PATH"], LC_ALL="C")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command.format(**paths)], env=env, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        own = [line for line in said if not re.search("upstream|input ends|took a fallback|saw no token", line)] or said or [f"status {done.returncode}"]
        if done.returncode not in (1, 2):
            raise Wrong(f"status {done.returncode}: {own[0]}")
        raise Refused(re.sub(r"architecture '\w+'", "this architecture", re.sub(r"/\S*/", "", own[0])))
    return done.stdout


def nats(table):
    """mppl's nats_per_token."""
    head, row = [line.split("\t") for line in table.splitlines()[:2]]
    return float(row[head.index("nats_per_token")])


def bundles(text):
    """tshow --data: [{name, shape, role, layer, expert, parts: {name: tensor}}]."""
    found, part, left = [], None, 0
    for line in text.splitlines():
        if left > 0 and part is not None:
            numbers = [float(x) for x in line.split()]
            part.extend(numbers)
            left -= len(numbers)
            continue
        m = re.match(r"tensor (\S+) \[([^]]*)\](.*)", line)
        if m:
            keys = dict(re.findall(r"(\w+)=(\S+)", m[3]))
            found.append(dict(name=m[1], shape=[int(x) for x in m[2].split(",")], role=keys.get("role"), parts={},
                              layer=int(keys["layer"]) if "layer" in keys else None,
                              expert=int(keys["expert"]) if "expert" in keys else None))
        m = re.match(r"part (norm2|gram) F32 \[([^]]*)\]", line)
        if m:
            left = 1
            for d in m[2].split(","):
                left *= int(d)
            part = found[-1]["parts"].setdefault(m[1], [])
    return found


def tensors(folder):
    """Every tensor of a folder's safetensors files."""
    found = {}
    for f in sorted(os.listdir(folder)):
        if f.endswith(".safetensors") and f != "golden.safetensors":
            found.update(load_file(f"{folder}/{f}"))
    return found


def tokenizer(folder, kind):
    """A tokenizer of 64 pieces into a folder: byte-level BPE, or WordPiece for BERT."""
    letters = "abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if kind == "wordpiece":
        pieces = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", *letters[:26], *["##" + c for c in letters[:26]]]
        pieces += [str(i) for i in range(64 - len(pieces))]
        t = dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100,
                 vocab={p: i for i, p in enumerate(pieces)})
        rest = dict(normalizer=dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
                    pre_tokenizer=dict(type="BertPreTokenizer"), decoder=dict(type="WordPiece", prefix="##", cleanup=True))
        special, cls = pieces[:5], dict(tokenizer_class="BertTokenizer", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]")
        open(f"{folder}/vocab.txt", "w").write("\n".join(pieces) + "\n")
    else:
        pieces = ["<pad>", "<s>", "</s>", "\u010a", "\u0120", *letters, "<unk>", "<|endoftext|>", "0", "1", "th", "he", "in"]
        t = dict(type="BPE", unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False,
                 ignore_merges=False, vocab={p: i for i, p in enumerate(pieces)}, merges=[["t", "h"], ["h", "e"], ["i", "n"]])
        level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
        rest = dict(normalizer=None, pre_tokenizer=level, decoder=level)
        special = [*pieces[:3], "<unk>", "<|endoftext|>"]  # the last two are looked up by llama.cpp in a model called phi3
        cls = dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<s>", eos_token="</s>", pad_token="<pad>", add_bos_token=False)
    added = [dict(id=pieces.index(s), content=s, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for s in special]
    json.dump(dict(version="1.0", truncation=None, padding=None, added_tokens=added, post_processor=None, model=t, **rest),
              open(f"{folder}/tokenizer.json", "w"))
    json.dump(cls, open(f"{folder}/tokenizer_config.json", "w"))


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    return path


def transformers_loss(folder, cls, ids, eager=True):
    """(loss as mppl takes it, loading report) of a folder in float32."""
    kw = dict(dtype=torch.float32, attn_implementation="eager" if eager else "sdpa", output_loading_info=True)
    if json.load(open(f"{folder}/config.json")).get("quantization_config"):
        kw["quantization_config"] = transformers.Mxfp4Config(dequantize=True)
    total, info = [], None
    for window in ids:
        model, info = getattr(transformers, cls).from_pretrained(folder, **kw)
        with torch.no_grad():
            out = model.eval()(window[None])
        if not hasattr(out, "logits"):
            return out.last_hidden_state[0].mean(0), info
        total.append(torch.log_softmax(out.logits[0].double(), -1))
    p, after = torch.cat(total)[:-1], ids.flatten()[1:]
    return -p[torch.arange(len(p)), after].mean().item(), info
