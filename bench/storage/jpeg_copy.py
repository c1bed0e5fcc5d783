"""Copies CIFAR's binary files with every image compressed to JPEG and decoded again, as OpenCV's imwrite does by default:
quality 95, colors at half the resolution. NCL's reference stores CIFAR's images so, and trains and tests on them.

    python jpeg_copy.py cifar-100-binary cifar-100-jpeg

A record is its labels, then 3 x 32 x 32 bytes, red, green and blue (cifar100: two labels, cifar10: one). Needs opencv-python-headless and numpy.
"""

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np

PIXELS = 3 * 32 * 32


def compressed(image: np.ndarray) -> np.ndarray:
    """One image, 3 x 32 x 32 of red, green and blue, after compression."""
    blue_last = image.transpose(1, 2, 0)
    _, stored = cv2.imencode(".jpg", cv2.cvtColor(blue_last, cv2.COLOR_RGB2BGR))
    decoded = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).transpose(2, 0, 1)


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.suffix != ".bin":
            shutil.copy(file, target / file.name)
            continue
        data = np.fromfile(file, dtype=np.uint8)
        labels = next((n for n in (2, 1) if data.size % (n + PIXELS) == 0), None)
        if labels is None:
            sys.exit(f"{file}: expected records of 3,073 or 3,074 bytes, found {data.size} bytes; is this CIFAR's binary version?")
        records = data.reshape(-1, labels + PIXELS)
        copy = records.copy()
        for record in copy:
            record[labels:] = compressed(record[labels:].reshape(3, 32, 32)).reshape(-1)
        copy.tofile(target / file.name)
        apart = np.abs(copy[:, labels:].astype(int) - records[:, labels:]).mean()
        print(f"{file.name}: {len(records):,} images, {apart:.2f} of 255 apart on average")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
