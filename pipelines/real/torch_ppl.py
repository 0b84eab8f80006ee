"""torch_ppl.py FOLDER TEXT WINDOW THREADS: perplexity by llama-perplexity's protocol from transformers in float32; tokens; seconds of the forward passes alone."""
import math
import sys
import time

import torch
import transformers

folder, text, window, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
transformers.utils.logging.disable_progress_bar()
tok = transformers.AutoTokenizer.from_pretrained(folder)
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
ids = torch.tensor(tok(open(text).read().removesuffix("\n")).input_ids)
bos = ids[0].item() if len(tok("").input_ids) else None
nats, scored, spent, n = 0.0, 0, 0.0, len(ids) // window
for i in range(n):
    x = ids[i * window:(i + 1) * window].clone()
    y = x.clone()
    if bos is not None:
        x[0] = bos
    t = time.perf_counter()
    with torch.no_grad():
        p = torch.log_softmax(model(x[None]).logits[0], -1)
    spent += time.perf_counter() - t
    for at in range(window // 2, window - 1):
        nats, scored = nats - p[at, y[at + 1]].item(), scored + 1
print(f"{math.exp(nats / scored):.4f}\t{n * window}\t{spent:.3f}")
