import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DataError } from "../../support/errors.js";
import type { BadRecords } from "../bad-records.js";
import type { DataSource, Split } from "../dataset.js";
import type { Labeled, Listed, ListedFormat, Listing, PlaceContext } from "./listing.js";

/** A format whose file names images that lie elsewhere, by full paths or such as begin in the data folder. */
export interface FileListFormat<T extends Listed = Listed> {
  /** Parses a file without looking for the images. */
  read(file: string, source: Pick<DataSource, "columns">, bad: BadRecords): Listing<T>;
  /** The files where the recipe names none. */
  readonly usual: Readonly<Record<Split, string>>;
}

export function listedFiles<T extends Listed>(format: FileListFormat<T>): ListedFormat<T> {
  return {
    read: (source, split, bad) => format.read(listFile(source, split, format.usual[split]), source, bad),
    place(images, listing, context) {
      const present = withFiles(images, listing, context);
      const paths = present.map(({ path }) => path);
      return { images: present, pixels: { kind: "files", paths }, describe: (index) => paths[index] ?? "" };
    },
  };
}

function listFile({ root, trainFile, testFile }: DataSource, split: Split, usual: string): string {
  const given = split === "train" ? trainFile : testFile;
  const path = resolve(root, given ?? usual);
  if (given !== null || statSync(path, { throwIfNoEntry: false })) return path;
  throw new DataError(
    `${path}: file not found; data.${split}File names another (from the data folder, or a full path).`,
  );
}

/** Looks for every file before anything is trained; a stat takes some microseconds. */
export function withFiles<T extends Listed>(
  images: readonly Labeled<T>[],
  listing: Listing<T>,
  { source, bad }: PlaceContext,
): Labeled<T>[] {
  const found = images.map((image) => ({ ...image, path: resolve(source.root, image.path) }));
  const missing = found.filter(({ path }) => !isFile(path));
  const [first] = missing;
  if (first === undefined) return found;
  if (bad.strict) {
    throw new DataError(
      `${listing.where(first)}: no file ${first.path}; ${missing.length} of ${images.length} images are missing. ` +
        "`longtail data replace-root` changes where paths lead; data.strict=false leaves out what is missing.",
    );
  }
  for (const image of missing) bad.report(`${listing.where(image)}: no file ${image.path}`);
  const gone = new Set(missing);
  return found.filter((image) => !gone.has(image));
}

/** False also for what no file can be called: too long a name, or one with a null byte. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
