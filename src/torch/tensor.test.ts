import { describe, expect, it } from "vitest";
import { arange, empty, fromBuffer, full, ones, tensor, zeros } from "./create.js";
import { cat, conv2d, linear, where } from "./operators.generated.js";
import { scope } from "./scope.js";

describe("tensors from and to JavaScript", () => {
  it("copies typed arrays with their element type", () => {
    using _ = scope();
    for (const data of [
      Float32Array.of(1.5, -2),
      Float64Array.of(0.1, 3),
      BigInt64Array.of(5n, -7n),
      Int32Array.of(1, 2),
      Int16Array.of(1, -2),
      Int8Array.of(3, -4),
      Uint8Array.of(0, 255),
    ]) {
      const made = tensor(data);
      expect(made.toArray()).toEqual(data);
      expect(made.shape).toEqual([2]);
    }
    expect(tensor([1, 2], { dtype: "int64" }).toArray()).toEqual(BigInt64Array.of(1n, 2n));
  });

  it("converts half precision, booleans and shapes", () => {
    using _ = scope();
    expect(tensor([1, 2.5]).to({ dtype: "bfloat16" }).toArray()).toEqual(Float32Array.of(1, 2.5));
    expect(tensor([1, 0]).gt(0.5).toArray()).toEqual(Uint8Array.of(1, 0));
    expect(
      tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] })
        .t()
        .toList(),
    ).toEqual([1, 4, 2, 5, 3, 6]);
    expect([zeros([2]), ones([2]), full([2], 7), arange(2)].map((t) => t.toList())).toEqual([
      [0, 0],
      [1, 1],
      [7, 7],
      [0, 1],
    ]);
    expect(empty([2, 0]).size).toBe(0);
  });

  it("borrows shared memory without a copy", () => {
    using _ = scope();
    const shared = new Float32Array(new SharedArrayBuffer(8));
    const view = fromBuffer(shared);
    shared[1] = 3;
    expect(view.toList()).toEqual([0, 3]);
    view.add_(1);
    expect([...shared]).toEqual([1, 4]);
  });

  it("rejects a shape that does not fit the data", () => {
    using _ = scope();
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: the shape needs 16 bytes, the buffer holds 12]`,
    );
  });
});

describe("scalars", () => {
  it("keeps 2 a floating-point number and 2n an integer", () => {
    using _ = scope();
    const integers = arange(3);
    expect(integers.mul(2).dtype).toBe("float32");
    expect(integers.mul(2n).dtype).toBe("int64");
    expect(integers.add(1n, { alpha: 3n }).toList()).toEqual([3, 4, 5]);
    expect(integers.eq(1n).toList()).toEqual([0, 1, 0]);
  });
});

describe("operators", () => {
  it("compute what their formulas say", () => {
    using _ = scope();
    const x = tensor([1, 2, 3, 4], { shape: [2, 2] });
    expect(x.matmul(x).toList()).toEqual([7, 10, 15, 22]);
    expect(linear(x, x, { bias: tensor([1, 0]) }).toList()).toEqual([6, 11, 12, 25]);
    expect(x.sum({ dim: [1] }).toList()).toEqual([3, 7]);
    expect(x.mean().item()).toBe(2.5);
    const [values, indices] = x.topk(1, { dim: 1 });
    expect([values.toList(), indices.toList()]).toEqual([
      [2, 4],
      [1, 1],
    ]);
    expect(cat([x, x], { dim: 1 }).shape).toEqual([2, 4]);
    expect(where(x.gt(2), x, zeros([])).toList()).toEqual([0, 0, 3, 4]);
    expect(conv2d(x.reshape([1, 1, 2, 2]), ones([1, 1, 1, 1])).toList()).toEqual([1, 2, 3, 4]);
  });

  it("return the tensor itself from in-place forms", () => {
    using _ = scope();
    const x = tensor([1, 2]);
    expect(x.add_(1)).toBe(x);
    expect(x.toList()).toEqual([2, 3]);
  });

  it("keep channels_last through a convolution", () => {
    using _ = scope();
    const x = zeros([2, 3, 4, 4]).to({ memoryFormat: "channels_last" });
    expect(x.isChannelsLast).toBe(true);
    expect(conv2d(x, zeros([5, 3, 3, 3]), { padding: [1, 1] }).isChannelsLast).toBe(true);
  });

  it("turn libtorch's errors into one line that names the operator", () => {
    using _ = scope();
    expect(() => zeros([2, 3]).matmul(zeros([2, 3]))).toThrowErrorMatchingInlineSnapshot(
      `[TorchError: matmul: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)]`,
    );
    expect(() => zeros([2]).item()).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: item: expected a tensor of one element, received 2 elements]`,
    );
    expect(() => zeros([2]).reshape("x" as never)).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: reshape: expected an array, received a string]`,
    );
    expect(() => zeros([2]).add(undefined as never)).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: add: a required argument is missing]`,
    );
    expect(() => zeros([2]).to({ dtype: "float7" as never })).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: to: expected an element type such as float32, received 'float7']`,
    );
  });
});
