import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { groupOf } from "../../data/groups.js";
import type { LogitTransform } from "../../evaluation/meter.js";
import { scaleLogits } from "../../evaluation/temperature/scale.js";
import type { Graph } from "../../onnx/graph.js";
import { METADATA_KEY, type ModelMetadata, PRODUCER } from "../../onnx/metadata.js";
import { modelFile } from "../../onnx/model-file.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { fittedTemperature } from "../../runs/calibration-file.js";
import { hasResult, readResult } from "../../runs/read-run.js";
import { longtailVersion } from "../../runs/versions.js";
import { hasOnnxRuntime, openSession } from "../../runtime/onnx-runtime.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { ModelError, UsageError } from "../../support/errors.js";
import { Rng } from "../../torch/random.js";
import { describeImpliedPrior, priorAdjustment } from "../../training/implied-prior.js";
import { WEIGHTS } from "../../weights/registry.js";
import { type Prior, priorFrom, type PriorTarget } from "../prior.js";
import { loadTrained, type Trained } from "../../training/trained.js";
import { takingPixels } from "./preprocess.js";
import { type PrecisionCost, reducePrecision } from "./reduce-precision.js";
import { type TracedNetwork, traceNetwork } from "./trace-network.js";
import { counted } from "../../support/text.js";

/**
 * Settings of an export as an ONNX model.
 *
 * @example
 * const options: OnnxOptions = { out: "model.onnx", input: "pixels", prior: "uniform" };
 */
