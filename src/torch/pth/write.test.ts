import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tensor } from "../create.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { temporaryFolder } from "./pth.fixture.js";
import { readPth } from "./read.js";
import { writePth, zipOf } from "./write.js";
let temporary: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  temporary = temporaryFolder();
  path = join(temporary.path, "file.pth");
});
afterEach(() => {
  temporary[Symbol.dispose]();
});

test("what is written is read: values, element types, empty tensors, views", () => {
  using _ = scope();
  const matrix = tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] });
  const tensors = new Map<string, Tensor>([
    ["matrix", matrix],
    ["transposed", matrix.t()],
    ["half", tensor([1, 0.5]).to({ dtype: "bfloat16" })],
    ["count", tensor(BigInt64Array.of(2n ** 60n))],
    ["flags", tensor([1, 0]).gt(0.5)],
    ["none", tensor([], { shape: [0, 4] })],
    ["scalar", tensor([7], { shape: [] })],
  ]);
  const plain = {
    epoch: 3n,
    large: -(2n ** 40n),
    rate: 0.1,
    whole: 2,
    name: "Grün 木",
    list: [true, false, null],
  };
  writePth(path, { state_dict: tensors, ...plain, nested: { deep: [] } });
  const found = readPth(path) as Map<string, unknown>;
  const { state_dict: state, ...rest } = Object.fromEntries(found);
  expect(rest).toEqual({ ...plain, epoch: 3, large: -(2 ** 40), nested: new Map([["deep", []]]) });
  for (const [name, t] of tensors) {
    const read = (state as Map<string, Tensor>).get(name)!;
    expect([name, read.dtype, read.shape, read.toArray()]).toEqual([name, t.dtype, t.shape, t.toArray()]);
  }
  expect(readdirSync(temporary.path)).toEqual(["file.pth"]);
});

test("equal values make equal bytes, with every storage at a multiple of 64", () => {
  using _ = scope();
  const write = (): Buffer => {
    writePth(path, { a: tensor([1, 2]), b: tensor([3, 4, 5]) });
    return readFileSync(path);
  };
  const bytes = write();
  expect(write()).toEqual(bytes);
  for (const values of [
    [1, 2],
    [3, 4, 5],
  ]) {
    const at = bytes.indexOf(Buffer.from(Float32Array.from(values).buffer));
    expect(at).toBeGreaterThan(0);
    expect(at % 64).toBe(0);
  }
});

test("more than the format can hold is refused", () => {
  function* entries(): Generator<{ name: string; bytes: () => Uint8Array }> {
    for (let i = 0; i < 70_000; i += 1) yield { name: `${i}`, bytes: () => new Uint8Array() };
  }
  expect(() => [...zipOf(entries())]).toThrow(
    "cannot hold more than 4 GiB or 65,534 tensors; write --format safetensors instead",
  );
});

test("integers beyond 64 bits are a mistake of the caller", () => {
  expect(() => {
    writePth(path, { large: 2n ** 64n });
  }).toThrow(RangeError);
});
