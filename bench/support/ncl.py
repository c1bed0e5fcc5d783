"""NCL's networks for CIFAR and its loss, as its authors' code computes them, in plain PyTorch. Weights have the names that
longtail writes: backbone.K.… and classifier.K.… of expert K."""
import torch
from torch import nn
from torch.nn import functional as F

HARD, WEIGHT = 30, 0.6


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
    """[N, 3, S, S] → features [N, 64]."""

    def __init__(self, depth):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(Block(before, width, stride), *[Block(width, width, 1) for _ in range((depth - 2) // 6 - 1)])
            for before, width, stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
        )

    def forward(self, x):
        y = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return F.adaptive_avg_pool2d(y, 1).flatten(1)


class Experts(nn.Module):
    """[N, 3, S, S] → the logits of each expert, [N, C]."""

    def __init__(self, count, depth, classes):
        super().__init__()
        self.backbone = nn.ModuleList([ResNetCifar(depth) for _ in range(count)])
        self.classifier = nn.ModuleList([nn.Linear(64, classes) for _ in range(count)])
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        return [classifier(backbone(x)) for backbone, classifier in zip(self.backbone, self.classifier)]

    def each(self):
        """The experts, each a module of its own."""
        return [nn.Sequential(*parts) for parts in zip(self.backbone, self.classifier)]

    def load(self, path):
        self.load_state_dict(torch.load(path)["state_dict"])
        return self


def distillation(logits):
    """NBOD as the authors' code computes it: log(softmax + 1e-9) on the student's side, every ordered pair. A teacher's 0
    counts as 0 with gradient 0, as in PyTorch 1.7; later ones make it NaN."""
    p = [F.softmax(z, 1) for z in logits]
    targets = [teacher.clamp_min(torch.finfo(teacher.dtype).tiny) for teacher in p]
    loss = 0
    for i, student in enumerate(p):
        for j, teacher in enumerate(targets):
            if i != j:
                loss = loss + F.kl_div(torch.log(student + 1e-9), teacher, reduction="batchmean")
    return WEIGHT * loss / max(len(p) - 1, 1)


def ncl_loss(logits, labels, log_counts):
    """Individual learning and distillation of the balanced logits, over all classes and over each image's hard ones."""
    with torch.no_grad():
        forced = logits[0].scatter(1, labels[:, None], 999999.0)
        mask = torch.zeros_like(forced).scatter_(1, forced.topk(HARD, 1).indices, 1.0)
    balanced = [z + log_counts for z in logits]
    partial = [z * mask for z in balanced]
    individual = sum(F.cross_entropy(z, labels) for z in balanced + partial)
    return individual + distillation(balanced) + distillation(partial)
