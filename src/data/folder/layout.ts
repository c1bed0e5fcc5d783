import { extname } from "node:path";
import { contentOfFile, IMAGE_EXTENSIONS } from "../formats/reading/content.js";
import { entriesOf, type Entry, isFolder } from "./entries.js";
import { counted } from "../../support/text.js";

/** Where the class folders of each split are. */
export interface FolderLayout {
  /** Training images' folder, full path: the data folder itself where there is no training folder. */
  readonly train: string;
  /** Folder of the images to test on; null where there is none. */
  readonly test: string | null;
  /** Folder of the images to choose an epoch by, where there is a test folder besides; else null. */
  readonly validation: string | null;
}

/** Names of split folders that are in use, without regard to case. */
const SPLITS = {
  train: /^(train|training)([-_ ]?(set|data|images))?$/i,
  test: /^(test|testing)([-_ ]?(set|data|images))?$/i,
  validation: /^(val|valid|validation|dev|eval)([-_ ]?(set|data|images))?$/i,
} as const;

/** How many entries are looked at to tell what a folder holds. */
const MAX_LOOKED_AT = 50;

/**
 * Finds the split folders (train, test, val, valid, validation in any case) and the class folders of a data folder; one
 * folder that holds everything, as archives have it, is passed through. Where there are class folders alone, they are the
 * training images and there is no test folder. Null where there are no class folders.
 */
export function folderLayout(root: string): FolderLayout | null {
  const entries = entriesOf(root);
  const folders = entries.filter((entry) => entry.isFolder);
  const split = (name: keyof typeof SPLITS): string | null => {
    const named = folders.filter((folder) => SPLITS[name].test(folder.name));
    return named.find((folder) => holdsFolders(folder.path))?.path ?? null;
  };
  const [train, test, validation] = [split("train"), split("test"), split("validation")];
  if (train !== null)
    return { train, test: test ?? validation, validation: test === null ? null : validation };
  if (test !== null || validation !== null || folders.every(isSplitName)) return null;
  const [only] = folders;
  if (folders.length === 1 && only && holdsClasses(only.path)) return folderLayout(only.path);
  return folders.some((folder) => holdsImages(folder.path))
    ? { train: root, test: null, validation: null }
    : null;
}

/** The folder of test images of data that is there for tests alone: its test or validation folder, or itself. */
export function testOnlyFolder(root: string): string {
  const layout = folderLayout(root);
  if (layout !== null) return layout.test ?? layout.train;
  const folders = entriesOf(root).filter((entry) => entry.isFolder);
  const named = (pattern: RegExp): Entry | undefined => folders.find(({ name }) => pattern.test(name));
  return (named(SPLITS.test) ?? named(SPLITS.validation))?.path ?? root;
}

function isSplitName({ name }: Entry): boolean {
  return Object.values(SPLITS).some((pattern) => pattern.test(name));
}

/** What is in a folder, for messages: "val/ (3 folders), labels.csv, 12 images". */
export function describeFolder(root: string): string {
  if (!isFolder(root)) return "no folder";
  const entries = entriesOf(root);
  const folders = entries.filter((entry) => entry.isFolder);
  const images = entries.filter((entry) => !entry.isFolder && isImageName(entry.name));
  const files = entries.filter((entry) => !entry.isFolder && !isImageName(entry.name));
  const some = (names: readonly string[], what: string): string[] =>
    names.length <= 4 ? [...names] : [...names.slice(0, 3), `${names.length - 3} more ${what}`];
  const words = [
    ...some(
      folders.map(({ name }) => `${name}/`),
      "folders",
    ),
    ...some(
      files.map(({ name }) => name),
      "files",
    ),
    ...(images.length > 0 ? [counted(images.length, "image")] : []),
  ];
  return words.length === 0 ? "nothing" : words.join(", ");
}

/** Whether a name says that a file is an image which can be decoded. */
export function isImageName(name: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

function holdsFolders(folder: string): boolean {
  return entriesOf(folder).some((entry) => entry.isFolder);
}

/** Whether a folder has folders that hold images, and no images of its own: a class with folders inside has both, or one. */
function holdsClasses(folder: string): boolean {
  const folders = entriesOf(folder).filter((entry) => entry.isFolder);
  return folders.length > 1 || folders.some((inner) => holdsFolders(inner.path));
}

/** Whether images are in a folder or below it; a few entries tell. */
function holdsImages(folder: string): boolean {
  const entries = entriesOf(folder);
  const some = entries.slice(0, MAX_LOOKED_AT);
  return (
    some.some(({ path, name, isFolder: isInner }) => !isInner && (isImageName(name) || isPicture(path))) ||
    some.some((entry) => entry.isFolder && holdsImages(entry.path))
  );
}

function isPicture(path: string): boolean {
  const content = contentOfFile(path);
  return content !== null && content.kind !== "other";
}
