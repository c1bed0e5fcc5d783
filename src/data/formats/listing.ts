import { DataError } from "../../support/errors.js";
import { BadRecords } from "../bad-records.js";
import { type Classes, classesOf, labelNumber } from "./class-names.js";
import type { Dataset, DataSource, Pixels, Split } from "../dataset.js";

/** An image with its label, as files have it. */
export interface Listed {
  /** Where it lies; its folder may name its class. */
  readonly path: string;
  /** A class's number, from 0, or its name. */
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
}

export type Labeled<T extends Listed> = T & { readonly label: number };

/** A format whose labels have to be read before the classes are known. */
export interface ListedFormat<T extends Listed> {
  read(source: DataSource, split: Split, bad: BadRecords): Listing<T> | Promise<Listing<T>>;
  /** The images that are there, and their pixels. */
  place(images: readonly Labeled<T>[], listing: Listing<T>, context: PlaceContext): ListedPlace<T>;
}

export interface PlaceContext {
  readonly source: DataSource;
  readonly bad: BadRecords;
}

export interface ListedPlace<T extends Listed> {
  readonly images: readonly Labeled<T>[];
  readonly pixels: Pixels;
  readonly describe: Dataset["describe"];
}

/** Opens a split. The training split names the classes of both. */
export async function openListed<T extends Listed>(
  format: ListedFormat<T>,
  source: DataSource,
  split: Split,
): Promise<Dataset> {
  const bad = new BadRecords(source);
  const listing = requireImages(await format.read(source, split, bad), bad);
  const training = split === "train" ? listing : await format.read(source, "train", new BadRecords(source));
  const classes = classesOf(training, source);
  const { images, pixels, describe } = format.place(withLabels(listing, classes, bad), listing, {
    source,
    bad,
  });
  if (images.length === 0) throw noImages(listing, bad);
  return {
    ...{ kind: source.kind, root: source.root, split, classes: classes.names },
    labels: Int32Array.from(images, ({ label }) => label),
    size: images.length,
    ...{ pixels, skipped: bad, describe },
  };
}

function requireImages<T extends Listed>(listing: Listing<T>, bad: BadRecords): Listing<T> {
  if (listing.images.length > 0) return listing;
  throw noImages(listing, bad);
}

function noImages({ file }: Omit<Listing, "where">, { count, examples }: BadRecords): DataError {
  const why = count === 0 ? "found none." : `all of its ${count} records are unusable: ${examples[0] ?? ""}`;
  return new DataError(`${file}: expected at least one image, ${why}`);
}

function withLabels<T extends Listed>(listing: Listing<T>, classes: Classes, bad: BadRecords): Labeled<T>[] {
  return listing.images.flatMap((image) => {
    const label = labelNumber(image.label, classes);
    if (typeof label === "number") return [{ ...image, label }];
    bad.report(`${listing.where(image)}: ${label}`);
    return [];
  });
}
