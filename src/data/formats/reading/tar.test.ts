import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DataError } from "../../../support/errors.js";
import { TarFile } from "./tar.js";
import { tarMember, tarOf } from "./tar.fixture.js";
import { fixturePath, temporaryFolder, writeFiles } from "../../testing.fixture.js";

/** Names and contents. */
function contents(path: string): Record<string, string> {
  using tar = new TarFile(path);
  return Object.fromEntries(
    [...tar.members()].map(({ name, offset, size }) => [
      name,
      Buffer.from(tar.read(size, offset)).toString(),
    ]),
  );
}

function complaint(content: Uint8Array): string {
  using folder = temporaryFolder();
  writeFiles(folder.path, { "a.tar": content });
  try {
    contents(join(folder.path, "a.tar"));
  } catch (error) {
    if (error instanceof DataError) return error.message.replaceAll(folder.path, "DIR");
    throw error;
  }
  throw new Error("expected an error");
}

describe("a tar archive", () => {
  it("passes over folders and links, and says whether an empty block closes it", () => {
    using folder = temporaryFolder();
    const members = [
      tarMember("a/", Buffer.of(), "5"),
      tarMember("a/1", Buffer.from("one")),
      tarMember("b", Buffer.of(), "2"),
    ];
    const closed = Buffer.concat([...members, Buffer.alloc(512)]);
    writeFiles(folder.path, { "cut.tar": Buffer.concat(members), "closed.tar": closed });
    for (const name of ["cut", "closed"]) {
      using tar = new TarFile(join(folder.path, `${name}.tar`));
      const found = tar.members();
      expect(found.next().value).toMatchObject({ name: "a/1", size: 3 });
      expect(found.next()).toEqual({ done: true, value: name === "closed" });
    }
  });

  it.each(["gnu", "pax"])("by Python's tarfile, %s: long names and such as are not ASCII", (form) => {
    const names = Object.keys(contents(fixturePath(`data/${form}.tar`)));
    const long = `./a/${"folder-".repeat(20)}/ü/3`;
    expect(names).toEqual(["./a/1", "./a/2", long].flatMap((key) => [`${key}.png`, `${key}.cls`]));
  });

  it("says where it is damaged", () => {
    const whole = tarOf({ "1.jpg": "one", "2.jpg": "x".repeat(600) });
    const flipped = Buffer.from(whole);
    flipped[1024]! ^= 1;
    const badPax = tarMember("x", Buffer.from("99 path=a\n"), "x");
    expect({
      header: complaint(flipped),
      headerCut: complaint(whole.subarray(0, 1100)),
      contentCut: complaint(whole.subarray(0, 1900)),
      noTar: complaint(Buffer.alloc(600, "a")),
      gzipped: complaint(gzipSync(randomBytes(2000))),
      latin1: complaint(Buffer.concat([tarMember(Buffer.from("b\xe9e.jpg", "latin1"), Buffer.of()), whole])),
      pax: complaint(badPax),
      empty: complaint(Buffer.of()),
      pointer: complaint(Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")),
    }).toMatchInlineSnapshot(`
      {
        "contentCut": "DIR/a.tar, byte 1024: truncated: 2.jpg has 600 bytes, found 364",
        "empty": "DIR/a.tar, byte 0: expected a tar archive, found an empty file; get it again or remove it",
        "gzipped": "DIR/a.tar, byte 0: expected a tar archive, found a gzipped one: unpack it by gunzip",
        "header": "DIR/a.tar, byte 1024: expected a member's header, its checksum is wrong",
        "headerCut": "DIR/a.tar, byte 1024: truncated: expected 512 bytes, found 76",
        "latin1": "DIR/a.tar, byte 0: expected a name in UTF-8, found other bytes",
        "noTar": "DIR/a.tar, byte 0: expected a member's header, its checksum is wrong",
        "pax": "DIR/a.tar, byte 512: a broken pax header",
        "pointer": "DIR/a.tar, byte 0: expected a tar archive, found a Git LFS pointer; \`git lfs pull\` gets the file itself",
      }
    `);
    expect(() => new TarFile("/no/such.tar")).toThrow(DataError);
  });

  const paxSize = (size: string): Buffer => {
    const record = ` size=${size}\n`;
    const content = Buffer.from(`${record.length + 2}${record}`); // of two digits
    return Buffer.concat([tarMember("x", content, "x"), tarOf({ "2.jpg": "two", "2.cls": "1" })]);
  };

  it.each(["-512", "-1536", "abc", "Infinity", "3.5", "1e3"])(
    "refuses a size that no file has, %s: nothing behind it is passed over",
    (size) => {
      const expected = `DIR/a.tar, byte 512: expected a size in the pax header, found ${JSON.stringify(size)}`;
      expect(complaint(paxSize(size))).toBe(expected);
    },
  );

  it("refuses a header whose size is no number, a header of megabytes, and a file with holes", () => {
    const bad = tarMember("1.jpg", Buffer.from("one"));
    bad.write("9999999999x", 124);
    bad.fill(" ", 148, 156);
    const sum = bad.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bad.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    expect(complaint(bad)).toBe("DIR/a.tar, byte 0: expected a member's size, found no number");
    expect(complaint(tarMember("long", Buffer.alloc(2 ** 20 + 1), "L"))).toBe(
      "DIR/a.tar, byte 512: expected a header of at most 1048576 bytes, found 1048577",
    );
    expect(complaint(tarMember("1.jpg", Buffer.from("one"), "S"))).toBe(
      "DIR/a.tar, byte 0: 1.jpg is stored with holes (GNU's sparse format): pack it without",
    );
  });
});
