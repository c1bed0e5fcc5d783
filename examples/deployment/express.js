/**
 * An Express application of one's own with a model in it, without libtorch:
 *
 *     npm install express longtail onnxruntime-node
 *     node express.js MODEL.onnx [PORT]
 *     curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg 'http://127.0.0.1:3000/predict?top=3'
 */
import express from "express";
import { DataError, load, UsageError } from "longtail/runtime";

const [file, port = "3000"] = process.argv.slice(2);
if (file === undefined) throw new UsageError("usage: node express.js MODEL.onnx [PORT]");
const model = await load(file);

const app = express();
app.post("/predict", express.raw({ type: "*/*", limit: "20mb" }), async (request, response) => {
  const top = Number(request.query.top ?? 3);
  const { predictions } = await model.predict(request.body, { top });
  response.json({ predictions });
});
app.use((error, _request, response, _next) => {
  const isTheirs = error instanceof DataError || error instanceof UsageError; // a broken image, ?top=none
  response.status(isTheirs ? 400 : (error.status ?? 500)).json({ error: isTheirs ? error.message : "internal error" });
});

const server = app.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.once("SIGTERM", () => {
  server.close(() => void model[Symbol.asyncDispose]());
});
