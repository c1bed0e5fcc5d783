import { isAbsolute, join, relative, resolve } from "node:path";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { requireAbsent } from "../../support/atomic-folder.js";
import { DataError } from "../../support/errors.js";
import type { Dataset, DataSource } from "../../data/dataset.js";
import { openAllTraining } from "../../data/registry.js";
import { splitParts, type SplitPart, type SplitPlan } from "../../data/split-plan.js";
import { categories, writeAnnotations } from "./annotation-file.js";
import { annotationOf, readLabeledFile, type LabeledFile } from "./labeled-file.js";

export interface SplitFiles {
  readonly plan: SplitPlan;
  /** Gets train.json, held-out.json and test.json, or .txt. */
  readonly out: string;
  readonly format: "json" | "list";
  readonly force: boolean;
}

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
 * @throws DataError when the images are no files of their own, or a class is too small for what is asked
 */
export function writeSplit(dataset: Dataset, source: DataSource, options: SplitFiles): WrittenPart[] {
  const { plan, out, format, force: replace } = options;
  const listed = listedImages(dataset, source);
  const parts = splitParts(dataset, plan).map((part) => {
    const file = join(out, `${part.name}.${format === "json" ? "json" : "txt"}`);
    requireAbsent(file, { replace });
    return { ...part, file };
  });
  return parts.map(({ name, indices, file }) => {
    if (format === "json") writeJson(file, listed, indices);
    else writeList(file, listed, indices);
    const counts = dataset.classes.map(() => 0);
    for (const index of indices) counts[dataset.labels[index]!]! += 1;
    return { name, file, images: indices.length, counts };
  });
}

/** The images as a file would list them: as annotation JSON does, where they come from there. */
function listedImages(dataset: Dataset, source: DataSource): LabeledFile {
  const { pixels, classes, labels, root } = dataset;
  if (pixels.kind !== "files") {
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
  const images = pixels.paths.map((path, i) => ({
    ...{ path: fromRoot(root, path), label: labels[i]!, json: null, where: path },
  }));
  return { images, classes, rest: categories(classes) };
}

/** From the data folder, for what lies in it. */
function fromRoot(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
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
