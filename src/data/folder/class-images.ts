import { realpathSync } from "node:fs";
import { extname } from "node:path";
import { IMAGE_FORMATS, contentOfFile, foundText } from "../formats/reading/content.js";
import type { LeftOutRecords } from "../left-out.js";
import { entriesOf } from "./entries.js";
import { isImageName } from "./layout.js";

/**
 * The image files in a class's folder and in the folders inside it, in sorted order. A file whose extension is not that of
 * a format that is decoded is looked at: an image all the same is one, one of another format is reported, anything else passed.
 */
export function classImages(folder: string, leftOut: LeftOutRecords): string[] {
  const paths: string[] = [];
  collect(folder, { paths, leftOut, above: new Set() });
  return paths;
}

/** The images in a folder and below it, without a word about anything else. */
export function imagesBelow(folder: string): string[] {
  const silent = { report: () => undefined, pass: () => undefined };
  const paths: string[] = [];
  collect(folder, { paths, leftOut: silent, above: new Set() });
  return paths;
}

interface Collected {
  readonly paths: string[];
  readonly leftOut: Pick<LeftOutRecords, "report" | "pass">;
  /** The folders that lead here: a link to one of them is not followed. */
  readonly above: ReadonlySet<string>;
}

function collect(folder: string, { paths, leftOut, above }: Collected): void {
  const real = realpathSync(folder);
  if (above.has(real)) {
    leftOut.pass(folder, "a link to a folder that it lies in");
    return;
  }
  const inside = new Set(above).add(real);
  const entries = entriesOf(folder, (where, reason) => {
    leftOut.report(where, reason);
  });
  for (const { name, path, isFolder } of entries) {
    if (isFolder) collect(path, { paths, leftOut, above: inside });
    else if (isImageName(name)) paths.push(path);
    else addByContent(path, { paths, leftOut });
  }
}

function addByContent(path: string, { paths, leftOut }: Pick<Collected, "paths" | "leftOut">): void {
  const content = contentOfFile(path);
  if (content === null) leftOut.report(path, "expected an image, found a file that cannot be read");
  else if (content.kind === "decoded") paths.push(path);
  else if (content.kind === "picture")
    leftOut.report(path, `expected a ${IMAGE_FORMATS} image, ${foundText(content)}`);
  else leftOut.pass(path, `no image: ${extname(path) || "a file"} that is ${content.name}`);
}
