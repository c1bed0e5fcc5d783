/**
 * The budget of a reader. A file that someone else wrote may ask for any amount of memory or time: a few hundred bytes of
 * nested lists that share each other stand for more values than any machine holds. Every reader holds what it reads
 * against these limits; those of images (sides, pixels, memory of a decode) are in native/vision/image/budget.h.
 */

/** What one file may ask for. docs/data.md and SECURITY.md state these numbers. */
export const LIMITS = {
  /** Values in one document of JSON or YAML: three times those of iNaturalist 2021. */
  documentValues: 100_000_000,
  /** Lists and objects within each other. */
  depth: 200,
  /** Of the header of a safetensors file, whose 100 MB may be of these alone: values (commas, lists and objects), and depth. */
  tensorHeader: { documentValues: 10_000_000, depth: 8 },
  /** Tensors of a safetensors file: a process holds 1,048,575 at once, its own among them. */
  fileTensors: 1_000_000,
  /** Characters of a recipe in JSON or YAML, and of a run's recipe.json. */
  recipeText: 2 ** 20,
  storedRecipeText: 2 ** 28,
  /** Values in one pickle; a list, dictionary or set counts as eight, and so does each copy that the file asks for. */
  pickleValues: 10_000_000,
  /** Bytes of one line of a pickle, such as a name. */
  pickleLine: 4096,
  /** UTF-8 bytes of a text, unzipped: V8's longest string, less a little. */
  textBytes: 2 ** 29 - 32,
  /** Bytes that a gzipped text may always have, and beyond them how many for each of its own: lists have up to 30. */
  smallText: 2 ** 26,
  gzipRatio: 200,
  /** Pixels of a HEIC image, whose decoder cannot be interrupted: as of the formats that native/vision decodes at once. */
  heicPixels: 2 ** 26,
  classes: 1_000_000,
  /** Bytes of the header of a member of a tar archive: its long name, or pax's records. */
  tarHeader: 2 ** 20,
} as const;

/** Characters of a value that an error shows. */
const SHOWN = 80;

/** Counts what a reader takes; the amount beyond the limit is refused with the reader's own error. */
export class Budget {
  readonly #fail: (limit: number) => Error;
  readonly #limit: number;
  #spent = 0;

  constructor(limit: number, fail: (limit: number) => Error) {
    this.#limit = limit;
    this.#fail = fail;
  }

  spend(amount: number): void {
    this.#spent += amount;
    if (this.#spent > this.#limit) throw this.#fail(this.#limit);
  }
}

/** A value of a file as an error shows it: what it is, or its text, shortened. Never walks into it. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(shortened(value));
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return shortened(value.toString());
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (value instanceof Map) return value.size === 0 ? "an empty dictionary" : `a dictionary of ${value.size}`;
  return value instanceof Uint8Array ? `${value.length} bytes` : "an object";
}

/** At most 80 characters, in the middle of which is left out what is too much. */
export function shortened(text: string): string {
  if (text.length <= SHOWN) return text;
  return `${text.slice(0, SHOWN - 20)}...${text.slice(-17)}`;
}
