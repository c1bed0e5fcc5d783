import { lstat, type FileHandle, open } from "node:fs/promises";
import { constants } from "node:fs";

const CHUNK = 1 << 20;
/** A line that is longer is left out: an evaluation of 8,000 classes is under 1 MB. */
const MAX_LINE_LENGTH = 64 << 20;
/** So many bytes before the place that was read to must still be the same. */
const REMEMBERED = 64;

export interface LineReader {
  /** A whole line, without its end. */
  line(text: string): void;
  /** What was read so far is no longer so: the file was rewritten, replaced or removed. */
  reset(): void;
}

/**
 * Follows a file of lines that grows, by asking for its size: network mounts offer no more. A line that is not ended yet
 * is read when it is. A file that was rewritten (`--resume` takes out what will be written again) is read from its start.
 */
export class LineTail {
  readonly #path: string;
  readonly #last: number;
  readonly #most: number;
  #seen = { inode: 0, size: -1, time: 0 };
  #offset = 0; // of the first byte that is not read
  #before = Buffer.alloc(0); // what stood just before it
  #skips = false; // the rest of the line at `offset` is not wanted

  /**
   * @param last of a file that is there already, only so many bytes at its end are read
   * @param most only so many bytes at the file's start are read
   */
  constructor(path: string, { last = Infinity, most = Infinity }: { last?: number; most?: number } = {}) {
    this.#path = path;
    this.#last = last;
    this.#most = most;
  }

  /** Reads what is new; true when there was anything. One call at a time. */
  async read(reader: LineReader): Promise<boolean> {
    const found = await lstat(this.#path).catch(() => null);
    if (found === null) return this.#restart(reader);
    const { inode, size, time } = this.#seen;
    if (found.ino === inode && found.size === size && found.mtimeMs === time) return false;
    const file = await openRegular(this.#path);
    if (file === null) return this.#restart(reader);
    try {
      return await this.#readFrom(file, reader);
    } catch {
      return false; // a mount that is gone for a while: the next call tries again
    } finally {
      await file.close();
    }
  }

  async #readFrom(file: FileHandle, reader: LineReader): Promise<boolean> {
    const { ino, size, mtimeMs } = await file.stat();
    const fresh = this.#seen.size < 0;
    const replaced =
      !fresh && (ino !== this.#seen.inode || size < this.#offset || !(await this.#goesOn(file)));
    if (replaced) this.#restart(reader);
    if (fresh || replaced) this.#begin(size);
    await this.#readLines(file, Math.min(size, this.#most), reader);
    this.#seen = { inode: ino, size, time: mtimeMs };
    return true;
  }

  #restart(reader: LineReader): boolean {
    if (this.#seen.size < 0) return false;
    this.#seen = { inode: 0, size: -1, time: 0 };
    reader.reset();
    return true;
  }

  #begin(size: number): void {
    this.#offset = Math.max(0, size - this.#last);
    this.#skips = this.#offset > 0;
    this.#before = Buffer.alloc(0);
  }

  async #goesOn(file: FileHandle): Promise<boolean> {
    const before = this.#before;
    const offset = this.#offset;
    const { buffer } = await file.read(Buffer.alloc(before.length), 0, before.length, offset - before.length);
    return buffer.equals(before);
  }

  async #readLines(file: FileHandle, end: number, reader: LineReader): Promise<void> {
    let room = CHUNK;
    while (this.#offset < end) {
      const length = Math.min(room, end - this.#offset);
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, this.#offset);
      const bytes = buffer.subarray(0, bytesRead);
      const whole = bytes.lastIndexOf(0x0a) + 1;
      if (whole > 0) this.#take(bytes.subarray(0, whole), reader);
      else if (bytesRead < room)
        return; // the last line is not ended yet
      else if (room < MAX_LINE_LENGTH && !this.#skips) room *= 2;
      else this.#pass(bytes);
      if (whole > 0) room = CHUNK;
    }
  }

  #take(bytes: Buffer, reader: LineReader): void {
    const text = bytes.toString("utf8", this.#skips ? bytes.indexOf(0x0a) + 1 : 0);
    this.#skips = false;
    this.#advance(bytes);
    const lines = text.split("\n");
    lines.pop(); // after the last line's end
    for (const line of lines) reader.line(line);
  }

  #pass(bytes: Buffer): void {
    this.#skips = true;
    this.#advance(bytes);
  }

  #advance(bytes: Buffer): void {
    this.#offset += bytes.length;
    this.#before = Buffer.from(bytes.subarray(-REMEMBERED));
  }
}

/**
 * Opens a file to read. Null when there is none, or when it is a link, a pipe or anything but a file: a link may lead
 * out of the folder that is shown, and a pipe never ends.
 */
export async function openRegular(path: string): Promise<FileHandle | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch {
    // Not there, not ours to read, or gone since: all the same to those who only look.
  }
  return null;
}
