import { formatBytes } from "../../support/units.js";
import { formatTable } from "../../support/table.js";
import { type ClassSize, classSizes } from "../../data/statistics.js";
import { type DatasetCard, datasetCard } from "../../data/card.js";
import { type Quantiles, imageStatistics, type ImageStatistics } from "../../data/image-statistics.js";
import { availableParallelism } from "node:os";
import { longTailPlot } from "../../data/long-tail-plot.js";
import { hasImagesOf, openForCheck } from "../../data/registry.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { DataError } from "../../support/errors.js";
import { adviseOn, type Start } from "../advice/advise.js";
import type { Dataset } from "../../data/dataset.js";
import type { GroupRule } from "../../data/groups.js";
import type { LeftOut } from "../../data/left-out.js";
import { subset } from "../../data/subset.js";
import { vision } from "../../data/vision.js";
import { maxOf, minOf } from "../../support/math.js";
import { counted, noun } from "../../support/text.js";

/** What data is like, as plain data. */
interface DataInfo {
  readonly train: DatasetCard;
  /** null: there is none that can be opened. */
  readonly test: DatasetCard | null;
  readonly classes: readonly ClassSize[];
  readonly effectiveNumbers: readonly EffectiveNumbers[];
  /** Of some training images, evenly chosen, by their files' headers. */
  readonly images: ImageStatistics & { readonly looked: number };
  readonly start: Start;
  /** What is not used of both splits, and what is to be known of how they were read. */
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/** How much the largest and the smallest class that has images count when images of a class overlap, for one β. */
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

const NO_TEST_IMAGES =
  "the data has no test images; a training keeps some of these to test on, as many of each class where there are enough " +
  "(data.testSplit), and `longtail data split` writes a split of your own";

/**
 * What data is like. What is wrong with it does not matter here: records that cannot be used are left out and counted.
 * @throws DataError for training images that cannot be opened.
 */
export async function readDataInfo(
  data: ResolvedRecipe["data"],
  { rule, onNoTest }: ReadOptions,
): Promise<DataInfo> {
  const train = await openForCheck(data, "train");
  const hasTest = hasImagesOf(data, "test");
  if (!hasTest) onNoTest(NO_TEST_IMAGES);
  const test = !hasTest
    ? undefined
    : await openForCheck(data, "test").catch((error: unknown) => {
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
  const counts = card.counts.filter((count) => count > 0);
  return {
    train: card,
    test: testCard,
    classes: classSizes(train, { test, rule }),
    leftOut: [...(train.leftOut ?? []), ...(test?.leftOut ?? [])],
    notes: [...(train.notes ?? []), ...(test?.notes ?? []), ...emptyClasses(card)],
    effectiveNumbers: [0.99, 0.999, 0.9999].map((beta) => effectiveNumbers(counts, beta)),
    images,
    start: adviseOn({
      kind: train.kind,
      counts,
      side: images.shorterSide?.median ?? 0,
      smallestTest: testCard === null ? null : minOf(testCard.counts),
    }),
  };
}

/** What a training refuses. */
function emptyClasses({ classes, counts }: DatasetCard): string[] {
  const empty = classes.filter((_, label) => counts[label] === 0);
  if (empty.length === 0) return [];
  const [first] = empty.map((name) => JSON.stringify(name));
  const one = `class ${first} has no training images: a training refuses that. Add some, or remove the class.`;
  const many = `${empty.length} classes have no training images, ${first} for one: a training refuses that. Add some, or remove them.`;
  return [empty.length === 1 ? one : many];
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
  const [largest, smallest] = [maxOf(counts), minOf(counts)].map((n) => effectiveNumber(n, beta));
  return { beta, largest: largest!, smallest: smallest!, imbalance: largest! / smallest! };
}

const MAX_ROWS = 20;
const BAR = 40;

/** What data is like, for a terminal: numbers, the classes as bars. */
export function infoText(info: DataInfo): string {
  return [splits(info), ...remarks(info), facts(info), bars(info.classes)].join("\n\n");
}

const MAX_LEFT_OUT = 10;

/** How the data was read, and what is left out of it with the reasons. */
function remarks({ notes, leftOut }: DataInfo): string[] {
  const lines = leftOut.slice(0, MAX_LEFT_OUT).map(({ where, reason }) => `left out: ${where}: ${reason}`);
  const more = leftOut.length - lines.length;
  const all = [...notes, ...lines, ...(more > 0 ? [`left out: ${more} more; --json has all of them`] : [])];
  return all.length === 0 ? [] : [all.join("\n")];
}

/** What to start from, and why, with the command that does it; `fit` is the one that decides everything by itself. */
export function adviceText({ start }: DataInfo, { command, fit }: Record<"command" | "fit", string>): string {
  const paragraphs = start.advice.map(({ topic, advice, why, sources, set }) => {
    const source = sources.length === 0 ? [] : [`  (${sources.join("; ")})`];
    const keys = set.length === 0 ? [] : [`  ${set.map((change) => `--set ${change}`).join(" ")}`];
    return [`${topic}: ${advice}`, `  ${why}`, ...source, ...keys].join("\n");
  });
  const first = [
    "Where to start from: a pretrained network with a classifier that is corrected for the class sizes. Few photographs are too few to learn",
    "features from; it takes minutes on a CPU, and decides everything by itself:",
    `  ${fit}`,
  ].join("\n");
  const opening = start.fit ? [first, "To train a network of your own instead:"] : ["Where to start from:"];
  return [...opening, ...paragraphs, `As a command:\n  ${command}`].join("\n\n");
}

function splits({ train, test }: DataInfo): string {
  const row = (name: string, card: DatasetCard): string[] => [
    name,
    whole(card.images),
    whole(maxOf(card.counts)),
    whole(minOf(card.counts)),
    card.imbalance === null ? "-" : short(card.imbalance),
    card.gini.toFixed(2),
    whole(card.skipped),
    card.hash.slice(0, 12),
  ];
  const rows = [row("train", train), ...(test === null ? [] : [row("test", test)])];
  const header = ["", "images", "largest class", "smallest", "imbalance", "Gini", "left out", "hash"];
  return formatTable(header, rows);
}

function facts({ train, effectiveNumbers, images }: DataInfo): string {
  const groups = Object.entries(train.groups ?? {}).map(
    ([group, { classes, images: count }]) =>
      `${group} ${counted(classes, "class", "classes")} (${whole(count)} ${noun(count, "image")})`,
  );
  const effective = effectiveNumbers.map(
    ({ beta, largest, smallest, imbalance }) =>
      `${short(largest)} to ${short(smallest)}, ratio ${short(imbalance)} (β ${beta})`,
  );
  const shares = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${((100 * count) / images.images).toFixed(0)} %`)
      .join(", ");
  const rows: [string, string][] = [
    ["groups", groups.join(", ")],
    ["effective numbers", effective.join("; ")],
    ["width, height", `${range(images.width, String)}; ${range(images.height, String)} pixels`],
    ["file size", range(images.bytes, formatBytes)],
    [
      "images are",
      `${shares(images.formats)}; ${shares(images.colors)} (of ${whole(images.looked)} looked at)`,
    ],
  ];
  return rows.map(([name, text]) => `${name.padEnd(19)}${text}`).join("\n");
}

function range(quantiles: Quantiles | null, show: (value: number) => string): string {
  if (quantiles === null) return "-";
  const { min, median, max } = quantiles;
  return min === max ? show(min) : `${show(min)} to ${show(max)} (median ${show(median)})`;
}

/** A bar a class, largest first; of many classes every so-manieth, from the first to the last. */
function bars(classes: readonly ClassSize[]): string {
  const sorted = classes.toSorted((a, b) => b.train - a.train);
  const rows = Math.min(MAX_ROWS, sorted.length);
  const shown = Array.from({ length: rows }, (_, row) => {
    const place = rows === 1 ? 0 : Math.round((row * (sorted.length - 1)) / (rows - 1));
    return { ...sorted[place]!, place };
  });
  const names = shown.map(({ name, place }) => (rows < sorted.length ? `${place + 1}. ${name}` : name));
  const width = Math.min(28, maxOf(names.map((name) => name.length)));
  const most = Math.max(1, sorted[0]?.train ?? 1);
  return shown
    .map(({ train, group }, row) => {
      const name = names[row]!.slice(0, width).padEnd(width);
      return `${name} ${whole(train).padStart(7)} ${bar(train / most)} ${group}`;
    })
    .join("\n");
}

/** Of at most BAR cells, in eighths of one. */
function bar(share: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(8 * BAR * share));
  const rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return "█".repeat(Math.floor(eighths / 8)) + rest;
}

function whole(value: number): string {
  return value.toLocaleString("en");
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
