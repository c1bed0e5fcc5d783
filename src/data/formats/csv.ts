import { parse } from "csv-parse/sync";
import { DataError } from "../../support/errors.js";
import { entriesOf } from "../folder/entries.js";
import { findColumn, requireColumn } from "./reading/columns.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed } from "./listing.js";
import { readTextFile } from "./reading/text-file.js";

/**
 * CSV with a header and a row an image; data.columns names the columns of paths and labels. Fields are separated by what
 * the header is: a comma, a semicolon, a tab or a bar.
 */
export const csvFormat: FileListFormat<CsvImage> = {
  usual: {
    train: ["train.csv", "train.tsv", "train/metadata.csv", "training.csv", "metadata.csv"],
    test: ["test.csv", "test.tsv", "test/metadata.csv"],
    validation: [
      ...["val.csv", "valid.csv", "validation.csv", "val.tsv"],
      ...["validation/metadata.csv", "val/metadata.csv", "valid/metadata.csv"],
    ],
  },
  find: (root, split, usual) => {
    if (split !== "train") return usual !== null && hasImagesAndLabels(usual) ? usual : null;
    return usual ?? onlyTable(root);
  },
  read: (file, { columns }, leftOut) => {
    const rows = readRows(file);
    const header = rows[0]?.fields ?? [];
    const imageColumn = requireColumn(file, header, { name: columns.image, of: "image" });
    const labelColumn = requireColumn(file, header, { name: columns.label, of: "label" });
    const images: CsvImage[] = [];
    for (const { fields, line } of rows.slice(1)) {
      const [path = "", label = ""] = [fields[imageColumn], fields[labelColumn]];
      const where = `${file}, line ${line}`;
      if (fields.length !== header.length)
        leftOut.report(where, `expected ${header.length} fields, found ${fields.length}`);
      else if (path === "" || label === "")
        leftOut.report(where, "expected a path and a label, found an empty field");
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

/** The one table in a folder that lists images with labels; null where there is none, or are several. */
function onlyTable(root: string): string | null {
  const tables = entriesOf(root)
    .filter(({ name, isFolder }) => !isFolder && /[.](csv|tsv)$/i.test(name))
    .filter(({ path }) => hasImagesAndLabels(path));
  return tables.length === 1 ? tables[0]!.path : null;
}

/** Whether a table has a column of images and one of labels; of a test list without labels, as in contests, it is false. */
export function hasImagesAndLabels(file: string): boolean {
  try {
    const header = parseRows(readTextFile(file).split(/\r?\n/, 1)[0] ?? "")[0]?.fields ?? [];
    return findColumn(header, "image") >= 0 && findColumn(header, "label") >= 0;
  } catch {
    return false;
  }
}

function readRows(file: string): Row[] {
  try {
    return parseRows(readTextFile(file));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${file}: ${(error as Error).message}.`, { cause: error });
  }
}

function parseRows(text: string): Row[] {
  const options = {
    delimiter: delimiterOf(text),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  } as const;
  const rows = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[];
  return rows.map(({ record, info }) => ({ fields: record, line: info.lines }));
}

/** The one of the usual delimiters that the header has most of, outside quotes; a comma where it has none. */
function delimiterOf(text: string): string {
  const header = (/^\s*(?<line>[^\r\n]*)/.exec(text)?.groups?.["line"] ?? "").replaceAll(/"[^"]*"/g, "");
  const counts = [",", ";", "\t", "|"].map((mark) => ({ mark, count: header.split(mark).length - 1 }));
  return counts.reduce((most, next) => (next.count > most.count ? next : most)).mark;
}
