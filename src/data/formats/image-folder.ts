import { IMAGE_FORMATS, contentOfFile, foundText } from "./reading/content.js";
import { join, relative, resolve, extname } from "node:path";
import { DataError } from "../../support/errors.js";
import {
  describeFolder,
  type FolderLayout,
  folderLayout,
  isImageName,
  testOnlyFolder,
} from "../folder/layout.js";
import { entriesOf, isFolder } from "../folder/entries.js";
import type { Dataset, DataSource, SplitFolder } from "../dataset.js";
import { LeftOutRecords } from "../left-out.js";
import { readClassNames } from "./class-names.js";
import { realpathSync } from "node:fs";

/** What the folder must look like, for messages. */
export const FOLDER_LAYOUT = `CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (${IMAGE_FORMATS})`;

type FolderSource = Pick<DataSource, "root" | "strict"> &
  Partial<Pick<DataSource, "trainFile" | "testFile" | "classNames" | "classes">>;

/**
 * A folder a class: CLASS/*.jpg, or train/CLASS/*.jpg with test, val, valid or validation beside it; data.trainFile and
 * data.testFile name other folders. The classes are the training folders in sorted order, or those of data.classNames; a
 * class may be without test images. Images in folders inside a class's folder are its own. What should not be there is an
 * error or, when the source is not strict, left out and counted; a class may then be without training images.
 */
export function openImageFolder(source: FolderSource, split: SplitFolder): Dataset {
  const { root, strict, classes: known } = source;
  const leftOut = new LeftOutRecords({ strict });
  const layout = layoutOf(source);
  const folder = folderOf(source, layout, split);
  const present = classFolders(folder, leftOut);
  const classes = known ?? classNamesOf(source, layout);
  const folders = matched(present, classes, { folder, leftOut, split, areKnown: known !== undefined });
  const paths: string[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const images = (folders.get(name) ?? []).flatMap((one) => classImages(join(folder, one), leftOut));
    if (images.length === 0 && split === "train" && strict && known === undefined)
      throw new DataError(
        `${join(folder, name)}: expected at least one image (${IMAGE_FORMATS}), found ${describeFolder(join(folder, name))}.`,
      );
    for (const path of images) {
      paths.push(path);
      labels.push(label);
    }
  });
  if (paths.length === 0)
    throw new DataError(`${folder}: expected images in its class folders, found ${describeFolder(folder)}.`);
  return {
    ...{ kind: "image-folder", root, split: split === "test" ? "test" : "train", classes },
    labels: Int32Array.from(labels),
    size: paths.length,
    pixels: { kind: "files", paths },
    leftOut: leftOut.items,
    source: relative(root, folder) || ".",
    describe: (index) => paths[index] ?? "",
  };
}

/** Where the class folders are: what the keys say, then what is found. */
export function layoutOf({ root, trainFile = null, testFile = null, classes }: FolderSource): FolderLayout {
  const given = (path: string | null): string | null => (path === null ? null : resolve(root, path));
  const [train, test] = [given(trainFile), given(testFile)];
  for (const [key, path] of [
    ["data.trainFile", train],
    ["data.testFile", test],
  ] as const)
    if (path !== null && !isFolder(path))
      throw new DataError(
        `${path}: expected a folder of class folders (${key}), found none; ${root} has ${describeFolder(root)}.`,
      );
  const found = train !== null && test !== null ? null : folderLayout(root);
  const layout = { train: train ?? found?.train, test: test ?? found?.test ?? null };
  if (layout.train !== undefined) {
    const validation = found?.validation ?? null;
    return { train: layout.train, test: layout.test, validation: test === validation ? null : validation };
  }
  if (classes === undefined)
    throw new DataError(`${root}: expected class folders (${FOLDER_LAYOUT}), found ${describeFolder(root)}.`);
  return { train: root, test: test ?? testOnlyFolder(root), validation: null };
}

function folderOf({ root }: FolderSource, layout: FolderLayout, split: SplitFolder): string {
  const { train, test, validation } = layout;
  if (split === "train") return train;
  const folder = split === "test" ? test : validation;
  if (folder !== null) return folder;
  throw new DataError(
    `${root}: expected a folder of ${split} images beside the training images, found ${describeFolder(root)}.`,
  );
}

function classFolders(folder: string, leftOut: LeftOutRecords): string[] {
  const entries = entriesOf(folder, (where, reason) => {
    leftOut.report(where, reason);
  });
  for (const { name, path, isFolder: isInner } of entries)
    if (!isInner && isImageName(name))
      leftOut.report(path, `expected images inside class folders: ${FOLDER_LAYOUT}`);
  const classes = entries.filter((entry) => entry.isFolder).map(({ name }) => name);
  if (classes.length === 0)
    throw new DataError(
      `${folder}: expected class folders (${FOLDER_LAYOUT}), found ${describeFolder(folder)}.`,
    );
  return classes;
}

