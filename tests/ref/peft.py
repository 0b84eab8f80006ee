#!/usr/bin/env python3
"""Fold a LoRA adapter of peft's back into its base, from peft's documented format alone, and compare: peft.py BASE ADAPTER WHOLE.

BASE and WHOLE are safetensors files, ADAPTER a folder. Prints the largest |base + fold - whole| and the number of adapters; exit 1 with one line
when a name, a shape or the configuration does not fit.
"""
import json
import os
import re
import struct
import sys

import safetensors

WIDTH = {"F32": 4, "F16": 2, "BF16": 2}


def values(t):
    raw, n = bytes(t["data"]), len(t["data"]) // WIDTH[t["dtype"]]
    if t["dtype"] == "BF16":
        return [struct.unpack("<f", b"\0\0" + raw[2 * i:2 * i + 2])[0] for i in range(n)]
    return list(struct.unpack("<%d%s" % (n, {"F32": "f", "F16": "e"}[t["dtype"]]), raw))


def pattern(patterns, module, otherwise):
    for key, v in patterns.items():
        if re.match(r"(.*\.)?(%s)$" % key, module):
            return v
    return otherwise


def is_target(config, module):
    return any(module == t or module.endswith("." + t) for t in config["target_modules"])


def main(base_path, folder, whole_path):
    config = json.load(open(os.path.join(folder, "adapter_config.json")))
    base, whole = safetensors.read(base_path)[1], safetensors.read(whole_path)[1]
    factors = safetensors.read(os.path.join(folder, "adapter_model.safetensors"))[1]
    assert config["peft_type"] == "LORA" and config["bias"] == "none" and set(base) == set(whole)
    worst, adapters = 0.0, 0
    for name in sorted(whole):
        if whole[name]["dtype"] not in WIDTH:  # a mask
            continue
        # transformers puts the prefix that a checkpoint may leave out
        module = re.sub(r"\.weight$", "", name if not name.startswith("h.") else "transformer." + name)
        w, want = values(base[name]), values(whole[name])
        a = factors.pop(f"base_model.model.{module}.lora_A.weight", None)
        assert (a is not None) == (is_target(config, module) and name.endswith(".weight")), name
        if a:
            b = factors.pop(f"base_model.model.{module}.lora_B.weight")
            rank = pattern(config["rank_pattern"], module, config["r"])
            scale = pattern(config["alpha_pattern"], module, config["lora_alpha"]) / rank
            outputs, inputs = b["shape"][0], a["shape"][1]
            assert a["shape"] == [rank, inputs] and b["shape"] == [outputs, rank], (name, a["shape"], b["shape"], rank)
            turned = config["fan_in_fan_out"]
            assert base[name]["shape"] == ([inputs, outputs] if turned else [outputs, inputs]), name
            va, vb = values(a), values(b)
            for o in range(outputs):
                for i in range(inputs):
                    w[i * outputs + o if turned else o * inputs + i] += scale * sum(
                        vb[o * rank + k] * va[k * inputs + i] for k in range(rank))
            adapters += 1
        worst = max([worst] + [abs(x - y) for x, y in zip(w, want)])
    assert not factors, sorted(factors)
    print("%.3g\t%d" % (worst, adapters))


try:
    main(*sys.argv[1:])
except AssertionError as e:
    sys.exit("peft.py: %s" % (e,))
