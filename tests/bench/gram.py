"""GPTQ, SparseGPT and whitened SVD of a layer in plain torch, from the papers' algorithms: gram.py LAYER N THREADS. LAYER: N x N weights, then the gram, F32."""
import sys
import time

import torch


def factor(gram):
    """The upper Cholesky factor of the damped inverse."""
    h = gram + 0.01 * gram.diag().mean() * torch.eye(len(gram))
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)


def sweep(w, gram, decide, start):
    u, block, losses = factor(gram), 128, 0.0
    for i in range(0, w.shape[1], block):
        here, width = w[:, i:i + block].clone(), min(block, w.shape[1] - i)
        err, state = torch.zeros(len(w), width), start(here, u[i:i + block, i:i + block].diag())
        for k in range(width):
            q = decide(here, k, u[i + k, i + k], state)
            e = (here[:, k] - q) / u[i + k, i + k]
            here[:, k:] -= e.unsqueeze(1) @ u[i + k, i + k:i + block].unsqueeze(0)
            here[:, k] = q
            err[:, k] = e
        w[:, i:i + block] = here
        w[:, i + block:] -= err @ u[i:i + block, i + block:]
    return w


def gptq(w, gram, bits=4):
    top = 2 ** bits - 1

    def start(here, diag):  # the group is the block
        low, high = here.min(1).values.clamp(max=0), here.max(1).values.clamp(min=0)
        scale = (high - low) / top
        return scale, (-low / scale).round()

    def decide(here, k, d, state):
        scale, zero = state
        return ((here[:, k] / scale).round() + zero).clamp(0, top).sub(zero).mul(scale)

    return sweep(w, gram, decide, start)


def sparsegpt(w, gram, half):
    def start(here, diag):
        score = here ** 2 / diag ** 2
        if half:
            return score <= score.flatten().sort().values[score.numel() // 2]
        return torch.zeros_like(here, dtype=torch.bool), diag

    def decide(here, k, d, state):
        if half:
            return torch.where(state[:, k], torch.zeros(()), here[:, k])
        mask, diag = state
        if k % 4 == 0:
            score = here[:, k:k + 4] ** 2 / diag[k:k + 4] ** 2
            mask.scatter_(1, k + score.topk(2, 1, largest=False).indices, True)
        return torch.where(mask[:, k], torch.zeros(()), here[:, k])

    return sweep(w, gram, decide, start)


def whiten(w, gram, rank):
    """SVD-LLM: the triples of W S, S S' = gram, and S taken back."""
    s = torch.linalg.cholesky(gram + 1e-6 * gram.diag().mean() * torch.eye(len(gram)))
    u, sigma, vt = torch.linalg.svd(w @ s, full_matrices=False)
    root = sigma[:rank].sqrt()
    a = torch.linalg.solve_triangular(s, root[:, None] * vt[:rank], upper=False, left=False)
    return u[:, :rank] * root, a


def main():
    n, threads = int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    with open(sys.argv[1], "rb") as f:
        data = bytearray(f.read())
    all_ = torch.frombuffer(data, dtype=torch.float32)
    w, gram = all_[:n * n].view(n, n), all_[n * n:].view(n, n)
    for name, run in (("gptq 4 bits g128", lambda v: gptq(v, gram)), ("sparsegpt 0.5", lambda v: sparsegpt(v, gram, True)),
                      ("sparsegpt 2:4", lambda v: sparsegpt(v, gram, False))):
        v, begin = w.clone(), time.monotonic()
        v = run(v)
        took = time.monotonic() - begin
        e = w - v
        print("torch\t%s\t%.2f\t%.6f" % (name, took, ((e @ gram) * e).sum() / ((w @ gram) * w).sum()), flush=True)
    begin = time.monotonic()
    b, a = whiten(w, gram, n // 32)
    took = time.monotonic() - begin
    e = w - b @ a
    print("torch\twhiten rank %d\t%.2f\t%.6f" % (n // 32, took, ((e @ gram) * e).sum() / ((w @ gram) * w).sum()), flush=True)


main()
