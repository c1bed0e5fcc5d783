/** Vision transformers of the published kinds that a test can build in a moment. */
import type * as architectures from "./architectures.js";

type Architectures = typeof architectures;

export const SMALL_TRANSFORMER = { width: 32, depth: 2, heads: 2 } as const;

/** For vi.mock of architectures.js: those that are named have the size of SMALL_TRANSFORMER, else what they are made of. */
export function withSmallTransformers(
  all: Architectures,
  names: readonly (keyof Architectures["VISION_TRANSFORMERS"])[],
): Architectures {
  const transformers = { ...all.VISION_TRANSFORMERS };
  for (const name of names)
    Object.assign(transformers, { [name]: { ...transformers[name], ...SMALL_TRANSFORMER } });
  return { ...all, VISION_TRANSFORMERS: transformers };
}
