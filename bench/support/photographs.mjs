// JPEG files to decode, the same in every bench.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { pytorch } from "./pytorch.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Writes train/CLASS/*.jpg, `width` pixels wide, small.bin (uint8 [N, 3, 32, 32]) and about.txt, a line about them; by Pillow. */
export function makePhotographs(folder, { width }) {
  const photographs = here("../../examples/caltech20-lt/train");
  execFileSync(pytorch(), [here("photographs.py"), photographs, folder, String(width)]);
}
