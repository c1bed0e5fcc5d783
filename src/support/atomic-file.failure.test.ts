import type * as Fs from "node:fs";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writeFileAtomic } from "./atomic-file.js";
import { LongtailError } from "./errors.js";

/** What the disk says to the next write. */
let fault: { code: string; atOpen: boolean } | undefined;

vi.mock("node:fs", async (importOriginal) => {
  const fs = await importOriginal<typeof Fs>();
  const fail = (atOpen: boolean): void => {
    if (fault?.atOpen === atOpen) throw Object.assign(new Error(fault.code), { code: fault.code });
  };
  return {
    ...fs,
    openSync: (...args: Parameters<typeof fs.openSync>) => {
      fail(true);
      return fs.openSync(...args);
    },
    writeSync: (file: number, chunk: Uint8Array, offset: number) => {
      fail(false);
      return fs.writeSync(file, chunk, offset);
    },
  };
});

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-atomic-"));
});
afterEach(() => {
  fault = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  { code: "ENOSPC", atOpen: false, reason: "the disk is full; free some space or choose another folder" },
  { code: "EROFS", atOpen: true, reason: "the file system is read-only; choose another folder" },
  { code: "EACCES", atOpen: true, reason: "no permission to write there" },
  { code: "EIO", atOpen: false, reason: "EIO" },
])("$code says what is wrong and leaves the previous file alone", ({ code, atOpen, reason }) => {
  const path = join(folder, "last.safetensors");
  writeFileSync(path, "old");
  fault = { code, atOpen };
  const write = (): void => writeFileAtomic(path, "new");
  expect(write).toThrow(LongtailError);
  expect(write).toThrow(`cannot write ${path}: ${reason}`);
  expect(write).toThrow(new RegExp(`\\(${code}(, .* are free)?\\)\\. What was there before is untouched\\.`));
  fault = undefined;
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["last.safetensors"]);
});
