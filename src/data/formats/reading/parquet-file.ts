import { closeSync, readSync } from "node:fs";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError } from "../../../support/errors.js";
import { openFile } from "./open-file.js";

/** A Parquet file; its rows are read a row group at a time. */
export class ParquetFile implements Disposable {
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

/** The library's errors do not name the file. */
async function readable<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new DataError(`${path}: cannot be read as Parquet: ${(error as Error).message}.`, { cause: error });
  }
}
