import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../support/errors.js";
import { type Dataset, sharedBytes, type Split } from "../dataset.js";
import { binaryVersion } from "./cifar-binary.js";
import { pythonVersion } from "./cifar-python.js";
import {
  CIFAR,
  CIFAR_PIXELS,
  CIFAR_SIDE,
  type CifarFile,
  type CifarKind,
  type CifarVersion,
} from "./cifar-version.js";
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
