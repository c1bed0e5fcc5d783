import { statSync } from "node:fs";
import { DataError, UsageError } from "../support/errors.js";
import type { Dataset, DataSource, DataSpec, Split, SplitFolder } from "./dataset.js";
import { describeFolder } from "./folder/layout.js";
import { annotationsFormat } from "./formats/annotations.js";
import { cifarLayout, openCifar } from "./formats/cifar.js";
import { csvFormat } from "./formats/csv.js";
import { FOLDER_LAYOUT, layoutOf, openImageFolder } from "./formats/image-folder.js";
import { inaturalistFormat } from "./formats/inaturalist.js";
import { listFormat } from "./formats/list.js";
import { parquetFormat } from "./formats/parquet.js";
import { webdatasetFormat } from "./formats/webdataset.js";
import { withHeicDecoded } from "./heic.js";
import { imbalanced } from "./imbalance.js";
import { alikeImages } from "./inspection/duplicates.js";
import { type LookingListener, usableImages, withDarkImagesNoted } from "./inspection/usable.js";
import { type FileListFormat, listedFiles } from "./formats/listed-files.js";
import { type Listed, type ListedFormat, openListed } from "./formats/listing.js";
import { classStatistics } from "./statistics.js";
import { subset } from "./subset.js";
import {
  applyTestSplit,
  chooseTestImages,
  describeSplit,
  findTestSplit,
  readTestSplit,
  type TestSplit,
} from "./test-split.js";

interface Format {
  /** What the data folder must hold, for messages. */
  readonly layout: string;
  readonly open: (source: DataSource, split: SplitFolder) => Dataset | Promise<Dataset>;
  /** Whether there are images of that split: test images are taken from the training images where there are none. */
  readonly has: (source: DataSource, split: SplitFolder) => boolean;
}

const always = (_source: DataSource, split: SplitFolder): boolean => split !== "validation";

const formats: Record<DataSpec["kind"], Format> = {
  cifar10: cifar("cifar10"),
  cifar100: cifar("cifar100"),
  "image-folder": {
    layout: FOLDER_LAYOUT,
    open: openImageFolder,
    has: (source, split) => layoutOf(source)[split] !== null,
  },
  annotations: listedIn(annotationsFormat, "annotation JSON"),
  list: listedIn(listFormat, '"path label" lines'),
  inaturalist: listedIn(inaturalistFormat, "iNaturalist's JSON"),
  csv: listedIn(csvFormat, "CSV"),
  parquet: listed(parquetFormat, "train*.parquet and test*.parquet"),
  webdataset: listed(webdatasetFormat, "WebDataset's shards, train*.tar and test*.tar"),
};

function cifar(kind: "cifar10" | "cifar100"): Format {
  return {
    layout: cifarLayout(kind),
    open: ({ root }, split) => openCifar(kind, root, split === "test" ? "test" : "train"),
    has: always,
  };
}

function listedIn<T extends Listed>(format: FileListFormat<T>, what: string): Format {
  return listed(listedFiles(format), `the images that ${what} lists`);
}

function listed<T extends Listed>(format: ListedFormat<T>, layout: string): Format {
  return {
    layout,
    open: (source, split) => openListed(format, source, split),
    has: (source, split) => format.find(source, split) !== null,
  };
}

/** Settings of opening data. */
export interface OpenOptions extends LookingListener {
  /** Classes of a trained network, to which the images are matched by name; the training images' unless given. */
  readonly classes?: readonly string[] | undefined;
}

/** Every split of data, and where its test images are from. */
export interface OpenedData {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Images of a validation folder beside a test folder, to choose an epoch by; null where there is none. */
  readonly validation: Dataset | null;
  /** The split that was made because the data has no test images; null where it has some. */
  readonly testSplit: TestSplit | null;
}

/**
 * Opens the data that a recipe names; training data is made long-tailed when the recipe asks for it. Where there are no
 * test images, some of the training images are them (data.testSplit). With strict=false, images that cannot be decoded are
 * left out.
 * @throws DataError when the data is missing or not of that kind, a class has no training images or, when strict, a
 *   record cannot be used.
 */
export async function openData(data: DataSpec, options: OpenOptions = {}): Promise<OpenedData> {
  const source = sourceOf(data, options);
  const { has } = formats[data.kind];
  if (!has(source, "test")) {
    const { train, test, testSplit } = await splitOf(source, options);
    return { train: forTraining(train, data), test, validation: null, testSplit };
  }
  const open = (split: SplitFolder): Promise<Dataset> => openUsable(source, split, options);
  const train = forTraining(await open("train"), data);
  const validation = has(source, "validation") ? await open("validation") : null;
  return { train, test: await open("test"), validation, testSplit: null };
}

