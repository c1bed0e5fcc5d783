import { clauseOf, LongtailError, ModelError } from "../support/errors.js";
import type { RuntimeOptions } from "./types.js";
import type * as Ort from "onnxruntime-node";

/** What is used of onnxruntime-node. */
type OnnxRuntime = Pick<typeof Ort, "InferenceSession" | "Tensor" | "env">;

/** Values of a network's outputs, by their names. ONNX Runtime's own types would have everyone who imports longtail have the DOM's. */
export type Values = Readonly<Record<string, NetworkOutput>>;

/** One output: elements row by row. */
export interface NetworkOutput {
  readonly data: ArrayLike<unknown>;
  readonly dims: readonly number[];
}

/** A network that is ready to run. */
export interface Session {
  /** Of ONNX Runtime. */
  readonly version: string;
  /** Names of what it computes. */
  readonly outputs: readonly string[];
  /** @param outputs what is computed; everything unless given. */
  run(inputs: Readonly<Record<string, NetworkInput>>, outputs?: readonly string[]): Promise<Values>;
  release(): Promise<void>;
}

/** One input: elements row by row. */
export interface NetworkInput {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** How to have ONNX Runtime; its install script fetches libraries for GPUs unless told otherwise. */
const INSTALL = "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node";

/** Whether onnxruntime-node is installed where longtail finds it. */
export async function hasOnnxRuntime(): Promise<boolean> {
  return import("onnxruntime-node").then(
    () => true,
    () => false,
  );
}

/**
 * Keeps ONNX Runtime from sending reports to its makers, unless the environment says otherwise. Before it is loaded, and on the
 * main thread: the environment of worker threads is a copy that ONNX Runtime does not see.
 */
export function withoutTelemetry(): void {
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
}

/** @throws LongtailError that says how to install it. */
async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  withoutTelemetry();
  try {
    const loaded = (await import("onnxruntime-node")) as OnnxRuntime & { readonly default?: OnnxRuntime };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new LongtailError(
      `ONNX Runtime cannot be loaded: expected the package onnxruntime-node beside longtail, found ${reasonOf(error)}. ` +
        `Install it with: ${INSTALL}`,
      { cause: error },
    );
  }
}

export interface SessionOptions extends Pick<RuntimeOptions, "threads" | "busyWait"> {
  /** The model file's name, for messages. */
  readonly where: string;
}

/**
 * Prepares a network to run.
 *
 * @throws ModelError for what ONNX Runtime cannot run: damaged, or with operators that it lacks.
 */
export async function openSession(
  model: Uint8Array,
  { where, threads, busyWait = true }: SessionOptions,
): Promise<Session> {
  const runtime = await loadOnnxRuntime();
  const version = runtime.env.versions.node ?? runtime.env.versions.common;
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: ["cpu"],
    logSeverityLevel: 3, // errors: warnings are about the graph's optimization
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    // After a prediction its threads stop waiting busily: the next image is decoded, and the next request read, on those cores.
    extra: {
      session: { intra_op: { allow_spinning: busyWait ? "1" : "0" }, force_spinning_stop: "1" },
    },
  };
  let session: Ort.InferenceSession;
  try {
    session = await runtime.InferenceSession.create(model, options);
  } catch (error) {
    throw new ModelError(
      `${where}: ONNX Runtime ${version} cannot run this model: ${reasonOf(error)}. A newer onnxruntime-node may, or export ` +
        "the run again with longtail export.",
      { cause: error },
    );
  }
  return {
    version,
    outputs: session.outputNames,
    release: () => session.release(),
    run: (inputs, outputs = session.outputNames) => {
      const feeds = Object.entries(inputs).map(([name, input]): [string, Ort.Tensor] => [
        name,
        tensorOf(runtime, input),
      ]);
      return session.run(Object.fromEntries(feeds), outputs);
    },
  };
}

function tensorOf({ Tensor: OrtTensor }: OnnxRuntime, { data, shape }: NetworkInput): Ort.Tensor {
  return data instanceof Float32Array
    ? new OrtTensor("float32", data, shape)
    : new OrtTensor("uint8", data, shape);
}

/** The first line of what went wrong. */
const reasonOf = (error: unknown): string => clauseOf(clauseOf(error).split("\n")[0]);
