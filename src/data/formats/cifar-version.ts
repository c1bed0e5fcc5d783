import { DataError } from "../../support/errors.js";
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
