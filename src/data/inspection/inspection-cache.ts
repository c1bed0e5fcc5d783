import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { maxOf } from "../../support/math.js";
import type { NativeInspection } from "../vision.js";

/** What is known of an image after it was looked at; plain data, so that it can be kept in a file. */
export interface Inspection extends Omit<NativeInspection, "colors"> {
  /** [8, 8, 3] mean colors of tiles, in base64 */
  readonly colors: string;
}

/**
 * Changes when an inspection's content does: what older versions have kept is then not used.
 * 1: the first.
 */
const INSPECTION_VERSION = 2;

export function fromNative({ colors, ...rest }: NativeInspection): Inspection {
  return { ...rest, colors: colors.toString("base64") };
}

/** Levels of 0 … 255 by which an image that shows nothing may vary. */
const FLAT = 2;

/** Whether nothing can be seen on it: its hashes are of noise. */
export function isBlank({ error, contrast }: Pick<Inspection, "error" | "contrast">): boolean {
  return error === null && contrast < FLAT;
}

/** Levels of 0 … 255 that 12 bits of 16 leave. */
const NEARLY_BLACK = 16;

/**
 * Whether an image of more than 8 bits a channel is so dark, by its brightest tile, that the upper 8 bits, which are all that
 * is used, hold hardly anything: cameras and microscopes with 10, 12 or 14 bits leave them empty.
 */
export function isNearlyBlack({
  error,
  bits,
  colors,
}: Pick<Inspection, "error" | "bits" | "colors">): boolean {
  return error === null && bits > 8 && maxOf([...Buffer.from(colors, "base64")]) < NEARLY_BLACK;
}

/**
 * The inspections that were made, in a file that grows line by line, so that a check that was interrupted goes on where it
 * was: the first line says what wrote it, each other is a key and its inspection. A line that is not whole, after a
 * crash, is passed over. Keys hold a file's size and time of change: what has changed since is inspected again.
 */
export class InspectionCache {
  readonly #path: string;
  readonly #known: Map<string, Inspection>;

  private constructor(path: string, known: Map<string, Inspection>) {
    this.#path = path;
    this.#known = known;
  }

  /** @param resume whether what the file holds is used; else it begins anew. */
  static open(path: string, { resume }: { resume: boolean }): InspectionCache {
    const known = resume && existsSync(path) ? read(path) : undefined;
    if (!known) writeFileAtomic(path, `${JSON.stringify(HEADER)}\n`);
    return new InspectionCache(path, known ?? new Map<string, Inspection>());
  }

  get(key: string): Inspection | undefined {
    return this.#known.get(key);
  }

  /** Keeps inspections, at once. */
  add(entries: readonly (readonly [key: string, inspection: Inspection])[]): void {
    for (const [key, inspection] of entries) this.#known.set(key, inspection);
    // One write at the end of the file. It begins with a line's end: the last line may not be whole.
    appendFileSync(this.#path, entries.map((entry) => `\n${JSON.stringify(entry)}`).join("") + "\n");
  }
}

const HEADER = { format: "longtail data check", version: INSPECTION_VERSION };

/** What a file holds; undefined when another version has written it. */
function read(path: string): Map<string, Inspection> | undefined {
  const [header = "", ...lines] = readFileSync(path, "utf8").split("\n");
  if (header !== JSON.stringify(HEADER)) return undefined;
  const known = new Map<string, Inspection>();
  for (const line of lines) {
    const entry = parse(line);
    if (entry) known.set(...entry);
  }
  return known;
}

function parse(line: string): [string, Inspection] | undefined {
  try {
    return line === "" ? undefined : (JSON.parse(line) as [string, Inspection]);
  } catch {
    return undefined;
  }
}
