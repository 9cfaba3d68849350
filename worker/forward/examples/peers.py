"""Forward passes of superposed beside PyTorch and JAX on the same cores: `peers.py FORWARD_SPEED MODEL_DIRECTORY`.

Needs `pip install torch jax safetensors numpy`. FORWARD_SPEED is the built example of that name, MODEL_DIRECTORY a GPT-2 in
Hugging Face's layout. Mode i, batches of 256, two threads each, 7 interleaved pairs, medians.

- PyTorch does the identical arithmetic: only V and O of attention, one position.
- JAX does what the published code does: one block after the other, each compiled, all of Q, K and V.
- The peak is the best rate of any product of 2048 x 2048 matrices in this run, by either program.
"""

import os

THREADS = 2
os.environ.setdefault("XLA_FLAGS", f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}")
os.environ["RAYON_NUM_THREADS"] = str(THREADS)

import statistics
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import torch
from safetensors.torch import load_file

BATCH, LAYERS, PAIRS = 256, (0, 6, 11), 7
torch.set_num_threads(THREADS)
torch.set_grad_enabled(False)

program, directory = sys.argv[1:]
ours = subprocess.Popen([program, directory, str(BATCH), "ask"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(ours.stdout.readline().strip())


def ask(question):
    ours.stdin.write(question + "\n")
    ours.stdin.flush()
    seconds, multiplications = ours.stdout.readline().split()
    return float(seconds), int(multiplications)


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


weights = {name.removeprefix("transformer."): w for name, w in load_file(f"{directory}/model.safetensors").items()}
d = weights["wte.weight"].shape[1]
depth = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("h."))
head = weights["wte.weight"].T.contiguous()


def norm(x, name):
    return torch.nn.functional.layer_norm(x, (d,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-5)


def linear(x, name, columns=slice(None)):
    return torch.addmm(weights[f"{name}.bias"][columns], x, weights[f"{name}.weight"][:, columns])


values = slice(2 * d, 3 * d)
for layer in range(depth):
    name = f"h.{layer}.attn.c_attn"
    weights[f"{name}.v.weight"] = weights[f"{name}.weight"][:, values].contiguous()
    weights[f"{name}.v.bias"] = weights[f"{name}.bias"][values].contiguous()
ids = torch.arange(BATCH) % d


def by_torch(layer):
    x = weights[f"h.{layer}.mlp.c_proj.weight"][ids] + weights[f"h.{layer}.mlp.c_proj.bias"]
    for block in range(layer + 1, depth):
        h = f"h.{block}"
        x = x + linear(linear(norm(x, f"{h}.ln_1"), f"{h}.attn.c_attn.v"), f"{h}.attn.c_proj")
        hidden = torch.nn.functional.gelu(linear(norm(x, f"{h}.ln_2"), f"{h}.mlp.c_fc"), approximate="tanh")
        x = x + linear(hidden, f"{h}.mlp.c_proj")
    return norm(x, "ln_f") @ head


# Q and K of a random test model are NaN, as nothing may depend on them; the published code computes them all the same.
published = {
    name: jnp.asarray(torch.nan_to_num(w).numpy())
    for name, w in weights.items()
    if ".v." not in name
}
heads = 12 if d % 12 == 0 else 1


def jax_norm(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * scale + shift


@jax.jit
def jax_block(x, w):
    rows = x.shape[0]
    qkv = jax_norm(x, w["ln_1.weight"], w["ln_1.bias"]) @ w["attn.c_attn.weight"] + w["attn.c_attn.bias"]
    q, k, v = (part.reshape(rows, heads, 1, d // heads) for part in jnp.split(qkv, 3, axis=-1))
    attention = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / jnp.sqrt(d / heads), axis=-1) @ v
    x = x + attention.reshape(rows, d) @ w["attn.c_proj.weight"] + w["attn.c_proj.bias"]
    hidden = jax_norm(x, w["ln_2.weight"], w["ln_2.bias"]) @ w["mlp.c_fc.weight"] + w["mlp.c_fc.bias"]
    return x + jax.nn.gelu(hidden, approximate=True) @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]


@jax.jit
def jax_start(one_hots, w):
    return one_hots @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]


@jax.jit
def jax_end(x, scale, shift, embedding):
    return jax_norm(x, scale, shift) @ embedding.T


def block_weights(layer):
    prefix = f"h.{layer}."
    return {name.removeprefix(prefix): w for name, w in published.items() if name.startswith(prefix)}


blocks = [block_weights(layer) for layer in range(depth)]
one_hots = jax.nn.one_hot(jnp.arange(BATCH) % d, published["h.0.mlp.c_proj.weight"].shape[0])


def by_jax(layer):
    x = jax_start(one_hots, blocks[layer])
    for block in blocks[layer + 1 :]:
        x = jax_block(x, block)
    end = jax_end(x, published["ln_f.weight"], published["ln_f.bias"], published["wte.weight"])
    return end.block_until_ready()


a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
products = [ask("product 2048 2048 2048")[0] for _ in range(5)] + [timed(lambda: a @ b) for _ in range(5)]
peak = 2 * 2048**3 / min(products)
print(f"peak {peak / 1e9:.0f} GFLOP/s; torch {torch.__version__}, jax {jax.__version__}, {THREADS} threads each")
difference = abs(by_torch(0) - torch.from_numpy(__import__("numpy").asarray(by_jax(0)).copy())).max().item()
print(f"torch and jax differ by at most {difference:.1e}")
for layer in LAYERS:
    ask(f"pass i {layer}"), by_torch(layer), by_jax(layer)
    runs = [(*ask(f"pass i {layer}"), timed(lambda: by_torch(layer)), timed(lambda: by_jax(layer))) for _ in range(PAIRS)]
    own, products, torch_time, jax_time = (statistics.median(column) for column in zip(*runs))
    to_torch = statistics.median(run[2] / run[0] for run in runs)
    to_jax = statistics.median(run[3] / run[0] for run in runs)
    share = 2 * products / own / peak
    print(
        f"layer {layer:>2}: {own * 1e3:7.1f} ms, torch {torch_time * 1e3:7.1f} ms ({to_torch:.2f} x), "
        f"jax {jax_time * 1e3:7.1f} ms ({to_jax:.2f} x), {100 * share:.0f} % of the peak"
    )
