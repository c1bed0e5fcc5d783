import type { LeftOutRecords } from "../left-out.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed, Listing } from "./listing.js";
import { linesOf, readTextFile } from "./reading/text-file.js";

interface Line extends Listed {
  /** Counted from 1. */
  readonly line: number;
}

export const listFormat: FileListFormat<Line> = {
  usual: { train: ["train.txt"], test: ["test.txt"], validation: ["val.txt", "valid.txt", "validation.txt"] },
  read: (file, _source, leftOut) => readList(file, leftOut),
};

/**
 * "path label" lines, as ImageNet-LT and Places-LT (Liu et al., CVPR 2019) are published. The label, a number from 0,
 * comes after the last space; the path may hold some, too. Empty lines are passed over.
 */
export function readList(file: string, leftOut: LeftOutRecords): Listing<Line> {
  const images: Line[] = [];
  linesOf(readTextFile(file)).forEach((line, place) => {
    if (line.trim() === "") return;
    const { path, label } = /^(?<path>.*\S)\s+(?<label>-?\d+)$/.exec(line.trim())?.groups ?? {};
    if (path !== undefined) images.push({ path, label: Number(label), line: place + 1 });
    else
      leftOut.report(
        `${file}, line ${place + 1}`,
        `expected a path and a whole number, found "${shortened(line)}"`,
      );
  });
  return { file, images, names: null, classCount: null, where: ({ line }) => `${file}, line ${line}` };
}

function shortened(line: string): string {
  return line.length <= 80 ? line : `${line.slice(0, 77)}...`;
}
