import { join } from "node:path";
import type { Split } from "../../data/dataset.js";
import { categories, type AnnotationTexts, type ImageAnnotation } from "./annotation-file.js";
import type { WrittenImages } from "./image-writer.js";

/** What a conversion to image files made. */
export interface ConvertedImages {
  readonly folder: string;
  /** The annotation JSON's path. */
  readonly annotations: string;
  readonly images: number;
  readonly classes: readonly string[];
  /** Images of each class. */
  readonly counts: readonly number[];
}

/** The annotations of images in SPLIT/CLASS/, with paths from the folder above SPLIT. */
export function annotationsOf({ images, classes, folders }: WrittenImages, split: Split): AnnotationTexts {
  return {
    annotations: images.map(({ label, name, ...size }, image_id) => {
      const fpath = join(split, folders[label]!, name);
      const annotation: ImageAnnotation = { image_id, fpath, ...size, category_id: label };
      return JSON.stringify(annotation);
    }),
    classCount: classes.length,
    rest: categories(classes),
  };
}

export function summaryOf({
  images,
  classes,
}: WrittenImages): Pick<ConvertedImages, "images" | "classes" | "counts"> {
  const counts = classes.map(() => 0);
  for (const { label } of images) counts[label]! += 1;
  return { images: images.length, classes, counts };
}

/**
 * Red, green and blue of each pixel side by side, in new memory. `depth`: bytes a pixel, 1 (gray) or 3. "cifar": a plane a
 * color; "interleaved": the colors of a pixel side by side.
 */
export function toRgb(
  bytes: Uint8Array,
  { depth, layout, channels }: { depth: number; layout: "cifar" | "interleaved"; channels: "rgb" | "bgr" },
): Uint8Array {
  const count = bytes.length / depth;
  const [pixelStep, planeStep] = layout === "cifar" ? [1, count] : [depth, 1];
  const pixels = new Uint8Array(3 * count);
  for (let channel = 0; channel < 3; channel++) {
    const plane = depth === 1 ? 0 : channels === "rgb" ? channel : 2 - channel;
    for (let i = 0; i < count; i++) pixels[3 * i + channel] = bytes[i * pixelStep + plane * planeStep]!;
  }
  return pixels;
}
