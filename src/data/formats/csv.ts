import { parse } from "csv-parse/sync";
import { DataError } from "../../support/errors.js";
import { nearest } from "../../support/nearest.js";
import type { ListedImage, ListingFormat } from "../listing.js";
import { readTextFile } from "../text-file.js";

/**
 * CSV (.tsv: tabs) with a header and a row an image; data.columns names the columns of paths and labels. Labels are
 * numbers from 0 if all of them are whole numbers, else classes' names.
 */
export const csvFormat: ListingFormat = {
  usual: { train: "train.csv", test: "test.csv" },
  read: (file, { columns }, bad) => {
    const rows = readRows(file);
    const header = rows[0]?.fields ?? [];
    const imageColumn = columnOf(file, header, columns.image);
    const labelColumn = columnOf(file, header, columns.label);
    const images: ListedImage[] = [];
    for (const { fields, line } of rows.slice(1)) {
      const [path = "", label = ""] = [fields[imageColumn], fields[labelColumn]];
      if (fields.length !== header.length)
        bad.report(`${file}, line ${line}: expected ${header.length} fields, found ${fields.length}`);
      else if (path === "" || label === "")
        bad.report(`${file}, line ${line}: expected a path and a label, found an empty field`);
      else images.push({ path, label, record: line });
    }
    return { file, unit: "line", images, names: null, classCount: null };
  },
};

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

/** Where a column is. @throws DataError that names those there are */
function columnOf(file: string, header: readonly string[], name: string): number {
  const place = header.indexOf(name);
  if (place >= 0) return place;
  const meant = nearest(name, header);
  throw new DataError(
    `${file}: expected a column "${name}", found ${header.join(", ") || "none"}` +
      `${meant === undefined ? "" : `; did you mean ${meant}?`} (data.columns.image and data.columns.label name them)`,
  );
}
