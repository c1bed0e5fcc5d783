/** Saving to a disk that is full: an error that says so, and the previous checkpoint stays whole. */
import * as fs from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { LongtailError } from "../support/errors.js";
import { temporaryFolder, toyRecipe, writeToyData } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

let full = false;
vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  const checkpoints = new Set<number>();
  const openSync: typeof original.openSync = (path, ...how) => {
    const file = original.openSync(path, ...how);
    // The logs' few bytes would still fit.
    if (String(path).includes("safetensors")) checkpoints.add(file);
    else checkpoints.delete(file);
    return file;
  };
  const writeSync = (file: number, ...what: [Uint8Array, number]): number => {
    if (full && checkpoints.has(file))
      throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    return original.writeSync(file, ...what);
  };
  return { ...original, openSync, writeSync };
});

test("a full disk stops the run and leaves the previous checkpoint", async () => {
  using temporary = temporaryFolder();
  const root = join(temporary.path, "data");
  const out = join(temporary.path, "run");
  const checkpoint = join(out, "checkpoints/last.safetensors");
  writeToyData(root);
  let before = Buffer.alloc(0);
  const training = trainToy(toyRecipe(root), out, {
    listeners: [
      (event) => {
        if (event.type !== "checkpoint") return;
        before = fs.readFileSync(checkpoint);
        full = true;
      },
    ],
  });
  await expect(training).rejects.toThrow(LongtailError);
  await expect(training).rejects.toThrow(/cannot write .*last\.safetensors: the disk is full.*untouched/);
  expect(before.length).toBeGreaterThan(0);
  expect(fs.readFileSync(checkpoint).equals(before)).toBe(true);
  expect(fs.readdirSync(join(out, "checkpoints"))).toEqual(["last.safetensors", "previous.safetensors"]);
});
