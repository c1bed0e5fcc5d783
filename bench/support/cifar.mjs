// CIFAR-100 of our own making, in the layout of its binary version, that both competitors read.
import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PIXELS = 3 * 32 * 32;

/** About so many images in all as class sizes of a long tail, imbalance 100. */
export function longTail(images, classes = 100) {
  const shares = Array.from({ length: classes }, (_, c) => 0.01 ** (c / (classes - 1)));
  const whole = shares.reduce((sum, share) => sum + share);
  return shares.map((share) => Math.max(1, Math.round((images * share) / whole)));
}

/** Writes train.bin and test.bin, images of noise; `train` and `test` are numbers of images of each class. */
export function writeNoise(folder, { train, test }) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "fine_label_names.txt"), train.map((_, c) => `class_${c}\n`).join(""));
  for (const [split, counts] of Object.entries({ train, test })) {
    const labels = inTurns(counts);
    writeSplit(folder, split, { labels, bytes: noise(labels.length * PIXELS) });
  }
}

/** A label of each class, then one of each that has more, and so on. */
function inTurns(counts) {
  return Array.from({ length: Math.max(...counts) }, (_, turn) =>
    counts.flatMap((count, c) => (count > turn ? [c] : [])),
  ).flat();
}

/** bytes: uint8 [N, 3, 32, 32] */
export function writeSplit(folder, split, { labels, bytes }) {
  const records = Buffer.alloc(labels.length * (2 + PIXELS)); // a coarse and a fine label, the pixels
  labels.forEach((label, i) => {
    records[i * (2 + PIXELS) + 1] = label;
    records.set(bytes.subarray(i * PIXELS, (i + 1) * PIXELS), i * (2 + PIXELS) + 2);
  });
  writeFileSync(join(folder, `${split}.bin`), records);
}

/** The same bytes each time: xorshift (Marsaglia, 2003). */
function noise(length) {
  let state = 2463534242;
  return new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  });
}
