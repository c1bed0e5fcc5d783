import { closeSync, readSync } from "node:fs";
import { LIMITS, shownValue } from "../../../support/budget.js";
import { DataError } from "../../../support/errors.js";
import { standInOf, standInText } from "../../../support/stand-in.js";
import { openFile } from "./open-file.js";

/** A file inside a tar archive. */
export interface TarMember {
  readonly name: string;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Headers and small members are read together: a read costs some microseconds, or much more over a network. */
const WINDOW = 1 << 14;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** An archive that is read where it is, without unpacking it (POSIX ustar and pax, and GNU's long names). */
export class TarFile implements Disposable {
  readonly path: string;
  readonly #file: number;
  readonly #size: number;
  #window = { start: 0, bytes: new Uint8Array() };

  /** @throws DataError when it cannot be opened */
  constructor(path: string) {
    this.path = path;
    const { descriptor, size } = openFile(path);
    this.#file = descriptor;
    this.#size = size;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  /** A member's bytes, or those of another part; valid until the next call. */
  read(size: number, offset: number): Uint8Array {
    const { start, bytes } = this.#window;
    if (offset < start || offset + size > start + bytes.length) this.#fill(Math.max(size, WINDOW), offset);
    const window = this.#window;
    const found = window.bytes.subarray(offset - window.start, offset - window.start + size);
    if (found.length === size) return found;
    throw this.#damaged(offset, `truncated: expected ${size} bytes, found ${found.length}`);
  }

  /** The window lies at `offset` then; shorter than `size` where the file ends. */
  #fill(size: number, offset: number): void {
    const bytes = new Uint8Array(size);
    let filled = 0;
    for (let got = 1; got > 0 && filled < size; filled += got)
      got = readSync(this.#file, bytes, filled, size - filled, offset + filled);
    this.#window = { start: offset, bytes: bytes.subarray(0, filled) };
  }

  /**
   * The files in it, in order; folders and links are passed over. Returns whether the empty block follows that closes an
   * archive: one that was cut between two members lacks it.
   * @throws DataError where it is damaged
   */
  *members(): Generator<TarMember, boolean> {
    const standIn = standInOf(this.read(Math.min(BLOCK, this.#size), 0));
    if (standIn !== undefined)
      throw this.#damaged(0, `expected a tar archive, found ${standInText(standIn)}`);
    let special: { name?: string; size?: number } = {};
    for (let at = 0; at < this.#size;) {
      const header = parseHeader(this.read(BLOCK, at));
      if (header === "end") return true;
      if (header === "broken" && at === 0 && isGzip(this.read(2, 0)))
        throw this.#damaged(at, "expected a tar archive, found a gzipped one: unpack it by gunzip");
      if (header === "broken") throw this.#damaged(at, "expected a member's header, its checksum is wrong");
      const size = special.size ?? header.size;
      if (!Number.isSafeInteger(size)) throw this.#damaged(at, "expected a member's size, found no number");
      const offset = at + BLOCK;
      const start = at;
      const name = (): string => special.name ?? this.#text(start, header.name);
      if (offset + size > this.#size)
        throw this.#damaged(at, `truncated: ${name()} has ${size} bytes, found ${this.#size - offset}`);
      at = offset + Math.ceil(size / BLOCK) * BLOCK;
      if (header.type === "x") special = { ...special, ...this.#pax(offset, size) };
      else if (header.type === "L") special = { ...special, name: this.#longName(offset, size) };
      else if (header.type !== "g" && header.type !== "K") {
        if (header.type === "S")
          throw this.#damaged(start, `${name()} is stored with holes (GNU's sparse format): pack it without`);
        if (isFile(header.type)) yield { name: name(), offset, size };
        special = {};
      }
    }
    return false;
  }

  #longName(offset: number, size: number): string {
    return this.#text(offset, untilZero(this.#header(size, offset)));
  }

  /** What belongs to a member's header and lies behind it. */
  #header(size: number, offset: number): Uint8Array {
    if (size <= LIMITS.tarHeader) return this.read(size, offset);
    throw this.#damaged(offset, `expected a header of at most ${LIMITS.tarHeader} bytes, found ${size}`);
  }

  /** "LENGTH KEY=VALUE\n" records; the path and the size matter. */
  #pax(offset: number, size: number): { name?: string; size?: number } {
    const found: { name?: string; size?: number } = {};
    const bytes = this.#header(size, offset);
    for (let at = 0; at < size;) {
      const length = Number.parseInt(Buffer.from(bytes.subarray(at, at + 20)).toString("latin1"), 10);
      if (!(length > 0) || at + length > size) throw this.#damaged(offset, "a broken pax header");
      const record = this.#text(offset, bytes.subarray(at, at + length - 1));
      const { key, value = "" } = /^\d+ (?<key>[^=]+)=(?<value>[^]*)$/.exec(record)?.groups ?? {};
      if (key === "path") found.name = value;
      if (key === "size") {
        found.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
        if (!Number.isSafeInteger(found.size))
          throw this.#damaged(offset, `expected a size in the pax header, found ${shownValue(value)}`);
      }
      at += length;
    }
    return found;
  }

  #text(at: number, bytes: Uint8Array): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      throw this.#damaged(at, "expected a name in UTF-8, found other bytes", error);
    }
  }

  #damaged(at: number, what: string, cause?: unknown): DataError {
    return new DataError(`${this.path}, byte ${at}: ${what}`, { cause });
  }
}

interface Header {
  readonly name: Uint8Array;
  readonly size: number;
  readonly type: string;
}

function parseHeader(block: Uint8Array): Header | "end" | "broken" {
  if (block.every((byte) => byte === 0)) return "end";
  if (checksum(block) !== octal(block.subarray(148, 156))) return "broken";
  const isPosix = Buffer.from(block.subarray(257, 263)).toString("latin1") === "ustar\0";
  const [name, prefix] = [untilZero(block.subarray(0, 100)), untilZero(block.subarray(345, 500))];
  return {
    name: isPosix && prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name,
    size: block[124]! & 0x80 ? base256(block.subarray(125, 136)) : octal(block.subarray(124, 136)),
    type: String.fromCharCode(block[156]!),
  };
}

function isFile(type: string): boolean {
  return type === "0" || type === "\0" || type === "7";
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function octal(field: Uint8Array): number {
  const text = Buffer.from(untilZero(field)).toString("latin1").trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : Number.NaN;
}

function base256(field: Uint8Array): number {
  return field.reduce((value, byte) => value * 256 + byte, 0);
}

function untilZero(field: Uint8Array): Uint8Array {
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}
