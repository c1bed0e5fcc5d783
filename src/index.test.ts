/** The library on a training of seconds: what it finds, and what it says to bad input. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { goldenPath } from "../test/support/golden.js";
import { vision } from "./data/vision.js";
import {
  compare,
  evaluate,
  exportModel,
  type ImageInput,
  load,
  openDataset,
  type RawImage,
  reproduce,
  train,
  type TrainedModel,
  trainSeeds,
} from "./index.js";
import { readDescription } from "./runs/read-run.js";
import { memory, scope } from "./torch/scope.js";
import { getKernels, setKernels } from "./torch/settings.js";
import { Tensor } from "./torch/tensor.js";
import { referenceRecipe, writeTenClasses } from "./training/reference.fixture.js";
import { temporaryFolder, toyRecipe, writeToyData } from "./training/toy.fixture.js";

let temporary: ReturnType<typeof temporaryFolder>;
let root = "";
let run = "";
let model: TrainedModel;
let paths: string[] = [];
beforeAll(async () => {
  temporary = temporaryFolder();
  root = join(temporary.path, "data");
  run = join(temporary.path, "run");
  writeToyData(root);
  const selection = { kind: "held-out", fraction: 0.25, seed: 0, patience: null } as const;
  const { reason } = await train(toyRecipe(root, { selection }), { out: run, threads: 1 });
  expect(reason).toBe("finished");
  model = await load(run, { threads: 1 });
  paths = ["ant", "bee", "cat"].flatMap((name) => {
    const folder = join(root, "test", name);
    return readdirSync(folder).map((file) => join(folder, file));
  });
});
afterAll(() => {
  model[Symbol.dispose]();
  temporary[Symbol.dispose]();
});

/** The message of what an input is refused with, without the folder's name. */
async function refused(action: () => Promise<unknown>): Promise<string> {
  const error: unknown = await action().then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  return String(error).replaceAll(temporary.path, "DIR");
}

/** The pixels of a file, row by row. */
function pixelsOf(path: string): RawImage {
  using _scope = scope();
  const tensor = new Tensor(vision().decodeImage(path));
  const [height, width] = tensor.shape as [number, number];
  return { data: tensor.toArray() as Uint8Array, width, height, channels: 3 };
}

