import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { DataError, systemCode } from "../support/errors.js";
import { isObject } from "../support/json.js";
import type { Dataset } from "./dataset.js";
import type { SplitIndices } from "./split.js";
import { imagesByClass } from "./statistics.js";

/** Test images that were taken from data without any, as a run keeps them in split.json. */
export interface TestSplit {
  /** Of the format of this file. */
  readonly version: 1;
  /** SHA-256 of the names below, a line each: the split's identity. */
  readonly hash: string;
  /** Of the choice; null for a split that was read from a file. */
  readonly fraction: number;
  readonly seed: number;
  /** Number of images that stay for training. */
  readonly trainImages: number;
  /** The test images: paths from the data folder, or where an image lies in a file there. */
  readonly test: readonly string[];
}

/** The file's name in a run's folder. */
export const SPLIT_FILE = "split.json";

/** A class never gives more than this fraction of its images. */
const MAX_OF_CLASS = 1 / 3;

/**
 * Takes test images from data that has none. Each class gives as many as the others, `fraction` of the mean class size,
 * but at most a third of its own; one where it has two or more. Images that are nearly the same stay together, in training
 * where they are of several classes. The seed and the images' names decide which ones, so that adding images moves few.
 *
 * @param alike groups of images that are nearly the same.
 */
export function chooseTestImages(
  dataset: Dataset,
  { fraction, seed, alike }: { fraction: number; seed: number; alike: readonly (readonly number[])[] },
): SplitIndices {
  const { labels, classes, size } = dataset;
  const groupOf = new Map<number, readonly number[]>();
  for (const group of alike) for (const index of group) groupOf.set(index, group);
  const perClass = Math.max(1, Math.round((fraction * size) / classes.length));
  const isTaken = new Uint8Array(size);
  for (const images of imagesByClass(labels, classes.length)) {
    let left = testSize(images.length, perClass);
    for (const index of byName(dataset, images, seed)) {
      const group = groupOf.get(index) ?? [index];
      const isFirst = isTaken[index] === 0 && group[0] === index;
      if (!isFirst || group.length > left || group.some((other) => labels[other] !== labels[index])) continue;
      for (const other of group) isTaken[other] = 1;
      left -= group.length;
    }
  }
  const all = Array.from(labels, (_, index) => index);
  return { kept: all.filter((i) => !isTaken[i]), taken: all.filter((i) => isTaken[i]) };
}

function testSize(images: number, perClass: number): number {
  if (images < 2) return 0;
  return Math.min(perClass, Math.max(1, Math.floor(MAX_OF_CLASS * images)));
}

/** A class's images in an order that the seed and their names decide. */
function byName(dataset: Dataset, images: readonly number[], seed: number): number[] {
  const keyed = images.map((index) => {
    const key = createHash("sha256")
      .update(`${seed} ${imageName(dataset, index)}`)
      .digest("hex");
    return { index, key };
  });
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ index }) => index);
}

/** An image's name in its data folder, wherever that is. */
function imageName({ root, describe }: Pick<Dataset, "root" | "describe">, index: number): string {
  const where = describe(index);
  const below = relative(root, where);
  return below.startsWith("..") || isAbsolute(below) ? where : below;
}

/** What a run writes down of a split. */
export function describeSplit(
  dataset: Dataset,
  { kept, taken }: SplitIndices,
  { fraction, seed }: Pick<TestSplit, "fraction" | "seed">,
): TestSplit {
  const test = taken.map((index) => imageName(dataset, index));
  return { version: 1, hash: hashOf(test), fraction, seed, trainImages: kept.length, test };
}

function hashOf(names: readonly string[]): string {
  return createHash("sha256")
    .update(
      [...names]
        .sort()
        .map((name) => `${name}\n`)
        .join(""),
    )
    .digest("hex");
}

/**
 * A split that an earlier run wrote: its folder, or the file.
 * @throws DataError for anything else
 */
export function readTestSplit(path: string): TestSplit {
  const file = existsSync(join(path, SPLIT_FILE)) ? join(path, SPLIT_FILE) : path;
  const split = parse(file);
  if (!isObject(split) || split["version"] !== 1 || !Array.isArray(split["test"]))
    throw new DataError(
      `${file}: expected a split that a run wrote (${SPLIT_FILE}: version 1 and a list "test"), found something else.`,
    );
  const found = split as unknown as TestSplit;
  if (hashOf(found.test) === found.hash) return found;
  throw new DataError(
    `${file}: expected the names of hash ${found.hash}, found others: the file was changed.`,
  );
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = systemCode(error) === "ENOENT" ? "file not found" : (error as Error).message;
    throw new DataError(
      `${file}: ${reason}; expected a run's folder or its ${SPLIT_FILE} (data.testSplit.file).`,
      { cause: error },
    );
  }
}

/**
 * The test images of a split that was made before; images that are new since are for training.
 * @throws DataError where images of it are gone
 */
export function applyTestSplit(dataset: Dataset, split: TestSplit, file: string): SplitIndices {
  const { indices, missing } = matched(dataset, split);
  const [gone] = missing;
  if (gone === undefined) return indices;
  throw new DataError(
    `${dataset.root}: expected the ${split.test.length} test images of ${file}, found ${indices.taken.length}; ` +
      `${missing.size} are missing, such as ${gone}. Put them back, or make a new split (data.testSplit.file=null).`,
  );
}

/** The same; null where images of it are gone: it is other data. */
export function findTestSplit(dataset: Dataset, split: TestSplit): SplitIndices | null {
  const { indices, missing } = matched(dataset, split);
  return missing.size === 0 ? indices : null;
}

function matched(
  dataset: Dataset,
  { test }: TestSplit,
): { indices: SplitIndices; missing: ReadonlySet<string> } {
  const missing = new Set(test);
  const [kept, taken]: [number[], number[]] = [[], []];
  for (let index = 0; index < dataset.size; index++)
    (missing.delete(imageName(dataset, index)) ? taken : kept).push(index);
  return { indices: { kept, taken }, missing };
}
