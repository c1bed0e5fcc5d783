import { writeFileAtomic } from "../../support/atomic-file.js";
import { ELEMENT_SIZE } from "../element-size.js";
import { native } from "../native.js";
import type { Tensor } from "../tensor.js";
import { pickle, type PthValue } from "./pickler.js";
import { zipOf } from "./zip-writer.js";

const FORMAT_VERSION = "3\n"; // the archive's, since PyTorch 1.6

/**
 * Writes what torch.load reads, weights_only=True included, atomically; equal values make equal bytes. Every tensor
 * gets a storage of its own, row-major.
 * @throws LongtailError when the disk is full, the folder cannot be written or there are more than 4 GiB.
 */
export function writePth(path: string, value: PthValue): void {
  const { bytes, tensors } = pickle(value);
  const text = (content: string) => (): Uint8Array => Buffer.from(content);
  writeFileAtomic(
    path,
    zipOf([
      { name: "archive/data.pkl", bytes: () => bytes },
      { name: "archive/byteorder", bytes: text("little") },
      ...tensors.map((tensor, key) => ({ name: `archive/data/${key}`, bytes: () => elementsOf(tensor) })),
      { name: "archive/version", bytes: text(FORMAT_VERSION) },
    ]),
  );
}

function elementsOf(tensor: Tensor): Uint8Array {
  const bytes = new Uint8Array(tensor.size * ELEMENT_SIZE[tensor.dtype]);
  native().copyOut(tensor.handle, bytes);
  return bytes;
}
