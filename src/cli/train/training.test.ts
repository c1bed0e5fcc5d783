import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainingEvent } from "../../runs/events.js";
import { codeHash } from "../../runs/versions.js";
import { longtail, type Outcome, quick, smallPhotographs } from "../cli.fixture.js";
/** Train, then evaluate and predict from what it left: one run for all tests here. */
let photographs = "";
let run = "";
let trained: Outcome;
beforeAll(async () => {
  photographs = smallPhotographs();
  run = join(photographs, "run");
  trained = await longtail(
    ...[
      "train",
      "caltech20-lt-ncl",
      "--data",
      photographs,
      "--out",
      run,
      "--seed",
      "3",
      "--threads",
      "1",
      "--json",
    ],
    ...[...quick, "--set", "method.hardCategories=2"],
  );
  expect(trained.stderr).toContain("finished in");
}, 120_000);
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(run, name), "utf8"));
}

test("train prints an event a line for machines and progress for people", () => {
  expect(trained.code).toBe(0);
  const events = trained.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainingEvent);
  expect(events[0]).toMatchObject({ type: "run", seed: 3, threads: 1, trainImages: 33, testImages: 12 });
  expect(events.at(-1)).toMatchObject({ type: "end", reason: "finished" });
  expect(trained.stderr).toContain("epoch 2/2");
});

test("the run's folder says how it was made", () => {
  expect(readJson("recipe.json")).toMatchObject({
    seed: 3,
    versions: { code: codeHash(), libtorch: "2.11.0", node: process.versions.node },
    data: { heldOutHash: null },
    recipe: { name: "caltech20-lt-ncl", epochs: 2, data: { root: photographs, dropLast: false } },
  });
  for (const name of ["metrics.jsonl", "result.json", "checkpoints/last.safetensors"]) {
    expect(existsSync(join(run, name)), name).toBe(true);
  }
});

test("the code's hash is of what runs, the same at every time", () => {
  expect(codeHash()).toMatch(/^[0-9a-f]{64}$/);
  expect(codeHash()).toBe(codeHash());
});

test("evaluate finds what training found, from the folder and from the checkpoint", async () => {
  const { ensemble, experts, loss, confusion } = readJson("result.json") as Record<string, unknown>;
  for (const from of [run, join(run, "checkpoints/last.safetensors")]) {
    const { code, stdout, stderr } = await longtail("evaluate", from, "--threads", "1", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ensemble, experts, loss, confusion, images: 12 });
    expect(stderr).toMatch(/ensemble .*\nexpert 1/);
    expect(stderr).toMatch(/over classes, % +balanced +harmonic mean +worst class +macro F1 +top 5\n/);
  }
  const { stdout } = await longtail("evaluate", run, "--split", "train");
  expect(stdout).toContain("33 train images");
});

test("predict gives classes and probabilities, most probable first", async () => {
  const images = ["airplanes", "scorpion"].map(testImage);
  const { code, stdout } = await longtail("predict", run, ...images, "--json");
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { image: string; predictions: { probability: number }[] });
  expect(lines.map(({ image }) => image)).toEqual(images);
  for (const { predictions } of lines) {
    const probabilities = predictions.map(({ probability }) => probability);
    expect(probabilities).toHaveLength(3);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    expect(probabilities.reduce((sum, one) => sum + one)).toBeCloseTo(1, 5);
  }
  const people = await longtail("predict", run, images[0]!, "--top", "1");
  expect(people.stdout).toMatch(/^.*\.jpg\n +\d+\.\d % {2}\w+\n$/);
});

test("an image that is none is named", async () => {
  const { code, stderr } = await longtail("predict", run, join(run, "recipe.json"));
  expect(stderr).toContain(join(run, "recipe.json"));
  expect(code).toBe(1);
});

test("a folder that holds a run is not written over", async () => {
  const again = await longtail("train", "caltech20-lt-ce", "--data", photographs, "--out", run, ...quick);
  expect(again.stderr).toContain("already holds a run");
  expect(again.code).toBe(2);
});

/** The path of a class's first test image. */
function testImage(name: string): string {
  const folder = join(photographs, "test", name);
  return join(folder, readdirSync(folder).sort()[0]!);
}
