import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { InputFile } from "../input-file.js";
import { temporaryFolder } from "./pth.fixture.js";
import { readStored, zipEntries } from "./zip.js";

/** Little-endian numbers: [value, bytes], … */
function numbers(...fields: readonly (readonly [number, 2 | 4 | 8])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, size]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, size);
    }),
  );
}

/** An archive of one entry that says everything in zip64's fields, as one of more than 4 GiB has to. */
function zip64(name: string, content: Buffer): Buffer {
  const large = 0xffffffff;
  const path = Buffer.from(name);
  const crc = crc32(content);
  const common = numbers([0, 4], [0, 4], [crc, 4], [large, 4], [large, 4], [path.length, 2]);
  const local = Buffer.concat([numbers([0x04034b50, 4], [45, 2]), common, numbers([0, 2]), path]);
  const extra = numbers(
    [0x1234, 2],
    [2, 2],
    [7, 2],
    [1, 2],
    [24, 2],
    [content.length, 8],
    [content.length, 8],
    [0, 8],
  );
  const central = Buffer.concat([
    numbers([0x02014b50, 4], [45, 2], [45, 2]),
    common,
    numbers([extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [large, 4]),
    path,
    extra,
  ]);
  const start = local.length + content.length;
  const end64 = start + central.length;
  return Buffer.concat([
    local,
    content,
    central,
    numbers(
      [0x06064b50, 4],
      [44, 8],
      [45, 2],
      [45, 2],
      [0, 4],
      [0, 4],
      [1, 8],
      [1, 8],
      [central.length, 8],
      [start, 8],
    ),
    numbers([0x07064b50, 4], [0, 4], [end64, 8], [1, 4]),
    numbers([0x06054b50, 4], [0, 2], [0, 2], [0xffff, 2], [0xffff, 2], [large, 4], [large, 4], [3, 2]),
    Buffer.from("end"), // a comment
  ]);
}

test("archives of more than 4 GiB have longer fields", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "large.zip");
  const content = Buffer.from("weights");
  writeFileSync(path, zip64("a/data/0", content));
  using file = new InputFile(path, "zip");
  const entries = zipEntries(file);
  expect([...entries.keys()]).toEqual(["a/data/0"]);
  expect(Buffer.from(readStored(file, entries.get("a/data/0")!))).toEqual(content);
});
