import { extname } from "node:path";
import { parse } from "csv-parse/sync";
import { shownValue } from "../support/budget.js";
import { DataError } from "../support/errors.js";
import { nearest, noun } from "../support/text.js";
import { readJsonObject } from "./formats/reading/json-file.js";
import { readTextFile } from "./formats/reading/text-file.js";

/**
 * [C]: a weight above 0 for each class by its name, from JSON ({ "ant": 3, "bee": 1 }) or CSV (a header "class,weight", then
 * a row a class).
 * @throws DataError that names the file and the class: unknown, missing, twice or without a weight.
 */
export function readClassWeights(file: string, classes: readonly string[]): number[] {
  const entries = extname(file) === ".csv" ? csvEntries(file) : jsonEntries(file);
  return checkedWeights(entries, { classes, source: file });
}

/**
 * [C]: the weights in the classes' order.
 * @throws DataError that names the class: unknown, missing, twice or without a weight above 0.
 */
export function checkedWeights(
  entries: readonly WeightEntry[],
  { classes, source }: { readonly classes: readonly string[]; readonly source: string },
): number[] {
  const weights = new Map<string, number>();
  for (const { name, value, where } of entries) {
    if (!classes.includes(name)) throw unknownClass(where, name, classes);
    if (weights.has(name)) throw new DataError(`${where}: class "${name}" is there twice.`);
    if (typeof value !== "number" || !(value > 0 && value < Infinity))
      throw new DataError(
        `${where}: expected a number above 0 for class "${name}", found ${shownValue(value)}. For a class that hardly ` +
          "occurs take a small one.",
      );
    weights.set(name, value);
  }
  const missing = classes.filter((name) => !weights.has(name));
  if (missing.length > 0) {
    const some = missing.slice(0, 5).map((name) => `"${name}"`);
    const more = missing.length > 5 ? ", …" : "";
    throw new DataError(
      `${source}: expected a weight for each of ${classes.length} classes, found none for ${missing.length} of them: ` +
        `${some.join(", ")}${more}.`,
    );
  }
  return classes.map((name) => weights.get(name)!);
}

/** A class and what is said to be its weight. */
export interface WeightEntry {
  readonly name: string;
  readonly value: unknown;
  /** File and record, for messages. */
  readonly where: string;
}

function jsonEntries(file: string): WeightEntry[] {
  return Object.entries(readJsonObject(file)).map(([name, value]) => ({ name, value, where: file }));
}

function csvEntries(file: string): WeightEntry[] {
  const [header, ...rows] = csvRows(file);
  if (header?.join() !== "class,weight")
    throw new DataError(
      `${file}, line 1: expected the header class,weight, found ${header?.join() ?? "nothing"}.`,
    );
  return rows.map(([name = "", weight = "", ...rest], row) => {
    const where = `${file}, record ${row + 2}`;
    if (weight === "" || rest.length > 0)
      throw new DataError(
        `${where}: expected a class and a weight, found ${[name, weight, ...rest].join()}.`,
      );
    return { name, value: Number.isNaN(Number(weight)) ? weight : Number(weight), where };
  });
}

function csvRows(file: string): string[][] {
  try {
    return parse(readTextFile(file), { relax_column_count: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${file}: ${(error as Error).message}.`, { cause: error });
  }
}

function unknownClass(where: string, name: string, classes: readonly string[]): DataError {
  const meant = nearest(name, classes);
  return new DataError(
    `${where}: "${name}" is ${noun(classes.length, "not the one class", `none of the ${classes.length} classes`)}` +
      (meant === undefined ? "." : `; did you mean "${meant}"?`),
  );
}
