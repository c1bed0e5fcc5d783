import { lstat } from "node:fs/promises";
import { isObject, type JsonObject } from "../../support/json.js";
import { openRegular } from "./regular-file.js";

/** What is larger is not a run's file. A result of 8,142 classes is 2 MB. */
const MAX_BYTES = 256 << 20;

/** A JSON file of which `pick` takes what is wanted; it is read again only when it has changed. */
export class JsonFile<T> {
  readonly #pick: (value: JsonObject) => T;
  readonly #path: string;
  #picked: T | null = null;
  #seen = "";

  constructor(path: string, pick: (value: JsonObject) => T) {
    this.#path = path;
    this.#pick = pick;
  }

  /** Null when there is none, or none that is whole. */
  async read(): Promise<T | null> {
    const found = await lstat(this.#path).catch(() => null);
    const seen = found === null ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#picked = found === null || found.size > MAX_BYTES ? null : await this.#parse();
    }
    return this.#picked;
  }

  async #parse(): Promise<T | null> {
    const file = await openRegular(this.#path);
    if (file === null) return null;
    try {
      const value: unknown = JSON.parse(await file.readFile("utf8"));
      return isObject(value) ? this.#pick(value) : null;
    } catch {
      return null;
    } finally {
      await file.close();
    }
  }
}
