import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../../support/errors.js";
import { counted, noun, shellQuoted } from "../../support/text.js";
import type { DataSource, SplitFolder } from "../dataset.js";
import { describeFolder } from "../folder/layout.js";
import { entriesOf, isFolder } from "../folder/entries.js";
import type { LeftOutRecords } from "../left-out.js";
import type { Labeled, Listed, ListedFormat, Listing, PlaceContext } from "./listing.js";
import { IMAGE_EXTENSIONS } from "./reading/content.js";
import { existingFile } from "./reading/file-pattern.js";

/** A format whose file names images that lie elsewhere, by full paths or such as begin in the data folder. */
export interface FileListFormat<T extends Listed = Listed> {
  /** Parses a file without looking for the images. */
  read(file: string, source: Pick<DataSource, "columns">, leftOut: LeftOutRecords): Listing<T>;
  /** The files where the recipe names none, the first that is there. */
  readonly usual: Readonly<Record<SplitFolder, readonly string[]>>;
  /** Finds the list where none of the usual files is there, or one of them is no list of this split. */
  readonly find?: (root: string, split: SplitFolder, usual: string | null) => string | null;
}

export function listedFiles<T extends Listed>(format: FileListFormat<T>): ListedFormat<T> {
  const find = (source: DataSource, split: SplitFolder): string | null => findList(format, source, split);
  return {
    find,
    read: (source, split, leftOut) =>
      format.read(find(source, split) ?? missing(format, source, split), source, leftOut),
    place(images, listing, context) {
      const present = withFiles(images, listing, context);
      const paths = present.map(({ path }) => path);
      return { images: present, pixels: { kind: "files", paths }, describe: (index) => paths[index] ?? "" };
    },
  };
}

function findList<T extends Listed>(
  { usual, find }: FileListFormat<T>,
  { root, trainFile, testFile }: Pick<DataSource, "root" | "trainFile" | "testFile">,
  split: SplitFolder,
): string | null {
  const given = { train: trainFile, test: testFile, validation: null }[split];
  if (given !== null) return resolve(root, given);
  if (split === "validation" && testFile !== null) return null;
  const there = (names: readonly string[]): string | null => {
    for (const name of names) {
      const file = existingFile(root, name);
      if (file !== null) return file;
    }
    return null;
  };
  const list = (of: SplitFolder): string | null => {
    const file = there(usual[of]);
    return find === undefined ? file : find(root, of, file);
  };
  const [test, validation] = [list("test"), list("validation")];
  if (split === "train") return list("train");
  if (split === "test") return test ?? validation;
  return test === null ? null : validation;
}

function missing<T extends Listed>(
  { usual }: FileListFormat<T>,
  { root }: Pick<DataSource, "root">,
  split: SplitFolder,
): never {
  const [first = ""] = usual[split];
  throw new DataError(
    `${resolve(root, first)}: file not found; ${root} has ${describeFolder(root)}. ` +
      `data.${split === "test" ? "test" : "train"}File names another (from the data folder, or a full path).`,
  );
}

/** Looks for every file before anything is trained; a stat takes some microseconds. */
export function withFiles<T extends Listed>(
  images: readonly Labeled<T>[],
  listing: Listing<T>,
  { source, leftOut }: PlaceContext,
): Labeled<T>[] {
  const places = placesOf(source, listing.file);
  const gone = new Set<Labeled<T>>();
  const found = images.map((image) => {
    const paths = places.map((place) => place(image.path));
    const there = paths.find(isFile);
    const placed = { ...image, path: there ?? paths[0]! };
    if (there === undefined) gone.add(placed);
    return placed;
  });
  const [first] = gone;
  if (first === undefined) return found;
  if (leftOut.strict) {
    throw new DataError(
      `${listing.where(first)}: no file ${first.path}; ${gone.size} of ${counted(images.length, "image")} ${noun(gone.size, "is", "are")} missing. ` +
        `${hintFor(source.root, first.path)}data.strict=false leaves out what is missing.`,
    );
  }
  for (const image of gone) leftOut.report(listing.where(image), `no file ${image.path}`);
  return found.filter((image) => !gone.has(image));
}

/** Where a listed path may lead: what the keys say; as it is written; from the list's own folder; in another Unicode form. */
function placesOf(
  { root, imageFolder, imageExtension }: DataSource,
  list: string,
): ((path: string) => string)[] {
  const base = resolve(root, imageFolder ?? ".");
  const file = (path: string): string => `${path}${imageExtension ?? ""}`;
  const bases = imageFolder === null ? [base, dirname(list)] : [base];
  return bases.flatMap((folder) => [
    (path) => resolve(folder, file(path)),
    (path) => resolve(folder, file(path.replaceAll("\\", "/"))),
    (path) => resolve(folder, file(path.normalize("NFC"))),
    (path) => resolve(folder, file(path.normalize("NFD"))),
  ]);
}

/** How to say where the images are, where a file of that name is in a folder of the data. */
function hintFor(root: string, missingPath: string): string {
  const name = basename(missingPath.replaceAll("\\", "/"));
  const folders = [
    root,
    ...(isFolder(root) ? entriesOf(root).flatMap(({ path, isFolder: is }) => (is ? [path] : [])) : []),
  ];
  for (const folder of folders)
    for (const extension of ["", ...IMAGE_EXTENSIONS, ".JPG"]) {
      if (!isFile(join(folder, `${name}${extension}`)) || (folder === root && extension === "")) continue;
      const keys = [
        ...(folder === root ? [] : [`data.imageFolder=${basename(folder)}`]),
        ...(extension === "" ? [] : [`data.imageExtension=${extension}`]),
      ];
      return `${join(folder, `${name}${extension}`)} is there: ${keys.map((key) => `--set ${shellQuoted(key)}`).join(" ")}. `;
    }
  return "`longtail data replace-root` changes where paths lead; data.imageFolder names the folder that they start in; ";
}

/** False also for what no file can be called: too long a name, or one with a null byte. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}
