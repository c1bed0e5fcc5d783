import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import { type Dataset, sharedBytes, type Split } from "../dataset.js";
import {
  pythonVersion,
  CIFAR,
  CIFAR_PIXELS,
  CIFAR_SIDE,
  type CifarFile,
  type CifarKind,
  type CifarVersion,
  requireNames,
} from "./cifar-python.js";
import { linesOf, readBytes, readTextFile } from "./reading/text-file.js";
import { counted } from "../../support/text.js";

const FILES = {
  cifar10: {
    folder: "cifar-10-batches-bin",
    files: { train: /^data_batch_\d+\.bin$/, test: /^test_batch\.bin$/ },
    layout: "data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt",
    names: "batches.meta.txt",
    labelBytes: 1,
  },
  cifar100: {
    folder: "cifar-100-binary",
    files: { train: /^train\.bin$/, test: /^test\.bin$/ },
    layout: "train.bin, test.bin, fine_label_names.txt",
    names: "fine_label_names.txt",
    labelBytes: 2, // coarse, fine
  },
} as const;

/** The binary version: records of one or two label bytes, the last of them the label, and the pixels. */
function binaryVersion(kind: CifarKind): CifarVersion {
  const { folder, files, layout, names, labelBytes } = FILES[kind];
  return {
    ...{ folder, files, layout },
    readNames(from) {
      const path = join(from, names);
      if (!existsSync(path)) throw new DataError(`${path}: file not found; expected ${layout}.`);
      const lines = linesOf(readTextFile(path)).map((line) => line.trim());
      return requireNames(
        path,
        lines.filter((line) => line !== ""),
        kind,
      );
    },
    openFile: (path) => recordFile(path, labelBytes),
  };
}

function recordFile(path: string, labelBytes: number): CifarFile {
  const recordSize = labelBytes + CIFAR_PIXELS;
  const { size } = statSync(path);
  const count = Math.floor(size / recordSize);
  if (size === 0 || size % recordSize !== 0) {
    throw new DataError(
      `${path}: expected whole records of ${recordSize} bytes, found ${size} bytes: ` +
        `${counted(count, "record")} and ${counted(size % recordSize, "byte")} more.`,
    );
  }
  return {
    path,
    count,
    copyTo({ labels, bytes }) {
      const content = readBytes(path);
      for (let record = 0; record < count; record++) {
        const start = record * recordSize + labelBytes;
        labels[record] = content[start - 1]!;
        bytes.set(content.subarray(start, start + CIFAR_PIXELS), record * CIFAR_PIXELS);
      }
    },
  };
}

const versions = (kind: CifarKind): CifarVersion[] => [binaryVersion(kind), pythonVersion(kind)];

/** What the folder must hold, for messages. */
export function cifarLayout(kind: CifarKind): string {
  const [binary, python] = versions(kind).map(({ layout }) => layout);
  return `${CIFAR[kind].title}'s binary version (${binary}) or its Python version (${python})`;
}

/** Opens a split of either version in `root`, or in the archive's own folder inside it. */
export function openCifar(kind: CifarKind, root: string, split: Split): Dataset {
  const { version, folder } = findVersion(kind, root, split);
  const classes = version.readNames(folder);
  const files = filesOf(folder, version.files[split]).map((name) => version.openFile(join(folder, name)));
  const size = files.reduce((sum, { count }) => sum + count, 0);
  const labels = new Int32Array(size);
  const bytes = sharedBytes(size * CIFAR_PIXELS);
  let start = 0;
  for (const file of files) {
    file.copyTo({
      labels: labels.subarray(start, start + file.count),
      bytes: bytes.subarray(start * CIFAR_PIXELS),
    });
    requireLabels(file.path, labels.subarray(start, start + file.count), classes.length);
    start += file.count;
  }
  return {
    ...{ kind, root, split, classes, labels, size },
    pixels: { kind: "packed", bytes, height: CIFAR_SIDE, width: CIFAR_SIDE },
    describe: (index) => describeRecord(files, index),
  };
}

function findVersion(kind: CifarKind, root: string, split: Split): { version: CifarVersion; folder: string } {
  for (const version of versions(kind)) {
    for (const folder of [root, join(root, version.folder)])
      if (filesOf(folder, version.files[split]).length > 0) return { version, folder };
  }
  throw new DataError(`${root}: expected ${cifarLayout(kind)}; found no file for the ${split} split.`);
}

function filesOf(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory()) // an image folder has a train, too
    .map(({ name }) => name)
    .filter((name) => pattern.test(name))
    .sort();
}

function requireLabels(path: string, labels: Int32Array, classes: number): void {
  const record = labels.findIndex((label) => label < 0 || label >= classes);
  if (record < 0) return;
  throw new DataError(
    `${path}, record ${record}: expected a label below ${classes}, found ${labels[record] ?? ""}.`,
  );
}

function describeRecord(files: readonly CifarFile[], index: number): string {
  let record = index;
  for (const { path, count } of files) {
    if (record < count) return `${path}, record ${record}`;
    record -= count;
  }
  throw new RangeError(`expected an image below ${index - record}, received ${index}`);
}
