"""The other end of bench/parity.mjs: checks a model file and computes its logits by Python's onnxruntime.

    python bench/parity/onnx_logits.py MODEL.onnx IMAGES LOGITS SIDE BATCH

IMAGES is float32 [N, 3, SIDE, SIDE], LOGITS is written as float32 [N, C].
"""
import sys

import numpy as np
import onnx
import onnxruntime as ort

model, images, logits, side, batch = sys.argv[1:4] + [int(number) for number in sys.argv[4:]]
onnx.checker.check_model(onnx.load(model), full_check=True)
session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
inputs = np.fromfile(images, dtype=np.float32).reshape(-1, 3, side, side)
batches = [inputs[start : start + batch] for start in range(0, len(inputs), batch)]
np.concatenate([session.run(["logits"], {"images": one})[0] for one in batches]).tofile(logits)
