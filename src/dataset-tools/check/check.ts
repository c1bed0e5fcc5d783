import { DataError } from "../../support/errors.js";
import type { Dataset, DataSpec, Split } from "../../data/dataset.js";
import { openForCheck } from "../../data/registry.js";
import type { Finding } from "./finding.js";
import { find } from "./find.js";
import type { CheckedData, CheckedSplit } from "./images.js";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { subset } from "../../data/subset.js";
import { vision } from "../../data/vision.js";
import { fromNative, type Inspection, type InspectionCache } from "./inspection-cache.js";

/** A call of the addon takes about this long: between calls progress is shown and an interruption seen. */
const CALL_MS = 150;
const MAX_AT_ONCE = 4096;

interface InspectOptions {
  readonly threads: number;
  /** Where inspections of files are kept. */
  readonly cache: InspectionCache;
  readonly signal: AbortSignal;
  /** Called with the number of images that were looked at since the last call; those of the cache as `known`. */
  readonly onProgress: (done: { inspected: number; known: number }) => void;
}

/**
 * Looks at every image of a dataset, on several threads. Those of the cache are not looked at again.
 * @returns in the dataset's order; null when the signal ended it before, with what was done in the cache
 */
export async function inspectAll(dataset: Dataset, options: InspectOptions): Promise<Inspection[] | null> {
  const { cache, signal, threads, onProgress } = options;
  const keys = keysOf(dataset);
  const found = keys.map((key) => (key === null ? undefined : cache.get(key)));
  const open = [...found.keys()].filter((i) => found[i] === undefined);
  onProgress({ inspected: 0, known: dataset.size - open.length });
  for (let start = 0, size = 16 * threads; start < open.length;) {
    if (signal.aborted) return null;
    const indices = open.slice(start, start + size);
    const started = performance.now();
    const made = vision().inspectImages(subset(dataset, indices).pixels, threads, "whole").map(fromNative);
    indices.forEach((index, i) => (found[index] = made[i]));
    cache.add(entriesOf(indices, made, keys));
    onProgress({ inspected: made.length, known: 0 });
    start += size;
    size = nextSize(size, performance.now() - started);
    await nextTurn();
  }
  return found as Inspection[];
}

function nextSize(size: number, ms: number): number {
  return Math.min(MAX_AT_ONCE, Math.max(1, Math.round((size * CALL_MS) / Math.max(1, ms))));
}

function entriesOf(
  indices: readonly number[],
  made: readonly Inspection[],
  keys: readonly (string | null)[],
): [string, Inspection][] {
  return indices.flatMap((index, i): [string, Inspection][] => {
    const key = keys[index] ?? null;
    return key === null ? [] : [[key, made[i]!]];
  });
}

/** Key that identifies an image and changes with its file; null for images in memory, which are looked at quickly. */
function keysOf({ pixels, size }: Dataset): (string | null)[] {
  switch (pixels.kind) {
    case "files":
      return pixels.paths.map(fileKey);
    case "spans": {
      const files = pixels.files.map(fileKey);
      return Array.from(pixels.file, (which, i) => {
        const file = files[which] ?? null;
        return file && `${file}:${pixels.offsets[i]!}:${pixels.lengths[i]!}`;
      });
    }
    case "packed":
    case "encoded":
      return new Array<null>(size).fill(null);
    default:
      return pixels satisfies never;
  }
}

function fileKey(path: string): string | null {
  const status = statSync(path, { throwIfNoEntry: false });
  return status ? `${resolve(path)}:${status.size}:${status.mtimeMs}` : null;
}

export interface CheckOptions extends InspectOptions {
  /** Side of the square that the network sees; null when that is not known. */
  readonly imageSize: number | null;
  /** Bits in which hashes of near images may differ. */
  readonly bits: number;
  /** Called before the first image, with the number of all. */
  readonly onStart: (images: number) => void;
}

export interface CheckResult {
  readonly data: CheckedData;
  /** Errors first. */
  readonly findings: readonly Finding[];
}

const SPLITS = ["train", "test"] as const;

/**
 * Looks at every image of both splits and says what is wrong with the data.
 * @returns null when the signal ended it; what was done until then is in the cache
 */
export async function checkData(spec: DataSpec, options: CheckOptions): Promise<CheckResult | null> {
  const { datasets, problems } = await openSplits(spec);
  options.onStart(datasets.reduce((sum, { size }) => sum + size, 0));
  const data: Partial<Record<Split, CheckedSplit>> = {};
  for (const dataset of datasets) {
    const inspections = await inspectAll(dataset, options);
    if (inspections === null) return null;
    data[dataset.split] = { dataset, inspections };
  }
  return { data, findings: find(data, { ...options, problems }) };
}

/** The splits that can be opened, and why the others cannot. */
async function openSplits(
  spec: DataSpec,
): Promise<{ datasets: Dataset[]; problems: Partial<Record<Split, string>> }> {
  const datasets: Dataset[] = [];
  const problems: Partial<Record<Split, string>> = {};
  for (const split of SPLITS) {
    try {
      datasets.push(await openForCheck(spec, split));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems[split] = error.message;
    }
  }
  return { datasets, problems };
}
