import { DataError } from "../../../support/errors.js";
import { nearest } from "../../../support/text.js";

/** Names that tables use, the schema's default first; compared without regard to case and separators. */
const USUAL = {
  image: [
    ...[
      "image",
      "file_name",
      "filename",
      "file",
      "path",
      "filepath",
      "image_path",
      "img_path",
      "img",
      "image_name",
    ],
    ...["image_file", "image_id", "id_code", "fpath", "photo"],
  ],
  label: [
    ...["label", "labels", "class", "class_name", "category", "target", "fine_label", "species", "class_id"],
    ...["category_id", "label_name", "taxon_id"],
  ],
} as const;

/** What a column is for. */
export type ColumnUse = keyof typeof USUAL;

/** Where a column of a usual name is; -1 where there is none. */
export function findColumn(columns: readonly string[], use: ColumnUse): number {
  const plain = columns.map(plainName);
  const name = USUAL[use].find((usual) => plain.includes(plainName(usual)));
  return name === undefined ? -1 : plain.indexOf(plainName(name));
}

/**
 * Where a table's column is. A recipe that leaves its name at the default gets the column of another usual name.
 * @throws DataError that names those there are
 */
export function requireColumn(
  file: string,
  columns: readonly string[],
  { name, of: use }: { readonly name: string; readonly of: ColumnUse },
): number {
  const place = columns.indexOf(name);
  if (place >= 0) return place;
  const usual = name === USUAL[use][0] ? findColumn(columns, use) : -1;
  if (usual >= 0) return usual;
  const meant = nearest(name, columns);
  throw new DataError(
    `${file}: expected a column "${name}", found ${columns.join(", ") || "none"}` +
      `${meant === undefined ? "" : `; did you mean ${meant}?`} (data.columns.image and data.columns.label name them)`,
  );
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_.-]+/g, "");
}
