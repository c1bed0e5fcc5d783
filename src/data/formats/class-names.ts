import { basename, dirname, extname, resolve } from "node:path";
import { LIMITS } from "../../support/budget.js";
import { DataError } from "../../support/errors.js";
import { parseJson } from "./reading/json-file.js";
import type { DataSource } from "../dataset.js";
import { linesOf, readTextFile } from "./reading/text-file.js";
import { noun } from "../../support/text.js";

/** The classes of both splits, as the training list gives them. */
export interface Classes {
  /** A label is an index into them. */
  readonly names: readonly string[];
  /** Their numbers by name. */
  readonly numbers: ReadonlyMap<string, number>;
  /** What labels are: indices of the names, names, or numbers that stand for a class each, such as taxon ids. */
  readonly meaning: "numbers" | "names" | "taxa";
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

type NamesSource = Pick<DataSource, "root" | "classNames" | "labels">;

/**
 * The classes of a training list. Their names are, in this order: those of `data.classNames`; those that the list
 * itself has; for labels that are names, these, sorted; the folders that the images lie in, where each class has one of
 * its own (train/airfield/1.jpg); the labels' numbers. Whole numbers are names where some from 0 are missing.
 */
export function classesOf(training: ClassList, source: NamesSource): Classes {
  const { images, names, classCount } = training;
  const isNumbered = names !== null || classCount !== null || source.classNames !== null;
  const meaning = meaningOf(images, source.labels, { isNumbered });
  if (meaning === "numbers") {
    const found = namesOf(training, source);
    return { names: found, meaning, numbers: byText(found) };
  }
  const sorted = sortedNames(images, meaning);
  const numbers = byText(meaning === "taxa" ? sorted.map(taxon) : sorted);
  if (source.classNames !== null) {
    const given = namesFrom(resolve(source.root, source.classNames), training);
    return { names: given, meaning: "names", numbers: byText(given) };
  }
  const folders =
    meaning === "taxa"
      ? folderNames(images, sorted.length, (label) => numbers.get(taxon(label)) ?? -1)
      : undefined;
  return { names: names ?? folders ?? sorted, meaning, numbers: names === null ? numbers : byText(names) };
}

/** The classes of a trained network, to which the labels of other data are matched: by name, or numbers that index them. */
export function knownClasses({ images }: Pick<ClassList, "images">, names: readonly string[]): Classes {
  if (names.every(isWhole)) return { names, meaning: "taxa", numbers: byText(names.map(taxon)) };
  const numbers = byText(names);
  const isNamed = images.some(({ label }) => numbers.has(String(label)) || !isWhole(label));
  return { names, meaning: isNamed ? "names" : "numbers", numbers };
}

function byText(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, label) => [name, label]));
}

type Images = ClassList["images"];

function meaningOf(
  images: Images,
  labels: NamesSource["labels"],
  { isNumbered }: { isNumbered: boolean },
): Classes["meaning"] {
  const present = images.filter(({ label }) => !isMissing(label));
  const areWhole = present.length > 0 && present.every(({ label }) => isWhole(label));
  if (labels === "numbers") return "numbers";
  if (labels === "names") return areWhole ? "taxa" : "names";
  if (!areWhole) return "names";
  if (isNumbered) return "numbers";
  const numbers = new Set(present.map(({ label }) => Number(label)));
  const largest = [...numbers].reduce((most, number) => Math.max(most, number), 0);
  const smallest = [...numbers].reduce((least, number) => Math.min(least, number), 0);
  return smallest < 0 || numbers.size === largest + 1 ? "numbers" : "taxa";
}

function sortedNames(images: Images, meaning: "names" | "taxa"): string[] {
  if (meaning === "names") return [...new Set(images.map(({ label }) => String(label)))].sort();
  const texts = new Map(
    images.filter(({ label }) => isWhole(label)).map(({ label }) => [taxon(label), String(label)]),
  );
  return [...texts].sort(([a], [b]) => Number(a) - Number(b)).map(([, text]) => text.replace(/[.]0+$/, ""));
}

/** A whole number as text, in one way: "007" and "7.0" are 7. */
function taxon(label: number | string): string {
  return String(Number(label));
}

