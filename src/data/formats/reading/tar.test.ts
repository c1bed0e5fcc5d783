import { join } from "node:path";
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
  it("passes over folders and links; an end without empty blocks is one", () => {
    using folder = temporaryFolder();
    const members = [
      tarMember("a/", Buffer.of(), "5"),
      tarMember("a/1", Buffer.from("one")),
      tarMember("b", Buffer.of(), "2"),
    ];
    writeFiles(folder.path, { "a.tar": Buffer.concat(members), "empty.tar": "" });
    expect(contents(join(folder.path, "a.tar"))).toEqual({ "a/1": "one" });
    expect(contents(join(folder.path, "empty.tar"))).toEqual({});
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
      latin1: complaint(Buffer.concat([tarMember(Buffer.from("b\xe9e.jpg", "latin1"), Buffer.of()), whole])),
      pax: complaint(badPax),
    }).toMatchInlineSnapshot(`
      {
        "contentCut": "DIR/a.tar, byte 1024: truncated: 2.jpg has 600 bytes, found 364",
        "header": "DIR/a.tar, byte 1024: expected a member's header, its checksum is wrong",
        "headerCut": "DIR/a.tar, byte 1024: truncated: expected 512 bytes, found 76",
        "latin1": "DIR/a.tar, byte 512: expected a name in UTF-8, found other bytes",
        "noTar": "DIR/a.tar, byte 0: expected a member's header, its checksum is wrong",
        "pax": "DIR/a.tar, byte 512: a broken pax header",
      }
    `);
    expect(() => new TarFile("/no/such.tar")).toThrow(DataError);
  });
});
