"""The other end of bench/serve.mjs: a model file under FastAPI and uvicorn, with Python's onnxruntime and Pillow.

    python bench/serve/fastapi_server.py MODEL.onnx PORT

Requests are handled in Starlette's thread pool, as its documentation advises for work that blocks: Pillow and ONNX Runtime both
release the interpreter's lock.
"""
import io
import json
import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

path, port = sys.argv[1], int(sys.argv[2])
session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
metadata = json.loads(session.get_modelmeta().custom_metadata_map["longtail"])
preprocessing = metadata["preprocessing"]
mean = np.array(preprocessing["mean"], dtype=np.float32)
std = np.array(preprocessing["std"], dtype=np.float32)


def prepare(image):
    """The transforms of the model, by Pillow and numpy: [3, S, S]."""
    for transform in preprocessing["transforms"]:
        kind, size = transform["kind"], transform.get("size")
        if kind == "resize":
            width, height = image.size
            scale = size / min(width, height)
            image = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BILINEAR)
        elif kind == "resize-exact":
            image = image.resize((transform["width"], transform["height"]), Image.Resampling.BILINEAR)
        elif kind == "center-crop":
            width, height = image.size
            left, upper = round((width - size) / 2), round((height - size) / 2)
            image = image.crop((left, upper, left + size, upper + size))
        else:
            raise ValueError(f"the bench knows resize, resize-exact and center-crop, found {kind}")
    pixels = (np.asarray(image, dtype=np.float32) / 255 - mean) / std
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def predict(content):
    image = prepare(Image.open(io.BytesIO(content)).convert("RGB"))
    (probabilities,) = session.run(["probabilities"], {"images": image[None]})
    order = np.argsort(-probabilities[0])[:5]
    return [{"class": metadata["classes"][k], "probability": float(probabilities[0, k])} for k in order]


app = FastAPI()


@app.post("/predict")
async def answer(request: Request):
    content = await request.body()
    return {"predictions": await run_in_threadpool(predict, content)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
