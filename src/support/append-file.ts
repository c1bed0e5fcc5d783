import { closeSync, openSync, writeSync } from "node:fs";
import { writeFailure } from "./atomic-file.js";

/**
 * A file that only grows. What was added is the operating system's at once, so that it outlives this process however it
 * ends; a power cut may take the last of it, since nothing waits for the disk.
 */
export class AppendFile implements Disposable {
  readonly #path: string;
  #file: number | null;

  /** @throws LongtailError that names the path, as add() does. */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#named(() => openSync(path, "a"));
  }

  add(content: string | Uint8Array): void {
    const file = this.#file;
    if (file === null) throw new Error(`${this.#path} is closed`);
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    this.#named(() => {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    });
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
  }
}
