/**
 * A service that says what is on a photograph:
 *
 *     node examples/library/service.js RUN [PORT]
 *     curl --data-binary @photo.jpg 'http://127.0.0.1:8080/predict?top=3'
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { DataError, load, UsageError } from "longtail";

const [run, port = "8080"] = process.argv.slice(2);
if (run === undefined) throw new UsageError("usage: node examples/library/service.js RUN [PORT]");
const model = await load(run);
const maxBytes = 20 * 1024 * 1024;

const app = new Hono();
app.get("/", (context) => context.json({ classes: model.classes }));
app.post("/predict", bodyLimit({ maxSize: maxBytes }), async (context) => {
  const image = new Uint8Array(await context.req.arrayBuffer());
  const top = Number(context.req.query("top") ?? 3);
  const { predictions, calibrated } = await model.predict(image, { top, signal: context.req.raw.signal });
  return context.json({ predictions, calibrated });
});
app.onError((error, context) => {
  const isTheirs = error instanceof DataError || error instanceof UsageError; // a broken image, ?top=none
  return context.json({ error: isTheirs ? error.message : "internal error" }, isTheirs ? 400 : 500);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) }, (address) => {
  console.log(`http://127.0.0.1:${address.port}`);
});
process.once("SIGTERM", () => {
  server.close();
  model[Symbol.dispose]();
});
