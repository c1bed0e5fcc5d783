import { type Dirent, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { DataError } from "../../support/errors.js";
import { BadRecords } from "../bad-records.js";
import type { Dataset, DataSource, Split } from "../dataset.js";
/** Stands for bytes of a name that are not UTF-8: no file is found by such a name. */
const UNREADABLE = "\ufffd";

/** What the folder must look like, for messages. */
export const FOLDER_LAYOUT = "train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)";
const IMAGES = new Set([".jpg", ".jpeg", ".png", ".webp"]);
/** Images too, but none that can be decoded: passing over them in silence would lose data. */
const OTHER_IMAGES = new Set([".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".ppm"]);

/**
 * A folder a class: train/CLASS/*.jpg, test/CLASS/*.jpg. The classes are train's folders in sorted order; a class may
 * be without test images. Hidden files and files that are no images are passed over. What should not be there is an error
 * or, when the source is not strict, left out and counted; a class may then be without training images.
 */
export function openImageFolder(
  { root, strict }: Pick<DataSource, "root" | "strict">,
  split: Split,
): Dataset {
  const bad = new BadRecords({ strict });
  const classes = classFolders(join(root, "train"), new BadRecords({ strict }));
  const folder = join(root, split);
  const present = new Set(classFolders(folder, bad));
  if (split === "test") reportUnknown(present, classes, { root, bad });
  const paths: string[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const images = present.has(name) ? imagesOf(join(folder, name), bad) : [];
    if (images.length === 0 && split === "train" && strict) {
      throw new DataError(
        `${join(folder, name)}: expected at least one image (JPEG, PNG or WebP), found none.`,
      );
    }
    for (const path of images) {
      paths.push(path);
      labels.push(label);
    }
  });
  if (paths.length === 0) throw new DataError(`${folder}: expected images in its class folders, found none.`);
  return {
    kind: "image-folder",
    root,
    split,
    classes,
    labels: Int32Array.from(labels),
    size: paths.length,
    pixels: { kind: "files", paths },
    skipped: bad,
    describe: (index) => paths[index] ?? "",
  };
}

function classFolders(folder: string, bad: BadRecords): string[] {
  const entries = list(folder, bad);
  for (const { name, isFolder } of entries) {
    if (!isFolder && isImage(name))
      bad.report(`${join(folder, name)}: expected images inside class folders: ${FOLDER_LAYOUT}`);
  }
  const classes = entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (classes.length === 0)
    throw new DataError(`${folder}: expected class folders (${FOLDER_LAYOUT}), found none.`);
  return classes;
}

function imagesOf(folder: string, bad: BadRecords): string[] {
  const paths: string[] = [];
  for (const { name, isFolder } of list(folder, bad)) {
    const path = join(folder, name);
    const extension = extname(name).toLowerCase();
    if (isFolder) bad.report(`${path}: expected images, found a folder inside a class folder`);
    else if (OTHER_IMAGES.has(extension))
      bad.report(`${path}: expected JPEG, PNG or WebP images, found ${extname(name)}; convert it`);
    else if (isImage(name)) paths.push(path);
  }
  return paths;
}

function isImage(name: string): boolean {
  return IMAGES.has(extname(name).toLowerCase());
}

/** What is in a folder, sorted by code unit so that every machine numbers classes and images alike; nothing hidden. */
function list(folder: string, bad: BadRecords): { name: string; isFolder: boolean }[] {
  const entries = entriesOf(folder).filter(({ name }) => !name.startsWith("."));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    // Links, and what a file system says nothing about, are looked at: a file's status takes some microseconds.
    const isKnown = (entry.isFile() || entry.isDirectory()) && !entry.name.includes(UNREADABLE);
    const known = isKnown ? entry : statSync(path, { throwIfNoEntry: false });
    if (known) return [{ name: entry.name, isFolder: known.isDirectory() }];
    const fault = entry.isSymbolicLink() ? "a broken link" : "a name that is not UTF-8; rename it";
    bad.report(`${path}: expected a file or folder, found ${fault}`);
    return [];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new DataError(`${folder}: expected a folder (${FOLDER_LAYOUT}), found none that can be read.`, {
      cause: error,
    });
  }
}

function reportUnknown(
  found: ReadonlySet<string>,
  classes: readonly string[],
  { root, bad }: { root: string; bad: BadRecords },
): void {
  const known = new Set(classes);
  for (const name of found) {
    if (known.has(name)) continue;
    const [test, train] = [join(root, "test", name), join(root, "train", name)];
    bad.report(`${test}: class "${name}" has no training images; expected a folder ${train}`);
  }
}
