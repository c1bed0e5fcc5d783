import { createHash, type Hash } from "node:crypto";
import { type Group, groupOf, type GroupRule } from "./groups.js";
import type { Dataset, Split } from "./dataset.js";
import { imagesLeftOut } from "./left-out.js";
import { classStatistics } from "./statistics.js";
import { sum } from "../support/math.js";
import { fromFolder, userCacheFolder } from "../support/paths.js";

/** What a split is, as a run writes it down. */
export interface DatasetCard {
  readonly kind: Dataset["kind"];
  readonly root: string;
  readonly split: Split;
  readonly images: number;
  /** Images that are left out. */
  readonly skipped: number;
  /** Images of the largest class over those of the smallest; null when a class has none. */
  readonly imbalance: number | null;
  /** Of the class sizes: 0 when all classes have the same size, towards 1 when one class has almost everything. */
  readonly gini: number;
  /** Classes and images by group; null for a test split, whose images say nothing of the groups. */
  readonly groups: Readonly<Record<Group, { readonly classes: number; readonly images: number }>> | null;
  /** See splitHash. */
  readonly hash: string;
  /** Hash of each class's image files, as a run writes it down; null for images in memory, not there in older runs. */
  readonly content?: readonly string[] | null;
  readonly classes: readonly string[];
  /** Images of each class. */
  readonly counts: readonly number[];
}

export function datasetCard(dataset: Dataset, rule: GroupRule): DatasetCard {
  const { kind, root, split, size, leftOut, classes } = dataset;
  const { counts, imbalance } = classStatistics(dataset);
  return {
    ...{ kind, root, split, images: size, skipped: imagesLeftOut(leftOut) },
    imbalance: Number.isFinite(imbalance) ? imbalance : null,
    gini: gini(counts),
    groups: split === "train" ? groupSizes(counts, rule) : null,
    hash: splitHash(dataset),
    classes,
    counts,
  };
}

/** The Gini coefficient 2 Σᵢ i·x₍ᵢ₎ / (C Σ x) − (C + 1) / C of C class sizes x, x₍₁₎ the smallest. */
export function gini(counts: readonly number[]): number {
  const total = sum(counts);
  if (total === 0) return 0;
  const sorted = [...counts].sort((a, b) => a - b);
  const weighted = sorted.reduce((sum, count, place) => sum + (place + 1) * count, 0);
  return Math.max(0, (2 * weighted) / (counts.length * total) - (counts.length + 1) / counts.length);
}

function groupSizes(counts: readonly number[], rule: GroupRule): DatasetCard["groups"] {
  const groups = groupOf(counts, rule);
  const sizeOf = (group: Group): { classes: number; images: number } => {
    const sizes = counts.filter((_, label) => groups[label] === group);
    return { classes: sizes.length, images: sizes.reduce((sum, size) => sum + size, 0) };
  };
  return { many: sizeOf("many"), medium: sizeOf("medium"), few: sizeOf("few") };
}

/**
 * SHA-256 of labels and images, in order: the labels as 32-bit little-endian integers; then of image files a line of
 * the path, below the data folder or the cache where it lies there; of parts of files a line of "path offset length"; of images in
 * memory the bytes. Moving the data folder does not change it, and image files are not read for it.
 */
export function splitHash({ root, labels, pixels }: Pick<Dataset, "root" | "labels" | "pixels">): string {
  const hash = createHash("sha256");
  const cache = userCacheFolder();
  hash.update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  const inside = (path: string): string => {
    const own = fromFolder(root, path);
    return own === path ? fromFolder(cache, path) : own;
  };
  switch (pixels.kind) {
    case "files":
      for (const path of pixels.paths) hash.update(`${inside(path)}\n`);
      break;
    case "spans": {
      const files = pixels.files.map(inside);
      pixels.file.forEach((file, index) => {
        hash.update(`${files[file] ?? ""} ${pixels.offsets[index] ?? 0} ${pixels.lengths[index] ?? 0}\n`);
      });
      break;
    }
    case "encoded":
      for (const offset of pixels.offsets) hash.update(`${offset}\n`);
      updateBytes(hash, pixels.bytes);
      break;
    case "packed":
      updateBytes(hash, pixels.bytes);
      break;
    default:
      pixels satisfies never;
  }
  return hash.digest("hex");
}

const PART = 1 << 28; // update takes no more than 2 GiB at once

function updateBytes(hash: Hash, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += PART) hash.update(bytes.subarray(start, start + PART));
}
