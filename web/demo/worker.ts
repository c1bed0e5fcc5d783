/** The thread that computes: ONNX Runtime as WebAssembly, with files of this folder alone. */
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Answer, Question } from "./messages.ts";

/** A file of the page's folder, which may be compressed: servers need not know how. */
async function load(name: string): Promise<ArrayBuffer> {
  const response = await fetch(new URL(`../${name}`, location.href)); // this script lies in assets/
  if (!response.ok || response.body === null)
    throw new Error(`${name} cannot be loaded (${response.status}); the folder is not whole.`);
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

async function open(): Promise<InferenceSession> {
  const [wasm, model] = await Promise.all([load("runtime.bin"), load("model.bin")]);
  env.wasm.wasmBinary = wasm;
  env.wasm.numThreads = 1; // more need headers that a static server seldom sends
  return InferenceSession.create(model);
}

const session = open();
session.catch(() => undefined); // each question is answered with it

async function answer({ id, pixels, width, height }: Question): Promise<Answer> {
  try {
    const images = new Tensor("uint8", pixels, [1, height, width, 3]);
    const { probabilities } = await (await session).run({ images }, ["probabilities"]);
    return { id, probabilities: probabilities!.data as Float32Array };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

let turn: Promise<unknown> = Promise.resolve(); // a session runs one image at a time
addEventListener("message", ({ data }: MessageEvent<Question>) => {
  turn = turn.then(async () => postMessage(await answer(data)));
});
