/** A short run of each fuzz target, of the same files every time; `npm run bench:fuzz` is the long one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jpeg } from "../../src/data/testing.fixture.js";
import { LongtailError } from "../../src/support/errors.js";
import { memory } from "../../src/torch/scope.js";
import { Mulberry32 } from "../support/mulberry32.js";
import { mutated } from "./mutate.js";
import { targets } from "./targets.js";

const FILES = 200;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-fuzz-"));
  writeFileSync(join(folder, "a.jpg"), jpeg());
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The error of reading; null when the file was read. */
async function faultOf(read: () => unknown): Promise<unknown> {
  try {
    await read();
    return null;
  } catch (error) {
    return error;
  }
}

test("the generator and the seeds alone decide the files", () => {
  const { seeds, tokens } = targets["tar"]!;
  const files = [1, 1, 2].map((seed) => mutated(seeds(), tokens, new Mulberry32(seed)));
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).not.toEqual(files[0]);
});

test.each(Object.entries(targets))("%s: a changed file is read or refused", async (_, target) => {
  const { file, seeds, tokens, read } = target;
  const path = join(folder, file);
  const all = seeds();
  const { live } = memory();
  const outcomes = { read: 0, refused: 0 };
  for (let number = 0; number < FILES; number++) {
    writeFileSync(path, mutated(all, tokens, new Mulberry32(number)));
    const fault = await faultOf(() => read(path));
    if (fault !== null) expect(fault, `file ${number}`).toBeInstanceOf(LongtailError);
    outcomes[fault === null ? "read" : "refused"] += 1;
  }
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(memory().live).toBe(live);
});
