"""The other end of bench/features.mjs: the same features by Python's onnxruntime and Pillow, with one thread.

    python bench/features/pillow.py MODEL.onnx FOLDER BATCH
"""
import json
import os
import sys
import time

import numpy as np
import onnxruntime as ort
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exported import Exported

model, folder, size = sys.argv[1:]
batch = int(size)
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
exported = Exported(session)
files = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)

for line in sys.stdin:
    started, before = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        features = []
        for start in range(0, len(files), batch):
            images = np.stack(
                [exported.prepare(Image.open(path).convert("RGB")) for path in files[start : start + batch]]
            )
            features.append(session.run(["features"], {"images": images})[0])
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - started,
                "cpuSeconds": time.process_time() - before,
                "check": f"{np.concatenate(features).mean():.5f}",
            }
        ),
        flush=True,
    )
