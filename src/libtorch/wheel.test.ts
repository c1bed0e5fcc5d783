import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { extractWheel } from "./wheel.js";
import { zip } from "./zip.fixture.js";

let folder = "";
let wheel = "";
const content = {
  "torch/lib/libc10.so": "c10",
  "torch/lib/libtorch_cuda.so": "large",
  "torch/include/a/b.h": "#pragma once",
  "torch/include/": "",
  "torch-2.dist-info/licenses/LICENSE": "licence",
  "torch-2.dist-info/RECORD": "record",
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-wheel-"));
  wheel = join(folder, "torch-2.whl");
  writeFileSync(wheel, zip(content));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("only the members and the licences are unpacked", async () => {
  const progress: number[][] = [];
  await extractWheel(
    wheel,
    ["torch/lib/libc10.so", "torch/include/"],
    join(folder, "out"),
    (bytes, total) => {
      progress.push([bytes, total]);
    },
  );
  const files = Object.keys(content).filter((name) => !name.endsWith("/"));
  expect(files.filter((name) => existsSync(join(folder, "out", name)))).toEqual([
    "torch/lib/libc10.so",
    "torch/include/a/b.h",
    "torch-2.dist-info/licenses/LICENSE",
  ]);
  expect(readFileSync(join(folder, "out", "torch/include/a/b.h"), "utf8")).toBe("#pragma once");
  expect(progress).toEqual([
    [3, 22],
    [15, 22],
    [22, 22],
  ]);
});

test("a member that is not there is named", async () => {
  const extraction = extractWheel(wheel, ["torch/lib/libgomp.so.1"], folder);
  await expect(extraction).rejects.toThrow("torch-2.whl: expected torch/lib/libgomp.so.1 in it, found none");
});

test("a damaged wheel is named", async () => {
  const bytes = readFileSync(wheel);
  writeFileSync(wheel, bytes.subarray(0, bytes.length - 30));
  const truncated = extractWheel(wheel, ["torch/include/"], folder);
  await expect(truncated).rejects.toThrow(EngineError);
  await expect(truncated).rejects.toThrow(/^torch-2\.whl is damaged: .*; install again$/);
});