/** The classes in the order of their labels. @throws DataError where data.classNames and the folders differ */
function classNamesOf(
  { root, classNames = null }: FolderSource,
  { train, test, validation }: FolderLayout,
): string[] {
  const splits = new Set(
    train === root ? [test, validation].map((path) => path && relative(root, path)) : [],
  );
  const folders = classFolders(train, new LeftOutRecords({ strict: false })).filter(
    (name) => !splits.has(name),
  );
  if (classNames === null) return folders;
  const names = readClassNames(resolve(root, classNames));
  const given = new Set(names.map(normal));
  const unnamed = folders.find((folder) => !given.has(normal(folder)));
  if (unnamed === undefined) return names;
  throw new DataError(
    `${join(train, unnamed)}: expected a folder for each of the ${names.length} classes of ${classNames}, found another one.`,
  );
}

/** Unicode's composed form: file systems and archives differ in how they write accents. */
function normal(name: string): string {
  return name.normalize("NFC");
}

/** The folders of each class: of its own name or, where there is none, of the same name in another Unicode form. */
function matched(
  present: readonly string[],
  classes: readonly string[],
  { folder, split, ...unknown }: { folder: string; split: SplitFolder } & Reporting,
): Map<string, string[]> {
  const exact = new Set(classes);
  const composed = new Map(classes.map((name) => [normal(name), name]));
  const folders = new Map<string, string[]>();
  for (const name of present) {
    const known = exact.has(name) ? name : composed.get(normal(name));
    if (known !== undefined) folders.set(known, [...(folders.get(known) ?? []), name]);
    else if (split !== "train") reportUnknown(join(folder, name), { name, classes, ...unknown });
  }
  return folders;
}

interface Reporting {
  readonly leftOut: LeftOutRecords;
  /** Whether the classes are a trained network's. */
  readonly areKnown: boolean;
}

function some(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
}

function reportUnknown(
  path: string,
  { name, classes, leftOut, areKnown }: { name: string; classes: readonly string[] } & Reporting,
): void {
  const loose = (text: string): string => normal(text).trim().toLowerCase();
  const alike = classes.find((known) => loose(known) === loose(name));
  const hint =
    alike === undefined ? "" : `; class "${alike}" differs in capitals or spaces alone: rename one`;
  if (areKnown)
    throw new DataError(
      `${path}: class "${name}" is none of the ${classes.length} that the network knows (${some(classes)})${hint}.`,
    );
  leftOut.report(path, `class "${name}" has no training images${hint}`, imagesBelow(path).length);
}

/**
 * The image files in a class's folder and in the folders inside it, in sorted order. A file whose extension is not that of
 * a format that is decoded is looked at: an image all the same is one, one of another format is reported, anything else passed.
 */
function classImages(folder: string, leftOut: LeftOutRecords): string[] {
  const paths: string[] = [];
  collect(folder, { paths, leftOut, above: new Set() });
  return paths;
}

/** The images in a folder and below it, without a word about anything else. */
export function imagesBelow(folder: string): string[] {
  const silent = { report: () => undefined, pass: () => undefined };
  const paths: string[] = [];
  collect(folder, { paths, leftOut: silent, above: new Set() });
  return paths;
}

interface Collected {
  readonly paths: string[];
  readonly leftOut: Pick<LeftOutRecords, "report" | "pass">;
  /** The folders that lead here: a link to one of them is not followed. */
  readonly above: ReadonlySet<string>;
}

function collect(folder: string, { paths, leftOut, above }: Collected): void {
  const real = realpathSync(folder);
  if (above.has(real)) {
    leftOut.pass(folder, "a link to a folder that it lies in");
    return;
  }
  const inside = new Set(above).add(real);
  const entries = entriesOf(folder, (where, reason) => {
    leftOut.report(where, reason);
  });
  for (const { name, path, isFolder } of entries) {
    if (isFolder) collect(path, { paths, leftOut, above: inside });
    else if (isImageName(name)) paths.push(path);
    else addByContent(path, { paths, leftOut });
  }
}

function addByContent(path: string, { paths, leftOut }: Pick<Collected, "paths" | "leftOut">): void {
  const content = contentOfFile(path);
  if (content === null) leftOut.report(path, "expected an image, found a file that cannot be read");
  else if (content.kind === "decoded") paths.push(path);
  else if (content.kind === "picture")
    leftOut.report(path, `expected a ${IMAGE_FORMATS} image, ${foundText(content)}`);
  else leftOut.pass(path, `no image: ${extname(path) || "a file"} that is ${content.name}`);
}
