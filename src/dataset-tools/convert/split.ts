import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { DataError, UsageError } from "../../support/errors.js";
import { fromFolder } from "../../support/paths.js";
import { type Dataset, type DataSource, pathsOf } from "../../data/dataset.js";
import { openAllTraining } from "../../data/registry.js";
import { splitParts, type SplitPart, type SplitPlan } from "../../data/split-plan.js";
import { writeTogether } from "../output-set.js";
import { categories, writeAnnotations } from "./annotation-file.js";
import { annotationOf, readLabeledFile, type LabeledFile } from "./labeled-file.js";

export interface SplitFiles {
  readonly plan: SplitPlan;
  /** Gets train.json, held-out.json and test.json, or .txt. */
  readonly out: string;
  readonly format: "json" | "list";
  readonly force: boolean;
}

const PART_NAMES: readonly SplitPart["name"][] = ["train", "held-out", "test"];

export interface WrittenPart {
  readonly name: SplitPart["name"];
  readonly file: string;
  readonly images: number;
  /** Images of each class. */
  readonly counts: readonly number[];
}

/** Splits the training images that a recipe's data names, every record of them; see writeSplit. */
export async function splitData(data: DataSource, options: SplitFiles): Promise<WrittenPart[]> {
  // Parts of a part would be no one's intention: neither test images nor a long-tailed subset are taken before.
  const source = { ...data, imbalance: null, strict: true };
  return writeSplit(await openAllTraining(source), source, options);
}

/**
 * Splits training images and writes each part as annotation JSON or a list, with paths from the data folder. Of annotation
 * JSON everything else stays as it is.
 *
 * @throws DataError when the images are no files of their own, or a class is too small for what is asked; UsageError when a
 * part of an earlier split would be left beside the new ones that has images of the new training part.
 */
export async function writeSplit(
  dataset: Dataset,
  source: DataSource,
  { plan, out, format, force: replace }: SplitFiles,
): Promise<WrittenPart[]> {
  const listed = listedImages(dataset, source);
  const nameOf = (part: SplitPart["name"]): string => `${part}.${format === "json" ? "json" : "txt"}`;
  const parts = splitParts(dataset, plan);
  const names = parts.map(({ name }) => nameOf(name));
  const trained = parts[0]!.indices.map((index) => listed.images[index]!.path);
  for (const other of PART_NAMES.map(nameOf).filter((name) => !names.includes(name)))
    assertApart(join(out, other), { format, trained: new Set(trained) });
  await writeTogether({ out, names, replace }, (temporary) => {
    for (const { name, indices } of parts) {
      const file = join(temporary, nameOf(name));
      if (format === "json") writeJson(file, listed, indices);
      else writeList(file, listed, indices);
    }
  });
  return parts.map(({ name, indices }) => {
    const file = join(out, nameOf(name));
    const counts = dataset.classes.map(() => 0);
    for (const index of indices) counts[dataset.labels[index]!]! += 1;
    return { name, file, images: indices.length, counts };
  });
}

/** @throws UsageError when a file of another split lists images that this one trains on */
function assertApart(
  file: string,
  { format, trained }: { readonly format: SplitFiles["format"]; readonly trained: ReadonlySet<string> },
): void {
  if (!existsSync(file)) return;
  const columns = { image: "image", label: "label" };
  const kind = format === "json" ? "annotations" : "list";
  const { images } = readLabeledFile(file, { kind, columns, classNames: null });
  const shared = images.filter(({ path }) => trained.has(path));
  if (shared.length === 0) return;
  throw new UsageError(
    `${file}: expected no image of the new training part, found ${shared.length} of its ${images.length} images there ` +
      `(${shared[0]!.path}, for one): it is of another split. Remove it, or choose another --out.`,
  );
}

/** The images as a file would list them: as annotation JSON does, where they come from there. */
function listedImages(dataset: Dataset, source: DataSource): LabeledFile {
  const { classes, labels, root } = dataset;
  const paths = pathsOf(dataset);
  if (paths === null) {
    throw new DataError(
      `${root}: expected images in files of their own, so that lists can name them; found ${source.kind}. ` +
        "`longtail data convert images` writes them as files.",
    );
  }
  if (source.kind === "annotations") {
    const file = resolve(root, source.trainFile ?? "train.json");
    return readLabeledFile(file, {
      kind: "annotations",
      columns: source.columns,
      classNames: source.classNames,
    });
  }
  const images = paths.map((path, i) => ({
    ...{ path: fromFolder(root, path), label: labels[i]!, json: null, where: path },
  }));
  return { images, classes, rest: categories(classes) };
}

function writeJson(file: string, { images, classes, rest }: LabeledFile, indices: readonly number[]): void {
  const annotations = indices.map((index) =>
    annotationOf(images[index]!, { id: index, path: images[index]!.path }),
  );
  writeAnnotations(file, { annotations, classCount: classes.length, rest });
}

function writeList(file: string, { images }: LabeledFile, indices: readonly number[]): void {
  const lines = indices.map((index) => `${images[index]!.path} ${images[index]!.label}\n`);
  writeFileAtomic(file, lines.join(""));
}
