import { DataError } from "../../support/errors.js";
import { withMembers, type JsonMember } from "../../support/json-text.js";
import { LeftOutRecords } from "../../data/left-out.js";
import { classesOf, labelNumber } from "../../data/formats/class-names.js";
import { annotationsFormat } from "../../data/formats/annotations.js";
import { csvFormat } from "../../data/formats/csv.js";
import { inaturalistFormat } from "../../data/formats/inaturalist.js";
import { listFormat } from "../../data/formats/list.js";
import type { FileListFormat } from "../../data/formats/listed-files.js";
import type { Listed } from "../../data/formats/listing.js";
import type { DataSpec } from "../../data/dataset.js";
import { annotationTexts, categories, type ImageAnnotation } from "./annotation-file.js";

export type FileKind = "annotations" | "list" | "csv" | "inaturalist";

/** Labeled images as a file lists them, with whatever else annotation JSON says. */
export interface LabeledFile {
  readonly images: readonly LabeledPath[];
  /** A label is an index into them. */
  readonly classes: readonly string[];
  /** What annotation JSON says beside the images. */
  readonly rest: readonly JsonMember[];
}

export interface LabeledPath {
  /** As the file has it. */
  readonly path: string;
  readonly label: number;
  /** The annotation's text, where the file is annotation JSON. */
  readonly json: string | null;
  /** The file and the record, for messages. */
  readonly where: string;
}

export interface LabeledFileOptions extends Pick<DataSpec, "columns" | "classNames"> {
  readonly kind: FileKind;
}

/**
 * Reads a file that lists labeled images; they need not be there.
 * @throws DataError for the first record that cannot be used
 */
export function readLabeledFile(file: string, options: LabeledFileOptions): LabeledFile {
  switch (options.kind) {
    case "annotations":
      return withTexts(readListing(annotationsFormat, file, options), annotationTexts(file));
    case "list":
      return readListing(listFormat, file, options);
    case "csv":
      return readListing(csvFormat, file, options);
    case "inaturalist":
      return readListing(inaturalistFormat, file, options);
    default:
      return options.kind satisfies never;
  }
}

function readListing<T extends Listed>(
  format: FileListFormat<T>,
  file: string,
  { columns, classNames }: LabeledFileOptions,
): LabeledFile {
  const listing = format.read(file, { columns }, new LeftOutRecords({ strict: true }));
  if (listing.images.length === 0) throw new DataError(`${file}: expected at least one image, found none.`);
  const classes = classesOf(listing, { root: ".", classNames, labels: "auto" });
  const images = listing.images.map((image): LabeledPath => {
    const label = labelNumber(image.label, classes);
    const where = listing.where(image);
    if (typeof label === "string") throw new DataError(`${where}: ${label}.`);
    return { path: image.path, label, json: null, where };
  });
  return { images, classes: classes.names, rest: categories(classes.names) };
}

/** Strict reading leaves no annotation out, so that they count alike. */
function withTexts(
  file: LabeledFile,
  { annotations, rest }: { annotations: readonly string[]; rest: readonly JsonMember[] },
): LabeledFile {
  return { ...file, images: file.images.map((image, i) => ({ ...image, json: annotations[i]! })), rest };
}

/** The annotation of an image; one that has a text already gets its new path, and stays else as it is. */
export function annotationOf(
  { json, label }: LabeledPath,
  { id, path }: { id: number; path: string },
): string {
  if (json === null) {
    const annotation: ImageAnnotation = { image_id: id, fpath: path, category_id: label };
    return JSON.stringify(annotation);
  }
  return withMembers(json, { fpath: path, path });
}
