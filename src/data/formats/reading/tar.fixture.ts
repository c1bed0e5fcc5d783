/** A ustar archive of the given files, in memory. */
export function tarOf(files: Record<string, string | Uint8Array>): Buffer {
  const members = Object.entries(files).map(([name, content]) => tarMember(name, Buffer.from(content)));
  return Buffer.concat([...members, Buffer.alloc(1024)]);
}

/** A header and its content; the name's bytes may be given. */
export function tarMember(name: string | Uint8Array, content: Uint8Array, type = "0"): Buffer {
  const header = Buffer.alloc(512);
  header.set(Buffer.from(name), 0);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write(`        ${type}`, 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
