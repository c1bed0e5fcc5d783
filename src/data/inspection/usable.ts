import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { makeFolder, userCacheFolder } from "../../support/paths.js";
import { coresHere } from "../../support/cores.js";
import { DataError } from "../../support/errors.js";
import type { Dataset } from "../dataset.js";
import { undecodable } from "../formats/reading/content.js";
import { subset } from "../subset.js";
import { inspectAll } from "./inspect-all.js";
import { deepImages } from "./deep-images.js";
import { type Inspection, InspectionCache, isNearlyBlack } from "./inspection-cache.js";
import { counted, shellQuoted } from "../../support/text.js";

/** Images that a note names. */
const MAX_NAMED = 3;

/** How far looking at images is. */
export interface LookingListener {
  readonly onImages?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The images of a dataset that can be decoded, and what was seen of each of them. */
export interface UsableImages {
  readonly dataset: Dataset;
  readonly inspections: readonly Inspection[];
}

/**
 * Decodes every image once; what was seen is kept in the user's cache, so that unchanged files are not looked at again.
 * Images that cannot be decoded are left out, each with its reason.
 *
 * @throws DataError for the first of them when strict; the signal's reason.
 */
export async function usableImages(
  dataset: Dataset,
  { strict, onImages, signal = new AbortController().signal }: LookingListener & { strict: boolean },
): Promise<UsableImages> {
  let done = 0;
  const inspections = await inspectAll(dataset, {
    threads: coresHere(),
    cache: openCache(dataset.root),
    signal,
    onProgress: ({ inspected, known }) => {
      done += inspected + known;
      onImages?.(done, dataset.size);
    },
  });
  if (inspections === null) throw signal.reason;
  const isWhole = ({ error }: Inspection): boolean => error === null;
  const noted = withDarkNote(dataset, inspections, [...inspections.keys()]);
  if (inspections.every(isWhole)) return { dataset: noted, inspections };
  const damaged = [...inspections.keys()].filter((index) => !isWhole(inspections[index]!));
  if (strict) throw unusable(dataset, damaged, inspections);
  const kept = [...inspections.keys()].filter((index) => isWhole(inspections[index]!));
  const leftOut = damaged.map((index) => ({
    where: dataset.describe(index),
    reason: reasonOf(dataset, index, inspections[index]!),
    images: 1,
  }));
  return {
    dataset: { ...subset(noted, kept), leftOut: [...(dataset.leftOut ?? []), ...leftOut] },
    inspections: kept.map((index) => inspections[index]!),
  };
}

/**
 * The dataset with a note where images of more than 8 bits a channel are nearly black. Only these are decoded, once, and
 * what was seen of them is kept.
 * @throws The signal's reason.
 */
export async function withDarkImagesNoted(
  dataset: Dataset,
  { onImages, signal = new AbortController().signal }: LookingListener,
): Promise<Dataset> {
  const deep = await deepImages(dataset, signal);
  if (deep.length === 0) return dataset;
  let done = 0;
  const inspections = await inspectAll(subset(dataset, deep), {
    threads: coresHere(),
    cache: openCache(dataset.root),
    signal,
    onProgress: ({ inspected, known }) => {
      done += inspected + known;
      onImages?.(done, deep.length);
    },
  });
  if (inspections === null) throw signal.reason;
  return withDarkNote(dataset, inspections, deep);
}

/** @param indices Images of the dataset that the inspections are of. */
function withDarkNote(
  dataset: Dataset,
  inspections: readonly Inspection[],
  indices: readonly number[],
): Dataset {
  const dark = indices.filter((_, i) => isNearlyBlack(inspections[i]!));
  if (dark.length === 0) return dataset;
  const names = dark.slice(0, MAX_NAMED).map((index) => dataset.describe(index));
  const more = dark.length > MAX_NAMED ? ", …" : "";
  const are =
    dark.length === 1 ? "image has 16 bits a channel and is" : "images have 16 bits a channel and are";
  const note =
    `${dark.length} of ${dataset.size} ${are} nearly black (${names.join(", ")}${more}): only the upper 8 bits are used, which ` +
    "cameras and microscopes with 10, 12 or 14 bits leave empty; scale the values to the whole range.";
  return { ...dataset, notes: [...(dataset.notes ?? []), note] };
}

/** Why an image cannot be decoded, for people: what its file is instead, where that can be told. */
function reasonOf({ pixels }: Pick<Dataset, "pixels">, index: number, { error }: Inspection): string {
  const path = pixels.kind === "files" ? pixels.paths[index] : undefined;
  return undecodable(path ?? null, error ?? "");
}

function unusable(
  dataset: Dataset,
  damaged: readonly number[],
  inspections: readonly Inspection[],
): DataError {
  const [first] = damaged as [number];
  const count = counted(damaged.length, "image");
  return new DataError(
    `${dataset.describe(first)}: ${reasonOf(dataset, first, inspections[first]!)}; ${count} of ${dataset.size} cannot be used. ` +
      `\`longtail data check ${shellQuoted(dataset.root)}\` names all of them; --no-strict, data.strict=false, leaves them out.`,
  );
}

/** A file for each data folder. */
function openCache(root: string): InspectionCache {
  const folder = join(userCacheFolder(), "inspections");
  makeFolder(folder);
  const name = createHash("sha256").update(resolve(root)).digest("hex").slice(0, 32);
  return InspectionCache.open(join(folder, `${name}.jsonl`), { resume: true });
}
