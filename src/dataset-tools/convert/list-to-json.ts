import { join } from "node:path";
import { requireAbsent } from "../output-set.js";
import { writeAnnotations } from "./annotation-file.js";
import { annotationOf, readLabeledFile, type LabeledFileOptions } from "./labeled-file.js";

export interface ListConversion extends LabeledFileOptions {
  readonly file: string;
  readonly out: string;
  /** Put before the paths; "": they stay. */
  readonly prefix: string;
  readonly force: boolean;
}

/** Writes annotation JSON for a file that lists images. They are not looked at. */
export function convertList({ file, out, prefix, force, ...options }: ListConversion): {
  readonly images: number;
  readonly classes: number;
} {
  requireAbsent(out, { replace: force });
  const { images, classes, rest } = readLabeledFile(file, options);
  writeAnnotations(out, {
    annotations: images.map((image, id) => annotationOf(image, { id, path: join(prefix, image.path) })),
    classCount: classes.length,
    rest,
  });
  return { images: images.length, classes: classes.length };
}
