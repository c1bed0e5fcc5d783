"""
The same in PyTorch: python pytorch.py SPEC VARIANT. A variant is plain, channels_last or compile, and for GPUs any of
bfloat16 (autocast), compile and graph (the whole step as a CUDA graph), joined by +. All but plain are channels_last.
"""
import itertools
import json
import sys

import torch
import torchvision.models
from ncl import Experts, ncl_loss
from serve import peak_memory, serve
from torch import nn

SPEC, VARIANT = json.loads(sys.argv[1]), sys.argv[2]
CLASSES, BATCH, SIZE = SPEC["classes"], SPEC["batch"], SPEC["size"]
DEVICE, PARTS = SPEC.get("device", "cpu"), VARIANT.split("+")
torch.set_num_threads(SPEC["threads"])
torch.manual_seed(0)


def networks():
    depth = int(SPEC["backbone"].removeprefix("resnet"))
    if depth % 6 == 2 and depth != 50:
        return Experts(SPEC["experts"], depth, CLASSES).each()
    one = getattr(torchvision.models, SPEC["backbone"])
    return [one(num_classes=CLASSES) for _ in range(SPEC["experts"])]


experts = nn.ModuleList(networks()).train(SPEC["work"] == "step").to(DEVICE)
images = [torch.randn(BATCH, 3, SIZE, SIZE).to(DEVICE) for _ in range(4)]
labels = [torch.randint(0, CLASSES, (BATCH,)).to(DEVICE) for _ in range(4)]
log_counts = torch.tensor([float(int(500 * 0.01 ** (c / (CLASSES - 1)))) for c in range(CLASSES)]).log().to(DEVICE)
if VARIANT != "plain":
    experts = experts.to(memory_format=torch.channels_last)
    images = [x.to(memory_format=torch.channels_last) for x in images]
run = [torch.compile(expert) for expert in experts] if "compile" in PARTS else list(experts)
optimizer = torch.optim.SGD(
    experts.parameters(), lr=0.005, momentum=0.9, nesterov=True, weight_decay=2e-4, foreach=VARIANT != "plain"
)


def compute(x, y):
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(DEVICE.split(":")[0], torch.bfloat16, enabled="bfloat16" in PARTS):
        logits = [expert(x) for expert in run]
    loss = ncl_loss([z.float() for z in logits], y, log_counts)
    loss.backward()
    optimizer.step()
    return loss


def recorded():
    """PyTorch's recipe for the whole step: warm up on a stream of its own, capture, copy in and replay."""
    x, y = images[0].clone(), labels[0].clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            compute(x, y)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        loss = compute(x, y)

    def replay(next_x, next_y):
        x.copy_(next_x)
        y.copy_(next_y)
        graph.replay()
        return loss

    return replay


launch = recorded() if "graph" in PARTS and DEVICE != "cpu" else compute


def step(x, y):
    return launch(x, y).item()


def inference(x, y):
    with torch.inference_mode():
        logits = sum(expert(x) for expert in run)
        return (logits.argmax(1) == y).sum().item()


work = {"step": step, "inference": inference}[SPEC["work"]]
batches = itertools.cycle(zip(images, labels))
peak = peak_memory if DEVICE == "cpu" else torch.cuda.max_memory_allocated
serve(lambda: work(*next(batches)), peak_memory=peak)
