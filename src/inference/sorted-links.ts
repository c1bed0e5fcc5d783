import { lstatSync, readlinkSync, symlinkSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { writeFailure } from "../support/atomic-file.js";
import { systemCode } from "../support/errors.js";
import { makeFolder } from "../support/paths.js";

/** Characters that a folder's name cannot have on one system or another. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\0-\x1f\x7f/\\:*?"<>|]/g;

/**
 * A folder with a folder for each class, which holds links to images: to look through what a model found, or to hand on.
 * Images stay where they are, and nothing that is there is replaced.
 *
 * @example
 * const sorted = new SortedLinks("sorted", model.classes);
 * for await (const { image, predictions } of model.predictEach(paths)) sorted.add(image!, predictions[0]!.index);
 */
export class SortedLinks {
  readonly #folder: string;
  readonly #names: readonly string[];

  constructor(folder: string, classes: readonly string[]) {
    this.#folder = folder;
    this.#names = folderNames(classes);
  }

  /**
   * Links an image in its class's folder, under a name that is free; a link to it that is there already stays the only one.
   * Returns the link's path.
   *
   * @throws LongtailError when the folder cannot be written.
   */
  add(image: string, index: number): string {
    const target = resolve(image);
    const folder = join(this.#folder, this.#names[index]!);
    const extension = extname(target);
    const stem = basename(target, extension);
    try {
      makeFolder(folder);
      for (let count = 1; ; count += 1) {
        const path = join(folder, `${stem}${count === 1 ? "" : `-${count}`}${extension}`);
        if (isLinkTo(path, target) || linked(path, target)) return path;
      }
    } catch (error) {
      throw writeFailure(folder, error);
    }
  }
}

/** False where something has that name. */
function linked(path: string, target: string): boolean {
  try {
    symlinkSync(target, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

function isLinkTo(path: string, target: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target
  );
}

/** A folder's name for each class: the class's own where a file system takes it, and no two alike. */
function folderNames(classes: readonly string[]): string[] {
  const taken = new Set<string>();
  return classes.map((name, index) => {
    const safe = name.replace(UNSAFE, "_").replace(/^\.*$/, "_").replace(/^\.+/, "_");
    let free = safe;
    while (taken.has(free.toLowerCase())) free = `${free}-${index}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
