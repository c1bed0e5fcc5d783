import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import { type NumpyArray, readNumpyPickle } from "./numpy-pickle.js";
import type { Split } from "../dataset.js";

/** CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images", 2009). */
export type CifarKind = "cifar10" | "cifar100";

export const CIFAR = {
  cifar10: { title: "CIFAR-10", classes: 10 },
  cifar100: { title: "CIFAR-100", classes: 100 },
} as const;

export const CIFAR_SIDE = 32;
/** Bytes of an image: the red plane first, rows from top to bottom. */
export const CIFAR_PIXELS = 3 * CIFAR_SIDE * CIFAR_SIDE;

/** One of the forms that the publisher offers. */
export interface CifarVersion {
  /** The folder that the publisher's archive unpacks to. */
  readonly folder: string;
  readonly files: Readonly<Record<Split, RegExp>>;
  /** The files' names, for messages. */
  readonly layout: string;
  readNames(folder: string): string[];
  openFile(path: string): CifarFile;
}

/** A file of records; it is read when its labels and pixels are copied. */
export interface CifarFile {
  readonly path: string;
  readonly count: number;
  copyTo(target: { labels: Int32Array; bytes: Uint8Array }): void;
}

/** @throws DataError unless there are as many names as the data set has classes */
export function requireNames(path: string, names: readonly string[], kind: CifarKind): string[] {
  const { classes } = CIFAR[kind];
  if (names.length === classes) return [...names];
  throw new DataError(`${path}: expected ${classes} class names, found ${names.length}.`);
}

const FILES = {
  cifar10: {
    folder: "cifar-10-batches-py",
    files: { train: /^data_batch_\d+$/, test: /^test_batch$/ },
    layout: "data_batch_1 … data_batch_5, test_batch, batches.meta",
    names: { file: "batches.meta", key: "label_names" },
    labels: "labels",
  },
  cifar100: {
    folder: "cifar-100-python",
    files: { train: /^train$/, test: /^test$/ },
    layout: "train, test, meta",
    names: { file: "meta", key: "fine_label_names" },
    labels: "fine_labels",
  },
} as const;

/** The Python version: a pickled dictionary a file, of the pixels, uint8 [N, 3072], and a list of labels. */
export function pythonVersion(kind: CifarKind): CifarVersion {
  const { folder, files, layout, names, labels } = FILES[kind];
  return {
    ...{ folder, files, layout },
    readNames(from) {
      const path = join(from, names.file);
      if (!existsSync(path)) throw new DataError(`${path}: file not found; expected ${layout}.`);
      const found = readNumpyPickle(path).get(names.key);
      const texts = Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
      return requireNames(path, texts, kind);
    },
    openFile: (path) => batchFile(path, labels),
  };
}

function batchFile(path: string, labelsKey: string): CifarFile {
  const batch = readNumpyPickle(path);
  const data = batch.get("data");
  const labels = batch.get(labelsKey);
  if (!isPixels(data)) throw new DataError(`${path}: expected "data", uint8 [N, ${CIFAR_PIXELS}].`);
  const count = data.shape[0]!;
  if (!Array.isArray(labels) || !labels.every(Number.isInteger))
    throw new DataError(`${path}: expected "${labelsKey}", a list of whole numbers.`);
  if (labels.length !== count)
    throw new DataError(`${path}: expected a label for each of ${count} images, found ${labels.length}.`);
  return {
    path,
    count,
    copyTo: (target) => {
      target.labels.set(labels as number[]);
      target.bytes.set(data.bytes);
    },
  };
}

function isPixels(data: unknown): data is NumpyArray {
  const { type, shape = [], bytes } = (data ?? {}) as Partial<NumpyArray>;
  const [count, size] = shape;
  return (
    type === "u1" && shape.length === 2 && size === CIFAR_PIXELS && bytes?.length === count! * CIFAR_PIXELS
  );
}
