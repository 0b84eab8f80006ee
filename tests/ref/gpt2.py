#!/usr/bin/env python3
"""GPT-2's forward pass as plain sums in double, from its paper and Hugging Face's tensor names; shares nothing with weir's C.

    gpt2.py FOLDER WINDOW ID...

Windows of WINDOW ids, every next id a target. Prints the mean negative log-likelihood, then for each linear layer the mean square of each
of its inputs: "name v v v ...".
"""
import json
import math
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors


def load(folder):
    config = json.load(open(folder + "/config.json"))
    _, tensors = safetensors.read(folder + "/model.safetensors")
    model = {}
    for name, t in tensors.items():
        if t["dtype"] == "F32":
            v = struct.unpack(f"<{len(t['data']) // 4}f", t["data"])
            width = t["shape"][-1] if t["shape"] else 1
            rows = [v[i:i + width] for i in range(0, len(v), width)]
            model[name.removeprefix("transformer.")] = rows if len(t["shape"]) > 1 else v
    return config, model


def layernorm(x, w, b, eps):
    mean = sum(x) / len(x)
    var = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / math.sqrt(var + eps) * g + o for v, g, o in zip(x, w, b)]


def gelu(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


class Model:
    def __init__(self, folder):
        self.config, self.w = load(folder)
        self.eps = self.config["layer_norm_epsilon"]
        self.squares, self.seen = {}, {}

    def conv1d(self, name, x):
        """x W + b: W has a row for each input."""
        sums = self.squares.setdefault(name, [0.0] * len(x))
        for i, v in enumerate(x):
            sums[i] += v * v
        self.seen[name] = self.seen.get(name, 0) + 1
        w, y = self.w[name + ".weight"], list(self.w[name + ".bias"])
        for v, row in zip(x, w):
            for o, c in enumerate(row):
                y[o] += v * c
        return y

    def norm(self, name, x):
        return layernorm(x, self.w[name + ".weight"], self.w[name + ".bias"], self.eps)

    def attention(self, p, xs):
        h, heads = len(xs[0]), self.config["n_head"]
        d = h // heads
        qkv = [self.conv1d(p + "attn.c_attn", self.norm(p + "ln_1", x)) for x in xs]
        for t in range(len(xs)):
            out = [0.0] * h
            for a in range(0, h, d):
                score = [sum(qkv[t][a + i] * qkv[s][h + a + i] for i in range(d)) / math.sqrt(d) for s in range(t + 1)]
                top = max(score)
                weight = [math.exp(s - top) for s in score]
                for s in range(t + 1):
                    for i in range(d):
                        out[a + i] += weight[s] / sum(weight) * qkv[s][2 * h + a + i]
            y = self.conv1d(p + "attn.c_proj", out)
            xs[t] = [u + v for u, v in zip(xs[t], y)]

    def mlp(self, p, x):
        y = self.conv1d(p + "mlp.c_proj", [gelu(v) for v in self.conv1d(p + "mlp.c_fc", self.norm(p + "ln_2", x))])
        return [u + v for u, v in zip(x, y)]

    def window(self, ids):
        """Logits after each id."""
        xs = [[u + v for u, v in zip(self.w["wte.weight"][i], self.w["wpe.weight"][t])] for t, i in enumerate(ids)]
        for layer in range(self.config["n_layer"]):
            p = f"h.{layer}."
            self.attention(p, xs)
            xs = [self.mlp(p, x) for x in xs]
        xs = [self.norm("ln_f", x) for x in xs]
        return [[sum(u * v for u, v in zip(x, row)) for row in self.w["wte.weight"]] for x in xs]


def main(folder, size, *ids):
    m, ids, size, total = Model(folder), [int(i) for i in ids], int(size), 0.0
    for at in range(0, len(ids) - 1, size):
        inputs = ids[at:min(at + size, len(ids) - 1)]
        for t, logits in enumerate(m.window(inputs)):
            top = max(logits)
            total += top + math.log(sum(math.exp(v - top) for v in logits)) - logits[ids[at + t + 1]]
    print("nats_per_token", f"{total / (len(ids) - 1):.9f}")
    for name, sums in m.squares.items():
        print(name, *[f"{v / m.seen[name]:.9g}" for v in sums])


main(*sys.argv[1:])
