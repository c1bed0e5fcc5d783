import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../data/testing.fixture.js";
import { readTfRecords } from "./records.js";
import { frames } from "./tfrecord.fixture.js";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => void (folder = temporaryFolder()));
afterEach(() => folder[Symbol.dispose]());

function written(content: Uint8Array): string {
  const path = join(folder.path, "a.tfrecords");
  writeFileSync(path, content);
  return path;
}

function readAll(content: Uint8Array): { number: number; offset: number; data: string }[] {
  const records: ReturnType<typeof readAll> = [];
  for (const { data, ...rest } of readTfRecords(written(content)))
    records.push({ ...rest, data: Buffer.from(data).toString("latin1") });
  return records;
}

const two = frames(Buffer.from("first"), Buffer.from("the second"));

describe("readTfRecords", () => {
  it("gives each record's number, offset and data", () => {
    expect(readAll(two)).toEqual([
      { number: 0, offset: 0, data: "first" },
      { number: 1, offset: 21, data: "the second" },
    ]);
  });

  it("reads records larger than its buffer, and empty ones", () => {
    const large = Buffer.alloc(200_000, 7);
    const sizes = [...readTfRecords(written(frames(large, Buffer.alloc(0), large)))].map(
      ({ data }) => data.length,
    );
    expect(sizes).toEqual([200_000, 0, 200_000]);
  });

  it("shares one buffer among the records: memory does not grow", () => {
    const path = written(two);
    const buffers = new Set([...readTfRecords(path)].map(({ data }) => data.buffer));
    expect(buffers.size).toBe(1);
  });

  it("is refused wherever it was cut, except between records", () => {
    for (let length = 1; length < two.length; length++) {
      if (length === 21) expect(readAll(two.subarray(0, length))).toHaveLength(1);
      else
        expect(() => readAll(two.subarray(0, length)), `${length} bytes`).toThrow("the file is truncated.");
    }
  });

  it("is refused whichever byte is damaged", () => {
    for (let i = 0; i < two.length; i++) {
      const damaged = Buffer.from(two);
      damaged[i]! ^= 0x10;
      expect(() => readAll(damaged), `byte ${i}`).toThrow(
        /record [01] \(byte (0|21)\): the (length|data)'s checksum/,
      );
    }
  });
});

describe("errors", () => {
  it.each([
    [
      "a length cut off",
      two.subarray(0, 25),
      "record 1 (byte 21): expected a length and its checksum, 12 bytes, found 4: the file is truncated.",
    ],
    [
      "data cut off",
      two.subarray(0, 40),
      "record 1 (byte 21): expected 10 bytes of data and a checksum, found 7 bytes: the file is truncated.",
    ],
    ["an empty file", Buffer.alloc(0), "a.tfrecords: expected at least one record, the file is empty."],
    [
      "a text",
      Buffer.from("airplane.jpg 0\n".repeat(9)),
      "record 0 (byte 0): the length's checksum: expected d22a8fe9, found 67706a2e: the file is damaged, or no TFRecord file.",
    ],
    [
      "gzip",
      Buffer.from("1f8b0800000000000003adef00112233", "hex"),
      "the file is damaged, or compressed: unpack it with gunzip first.",
    ],
    [
      "zlib",
      Buffer.from("789c4b4c4a4e494d4bcf0011adef00112233", "hex"),
      "or compressed with zlib: write it without compression.",
    ],
  ])("%s", (_, content, message) => {
    expect(() => readAll(content)).toThrow(message);
  });

  it("a length that no record has, though its checksum is right", () => {
    const huge = frames(Buffer.alloc(0)).subarray(0, 12);
    huge.writeBigUInt64LE(2n ** 31n);
    huge.set(frames(huge.subarray(0, 8)).subarray(20, 24), 8);
    expect(() => readAll(huge)).toThrow("expected a record of at most 1073741824 bytes, found 2147483648.");
  });

  it("a folder, a file that is not there", () => {
    const path = join(folder.path, "folder");
    mkdirSync(path);
    expect(() => [...readTfRecords(path)]).toThrow("folder: expected a TFRecord file, found a folder.");
    expect(() => [...readTfRecords(`${path}/none`)]).toThrow(
      "none: expected a TFRecord file: file not found.",
    );
  });
});
