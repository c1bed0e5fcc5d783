import { existsSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { requireAbsent } from "../output-set.js";
import { DataError } from "../../support/errors.js";
import { maxOf } from "../../support/math.js";
import type { Split } from "../../data/dataset.js";
import { openImageFolder } from "../../data/formats/image-folder.js";
import { categories, writeAnnotations } from "./annotation-file.js";
import { annotationOf, readLabeledFile, type LabeledFile } from "./labeled-file.js";

export interface FromFolder {
  /** Has SPLIT/CLASS/…; SPLIT.json beside it says more of the images, if it is there. */
  readonly root: string;
  readonly split: Split;
  readonly out: string;
  /** Put before the paths, which else start in `root`. */
  readonly prefix: string;
  readonly force: boolean;
}

export interface FolderAnnotations {
  readonly images: number;
  readonly classes: number;
  /** Images of which SPLIT.json holds more fields. */
  readonly known: number;
}

/**
 * Writes annotation JSON for a folder with a folder a class. Where a conversion made the folder its JSON lies beside it:
 * the classes keep their numbers, and whatever it says of images that are still there stays.
 */
export function annotateFolder({ root, split, out, prefix, force }: FromFolder): FolderAnnotations {
  requireAbsent(out, { replace: force });
  const { pixels, classes: folders } = openImageFolder({ root, strict: true }, split);
  const paths = pixels.kind === "files" ? pixels.paths.map((path) => relative(root, path)) : [];
  const own = readCompanion(root, split);
  const numbers = numbersOf(folders, split === "train" ? own : readCompanion(root, "train"));
  const known = new Map(own?.images.map((image) => [image.path, image]));
  let id = firstFreeId(own);
  const annotations = paths.map((path) => {
    const image = known.get(path);
    if (image) return annotationOf(image, { id, path: join(prefix, path) });
    const label = numbers.get(basename(dirname(path)))!;
    return annotationOf({ path, label, json: null, where: path }, { id: id++, path: join(prefix, path) });
  });
  const classCount = Math.max(own?.classes.length ?? 0, maxOf(numbers.values()) + 1);
  writeAnnotations(out, { annotations, classCount, rest: own?.rest ?? categories(folders) });
  return { images: paths.length, classes: classCount, known: paths.filter((path) => known.has(path)).length };
}

function readCompanion(root: string, split: Split): LabeledFile | null {
  const file = join(root, `${split}.json`);
  const columns = { image: "image", label: "label" };
  return existsSync(file) ? readLabeledFile(file, { kind: "annotations", columns, classNames: null }) : null;
}

/** The label of each folder: that of its images in the JSON, else the class of its name there, else the next number. */
function numbersOf(folders: readonly string[], companion: LabeledFile | null): Map<string, number> {
  if (companion === null) return new Map(folders.map((name, label) => [name, label]));
  const numbers = new Map<string, number>();
  for (const { path, label, where } of companion.images) {
    const folder = basename(dirname(path));
    const before = numbers.get(folder) ?? label;
    if (before !== label)
      throw new DataError(`${where}: expected one class in folder ${folder}, found ${before} and ${label}.`);
    numbers.set(folder, label);
  }
  let next = companion.classes.length;
  for (const folder of folders) {
    if (numbers.has(folder)) continue;
    const named = companion.classes.indexOf(folder);
    numbers.set(folder, named >= 0 ? named : next++);
  }
  return new Map(folders.map((name) => [name, numbers.get(name)!]));
}

function firstFreeId(companion: LabeledFile | null): number {
  const ids =
    companion?.images.map(({ json }) => (JSON.parse(json ?? "{}") as { image_id?: unknown }).image_id) ?? [];
  return ids.reduce((free: number, id) => (typeof id === "number" && id >= free ? id + 1 : free), 0);
}
