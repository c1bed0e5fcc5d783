import { DataError } from "../../support/errors.js";

/** A folder's name for each class, in sorted order where the classes are but numbers: 7 of 100 becomes 07. */
export function classFolders(classes: readonly string[]): string[] {
  const width = String(Math.max(0, classes.length - 1)).length;
  const areNumbers = classes.every((name, label) => name === String(label));
  const folders = classes.map((name) => (areNumbers ? name.padStart(width, "0") : folderName(name)));
  const places = new Map<string, number>();
  folders.forEach((folder, label) => {
    const twin = places.get(folder);
    if (twin !== undefined) {
      throw new DataError(
        `classes ${twin} ("${classes[twin] ?? ""}") and ${label} ("${classes[label] ?? ""}"): expected a folder each, both are ${folder}.`,
      );
    }
    places.set(folder, label);
  });
  return folders;
}

/** A name without what a folder's may not have; no hidden folder. */
function folderName(name: string): string {
  const safe = name
    .trim()
    .replaceAll(/[/\\\0]/g, "_")
    .replace(/^\.+/, "_");
  return safe === "" ? "_" : safe;
}
