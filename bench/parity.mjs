// Whether exported models answer as libtorch does, on all test images: each network is trained for a moment (parity needs weights
// that are no longer the start's, not good ones), exported, checked by ONNX's own checker and run by Python's onnxruntime.
//   node bench/parity.mjs --python PYTHON [--only NAME] [--data examples/caltech20-lt]
// PYTHON has onnx, onnxruntime and numpy: python3 -m venv VENV && VENV/bin/pip install onnx onnxruntime numpy
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { exportOnnx, imageFiles } from "../dist/index.js";
import { decodeBatch } from "../dist/inference/images.js";
import { ensembleLogits } from "../dist/inference/predict.js";
import { loadTrained } from "../dist/training/trained.js";
import { noGrad } from "../dist/torch/autograd.js";
import { dispose } from "../dist/torch/scope.js";
import { disposing, scoped } from "./support/scoped.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Images of a batch, for libtorch and for ONNX Runtime. */
const BATCH = 25;
/** Difference of logits from libtorch's that counts as the same, of the largest. */
const MAX_DIFFERENCE = 1e-4;
/** Training images of each class: enough for one epoch to move every weight. */
const TRAIN_IMAGES = 3;

const large = {
  "data.imageSize": 128,
  "data.batch": 8,
  "data.train": [{ kind: "resize-exact", width: 128, height: 128 }],
  "data.test": [
    { kind: "resize", size: 144 },
    { kind: "center-crop", size: 128 },
  ],
};
const NETWORKS = {
  "3 x ResNet-32, NCL": ["caltech20-lt-ncl", { backbone: "resnet32" }],
  "ResNet-32, cosine": ["caltech20-lt-ce", { backbone: "resnet32", classifier: { kind: "cosine" } }],
  "ResNet-32, FCNorm": ["caltech20-lt-ce", { backbone: "resnet32", classifier: { kind: "fc-norm" } }],
  "ResNet-50": ["caltech20-lt-ce", { backbone: "resnet50", ...large }],
  "ResNeXt-50": ["caltech20-lt-ce", { backbone: "resnext50-32x4d", ...large }],
  "Lite0, frozen, linear": ["caltech20-lt-pretrained", {}],
  "Lite0, frozen, cosine": ["caltech20-lt-pretrained", { classifier: { kind: "cosine" } }],
  "ViT-Ti/16, random": ["caltech20-lt-ce", { backbone: "vit-ti16", ...large }],
};

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    only: { type: "string" },
    data: { type: "string", default: join(root, "examples/caltech20-lt") },
  },
});
if (values.python === undefined)
  throw new Error("usage: node bench/parity.mjs --python PYTHON [--only NAME]");

/** A copy of the data with few training images and all test images. */
function fewTrainingImages(folder) {
  const data = join(folder, "data");
  cpSync(join(values.data, "test"), join(data, "test"), { recursive: true });
  for (const name of readdirSync(join(values.data, "train"))) {
    mkdirSync(join(data, "train", name), { recursive: true });
    for (const file of readdirSync(join(values.data, "train", name))
      .sort()
      .slice(0, TRAIN_IMAGES))
      cpSync(join(values.data, "train", name, file), join(data, "train", name, file));
  }
  return data;
}

function train(recipe, { data, out, set }) {
  const settings = Object.entries(set).flatMap(([key, value]) => [
    "--set",
    `${key}=${JSON.stringify(value)}`,
  ]);
  const command = [join(root, "bin/longtail.js"), "train", recipe, "--data", data, "--out", out];
  execFileSync(process.execPath, [...command, "--force", "--quiet", ...settings]);
}

/** Writes the prepared test images to a file and returns libtorch's logits of them, [N, C]. */
async function libtorchLogits(run, images, file) {
  const trained = loadTrained(run);
  const { data, memoryFormat } = trained.description.recipe;
  const logits = [];
  writeFileSync(file, "");
  try {
    for (let first = 0; first < images.length; first += BATCH) {
      const some = images.slice(first, first + BATCH);
      const pixels = await decodeBatch(some, { ...data, transforms: data.test, memoryFormat, first });
      scoped(() => {
        const values = pixels.to({ memoryFormat: "contiguous" }).toArray();
        writeFileSync(file, new Uint8Array(values.buffer), { flag: "a" });
        disposing(noGrad(), () => logits.push(...ensembleLogits(trained.method, pixels, []).toArray()));
      });
      dispose(pixels);
    }
  } finally {
    trained[Symbol.dispose]();
  }
  return { logits: Float32Array.from(logits), side: data.imageSize };
}

function best(logits, classes) {
  return Array.from({ length: logits.length / classes }, (_, n) => {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    return row.indexOf(row.reduce((most, logit) => Math.max(most, logit)));
  });
}

const folder = mkdtempSync(join(tmpdir(), "longtail-parity-"));
let isSame = true;
try {
  const data = fewTrainingImages(folder);
  const images = await imageFiles(join(data, "test"));
  console.log(`${images.length} test images, trained on ${TRAIN_IMAGES} of each class for one epoch`);
  const at = (name) => join(folder, name);
  for (const [name, [recipe, set]] of Object.entries(NETWORKS)) {
    if (values.only !== undefined && !name.includes(values.only)) continue;
    train(recipe, { data, out: at("run"), set: { epochs: 1, ...set } });
    const { metadata } = await exportOnnx(at("run"), { out: at("model.onnx"), calibrate: false });
    const { logits, side } = await libtorchLogits(at("run"), images, at("images"));
    const script = join(root, "bench/parity/onnx_logits.py");
    execFileSync(values.python, [
      script,
      at("model.onnx"),
      at("images"),
      at("logits"),
      `${side}`,
      `${BATCH}`,
    ]);
    const bytes = readFileSync(at("logits"));
    const found = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const classes = metadata.classes.length;
    const largest = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
    const worst = logits.reduce((most, logit, k) => Math.max(most, Math.abs(logit - found[k])), 0);
    const [ours, theirs] = [best(logits, classes), best(found, classes)];
    const same = ours.filter((label, n) => label === theirs[n]).length;
    isSame &&= same === images.length && found.length === logits.length && worst <= MAX_DIFFERENCE * largest;
    console.log(
      `${name.padEnd(22)} same predictions ${same} of ${images.length}, largest logit ${largest.toFixed(2)}, ` +
        `largest difference ${worst.toExponential(1)} (${(worst / largest).toExponential(1)} of it)`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (!isSame)
  throw new Error(`expected the same predictions and logits within ${MAX_DIFFERENCE} of the largest`);
