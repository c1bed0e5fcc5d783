import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { datasetCard, type DatasetCard } from "../data/card.js";
import type { Split } from "../data/dataset.js";
import { UsageError } from "../support/errors.js";
import { assertFree, createRunFolder, freshRunFolder, type RunDescription } from "./run-folder.js";
import { temporaryFolder, toyRecipe } from "../training/toy.fixture.js";

let temporary: ReturnType<typeof temporaryFolder>;
let out: string;
beforeEach(() => {
  temporary = temporaryFolder();
  out = join(temporary.path, "run");
});
afterEach(() => {
  temporary[Symbol.dispose]();
});

function card(split: Split): DatasetCard {
  const dataset = { kind: "image-folder", root: "data", split, size: 1, classes: ["ant"] } as const;
  const pixels = { kind: "files", paths: ["data/ant/1.png"] } as const;
  return datasetCard({ ...dataset, labels: Int32Array.of(0), pixels, describe: () => "" }, "field");
}

const description: RunDescription = {
  recipe: toyRecipe("data"),
  seed: 0,
  device: "cpu",
  threads: 1,
  kernels: "libtorch",
  data: { train: card("train"), test: card("test") },
  versions: { longtail: "0.1.0", libtorch: "2.11.0", node: "v20" },
  command: ["longtail", "train", "toy"],
  started: "2026-01-01T00:00:00.000Z",
};

test("a new folder holds the description of the run", () => {
  const folder = createRunFolder(out, description);
  expect(JSON.parse(readFileSync(folder.recipe, "utf8"))).toEqual(description);
});

test("a folder that holds a run is refused, or moved aside when forced", () => {
  createRunFolder(out, description);
  writeFileSync(join(out, "result.json"), "precious");
  expect(() => {
    assertFree(out, { force: false });
  }).toThrow(UsageError);
  expect(() => {
    assertFree(out, { force: false });
  }).toThrow(`${out} already holds a run`);

  assertFree(out, { force: true });
  createRunFolder(out, description);
  assertFree(out, { force: true });
  createRunFolder(out, description);
  expect(readdirSync(temporary.path).sort()).toEqual(["run", "run.previous-1", "run.previous-2"]);
  expect(readFileSync(`${out}.previous-1/result.json`, "utf8")).toBe("precious");
});

test("a folder with other files is refused even when forced", () => {
  mkdirSync(out);
  assertFree(out, { force: false });
  writeFileSync(join(out, "thesis.txt"), "");
  expect(() => {
    assertFree(out, { force: true });
  }).toThrow(/holds files of no run \(thesis\.txt, for one\)/);
});

test("a file in the folder's place, or above it, is named", () => {
  writeFileSync(out, "");
  expect(() => {
    assertFree(out, { force: true });
  }).toThrow(`${out} is a file`);
  expect(() => createRunFolder(join(out, "below"), description)).toThrow(
    `cannot make the run's folder ${out}/below: ENOTDIR`,
  );
});

test("a fresh folder has a name that is not taken", () => {
  expect(freshRunFolder(out)).toBe(out);
  mkdirSync(out);
  mkdirSync(`${out}-2`);
  expect(freshRunFolder(out)).toBe(`${out}-3`);
});