describe("predict", () => {
  test("gives the same of a path, its file's content and its pixels, in any mixture", async () => {
    const [one, two, three] = paths as [string, string, string];
    const { live } = memory();
    const expected = await model.predict([one, two, three]);
    expect(expected.map(({ image }) => image)).toEqual([one, two, three]);
    const rgba = (image: RawImage): RawImage => {
      const data = new Uint8ClampedArray((image.data.length / 3) * 4);
      data.forEach((_, at) => (data[at] = at % 4 === 3 ? 7 : image.data[Math.floor(at / 4) * 3 + (at % 4)]!));
      return { ...image, data, channels: 4 };
    };
    const mixtures: ImageInput[][] = [
      [readFileSync(one), readFileSync(two), new Uint8Array(readFileSync(three))],
      [pixelsOf(one), rgba(pixelsOf(two)), pixelsOf(three)],
      [pixelsOf(one), two, readFileSync(three)],
      [readFileSync(one), pixelsOf(two), three],
    ];
    for (const images of mixtures) {
      const found = await model.predict(images);
      expect(found.map(({ predictions }) => predictions)).toEqual(expected.map((each) => each.predictions));
    }
    const { image, predictions, calibrated } = await model.predict(readFileSync(one), { top: 2 });
    expect({ image, calibrated }).toEqual({ image: null, calibrated: false });
    expect(predictions).toHaveLength(2);
    expect(predictions[0]).toMatchObject({ class: expected[0]!.predictions[0]!.class });
    expect(predictions[0]!.class).toBe(model.classes[predictions[0]!.index]);
    expect(memory().live).toBe(live);
  });

  test("of gray pixels is that of the same gray in color", async () => {
    const gray = {
      data: Uint8Array.from({ length: 256 }, (_, i) => i),
      width: 16,
      height: 16,
      channels: 1,
    } as const;
    const data = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    const [first, second] = await model.predict([gray, { ...gray, data, channels: 3 }]);
    expect(second!.predictions.map(({ probability }) => probability)).toEqual(
      first!.predictions.map(({ probability }) => expect.closeTo(probability, 6) as number),
    );
  });

  test("gives the event loop a turn in every batch, and comes one by one", async () => {
    const images = Array.from({ length: 40 }, (_, i) => paths[i % paths.length]!);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    const turnsAtBatches: number[] = [];
    let seen = 0;
    for await (const _ of model.predictEach(images, { batch: 4 })) {
      if (seen++ % 4 === 0) turnsAtBatches.push(turns);
    }
    clearInterval(timer);
    expect(seen).toBe(40);
    expect(turnsAtBatches).toHaveLength(10);
    turnsAtBatches.slice(1).forEach((turn, batch) => {
      expect(turn).toBeGreaterThan(turnsAtBatches[batch]!); // timers ran between every two batches
    });
  });

  test("of lists that come over time, two at once, and none", async () => {
    async function* stream(): AsyncGenerator<string> {
      for (const path of paths.slice(0, 3)) yield await Promise.resolve(path);
    }
    const streamed: unknown[] = [];
    for await (const one of model.predictEach(stream(), { batch: 2 })) streamed.push(one);
    const [whole, again] = await Promise.all([
      model.predict(paths.slice(0, 3), { batch: 2 }),
      model.predict(paths.slice(0, 3), { batch: 2 }),
    ]);
    expect(streamed).toEqual(whole);
    expect(again).toEqual(whole);
    expect(await model.predict([])).toEqual([]);
  });

  test("takes prior and tau", async () => {
    const image = paths[0]!;
    const bees = await model.predict(image, { prior: { ant: 1e-6, bee: 1e6, cat: 1e-6 } });
    expect(bees.predictions[0]!.class).toBe("bee");
    const plain = await model.predict(image);
    expect(await model.predict(image, { tau: 0 })).toEqual(plain);
    expect(await model.predict(image, { tau: 1 })).not.toEqual(plain);
  });

  test("says what is wrong with an input", async () => {
    const text = join(root, "notes.txt");
    writeFileSync(text, "no image");
    const [good] = paths as [string];
    const broken = readFileSync(good).subarray(0, 40);
    const raw = pixelsOf(good);
    expect({
      brokenBuffer: await refused(() => model.predict([good, broken])),
      emptyBuffer: await refused(() => model.predict(Buffer.alloc(0))),
      later: await refused(() => model.predict([good, good, good, broken], { batch: 2 })),
      noImage: await refused(() => model.predict(text)),
      noFile: await refused(() => model.predict(join(root, "none.jpg"))),
      wrongSize: await refused(() => model.predict({ ...raw, width: 17 })),
      wrongChannels: await refused(() => model.predict({ ...raw, channels: 2 as 3 })),
      noInput: await refused(() => model.predict([good, 7 as unknown as string])),
      otherObject: await refused(() => model.predict({ src: "a.jpg" } as unknown as string)),
      top: await refused(() => model.predict(good, { top: 0 })),
      batch: await refused(() => model.predict(good, { batch: 0.5 })),
      prior: await refused(() => model.predict(good, { prior: { ant: 1, bee: 1 } })),
      tau: await refused(() => model.predict(good, { tau: 1, prior: "uniform" })),
    }).toMatchInlineSnapshot(`
      {
        "batch": "UsageError: batch: expected a whole number >= 1, found 0.5.",
        "brokenBuffer": "DataError: image 1: cannot be decoded, the file is damaged or truncated",
        "emptyBuffer": "DataError: image 0: the file is empty",
        "later": "DataError: image 3: cannot be decoded, the file is damaged or truncated",
        "noFile": "DataError: DIR/data/none.jpg: cannot be read: No such file or directory",
        "noImage": "DataError: DIR/data/notes.txt: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found text",
        "noInput": "UsageError: image 1: expected a path, a Buffer or Uint8Array of an image file, or pixels { data, width, height, channels }, found a number.",
        "otherObject": "UsageError: image 0: expected a path, a Buffer or Uint8Array of an image file, or pixels { data, width, height, channels }, found an object with src.",
        "prior": "DataError: prior: expected a weight for each of 3 classes, found none for 1 of them: "cat".",
        "tau": "UsageError: tau: expected no prior beside it, found both; choose one of them.",
        "top": "UsageError: top: expected a whole number >= 1, found 0.",
        "wrongChannels": "DataError: image 0: expected pixels of a width and a height above 0 and 1, 3 or 4 channels, found width 16, height 16, channels 2.",
        "wrongSize": "DataError: image 0: expected 816 bytes of pixels (17 x 16 x 3), found 768.",
      }
    `);
  });

  test("an aborted signal ends it where no image can be read, too", async () => {
    const controller = new AbortController();
    const damaged = [1, 2, 3].map(() => new Uint8Array([1, 2, 3]));
    const onUnreadable = vi.fn(() => controller.abort(new Error("enough")));
    const { signal } = controller;
    await expect(model.predict(damaged, { batch: 1, signal, onUnreadable })).rejects.toThrow("enough");
    expect(onUnreadable).toHaveBeenCalledTimes(1);
  });

  test("an aborted signal ends it with its reason, before the first batch or between two", async () => {
    const { live } = memory();
    const early = model.predict(paths, { signal: AbortSignal.abort() });
    await expect(early).rejects.toMatchObject({ name: "AbortError" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: unknown[] = [];
    const late = (async () => {
      for await (const one of model.predictEach(paths, { batch: 2, signal: controller.signal })) {
        seen.push(one);
        controller.abort(reason);
      }
    })();
    await expect(late).rejects.toBe(reason);
    expect(seen).toHaveLength(2); // the batch that was ready
    expect(memory().live).toBe(live);
  });

  test("after disposal says so", async () => {
    const { live } = memory();
    const other = await load(join(run, "checkpoints/last.safetensors"));
    other[Symbol.dispose]();
    other[Symbol.dispose]();
    expect(memory().live).toBe(live);
    expect(await refused(() => other.predict(paths))).toMatchInlineSnapshot(
      `"LongtailError: the model of DIR/run/checkpoints/last.safetensors was disposed of; load it again to use it."`,
    );
  });
});

test("evaluate is what the run found; calibrated predictions follow it", async () => {
  const stored = JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as { ensemble: unknown };
  const progress: string[] = [];
  const found = await evaluate(run, {
    calibrate: "global",
    prior: "train",
    onProgress: ({ images, done, total }) => progress.push(`${images} ${done}/${total}`),
  });
  expect(found.ensemble).toEqual(stored.ensemble);
  expect(found.prior).toMatchObject({ name: "train", shares: [24, 12, 6] });
  expect(found.calibration).toMatchObject({ images: 11, file: join(run, "calibration.json") });
  expect([progress[0], progress.at(-1)]).toEqual(["held-out 8/11", "test 12/12"]);
  using calibrated = await load(run);
  expect(calibrated.calibration).toMatchObject({ fits: true, images: 11 });
  const first = await calibrated.predict(paths[0]!);
  const plain = await calibrated.predict(paths[0]!, { calibrate: false });
  expect([first.calibrated, plain.calibrated]).toEqual([true, false]);
  expect(plain).toEqual(await model.predict(paths[0]!));
  expect(first.predictions).not.toEqual(plain.predictions);
  const { tau } = await evaluate(run, { tau: [0, 1] });
  expect(tau).toMatchObject([{ tau: 0, ensemble: { all: found.ensemble.all } }, { tau: 1 }]);
  await expect(evaluate(run, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
});

test("a reproduction has the run's kernels, and continues the checkpoint that it did", async () => {
  const tenClasses = join(temporary.path, "ten-classes");
  writeTenClasses(tenClasses);
  const out = join(temporary.path, "continued");
  const from = goldenPath("reference_checkpoint.pth");
  const own = getKernels();
  await train(referenceRecipe(tenClasses), { out, threads: 1, kernels: "libtorch", from });
  setKernels(own);
  const { same, differences, again } = await reproduce(out);
  setKernels(own);
  expect({ same, differences }).toEqual({ same: true, differences: [] });
  expect(readDescription(again)).toMatchObject({ kernels: "libtorch", from: { file: from } });
});

test("a reproduction from other weights in the same file says so", async () => {
  const file = join(temporary.path, "start.safetensors");
  await exportModel(run, { format: "safetensors", out: file });
  const pretrained = { weights: null, file, load: "all", key: null } as const;
  const out = join(temporary.path, "started");
  await train(toyRecipe(root, { epochs: 1, pretrained }), { out, threads: 1 });
  const before = readDescription(out).pretrained;
  expect(before?.file).toBe(file);
  await exportModel(out, { format: "safetensors", out: file });
  const { differences, again } = await reproduce(out);
  const now = readDescription(again).pretrained;
  expect(now?.sha256).not.toBe(before?.sha256);
  expect(differences).toEqual([
    `weights to start from (pretrained.file): ${before!.sha256} then, ${now!.sha256} now`,
  ]);
});

test("seeds, their comparison and reproduction", async () => {
  const out = join(temporary.path, "seeds");
  const recipe = toyRecipe(root, { epochs: 1 });
  const started: string[] = [];
  const onStart = ({ seed, index, count }: { seed: number; index: number; count: number }): void =>
    void started.push(`${seed}: ${index + 1} of ${count}`);
  const { runs, ensemble } = await trainSeeds(recipe, { seeds: 2, out, threads: 1, onStart });
  expect(started).toEqual(["0: 1 of 2", "1: 2 of 2"]);
  expect(ensemble.all?.values).toHaveLength(2);
  const { groups } = await compare([out], { out: join(temporary.path, "compare.html") });
  expect(groups).toMatchObject([{ name: "toy", runs: [{ path: runs[0] }, { path: runs[1] }] }]);
  expect(readFileSync(join(temporary.path, "compare.html"), "utf8")).toContain("<h1>Comparison of 1 recipe");
  const { same, differences, again } = await reproduce(runs[0]!);
  expect({ same, differences, again }).toEqual({ same: true, differences: [], again: `${runs[0]!}-again` });
  expect({
    noSeeds: await refused(() => trainSeeds(recipe, { seeds: 0, out: join(out, "none") })),
    halfSeeds: await refused(() => trainSeeds(recipe, { seeds: 1.5, out: join(out, "none") })),
    oneRun: await refused(() => compare([runs[0]!])),
    noRuns: await refused(() => compare([])),
    notFinished: await refused(() => compare([root])),
    noRun: await refused(() => reproduce(root)),
  }).toMatchInlineSnapshot(`
    {
      "halfSeeds": "UsageError: seeds: expected a whole number >= 1, found 1.5.",
      "noRun": "LongtailError: DIR/data/recipe.json: expected a run's folder, but it cannot be read: ENOENT: no such file or directory, open 'DIR/data/recipe.json'",
      "noRuns": "UsageError: compare: expected two runs or more, or a folder that holds them, found none.",
      "noSeeds": "UsageError: seeds: expected a whole number >= 1, found 0.",
      "notFinished": "UsageError: DIR/data: expected a run's folder (with recipe.json), or a folder of such",
      "oneRun": "UsageError: compare: expected two runs or more, or a folder that holds them, found DIR/seeds/seed-0 alone; \`longtail report\` shows a single run.",
    }
  `);
  const aborted = trainSeeds(recipe, { seeds: 2, out: join(out, "aborted"), signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
});

test("weights go out to a file and come in again with their recipe", async () => {
  const out = join(temporary.path, "toy.pth");
  expect(await exportModel(run, { format: "pth", out })).toBe(join(run, "checkpoints/best.safetensors"));
  using imported = await load(out, { recipe: toyRecipe(root) });
  const [before, after] = [await model.predict(paths), await imported.predict(paths)];
  expect(after).toEqual(before);
});

test("a data set is opened by its recipe's keys", async () => {
  const { classes, labels, size } = await openDataset({ kind: "image-folder", root }, "train");
  expect({ classes, size, cats: labels.filter((label) => label === 2).length }).toEqual({
    classes: ["ant", "bee", "cat"],
    size: 42,
    cats: 6,
  });
});

test("load and openDataset say what is wrong", async () => {
  const withoutRecipe = join(temporary.path, "toy.pth");
  expect({
    noRun: await refused(() => load(root)),
    nothing: await refused(() => load(join(root, "none"))),
    noCheckpoint: await refused(() => load(join(root, "notes.txt"))),
    pth: await refused(() => load(withoutRecipe)),
    device: await refused(() => load(run, { device: "tpu" })),
    weights: await refused(() => load(run, { weights: "ema" })),
    both: await refused(() => load(run, { weights: "raw", recipe: "cifar10-lt-ce" })),
    noData: await refused(() => load(withoutRecipe, { recipe: "cifar10-lt-ce" })),
    prior: await refused(() => evaluate(run, { prior: "unifrom" })),
    tau: await refused(() => evaluate(run, { tau: -1 })),
    together: await refused(() => evaluate(run, { tau: 1, calibrate: "global" })),
    kind: await refused(() => openDataset({ kind: "folder" as "csv" }, "train")),
    noFolder: await refused(() => openDataset({ kind: "csv" }, "train")),
  }).toMatchInlineSnapshot(`
    {
      "both": "UsageError: weights chooses among a checkpoint's; a file that needs a recipe holds one kind",
      "device": "UsageError: Unknown device "tpu": expected one of cpu (what this machine and engine offer).",
      "kind": "UsageError: data.kind: expected one of cifar10, cifar100, image-folder, annotations, list, inaturalist, csv, parquet, webdataset, found "folder" (the data that was given)",
      "noCheckpoint": "CheckpointError: DIR/data/notes.txt: not a whole safetensors file: its header would have 7306916042974982000 bytes, the file has 8",
      "noData": "UsageError: recipe cifar10-lt-ce names no data folder; give it with the option data",
      "noFolder": "UsageError: No data folder: expected --data DIR.",
      "noRun": "CheckpointError: DIR/data holds no checkpoint; expected DIR/data/checkpoints/last.safetensors.",
      "nothing": "CheckpointError: DIR/data/none does not exist; expected a run's folder or a checkpoint file.",
      "prior": "UsageError: prior unifrom: expected uniform, train, reversed or a JSON or CSV file of a weight for each class, found none of that name. Did you mean uniform?",
      "pth": "CheckpointError: DIR/toy.pth is a PyTorch file, which does not say what network it is for; name its recipe with --recipe.",
      "tau": "UsageError: tau: expected numbers >= 0, found -1.",
      "together": "UsageError: tau: expected neither prior nor calibrate beside it, found one; evaluate them by themselves.",
      "weights": "CheckpointError: DIR/run/checkpoints/best.safetensors holds no moving averages: its recipe's key ema is null.",
    }
  `);
});
