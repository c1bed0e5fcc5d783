import { basename, dirname, extname, resolve } from "node:path";
import { LIMITS } from "../../support/budget.js";
import { DataError } from "../../support/errors.js";
import { parseJson } from "./reading/json-file.js";
import type { DataSource } from "../dataset.js";
import { linesOf, readTextFile } from "./reading/text-file.js";

/** The classes of both splits, as the training list gives them. */
export interface Classes {
  /** A label is an index into them. */
  readonly names: readonly string[];
  /** Their numbers by name. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Whether the lists name classes by their names, not by their numbers. */
  readonly byName: boolean;
}

/** What a training list says about classes. */
interface ClassList {
  /** File, for messages. */
  readonly file: string;
  readonly images: readonly { readonly path: string; readonly label: number | string }[];
  /** Names of the classes, where the list has them. */
  readonly names: readonly string[] | null;
  readonly classCount: number | null;
}

type NamesSource = Pick<DataSource, "root" | "classNames">;

/**
 * The classes of a training list. Their names are, in this order: those of `data.classNames`; those that the list
 * itself has; for labels that are names, these, sorted; the folders that the images lie in, where each class has one of
 * its own (train/airfield/1.jpg); the labels' numbers.
 */
export function classesOf(training: ClassList, source: NamesSource): Classes {
  const byName = training.images.some(({ label }) => !isWhole(label));
  const names = namesOf(training, source, byName);
  return { names, byName, numbers: new Map(names.map((name, label) => [name, label])) };
}

function namesOf(training: ClassList, { root, classNames }: NamesSource, byName: boolean): readonly string[] {
  const { images, names, classCount } = training;
  if (classNames !== null) return namesFrom(resolve(root, classNames), training);
  if (names !== null) return names;
  if (byName) return [...new Set(images.map(({ label }) => String(label)))].sort();
  const count = classCount ?? 1 + images.reduce((most, { label }) => Math.max(most, Number(label)), 0);
  if (count > LIMITS.classes)
    throw new DataError(
      `${training.file}: expected at most ${LIMITS.classes} classes, found labels up to ${count - 1}.`,
    );
  return folderNames(images, count) ?? Array.from({ length: count }, (_, label) => String(label));
}

function isWhole(label: number | string): boolean {
  return typeof label === "number" || /^-?\d+$/.test(label);
}

/** The number of a list's label; what is wrong with it if it is no class's. */
export function labelNumber(label: number | string, { names, numbers, byName }: Classes): number | string {
  const number = byName ? (numbers.get(String(label)) ?? -1) : Number(label);
  if (Number.isInteger(number) && number >= 0 && number < names.length) return number;
  if (!byName) return `expected a label from 0 to ${names.length - 1}, found ${label}`;
  return `"${label}" is none of the ${names.length} classes`;
}

function namesFrom(path: string, { file, classCount }: ClassList): string[] {
  const names = readClassNames(path);
  if (classCount === null || classCount === names.length) return names;
  throw new DataError(`${path}: expected the ${classCount} classes of ${file}, found ${names.length} names.`);
}

/**
 * A name a line, in the order of the labels. A line may begin or end with its label: "/a/airfield 0". JSON: a list.
 * @throws DataError when there are none, or one is there twice
 */
export function readClassNames(path: string): string[] {
  const names = extname(path) === ".json" ? namesOfJson(path) : namesOfLines(path);
  const twice = firstTwice(names);
  if (twice !== undefined) throw new DataError(`${path}: class "${twice}" is there twice.`);
  if (names.length === 0) throw new DataError(`${path}: expected class names, one a line, found none.`);
  return names;
}

function firstTwice(names: readonly string[]): string | undefined {
  const known = new Set<string>();
  return names.find((name) => known.size === known.add(name).size);
}

function namesOfLines(path: string): string[] {
  const lines = linesOf(readTextFile(path))
    .map((line) => line.trim())
    .filter((line) => line !== "");
  for (const numbered of [/^(?<label>\d+)\s+(?<name>.+)$/, /^(?<name>.*\S)\s+(?<label>\d+)$/]) {
    const found = lines.map((line) => numbered.exec(line)?.groups);
    if (found.every((groups, label) => groups?.["label"] === String(label)))
      return found.map((groups) => groups?.["name"] ?? "");
  }
  return lines;
}

/** ["bee", …], or iNaturalist's [{ "id": 0, "name": "Apis mellifera" }, …]. */
function namesOfJson(path: string): string[] {
  const expected = `${path}: expected a JSON list of class names, or of objects with "id" and "name"`;
  const list = parseJson(path);
  if (!Array.isArray(list)) throw new DataError(`${expected}.`);
  if (list.every((item) => typeof item === "string")) return list;
  const items = (list as unknown[]).map(asCategory);
  if (!items.every((item) => item !== undefined)) throw new DataError(`${expected}.`);
  return items.sort((a, b) => a.id - b.id).map(({ name }) => name);
}

/** A class as COCO and iNaturalist describe it; undefined for anything else. */
export function asCategory(item: unknown): { id: number; name: string } | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { id, name } = item as { id?: unknown; name?: unknown };
  return Number.isInteger(id) && typeof name === "string" ? { id: id as number, name } : undefined;
}

function folderNames(images: ClassList["images"], count: number): string[] | undefined {
  const names = new Map<number, string>();
  for (const { path, label } of images) {
    const folder = basename(dirname(path));
    const known = names.get(Number(label));
    if (known !== undefined && known !== folder) return undefined;
    names.set(Number(label), folder);
  }
  const found = Array.from({ length: count }, (_, label) => names.get(label) ?? "");
  const distinct = new Set(found.filter((name) => name !== "" && name !== "."));
  return distinct.size === count ? found : undefined;
}
