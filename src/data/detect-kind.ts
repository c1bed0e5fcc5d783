import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DataSpec } from "./dataset.js";
import { entriesOf, isFolder } from "./folder/entries.js";
import { folderLayout } from "./folder/layout.js";
import { csvFormat, hasImagesAndLabels } from "./formats/csv.js";
import { existingFile } from "./formats/reading/file-pattern.js";
import { usualShards } from "./formats/webdataset.js";
import { usualParquet } from "./formats/parquet.js";

type Kind = DataSpec["kind"];

/** What identifies a folder of each kind: a file of that name in it or in the folder that the publisher's archive makes. */
const MARKS: readonly (readonly [Kind, RegExp])[] = [
  ["cifar100", /^(train\.bin|cifar-100-binary|cifar-100-python)$/],
  ["cifar10", /^(data_batch_1(\.bin)?|cifar-10-batches-bin|cifar-10-batches-py)$/],
  ["inaturalist", /^train2018\.json$/],
  ["annotations", /^train\.json$/],
  ["list", /^train\.txt$/],
  ["csv", /^train\.([ct]sv|jsonl)$/],
];

/** The kind of data that a folder looks like; undefined when it looks like none, or does not exist. */
export function detectKind(root: string): Kind | undefined {
  if (!existsSync(root) || !isFolder(root)) return undefined;
  const names = entriesOf(root).map(({ name }) => name);
  const [marked] = MARKS.find(([, mark]) => names.some((name) => mark.test(name))) ?? [];
  if (marked !== undefined) return marked;
  if (usualParquet(root)) return "parquet";
  if (usualShards(root)) return "webdataset";
  return detectImages(root) ?? detectCifarArchive(root, names);
}

/** Class folders, or a table beside the images. */
function detectImages(root: string): Kind | undefined {
  const layout = folderLayout(root);
  if (layout !== null && layout.train !== root) return "image-folder";
  if (tableIn(root) !== null) return "csv";
  return layout === null ? undefined : "image-folder";
}

function tableIn(root: string): string | null {
  const usual =
    csvFormat.usual.train.map((name) => existingFile(root, name)).find((file) => file !== null) ?? null;
  const table = csvFormat.find?.(root, "train", usual) ?? usual;
  return table !== null && hasImagesAndLabels(table) ? table : null;
}

function detectCifarArchive(root: string, names: readonly string[]): Kind | undefined {
  const train = statSync(join(root, "train"), { throwIfNoEntry: false });
  return train !== undefined && names.includes("test") && names.includes("meta") ? "cifar100" : undefined;
}

/**
 * The kind that a recipe's data has: the recipe's but, where it says folders of images and the folder holds none, the one
 * that the folder looks like.
 */
export function fittingKind({ kind, root, trainFile }: Pick<DataSpec, "kind" | "root" | "trainFile">): Kind {
  if (kind !== "image-folder" || root === null || trainFile !== null || !isFolder(root)) return kind;
  const layout = folderLayout(root);
  const isClear = layout !== null && dirname(layout.train) === resolve(root);
  return isClear ? kind : (detectKind(root) ?? kind);
}
