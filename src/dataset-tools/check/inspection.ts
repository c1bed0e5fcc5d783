import type { NativeInspection } from "../../data/vision.js";

/** What is known of an image after it was looked at; plain data, so that it can be kept in a file. */
export interface Inspection extends Omit<NativeInspection, "colours"> {
  /** [8, 8, 3] mean colors of tiles, in base64 */
  readonly colours: string;
}

/**
 * Changes when an inspection's content does: what older versions have kept is then not used.
 * 1: the first.
 */
export const INSPECTION_VERSION = 1;

export function fromNative({ colours, ...rest }: NativeInspection): Inspection {
  return { ...rest, colours: colours.toString("base64") };
}

/** Levels of 0 … 255 by which an image that shows nothing may vary. */
const FLAT = 2;

/** Whether nothing can be seen on it: its hashes are of noise. */
export function isBlank({ error, contrast }: Pick<Inspection, "error" | "contrast">): boolean {
  return error === null && contrast < FLAT;
}
