import { DataError } from "../../../support/errors.js";
import { nearest } from "../../../support/text.js";

/** Where a table's column is. @throws DataError that names those there are */
export function requireColumn(file: string, columns: readonly string[], name: string): number {
  const place = columns.indexOf(name);
  if (place >= 0) return place;
  const meant = nearest(name, columns);
  throw new DataError(
    `${file}: expected a column "${name}", found ${columns.join(", ") || "none"}` +
      `${meant === undefined ? "" : `; did you mean ${meant}?`} (data.columns.image and data.columns.label name them)`,
  );
}
