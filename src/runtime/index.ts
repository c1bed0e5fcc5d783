/**
 * Predictions by a model file that `longtail export RUN --format onnx` wrote, for applications: ONNX Runtime computes, or, networks
 * for phones, kernels of our own; images are prepared as in training, and libtorch is never loaded. It needs the package
 * onnxruntime-node beside longtail.
 *
 * @example
 * import { load } from "longtail/runtime";
 *
 * await using model = await load("model.onnx");
 * console.log(await model.predict("photo.jpg", { top: 5 }));
 *
 * @module longtail/runtime
 */
import { readFile } from "node:fs/promises";
import { readModelMetadata } from "../onnx/metadata.js";
import { assertWhole, ModelError, systemCode, UsageError } from "../support/errors.js";
import { RuntimeModel } from "./model.js";
import { openSession } from "./onnx-runtime.js";
import { openOwnSession } from "./own-kernels.js";
import type { RuntimeOptions } from "./types.js";

export type { ImageInput, RawImage } from "../data/image-input.js";
export type { ImagePrediction, Prediction } from "../inference/predict.js";
export type { ModelMetadata } from "../onnx/metadata.js";
export { DataError, LongtailError, ModelError, UsageError } from "../support/errors.js";
export { RuntimeModel } from "./model.js";
export type { Kernels, PreparedImage, RuntimeOptions, RuntimePredictOptions } from "./types.js";

/**
 * Loads a model file, or its bytes.
 *
 * @throws ModelError for what is no ONNX, of another program, or what ONNX Runtime cannot run; LongtailError when
 *   onnxruntime-node is not installed; the signal's reason.
 * @example
 * await using model = await load("model.onnx", { threads: 2 });
 * const { class: name, probability } = (await model.predict(upload)).predictions[0]!;
 */
export async function load(
  model: string | Uint8Array,
  { threads, busyWait, workers, signal, kernels = "own" }: RuntimeOptions = {},
): Promise<RuntimeModel> {
  assertThreads({ threads, workers });
  signal?.throwIfAborted();
  const path = typeof model === "string" ? model : null;
  const where = path ?? "the model";
  const bytes = await readModel(model);
  const metadata = readModelMetadata(bytes, where);
  signal?.throwIfAborted();
  const options = { where, threads, busyWait };
  const own = kernels === "own" ? await openOwnSession(bytes, options) : null;
  const session = own ?? (await openSession(bytes, options));
  if (signal?.aborted === true) await session.release(); // nobody else would
  signal?.throwIfAborted();
  return new RuntimeModel({
    ...{ session, metadata, path, workers },
    kernels: own === null ? "onnxruntime" : "own",
  });
}

async function readModel(model: string | Uint8Array): Promise<Uint8Array> {
  if (model instanceof Uint8Array) return model;
  if (typeof model !== "string")
    throw new UsageError(`load: expected a path or the bytes of a model file, found ${typeof model}.`);
  try {
    return await readFile(model);
  } catch (error) {
    const reason = { ENOENT: "no file of that name", EISDIR: "a folder" }[systemCode(error) ?? ""];
    throw new ModelError(
      `${model}: expected a model that longtail export wrote, found ${reason ?? String(error)}.`,
      { cause: error },
    );
  }
}

function assertThreads(given: Pick<RuntimeOptions, "threads" | "workers">): void {
  if (given.threads !== undefined) assertWhole("threads", given.threads);
  if (given.workers !== undefined) assertWhole("workers", given.workers, 0);
}
