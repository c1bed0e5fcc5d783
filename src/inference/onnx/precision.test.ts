/** Smaller weights: what they are, what they cost, and when they are refused. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GraphBuilder } from "../../onnx/graph.js";
import { withHalfWeights } from "../../onnx/precision/float16.js";
import { quantized, quantizedValues } from "../../onnx/precision/int8.js";
import { load } from "../../runtime/index.js";
import { ModelError } from "../../support/errors.js";
import { tensor } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../../training/toy.fixture.js";
import { trainToy } from "../../training/train-toy.fixture.js";
import { exportOnnx } from "./export-onnx.js";
import { network } from "./networks.fixture.js";
import { traceNetwork } from "./trace-network.js";

let temporary: ReturnType<typeof temporaryFolder>;
let run = "";
const at = (name: string): string => join(temporary.path, name);
beforeAll(async () => {
  temporary = temporaryFolder();
  run = at("run");
  writeToyData(at("data"));
  await trainToy(toyRecipe(at("data")), run);
}, 120_000);
afterAll(() => {
  temporary[Symbol.dispose]();
});

/** A number of half precision from its bits. */
function fromHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

test("weights are rounded to half precision as libtorch rounds them", () => {
  const special = [0, -0, 1, 65504, -65504, 2 ** -24, 2 ** -25, 3 * 2 ** -26, 2 ** -14, 2049, 2051, 0.1];
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, min: -65504, max: 65504 }), { maxLength: 80 }), (drawn) => {
      using _scope = scope();
      const values = Float32Array.from([...special, ...drawn, ...new Array<number>(64).fill(0.3)]);
      const builder = new GraphBuilder();
      const x = builder.input({ name: "x", type: "float32", shape: [values.length] });
      const weights = builder.constant(values, { shape: [values.length], name: "w" });
      builder.output(builder.node("Mul", [x, weights]), {
        name: "y",
        type: "float32",
        shape: [values.length],
      });
      const [half] = withHalfWeights(builder.build()).initializers;
      const expected = tensor(values).to({ dtype: "float16" }).toArray() as Float32Array;
      expect(Array.from(half!.data as Uint16Array, fromHalf)).toEqual(Array.from(expected));
    }),
  );
});

test("a weight beyond half precision keeps its matrix in single precision", () => {
  const builder = new GraphBuilder();
  const x = builder.input({ name: "x", type: "float32", shape: [64] });
  const weights = builder.constant(new Float32Array(64).fill(70_000), { shape: [64] });
  builder.output(builder.node("Mul", [x, weights]), { name: "y", type: "float32", shape: [64] });
  expect(withHalfWeights(builder.build()).initializers[0]!.type).toBe("float32");
});

test("convolutions have int8 weights that no processor's sums saturate with; activations have one scale a value", () => {
  using trained = network({ backbone: "efficientnet-lite0", data: { ...toyRecipe("").data, imageSize: 32 } });
  const { graph } = traceNetwork(trained, { transforms: [], rng: new Rng(2) });
  const values = quantizedValues(graph);
  const made = quantized(graph, new Map(values.map((value) => [value, { min: -1, max: 3 }])));
  const kernels = made.initializers.filter(({ type, shape }) => type === "int8" && shape.length === 4);
  expect(kernels).toHaveLength(graph.nodes.filter(({ operator }) => operator === "Conv").length);
  for (const { data } of kernels) expect((data as Int8Array).every((one) => Math.abs(one) <= 64)).toBe(true);
  expect(made.nodes.some(({ operator }) => operator === "Clip")).toBe(false); // done by the ranges
  expect(made.nodes.filter(({ operator }) => operator === "QuantizeLinear")).toHaveLength(values.length);
});

test("an export says what a precision costs by group, and how small it is", async () => {
  const sizes: Record<string, number> = {};
  for (const precision of ["float32", "float16", "int8"] as const) {
    const out = at(`${precision}.onnx`);
    const { cost, bytes, metadata } = await exportOnnx(run, { out, precision, accept: true });
    sizes[precision] = bytes;
    expect(statSync(out).size).toBe(bytes);
    expect(metadata.precision).toBe(precision);
    if (precision === "float32") expect(cost).toBeNull();
    else {
      expect(cost).toMatchObject({ images: 12, before: { many: null } });
      expect(metadata.accuracy).toEqual({ images: 12, ...cost!.after });
    }
    await using model = await load(out, { threads: 1 });
    const { predictions } = await model.predict(join(at("data"), "test/bee/0.png"));
    expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
  }
  expect(sizes["float16"]! / sizes["float32"]!).toBeLessThan(0.53);
  expect(sizes["int8"]! / sizes["float32"]!).toBeLessThan(0.35); // networks of usual sizes: below 0.3
});

test("a model that loses more than it may is refused with a table, and nothing is written", async () => {
  const out = at("refused.onnx");
  const refused = exportOnnx(run, { out, precision: "float16", maxLoss: -1 });
  await expect(refused).rejects.toThrow(ModelError);
  await expect(refused).rejects.toThrow(
    /float16: expected a model that loses -1 percentage points in no group, found one that loses more:\naccuracy on 12 test images, %/,
  );
  expect(existsSync(out)).toBe(false);
});

test("a precision is not chosen without the images to evaluate it on", async () => {
  const data = at("nowhere");
  await expect(exportOnnx(run, { out: at("x.onnx"), precision: "int8", data })).rejects.toThrow("nowhere");
});
