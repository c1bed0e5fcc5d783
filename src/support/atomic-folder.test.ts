import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFolderAtomic } from "./atomic-folder.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "longtail-folder-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Writes a folder of one file. */
function write(path: string, name: string, replace = false): Promise<string> {
  return writeFolderAtomic(path, { replace }, (folder) => {
    writeFileSync(join(folder, name), "");
    return Promise.resolve(name);
  });
}

test("makes the folder and those above it, returns what the filling gave", async () => {
  const path = join(root, "a", "b");
  expect(await write(path, "x")).toBe("x");
  expect(readdirSync(path)).toEqual(["x"]);
  expect(readdirSync(join(root, "a"))).toEqual(["b"]);
});

test("refuses what is there, unless it may be replaced", async () => {
  const path = join(root, "b");
  await write(path, "old");
  await expect(write(path, "new")).rejects.toThrow(
    "b is there already; choose another place, or --force replaces it.",
  );
  expect(readdirSync(path)).toEqual(["old"]);
  await write(path, "new", true);
  expect(readdirSync(path)).toEqual(["new"]);
  expect(readdirSync(root)).toEqual(["b"]);
});

test("a failure leaves what was there and nothing else", async () => {
  const path = join(root, "b");
  await write(path, "old");
  const broken = writeFolderAtomic(path, { replace: true }, (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("no more");
  });
  await expect(broken).rejects.toThrow("no more");
  expect(readdirSync(path)).toEqual(["old"]);
  expect(readdirSync(root)).toEqual(["b"]);
});

test("what killed processes left is removed, but the only copy of the old folder not before the new one is whole", async () => {
  for (const left of [".b.new-4194304", ".b.old-4194304", `.b.new-${process.ppid}`])
    mkdirSync(join(root, left));
  const path = join(root, "b");
  await expect(
    writeFolderAtomic(path, { replace: true }, () => {
      expect(readdirSync(root)).not.toContain(".b.new-4194304");
      throw new Error("no more");
    }),
  ).rejects.toThrow();
  expect(readdirSync(root).sort()).toEqual([`.b.new-${process.ppid}`, ".b.old-4194304"]);
  await write(path, "x");
  expect(readdirSync(root).sort()).toEqual([`.b.new-${process.ppid}`, "b"]);
});

test("a place that cannot be written is named", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(write(join(root, "file", "b"), "x")).rejects.toThrow(
    /^cannot write .*file\/b: a part of the path is a file/,
  );
});
