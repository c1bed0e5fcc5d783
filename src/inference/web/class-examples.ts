import { availableParallelism } from "node:os";
import { openDataset } from "../../data/registry.js";
import { thumbnailUrls } from "../../data/thumbnails.js";
import { LongtailError } from "../../support/errors.js";
import { readCheckpointOf } from "../../training/checkpoint.js";
import { scope } from "../../torch/scope.js";

interface Wanted {
  /** The model's. */
  readonly classes: readonly string[];
  /** Folder of the training images; the recipe's unless given. */
  readonly data: string | undefined;
}

/** Of each class; JPEG files. */
export interface ClassExamples {
  readonly images: readonly (readonly Uint8Array[])[];
  /** Why there are none, for people. */
  readonly notes: readonly string[];
}

/** Side of an example, in pixels, and how many there are of each class where the classes are not too many. */
const SIDE = 112;
const EXAMPLES = 3;
/** About 1.5 MB: an example takes 3 kB. */
const MAX_EXAMPLES = 500;

/** Small examples of each class from the run's training images; none where they are not to be had, and why. */
export async function classExamples(run: string, { classes, data }: Wanted): Promise<ClassExamples> {
  try {
    const dataset = await openDataset(recipeData(run, data), "train");
    if (dataset.classes.length !== classes.length || dataset.classes.some((name, k) => name !== classes[k]))
      return none(classes, `${dataset.root} has other classes than the model`);
    const perClass = Math.max(1, Math.min(EXAMPLES, Math.floor(MAX_EXAMPLES / classes.length)));
    const indices = classes.map((): number[] => []);
    dataset.labels.forEach((label, index) => {
      if (indices[label]!.length < perClass) indices[label]!.push(index);
    });
    const urls = thumbnailUrls(dataset, indices.flat(), { side: SIDE, threads: availableParallelism() });
    const images = indices.map((ofClass) => ofClass.flatMap((index) => jpegOf(urls.get(index))));
    return { images, notes: [] };
  } catch (error) {
    if (error instanceof LongtailError) return none(classes, error.message);
    throw error;
  }
}

function none(classes: readonly string[], why: string): ClassExamples {
  return {
    images: classes.map(() => []),
    notes: [`the page shows no examples of the classes: ${why}; --data names their folder`],
  };
}

function recipeData(run: string, root: string | undefined) {
  using _scope = scope();
  const { data } = readCheckpointOf(run).recipe;
  return root === undefined ? data : { ...data, root };
}

function jpegOf(url: string | undefined): Buffer[] {
  return url === undefined ? [] : [Buffer.from(url.slice(url.indexOf(",") + 1), "base64")];
}
