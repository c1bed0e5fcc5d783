import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Dataset, DataSpec, Split } from "../data/dataset.js";
import { fittingKind } from "../data/detect-kind.js";
import { openDataset } from "../data/registry.js";
import { SPLIT_FILE } from "../data/test-split.js";
import { assertSameClasses, type Trained } from "../training/trained.js";

/**
 * The data that a network was trained on, with the test images that its run kept from it, so that images that were added
 * since are none of them.
 *
 * @param path of the run or of one of its checkpoints.
 */
export function ownData<T extends DataSpec>(data: T, path: string): T {
  const folder =
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(dirname(path));
  const file = join(folder, SPLIT_FILE);
  return existsSync(file) ? { ...data, testSplit: { ...data.testSplit, file } } : data;
}

interface EvaluatedOptions {
  /** Data folder; the run's unless given. */
  readonly root: string | undefined;
  readonly split: Split;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Images to evaluate a network on: those of its run, or of another folder, whose classes are matched to the network's by
 * name. There a folder of test images alone suffices, also of some of the classes.
 */
export async function openEvaluated(
  trained: Trained,
  { root, split, signal }: EvaluatedOptions,
): Promise<Dataset> {
  const { recipe, classes } = trained.description;
  const own = ownData(recipe.data, trained.path);
  if (root === undefined || resolve(root) === own.root) {
    const dataset = await openDataset(own, split, { signal });
    assertSameClasses(trained, dataset.classes, dataset.root);
    return dataset;
  }
  const other = { ...own, root };
  const dataset = await openDataset({ ...other, kind: fittingKind(other) }, split, { classes, signal });
  assertSameClasses(trained, dataset.classes, dataset.root);
  return dataset;
}
