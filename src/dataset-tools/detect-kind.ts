import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../data/dataset.js";

type Kind = Dataset["kind"];

/** What identifies a folder of each kind: a file of that name in it or in the folder that the publisher's archive makes. */
const MARKS: readonly (readonly [Kind, RegExp])[] = [
  ["cifar100", /^(train\.bin|cifar-100-binary|cifar-100-python)$/],
  ["cifar10", /^(data_batch_1(\.bin)?|cifar-10-batches-bin|cifar-10-batches-py)$/],
  ["inaturalist", /^train2018\.json$/],
  ["annotations", /^train\.json$/],
  ["list", /^train\.txt$/],
  ["csv", /^train\.csv$/],
  ["parquet", /^train.*\.parquet$/],
  ["webdataset", /^train.*\.tar$/],
];

/** The kind of data that a folder looks like; undefined when it looks like none, or does not exist. */
export function detectKind(root: string): Kind | undefined {
  if (!existsSync(root) || !statSync(root).isDirectory()) return undefined;
  const names = readdirSync(root);
  const [marked] = MARKS.find(([, mark]) => names.some((name) => mark.test(name))) ?? [];
  if (marked !== undefined) return marked;
  const train = statSync(join(root, "train"), { throwIfNoEntry: false });
  if (train?.isDirectory()) return "image-folder";
  const isPythonArchive = train !== undefined && names.includes("test") && names.includes("meta");
  return isPythonArchive ? "cifar100" : undefined;
}
