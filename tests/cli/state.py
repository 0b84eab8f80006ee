#!/usr/bin/env python3
"""state.py SAFETENSORS OUT.bin | OUT1.bin OUT2.bin INDEX.json: a state dict as torch's zip, by Python's pickle, without torch."""
import collections
import io
import json
import os
import pickle
import sys
import types
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ref"))
import safetensors  # noqa: E402

torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
sys.modules.update({"torch": torch, "torch._utils": utils})


def named(module, name, thing):
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    setattr(sys.modules[module], name, thing)
    return thing


rebuild = named("torch._utils", "_rebuild_tensor_v2", lambda *a: None)
storages = {k: named("torch", v, type(v, (), {})) for k, v in {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage"}.items()}


class Storage:
    def __init__(self, kind, key, data, count):
        self.id, self.data = ("storage", storages[kind], key, "cpu", count), data


class Tensor:
    def __init__(self, storage, shape):
        self.args = storage, shape

    def __reduce__(self):
        storage, shape = self.args
        stride, step = [], 1
        for n in reversed(shape):
            stride.insert(0, step)
            step *= n
        return rebuild, (storage, 0, tuple(shape), tuple(stride), False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.id if isinstance(obj, Storage) else None


def save(path, tensors):
    d, files = collections.OrderedDict(), []
    for i, (name, t) in enumerate(tensors):
        count = 1
        for n in t["shape"]:
            count *= n
        s = Storage(t["dtype"], str(i), bytes(t["data"]), count)
        files.append(s.data)
        d[name] = Tensor(s, t["shape"])
    out = io.BytesIO()
    Pickler(out, protocol=2).dump(d)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("archive/data.pkl", out.getvalue())
        for i, data in enumerate(files):
            z.writestr(f"archive/data/{i}", data)
        z.writestr("archive/version", "3\n")


t = list(safetensors.read(sys.argv[1])[1].items())
if len(sys.argv) == 3:
    save(sys.argv[2], t)
else:
    half = len(t) // 2
    save(sys.argv[2], t[:half])
    save(sys.argv[3], t[half:])
    place = {n: os.path.basename(sys.argv[2 + (i >= half)]) for i, (n, _) in enumerate(t)}
    json.dump({"metadata": {"total_size": 1}, "weight_map": place}, open(sys.argv[4], "w"))
