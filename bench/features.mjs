// Features of photographs by a frozen EfficientNet-Lite0, from JPEG files, images a second of one thread: longtail beside Python's
// onnxruntime with Pillow and the same network, in turns, each alone on one core (taskset).
//   node bench/features.mjs FOLDER --python PYTHON [--images 384] [--rounds 5] [--core 0]
// FOLDER has a folder of images for each class. PYTHON has onnxruntime, pillow and numpy.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { exportOnnx, loadRecipe, train } from "../dist/index.js";
import { userCacheFolder } from "../dist/support/paths.js";
import { race } from "./support/paired.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    images: { type: "string", default: "384" },
    rounds: { type: "string", default: "5" },
    core: { type: "string", default: "0" },
  },
});
const [photos] = positionals;
if (photos === undefined || values.python === undefined)
  throw new Error(
    "usage: node bench/features.mjs FOLDER --python PYTHON [--images 384] [--rounds 5] [--core 0]",
  );

/** Copies images of every class in turn until there are enough, so that both sides see the same and no more. */
function copyImages(from, to, wanted) {
  const classes = readdirSync(from).map((name) => ({ name, files: readdirSync(join(from, name)) }));
  for (let place = 0, copied = 0; copied < wanted; place++) {
    const rest = classes.filter(({ files }) => place < files.length);
    if (rest.length === 0) throw new Error(`${from}: expected ${wanted} images, found ${copied}`);
    for (const { name, files } of rest.slice(0, wanted - copied)) {
      mkdirSync(join(to, name), { recursive: true });
      copyFileSync(join(from, name, files[place]), join(to, name, files[place]));
      copied += 1;
    }
  }
}

/** The network of the features as an ONNX file. */
async function exported(folder) {
  const data = fileURLToPath(new URL("../examples/caltech20-lt", import.meta.url));
  const recipe = await loadRecipe("caltech20-lt-pretrained", { data, set: { epochs: 1 } });
  const { folder: run } = await train(recipe, { out: join(folder, "run") });
  const out = join(folder, "model.onnx");
  await exportOnnx(run.path, { out });
  return out;
}

const folder = mkdtempSync(join(tmpdir(), "longtail-features-"));
try {
  copyImages(photos, join(folder, "photos"), Number(values.images));
  const model = await exported(folder);
  const cache = join(folder, "cache/longtail"); // without features
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(userCacheFolder()))
    if (name === "weights" || name.startsWith("torch-"))
      symlinkSync(join(userCacheFolder(), name), join(cache, name));
  const pinned = existsSync("/usr/bin/taskset") ? ["taskset", "-c", values.core] : [];
  const env = { XDG_CACHE_HOME: join(folder, "cache"), OMP_NUM_THREADS: "1" };
  const python = (batch) => ({
    name: `onnxruntime, batch ${batch}`,
    command: [
      ...pinned,
      values.python,
      join(here, "features/pillow.py"),
      model,
      join(folder, "photos"),
      String(batch),
    ],
    env: { OMP_NUM_THREADS: "1" },
  });
  const rows = await race(
    [
      {
        name: "longtail",
        command: [...pinned, process.execPath, join(here, "features/longtail.mjs"), join(folder, "photos")],
        env,
      },
      python(1),
      python(8),
      python(32),
    ],
    { rounds: Number(values.rounds), unitsPerRound: 1, warmUp: 1 },
  );
  const images = Number(values.images);
  for (const { name, milliseconds, cpuMilliseconds, ratio, cpuRatio, check } of rows)
    console.log(
      `${name.padEnd(22)} ${((1000 * images) / milliseconds).toFixed(1).padStart(6)} images/s  ${((1000 * images) / cpuMilliseconds).toFixed(1).padStart(6)} per second of processor  ` +
        `longtail has ${ratio.median.toFixed(2)} times (${ratio.least.toFixed(2)} … ${ratio.most.toFixed(2)}), by processor time ${cpuRatio.median.toFixed(2)}  mean feature ${check}`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
