import { entriesOf } from "../folder/entries.js";
import { findColumn, requireColumn } from "./reading/columns.js";
import { readTable, tableColumns } from "./reading/table.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed } from "./listing.js";

/** Extensions of tables, in the order in which they are looked for. */
const TABLES = ["csv", "tsv", "jsonl"] as const;

/** A table a row an image; data.columns names the columns of paths and labels. */
export const csvFormat: FileListFormat<CsvImage> = {
  usual: {
    train: tables("train", "train/metadata", "training", "metadata"),
    test: tables("test", "test/metadata"),
    validation: tables("val", "valid", "validation", "validation/metadata", "val/metadata", "valid/metadata"),
  },
  find: (root, split, usual) => {
    if (split !== "train") return usual !== null && hasImagesAndLabels(usual) ? usual : null;
    return usual ?? onlyTable(root);
  },
  read: (file, { columns }, leftOut) => {
    const table = readTable(file);
    const imageColumn = requireColumn(file, table.columns, { name: columns.image, of: "image" });
    const labelColumn = requireColumn(file, table.columns, { name: columns.label, of: "label" });
    const images: CsvImage[] = [];
    for (const { field, line, fault } of table.rows) {
      const [path, label] = [field(imageColumn), field(labelColumn)];
      const where = `${file}, line ${line}`;
      if (fault !== null) leftOut.report(where, fault);
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

function tables(...names: readonly string[]): string[] {
  return names.flatMap((name) => TABLES.map((extension) => `${name}.${extension}`));
}

/** The one table in a folder that lists images with labels; null where there is none, or are several. */
function onlyTable(root: string): string | null {
  const found = entriesOf(root)
    .filter(({ name, isFolder }) => !isFolder && /[.](csv|tsv|jsonl)$/i.test(name))
    .filter(({ path }) => hasImagesAndLabels(path));
  return found.length === 1 ? found[0]!.path : null;
}

/** Whether a table has a column of images and one of labels; of a test list without labels, as in contests, it is false. */
export function hasImagesAndLabels(file: string): boolean {
  const columns = tableColumns(file);
  return findColumn(columns, "image") >= 0 && findColumn(columns, "label") >= 0;
}
