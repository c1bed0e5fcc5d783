import { appendFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openAllTraining } from "../registry.js";
import { dataSpec, jpeg, packedDataset, png, temporaryFolder, writeFiles } from "../testing.fixture.js";
import type { Dataset } from "../dataset.js";
import { inspectAll } from "./inspect-all.js";
import { InspectionCache } from "./inspection-cache.js";

interface Counts {
  inspected: number;
  known: number;
}

/** Inspects everything with a state file; gives what was done and found. */
async function run(dataset: Dataset, state: string, { resume = true, endAfter = Infinity } = {}) {
  const controller = new AbortController();
  const counts: Counts = { inspected: 0, known: 0 };
  const found = await inspectAll(dataset, {
    threads: 1,
    cache: InspectionCache.open(state, { resume }),
    signal: controller.signal,
    onProgress: ({ inspected, known }) => {
      counts.inspected += inspected;
      counts.known += known;
      if (counts.inspected >= endAfter) controller.abort();
    },
  });
  return { ...counts, found };
}

function photographs(folder: string, count: number): Promise<Dataset> {
  const files = Array.from({ length: count }, (_, i) => [
    `train/a/${String(i).padStart(3, "0")}.png`,
    png(4, 5, { value: (y, x) => (i + 40 * y + 9 * x) % 256 }),
  ]);
  writeFiles(folder, Object.fromEntries(files) as Record<string, Uint8Array>);
  return openAllTraining(dataSpec("image-folder", folder));
}

it("goes on where it was interrupted, and finds the same", async () => {
  using folder = temporaryFolder();
  const dataset = await photographs(folder.path, 60);
  const state = join(folder.path, "inspections.jsonl");
  const first = await run(dataset, state, { endAfter: 1 });
  expect(first.found).toBeNull();
  expect(first.inspected).toBeGreaterThan(0);
  expect(first.inspected).toBeLessThan(60);
  const second = await run(dataset, state);
  expect(second).toMatchObject({ known: first.inspected, inspected: 60 - first.inspected });
  const whole = await run(dataset, join(folder.path, "other.jsonl"));
  expect(second.found).toEqual(whole.found);
  expect(whole.found).toHaveLength(60);
});

it("looks again at what has changed, and at everything when told to", async () => {
  using folder = temporaryFolder();
  const dataset = await photographs(folder.path, 5);
  const state = join(folder.path, "inspections.jsonl");
  await run(dataset, state);
  writeFileSync(dataset.describe(2), jpeg());
  utimesSync(dataset.describe(4), 1, 1);
  const { found, ...counts } = await run(dataset, state);
  expect(counts).toEqual({ inspected: 2, known: 3 });
  expect(found?.map(({ format }) => format)).toEqual(["png", "png", "jpeg", "png", "png"]);
  expect(await run(dataset, state, { resume: false })).toMatchObject({ inspected: 5, known: 0 });
  expect(await run(dataset, state)).toMatchObject({ inspected: 0, known: 5 });
});

it("passes over lines that are not whole, and over another version's file", async () => {
  using folder = temporaryFolder();
  const dataset = await photographs(folder.path, 4);
  const state = join(folder.path, "inspections.jsonl");
  await run(dataset, state);
  const lines = readFileSync(state, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  writeFileSync(state, `${lines.slice(0, 4).join("\n")}\n${lines[4]!.slice(0, 90)}`);
  expect(await run(dataset, state)).toMatchObject({ inspected: 1, known: 3 });
  expect(await run(dataset, state)).toMatchObject({ inspected: 0, known: 4 });
  appendFileSync(state, "\nnull\n[1]\n");
  expect(await run(dataset, state)).toMatchObject({ inspected: 0, known: 4 });
  writeFileSync(state, lines.join("\n").replace(/"version":\d+/, '"version":0'));
  expect(await run(dataset, state)).toMatchObject({ inspected: 4, known: 0 });
});

it("images in memory are looked at every time", async () => {
  using folder = temporaryFolder();
  const dataset = packedDataset(9, 4, (image, byte) => (image * byte) % 256);
  const state = join(folder.path, "inspections.jsonl");
  for (let round = 0; round < 2; round++)
    expect(await run(dataset, state)).toMatchObject({ inspected: 9, known: 0 });
});
