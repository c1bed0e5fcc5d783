import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Dataset } from "../dataset.js";
import { subset } from "../subset.js";
import { inspectImages } from "../vision.js";
import { fromNative, type Inspection, type InspectionCache } from "./inspection-cache.js";

/** A call of the addon takes about this long: between calls progress is shown and an interruption seen. */
const CALL_MS = 150;
const MAX_AT_ONCE = 4096;

export interface InspectOptions {
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
    const { pixels } = subset(dataset, indices);
    const inspected = await inspectImages(pixels, { threads, depth: "whole", signal });
    if (inspected === null) return null;
    const made = inspected.map(fromNative);
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
