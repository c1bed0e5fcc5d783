/** predict on a training of seconds: its forms, what is unsure, links by class, features, images that cannot be read. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportOnnx, load, train } from "../../index.js";
import { readSafetensors } from "../../torch/safetensors.js";
import { scope } from "../../torch/scope.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../../training/toy.fixture.js";
import { longtail, type Outcome } from "../cli.fixture.js";

let temporary: ReturnType<typeof temporaryFolder>;
let run = "";
let photographs = "";
beforeAll(async () => {
  temporary = temporaryFolder();
  run = join(temporary.path, "run");
  const data = join(temporary.path, "data");
  writeToyData(data);
  await train(toyRecipe(data), { out: run, threads: 1 });
  photographs = join(data, "test");
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

const predict = (...args: string[]): Promise<Outcome> => longtail("predict", run, ...args, "--threads", "1");
const lines = ({ stdout }: Outcome): string[] => stdout.trimEnd().split("\n");
const all = (): string[] =>
  readdirSync(photographs, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".png"))
    .sort()
    .map((name) => join(photographs, name));

describe("forms", () => {
  test("a table: a row for each image, two classes unless --top says more", async () => {
    const outcome = await predict(photographs, "--format", "table");
    expect(lines(outcome)[0]).toMatch(/^image +class +% +second +%$/);
    expect(lines(outcome)).toHaveLength(1 + all().length);
    expect(outcome.stderr).toMatch(/^12 images in \d+\.\d s, \d+\.\d images\/s\n$/);
  });

  test("CSV: quoted where it must be, with what cannot be read in a column of its own", async () => {
    const strange = join(temporary.path, 'a "bee", or two.png');
    writeFileSync(strange, readFileSync(all()[0]!));
    const damaged = join(temporary.path, "damaged.png");
    writeFileSync(damaged, readFileSync(strange).subarray(0, 60));
    const outcome = await predict(strange, damaged, "--format", "csv", "--top", "1");
    const [header, ...rows] = lines(outcome);
    expect(header).toBe("image,class_1,probability_1,error");
    expect(rows).toHaveLength(2);
    expect(rows.find((row) => row.startsWith('"'))).toMatch(
      /^"\S+a ""bee"", or two\.png",(ant|bee|cat),[01]\.\d{6},$/,
    );
    expect(rows.find((row) => !row.startsWith('"'))).toMatch(/^\S+damaged\.png,,,"\S.*damaged/);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("error: 1 of 2 images cannot be read; the others are predicted");
    expect((await predict(damaged)).stderr).toContain("error: 1 image: none can be read");
  });

  test("--json is JSON lines, and no other form", async () => {
    const outcome = await predict(photographs, "--json", "--top", "1");
    expect(lines(outcome).map((line) => (JSON.parse(line) as { image: string }).image)).toEqual(all());
    expect(await predict(photographs, "--json", "--format", "table")).toMatchObject({
      code: 2,
      stderr: "error: --json is --format jsonl; found --format table beside it\n",
    });
  });

  test("--quiet says nothing besides the results", async () => {
    expect((await predict(photographs, "--quiet")).stderr).toBe("");
  });
});

test("an ONNX file predicts as its run does, and takes no flags that are about a network", async () => {
  const file = join(temporary.path, "model.onnx");
  await exportOnnx(run, { out: file });
  const ofFile = await longtail("predict", file, photographs, "--json", "--threads", "1");
  const ofRun = await predict(photographs, "--json");
  interface Line {
    readonly image: string;
    readonly predictions: { readonly class: string; readonly probability: number }[];
  }
  const parsed = (outcome: Outcome): Line[] => lines(outcome).map((line) => JSON.parse(line) as Line);
  const wanted = parsed(ofRun);
  parsed(ofFile).forEach(({ image, predictions }, k) => {
    expect(image).toBe(wanted[k]!.image);
    expect(predictions.map((one) => one.class)).toEqual(wanted[k]!.predictions.map((one) => one.class));
    expect(predictions[0]!.probability).toBeCloseTo(wanted[k]!.predictions[0]!.probability, 4);
  });
  for (const [flag, ...value] of [["--uncalibrated"], ["--device", "cuda"]] as const)
    expect(await longtail("predict", file, photographs, flag, ...value)).toMatchObject({
      code: 2,
      stderr: `error: ${flag}: expected a run or a checkpoint, found the ONNX file ${file}, which is used as it was exported\n`,
    });
});

test("--unsure shows images whose best class is below it alone, the least sure first", async () => {
  const best = async (...args: string[]): Promise<number[]> =>
    lines(await predict(photographs, "--json", "--top", "1", ...args)).map(
      (line) => (JSON.parse(line) as { predictions: [{ probability: number }] }).predictions[0].probability,
    );
  const probabilities = (await best()).sort((a, b) => a - b);
  const limit = (probabilities[3]! + probabilities[4]!) / 2;
  expect(await best("--unsure", String(limit))).toEqual(probabilities.slice(0, 4));
  expect((await predict(photographs, "--unsure", "60")).code).toBe(2);
});

describe("--sort-into", () => {
  test("links every image in the folder of its class, once, and replaces nothing", async () => {
    const folder = join(temporary.path, "sorted");
    const [image] = all();
    const outcome = await predict(image!, "--sort-into", folder, "--json", "--top", "1");
    const { predictions } = JSON.parse(outcome.stdout) as { predictions: [{ class: string }] };
    const link = join(folder, predictions[0].class, "0.png");
    expect(readlinkSync(link)).toBe(image);
    await predict(image!, "--sort-into", folder);
    expect(readdirSync(join(folder, predictions[0].class))).toEqual(["0.png"]);
    const other = join(temporary.path, "other");
    mkdirSync(other);
    writeFileSync(join(other, "0.png"), readFileSync(image!));
    await predict(join(other, "0.png"), "--sort-into", folder);
    expect(readdirSync(join(folder, predictions[0].class))).toEqual(["0-2.png", "0.png"]);
    expect(readlinkSync(link)).toBe(image);
    expect(lstatSync(image!).isFile()).toBe(true);
  });

  test("a folder that cannot be made is an error that names it", async () => {
    const file = join(temporary.path, "a-file");
    writeFileSync(file, "");
    const { code, stderr } = await predict(all()[0]!, "--sort-into", file);
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot write ${file}`);
  });
});

test("--embed writes the features that the classifiers see, with the images' paths", async () => {
  const path = join(temporary.path, "features.safetensors");
  await predict(photographs, "--embed", path);
  using _scope = scope();
  const { tensors, metadata } = readSafetensors(path);
  expect(JSON.parse(metadata["images"]!)).toEqual(all());
  const features = tensors.get("features")!;
  using model = await load(run, { threads: 1 });
  const [first, , third] = await model.predict(all(), { features: true });
  const length = first!.features!.length;
  expect(features.shape).toEqual([12, length]);
  expect(new Set(first!.features).size).toBeGreaterThan(1);
  expect(features.toList().slice(2 * length, 3 * length)).toEqual([...third!.features!]);
  expect((await model.predict(all()[0]!)).features).toBeUndefined();
});

test("--embed of an ONNX file writes what it writes of the run", async () => {
  const file = join(temporary.path, "features.onnx");
  await exportOnnx(run, { out: file });
  const [ofFile, ofRun] = [join(temporary.path, "onnx.safetensors"), join(temporary.path, "run.safetensors")];
  const outcome = await longtail("predict", file, photographs, "--embed", ofFile);
  expect(outcome.code).toBe(0);
  await predict(photographs, "--embed", ofRun);
  using _scope = scope();
  const [found, expected] = [readSafetensors(ofFile), readSafetensors(ofRun)];
  expect(found.metadata["images"]).toBe(expected.metadata["images"]);
  const wanted = expected.tensors.get("features")!;
  expect(found.tensors.get("features")!.shape).toEqual(wanted.shape);
  const values = found.tensors.get("features")!.toList();
  wanted.toList().forEach((value, k) => expect(values[k]).toBeCloseTo(value, 4));
});

test("a full disk, or a folder that is none, loses no image and says why", async () => {
  const { code, stderr } = await predict(all()[0]!, "--embed", "/dev/full/features.safetensors");
  expect(code).toBe(1);
  expect(stderr).toContain("cannot write /dev/full/features.safetensors: a part of the path is a file");
  expect(existsSync("/dev/full/features.safetensors")).toBe(false);
});
