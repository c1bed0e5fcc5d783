import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Wheel } from "./wheel.js";

/** A wheel that holds these files and the RECORD of their hashes, with its pin. */
export function wheelFile(
  { name, version }: Pick<Wheel, "name" | "version">,
  files: Readonly<Record<string, string>>,
): { bytes: Buffer; wheel: Wheel } {
  const base = `${name.replaceAll("-", "_")}-${version}`;
  const lines = Object.entries(files).map(
    ([path, text]) =>
      `${path},sha256=${createHash("sha256").update(text).digest("base64url")},${text.length}`,
  );
  const record = [...lines, `${base}.dist-info/RECORD,,`, ""].join("\r\n");
  const bytes = zip({ ...files, [`${base}.dist-info/RECORD`]: record });
  const wheel = {
    name,
    version,
    file: `${base}-py3-none-any.whl`,
    size: bytes.length,
    sha256: sha256(bytes),
    record: sha256(record),
  };
  return { bytes, wheel };
}

function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A ZIP file with stored (uncompressed) entries, as much of the format as a wheel needs in tests. */
export function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const local = Buffer.concat([header(0x04034b50, 30, name, data), Buffer.from(name), data]);
    directory.push(header(0x02014b50, 46, name, data, offset), Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** A local (30 bytes) or a central (46 bytes) header; the latter has two more fields before and the offset behind. */
function header(signature: number, size: number, name: string, data: Buffer, offset = 0): Buffer {
  const bytes = Buffer.alloc(size);
  const base = size === 46 ? 6 : 4;
  bytes.writeUInt32LE(signature, 0);
  bytes.writeUInt16LE(20, base); // version needed
  bytes.writeUInt32LE(crc32(data), base + 10);
  bytes.writeUInt32LE(data.length, base + 14);
  bytes.writeUInt32LE(data.length, base + 18);
  bytes.writeUInt16LE(Buffer.byteLength(name), base + 22);
  if (size === 46) bytes.writeUInt32LE(offset, 42);
  return bytes;
}
