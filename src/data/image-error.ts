import { DataError } from "../support/errors.js";
import type { Dataset } from "./dataset.js";

/** Native code knows images that are no files of their own by their numbers: says where such an image lies. */
export function imageError(
  error: unknown,
  { pixels, describe }: Pick<Dataset, "pixels" | "describe">,
): unknown {
  if (!(error instanceof DataError) || pixels.kind === "files") return error;
  const { image, what } = /^image (?<image>\d+): (?<what>.*)$/s.exec(error.message)?.groups ?? {};
  return image === undefined || what === undefined
    ? error
    : new DataError(`${describe(Number(image))}: ${what}`, { cause: error });
}
