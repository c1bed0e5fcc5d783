"""The other end of bench/serve.mjs: a model file under FastAPI and uvicorn, with Python's onnxruntime and Pillow.

    python bench/serve/fastapi_server.py MODEL.onnx PORT

Requests are handled in Starlette's thread pool, as its documentation advises for work that blocks: Pillow and ONNX Runtime both
release the interpreter's lock.
"""
import io
import os
import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exported import Exported

path, port = sys.argv[1], int(sys.argv[2])
session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
exported = Exported(session)


def predict(content):
    image = exported.prepare(Image.open(io.BytesIO(content)).convert("RGB"))
    (probabilities,) = session.run(["probabilities"], {"images": image[None]})
    order = np.argsort(-probabilities[0])[:5]
    return [{"class": exported.classes[k], "probability": float(probabilities[0, k])} for k in order]


app = FastAPI()


@app.post("/predict")
async def answer(request: Request):
    content = await request.body()
    return {"predictions": await run_in_threadpool(predict, content)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
