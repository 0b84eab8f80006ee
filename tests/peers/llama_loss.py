"""llama_loss.py FILE.gguf IDS: the loss that llama.cpp computes, in windows as mppl has them. A process of its own: ggml aborts on what it dislikes."""
import sys

import llama_cpp
import numpy

path, ids_file = sys.argv[1:3]
windows = [[int(x) for x in line.split()] for line in open(ids_file)]
ids = sum(windows, [])
# The cache in F32 and no flash attention: else llama.cpp rounds keys and values to F16.
model = llama_cpp.Llama(path, n_ctx=64, n_batch=64, n_threads=1, logits_all=True, type_k=0, type_v=0, flash_attn=False, verbose="-v" in sys.argv)
found = []
for w in windows:
    model.reset()
    model.eval(w)
    x = numpy.array(model.scores[:len(w)], dtype=numpy.float64)
    found.append(x - numpy.logaddexp.reduce(x, axis=1, keepdims=True))
p = numpy.concatenate(found)[:-1]
print(f"{-p[numpy.arange(len(p)), ids[1:]].mean():.9f}")
