/** Files that ask for more tensors than a process holds: the limit is lowered, since such a file takes 100 MB. */
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../data/testing.fixture.js";
import { CheckpointError } from "../support/errors.js";
import type * as budget from "../support/budget.js";
import { tensor } from "./create.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { scope } from "./scope.js";

vi.mock(import("../support/budget.js"), async (original): Promise<typeof budget> => {
  const all = await original();
  return { ...all, LIMITS: { ...all.LIMITS, fileTensors: 3 as typeof all.LIMITS.fileTensors } };
});

test("more tensors than any network has: the error names the file", () => {
  using _ = scope();
  using folder = temporaryFolder();
  const path = join(folder.path, "many.safetensors");
  const written = (count: number): void =>
    writeSafetensors(path, new Map(Array.from({ length: count }, (_one, i) => [`t${i}`, tensor([i])])));
  written(3);
  expect(readSafetensors(path).tensors.size).toBe(3);
  written(4);
  expect(() => readSafetensors(path)).toThrowError(
    new CheckpointError(
      `${path}: expected at most 3 tensors, found 4, more than any network has: check that it is the file of weights that you mean`,
    ),
  );
});
