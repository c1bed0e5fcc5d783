import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { WebModel } from "../../onnx/web-model.js";
import { writeFailure, writeFileAtomic } from "../../support/atomic-file.js";
import { LongtailError, UsageError } from "../../support/errors.js";
import { makeFolder } from "../../support/paths.js";
import { exportOnnx, type OnnxExport, type OnnxOptions } from "../onnx/export-onnx.js";
import { classExamples } from "./class-examples.js";

/**
 * Settings of an export as a page.
 *
 * @example
 * const options: WebOptions = { out: "page", title: "Birds of the garden" };
 */
export interface WebOptions extends Omit<OnnxOptions, "input" | "out"> {
  /** Folder to write: a new or an empty one, or an earlier page. */
  readonly out: string;
  /** Heading of the page; the recipe's name unless given. */
  readonly title?: string | undefined;
}

/**
 * A page that was written.
 *
 * @example
 * const { out, bytes, notes }: WebExport = await exportWeb("runs/mine", { out: "page" });
 */
export interface WebExport extends Omit<OnnxExport, "out" | "bytes"> {
  readonly out: string;
  /** Size of all files. */
  readonly bytes: number;
  /** Size of the model before it is compressed. */
  readonly modelBytes: number;
  /** What people should know, such as why the page shows no examples. */
  readonly notes: readonly string[];
}

/** Name of the list of a page's files: a folder with it is a page of longtail's, and may be written again. */
const LIST = "files.json";
const WASM = "ort-wasm-simd-threaded.wasm";
/** Version that the page's script is of: its WebAssembly must be the same. */
const WEB_RUNTIME = "1.30.0";
const require = createRequire(import.meta.url);

/**
 * Writes a folder of static files, a page that classifies photographs on the visitor's own device: the model, which takes pixels
 * as they are; ONNX Runtime as WebAssembly, from the package onnxruntime-web; small examples of each class.
 *
 * @throws LongtailError when onnxruntime-web is not installed or the folder cannot be written; UsageError for a folder that
 *   holds something else; what an export as ONNX throws.
 */
export async function exportWeb(run: string, options: WebOptions): Promise<WebExport> {
  const { out, title, data, precision = "float16", ...onnx } = options;
  const before = earlierFiles(out);
  const files = new Map<string, Uint8Array | string>(pageFiles());
  files.set("runtime.bin", gzipSync(readFileSync(wasmFile()), { level: 9 }));
  const { bytes: modelBytes, ...exported } = await onnxModel(run, { ...onnx, data, precision }, (model) => {
    files.set("model.bin", gzipSync(model, { level: 9 }));
  });
  const { metadata } = exported;
  const { images, notes } = await classExamples(run, { classes: metadata.classes, data });
  const examples = images.map((ofClass, index) =>
    ofClass.map((image, k) => {
      files.set(`examples/${index}-${k}.jpg`, image);
      return `./examples/${index}-${k}.jpg`;
    }),
  );
  const { classes, groups, accuracy, preprocessing, recipe } = metadata;
  const { imageSize } = preprocessing;
  const model: WebModel = {
    version: 1,
    title: title ?? recipe.name,
    classes,
    groups,
    accuracy,
    imageSize,
    examples,
  };
  files.set("model.json", JSON.stringify(model));
  files.set(LIST, JSON.stringify([...files.keys()]));
  writeFiles(out, files);
  for (const name of before) if (!files.has(name)) rmSync(join(out, name), { force: true });
  const bytes = [...files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0);
  return { ...exported, out, bytes, modelBytes, notes };
}

/** What the folder's name begins with that files are written to before they are moved to their places. */
const PARTIAL = ".partial-";

/** Writes all files or none: a page that is there stays whole until all of the new one is on the disk. */
function writeFiles(out: string, files: ReadonlyMap<string, Uint8Array | string>): void {
  const partial = join(out, `${PARTIAL}${process.pid}`);
  let made: string | undefined;
  try {
    made = makeFolder(out);
    for (const name of readdirSync(out))
      if (name.startsWith(PARTIAL)) rmSync(join(out, name), { recursive: true, force: true });
    for (const [name, content] of files) writeFileAtomic(join(partial, name), content);
    for (const name of files.keys()) {
      makeFolder(dirname(join(out, name)));
      renameSync(join(partial, name), join(out, name));
    }
    rmSync(partial, { recursive: true });
  } catch (error) {
    rmSync(made ?? partial, { recursive: true, force: true });
    throw writeFailure(out, error);
  }
}

/** Exports to a file of its own, which is read and removed. */
async function onnxModel(
  run: string,
  options: Omit<OnnxOptions, "out">,
  receive: (model: Uint8Array) => void,
): Promise<OnnxExport> {
  const folder = mkdtempSync(join(tmpdir(), "longtail-web-"));
  try {
    const out = join(folder, "model.onnx");
    const exported = await exportOnnx(run, { ...options, out, input: "pixels" });
    receive(readFileSync(out));
    return exported;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of the page that is there already. @throws UsageError for a folder that holds something else. */
function earlierFiles(out: string): readonly string[] {
  if (!existsSync(out) || readdirSync(out).every((name) => name.startsWith(PARTIAL))) return [];
  const list = join(out, LIST);
  if (!existsSync(list))
    throw new UsageError(
      `${out}: expected a new or an empty folder, or an earlier page, found other files; name another.`,
    );
  const names = JSON.parse(readFileSync(list, "utf8")) as readonly string[];
  return names.filter((name) => resolve(out, name).startsWith(`${resolve(out)}/`)); // nothing beside the page is removed
}

/** The page as scripts/build-web.mjs has built it. */
function* pageFiles(): Generator<[string, Uint8Array]> {
  const folder = fileURLToPath(new URL("../../../dist/web/demo", import.meta.url));
  if (!existsSync(join(folder, "index.html")))
    throw new LongtailError(`${folder}: expected the built page, found none; run \`npm run setup\`.`);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !basename(path).startsWith("."))
      yield [path.slice(folder.length + 1), readFileSync(path)];
  }
}

/** ONNX Runtime as WebAssembly. @throws LongtailError where it is not installed, or of another version than the page's script. */
function wasmFile(): string {
  try {
    const folder = dirname(require.resolve("onnxruntime-web/wasm"));
    const { version } = JSON.parse(readFileSync(join(folder, "../package.json"), "utf8")) as {
      version: string;
    };
    if (version !== WEB_RUNTIME) throw new Error(`found version ${version}`);
    return join(folder, WASM);
  } catch (error) {
    throw new LongtailError(
      `the page computes with ONNX Runtime for browsers, which is not installed (${(error as Error).message.split("\n")[0]}): ` +
        `npm install onnxruntime-web@${WEB_RUNTIME}`,
      { cause: error },
    );
  }
}
