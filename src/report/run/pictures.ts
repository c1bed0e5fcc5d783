import { availableParallelism } from "node:os";
import { splitHash } from "../../data/card.js";
import { openDataset } from "../../data/registry.js";
import { thumbnailUrls } from "../../data/thumbnails.js";
import type { Analysis } from "../../evaluation/analysis.js";
import { LongtailError } from "../../support/errors.js";
import type { RunDescription } from "../../runs/run-folder.js";

/** Small pictures of test images. */
export interface Pictures {
  /** Data URLs by the images' places in the test split. */
  readonly urls: ReadonlyMap<number, string>;
  /** Why there are none; null where they are. */
  readonly problem: string | null;
}

/** Makes the pictures that an analysis names, from the run's data as it lies there now. */
export async function testPictures(
  { recipe, data }: RunDescription,
  analysis: Analysis | null,
): Promise<Pictures> {
  const indices = analysis === null ? [] : namedImages(analysis);
  if (indices.length === 0) return { urls: new Map(), problem: null };
  try {
    const dataset = await openDataset(recipe.data, "test");
    if (splitHash(dataset) !== data.test.hash)
      return without(`the test images in ${dataset.root} are not those that the run was evaluated on`);
    return { urls: thumbnailUrls(dataset, indices, { threads: availableParallelism() }), problem: null };
  } catch (error) {
    if (error instanceof LongtailError) return without(error.message);
    throw error;
  }
}

function namedImages({ confusedPairs, hardest }: Analysis): number[] {
  const examples = confusedPairs.flatMap((pair) => pair.examples);
  return [...examples, ...hardest.images].map(({ index }) => index);
}

function without(problem: string): Pictures {
  return { urls: new Map(), problem: problem.replace(/[.]$/, "") };
}
