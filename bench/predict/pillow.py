"""The other end of bench/predict.mjs: the same predictions by Python's onnxruntime and Pillow, in two processes.

    python bench/predict/pillow.py MODEL.onnx FOLDER

Prints [path, class] of every photograph as JSON.
"""
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import onnxruntime as ort
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exported import Exported

WORKERS = 2
BATCH = 8
session = exported = None


def start(path):
    global session, exported
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # a process for each core
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    exported = Exported(session)


def predict(paths):
    images = np.stack([exported.prepare(Image.open(path).convert("RGB")) for path in paths])
    (probabilities,) = session.run(["probabilities"], {"images": images})
    return [(path, exported.classes[k]) for path, k in zip(paths, probabilities.argmax(1))]


if __name__ == "__main__":
    model, folder = sys.argv[1:]
    files = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    with ProcessPoolExecutor(WORKERS, initializer=start, initargs=(model,)) as pool:
        found = [pair for pairs in pool.map(predict, batches) for pair in pairs]
    print(json.dumps(found))
