#!/usr/bin/env python3
"""Make merge_mergekit.tsv: small cases merged by mergekit itself (0.1.5, its own defaults), in f32. What it draws from torch.bernoulli is drawn
from weir's random numbers instead, so that both keep the same elements. Usage, in an environment with mergekit: gen_mergekit.py FILE."""
import sys

sys.path.append(sys.path.pop(0))  # a file here is called as a module that torch imports
import torch
from mergekit.merge_methods import registry
from mergekit.merge_methods.base import TensorGroup

from gen_merge import Case, unit
from gen_prune import Noise, f32

# weir's method and options, mergekit's method and parameters of each model, of all
CASES = [
    ("della", Case("mlp.up", 4, 8, 3, density=[0.5]), "della", {"density": 0.5}),
    ("della", Case("mlp.up", 6, 16, 2, density=[0.7], seed=5, epsilon=0.2), "della", {"density": 0.7, "epsilon": 0.2}),
    ("della", Case("mlp.up", 4, 8, 3, density=[0.5], rescale=False, normalize=False), "della", {"density": 0.5, "rescale": False, "normalize": False}),
    ("dare-linear", Case("attn.q", 4, 8, 3, density=[0.5], rescale="l1"), "dare_linear", {"density": 0.5}),
    ("dare-ties", Case("attn.q", 4, 8, 3, density=[0.4], rescale="l1"), "dare_ties", {"density": 0.4}),
    ("ties", Case("mlp.up", 4, 8, 3, density=[0.5]), "ties", {"density": 0.5}),
    ("task", Case("mlp.up", 4, 8, 3, weight=[0.5]), "task_arithmetic", {"weight": 0.5}),
    ("breadcrumbs", Case("mlp.up", 4, 8, 3, density=[0.5], gamma=0.1), "breadcrumbs", {"density": 0.5, "gamma": 0.1}),
]


def merged(case, method, given, base, models):
    drawn = iter(range(case.models))

    def bernoulli(p):
        key = "%s/%d" % (case.name, next(drawn))
        u = torch.tensor([unit(key, case.get("seed", 0), i) for i in range(p.numel())], dtype=torch.float64).reshape(p.shape)
        return (u < p).to(p.dtype)

    torch.bernoulli = bernoulli
    how, shape = registry.get(method), (case.rows, case.cols)
    tensors = [torch.tensor(x, dtype=torch.float32).reshape(shape) for x in [base] + models]
    group, values = TensorGroup.from_tensors(tensors, base_index=0), {}
    for p in how.spec.parameters:
        v = given.get(p.name, 1.0 if p.name == "weight" else p.default)
        values[p.name] = {e.id: v for e in group.non_base} if "NON_BASE" in str(p.scope) else v
    return how.merge_group(group, **values).flatten().tolist()


def text(v):
    return ",".join("%.9g" % x for x in v) if isinstance(v, list) else str(v).lower()


with open(sys.argv[1], "w") as f:
    for n, (ours, case, theirs, given) in enumerate(CASES):
        noise = Noise(n + 71)
        base = noise.weights(case.rows * case.cols)
        models = [[f32(b + f32(0.1 * x)) for b, x in zip(base, noise.weights(len(base)))] for _ in range(case.models)]
        f.write("case\t%s\t%s\t%d\t%d\t%d\t%s\n" % (ours, case.name, case.rows, case.cols, case.models,
                                                       ";".join("%s=%s" % (k, text(v)) for k, v in case.p.items())))
        for tag, x in [("base", base)] + [("model", m) for m in models] + [("out", merged(case, theirs, given, base, models))]:
            f.write("%s\t%s\n" % (tag, "\t".join("%.9g" % v for v in x)))
