import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { writeFailure } from "../../support/atomic-file.js";
import { crc32c } from "../../support/crc32c.js";
import { makeFolder } from "../../support/paths.js";
import { CONTENT_BYTES } from "./content.js";

const MAGIC = Buffer.from("longtail feature");
const KEY_BYTES = 32;
const HEADER_BYTES = MAGIC.length + KEY_BYTES + 4; // and the number of features, little-endian
/** A record: the image's content hash, a checksum of the features, the features as float32. */
const RECORD_HEAD = CONTENT_BYTES + 4;
/** Bytes that are read at once. */
const READ_BYTES = 8 << 20;

/**
 * A file of feature vectors by the images' content, to which vectors are only ever appended: whatever ends the process, those
 * that are whole stay, and the next one goes on behind them. One process at a time writes; see `lockFile`.
 */
export class FeatureStore implements Disposable {
  readonly #path: string;
  readonly #file: number;
  readonly #features: number;
  /** Bytes before each image's record. */
  readonly #places = new Map<string, number>();
  #end: number;

  /**
   * Reads which images are there. A file for another key is emptied; a record that is damaged or cut short is as good as missing.
   *
   * @param key 64 hexadecimal digits: of everything that decides the features but for the images.
   * @throws LongtailError that names the path when it cannot be written.
   */
  constructor(path: string, { key, features }: { readonly key: string; readonly features: number }) {
    this.#path = path;
    this.#features = features;
    try {
      makeFolder(dirname(path));
      this.#file = openSync(path, "a+");
    } catch (error) {
      throw writeFailure(path, error);
    }
    const header = Buffer.alloc(HEADER_BYTES);
    header.set(MAGIC);
    header.write(key, MAGIC.length, "hex");
    header.writeUInt32LE(features, HEADER_BYTES - 4);
    const found = Buffer.alloc(HEADER_BYTES);
    const isOurs = readSync(this.#file, found, 0, HEADER_BYTES, 0) === HEADER_BYTES && found.equals(header);
    this.#end = HEADER_BYTES;
    if (isOurs) this.#readRecords();
    this.#write(() => {
      ftruncateSync(this.#file, isOurs ? this.#end : 0);
      if (!isOurs) writeSync(this.#file, header);
    });
  }

  get path(): string {
    return this.#path;
  }

  /** Features of an image; undefined where they are not there. */
  get(hash: string): Float32Array | undefined {
    const place = this.#places.get(hash);
    if (place === undefined) return undefined;
    const record = Buffer.alloc(this.#recordBytes);
    readSync(this.#file, record, 0, record.length, place);
    const data = new Uint8Array(record.subarray(RECORD_HEAD)); // a copy, aligned for floats
    const isWhole = crc32c(data) === record.readUInt32LE(CONTENT_BYTES);
    return isWhole ? new Float32Array(data.buffer) : undefined;
  }

  /** Adds the features of some images, [N · features], and hands them to the system. @throws LongtailError for a full disk. */
  append(hashes: readonly string[], values: Float32Array): void {
    const size = this.#recordBytes;
    const bytes = Buffer.alloc(hashes.length * size);
    hashes.forEach((hash, i) => {
      const own = values.subarray(i * this.#features, (i + 1) * this.#features);
      const data = new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
      const record = bytes.subarray(i * size, (i + 1) * size);
      record.write(hash, 0, "hex");
      record.writeUInt32LE(crc32c(data), CONTENT_BYTES);
      record.set(data, RECORD_HEAD);
    });
    this.#write(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    });
    hashes.forEach((hash, i) => this.#places.set(hash, this.#end + i * size));
    this.#end += bytes.length;
  }

  /** Waits until everything is on the disk. */
  sync(): void {
    this.#write(() => {
      fsyncSync(this.#file);
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  get #recordBytes(): number {
    return RECORD_HEAD + 4 * this.#features;
  }

  #readRecords(): void {
    const size = this.#recordBytes;
    const count = Math.floor((fstatSync(this.#file).size - HEADER_BYTES) / size);
    const atOnce = Math.max(1, Math.floor(READ_BYTES / size));
    const bytes = Buffer.alloc(Math.min(atOnce, count) * size);
    for (let first = 0; first < count; first += atOnce) {
      const records = Math.min(atOnce, count - first);
      const start = HEADER_BYTES + first * size;
      readSync(this.#file, bytes, 0, records * size, start);
      for (let i = 0; i < records; i += 1)
        this.#places.set(bytes.toString("hex", i * size, i * size + CONTENT_BYTES), start + i * size);
    }
    this.#end = HEADER_BYTES + count * size;
  }

  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw writeFailure(this.#path, error);
    }
  }
}
