import { writeFileAtomic } from "../../support/atomic-file.js";

/** An image as NCL's PyTorch code and Bag of Tricks (Zhang et al., AAAI 2021) annotate it. */
export interface ImageAnnotation {
  readonly image_id: number;
  readonly fpath: string;
  readonly im_height?: number;
  readonly im_width?: number;
  readonly category_id: number;
}

export interface Annotations {
  readonly [key: string]: unknown;
  readonly annotations: readonly object[];
  readonly num_classes: number;
}

/** Writes annotation JSON whole or not at all, an annotation a line; what other keys there are come after. */
export function writeAnnotations(path: string, annotations: Annotations): void {
  writeFileAtomic(path, annotationLines(annotations));
}

const LINES_AT_ONCE = 4096;

function* annotationLines({ annotations, ...rest }: Annotations): Generator<Buffer> {
  yield Buffer.from('{"annotations": [');
  for (let start = 0; start < annotations.length; start += LINES_AT_ONCE) {
    const lines = annotations
      .slice(start, start + LINES_AT_ONCE)
      .map((annotation) => JSON.stringify(annotation));
    yield Buffer.from(`${start === 0 ? "" : ","}\n${lines.join(",\n")}`);
  }
  const others = Object.entries(rest).map(
    ([key, value]) => `,\n${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  yield Buffer.from(`\n]${others.join("")}}\n`);
}
