"""Reads what `longtail export` wrote with PyTorch alone, and computes the logits of the network's experts from it.

python read_exports.py INPUTS.safetensors FILE...  →  a line of JSON for each FILE: its names and, by expert, the logits.
The network is an ensemble of CIFAR ResNets, written here with torch.nn.functional, independently of src/models."""
import json
import re
import struct
import sys

import torch
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "I64": torch.int64}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    return {
        name: torch.frombuffer(data[slice(*entry["data_offsets"])], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def read(path):
    if path.endswith(".safetensors"):
        return read_safetensors(path)
    return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]


def norm(x, state, name):
    part = lambda key: state[f"{name}.{key}"]
    return F.batch_norm(x, part("running_mean"), part("running_var"), part("weight"), part("bias"))


def block(x, state, name):
    weight = state[f"{name}.conv1.weight"]
    stride = 1 if weight.shape[0] == weight.shape[1] else 2
    y = F.relu(norm(F.conv2d(x, weight, stride=stride, padding=1), state, f"{name}.bn1"))
    y = norm(F.conv2d(y, state[f"{name}.conv2.weight"], padding=1), state, f"{name}.bn2")
    added = (y.shape[1] - x.shape[1]) // 2
    return F.relu(y + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, added, added)))


def logits(x, state, expert):
    backbone = f"backbone.{expert}"
    x = F.relu(norm(F.conv2d(x, state[f"{backbone}.conv1.weight"], padding=1), state, f"{backbone}.bn1"))
    for stage in (1, 2, 3):
        pattern = re.compile(rf"{re.escape(backbone)}\.layer{stage}\.(\d+)\.conv1\.weight")
        for name in sorted((found.group(1) for found in map(pattern.fullmatch, state) if found), key=int):
            x = block(x, state, f"{backbone}.layer{stage}.{name}")
    classifier = f"classifier.{expert}"
    return F.linear(x.mean((2, 3)), state[f"{classifier}.weight"], state[f"{classifier}.bias"])


images = read_safetensors(sys.argv[1])["images"]
for path in sys.argv[2:]:
    state = read(path)
    experts = sum(re.fullmatch(r"classifier\.\d+\.weight", name) is not None for name in state)
    print(json.dumps({"names": list(state), "logits": [logits(images, state, k).tolist() for k in range(experts)]}))
