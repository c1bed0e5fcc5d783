import { resolve } from "node:path";
import { pathsOf, type Split } from "../../data/dataset.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { fromFolder } from "../../support/paths.js";
import { shellQuoted } from "../../support/text.js";
import type { CheckedData, CheckedSplit } from "./images.js";

/** Lists of the images that can be decoded, and the keys that have a training take them. */
export interface UsableLists {
  /** Images that the lists leave out. */
  readonly leftOut: number;
  readonly files: Partial<Readonly<Record<Split, string>>>;
  /** "--set data.kind=csv …" */
  readonly settings: string;
}

/** Splits that keys name lists of. */
const LISTED = ["train", "test"] as const;

/**
 * Writes train.csv and test.csv into a folder: a line of path and class for each image that can be decoded. Null where all
 * can be, or where images are no files of their own.
 */
export function writeUsableLists(data: CheckedData, folder: string): UsableLists | null {
  const splits = LISTED.flatMap((split) => data[split] ?? []);
  const leftOut = splits.reduce(
    (sum, { inspections }) => sum + inspections.filter(({ error }) => error !== null).length,
    0,
  );
  if (leftOut === 0 || splits.some(({ dataset }) => dataset.pixels.kind !== "files")) return null;
  const files: Partial<Record<Split, string>> = {};
  for (const split of LISTED) {
    const checked = data[split];
    if (checked === undefined) continue;
    files[split] = resolve(folder, `${split}.csv`);
    writeFileAtomic(files[split], listText(checked));
  }
  const keys = Object.entries(files).map(([split, file]) => `data.${split}File=${file}`);
  const settings = ["data.kind=csv", ...keys].map((key) => `--set ${shellQuoted(key)}`).join(" ");
  return { leftOut, files, settings };
}

function listText({ dataset, inspections }: CheckedSplit): string {
  const { labels, classes, root } = dataset;
  const paths = pathsOf(dataset) ?? [];
  const lines = paths.flatMap((path, index) => {
    if (inspections[index]?.error !== null) return [];
    return [`${quoted(fromFolder(root, path))},${quoted(classes[labels[index]!]!)}\n`];
  });
  return `image,label\n${lines.join("")}`;
}

/** A field as RFC 4180 has it. */
function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
