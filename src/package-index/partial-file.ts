import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../support/paths.js";
/** So many bytes are fetched between two notes of what is there. */
const NOTE_BYTES = 8 << 20;

/**
 * A file that arrives in spans. A note beside it says which are there, so that a later process fetches the rest
 * only. The file has its full size from the start; what has not arrived is a hole.
 */
export class PartialFile implements Disposable {
  readonly path: string;
  readonly size: number;
  readonly #identity: string;
  readonly #file: number;
  #present: Span[] = [];
  #unnoted = 0;

  /** @param identity what the file is, by its hash: a file begun under another identity is not continued. */
  constructor(path: string, { size, identity }: { size: number; identity: string }) {
    this.path = path;
    this.size = size;
    this.#identity = identity;
    makeFolder(dirname(path));
    this.#present = this.#readNote();
    this.#file = openSync(path, existsSync(path) ? "r+" : "w+");
    ftruncateSync(this.#file, size);
  }

  get presentBytes(): number {
    return totalBytes(this.#present);
  }

  /** What of these spans has not arrived. */
  missing(spans: readonly Span[]): Span[] {
    return subtractSpans(spans, this.#present);
  }

  write(from: number, bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;)
      written += writeSync(this.#file, bytes, written, bytes.length - written, from + written);
    this.#present = mergeSpans([...this.#present, { from, to: from + bytes.length }]);
    this.#unnoted += bytes.length;
    if (this.#unnoted >= NOTE_BYTES) this.note();
  }

  read({ from, to }: Span): Buffer {
    const bytes = Buffer.alloc(to - from);
    for (let read = 0; read < bytes.length;) {
      const count = readSync(this.#file, bytes, read, bytes.length - read, from + read);
      if (count === 0) throw new Error(`${this.path} ends at ${from + read}`);
      read += count;
    }
    return bytes;
  }

  /** Notes what is there; the bytes are on the disk before the note. */
  note(): void {
    fdatasyncSync(this.#file);
    const temporary = `${this.#notePath}.tmp`;
    writeFileSync(temporary, JSON.stringify({ identity: this.#identity, spans: this.#present }));
    renameSync(temporary, this.#notePath);
    this.#unnoted = 0;
  }

  /** Deletes the file and its note: what arrived is of no use. */
  discard(): void {
    this.#present = [];
    this.#unnoted = 0;
    rmSync(this.path, { force: true });
    rmSync(this.#notePath, { force: true });
  }

  [Symbol.dispose](): void {
    try {
      if (this.#unnoted > 0) this.note();
    } catch {
      // A full disk: what was noted before is still true.
    } finally {
      closeSync(this.#file);
    }
  }

  get #notePath(): string {
    return `${this.path}.json`;
  }

  #readNote(): Span[] {
    try {
      const note = JSON.parse(readFileSync(this.#notePath, "utf8")) as { identity: string; spans: Span[] };
      return existsSync(this.path) && note.identity === this.#identity ? mergeSpans(note.spans) : [];
    } catch {
      return []; // none, or cut short
    }
  }
}

/** Bytes of a file from `from` up to, without, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The same bytes in as few spans as possible, in order. Gaps of up to `gap` bytes between two spans are filled. */
export function mergeSpans(spans: readonly Span[], gap = 0): Span[] {
  const merged: Span[] = [];
  for (const span of spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to + gap)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else merged.push(span);
  }
  return merged;
}

/** What is in `wanted` and not in `present`, in order. */
export function subtractSpans(wanted: readonly Span[], present: readonly Span[]): Span[] {
  let rest = mergeSpans(wanted);
  for (const { from, to } of present) {
    rest = rest.flatMap((span) =>
      [
        { from: span.from, to: Math.min(span.to, from) },
        { from: Math.max(span.from, to), to: span.to },
      ].filter((piece) => piece.to > piece.from),
    );
  }
  return mergeSpans(rest);
}

export function totalBytes(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}
