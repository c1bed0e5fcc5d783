import { DataError } from "../../support/errors.js";
import type { Dataset, DataSpec, SplitFolder } from "../../data/dataset.js";
import { hasImagesOf, openForCheck } from "../../data/registry.js";
import type { Finding } from "./finding.js";
import { find } from "./find.js";
import { type CheckedData, type CheckedSplit, SPLITS } from "./images.js";
import { NEAR_BITS } from "../../data/inspection/duplicates.js";
import { inspectAll, type InspectOptions } from "../../data/inspection/inspect-all.js";
import { InspectionCache } from "../../data/inspection/inspection-cache.js";

export interface CheckOptions extends Omit<InspectOptions, "cache"> {
  /** The file that keeps inspections. */
  readonly cacheFile: string;
  /** Whether the images that it knows are not looked at again. */
  readonly resume: boolean;
  /** Side of the square that the network sees; null when that is not known. */
  readonly imageSize: number | null;
  /** Bits in which hashes of near images may differ; NEAR_BITS unless given. */
  readonly bits?: number | undefined;
  /** Called before the first image, with the number of all. */
  readonly onStart: (images: number) => void;
}

export interface CheckResult {
  readonly data: CheckedData;
  /** Errors first. */
  readonly findings: readonly Finding[];
}

/**
 * Looks at every image of all splits and says what is wrong with the data.
 * @returns null when the signal ended it; what was done until then is in the cache
 */
export async function checkData(
  spec: DataSpec,
  { cacheFile, resume, bits = NEAR_BITS, ...options }: CheckOptions,
): Promise<CheckResult | null> {
  const cache = InspectionCache.open(cacheFile, { resume });
  const { datasets, problems } = await openSplits(spec);
  options.onStart([...datasets.values()].reduce((sum, { size }) => sum + size, 0));
  const data: Partial<Record<SplitFolder, CheckedSplit>> = {};
  for (const [split, dataset] of datasets) {
    const inspections = await inspectAll(dataset, { ...options, cache });
    if (inspections === null) return null;
    data[split] = { dataset, inspections };
  }
  return { data, findings: find(data, { ...options, bits, problems }) };
}

/** The splits that can be opened, and why the others cannot. */
async function openSplits(
  spec: DataSpec,
): Promise<{ datasets: Map<SplitFolder, Dataset>; problems: Partial<Record<SplitFolder, string>> }> {
  const datasets = new Map<SplitFolder, Dataset>();
  const problems: Partial<Record<SplitFolder, string>> = {};
  for (const split of SPLITS) {
    try {
      if (split !== "train" && !hasImagesOf(spec, split)) continue;
      datasets.set(split, await openForCheck(spec, split));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems[split] = error.message;
    }
  }
  return { datasets, problems };
}
