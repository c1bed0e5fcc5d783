import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { glob } from "tinyglobby";
import { DataError, imageFiles, type ImageInput, UsageError } from "../../index.js";

/** File descriptor of standard input. */
const STDIN = 0;

/**
 * The images that arguments name: files, folders, patterns, and - for an image on stdin; then those that a file lists.
 *
 * @throws UsageError for a URL, or where nothing is named; DataError for a folder or a pattern without images.
 */
export async function chosenImages(
  given: readonly string[],
  listFile: string | undefined,
): Promise<readonly ImageInput[]> {
  const named = [...given, ...(listFile === undefined ? [] : linesOf(await read(listFile)))];
  if (named.length === 0)
    throw new UsageError(
      "expected an image, a folder of images, a pattern, - or --from-file FILE, found none",
    );
  if (given.includes("-") && listFile === "-")
    throw new UsageError("stdin is either an image (-) or a list of paths (--from-file -); found both");
  const images: ImageInput[] = [];
  for (const path of named) for (const image of await imagesAt(path)) images.push(image);
  return images;
}

async function imagesAt(path: string): Promise<readonly ImageInput[]> {
  if (path === "-") return [readFileSync(STDIN)];
  if (/^[a-z]+:\/\//i.test(path))
    throw new UsageError(`${path}: expected a file, found a URL; download the image first (curl -O ${path})`);
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) return required(path, await imageFiles(path));
  if (status !== undefined || !/[*?[{]/.test(path)) return [path];
  return required(path, (await glob(path, { expandDirectories: false })).sort());
}

function required(path: string, images: readonly string[]): readonly string[] {
  if (images.length > 0) return images;
  throw new DataError(`${path}: expected images, found none`);
}

function read(file: string): Promise<string> {
  return file === "-" ? Promise.resolve(readFileSync(STDIN, "utf8")) : readFile(file, "utf8");
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}
