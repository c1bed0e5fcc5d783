import { type DatasetCard, splitHash } from "../data/card.js";
import { contentByClass } from "../data/content.js";
import type { Dataset } from "../data/dataset.js";
import { classStatistics } from "../data/statistics.js";
import { readDescription } from "../runs/read-run.js";
import { DataError } from "../support/errors.js";
import type { TrainingData } from "./training-data.js";

/**
 * Compares the images of a run that is resumed with those that it began with: classes, numbers of images, names, content.
 *
 * @returns warnings, where other images are allowed
 * @throws DataError that names what differs, where they are not or the classes are others
 */
export function compareData(
  run: string,
  data: Pick<TrainingData, "train" | "test">,
  { changedData = false }: { readonly changedData?: boolean | undefined },
): string[] {
  const before = readDescription(run).data;
  const splits = [
    { name: "training", then: before.train, now: data.train },
    { name: "test", then: before.test, now: data.test },
  ];
  const texts = splits.flatMap(({ name, then, now }) => {
    const difference = classDifference(then, now) ?? imageDifference(then, now);
    return difference === null
      ? []
      : [`the ${name} images are not those that the run began with: ${difference}`];
  });
  const [first] = texts;
  if (first === undefined) return [];
  const isOtherNetwork = splits.some(({ then, now }) => then.classes.length !== now.classes.length);
  if (changedData && !isOtherNetwork) return texts;
  const way = isOtherNetwork ? "" : ", or resume with --changed-data";
  throw new DataError(
    `${run}: ${texts.join("; ")}. Restore the images in ${data.train.root}, or begin a new run${way}.`,
  );
}

function classDifference({ classes: then }: DatasetCard, { classes: now }: Dataset): string | null {
  const more = now.find((name) => !then.includes(name));
  const gone = then.find((name) => !now.includes(name));
  if (more !== undefined && gone !== undefined) return `class "${gone}" is gone and class "${more}" is new`;
  if (more !== undefined) return `${now.length} classes, ${then.length} then; class "${more}" is new`;
  if (gone !== undefined) return `${now.length} classes, ${then.length} then; class "${gone}" is gone`;
  const moved = then.findIndex((name, label) => now[label] !== name);
  return moved < 0
    ? null
    : `the classes are in another order: number ${moved} is "${now[moved]!}", "${then[moved]!}" then`;
}

function imageDifference(then: DatasetCard, now: Dataset): string | null {
  const { counts, classes } = classStatistics(now);
  const label = counts.findIndex((count, index) => count !== then.counts[index]);
  if (label >= 0)
    return `${now.size === then.images ? "" : `${now.size} images, ${then.images} then; first: `}class "${classes[label]!}" has ${counts[label]!}, ${then.counts[label]!} then`;
  const content = then.content === undefined || then.content === null ? null : contentByClass(now);
  const changed = content?.findIndex((hash, index) => hash !== then.content![index]) ?? -1;
  if (changed >= 0) return `other content in class "${classes[changed]!}"`;
  return splitHash(now) === then.hash
    ? null
    : `other names or another order of files (hash ${splitHash(now).slice(0, 12)}, ${then.hash.slice(0, 12)} then)`;
}
