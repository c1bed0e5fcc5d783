import { statSync } from "node:fs";
import { DataError, UsageError } from "../support/errors.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Dataset, Split } from "./dataset.js";
import { cifarLayout, openCifar } from "./formats/cifar.js";
import { FOLDER_LAYOUT, openImageFolder } from "./formats/image-folder.js";
import { imbalanced } from "./imbalance.js";
import { classStatistics } from "./statistics.js";

export type DataSpec = Pick<ResolvedRecipe["data"], "kind" | "root" | "imbalance">;

/**
 * Opens the data that a recipe names; training data is made long-tailed when the recipe asks for it.
 * @throws DataError when the folder is missing or not of that kind, or a class has no training images.
 */
export async function openDataset(data: DataSpec, split: Split): Promise<Dataset> {
  const { kind, root, imbalance } = data;
  if (root === null) throw new UsageError("No data folder: expected --data DIR.");
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DataError(
      `${root}: data folder not found; expected ${kind === "image-folder" ? FOLDER_LAYOUT : cifarLayout(kind)}.`,
    );
  }
  const dataset = await open({ ...data, root }, split);
  if (split === "test") return dataset;
  requireEveryClass(dataset);
  return imbalance === null ? dataset : imbalanced(dataset, imbalance);
}

type Rooted = DataSpec & { readonly root: string };

function open({ kind, root }: Rooted, split: Split): Dataset | Promise<Dataset> {
  return kind === "image-folder" ? openImageFolder(root, split) : openCifar(kind, root, split);
}

function requireEveryClass(dataset: Dataset): void {
  const { counts, classes } = classStatistics(dataset);
  const empty = classes[counts.indexOf(0)];
  if (empty !== undefined) throw new DataError(`${dataset.root}: class "${empty}" has no training images.`);
}
