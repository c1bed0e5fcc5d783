"""The same step in PyTorch: NCL on 3 x ResNet-32, batch 64, 100 classes. Variants: plain, channels_last, compile."""
import json
import os
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VARIANT = sys.argv[1]
CLASSES, BATCH, HARD, WEIGHT = 100, 64, 30, 0.6
torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
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


class ResNet32(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [(16, 16, 1), *[(16, 16, 1)] * 4, (16, 32, 2), *[(32, 32, 1)] * 4, (32, 64, 2), *[(64, 64, 1)] * 4]
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
    return WEIGHT * loss / (len(p) - 1)


def ncl(logits, labels, log_counts):
    with torch.no_grad():
        forced = logits[0].scatter(1, labels[:, None], 999999.0)
        mask = torch.zeros_like(forced).scatter_(1, forced.topk(HARD, 1).indices, 1.0)
    balanced = [z + log_counts for z in logits]
    partial = [z * mask for z in balanced]
    individual = sum(F.cross_entropy(z, labels) for z in balanced + partial)
    return individual + distillation(balanced) + distillation(partial)


experts = nn.ModuleList([ResNet32() for _ in range(3)]).train()
images = [torch.randn(BATCH, 3, 32, 32) for _ in range(8)]
labels = [torch.randint(0, CLASSES, (BATCH,)) for _ in range(8)]
log_counts = torch.tensor([float(int(500 * 0.01 ** (c / (CLASSES - 1)))) for c in range(CLASSES)]).log()
if VARIANT != "plain":
    experts = experts.to(memory_format=torch.channels_last)
    images = [x.to(memory_format=torch.channels_last) for x in images]
run = [torch.compile(expert) for expert in experts] if VARIANT == "compile" else list(experts)
optimizer = torch.optim.SGD(
    experts.parameters(), lr=0.005, momentum=0.9, nesterov=True, weight_decay=2e-4, foreach=VARIANT != "plain"
)

done = 0
for line in sys.stdin:
    cpu, started = time.process_time(), time.perf_counter()
    value = float("nan")
    for _ in range(int(line)):
        x, y = images[done % 8], labels[done % 8]
        done += 1
        optimizer.zero_grad(set_to_none=True)
        loss = ncl([expert(x) for expert in run], y, log_counts)
        loss.backward()
        optimizer.step()
        value = loss.item()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "peakMemory": peak, "check": value if value == value else None}), flush=True)
