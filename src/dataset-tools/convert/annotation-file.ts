import { writeFileAtomic } from "../../support/atomic-file.js";
import { jsonElements, jsonMembers, type JsonMember } from "../../support/json-text.js";
import { readTextFile } from "../../data/formats/reading/text-file.js";

/** An image as NCL's PyTorch code and Bag of Tricks (Zhang et al., AAAI 2021) annotate it. */
export interface ImageAnnotation {
  readonly image_id: number;
  readonly fpath: string;
  readonly im_height?: number;
  readonly im_width?: number;
  readonly category_id: number;
}

/** Annotation JSON as text, so that whatever else it says stays as it is. */
export interface AnnotationTexts {
  /** An object's text an image. */
  readonly annotations: readonly string[];
  readonly classCount: number;
  /** What there is beside `annotations` and `num_classes`. */
  readonly rest: readonly JsonMember[];
}

/** @param file annotation JSON that was read without an error */
export function annotationTexts(file: string): Omit<AnnotationTexts, "classCount"> {
  const members = jsonMembers(readTextFile(file));
  const list = members.findLast(({ key }) => key === "annotations");
  return {
    annotations: jsonElements(list?.json ?? "[]"),
    rest: members.filter(({ key }) => key !== "annotations" && key !== "num_classes"),
  };
}

/** The classes' names as COCO writes them; nothing where they are but the labels' numbers. */
export function categories(classes: readonly string[]): JsonMember[] {
  if (classes.every((name, label) => name === String(label))) return [];
  return [{ key: "categories", json: JSON.stringify(classes.map((name, id) => ({ id, name }))) }];
}

/** Writes annotation JSON whole or not at all, an annotation a line. */
export function writeAnnotations(path: string, texts: AnnotationTexts): void {
  writeFileAtomic(path, chunksOf(texts));
}

const LINES_AT_ONCE = 4096;

function* chunksOf({ annotations, classCount, rest }: AnnotationTexts): Generator<Buffer> {
  yield Buffer.from('{"annotations": [');
  for (let start = 0; start < annotations.length; start += LINES_AT_ONCE) {
    const lines = annotations.slice(start, start + LINES_AT_ONCE);
    yield Buffer.from(`${start === 0 ? "" : ","}\n${lines.join(",\n")}`);
  }
  yield Buffer.from(`\n],\n"num_classes": ${classCount}`);
  for (const { key, json } of rest) yield Buffer.from(`,\n${JSON.stringify(key)}: ${json}`);
  yield Buffer.from("}\n");
}
