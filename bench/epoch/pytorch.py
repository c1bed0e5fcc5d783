"""Epochs of NCL's recipe for CIFAR-100-LT as its authors' code trains them: python pytorch.py FOLDER THREADS VARIANT. A
variant is plain or channels_last. PIL, torchvision and a DataLoader with two workers make the images."""
import sys
from pathlib import Path

import torch
from cifar import MEAN, STD, Cifar100
from cutout import Cutout
from ncl import Experts, ncl_loss
from serve import serve
from torch.utils.data import DataLoader
from torchvision import transforms as T

FOLDER, THREADS, VARIANT = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
EXPERTS, CLASSES, BATCH, RATE, WARM_UP = 3, 100, 64, 0.1, 5
memory_format = torch.channels_last if VARIANT == "channels_last" else torch.contiguous_format
torch.set_num_threads(THREADS)
torch.manual_seed(0)

to_floats = [T.ToTensor(), T.Normalize(MEAN, STD)]
policy = T.AutoAugment(T.AutoAugmentPolicy.CIFAR10, fill=(128, 128, 128))
augment = [T.ToPILImage(), T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(), policy, *to_floats, Cutout(16)]
dataset = Cifar100(FOLDER / "train.bin", T.Compose(augment))
loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, drop_last=True, num_workers=2)
log_counts = torch.bincount(torch.from_numpy(dataset.labels), minlength=CLASSES).log()
experts = Experts(EXPERTS, 32, CLASSES).load(FOLDER / "weights.pth").to(memory_format=memory_format).train()
optimizer = torch.optim.SGD(experts.parameters(), lr=RATE, momentum=0.9, nesterov=True, weight_decay=2e-4)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1, 1 / 3 + 2 / 3 * (epoch + 1) / WARM_UP))


def first_loss():
    """Of the data's first images as they are, before any step."""
    plain = Cifar100(FOLDER / "train.bin", T.Compose([T.ToPILImage(), *to_floats]))
    images, labels = zip(*[plain[i] for i in range(BATCH)])
    with torch.no_grad():
        return ncl_loss(experts(torch.stack(images)), torch.tensor(labels), log_counts).item()


first = first_loss()


def epoch():
    total = right = 0
    for images, labels in loader:
        logits = experts(images.to(memory_format=memory_format))
        loss = ncl_loss(logits, labels, log_counts)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        right += (sum(logits).argmax(1) == labels).sum().item()
    schedule.step()
    return {"first": first, "loss": total / len(loader)}


serve(epoch)
