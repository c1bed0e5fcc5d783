import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import {
  CIFAR_PIXELS,
  type CifarFile,
  type CifarKind,
  type CifarVersion,
  requireNames,
} from "./cifar-version.js";
import { type NumpyArray, readNumpyPickle } from "./numpy-pickle.js";
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
