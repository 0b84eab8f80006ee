"""REAP's saliency of each expert of a small Qwen3-MoE, by torch: reap.py DIR prints layer, expert, tokens, mean of weight x norm of output."""
import sys
import torch
import transformers

d = sys.argv[1]
m = transformers.AutoModelForCausalLM.from_pretrained(d, torch_dtype=torch.float32, attn_implementation="eager").eval()
windows = [[int(t) for t in line.split()] for line in open(f"{d}/ids") if line.strip()]
sums = {}
for l, layer in enumerate(m.model.layers):
    if not hasattr(layer.mlp, "experts"):
        continue

    def see(mod, args, out, l=l, mlp=layer.mlp):
        x = args[0].reshape(-1, args[0].shape[-1]).double()
        p = torch.softmax(x @ mlp.gate.weight.double().T, -1)
        w, ix = p.topk(m.config.num_experts_per_tok, -1)
        if m.config.norm_topk_prob:
            w = w / w.sum(-1, keepdim=True)
        for e in range(m.config.num_experts):
            t, k = torch.where(ix == e)
            gu = mlp.experts.gate_up_proj[e].double()
            g, u = (x[t] @ gu.T).chunk(2, -1)
            y = (torch.nn.functional.silu(g) * u) @ mlp.experts.down_proj[e].double().T
            n, s = sums.get((l, e), (0, 0.0))
            sums[l, e] = (n + len(t), s + float((w[t, k] * y.norm(dim=-1)).sum()))

    layer.mlp.register_forward_hook(see)
with torch.no_grad():
    for w in windows:
        m(torch.tensor([w]))
for (l, e), (n, s) in sorted(sums.items()):
    print(l, e, n, "%.6f" % (s / n if n else 0))
