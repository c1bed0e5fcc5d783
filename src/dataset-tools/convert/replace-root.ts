import { extname } from "node:path";
import { parse } from "csv-parse/sync";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { requireAbsent } from "../output-set.js";
import { DataError, UsageError } from "../../support/errors.js";
import { readBytes } from "../../data/formats/reading/text-file.js";

export interface RootChange {
  /** The start of the paths to change, whole folders: /data/img is not the start of /data/images/1.jpg. "": relative paths. */
  readonly from: string;
  /** What takes its place; "" makes the paths relative. */
  readonly to: string;
}

export interface ReplacedRoot {
  /** Paths in the file. */
  readonly paths: number;
  readonly changed: number;
  /** The first change, to look at. */
  readonly example: { readonly before: string; readonly after: string };
}

export interface ReplaceRootOptions extends RootChange {
  /** Where the result goes; the file itself by default. */
  readonly out?: string | undefined;
  /** Replace what is at `out`. */
  readonly force: boolean;
  /** Count, and write nothing. */
  readonly dryRun: boolean;
  /** The CSV column of paths; found by its name when not given. */
  readonly column?: string | undefined;
}

/**
 * Changes the start of every image path in annotation JSON (`fpath`; `file_name` in iNaturalist's), a "path label"
 * list or a CSV file. Everything else in the file stays as it is, byte for byte. The file is replaced whole or not at
 * all.
 *
 * @throws DataError when the file cannot be read, holds no paths, or none starts with `from`.
 */
export function replaceRoot(file: string, options: ReplaceRootOptions): ReplacedRoot {
  if (options.out !== undefined) requireAbsent(options.out, { replace: options.force });
  const { text, paths, changes } = changePaths(file, options);
  const [example] = changes;
  if (!example) {
    const found = paths[0] === undefined ? "the file names no images" : `the first one is ${paths[0]}`;
    throw new DataError(`${file}: expected paths that start with "${options.from}", found none; ${found}.`);
  }
  if (!options.dryRun) writeFileAtomic(options.out ?? file, text);
  return { paths: paths.length, changed: changes.length, example };
}

/** Rewrites each path that it is given; keeps account of what it saw. */
interface Rewriter {
  readonly rewrite: (path: string) => string;
  readonly paths: string[];
  readonly changes: ReplacedRoot["example"][];
}

function changePaths(file: string, options: ReplaceRootOptions): Rewriter & { text: string } {
  const rewriter = rewriterOf(options);
  const content = readText(file);
  switch (extname(file).toLowerCase()) {
    case ".json":
      return { ...rewriter, text: rewriteJson(file, content, rewriter) };
    case ".csv":
    case ".tsv":
      return { ...rewriter, text: rewriteCsv(file, content, { rewriter, column: options.column }) };
    default:
      return { ...rewriter, text: rewriteList(content, rewriter) };
  }
}

/** With its byte order mark, if it has one. */
function readText(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readBytes(file));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${file}: expected UTF-8 text, found other bytes.`, { cause: error });
  }
}

function rewriterOf({ from, to }: RootChange): Rewriter {
  const [oldRoot, newRoot] = [withoutEndSlash(from), withoutEndSlash(to)];
  const rewriter: Rewriter = {
    paths: [],
    changes: [],
    rewrite: (path) => {
      rewriter.paths.push(path);
      const rest = restAfter(path, oldRoot);
      if (rest === undefined) return path;
      const after = newRoot === "" ? rest : `${newRoot === "/" ? "" : newRoot}/${rest}`;
      rewriter.changes.push({ before: path, after });
      return after;
    },
  };
  return rewriter;
}

function withoutEndSlash(root: string): string {
  return root === "/" ? root : root.replace(/\/+$/, "");
}

/** The part of a path after a root and its slash; undefined when it does not start so. */
function restAfter(path: string, root: string): string | undefined {
  if (root === "") return path.startsWith("/") ? undefined : path;
  const start = root === "/" ? root : `${root}/`;
  return path.startsWith(start) ? path.slice(start.length).replace(/^\/+/, "") : undefined;
}

/**
 * In the text and not by JSON.stringify(JSON.parse(…)), which would change numbers (1.0, whole numbers above 2^53) and
 * the layout. Inside a JSON string a quotation mark has a backslash before it, so `"fpath":` is always a key.
 */
function rewriteJson(file: string, content: string, { rewrite }: Rewriter): string {
  try {
    JSON.parse(content);
  } catch (error) {
    throw new DataError(`${file}: expected JSON: ${(error as Error).message}.`, { cause: error });
  }
  return content.replace(
    /("(?:fpath|file_name)"\s*:\s*)("(?:[^"\\]|\\.)*")/g,
    (whole, key: string, value: string) => {
      const path = JSON.parse(value) as string;
      const after = rewrite(path);
      return after === path ? whole : key + JSON.stringify(after);
    },
  );
}

function rewriteList(content: string, { rewrite }: Rewriter): string {
  return content.replace(
    /^([^\S\n]*)(\S.*?)(?=[^\S\n]+\S+[^\S\n]*$|[^\S\n]*$)/gm,
    (_, indent: string, path: string) => {
      return indent + rewrite(path);
    },
  );
}

const PATH_COLUMNS = [
  "fpath",
  "path",
  "filepath",
  "file_path",
  "file_name",
  "filename",
  "image",
  "image_path",
];

function rewriteCsv(
  file: string,
  content: string,
  { rewriter, column }: { rewriter: Rewriter; column: string | undefined },
): string {
  const delimiter = extname(file).toLowerCase() === ".tsv" ? "\t" : ",";
  const rows = csvRecords(file, content, delimiter);
  const place = columnOf(file, rows[0]?.record ?? [], column);
  return rows
    .map(({ record, raw }, row) => {
      const path = record[place];
      if (row === 0 || path === undefined) return raw;
      const after = rewriter.rewrite(path);
      return after === path ? raw : withField(record, { place, value: after, delimiter, raw });
    })
    .join("");
}

interface CsvRecord {
  readonly record: readonly string[];
  /** The record as it stands in the file, its line's end included. */
  readonly raw: string;
}

function csvRecords(file: string, content: string, delimiter: string): CsvRecord[] {
  const options = { delimiter, bom: true, info: true, relax_column_count: true } as const;
  try {
    const parsed = parse(content, options) as unknown as { record: string[]; info: { bytes: number } }[];
    const bytes = Buffer.from(content);
    return parsed.map(({ record, info }, row) => {
      return { record, raw: bytes.toString("utf8", parsed[row - 1]?.info.bytes ?? 0, info.bytes) };
    });
  } catch (error) {
    throw new DataError(`${file}: ${(error as Error).message}.`, { cause: error });
  }
}

function columnOf(file: string, header: readonly string[], column: string | undefined): number {
  const wanted = column === undefined ? PATH_COLUMNS : [column];
  const place = header.findIndex((name) => wanted.includes(column === undefined ? name.toLowerCase() : name));
  if (place >= 0) return place;
  const message = `${file}: expected a column ${wanted.join(", ")}; found ${header.join(", ")}.`;
  throw column === undefined ? new DataError(`${message} --column names it.`) : new UsageError(message);
}

function withField(
  record: readonly string[],
  { place, value, delimiter, raw }: { place: number; value: string; delimiter: string; raw: string },
): string {
  const quote = (field: string): string =>
    /["\r\n]/.test(field) || field.includes(delimiter) ? `"${field.replaceAll('"', '""')}"` : field;
  const end = /\r?\n$/.exec(raw)?.[0] ?? "";
  return record.map((field, i) => quote(i === place ? value : field)).join(delimiter) + end;
}
