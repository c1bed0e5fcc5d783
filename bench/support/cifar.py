"""Reads what cifar.mjs writes."""
import numpy as np
from torch.utils.data import Dataset

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.201)


class Cifar100(Dataset):
    """Images in memory, uint8 [32, 32, 3] each, given to `transform`, and their labels."""

    def __init__(self, path, transform):
        records = np.fromfile(path, np.uint8).reshape(-1, 2 + 3 * 32 * 32)
        self.labels = records[:, 1].astype(np.int64)
        self.pixels = np.ascontiguousarray(records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.pixels[index]), self.labels[index]
