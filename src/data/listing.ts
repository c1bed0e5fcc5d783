import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DataError } from "../support/errors.js";
import { BadRecords } from "./bad-records.js";
import { classesOf, labelNumber } from "./class-names.js";
import type { Classes } from "./class-names.js";
import type { Dataset, Split } from "./dataset.js";
import type { DataSource } from "./source.js";

/** What a file that names images and their labels says. */
export interface Listing {
  readonly file: string;
  /** What its records are called in messages: "line", "annotation". */
  readonly unit: string;
  readonly images: readonly ListedImage[];
  /** The classes' names, where the file has them. */
  readonly names: readonly string[] | null;
  readonly classCount: number | null;
}

export interface ListedImage {
  /** As the file has it: absolute, or relative to the data folder. */
  readonly path: string;
  /** A class's number, from 0, or its name. */
  readonly label: number | string;
  /** The record's number in messages. */
  readonly record: number;
}

/** A format whose files name images that lie elsewhere. */
export interface ListingFormat {
  /** Parses a file without looking for the images. */
  read(file: string, source: Pick<DataSource, "columns">, bad: BadRecords): Listing | Promise<Listing>;
  /** The files where the recipe names none. */
  readonly usual: Readonly<Record<Split, string>>;
}

/** Opens a split whose images are listed in a file. The training list names the classes of both splits. */
export async function openListing(format: ListingFormat, source: DataSource, split: Split): Promise<Dataset> {
  const read = async (which: Split, bad: BadRecords): Promise<Listing> =>
    requireImages(await format.read(listFile(format, source, which), source, bad));
  const bad = new BadRecords(source);
  const listing = await read(split, bad);
  const training = split === "train" ? listing : await read("train", new BadRecords(source));
  const classes = classesOf(training, source);
  const labelled = withLabels(listing, classes, bad);
  const present = withFiles(listing, labelled, { source, bad });
  if (present.length === 0) {
    throw new DataError(
      `${listing.file}: none of its ${listing.images.length} images can be used; ${bad.examples[0] ?? ""}`,
    );
  }
  const paths = present.map(({ path }) => path);
  return {
    ...{ kind: source.kind, root: source.root, split, classes: classes.names },
    labels: Int32Array.from(present, ({ label }) => label),
    size: paths.length,
    pixels: { kind: "files", paths },
    skipped: bad,
    describe: (index) => paths[index] ?? "",
  };
}

function listFile({ usual }: ListingFormat, { root, trainFile, testFile }: DataSource, split: Split): string {
  const given = split === "train" ? trainFile : testFile;
  const path = resolve(root, given ?? usual[split]);
  if (given !== null || statSync(path, { throwIfNoEntry: false })) return path;
  throw new DataError(
    `${path}: file not found; data.${split}File names another (from the data folder, or a full path).`,
  );
}

function requireImages(listing: Listing): Listing {
  if (listing.images.length > 0) return listing;
  throw new DataError(`${listing.file}: expected at least one image, found none.`);
}

interface LabelledImage {
  readonly path: string;
  readonly label: number;
  readonly record: number;
}

function withLabels({ file, unit, images }: Listing, classes: Classes, bad: BadRecords): LabelledImage[] {
  return images.flatMap(({ path, label, record }) => {
    const number = labelNumber(label, classes);
    if (typeof number === "number") return [{ path, label: number, record }];
    bad.report(`${file}, ${unit} ${record}: ${number}`);
    return [];
  });
}

/** Looks for every file before anything is trained; a stat takes some microseconds. */
function withFiles(
  { file, unit }: Listing,
  images: readonly LabelledImage[],
  { source, bad }: { source: DataSource; bad: BadRecords },
): LabelledImage[] {
  const found = images.map((image) => ({ ...image, path: resolve(source.root, image.path) }));
  const missing = found.filter(({ path }) => !statSync(path, { throwIfNoEntry: false })?.isFile());
  const [first] = missing;
  if (first === undefined) return found;
  if (bad.strict) {
    throw new DataError(
      `${file}, ${unit} ${first.record}: no file ${first.path}; ${missing.length} of ${images.length} images are missing. ` +
        "`longtail data replace-root` changes where paths lead; data.strict=false leaves out what is missing.",
    );
  }
  for (const { path, record } of missing) bad.report(`${file}, ${unit} ${record}: no file ${path}`);
  const gone = new Set(missing);
  return found.filter((image) => !gone.has(image));
}
