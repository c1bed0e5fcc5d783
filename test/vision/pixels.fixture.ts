import { dispose } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

/** What an image file decodes to. */
export function decodedFile(path: string): { shape: readonly number[]; pixels: Uint8Array } {
  const image = new Tensor(vision().decodeImage(path));
  const decoded = { shape: image.shape, pixels: image.toArray() as Uint8Array };
  dispose(image);
  return decoded;
}
