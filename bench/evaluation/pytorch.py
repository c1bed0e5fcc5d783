"""An evaluation as NCL's authors' code has it: python pytorch.py FOLDER THREADS VARIANT. A variant is "loader" (PIL and
torchvision's transforms in two workers of a DataLoader) or "tensors" (normalized and channels_last beforehand)."""
import sys
from pathlib import Path

import torch
from cifar import MEAN, STD, Cifar100
from ncl import Experts
from serve import serve
from torch.utils.data import DataLoader
from torchvision import transforms as T

FOLDER, THREADS, VARIANT = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
EXPERTS, CLASSES, BATCH = 3, 100, 128
torch.set_num_threads(THREADS)
to_tensor = T.Compose([T.ToPILImage(), T.ToTensor(), T.Normalize(MEAN, STD)])
dataset = Cifar100(FOLDER / "test.bin", to_tensor)
experts = Experts(EXPERTS, 32, CLASSES).load(FOLDER / "weights.pth")


def tensors():
    images = torch.stack([image for image, _ in dataset]).to(memory_format=torch.channels_last)
    return list(zip(images.split(BATCH), torch.from_numpy(dataset.labels).split(BATCH)))


if VARIANT == "tensors":
    experts = experts.to(memory_format=torch.channels_last)
    loader = tensors()
else:
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=False, num_workers=2)


def evaluate():
    """Answers of the ensemble and of each expert that are right, class by class; those of the ensemble are told."""
    experts.eval()
    right, seen = torch.zeros(1 + EXPERTS, CLASSES, dtype=torch.int64), torch.zeros(CLASSES, dtype=torch.int64)
    with torch.no_grad():
        for images, labels in loader:
            logits = experts(images)
            for model, scores in enumerate([sum(logits) / EXPERTS, *logits]):
                right[model] += torch.bincount(labels[scores.argmax(1) == labels], minlength=CLASSES)
            seen += torch.bincount(labels, minlength=CLASSES)
    _accuracy = right.sum(1) / seen.sum(), right / seen
    return right[0].tolist()


serve(evaluate)
