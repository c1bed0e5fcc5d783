import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { INSPECTION_VERSION, type Inspection } from "./inspection.js";

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