export interface OnnxOptions {
  /** File to write. */
  readonly out: string;
  /**
   * What the model takes: images that are resized, cropped and normalized (`tensor`, as longtail/runtime gives them), or
   * bytes of red, green and blue of any size, whose preparation is then inside the model (`pixels`); `tensor` unless given.
   */
  readonly input?: "tensor" | "pixels" | undefined;
  /** Whether to use the temperature of the run's calibration.json where it has one for these weights; true unless given. */
  readonly calibrate?: boolean | undefined;
  /** Class frequencies that the predictions are for; those that the logits stand for unless given. */
  readonly prior?: PriorTarget | undefined;
  /** The weights' moving averages or the raw weights; what the recipe says unless given. */
  readonly weights?: "ema" | "raw" | undefined;
  /**
   * Type of the weights; `float32` unless given. `float16` halves the file, `int8` quarters it and computes with integers,
   * whose ranges are measured on training images. Both are evaluated on the test images and need onnxruntime-node.
   */
  readonly precision?: "float32" | "float16" | "int8" | undefined;
  /** Percentage points of accuracy that a smaller precision may cost any group of classes; 1 unless given. */
  readonly maxLoss?: number | undefined;
  /** Whether a model that loses more is written all the same. */
  readonly accept?: boolean | undefined;
  /** Data folder for a smaller precision; the one of the training unless given. */
  readonly data?: string | undefined;
  /** Ends the export before the next batch of images; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A model file that was written.
 *
 * @example
 * const { metadata, bytes }: OnnxExport = await exportOnnx("runs/mine", { out: "model.onnx" });
 */
export interface OnnxExport {
  readonly out: string;
  /** Path of the checkpoint that was exported. */
  readonly checkpoint: string;
  readonly metadata: ModelMetadata;
  /** Size of the file. */
  readonly bytes: number;
  /**
   * Largest difference between the logits of ONNX Runtime and those of libtorch, relative to the largest logit; null where
   * onnxruntime-node is not installed and nothing was compared.
   */
  readonly difference: number | null;
  /** What the precision costs; null for float32, which costs nothing. */
  readonly cost: PrecisionCost | null;
}

/** Largest difference of logits, relative to the largest, that an export may have. */
const MAX_DIFFERENCE = 1e-4;
/** Seed and stream of the images that an export is compared on. */
const PROBE = { seed: 0, stream: 0 };

/**
 * Writes a run's network, or that of a checkpoint by itself, as an ONNX model: all experts, their mean, the temperature and
 * the prior in one graph. Where onnxruntime-node is installed, the file is run and compared with libtorch first.
 *
 * @throws CheckpointError when the checkpoint cannot be read; UsageError for options that do not fit it; ModelError when ONNX
 *   Runtime computes something else than libtorch; LongtailError when the file cannot be written.
 */
export async function exportOnnx(run: string, options: OnnxOptions): Promise<OnnxExport> {
  const { out, input = "tensor", precision = "float32" } = options;
  using trained = loadTrained(run, { weights: options.weights, mergesLora: true });
  assertClasses(trained);
  const adjustments = adjustmentsOf(trained, run, options);
  const { transforms } = adjustments;
  const traced = traceNetwork(trained, { transforms, rng: new Rng(PROBE.seed, PROBE.stream) });
  const difference = await compared(traced, out);
  const { graph, cost } =
    precision === "float32"
      ? { graph: traced.graph, cost: null }
      : await reducePrecision(trained, traced.graph, { ...options, precision });
  const metadata = describe(trained, run, {
    ...adjustments,
    input,
    precision,
    cost,
    weights: options.weights,
  });
  const whole = input === "tensor" ? graph : takingPixels(graph, trained.description.recipe.data);
  const parts = fileOf(whole, metadata);
  writeFileAtomic(out, parts);
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  return { out, checkpoint: trained.path, metadata, bytes, difference, cost };
}

function assertClasses({ path, description }: Trained): void {
  const { classes, counts } = description;
  if (classes.length > 0 && classes.length === counts.length) return;
  throw new UsageError(
    `${path}: expected the names of its classes and their training images, which a model's answers are made of, found ` +
      `${classes.length} names and ${counts.length} numbers of images. Train the run again, or export its weights with ` +
      "--format safetensors.",
  );
}

interface Adjustments {
  readonly temperature: ModelMetadata["temperature"];
  readonly prior: Prior | null;
  readonly transforms: readonly LogitTransform[];
}

/** What a prediction does to the logits: first the temperature, then the prior. */
function adjustmentsOf(
  trained: Trained,
  run: string,
  { calibrate = true, prior: target }: OnnxOptions,
): Adjustments {
  const { counts, recipe } = trained.description;
  const groups = groupOf(counts, recipe.evaluation.groups);
  const temperature = calibrate ? fittedTemperature(run, trained) : null;
  const prior = target === undefined ? null : priorFrom(target, trained);
  const transforms: LogitTransform[] = [];
  if (temperature !== null) transforms.push((logits) => scaleLogits(logits, temperature, groups));
  if (prior !== null) transforms.push(priorAdjustment(trained, prior.shares));
  return { temperature: temperature as ModelMetadata["temperature"], prior, transforms };
}

interface Exported extends Omit<Adjustments, "transforms">, Pick<ModelMetadata, "input" | "precision"> {
  readonly cost: PrecisionCost | null;
  /** The weights that were asked for. */
  readonly weights: OnnxOptions["weights"];
}

function describe(
  { description }: Trained,
  run: string,
  { temperature, prior, input, precision, cost, weights: asked }: Exported,
): ModelMetadata {
  const { recipe, classes, counts } = description;
  const { test: transforms, imageSize, mean, std } = recipe.data;
  const started = recipe.pretrained?.weights ?? null;
  const isAsEvaluated =
    prior === null &&
    temperature?.kind !== "expert" &&
    asked === undefined &&
    recipe.evaluation.fiveCrops === null;
  return {
    version: 1,
    classes: [...classes],
    trainImages: [...counts],
    groups: groupOf(counts, recipe.evaluation.groups),
    input,
    preprocessing: { transforms, imageSize, mean, std },
    precision,
    temperature,
    prior: prior && { name: prior.name, shares: [...prior.shares] },
    logitPrior: describeImpliedPrior(recipe),
    recipe: {
      name: recipe.name,
      hash: recipeHash(recipe),
      backbone: recipe.backbone,
      classifier: recipe.classifier.kind,
      method: recipe.method.kind,
      experts: recipe.method.experts,
    },
    weights: started && weightsInfo(started),
    accuracy: cost ? { images: cost.images, ...cost.after } : isAsEvaluated ? accuracyOf(run) : null,
  };
}

function weightsInfo(name: keyof typeof WEIGHTS): NonNullable<ModelMetadata["weights"]> {
  const { license, homepage, trainedOn } = WEIGHTS[name];
  return { name, license, homepage, trainedOn };
}

/** SHA-256 of a recipe as JSON with its keys in order. */
function recipeHash(recipe: ResolvedRecipe): string {
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(JSON.stringify(recipe, sorted)).digest("hex");
}

/** What the run's network scored at its end; null for a run that has not ended and for a checkpoint by itself. */
function accuracyOf(run: string): ModelMetadata["accuracy"] {
  if (!statSync(run).isDirectory() || !hasResult(run)) return null;
  const { images, ensemble } = readResult(run);
  const { all, many, medium, few } = ensemble;
  return { images, all, many, medium, few };
}

function fileOf(graph: Graph, metadata: ModelMetadata): Uint8Array[] {
  const { recipe, classes } = metadata;
  return modelFile(graph, {
    producer: PRODUCER,
    producerVersion: longtailVersion(),
    description: `${recipe.name}: ${counted(classes.length, "class", "classes")}, ${recipe.experts} x ${recipe.backbone}, ${recipe.method}`,
    properties: { [METADATA_KEY]: JSON.stringify(metadata) },
  });
}

/** @throws ModelError when ONNX Runtime computes something else than libtorch. */
async function compared(traced: TracedNetwork, out: string): Promise<number | null> {
  if (!(await hasOnnxRuntime())) return null;
  const file = modelFile(traced.graph, {
    producer: "",
    producerVersion: "",
    description: "",
    properties: {},
  });
  const session = await openSession(Buffer.concat(file), { where: out });
  try {
    const { images: data, shape, logits } = traced;
    const found = (await session.run({ images: { data, shape } }))["logits"]!.data as Float32Array;
    const scale = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
    const worst = logits.reduce((most, logit, i) => Math.max(most, Math.abs(logit - found[i]!)), 0) / scale;
    if (worst <= MAX_DIFFERENCE) return worst;
    throw new ModelError(
      `${out} was not written: expected ONNX Runtime ${session.version} to compute libtorch's logits to ${MAX_DIFFERENCE} of the ` +
        `largest, found a difference of ${worst.toPrecision(2)}. Please report it with the run's recipe.json.`,
    );
  } finally {
    await session.release();
  }
}
