import { resolve } from "node:path";
import {
  type FileMetaData,
  type AsyncBuffer,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import type { LeftOutRecords } from "../left-out.js";
import { requireColumn } from "./reading/columns.js";
import { findPattern, matchingFiles, usualPattern } from "./reading/file-pattern.js";
import { withFiles } from "./listed-files.js";
import type { Listed, ListedFormat } from "./listing.js";
import type { DataSource } from "../dataset.js";
import { joinEncoded } from "../subset.js";
import { closeSync, readSync } from "node:fs";
import { compressors } from "hyparquet-compressors";
import { DataError } from "../../support/errors.js";
import { contentOfFile, contentText } from "./reading/content.js";
import { openFile } from "./reading/open-file.js";

/** The bytes that a Parquet file begins and ends with. */
const MARK = "PAR1";

/** A Parquet file; its rows are read a row group at a time. */
class ParquetFile implements Disposable {
  readonly path: string;
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
  readonly #file: OpenFile;

  private constructor(file: OpenFile, metadata: FileMetaData) {
    this.path = file.path;
    this.metadata = metadata;
    this.columns = parquetSchema(metadata).children.map(({ element }) => element.name);
    this.#file = file;
  }

  /** @throws DataError when it cannot be read or is none */
  static async open(path: string): Promise<ParquetFile> {
    const file = new OpenFile(path);
    try {
      return await readable(path, async () => new ParquetFile(file, await parquetMetadataAsync(file)));
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /** Each row's values of some columns, with its number. Byte arrays that are not said to be texts stay bytes. */
  async *rows(columns: string[]): AsyncGenerator<{ row: number; values: Record<string, unknown> }> {
    const options = { file: this.#file, metadata: this.metadata, compressors, utf8: false, columns };
    let rowStart = 0;
    for (const { num_rows: count } of this.metadata.row_groups) {
      const rowEnd = rowStart + Number(count);
      const rows = await readable(this.path, () => parquetReadObjects({ ...options, rowStart, rowEnd }));
      for (const [place, values] of rows.entries()) yield { row: rowStart + place, values };
      rowStart = rowEnd;
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** Reads at once: of several reads that are waited for, one that fails would leave the others without a listener. */
class OpenFile implements AsyncBuffer, Disposable {
  readonly path: string;
  readonly byteLength: number;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    const { descriptor, size } = openFile(path);
    this.#file = descriptor;
    this.byteLength = size;
  }

  slice(start: number, end = this.byteLength): ArrayBuffer {
    const bytes = new Uint8Array(Math.max(0, end - start));
    let filled = 0;
    while (filled < bytes.length) {
      const got = readSync(this.#file, bytes, filled, bytes.length - filled, start + filled);
      if (got === 0) throw new RangeError(`expected ${bytes.length} bytes at byte ${start}, found ${filled}`);
      filled += got;
    }
    return bytes.buffer;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** The library's errors name no file, and speak of its own workings. */
async function readable<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new DataError(
      `${path}: expected a whole Parquet file, found ${contentFor(path)} (${(error as Error).message}). ` +
        "Python's pyarrow.parquet.read_table reads it where it is whole.",
      { cause: error },
    );
  }
}

/** What a file that is no whole Parquet file is. */
function contentFor(path: string): string {
  const { descriptor, size } = openFile(path);
  try {
    const mark = (at: number): boolean => {
      const bytes = Buffer.alloc(MARK.length);
      readSync(descriptor, bytes, 0, bytes.length, at);
      return bytes.toString("latin1") === MARK;
    };
    if (mark(0))
      return `${mark(Math.max(0, size - MARK.length)) ? "a damaged one" : "one that was cut off"}; download it again`;
    const content = contentOfFile(path);
    return content === null ? "other content" : contentText(content);
  } finally {
    closeSync(descriptor);
  }
}

/** A row: an image in the file itself, or the path of one. */
interface Row extends Listed {
  readonly file: string;
  /** From 0. */
  readonly row: number;
  readonly bytes: Uint8Array | null;
}

/** The files where the recipe names none: those of Hugging Face's data sets lie in data. */
const USUAL = {
  train: ["train*.parquet", "data/train*.parquet", "train/*.parquet"],
  test: ["test*.parquet", "data/test*.parquet", "test/*.parquet"],
  validation: ["val*.parquet", "data/val*.parquet", "validation/*.parquet", "val/*.parquet"],
} as const;

/** Whether a folder holds Parquet files of the usual names. */
export function usualParquet(root: string): boolean {
  return usualPattern(root, USUAL.train) !== null;
}

/**
 * Parquet, a row an image. The image's column holds paths, image files (bytes) or, as Hugging Face's data sets have it,
 * { bytes, path }; the label's column numbers from 0 or names. Names that Hugging Face keeps of its numbers are read. All
 * image files that are embedded are held in memory.
 */
export const parquetFormat: ListedFormat<Row> = {
  find: (source, split) => findPattern(source, split, USUAL),
  async read(source, split, leftOut) {
    const pattern = findPattern(source, split, USUAL) ?? USUAL[split][0];
    const images: Row[] = [];
    let names: readonly string[] | null = null;
    for (const file of matchingFiles(source.root, pattern, ".parquet")) {
      using content = await ParquetFile.open(file);
      const labels = requireColumn(file, content.columns, { name: source.columns.label, of: "label" });
      names ??= huggingFaceNames(content.metadata, content.columns[labels]!);
      for (const row of await readRows(content, source.columns, leftOut)) images.push(row);
    }
    return {
      ...{ file: resolve(source.root, pattern), images, names, classCount: names?.length ?? null },
      where: ({ file, row }) => `${file}, row ${row}`,
    };
  },
  place(images, listing, { source, leftOut }) {
    const embedded = images.filter(({ bytes }) => bytes !== null);
    if (embedded.length === 0) {
      const present = withFiles(images, listing, { source, leftOut });
      const paths = present.map(({ path }) => path);
      return { images: present, pixels: { kind: "files", paths }, describe: (index) => paths[index] ?? "" };
    }
    for (const image of images)
      if (image.bytes === null)
        leftOut.report(listing.where(image), `expected an image, as in other rows, found a path`);
    const places = embedded.map(({ file, row }) => ({ file, row }));
    return {
      images: embedded,
      pixels: joinEncoded(embedded.map(({ bytes }) => bytes!)),
      describe: (index) => `${places[index]?.file ?? ""}, row ${places[index]?.row ?? ""}`,
    };
  },
};

/** Reads the rows of one file. */
async function readRows(
  content: ParquetFile,
  asked: DataSource["columns"],
  leftOut: LeftOutRecords,
): Promise<Row[]> {
  const { path: file, columns } = content;
  const image = columns[requireColumn(file, columns, { name: asked.image, of: "image" })]!;
  const label = columns[requireColumn(file, columns, { name: asked.label, of: "label" })]!;
  const images: Row[] = [];
  for await (const { row, values } of content.rows([image, label])) {
    const found = rowOf(values[image], values[label]);
    if (typeof found === "string") leftOut.report(`${file}, row ${row}`, found);
    else images.push({ ...found, file, row });
  }
  return images;
}

/** What a row says, or what is wrong with it. */
function rowOf(image: unknown, label: unknown): Pick<Row, "path" | "bytes" | "label"> | string {
  const { bytes, path } = imageOf(image);
  if (bytes === null && path === "") return `expected an image or its path, found ${describeValue(image)}`;
  if (bytes?.length === 0) return "its image is empty";
  const known = typeof label === "bigint" ? Number(label) : label;
  const isLabel =
    typeof known === "string" ? known !== "" : typeof known === "number" && Number.isInteger(known);
  if (isLabel) return { bytes, path, label: known as number | string };
  return `expected a label, a whole number or a name, found ${describeValue(label)}`;
}

function imageOf(image: unknown): Pick<Row, "path" | "bytes"> {
  if (image instanceof Uint8Array) return { bytes: image, path: "" };
  if (typeof image === "string") return { bytes: null, path: image };
  const { bytes, path } = (image ?? {}) as { bytes?: unknown; path?: unknown };
  return { bytes: bytes instanceof Uint8Array ? bytes : null, path: typeof path === "string" ? path : "" };
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`;
}

/** The names of a ClassLabel, which Hugging Face's library writes beside the schema. */
function huggingFaceNames({ key_value_metadata: entries }: FileMetaData, column: string): string[] | null {
  const text = entries?.find(({ key }) => key === "huggingface")?.value;
  if (text === undefined) return null;
  try {
    const { info } = JSON.parse(text) as {
      info?: { features?: Record<string, { names?: unknown } | undefined> };
    };
    const names = info?.features?.[column]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
  } catch {
    return null;
  }
}
