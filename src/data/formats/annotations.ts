import { shownValue } from "../../support/budget.js";
import { DataError } from "../../support/errors.js";
import { asCategory } from "./class-names.js";
import { readJsonObject } from "./reading/json-file.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed } from "./listing.js";

/** A record of the reference's annotation files; whatever else it has is kept. */
export interface Annotation {
  readonly [key: string]: unknown;
  /** Where the image lies; some files call it `path`. */
  readonly fpath?: unknown;
  readonly image_id?: unknown;
  /** The label, from 0. */
  readonly category_id?: unknown;
}

interface AnnotatedImage extends Listed {
  /** Its place in the list, from 0. */
  readonly record: number;
}

export interface AnnotationFile {
  readonly [key: string]: unknown;
  readonly annotations: readonly Annotation[];
  readonly num_classes: number;
}

/**
 * Annotations as NCL's PyTorch code and its base, Bag of Tricks (Zhang et al., AAAI 2021), have them:
 * { "annotations": [{ "fpath", "image_id", "category_id", … }, …], "num_classes" }. Names of the classes come from COCO's
 * "categories" where there are some.
 */
export const annotationsFormat: FileListFormat<AnnotatedImage> = {
  usual: {
    train: ["train.json"],
    test: ["test.json"],
    validation: ["val.json", "valid.json", "validation.json"],
  },
  read: (file, _source, leftOut) => {
    const { annotations, num_classes: classCount, categories } = readAnnotations(file);
    const images = annotations.flatMap((annotation, record) => {
      const image = listed(annotation, record);
      if (typeof image !== "string") return [image];
      leftOut.report(`${file}, annotation ${record}`, image);
      return [];
    });
    return {
      file,
      images,
      names: categoryNames(categories, classCount),
      classCount,
      where: ({ record }) => `${file}, annotation ${record}`,
    };
  },
};

/** COCO's [{ "id", "name" }, …], when they are the classes from 0. */
function categoryNames(categories: unknown, classCount: number): string[] | null {
  if (!Array.isArray(categories) || categories.length !== classCount) return null;
  const known = categories.map(asCategory);
  if (!known.every((category) => category !== undefined)) return null;
  known.sort((a, b) => a.id - b.id);
  return known.every(({ id }, label) => id === label) ? known.map(({ name }) => name) : null;
}

/** The file as it is, every field kept. @throws DataError unless it has annotations and num_classes */
export function readAnnotations(file: string): AnnotationFile {
  const content = readJsonObject(file);
  const { annotations, num_classes: classCount } = content;
  if (!Array.isArray(annotations)) {
    const found = Object.keys(content).slice(0, 8).join(", ");
    throw new DataError(`${file}: expected "annotations", a list; found the keys ${found || "none"}.`);
  }
  if (!Number.isInteger(classCount) || (classCount as number) < 1) {
    throw new DataError(
      `${file}: expected "num_classes", a whole number > 0, found ${shownValue(classCount)}.`,
    );
  }
  return { ...content, annotations: annotations as Annotation[], num_classes: classCount as number };
}

/** The image of an annotation, or what is wrong with it. */
function listed(annotation: unknown, record: number): AnnotatedImage | string {
  if (typeof annotation !== "object" || annotation === null) return "expected an object";
  const { path: other, fpath: path = other, category_id: label } = annotation as Annotation;
  if (typeof path !== "string" || path === "") return `expected "fpath", a path, found ${shownValue(path)}`;
  if (!Number.isInteger(label)) return `expected "category_id", a whole number, found ${shownValue(label)}`;
  return { path, label: label as number, record };
}