function namesOf(training: ClassList, { root, classNames }: NamesSource): readonly string[] {
  const { images, names, classCount } = training;
  if (classNames !== null) return namesFrom(resolve(root, classNames), training);
  if (names !== null) return names;
  const count =
    classCount ??
    1 + images.reduce((most, { label }) => (isWhole(label) ? Math.max(most, Number(label)) : most), 0);
  if (count > LIMITS.classes)
    throw new DataError(
      `${training.file}: expected at most ${LIMITS.classes} classes, found labels up to ${count - 1}; data.labels=names takes numbers as names.`,
    );
  return folderNames(images, count, Number) ?? Array.from({ length: count }, (_, label) => String(label));
}

/** Numbers as spreadsheets and pandas write them: 3, "3", "3.0". */
function isWhole(label: number | string): boolean {
  return typeof label === "number" || /^-?\d+([.]0+)?$/.test(label);
}

/** What programs write for a value that is not there. */
export function isMissing(label: number | string): boolean {
  return typeof label === "string" && /^(na|n\/a|nan|null|none|<na>)$/i.test(label);
}

/** The number of a list's label; what is wrong with it if it is no class's. */
export function labelNumber(label: number | string, { names, numbers, meaning }: Classes): number | string {
  const number = numberOf(label, { numbers, meaning });
  if (Number.isInteger(number) && number >= 0 && number < names.length) return number;
  if (meaning === "numbers") return `expected a label from 0 to ${names.length - 1}, found ${label}`;
  if (isMissing(label)) return `expected a label, found ${label}, which stands for none`;
  return `"${label}" is ${noun(names.length, "not the one class", `none of the ${names.length} classes`)}${hint(String(label), names)}`;
}

function numberOf(
  label: number | string,
  { numbers, meaning }: Pick<Classes, "numbers" | "meaning">,
): number {
  if (meaning === "numbers") return isWhole(label) ? Number(label) : -1;
  const text = meaning === "taxa" && isWhole(label) ? taxon(label) : String(label);
  return numbers.get(text) ?? numbers.get(text.normalize("NFC")) ?? numbers.get(text.normalize("NFD")) ?? -1;
}

function hint(label: string, names: readonly string[]): string {
  const plain = (text: string): string => text.normalize("NFC").trim().toLowerCase();
  const alike = names.find((name) => plain(name) === plain(label));
  return alike === undefined ? "" : `; "${alike}" differs in capitals or spaces alone`;
}

/** What people should know of how labels were read; null where they are as expected. */
export function labelsNote(
  { images, file }: Pick<ClassList, "images" | "file">,
  { meaning, names }: Classes,
): string | null {
  const missing = meaning === "names" ? names.find(isMissing) : undefined;
  if (missing !== undefined)
    return `${file}: class "${missing}" may stand for labels that are missing; it is taken as a class of its own.`;
  if (meaning !== "taxa") return null;
  const labels = images.flatMap(({ label }) => (isWhole(label) ? [Number(label)] : []));
  const [smallest, largest] = [
    labels.reduce((a, b) => Math.min(a, b)),
    labels.reduce((a, b) => Math.max(a, b)),
  ];
  return (
    `${file}: the labels are ${names.length} numbers from ${smallest} to ${largest}, not all of those from 0: they are taken ` +
    "as names (data.labels=names; numbers would leave classes without images)."
  );
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
  const names = readNames(path);
  const twice = firstTwice(names);
  if (twice !== undefined) throw new DataError(`${path}: class "${twice}" is there twice.`);
  if (names.length === 0) throw new DataError(`${path}: expected class names, one a line, found none.`);
  return names;
}

/** The same, where names may be there twice and there may be none. */
export function readNames(path: string): string[] {
  return extname(path) === ".json" ? namesOfJson(path) : namesOfLines(path);
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

function folderNames(
  images: Images,
  count: number,
  numberOfLabel: (label: number | string) => number,
): string[] | undefined {
  const names = new Map<number, string>();
  for (const { path, label } of images) {
    const folder = basename(dirname(path.replaceAll("\\", "/")));
    const known = names.get(numberOfLabel(label));
    if (known !== undefined && known !== folder) return undefined;
    names.set(numberOfLabel(label), folder);
  }
  const found = Array.from({ length: count }, (_, label) => names.get(label) ?? "");
  const distinct = new Set(found.filter((name) => name !== "" && name !== "."));
  return distinct.size === count ? found : undefined;
}
