import { parse } from "csv-parse/sync";
import { DataError } from "../../support/errors.js";
import { requireColumn } from "./reading/columns.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed } from "./listing.js";
import { readTextFile } from "./reading/text-file.js";

/**
 * CSV (.tsv: tabs) with a header and a row an image; data.columns names the columns of paths and labels. Labels are
 * numbers from 0 if all of them are whole numbers, else classes' names.
 */
export const csvFormat: FileListFormat<CsvImage> = {
  usual: { train: "train.csv", test: "test.csv" },
  read: (file, { columns }, bad) => {
    const rows = readRows(file);
    const header = rows[0]?.fields ?? [];
    const imageColumn = requireColumn(file, header, columns.image);
    const labelColumn = requireColumn(file, header, columns.label);
    const images: CsvImage[] = [];
    for (const { fields, line } of rows.slice(1)) {
      const [path = "", label = ""] = [fields[imageColumn], fields[labelColumn]];
      if (fields.length !== header.length)
        bad.report(`${file}, line ${line}: expected ${header.length} fields, found ${fields.length}`);
      else if (path === "" || label === "")
        bad.report(`${file}, line ${line}: expected a path and a label, found an empty field`);
      else images.push({ path, label, line });
    }
    return { file, images, names: null, classCount: null, where: ({ line }) => `${file}, line ${line}` };
  },
};

interface CsvImage extends Listed {
  readonly line: number;
}

interface Row {
  readonly fields: readonly string[];
  /** Where the row ends. */
  readonly line: number;
}

function readRows(file: string): Row[] {
  const delimiter = /[.]tsv([.]gz)?$/.test(file) ? "\t" : ",";
  const options = {
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  } as const;
  try {
    const rows = parse(readTextFile(file), options) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return rows.map(({ record, info }) => ({ fields: record, line: info.lines }));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${file}: ${(error as Error).message}.`, { cause: error });
  }
}
