import { closest, distance } from "fastest-levenshtein";

/**
 * The candidate that `name` was probably meant to be, for "did you mean …"; undefined when none is close
 * (more than a third of the longer word differs, though one slip is always forgiven).
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(name, candidates);
  const slips = Math.max(1, Math.floor(Math.max(name.length, best.length) / 3));
  return distance(name, best) <= slips ? best : undefined;
}

/** A noun for a count. */
export function noun(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

/** A count with its noun: 1 image, 2 images, 3 classes. */
export function counted(count: number, one: string, many?: string): string {
  return `${count} ${noun(count, one, many)}`;
}

/** A name as one line of a message: a line break in it would begin a line that nobody wrote. */
export function oneLine(name: string): string {
  return name.replaceAll("\n", "\\u000a");
}

/** A word as a POSIX shell reads it back. */
export function shellQuoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
