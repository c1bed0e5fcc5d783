import { statSync } from "node:fs";
import { DataError, UsageError } from "../support/errors.js";
import type { Dataset, DataSource, DataSpec, Split } from "./dataset.js";
import { annotationsFormat } from "./formats/annotations.js";
import { cifarLayout, openCifar } from "./formats/cifar.js";
import { csvFormat } from "./formats/csv.js";
import { FOLDER_LAYOUT, openImageFolder } from "./formats/image-folder.js";
import { inaturalistFormat } from "./formats/inaturalist.js";
import { listFormat } from "./formats/list.js";
import { parquetFormat } from "./formats/parquet.js";
import { webdatasetFormat } from "./formats/webdataset.js";
import { imbalanced } from "./imbalance.js";
import { type FileListFormat, listedFiles } from "./formats/listed-files.js";
import { type Listed, openListed } from "./formats/listing.js";
import { classStatistics } from "./statistics.js";

interface Format {
  /** What the data folder must hold, for messages. */
  readonly layout: string;
  readonly open: (source: DataSource, split: Split) => Dataset | Promise<Dataset>;
}

const formats: Record<DataSpec["kind"], Format> = {
  cifar10: { layout: cifarLayout("cifar10"), open: ({ root }, split) => openCifar("cifar10", root, split) },
  cifar100: {
    layout: cifarLayout("cifar100"),
    open: ({ root }, split) => openCifar("cifar100", root, split),
  },
  "image-folder": { layout: FOLDER_LAYOUT, open: openImageFolder },
  annotations: listed(annotationsFormat, "annotation JSON"),
  list: listed(listFormat, '"path label" lines'),
  inaturalist: listed(inaturalistFormat, "iNaturalist's JSON"),
  csv: listed(csvFormat, "CSV"),
  parquet: {
    layout: "train*.parquet and test*.parquet",
    open: (source, split) => openListed(parquetFormat, source, split),
  },
  webdataset: {
    layout: "WebDataset's shards, train*.tar and test*.tar",
    open: (source, split) => openListed(webdatasetFormat, source, split),
  },
};

function listed<T extends Listed>(format: FileListFormat<T>, what: string): Format {
  const files = listedFiles(format);
  return {
    layout: `the images that ${what} lists`,
    open: (source, split) => openListed(files, source, split),
  };
}

/**
 * Opens the data that a recipe names; training data is made long-tailed when the recipe asks for it.
 * @throws DataError when the data is missing or not of that kind, a class has no training images or, when strict, a
 *   record cannot be used.
 */
export async function openDataset(data: DataSpec, split: Split): Promise<Dataset> {
  const dataset = await openWhole(data, split);
  if (split === "test") return dataset;
  requireEveryClass(dataset);
  return subsetOf(dataset, data);
}

/**
 * Opens what there is, to look for what is wrong with it: bad records are left out and counted, a class may be empty.
 * @throws DataError when the data is missing or not of that kind
 */
export async function openForCheck(data: DataSpec, split: Split): Promise<Dataset> {
  const dataset = await openWhole({ ...data, strict: false }, split);
  const isWhole = split === "test" || classStatistics(dataset).counts.includes(0);
  return isWhole ? dataset : subsetOf(dataset, data);
}

function subsetOf(dataset: Dataset, { imbalance, imbalanceSeed: seed }: DataSpec): Dataset {
  return imbalance === null ? dataset : imbalanced(dataset, { imbalance, seed });
}

async function openWhole(data: DataSpec, split: Split): Promise<Dataset> {
  const { kind, root } = data;
  const { layout, open } = formats[kind];
  if (root === null) throw new UsageError("No data folder: expected --data DIR.");
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DataError(`${root}: data folder not found; expected ${layout}.`);
  }
  return open({ ...data, root }, split);
}

function requireEveryClass(dataset: Dataset): void {
  const { counts, classes } = classStatistics(dataset);
  const empty = classes[counts.indexOf(0)];
  if (empty !== undefined) throw new DataError(`${dataset.root}: class "${empty}" has no training images.`);
}
