import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import { linesOf, readTextFile } from "./reading/text-file.js";
import {
  CIFAR_PIXELS,
  type CifarFile,
  type CifarKind,
  type CifarVersion,
  requireNames,
} from "./cifar-version.js";
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
export function binaryVersion(kind: CifarKind): CifarVersion {
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
        `${count} records and ${size % recordSize} bytes more.`,
    );
  }
  return {
    path,
    count,
    copyTo({ labels, bytes }) {
      const content = readFileSync(path);
      for (let record = 0; record < count; record++) {
        const start = record * recordSize + labelBytes;
        labels[record] = content[start - 1]!;
        bytes.set(content.subarray(start, start + CIFAR_PIXELS), record * CIFAR_PIXELS);
      }
    },
  };
}
