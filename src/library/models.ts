import type { EvaluateOptions, Evaluation } from "../inference/evaluate.js";
import type { ExportOptions } from "../inference/export.js";
import type { ImageFeatures } from "../inference/feature-file.js";
import type { LoadOptions, TrainedModel } from "../inference/model.js";
import type { WebExport, WebOptions } from "../inference/web/export-web.js";
import type { SortedLinks } from "../inference/sorted-links.js";
import type { OnnxExport, OnnxOptions } from "../inference/onnx/export-onnx.js";
import type { InstallOptions } from "../libtorch/install.js";
import type { EngineLocation } from "../libtorch/locate.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import type { CompareOptions } from "../report/compare/compare-runs.js";
import type { Comparison } from "../report/compare/comparison.js";
import { defineMethodOf } from "../recipes/method-file.js";
import { UsageError } from "../support/errors.js";
import { type EngineInfo, openEngineAhead } from "../torch/native.js";
import { trainable } from "./recipes.js";

/**
 * Loads a run's folder, a checkpoint or, with its `recipe`, a file of weights alone, such as PyTorch's .pth.
 *
 * @param options `recipe` is that of a file of weights; `data` the folder of its training images, which name the classes.
 * @throws CheckpointError for a path that holds no checkpoint, or one that does not fit; UsageError for a device that is
 *   not there; EngineError.
 * @example
 * using model = await load("runs/mine", { threads: 2 });
 * const { predictions } = await model.predict("photo.jpg", { top: 1 });
 * using imported = await load("best.pth", { recipe: "cifar100-lt-ncl", data: "cifar-100-binary" });
 */
export async function load(
  path: string,
  options: LoadOptions & {
    readonly recipe?: string | RecipeInput | ResolvedRecipe | undefined;
    readonly data?: string | undefined;
  } = {},
): Promise<TrainedModel> {
  openEngineAhead();
  const { loadModel } = await import("../inference/model.js");
  await defineMethodOf(path);
  const { recipe, data, ...rest } = options;
  if (recipe !== undefined && options.weights !== undefined)
    throw new UsageError("weights chooses among a checkpoint's; a file that needs a recipe holds one kind");
  return loadModel(path, {
    ...rest,
    recipe: recipe === undefined ? undefined : await trainable(recipe, data),
  });
}

/**
 * The image files in a folder and in the folders inside it, in sorted order; known by their content where their extension
 * is none of JPEG's, PNG's or WebP's.
 *
 * @throws DataError for a folder that cannot be read.
 * @example
 * for await (const { image, predictions } of model.predictEach(await imageFiles("photos"))) console.log(image);
 */
export async function imageFiles(folder: string): Promise<string[]> {
  const images = await import("../data/formats/image-folder.js");
  return images.imagesBelow(folder);
}

/**
 * A folder with a folder for each class, for links to images: nothing is moved, copied or replaced.
 *
 * @throws LongtailError, from `add`, when the folder cannot be written.
 * @example
 * const links = await sortedLinks("sorted", model.classes);
 * for await (const { image, predictions } of model.predictEach(paths)) links.add(image!, predictions[0]!.index);
 */
export async function sortedLinks(folder: string, classes: readonly string[]): Promise<SortedLinks> {
  const { SortedLinks: Links } = await import("../inference/sorted-links.js");
  return new Links(folder, classes);
}

/**
 * Writes the features of images, which `predictEach` gives with `features: true`, as a safetensors file: `features`, float32 [N, D],
 * and in its metadata `images`, a JSON list of their N paths.
 *
 * @throws LongtailError when the file cannot be written.
 * @example
 * const rows: ImageFeatures[] = [];
 * for await (const { image, features } of model.predictEach(paths, { features: true })) rows.push({ image: image!, features: features! });
 * await writeFeatures("features.safetensors", rows);
 */
export async function writeFeatures(path: string, rows: readonly ImageFeatures[]): Promise<void> {
  const { writeFeatureFile } = await import("../inference/feature-file.js");
  writeFeatureFile(path, rows);
}

/**
 * Evaluates a run or a checkpoint on its test images: `load`, the model's `evaluate`, and disposal of it.
 *
 * @throws What `load` and the model's `evaluate` throw.
 * @example
 * const { ensemble, perClass, prior } = await evaluate("runs/mine", { prior: "uniform" });
 */
export async function evaluate(
  path: string,
  options: EvaluateOptions & Omit<Parameters<typeof load>[1], "data"> = {},
): Promise<Evaluation> {
  using model = await load(path, options);
  return await model.evaluate(options);
}

