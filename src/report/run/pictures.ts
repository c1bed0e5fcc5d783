import { availableParallelism } from "node:os";
import { splitHash } from "../../data/card.js";
import type { Split } from "../../data/dataset.js";
import { openDataset } from "../../data/registry.js";
import { thumbnailUrls } from "../../data/thumbnails.js";
import type { Analysis } from "../../evaluation/analysis.js";
import { LongtailError } from "../../support/errors.js";
import type { RunDescription } from "../../runs/run-folder.js";

/** Small pictures of images of a split. */
export interface Pictures {
  /** Data URLs by the images' places in the split. */
  readonly urls: ReadonlyMap<number, string>;
  /** Why there are none; null where they are. */
  readonly problem: string | null;
}

/** Makes the pictures that an analysis names, from the run's data as it lies there now. */
export function testPictures(description: RunDescription, analysis: Analysis | null): Promise<Pictures> {
  return picturesOf(description, "test", analysis === null ? [] : namedImages(analysis));
}

/** Makes pictures of images of a split by their places in it. */
export async function picturesOf(
  { recipe, data }: RunDescription,
  split: Split,
  indices: readonly number[],
): Promise<Pictures> {
  if (indices.length === 0) return { urls: new Map(), problem: null };
  try {
    const dataset = await openDataset(recipe.data, split);
    const used = split === "test" ? "evaluated on" : "trained on";
    if (splitHash(dataset) !== data[split].hash)
      return without(`the ${SPLITS[split]} images in ${dataset.root} are not those that the run was ${used}`);
    return { urls: thumbnailUrls(dataset, indices, { threads: availableParallelism() }), problem: null };
  } catch (error) {
    if (error instanceof LongtailError) return without(error.message);
    throw error;
  }
}

const SPLITS: Readonly<Record<Split, string>> = { train: "training", test: "test" };

function namedImages({ confusedPairs, hardest }: Analysis): number[] {
  const examples = confusedPairs.flatMap((pair) => pair.examples);
  return [...examples, ...hardest.images].map(({ index }) => index);
}

function without(problem: string): Pictures {
  return { urls: new Map(), problem: problem.replace(/[.]$/, "") };
}
