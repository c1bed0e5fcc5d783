import { expect, it } from "vitest";
import { empty, tensor } from "../../torch/create.js";
import type { MemoryFormat } from "../../torch/dispatch.js";
import { scope } from "../../torch/scope.js";
import { getThreads, setThreads } from "../../torch/settings.js";
import type { Tensor } from "../../torch/tensor.js";
import { Normalization } from "./normalization.js";

const mean = [0.1, 0.2, 0.3] as const;
const std = [0.5, 0.4, 0.3] as const;
const formats: MemoryFormat[] = ["channels_last", "contiguous"];

/** uint8 [images, 3, side, side] in channels_last */
function bytes(images: number, side: number): Tensor {
  const data = new Uint8Array(images * 3 * side * side).map((_, i) => (i * 7919) >> 2);
  return tensor(data, { shape: [images, 3, side, side] }).to({ memoryFormat: "channels_last" });
}

it.each(formats)("makes %s floats, each rounded twice", (memoryFormat) => {
  using _ = scope();
  const scale = std.map((s) => Math.fround(1 / (255 * s)));
  const shift = std.map((s, channel) => Math.fround(-mean[channel]! / s));
  for (const [images, side] of [
    [1, 1],
    [3, 5],
    [2, 32],
  ] as const) {
    const from = bytes(images, side);
    const made = new Normalization({ mean, std, memoryFormat }).apply(from);
    expect(made.shape).toEqual([images, 3, side, side]);
    if (side > 1) expect(made.isChannelsLast).toBe(memoryFormat === "channels_last");
    const expected = from.toList().map((byte, i) => {
      const channel = Math.floor(i / (side * side)) % 3;
      return Math.fround(Math.fround(scale[channel]! * byte) + shift[channel]!);
    });
    expect(made.toList()).toEqual(expected);
  }
});

it("gives the same on several threads", () => {
  const threads = getThreads();
  using _ = scope();
  const from = bytes(60, 160); // 4.6 million values
  const made = [1, 4].map((count) => {
    setThreads(count);
    return new Normalization({ mean, std, memoryFormat: "channels_last" }).apply(from);
  });
  setThreads(threads);
  expect(made[1]!.eq(made[0]!).all().item()).toBe(1);
});

it.each(formats)("makes %s floats on other devices", (memoryFormat) => {
  using _ = scope();
  const from = empty([2, 3, 8, 8], { dtype: "uint8", device: "meta" });
  using normalization = new Normalization({ mean, std, memoryFormat });
  const made = normalization.apply(from);
  expect([made.device, made.dtype, made.shape]).toEqual(["meta", "float32", [2, 3, 8, 8]]);
  expect(made.isChannelsLast).toBe(memoryFormat === "channels_last");
});

it.each(formats)(
  "operators make the same %s floats as our own code, to the last bit but one",
  (memoryFormat) => {
    using _ = scope();
    using normalization = new Normalization({ mean, std, memoryFormat });
    const from = bytes(3, 32);
    const [own, operators] = [normalization.apply(from), normalization.applyByOperators(from)];
    expect(operators.isChannelsLast).toBe(own.isChannelsLast);
    const [expected, made] = [own.toList(), operators.toList()];
    made.forEach((value, i) => {
      // a product that is not rounded before the sum is one unit of the product's size off at most
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(2 ** -23 * 4);
    });
  },
);

it("takes no images of another layout", () => {
  using _ = scope();
  const normalization = new Normalization({ mean, std, memoryFormat: "contiguous" });
  expect(() =>
    normalization.apply(empty([1, 3, 4, 4], { dtype: "uint8" })),
  ).toThrowErrorMatchingInlineSnapshot(`[TypeError: expected images, uint8 [N, 3, S, S] in channels_last]`);
});
