import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../data/testing.fixture.js";
import { replaceRoot } from "./replace-root.js";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => void (folder = temporaryFolder()));
afterEach(() => folder[Symbol.dispose]());

/** Writes `content`, changes its root from /old to /new, and returns what the file then holds. */
function changed(name: string, content: string | Uint8Array, options = {}): string {
  const file = join(folder.path, name);
  writeFileSync(file, content);
  replaceRoot(file, { from: "/old", to: "/new", dryRun: false, force: false, ...options });
  return readFileSync(file, "utf8");
}

describe("annotation JSON", () => {
  const json =
    '{"annotations": [{"fpath": "/old/a \\"b\\".jpg", "score": 1.0, "id": 12345678901234567890},\n' +
    ' {"fpath":"/older/c.jpg"}, {"note": "\\"fpath\\": \\"/old/no\\"", "file_name" : "/old/d.jpg"}], "num_classes": 2}';

  it("changes fpath and file_name, and not a byte of anything else", () => {
    expect(changed("a.json", json)).toBe(
      json.replace("/old/a", "/new/a").replace("/old/d.jpg", "/new/d.jpg"),
    );
  });

  it("says how many of how many changed, and shows one", () => {
    const file = join(folder.path, "a.json");
    writeFileSync(file, json);
    expect(replaceRoot(file, { from: "/old/", to: "", dryRun: true, force: false })).toEqual({
      paths: 3,
      changed: 2,
      example: { before: '/old/a "b".jpg', after: 'a "b".jpg' },
    });
    expect(readFileSync(file, "utf8")).toBe(json);
  });

  it("refuses text that is no JSON", () => {
    expect(() => changed("a.json", '{"annotations": [')).toThrow(/a\.json: expected JSON: /);
  });
});

describe("lists", () => {
  it("changes paths with blanks, keeps labels, comments and line ends", () => {
    expect(changed("a.txt", "/old/a b.jpg 3\r\n/older/c.jpg 4\n\n/old/d.jpg\t5")).toBe(
      "/new/a b.jpg 3\r\n/older/c.jpg 4\n\n/new/d.jpg\t5",
    );
  });

  it("puts a folder before relative paths", () => {
    expect(changed("a.txt", "a/b.jpg 0\n/c.jpg 1\n", { from: "", to: "/new/" })).toBe(
      "/new/a/b.jpg 0\n/c.jpg 1\n",
    );
  });

  it("takes the file system's own root", () => {
    expect(changed("a.txt", "/a.jpg 0\n", { from: "/", to: "/mnt" })).toBe("/mnt/a.jpg 0\n");
    expect(changed("a.txt", "x/a.jpg 0\n", { from: "x", to: "/" })).toBe("/a.jpg 0\n");
  });
});

describe("CSV", () => {
  it("finds the column of paths and leaves other records as they are", () => {
    const csv = 'label,path,"a note"\r\n1,/old/a.jpg,"x, y"\r\n2,"/other/b.jpg","z"\r\n';
    expect(changed("a.csv", csv)).toBe(
      'label,path,"a note"\r\n1,/new/a.jpg,"x, y"\r\n2,"/other/b.jpg","z"\r\n',
    );
  });

  it("quotes a path that now needs it", () => {
    expect(changed("a.csv", "image,label\n/old/a.jpg,1\n", { to: "/new, or so" })).toBe(
      'image,label\n"/new, or so/a.jpg",1\n',
    );
  });

  it("takes the column's name", () => {
    expect(changed("a.tsv", "where\tlabel\n/old/a.jpg\t1\n", { column: "where" })).toBe(
      "where\tlabel\n/new/a.jpg\t1\n",
    );
    expect(() => changed("b.csv", "where,label\n/old/a.jpg,1\n")).toThrow(
      /expected a column fpath, path, .*--column/,
    );
  });
});

describe("errors", () => {
  it("an output that is there is refused, unless it may be replaced", () => {
    const out = join(folder.path, "out.txt");
    writeFileSync(out, "mine");
    expect(() => changed("a.txt", "/old/a.jpg 0\n", { out })).toThrow("out.txt is there already");
    expect(changed("b.txt", "/old/a.jpg 0\n", { out, force: true })).toBe("/old/a.jpg 0\n");
    expect(readFileSync(out, "utf8")).toBe("/new/a.jpg 0\n");
  });

  it("no path starts with the root: the file stays", () => {
    expect(() => changed("a.txt", "/data/a.jpg 0\n")).toThrow(
      'expected paths that start with "/old", found none; the first one is /data/a.jpg.',
    );
    expect(() => changed("b.txt", "")).toThrow("found none; the file names no images.");
  });

  it.each([
    ["missing", "missing.txt", "missing.txt: file not found."],
    ["a folder", "folder", "folder: expected a file, found a folder."],
    ["no text", "latin1.txt", "latin1.txt: expected UTF-8 text, found other bytes."],
  ])("%s", (_, name, message) => {
    mkdirSync(join(folder.path, "folder"));
    writeFileSync(join(folder.path, "latin1.txt"), Buffer.from("/old/\xe9.jpg 0\n", "latin1"));
    const file = join(folder.path, name);
    expect(() => replaceRoot(file, { from: "/old", to: "/new", dryRun: false, force: false })).toThrow(
      message,
    );
  });
});
