import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { eventLoopTurns } from "../../support/event-loop.js";
import { ImageFileWriter, type ImageRow, wholeRows } from "./image-file.js";

/** Hexadecimal digits of the key that a journal begins with. */
const KEY_DIGITS = 64;
/** A row of a journal: height, width and checksum of an image whose pixels are written, 32 bits each, little-endian. */
const ROW_BYTES = 12;

/**
 * An image file in the making, with a journal of the images that are in it: whatever ends the process, the next one goes on
 * behind the last of them. One process at a time has it; see `waitForLock`.
 */
export class PartialImageFile implements Disposable {
  readonly #path: string;
  readonly #journalPath: string;
  readonly #key: string;
  readonly #file: number;
  readonly #journal: number;
  #writer: ImageFileWriter;

  private constructor(path: string, key: string) {
    this.#path = path;
    this.#journalPath = `${path}.journal`;
    this.#key = key;
    this.#file = openForUpdate(path);
    this.#journal = openForUpdate(this.#journalPath);
    this.#writer = this.#writerBehind([]);
  }

  /**
   * Opens a file, which is made if need be. Images in it that are damaged or cut short, and those behind them, are as good
   * as missing; so are all where the journal has another key.
   *
   * @param key 64 hexadecimal digits: of everything that decides the pixels but for the image files' content.
   */
  static async open(path: string, key: string, signal?: AbortSignal): Promise<PartialImageFile> {
    const partial = new PartialImageFile(path, key);
    try {
      await partial.#readJournal(signal);
      return partial;
    } catch (error) {
      partial[Symbol.dispose]();
      throw error;
    }
  }

  get path(): string {
    return this.#path;
  }

  /** Writes behind the images that are there. */
  get writer(): ImageFileWriter {
    return this.#writer;
  }

  /** Drops the images that are there. */
  restart(): void {
    ftruncateSync(this.#file);
    ftruncateSync(this.#journal);
    writeSync(this.#journal, this.#key, 0, "latin1");
    this.#writer = this.#writerBehind([]);
  }

  /** Gives the file its name once it is whole and on the disk. */
  finish(path: string): void {
    fsyncSync(this.#file);
    renameSync(this.#path, path);
    rmSync(this.#journalPath, { force: true });
  }

  /** Removes the file. */
  remove(): void {
    for (const path of [this.#path, this.#journalPath]) rmSync(path, { force: true });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    closeSync(this.#journal);
  }

  async #readJournal(signal: AbortSignal | undefined): Promise<void> {
    const journal = readFileSync(this.#journal);
    if (journal.toString("latin1", 0, KEY_DIGITS) !== this.#key) {
      this.restart();
      return;
    }
    const rows: ImageRow[] = [];
    for (let at = KEY_DIGITS; at + ROW_BYTES <= journal.length; at += ROW_BYTES)
      rows.push([journal.readInt32LE(at), journal.readInt32LE(at + 4), journal.readInt32LE(at + 8)]);
    const whole: ImageRow[] = [];
    const turn = eventLoopTurns(signal);
    for (const row of wholeRows(this.#file, rows)) {
      if (row === null) break;
      whole.push(row);
      await turn();
    }
    ftruncateSync(this.#journal, KEY_DIGITS + ROW_BYTES * whole.length);
    this.#writer = this.#writerBehind(whole);
  }

  /** The rows of a piece are written once its pixels are. */
  #writerBehind(rows: readonly ImageRow[]): ImageFileWriter {
    let end = KEY_DIGITS + ROW_BYTES * rows.length;
    return new ImageFileWriter(this.#file, {
      rows,
      onRows: (added) => {
        const bytes = Buffer.alloc(ROW_BYTES * added.length);
        added.flat().forEach((value, i) => bytes.writeInt32LE(value | 0, 4 * i));
        end += writeSync(this.#journal, bytes, 0, bytes.length, end);
      },
    });
  }
}

/** Reads and writes; what is there stays. */
function openForUpdate(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666);
}
