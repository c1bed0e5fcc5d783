"""
The same in PyTorch: python pytorch.py SPEC VARIANT. A variant is plain, channels_last or compile, and for GPUs any of
bfloat16 (autocast), compile and graph (the whole step as a CUDA graph), joined by +. All but plain are channels_last.
"""
import json
import resource
import sys
import time

import torch
import torchvision.models
from torch import nn
from torch.nn import functional as F

SPEC, VARIANT = json.loads(sys.argv[1]), sys.argv[2]
CLASSES, BATCH, SIZE = SPEC["classes"], SPEC["batch"], SPEC["size"]
DEVICE, PARTS = SPEC.get("device", "cpu"), VARIANT.split("+")
HARD, WEIGHT = 30, 0.6
torch.set_num_threads(SPEC["threads"])
torch.manual_seed(0)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.padding = (outputs - inputs) // 2

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.padding:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(y + x)


class ResNetCifar(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        more = (depth - 2) // 6 - 1
        widths = [(16, 16, 1), *[(16, 16, 1)] * more, (16, 32, 2), *[(32, 32, 1)] * more, (32, 64, 2), *[(64, 64, 1)] * more]
        self.blocks = nn.Sequential(*[Block(*w) for w in widths])
        self.classifier = nn.Linear(64, CLASSES)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        y = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.classifier(F.adaptive_avg_pool2d(y, 1).flatten(1))


def distillation(logits):
    """NBOD as the reference computes it: log(softmax + 1e-9) on the student's side, every ordered pair."""
    p = [F.softmax(z, 1) for z in logits]
    loss = 0
    for i, student in enumerate(p):
        for j, teacher in enumerate(p):
            if i != j:
                loss = loss + F.kl_div(torch.log(student + 1e-9), teacher, reduction="batchmean")
    return WEIGHT * loss / max(len(p) - 1, 1)


def ncl(logits, labels, log_counts):
    with torch.no_grad():
        forced = logits[0].scatter(1, labels[:, None], 999999.0)
        mask = torch.zeros_like(forced).scatter_(1, forced.topk(HARD, 1).indices, 1.0)
    balanced = [z + log_counts for z in logits]
    partial = [z * mask for z in balanced]
    individual = sum(F.cross_entropy(z, labels) for z in balanced + partial)
    return individual + distillation(balanced) + distillation(partial)


def network():
    depth = int(SPEC["backbone"].removeprefix("resnet"))
    if depth % 6 == 2 and depth != 50:
        return ResNetCifar(depth)
    return getattr(torchvision.models, SPEC["backbone"])(num_classes=CLASSES)


experts = nn.ModuleList([network() for _ in range(SPEC["experts"])]).train(SPEC["work"] == "step").to(DEVICE)
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
    loss = ncl([z.float() for z in logits], y, log_counts)
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
done = 0
for line in sys.stdin:
    cpu, started = time.process_time(), time.perf_counter()
    value = float("nan")
    for _ in range(int(line)):
        value = work(images[done % 4], labels[done % 4])
        done += 1
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    on_device = DEVICE != "cpu"
    peak = torch.cuda.max_memory_allocated() if on_device else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer = {"seconds": seconds, "cpuSeconds": cpu_seconds, "peakMemory": peak, "check": value if value == value else None}
    print(json.dumps(answer), flush=True)