/**
 * Writes a trained network's weights for other programs. A .pth file is laid out as NCL's PyTorch code has it; the tensors
 * have PyTorch's names. Returns the path of the checkpoint that was exported.
 *
 * @throws CheckpointError when the checkpoint cannot be read; LongtailError when the file cannot be written.
 * @example
 * await exportModel("runs/mine", { format: "safetensors", out: "mine.safetensors" });
 */
export async function exportModel(run: string, options: ExportOptions): Promise<string> {
  const { exportWeights } = await import("../inference/export.js");
  return exportWeights(run, options);
}

/**
 * Writes a trained network as an ONNX model, which `longtail/runtime`, browsers and other programs run without libtorch. It
 * holds all experts, their mean, the temperature and the prior; its metadata says the classes and how images are prepared.
 *
 * @throws CheckpointError when the checkpoint cannot be read; UsageError for options that do not fit it; ModelError when ONNX
 *   Runtime computes something else than libtorch; LongtailError when the file cannot be written.
 * @example
 * const { bytes, metadata } = await exportOnnx("runs/mine", { out: "model.onnx", prior: "uniform" });
 */
export async function exportOnnx(run: string, options: OnnxOptions): Promise<OnnxExport> {
  const onnx = await import("../inference/onnx/export-onnx.js");
  await defineMethodOf(run);
  return onnx.exportOnnx(run, options);
}

/**
 * Writes a folder of static files, a page that classifies photographs on the visitor's own device, without a server. It needs the
 * package onnxruntime-web; the model is in float16 unless `precision` says otherwise.
 *
 * @throws LongtailError when onnxruntime-web is not installed or the folder cannot be written; UsageError for a folder that holds
 *   something else; what `exportOnnx` throws.
 * @example
 * const { bytes } = await exportWeb("runs/mine", { out: "page", title: "Birds of the garden" });
 */
export async function exportWeb(run: string, options: WebOptions): Promise<WebExport> {
  const web = await import("../inference/web/export-web.js");
  await defineMethodOf(run);
  return web.exportWeb(run, options);
}

/**
 * Compares finished runs: those that differ in nothing but the seed are taken together, and every other recipe is tested
 * against the first (Welch's t-test, Bonferroni's rule). Folders of several runs, as `trainSeeds` makes, stand for theirs.
 *
 * @throws UsageError for a folder that holds no finished run, or where there is nothing to compare.
 * @example
 * const { groups, differences } = await compare(["runs/ce-seeds", "runs/ncl-seeds"], { out: "compare.html" });
 */
export async function compare(runs: readonly string[], options: CompareOptions = {}): Promise<Comparison> {
  for (const run of runs) await defineMethodOf(run);
  const comparison = await import("../report/compare/compare-runs.js");
  return comparison.compare(runs, options);
}

/**
 * Makes the page about a run, as the command line does after a training: one HTML file, report/index.html in the run's
 * folder unless `out` names another. Returns its path.
 *
 * @throws LongtailError for a folder that holds no run, or one that cannot be written to.
 * @example
 * const path = await writeReport("runs/mine");
 */
export async function writeReport(
  run: string,
  options: { readonly out?: string | undefined } = {},
): Promise<string> {
  await defineMethodOf(run);
  const report = await import("../report/write-report.js"); // charts are heavy: those who only train do not load them
  return report.writeReport(run, options);
}

/**
 * Loads the engine, libtorch, and says where it is, its version, and what it can use on this machine.
 *
 * @throws EngineError when it is missing or of another version.
 * @example
 * const { version, devices } = await engineInfo();
 */
export async function engineInfo(): Promise<
  EngineLocation & EngineInfo & { readonly devices: readonly string[] }
> {
  const { locateEngine } = await import("../libtorch/locate.js");
  const location = locateEngine();
  const settings = await import("../torch/settings.js");
  const { availableDevices } = await import("../torch/devices.js");
  return { ...location, ...settings.engineInfo(), devices: availableDevices() };
}

/**
 * Downloads libtorch into the per-user cache where it is not there yet; the installation appears whole or not at all, and a
 * second process waits for the first.
 *
 * @throws EngineError that says what to do: no network, a full disk, a platform that is not supported.
 * @example
 * await installEngine({ onProgress: ({ kind }) => console.log(kind) });
 */
export async function installEngine(options: InstallOptions = {}): Promise<EngineLocation> {
  const install = await import("../libtorch/install.js");
  return install.installEngine(options);
}
