import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import type { Dataset, Split } from "../dataset.js";
import { sharedBytes } from "../shared-bytes.js";

/**
 * CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) in their publisher's binary version: records of one or two label bytes and
 * 3072 bytes of pixels, 32 x 32, the red plane first.
 */
interface Format {
  /** The folder that the publisher's archive unpacks to. */
  readonly folder: string;
  readonly train: RegExp;
  readonly test: RegExp;
  readonly names: string;
  readonly classes: number;
  /** Bytes before the pixels; the last of them is the label. */
  readonly labelBytes: number;
  readonly layout: string;
}

const FORMATS: Record<"cifar10" | "cifar100", Format> = {
  cifar10: {
    folder: "cifar-10-batches-bin",
    train: /^data_batch_\d+\.bin$/,
    test: /^test_batch\.bin$/,
    names: "batches.meta.txt",
    classes: 10,
    labelBytes: 1,
    layout: "data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt",
  },
  cifar100: {
    folder: "cifar-100-binary",
    train: /^train\.bin$/,
    test: /^test\.bin$/,
    names: "fine_label_names.txt",
    classes: 100,
    labelBytes: 2, // coarse, fine
    layout: "train.bin, test.bin, fine_label_names.txt",
  },
};

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

/** What the folder must hold, for messages. */
export function cifarLayout(kind: "cifar10" | "cifar100"): string {
  return `${kind === "cifar10" ? "CIFAR-10" : "CIFAR-100"}'s binary version: ${FORMATS[kind].layout}`;
}

/** Opens a split of the binary version in `root`, or in the archive's own folder inside it. */
export function openCifar(kind: "cifar10" | "cifar100", root: string, split: Split): Dataset {
  const format = FORMATS[kind];
  const folder = findFolder(root, kind, split);
  const classes = readNames(join(folder, format.names), format);
  const files = filesOf(folder, format[split]).map((name) => recordFile(join(folder, name), format));
  const size = files.reduce((sum, { count }) => sum + count, 0);
  const labels = new Int32Array(size);
  const bytes = sharedBytes(size * PIXELS);
  let start = 0;
  for (const file of files) {
    readRecords(file, format, {
      labels: labels.subarray(start, start + file.count),
      bytes: bytes.subarray(start * PIXELS),
    });
    start += file.count;
  }
  return {
    kind,
    root,
    split,
    classes,
    labels,
    size,
    pixels: { kind: "packed", bytes, height: SIDE, width: SIDE },
    describe: (index) => describeRecord(files, index),
  };
}

interface RecordFile {
  readonly path: string;
  readonly count: number;
}

function findFolder(root: string, kind: "cifar10" | "cifar100", split: Split): string {
  const format = FORMATS[kind];
  const candidates = [root, join(root, format.folder)];
  const folder = candidates.find((candidate) => filesOf(candidate, format[split]).length > 0);
  if (folder) return folder;
  throw new DataError(`${root}: expected ${cifarLayout(kind)}; found no file for the ${split} split.`);
}

function filesOf(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort();
}

function readNames(path: string, { classes, layout }: Format): string[] {
  if (!existsSync(path)) throw new DataError(`${path}: file not found; expected ${layout}.`);
  const names = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (names.length === classes) return names;
  throw new DataError(`${path}: expected ${classes} class names, one a line, found ${names.length}.`);
}

function recordFile(path: string, { labelBytes }: Format): RecordFile {
  const recordSize = labelBytes + PIXELS;
  const { size } = statSync(path);
  if (size > 0 && size % recordSize === 0) return { path, count: size / recordSize };
  throw new DataError(
    `${path}: expected whole records of ${recordSize} bytes, found ${size} bytes: ` +
      `${Math.floor(size / recordSize)} records and ${size % recordSize} bytes more.`,
  );
}

function readRecords(
  { path, count }: RecordFile,
  { labelBytes, classes }: Format,
  { labels, bytes }: { labels: Int32Array; bytes: Uint8Array },
): void {
  const content = readFileSync(path);
  for (let record = 0; record < count; record++) {
    const start = record * (labelBytes + PIXELS) + labelBytes;
    const label = content[start - 1] ?? 0;
    if (label >= classes) {
      throw new DataError(`${path}, record ${record}: expected a label below ${classes}, found ${label}.`);
    }
    labels[record] = label;
    bytes.set(content.subarray(start, start + PIXELS), record * PIXELS);
  }
}

function describeRecord(files: readonly RecordFile[], index: number): string {
  let record = index;
  for (const { path, count } of files) {
    if (record < count) return `${path}, record ${record}`;
    record -= count;
  }
  throw new RangeError(`expected an image below ${index - record}, received ${index}`);
}
