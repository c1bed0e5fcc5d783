import { parse } from "csv-parse/sync";
import { shownValue } from "../../../support/budget.js";
import { DataError } from "../../../support/errors.js";
import { isObject } from "../../../support/json.js";
import { jsonBudgetFault } from "../../../support/json-text.js";
import { linesOf, readTextFile } from "./text-file.js";

/** A table as a file has it: the names of its columns, and its rows. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  /**
   * The value in a column, by its number; empty where the row has none. Looked up when it is asked for: objects that each
   * bring a key of their own would fill a table of the square of their number.
   */
  readonly field: (column: number) => string;
  /** Line where the row ends, counted from 1. */
  readonly line: number;
  /** Why the row cannot be used; null for one that can. */
  readonly fault: string | null;
}

/**
 * Reads a table: JSON lines (an object a row) from .jsonl and .ndjson files, else CSV with a header, whose fields are
 * separated by what the header is: a comma, a semicolon, a tab or a bar.
 * @throws DataError that names the file and the line of what is no table.
 */
export function readTable(file: string): Table {
  const text = readTextFile(file);
  return isJsonLines(file) ? jsonTable(file, text) : csvTable(file, text);
}

/** The columns of a table's first row; none where they cannot be read. */
export function tableColumns(file: string): readonly string[] {
  try {
    const [first = ""] = readTextFile(file).split(/\r?\n/, 1);
    return (isJsonLines(file) ? jsonTable(file, first) : csvTable(file, first)).columns;
  } catch {
    return [];
  }
}

function isJsonLines(file: string): boolean {
  return /[.](jsonl|ndjson)(\.gz)?$/i.test(file);
}

function csvTable(file: string, text: string): Table {
  const options = {
    delimiter: delimiterOf(text),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  } as const;
  let parsed: { record: string[]; info: { lines: number } }[];
  try {
    parsed = parse(text, options) as unknown as typeof parsed;
  } catch (error) {
    throw csvFault(file, error);
  }
  const [header, ...rows] = parsed;
  const columns = header?.record ?? [];
  return {
    columns,
    rows: rows.map(({ record: fields, info }) => ({
      field: (column) => fields[column] ?? "",
      line: info.lines,
      fault:
        fields.length === columns.length ? null : `expected ${columns.length} fields, found ${fields.length}`,
    })),
  };
}

function csvFault(file: string, error: unknown): DataError {
  const { code, lines } = error as { readonly code?: string; readonly lines?: number };
  const where = lines === undefined ? file : `${file}, line ${lines}`;
  const fault =
    code === "CSV_QUOTE_NOT_CLOSED"
      ? 'expected a closing quote ("), found the end of the file'
      : `expected a table of fields with a delimiter: ${(error as Error).message}`;
  return new DataError(`${where}: ${fault}.`, { cause: error });
}

/** The one of the usual delimiters that the header has most of, outside quotes; a comma where it has none. */
function delimiterOf(text: string): string {
  const header = (/^\s*(?<line>[^\r\n]*)/.exec(text)?.groups?.["line"] ?? "").replaceAll(/"[^"]*"/g, "");
  const counts = [",", ";", "\t", "|"].map((mark) => ({ mark, count: header.split(mark).length - 1 }));
  return counts.reduce((most, next) => (next.count > most.count ? next : most)).mark;
}

/** The columns are the keys of all rows, in the order in which they come. */
function jsonTable(file: string, text: string): Table {
  const objects = linesOf(text).flatMap((line, index) =>
    line.trim() === "" ? [] : [{ value: parseLine(line, `${file}, line ${index + 1}`), line: index + 1 }],
  );
  const columns = [...new Set(objects.flatMap(({ value }) => Object.keys(value)))];
  return {
    columns,
    rows: objects.map(({ value, line }) => ({
      field: (column) => fieldOf(value[columns[column] ?? ""]),
      line,
      fault: null,
    })),
  };
}

function parseLine(line: string, where: string): Readonly<Record<string, unknown>> {
  const fault = jsonBudgetFault(line);
  if (fault !== null) throw new DataError(`${where}: ${fault}.`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new DataError(`${where}: expected a JSON object, one a line: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (isObject(value)) return value;
  throw new DataError(`${where}: expected a JSON object, one a line, found ${shownValue(value)}.`);
}

/** A text as it is, numbers and truth values as JSON writes them; lists and objects are no value of a path or a label. */
function fieldOf(value: unknown): string {
  if (typeof value === "string") return value.trim();
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
