import { relative } from "node:path";
import { DataError } from "../../support/errors.js";
import { LeftOutRecords } from "../left-out.js";
import { type Classes, classesOf, knownClasses, labelNumber, labelsNote } from "./class-names.js";
import type { Dataset, DataSource, Pixels, SplitFolder } from "../dataset.js";
import { noun } from "../../support/text.js";

/** An image with its label, as files have it. */
export interface Listed {
  /** Where it lies; its folder may name its class. */
  readonly path: string;
  /** A class's number or its name. */
  readonly label: number | string;
}

/** What the files of a split say. */
export interface Listing<T extends Listed = Listed> {
  /** The file, or what stands for several, for messages. */
  readonly file: string;
  readonly images: readonly T[];
  /** The classes' names, where the files have them. */
  readonly names: readonly string[] | null;
  readonly classCount: number | null;
  /** The file and the record, for messages. */
  readonly where: (image: T) => string;
  /** What the user should know about the files. */
  readonly notes?: readonly string[];
}

export type Labeled<T extends Listed> = T & { readonly label: number };

/** A format whose labels have to be read before the classes are known. */
export interface ListedFormat<T extends Listed> {
  /** The list of a split: a file, or a pattern of several; null where there is none. */
  find(source: DataSource, split: SplitFolder): string | null;
  read(source: DataSource, split: SplitFolder, leftOut: LeftOutRecords): Listing<T> | Promise<Listing<T>>;
  /** The images that are there, and their pixels. */
  place(images: readonly Labeled<T>[], listing: Listing<T>, context: PlaceContext): ListedPlace<T>;
}

export interface PlaceContext {
  readonly source: DataSource;
  readonly leftOut: LeftOutRecords;
}

export interface ListedPlace<T extends Listed> {
  readonly images: readonly Labeled<T>[];
  readonly pixels: Pixels;
  readonly describe: Dataset["describe"];
}

/** Opens a split. The training split names the classes of all, unless they are known. */
export async function openListed<T extends Listed>(
  format: ListedFormat<T>,
  source: DataSource,
  split: SplitFolder,
): Promise<Dataset> {
  const leftOut = new LeftOutRecords(source);
  const listing = requireImages(inOneLine(await format.read(source, split, leftOut), leftOut), leftOut);
  const classes = await classesFor(format, source, { split, listing });
  const { images, pixels, describe } = format.place(withLabels(listing, classes, leftOut), listing, {
    source,
    leftOut,
  });
  if (images.length === 0) throw noImages(listing, leftOut);
  return {
    ...{ kind: source.kind, root: source.root, classes: classes.names },
    split: split === "test" ? "test" : "train",
    labels: Int32Array.from(images, ({ label }) => label),
    size: images.length,
    ...{ pixels, leftOut: leftOut.items, describe },
    source: relative(source.root, listing.file),
    notes: [...(listing.notes ?? []), split === "train" ? labelsNote(listing, classes) : null].filter(
      (note) => note !== null,
    ),
  };
}

async function classesFor<T extends Listed>(
  format: ListedFormat<T>,
  source: DataSource,
  { split, listing }: { split: SplitFolder; listing: Listing<T> },
): Promise<Classes> {
  if (source.classes !== undefined) return knownClasses(listing, source.classes);
  if (split === "train") return classesOf(listing, source);
  return classesOf(await format.read(source, "train", new LeftOutRecords({ strict: false })), source);
}

/** Without the images whose path or label has a line break, which texts and lists of one line each would take for two. */
function inOneLine<T extends Listed>(listing: Listing<T>, leftOut: LeftOutRecords): Listing<T> {
  const images = listing.images.filter((image) => {
    const isOneLine = !`${image.path}${image.label}`.includes("\n");
    if (!isOneLine)
      leftOut.report(listing.where(image), "expected a path and a label of one line, found a line break");
    return isOneLine;
  });
  return images.length === listing.images.length ? listing : { ...listing, images };
}

function requireImages<T extends Listed>(listing: Listing<T>, leftOut: LeftOutRecords): Listing<T> {
  if (listing.images.length > 0) return listing;
  throw noImages(listing, leftOut);
}

function noImages({ file }: Omit<Listing, "where">, { items }: LeftOutRecords): DataError {
  const [first] = items;
  const why =
    first === undefined
      ? "found none."
      : `${noun(items.length, "its only record is", `all of its ${items.length} records are`)} unusable: ${first.where}: ${first.reason}`;
  return new DataError(`${file}: expected at least one image, ${why}`);
}

function withLabels<T extends Listed>(
  listing: Listing<T>,
  classes: Classes,
  leftOut: LeftOutRecords,
): Labeled<T>[] {
  return listing.images.flatMap((image) => {
    const label = labelNumber(image.label, classes);
    if (typeof label === "number") return [{ ...image, label }];
    leftOut.report(listing.where(image), label);
    return [];
  });
}
