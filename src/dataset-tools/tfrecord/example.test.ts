import { describe, expect, it } from "vitest";
import { parseExample } from "./example.js";
import { example } from "./tfrecord.fixture.js";

const values = {
  image: Buffer.from([1, 2]),
  name: "cat",
  label: 3,
  sizes: [-1, 2 ** 40],
  mean: { floats: [0.5, -2] },
};

describe("parseExample", () => {
  it.each([true, false])("reads all kinds of lists, packed: %s", (packed) => {
    expect(Object.fromEntries(parseExample(example(values, { packed })))).toEqual({
      image: { kind: "bytes", values: [new Uint8Array([1, 2])] },
      name: { kind: "bytes", values: [new Uint8Array(Buffer.from("cat"))] },
      label: { kind: "int64", values: [3] },
      sizes: { kind: "int64", values: [-1, 2 ** 40] },
      mean: { kind: "float", values: [0.5, -2] },
    });
  });

  it("does not copy the bytes", () => {
    const data = example(values);
    const image = parseExample(data).get("image");
    expect((image?.values[0] as Uint8Array).buffer).toBe(data.buffer);
  });

  it("is refused wherever it was cut", () => {
    const data = example({ image: Buffer.from([1, 2]), mean: { floats: [0.5] }, label: 3 });
    for (let length = 1; length < data.length; length++) {
      expect(() => parseExample(data.subarray(0, length)), `${length} bytes`).toThrow();
    }
  });

  it.each([
    ["text", Buffer.from("airplane.jpg 0")],
    ["a TensorBoard event: a double in field 1", Buffer.from("0942a4a1f6ba5fd9411002", "hex")],
    ["a field that an Example does not have", Buffer.from("1200", "hex")],
  ])("is not %s", (_, data) => {
    expect(() => parseExample(data)).toThrow();
  });
});
