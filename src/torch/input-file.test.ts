import type * as fs from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { CheckpointError } from "../support/errors.js";
import { InputFile } from "./input-file.js";

const state = { failing: false };
vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    readSync: (...args: Parameters<typeof real.readSync>) => {
      if (state.failing) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
      return real.readSync(...args);
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), "longtail-input-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a disk that fails while a file is read is an error of the file, which a resumed run takes for damage", () => {
  const path = join(folder, "last.safetensors");
  writeFileSync(path, "0123456789");
  using file = new InputFile(path, "safetensors");
  expect(Buffer.from(file.read(4, 2, "header")).toString()).toBe("2345");
  state.failing = true;
  expect(() => file.read(4, 2, "header")).toThrow(CheckpointError);
  expect(() => file.read(4, 2, "header")).toThrow(
    `${path}: its header at byte 2 cannot be read (EIO): the disk may be failing`,
  );
});
