import { DataError } from "../support/errors.js";
import type { Dataset } from "./dataset.js";
import { contentOfFile, foundText } from "./formats/reading/content.js";

const OTHER_CONTENT = /^(?<path>[^]*): (?<expected>expected [^:]* image), found [a-z0-9 ]+$/;

/** The error with what the file is in place of an image, where that can be told. */
function named(error: DataError): DataError {
  const { path, expected = "" } = OTHER_CONTENT.exec(error.message)?.groups ?? {};
  const content = path === undefined ? null : contentOfFile(path);
  return path === undefined || content === null
    ? error
    : new DataError(`${path}: ${expected}, ${foundText(content)}`, { cause: error });
}

/** Native code knows images that are no files of their own by their numbers: says where such an image lies. */
export function imageError(
  error: unknown,
  { pixels, describe }: Pick<Dataset, "pixels" | "describe">,
): unknown {
  if (!(error instanceof DataError)) return error;
  if (pixels.kind === "files") return named(error);
  const { image, what } = /^image (?<image>\d+): (?<what>.*)$/s.exec(error.message)?.groups ?? {};
  return image === undefined || what === undefined
    ? error
    : new DataError(`${describe(Number(image))}: ${what}`, { cause: error });
}
