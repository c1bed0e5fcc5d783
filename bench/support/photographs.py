"""Makes the images of the comparison: python photographs.py PHOTOGRAPHS OUT WIDTH. Photographs are enlarged and get grain, so that
a file has about as many bytes as one of ImageNet's of that size (100 KB)."""
import pathlib
import sys

import numpy as np
from PIL import Image

LARGE, SMALL = 512, 10_000
photographs, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
width = int(sys.argv[3])
height = width * 4 // 5
paths = sorted(photographs.glob("*/*.jpg"))
random = np.random.default_rng(0)

for i in range(LARGE):
    path = paths[i * len(paths) // LARGE]
    pixels = np.asarray(Image.open(path).convert("RGB").resize((width, height), Image.BICUBIC), np.float32)
    grain = random.normal(0, 14, pixels.shape[:2] + (1,)) + random.normal(0, 4, pixels.shape)
    folder = out / "train" / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(folder / f"{i:04}.jpg", quality=92)

small = [np.asarray(Image.open(path).convert("RGB").resize((32, 32), Image.BILINEAR)) for path in paths]
planes = np.stack([small[i % len(small)].transpose(2, 0, 1) for i in range(SMALL)])
(out / "small.bin").write_bytes(planes.tobytes())  # [N, 3, 32, 32]

mean = sum(path.stat().st_size for path in (out / "train").glob("*/*.jpg")) / LARGE
(out / "about.txt").write_text(f"{LARGE} JPEG files of {width} x {height} pixels, {mean / 1000:.0f} KB each; {SMALL} images of 32 x 32 in memory")
