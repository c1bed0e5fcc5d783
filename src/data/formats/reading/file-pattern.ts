import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../../../support/errors.js";
import type { DataSource, SplitFolder } from "../../dataset.js";
import { describeFolder } from "../../folder/layout.js";

/**
 * The files that a text names, sorted: a file; a folder, for its files that end in `extension`; or a pattern with * and ?
 * in its last part or with ranges such as train-{000..146}.tar, whose files must all be there.
 * @throws DataError when there is none
 */
export function matchingFiles(root: string, pattern: string, extension: string): string[] {
  const paths = ranges(resolve(root, pattern));
  const found = paths.flatMap((path) => filesAt(path, extension));
  if (found.length > 0) return found;
  throw new DataError(
    `${resolve(root, pattern)}: expected ${extension} files, found none; ${root} has ${describeFolder(root)} ` +
      "(data.trainFile and data.testFile name files, a folder or a pattern).",
  );
}

/** A file of a name below a folder, without regard to case; null where there is none. */
export function existingFile(root: string, name: string): string | null {
  let path = root;
  for (const part of name.split("/")) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return null;
    const names = readdirSync(path).sort();
    const found = names.includes(part) ? part : names.find((one) => one.toLowerCase() === part.toLowerCase());
    if (found === undefined) return null;
    path = join(path, found);
  }
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : null;
}

/** The pattern of a split's files: the recipe's, or the first usual one that names files. Validation is the test split where there is no other. */
export function findPattern(
  { root, trainFile, testFile }: Pick<DataSource, "root" | "trainFile" | "testFile">,
  split: SplitFolder,
  usual: Readonly<Record<SplitFolder, readonly string[]>>,
): string | null {
  if (split === "train") return trainFile ?? usualPattern(root, usual.train);
  if (testFile !== null) return split === "test" ? testFile : null;
  const [test, validation] = [usualPattern(root, usual.test), usualPattern(root, usual.validation)];
  if (split === "test") return test ?? validation;
  return test === null ? null : validation;
}

/** The first of several patterns that names files in a folder; null where none does. */
export function usualPattern(root: string, patterns: readonly string[]): string | null {
  const matches = (pattern: string): boolean => {
    const path = resolve(root, pattern);
    return namesIn(dirname(path), (name) => wildcard(basename(path)).test(name)).length > 0;
  };
  return patterns.find(matches) ?? null;
}

function filesAt(path: string, extension: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return namesIn(path, (name) => name.endsWith(extension));
  if (status) return [path];
  if (/[*?]/.test(basename(path)))
    return namesIn(dirname(path), (name) => wildcard(basename(path)).test(name));
  throw new DataError(`${path}: file not found.`);
}

function namesIn(folder: string, matches: (name: string) => boolean): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = readdirSync(folder).filter((name) => !name.startsWith(".") && matches(name));
  return names.sort().map((name) => join(folder, name));
}

function wildcard(pattern: string): RegExp {
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`);
}

/** {08..11} stands for 08, 09, 10 and 11: as many digits as its first number has. */
function ranges(pattern: string): string[] {
  const { before, from, to, after } =
    /^(?<before>.*?)\{(?<from>\d+)\.\.(?<to>\d+)\}(?<after>.*)$/s.exec(pattern)?.groups ?? {};
  if (before === undefined || from === undefined || to === undefined || after === undefined) return [pattern];
  const count = Math.max(0, Number(to) - Number(from) + 1);
  return Array.from({ length: count }, (_, step) =>
    String(Number(from) + step).padStart(from.length, "0"),
  ).flatMap((number) => ranges(`${before}${number}${after}`));
}
