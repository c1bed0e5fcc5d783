/** What comes with the weights of every CLIP: its vocabulary. */
import type { PublishedFile } from "./entry.js";

/** Whether a backbone is an image tower of CLIP, whose weights come with a text tower. */
export function isClip(backbone: string): boolean {
  return /^(?:open)?clip-/.test(backbone);
}

/** The vocabulary of every published CLIP, by OpenAI (MIT): merges of byte pairs. */
export const CLIP_VOCABULARY: PublishedFile = {
  name: "clip-vocabulary",
  source: {
    kind: "package",
    wheel: {
      name: "clip-anytorch",
      version: "2.6.0",
      file: "clip_anytorch-2.6.0-py3-none-any.whl",
      size: 1372891,
      sha256: "ebc0afed243851b9dc7e16ab8afb665237e8a5838986e97cd99f123ae4ce94ce",
      record: "c94409577cf0b962df56f3703d9baa0ce0d6a81e89e5f6ca7ec3e7a824749cb2",
    },
    member: "clip/bpe_simple_vocab_16e6.txt.gz",
  },
  revision: "2.6.0",
  size: 1356917,
  sha256: "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
};
