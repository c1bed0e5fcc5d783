import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rename, writeFileAtomic } from "./atomic-file.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-atomic-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("writes text, bytes and chunks, making the folder", () => {
  const path = join(folder, "a", "b.bin");
  writeFileAtomic(path, "text");
  expect(readFileSync(path, "utf8")).toBe("text");
  writeFileAtomic(path, Uint8Array.of(1, 2));
  writeFileAtomic(path, [Uint8Array.of(3), Uint8Array.of(4, 5)]);
  expect([...readFileSync(path)]).toEqual([3, 4, 5]);
  expect(readdirSync(join(folder, "a"))).toEqual(["b.bin"]);
});

test("a failure in the middle leaves the previous file and no other", () => {
  const path = join(folder, "state");
  writeFileSync(path, "old");
  function* broken(): Generator<Uint8Array> {
    yield Uint8Array.of(1);
    throw new Error("no more");
  }
  expect(() => {
    writeFileAtomic(path, broken());
  }).toThrow("no more");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["state"]);
});

test("a folder that is a file says so and names the path", () => {
  writeFileSync(join(folder, "file"), "");
  const path = join(folder, "file", "x");
  expect(() => {
    writeFileAtomic(path, "");
  }).toThrow(/^cannot write .*file\/x: a part of the path is a file.*What was there before is untouched\.$/);
});

test("a folder in the file's place is named", () => {
  mkdirSync(join(folder, "x"));
  expect(() => {
    writeFileAtomic(join(folder, "x"), "");
  }).toThrow("a folder has that name (EISDIR)");
});

test("a rename that the file system refuses names the new path, and what to do", () => {
  const path = join(folder, "state");
  mkdirSync(join(folder, "taken", "inside"), { recursive: true });
  writeFileSync(path, "old");
  expect(() => {
    rename(path, join(folder, "taken"));
  }).toThrow(`cannot write ${join(folder, "taken")}: a folder has that name (EISDIR)`);
  expect(readFileSync(path, "utf8")).toBe("old");
});
