import { availableParallelism } from "node:os";
import { longTailPlot } from "../../data/long-tail-plot.js";
import { openForCheck } from "../../data/registry.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { DataError } from "../../support/errors.js";
import { adviseOn, type Start } from "../advice/advise.js";
import { datasetCard, type DatasetCard } from "../../data/card.js";
import { classSizes, type ClassSize } from "../../data/statistics.js";
import type { Dataset } from "../../data/dataset.js";
import type { GroupRule } from "../../data/groups.js";
import { imageStatistics, type ImageStatistics } from "../../data/image-statistics.js";
import { subset } from "../../data/subset.js";
import { vision } from "../../data/vision.js";

/** What data is like, as plain data. */
export interface DataInfo {
  readonly train: DatasetCard;
  /** null: there is none that can be opened. */
  readonly test: DatasetCard | null;
  readonly classes: readonly ClassSize[];
  readonly effectiveNumbers: readonly EffectiveNumbers[];
  /** Of some training images, evenly chosen, by their files' headers. */
  readonly images: ImageStatistics & { readonly looked: number };
  readonly start: Start;
}

/** How much the largest and the smallest class count when images of a class overlap, for one β. */
interface EffectiveNumbers {
  readonly beta: number;
  readonly largest: number;
  readonly smallest: number;
  readonly imbalance: number;
}

/** Headers of so many images are read: enough for quantiles, and a second or two on a slow disk. */
const MAX_SAMPLED = 1000;

interface ReadOptions {
  readonly rule: GroupRule;
  /** Receives why there is no test split, where there is none that can be opened. */
  readonly onNoTest: (message: string) => void;
}

/**
 * What data is like. What is wrong with it does not matter here: records that cannot be used are left out and counted.
 * @throws DataError for training images that cannot be opened.
 */
export async function readDataInfo(
  data: ResolvedRecipe["data"],
  { rule, onNoTest }: ReadOptions,
): Promise<DataInfo> {
  const train = await openForCheck(data, "train");
  const test = await openForCheck(data, "test").catch((error: unknown) => {
    if (!(error instanceof DataError)) throw error;
    onNoTest(error.message);
    return undefined;
  });
  return dataInfo(train, { test, rule, threads: data.workers || availableParallelism() });
}

/** The class sizes as a picture, SVG. */
export function classPlot({ classes }: DataInfo): string {
  return longTailPlot(classes).text;
}

export function dataInfo(
  train: Dataset,
  { test, rule, threads }: { test: Dataset | undefined; rule: GroupRule; threads: number },
): DataInfo {
  const card = datasetCard(train, rule);
  const testCard = test === undefined ? null : datasetCard(test, rule);
  const images = someImages(train, threads);
  return {
    train: card,
    test: testCard,
    classes: classSizes(train, { test, rule }),
    effectiveNumbers: [0.99, 0.999, 0.9999].map((beta) => effectiveNumbers(card.counts, beta)),
    images,
    start: adviseOn({
      kind: train.kind,
      counts: card.counts,
      side: images.shorterSide?.median ?? 0,
      smallestTest: testCard === null ? null : Math.min(...testCard.counts),
    }),
  };
}

function someImages(train: Dataset, threads: number): DataInfo["images"] {
  const looked = Math.min(MAX_SAMPLED, train.size);
  const indices = Array.from({ length: looked }, (_, i) => Math.floor((i * train.size) / looked));
  const headers = vision().inspectImages(subset(train, indices).pixels, threads, "header");
  return { ...imageStatistics(headers), looked };
}

/** E(n) = (1 − βⁿ) / (1 − β). Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019, eq. 2. */
export function effectiveNumber(images: number, beta: number): number {
  return (1 - beta ** images) / (1 - beta);
}

function effectiveNumbers(counts: readonly number[], beta: number): EffectiveNumbers {
  const [largest, smallest] = [Math.max(...counts), Math.min(...counts)].map((n) => effectiveNumber(n, beta));
  return { beta, largest: largest!, smallest: smallest!, imbalance: largest! / smallest! };
}
