import { constants, copyFileSync, linkSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataError, LongtailError, systemCode } from "../../support/errors.js";
import type { Split } from "../../data/dataset.js";
import { newFolder, requireAbsent, writeTogether } from "../output-set.js";
import { writeAnnotations } from "./annotation-file.js";
import { classFolders } from "./image-writer.js";
import type { ConvertedImages } from "./converted-images.js";
import { annotationOf, readLabeledFile, type LabeledPath } from "./labeled-file.js";

export type LinkKind = "copy" | "hard" | "symbolic";

export interface FolderConversion {
  /** Annotation JSON. */
  readonly file: string;
  /** Gets SPLIT/CLASS/… and SPLIT.json. */
  readonly out: string;
  readonly split: Split;
  /** Where relative paths start; null: the JSON's own folder. */
  readonly root: string | null;
  readonly classNames: string | null;
  readonly link: LinkKind;
  /** Replace what is there. */
  readonly force: boolean;
  /** Throws to end the conversion. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Puts the images of annotation JSON into a folder a class, and beside it the JSON with the new paths: what else it says
 * stays as it is. Both appear together, whole or not at all.
 *
 * @throws DataError that names the annotation whose image is not there
 */
export async function convertToFolder(options: FolderConversion): Promise<ConvertedImages> {
  const { file, out, split, classNames, force: replace } = options;
  const names = [split, `${split}.json`];
  for (const name of names) requireAbsent(join(out, name), { replace });
  const columns = { image: "image", label: "label" };
  const { images, classes, rest } = readLabeledFile(file, { kind: "annotations", columns, classNames });
  const folders = classFolders(classes);
  const places = placesOf(images, folders);
  await writeTogether({ out, names, replace }, async (temporary) => {
    await fill(newFolder(temporary, split), { images, places, options });
    writeAnnotations(join(temporary, `${split}.json`), {
      annotations: images.map((image, id) => annotationOf(image, { id, path: join(split, places[id]!) })),
      classCount: classes.length,
      rest,
    });
  });
  const counts = classes.map(() => 0);
  for (const { label } of images) counts[label]! += 1;
  return {
    folder: join(out, split),
    annotations: join(out, `${split}.json`),
    images: images.length,
    classes,
    counts,
  };
}

/** CLASS/NAME for each image; an image whose name is taken gets a number. */
function placesOf(images: readonly LabeledPath[], folders: readonly string[]): string[] {
  const taken = new Set<string>();
  return images.map(({ path, label }) => {
    const extension = extname(path);
    const stem = basename(path, extension);
    let place = join(folders[label]!, stem + extension);
    for (let number = 2; taken.has(place); number++)
      place = join(folders[label]!, `${stem}-${number}${extension}`);
    taken.add(place);
    return place;
  });
}

interface Filling {
  readonly images: readonly LabeledPath[];
  readonly places: readonly string[];
  readonly options: FolderConversion;
}

/** How many images are placed between two reports. */
const BATCH = 64;

async function fill(folder: string, { images, places, options }: Filling): Promise<void> {
  const root = options.root ?? dirname(options.file);
  for (const place of new Set(places.map(dirname))) mkdirSync(join(folder, place));
  for (const [i, { path, where }] of images.entries()) {
    const source = resolve(root, path);
    if (!statSync(source, { throwIfNoEntry: false })?.isFile())
      throw new DataError(`${where}: no file ${source}.`);
    putFile(source, join(folder, places[i]!), options.link);
    if (i % BATCH !== BATCH - 1) continue;
    options.onProgress({ done: i + 1, total: images.length });
    await nextTurn(); // signals are handled between turns
  }
}

function putFile(source: string, target: string, link: LinkKind): void {
  switch (link) {
    case "copy":
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      break;
    case "hard":
      putHardLink(source, target);
      break;
    case "symbolic":
      symlinkSync(source, target);
      break;
    default:
      link satisfies never;
  }
}

function putHardLink(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if (systemCode(error) !== "EXDEV" && systemCode(error) !== "EPERM") throw error;
    throw new LongtailError(
      `${source}: no hard link leads there from ${target}: both must lie on one file system that has hard links; ` +
        "take --link copy or symbolic.",
      { cause: error },
    );
  }
}
