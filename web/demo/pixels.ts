import type { Question } from "./messages.ts";

/**
 * Photographs are drawn at most this many times as large as the network sees them: a phone's 12 megapixels would take hundreds of
 * megabytes in the graph, and show it no more.
 */
const MAX_SCALE = 4;

/**
 * A photograph's pixels, upright, without transparency.
 * @throws Error, for people, when the browser cannot read it.
 */
export async function pixelsOf(photograph: Blob, imageSize: number): Promise<Omit<Question, "id">> {
  const bitmap = await createImageBitmap(photograph).catch(() => {
    throw new Error(
      "This browser cannot read the image: it is damaged, or of a format that it does not know.",
    );
  });
  const scale = Math.min(1, (MAX_SCALE * imageSize) / Math.min(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(scale * bitmap.width));
  const height = Math.max(1, Math.round(scale * bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from]!;
    pixels[to++] = data[from + 1]!;
    pixels[to++] = data[from + 2]!;
  }
  return { pixels, width, height };
}
