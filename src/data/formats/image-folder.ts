import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { DataError } from "../../support/errors.js";
import type { Dataset, Split } from "../dataset.js";

/** What the folder must look like, for messages. */
export const FOLDER_LAYOUT = "train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)";
const IMAGES = new Set([".jpg", ".jpeg", ".png", ".webp"]);
/** Images too, but none that can be decoded: passing over them in silence would lose data. */
const OTHER_IMAGES = new Set([".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".ppm"]);

/**
 * A folder a class: train/CLASS/*.jpg, test/CLASS/*.jpg. The classes are train's folders in sorted order; a class may
 * be without test images. Hidden files and files that are no images are passed over.
 */
export function openImageFolder(root: string, split: Split): Dataset {
  const trainFolder = join(root, "train");
  const classes = classFolders(trainFolder);
  const folder = join(root, split);
  if (split === "test") requireKnown(classFolders(folder), classes, { folder, trainFolder });
  const present = new Set(classFolders(folder));
  const paths: string[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const images = present.has(name) ? imagesOf(join(folder, name)) : [];
    if (images.length === 0 && split === "train") {
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
    describe: (index) => paths[index] ?? "",
  };
}

function classFolders(folder: string): string[] {
  const entries = list(folder);
  const image = entries.find(({ name, isFolder }) => !isFolder && isImage(name));
  if (image) {
    throw new DataError(
      `${join(folder, image.name)}: expected images inside class folders: ${FOLDER_LAYOUT}.`,
    );
  }
  const classes = entries.filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (classes.length === 0)
    throw new DataError(`${folder}: expected class folders (${FOLDER_LAYOUT}), found none.`);
  return classes;
}

function imagesOf(folder: string): string[] {
  const paths: string[] = [];
  for (const { name, isFolder } of list(folder)) {
    const path = join(folder, name);
    if (isFolder) throw new DataError(`${path}: expected images, found a folder inside a class folder.`);
    if (OTHER_IMAGES.has(extname(name).toLowerCase())) {
      throw new DataError(`${path}: expected JPEG, PNG or WebP images, found ${extname(name)}; convert it.`);
    }
    if (isImage(name)) paths.push(path);
  }
  return paths;
}

function isImage(name: string): boolean {
  return IMAGES.has(extname(name).toLowerCase());
}

/** What is in a folder, sorted by code unit so that every machine numbers classes and images alike; nothing hidden. */
function list(folder: string): { name: string; isFolder: boolean }[] {
  const names = namesIn(folder).filter((name) => !name.startsWith("."));
  return names.sort().map((name) => {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    if (!status)
      throw new DataError(`${join(folder, name)}: expected a file or folder, found a broken link.`);
    return { name, isFolder: status.isDirectory() };
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new DataError(`${folder}: expected a folder (${FOLDER_LAYOUT}), found none that can be read.`, {
      cause: error,
    });
  }
}

function requireKnown(
  found: readonly string[],
  classes: readonly string[],
  { folder, trainFolder }: { folder: string; trainFolder: string },
): void {
  const stranger = found.find((name) => !classes.includes(name));
  if (stranger === undefined) return;
  throw new DataError(
    `${join(folder, stranger)}: class "${stranger}" has no training images; expected a folder ${join(trainFolder, stranger)}.`,
  );
}