/** One split of `openData`. */
export async function openDataset(data: DataSpec, split: Split, options: OpenOptions = {}): Promise<Dataset> {
  const source = sourceOf(data, options);
  if (options.classes !== undefined) return openKnown(source, split, options);
  const hasTest = formats[data.kind].has(source, "test");
  const dataset = hasTest
    ? await openUsable(source, split, options)
    : (await splitOf(source, options, { mayBeEmpty: split === "train" }))[split];
  return split === "test" ? dataset : forTraining(dataset, data);
}

/**
 * Images for a network that is trained: where there is no test split all of them are test images, but of the data that the
 * network was trained on (data.testSplit.file says which) those that were kept from it.
 */
async function openKnown(source: DataSource, split: Split, options: OpenOptions): Promise<Dataset> {
  const hasTest = formats[source.kind].has(source, "test");
  if (hasTest || split === "train") return openUsable(source, split, options);
  const whole = { ...(await openUsable(source, "train", options)), split };
  const { file } = source.testSplit;
  const chosen = file === null ? null : findTestSplit(whole, readTestSplit(file));
  return chosen === null ? whole : subset(whole, chosen.taken);
}

/** Every training image, before test images are taken from them. */
export async function openAllTraining(data: DataSpec): Promise<Dataset> {
  return forTraining(await openDecoded(sourceOf(data, {}), "train"), data);
}

/**
 * Opens what there is, to look for what is wrong with it: bad records are left out and counted, a class may be empty.
 * @throws DataError when the data is missing or not of that kind
 */
export async function openForCheck(data: DataSpec, split: SplitFolder): Promise<Dataset> {
  const dataset = await openDecoded(sourceOf({ ...data, strict: false }, {}), split);
  const isWhole = split !== "train" || classStatistics(dataset).counts.includes(0);
  return isWhole ? dataset : subsetOf(dataset, data);
}

/** Whether data has images of a split of its own. @throws DataError when it is missing or not of that kind */
export function hasImagesOf(data: DataSpec, split: SplitFolder): boolean {
  return formats[data.kind].has(sourceOf(data, {}), split);
}

function sourceOf(data: DataSpec, { classes }: OpenOptions): DataSource {
  const { root, kind } = data;
  if (root === null) throw new UsageError("No data folder: expected --data DIR.");
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new DataError(`${root}: data folder not found; expected ${formats[kind].layout}.`);
  return { ...data, root, classes };
}

/** A split with what its decoders do not know decoded. */
async function openDecoded(
  source: DataSource,
  split: SplitFolder,
  listener: LookingListener = {},
): Promise<Dataset> {
  const { strict, kind } = source;
  return withHeicDecoded(await formats[kind].open(source, split), { strict, ...listener });
}

async function openUsable(source: DataSource, split: SplitFolder, options: OpenOptions): Promise<Dataset> {
  const dataset = await openDecoded(source, split, options);
  if (dataset.pixels.kind === "packed") return dataset;
  if (source.strict) return withDarkImagesNoted(dataset, options);
  return (await usableImages(dataset, { ...options, strict: false })).dataset;
}

/** The training images of data without test images, split. */
async function splitOf(
  source: DataSource,
  options: OpenOptions,
  { mayBeEmpty = false }: { mayBeEmpty?: boolean } = {},
): Promise<Record<Split, Dataset> & { testSplit: TestSplit }> {
  const { strict, testSplit: rule } = source;
  const opened = await openDecoded(source, "train", options);
  const { dataset, inspections } = await usableImages(opened, { ...options, strict });
  const { file, fraction, seed } = rule;
  const known = file === null ? null : readTestSplit(file);
  const indices =
    known === null
      ? chooseTestImages(dataset, { fraction, seed, alike: alikeImages(inspections) })
      : applyTestSplit(dataset, known, file!);
  if (indices.taken.length === 0 && !mayBeEmpty)
    throw new DataError(
      `${source.root}: expected test images, found ${describeFolder(source.root)}, and no class has two images to take one from.`,
    );
  const { leftOut: _, notes: _notes, ...test } = subset(dataset, indices.taken);
  return {
    train: subset(dataset, indices.kept),
    test: { ...test, split: "test" },
    testSplit: known ?? describeSplit(dataset, indices, { fraction, seed }),
  };
}

function forTraining(dataset: Dataset, data: DataSpec): Dataset {
  requireEveryClass(dataset);
  return subsetOf(dataset, data);
}

function subsetOf(dataset: Dataset, { imbalance, imbalanceSeed: seed }: DataSpec): Dataset {
  return imbalance === null ? dataset : imbalanced(dataset, { imbalance, seed });
}

function requireEveryClass(dataset: Dataset): void {
  const { counts, classes } = classStatistics(dataset);
  const empty = classes[counts.indexOf(0)];
  if (empty !== undefined)
    throw new DataError(
      `${dataset.root}: class "${empty}" has no training images; add some, or remove the class.`,
    );
}
