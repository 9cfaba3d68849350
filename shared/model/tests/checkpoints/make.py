"""Makes the checkpoints beside this file, as Meta's code would save them; needs PyTorch and nothing else.

    python3 make.py

A LLaMA of one block, with numbers that follow from where they stand (checkpoints.rs computes them again), saved over
one, two and three model-parallel shards, and some files that must be refused.
"""

import json
import shutil
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent
DIM, HIDDEN, HEADS, VOCABULARY = 12, 36, 6, 36
# Shape, and the dimension along which Meta's code splits it (None: every shard has all).
TENSORS = {
    "tok_embeddings.weight": ((VOCABULARY, DIM), 1),
    "norm.weight": ((DIM,), None),
    "output.weight": ((VOCABULARY, DIM), 0),
    "layers.0.attention.wq.weight": ((DIM, DIM), 0),
    "layers.0.attention.wk.weight": ((DIM, DIM), 0),
    "layers.0.attention.wv.weight": ((DIM, DIM), 0),
    "layers.0.attention.wo.weight": ((DIM, DIM), 1),
    "layers.0.feed_forward.w1.weight": ((HIDDEN, DIM), 0),
    "layers.0.feed_forward.w2.weight": ((DIM, HIDDEN), 1),
    "layers.0.feed_forward.w3.weight": ((HIDDEN, DIM), 0),
    "layers.0.attention_norm.weight": ((DIM,), None),
    "layers.0.ffn_norm.weight": ((DIM,), None),
}


def full(place, shape):
    n = 1
    for size in shape:
        n *= size
    return (((torch.arange(n) * 7 + place * 13) % 61 - 30).float() / 8).reshape(shape)


def checkpoint(shards, shard, dtype, embedding=1):
    tensors = OrderedDict()
    for place, (name, (shape, dimension)) in enumerate(TENSORS.items()):
        tensor = full(place, shape)
        if ".wq." in name or ".wk." in name:
            tensor = torch.full(shape, float("nan"))
        if name.startswith("tok"):
            dimension = embedding
        if dimension is not None:
            tensor = tensor.chunk(shards, dimension)[shard]
        tensors[name] = tensor.contiguous().to(dtype)
    tensors["rope.freqs"] = torch.ones(1)
    return tensors


def write(directory, shards, dtype, change=lambda tensors: tensors, embedding=1, **params):
    directory = HERE / directory
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    sizes = {"dim": DIM, "multiple_of": 12, "n_heads": HEADS, "n_layers": 1, "norm_eps": 1e-06, "vocab_size": -1}
    (directory / "params.json").write_text(json.dumps(sizes | params))
    for shard in range(shards):
        torch.save(change(checkpoint(shards, shard, dtype, embedding)), directory / f"consolidated.{shard:02}.pth")


def without_head(tensors):
    del tensors["output.weight"]
    return tensors


class Module(torch.nn.Module):
    """Its state_dict has versions beside the tensors."""

    def __init__(self, tensors):
        super().__init__()
        self.names = list(tensors)
        for number, tensor in enumerate(tensors.values()):
            self.register_parameter(f"p{number}", torch.nn.Parameter(tensor, requires_grad=False))

    def renamed(self):
        state = self.state_dict()
        for number, name in enumerate(self.names):
            state[name] = state.pop(f"p{number}")
        return state


class Runs:
    def __reduce__(self):
        return (print, ("a checkpoint ran code",))


write("shards-1", 1, torch.float16)
write("shards-2", 2, torch.bfloat16)
write("shards-3", 3, torch.float32)
write("tied", 2, torch.bfloat16, without_head)
write("tied-rows", 2, torch.bfloat16, without_head, embedding=0, vocab_size=VOCABULARY)
write("state-dict", 1, torch.float16, lambda tensors: Module(tensors).renamed())

refused = HERE / "refused"
shutil.rmtree(refused, ignore_errors=True)
refused.mkdir()
ones = {"norm.weight": torch.ones(2)}
torch.save(ones, refused / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(ones | {"other": Runs()}, refused / "code.pth")
torch.save([torch.ones(2)], refused / "list.pth")
whole = checkpoint(1, 0, torch.float16)
torch.save(whole | {"norm.weight": torch.ones(DIM, dtype=torch.float64)}, refused / "double.pth")
torch.save(whole | {"output.weight": torch.ones(DIM, VOCABULARY).half().t()}, refused / "transposed.pth")
torch.save(ones, refused / "plain.pth")
with zipfile.ZipFile(refused / "plain.pth") as plain, zipfile.ZipFile(refused / "compressed.pth", "w") as compressed:
    for entry in plain.infolist():
        compressed.writestr(entry.filename, plain.read(entry), zipfile.ZIP_DEFLATED)
(refused / "plain.pth").unlink()
