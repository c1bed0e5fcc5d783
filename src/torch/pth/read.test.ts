import { join } from "node:path";
import { expect, test } from "vitest";
import { memory, scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { readPth } from "./read.js";

const fixture = (name: string): string => join(import.meta.dirname, "../../../test/fixtures/pth", name);
const written = ["torch.pth", "torch-protocol4.pth", "torch-legacy.pth"];

function read(name: string): Map<string, unknown> {
  return readPth(fixture(name)) as Map<string, unknown>;
}

test.each(written)("%s: every kind of tensor", (name) => {
  using _ = scope();
  const state = read(name).get("state_dict") as Map<string, Tensor>;
  const found = Object.fromEntries(
    [...state].map(([key, t]) => [key, `${t.dtype} [${t.shape.join(", ")}] ${t.toList().join(" ")}`]),
  );
  expect(found).toEqual({
    float32: "float32 [3, 4] 0 1 2 3 4 5 6 7 8 9 10 11",
    float64: "float64 [1] 0.1",
    float16: "float16 [2] 1.5 -2",
    bfloat16: "bfloat16 [2] 1.5 -2",
    int64: "int64 [2] 9007199254740992 -1", // 2^53 + 1 as a number
    int32: "int32 [2] 7 -7",
    int16: "int16 [1] -300",
    int8: "int8 [1] -8",
    uint8: "uint8 [1] 200",
    bool: "bool [2] 1 0",
    scalar: "float32 [] 3.5",
    empty: "float32 [0, 4] ",
    transposed: "float32 [4, 3] 0 4 8 1 5 9 2 6 10 3 7 11",
    row: "float32 [4] 4 5 6 7",
    column: "float32 [3] 2 6 10",
    expanded: "float32 [2, 3] 5 5 5 6 6 6",
    channels_last: "float32 [1, 4, 2, 2] 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    parameter: "float32 [1] 9",
  });
  expect(state.get("int64")!.toArray()).toEqual(BigInt64Array.of(2n ** 53n + 1n, -1n));
  expect(state.get("channels_last")!.isChannelsLast).toBe(true);
});

test.each(written)("%s: every kind of value", (name) => {
  using _ = scope();
  const { state_dict: _state, shared, ...values } = Object.fromEntries(read(name));
  expect(values).toEqual({
    whole: [0, 255, 65535, -1, 2 ** 31, 2n ** 62n, -(2n ** 70n)],
    float: 0.25,
    text: "Grün 木",
    bytes: Uint8Array.of(0, 255),
    flags: [true, false, null],
    nested: new Map<string | number, unknown>([
      ["tuple", [1, [2, 3, 4, 5]]],
      [6, new Map([["deep", []]])],
    ]),
    set: new Set([1, 2]),
    counter: new Map([[320, 1]]),
    default: new Map([["a", [1]]]),
    size: [2, 3],
    device: "cuda:1",
    dtype: "torch.bfloat16",
    numpy: [0.5, 0.25, -3, 1],
  });
  expect(shared).toHaveLength(2);
});

test("tensors that shared a storage share it again, and go with their scope", () => {
  const before = memory().live;
  {
    using _ = scope();
    const value = read("torch.pth");
    const state = value.get("state_dict") as Map<string, Tensor>;
    state.get("float32")!.fill_(1);
    expect(state.get("row")!.toList()).toEqual([1, 1, 1, 1]);
    const [first, second] = value.get("shared") as Tensor[];
    expect(first).toBe(second);
  }
  expect(memory().live).toBe(before);
});
