"""The pipelines of pipeline.mjs by DataLoader, torchvision and Pillow: python pytorch.py PIPELINE FOLDER."""
import os
import pathlib
import sys
import time

import numpy as np
import torch
from cutout import Cutout
from PIL import Image
from serve import serve
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

PIPELINE, FOLDER, WORKERS = sys.argv[1], pathlib.Path(sys.argv[2]), int(os.environ["BENCH_THREADS"])
torch.set_num_threads(WORKERS)
torch.manual_seed(0)


class InMemory(Dataset):
    """Pixels in memory, as torchvision's CIFAR10 has them."""

    def __init__(self, pixels, transform):
        self.pixels, self.transform = pixels, transform

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.pixels[index])), index % 10


to_floats = [T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]


def cifar():
    pixels = np.fromfile(FOLDER / "small.bin", np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    policy = T.AutoAugment(T.AutoAugmentPolicy.CIFAR10)
    steps = [T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), policy, *to_floats, Cutout(16)]
    return InMemory(np.ascontiguousarray(pixels), T.Compose(steps)), True


def imagenet():
    steps = [T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4), T.RandAugment(2, 9)]
    return ImageFolder(FOLDER / "train", T.Compose([*steps, *to_floats])), True


def evaluation():
    return ImageFolder(FOLDER / "train", T.Compose([T.Resize(256), T.CenterCrop(224), *to_floats])), False


dataset, shuffle = {"cifar": cifar, "imagenet": imagenet, "evaluation": evaluation}[PIPELINE]()
loader = DataLoader(
    dataset, batch_size=64, shuffle=shuffle, num_workers=WORKERS, persistent_workers=True, prefetch_factor=4
)
ticks = os.sysconf("SC_CLK_TCK")


def cpu_seconds():
    """Of this process and its workers, which live from epoch to epoch."""
    total = time.process_time()
    for task in pathlib.Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = pathlib.Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def epoch():
    return sum(len(batch) for batch, _labels in loader)


serve(epoch, cpu_seconds=cpu_seconds)
